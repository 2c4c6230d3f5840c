"""`hopdesk evals show`, on runs that were written before."""

from dataclasses import replace
from pathlib import Path

import pytest

from evals.cli.show import show
from tests.evals.cli.alone import run_alone
from tests.evals.paired_runs import by_letters, write
from tests.evals.report.scored import attempt, folder, records_for, result, right, score, timed, wrong


def said(*arguments: object) -> str:
    found = run_alone(show, *arguments)
    assert (found.exit_code, found.exception) == (0, None)
    return " ".join(found.stdout.split())


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Two turns that are right and one that is wrong."""
    made = timed([wrong("c1", tags=("hard",)), right("c2"), right("c3", tags=("hard",))])
    changed = made.run.model_copy(update={"changes": {"thresholds.margin": "0.5"}})
    return folder(replace(made, run=changed), tmp_path / "run", records_for("c1", "c.d"))


def test_the_figures_are_shown(run: Path) -> None:
    shown = said(run)
    assert "66.7% right (20.8% to 93.9%) of 3 cases by 'turn': 1 failed, 0 unsure, 0 errors" in shown
    assert "changed: thresholds.margin = 0.5" in shown
    assert "intent 66.7% 20.8% to 93.9% 2 1 0 0 0 0 9.0 ms 9.0 ms $0" in shown
    assert "last good intent all moderation 1 1" in shown
    assert "hard 2 50.0%" in shown
    assert "Failed: 1" not in shown


def test_what_failed_is_listed_where_it_is_asked_for(run: Path) -> None:
    assert "Failed: 1 case repeat went wrong ended text c1 0 moderation -> intent clarify is it heavy" in said(
        run, "--failed"
    )


def test_many_failures_are_cut_and_counted(tmp_path: Path) -> None:
    run = write(by_letters(*"f" * 60), tmp_path / "run")
    assert "Failed: 60, of which the first 50" in said(run, "--failed")


def test_one_tag_alone_can_be_shown(run: Path) -> None:
    assert "50.0% right (9.5% to 90.5%) of 2 cases" in said(run, "--tag", "hard")


def test_a_case_is_shown_hop_by_hop(run: Path) -> None:
    shown = said(run, "--case", "c1")
    assert "fail case c1 10.0 ms “is it heavy” clarify product" in shown
    assert "went wrong from moderation to intent" in shown
    assert "2 attempts hop try model status decided" in shown
    assert "c.d 0.90" in shown
    assert "intents intent fail It is about c.d." in shown
    assert "66.7%" not in shown


def test_each_repeat_of_a_case_is_shown(tmp_path: Path) -> None:
    part = {"intent": "a.b", "sentences": [{"text": "It weighs [b]2 kg[/b]."}]}
    first = result("c1", [attempt("intent")], [score("turn", "pass", value=0.5)], outcome={"parts": [part]})
    second = result("c1", [], [], repeat=1, outcome=None, error="The model is down.", text="x " * 60)
    third = result("c1", [], [score("mention", "pass")], repeat=2)
    shown = said(folder(timed([first, second, third]), tmp_path / "run"), "--case", "c1")
    assert "It weighs [b]2 kg[/b]." in shown
    assert "error case c1 repeat 1" in shown
    assert "The model is down." in shown
    assert "no outcome" in shown
    assert "unscored case c1 repeat 2" in shown
    assert "turn turn pass 0.5" in shown


def test_a_run_that_nobody_timed_and_without_tags_or_failures_is_short(tmp_path: Path) -> None:
    untimed = replace(timed([right("c1")]), latencies_ms={}, hops_ms={})
    shown = said(folder(untimed, tmp_path / "run"), "--failed")
    assert "0 0 – – $0" in shown
    assert "Wrong turns" not in shown
    assert "Tags" not in shown
    assert "ms" not in said(tmp_path / "run", "--case", "c1")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--case", "c11"], "The run has no case 'c11'; did you mean 'c1'?"),
        (["--case", "zzz"], "The run has no case 'zzz'; --failed lists some that it has."),
        (["--tag", "hrad"], "No result has the tag 'hrad'; allowed: hard; did you mean 'hard'?"),
        (["--case", "c2", "--tag", "hard"], "No result has the tag 'hard'; allowed: ."),
        (["--scorer", "trun"], "The run has no scores by 'trun'; allowed: intents, moderation, turn; did you mean"),
    ],
)
def test_what_is_not_there_is_answered_by_the_nearest(run: Path, arguments: list[str], sentence: str) -> None:
    assert sentence in str(run_alone(show, run, *arguments).exception)
