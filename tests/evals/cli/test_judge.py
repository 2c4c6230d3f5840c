"""`hopdesk evals judge`, on a run of the small shop and a scripted judge."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from assistant.cli.main import Commands
from chains.claims import Value
from evals.cases import write_cases
from evals.cli.judge import judge
from evals.labels import read_judgements, read_preferences
from tests.assistant.prompted_shop import write_prompted_shop
from tests.chains.fakes import draft, shop_chain
from tests.evals.runs import some_cases, whole_run
from tests.model_server import Fault, Json, Reply, Served, serving

PRICED = 'structure = "json_schema"\ninput_usd_per_mtok = 1.0\noutput_usd_per_mtok = 2.0'
FREE = 'structure = "json_schema"'
Judging = Callable[..., Result]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return whole_run(tmp_path_factory.mktemp("judged") / "run", some_cases(4))


@pytest.fixture
def ran(folder: Path, tmp_path: Path) -> Path:
    """A run of four cases, one of which moderation refuses."""
    return _copy(folder, tmp_path / "ran")


def _copy(folder: Path, target: Path) -> Path:
    target.mkdir()
    for file in folder.iterdir():
        (target / file.name).write_bytes(file.read_bytes())
    return target


@pytest.fixture
def judging(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Judging:
    """Run the command in an installation of its own."""
    monkeypatch.setenv("HOPDESK_HOME", str(tmp_path / "home"))
    app = typer.Typer(cls=Commands, pretty_exceptions_enable=False)
    app.command()(judge)
    app.callback()(lambda: None)  # so that it is a group, which says what goes wrong
    return lambda *arguments: CliRunner().invoke(app, ["judge", *map(str, arguments)])


def verdict(body: Json) -> Fault:
    """Fails what is not about the desk lamp, passes the rest, and prefers what tells the stock."""
    asked = str(body["messages"][-1]["content"])  # type: ignore[index,call-overload]
    if "<first>" in asked:
        better = "first" if "stock" in asked.partition("<second>")[0] else "second"
        return Reply(json.dumps({"better": better, "critique": "It tells more."}))
    label = "pass" if "desk lamp" in asked.partition("</customer_message>")[0] else "fail"
    said = {"choice": "C" if label == "pass" else "D"} if "<ideal>" in asked else {"verdict": label}
    return Reply(json.dumps({**said, "critique": "So it is."}))


def options(tmp_path: Path, served: Served, settings: str = FREE) -> tuple[object, ...]:
    return "--model", "openai/scripted", "--scope", write_prompted_shop(tmp_path, served.base_url, settings=settings)


def said(result: Result) -> str:
    return " ".join(result.stderr.replace("│", " ").split())


def test_results_are_judged_once_and_on_a_cassette_for_nothing(judging: Judging, ran: Path, tmp_path: Path) -> None:
    tape, rubrics = ("--cassette", tmp_path / "c.jsonl"), ("--rubric", "answered", "--rubric", "facts")
    with serving(verdict) as served:
        more = options(tmp_path, served)
        first = judging(ran, *rubrics, *more, *tape)
        assert first.exit_code == 0, first.output
        assert "About 7 calls of language models (0 more are on the cassette)" in said(first)
        assert "7 verdicts" in first.stdout
        assert [line.split() for line in first.stdout.splitlines() if "judge." in line] == [
            ["judge.answered", "1", "3", "25.0%", "0", "0"],
            ["judge.facts", "1", "2", "33.3%", "0", "0"],
        ]
        assert f"Written to {ran / 'judgements.jsonl'}" in first.stdout
        assert served.count == 7
        again = judging(ran, *rubrics, *more, *tape)
        assert (again.exit_code, again.stderr, again.stdout) == (0, "", first.stdout)
        other = tmp_path / "other.jsonl"
        taped = judging(ran, *rubrics, *more, *tape, "--offline", "--output", other)
        assert (taped.exit_code, served.count) == (0, 7)
    found = [*read_judgements(ran / "judgements.jsonl")]
    assert sorted(map(str, found)) == sorted(map(str, read_judgements(other)))
    assert {one.kind for one in found} == {"llm"}


def test_repeats_are_asked_anew_and_are_another_judge(judging: Judging, ran: Path, tmp_path: Path) -> None:
    with serving(verdict) as served:
        result = judging(ran, "--rubric", "answered", "--repeat", 3, *options(tmp_path, served))
        assert result.exit_code == 0, result.output
        assert served.count == 12
    versions = {one.evaluator.version for one in read_judgements(ran / "judgements.jsonl")}
    assert versions == {"1@openai/scripted x3"}


def test_ideal_answers_come_from_the_cases(judging: Judging, ran: Path, tmp_path: Path) -> None:
    cases = tmp_path / "cases.jsonl"
    write_cases((case.model_copy(update={"ideal": "It is 49 EUR."}) for case in some_cases(2)), cases)
    with serving(verdict) as served:
        result = judging(ran, "--rubric", "ideal", "--cases", cases, *options(tmp_path, served))
        assert result.exit_code == 0, result.output
        assert served.count == 2
    labels = {one.target.case_id: one.label for one in read_judgements(ran / "judgements.jsonl")}
    assert labels == {"c0": "pass", "c1": "fail"}


def test_two_runs_are_compared_in_both_orders(judging: Judging, ran: Path, tmp_path: Path) -> None:
    chain = shop_chain(response=draft(Value(fact="L-1:price")))
    shorter = whole_run(tmp_path / "shorter", some_cases(4), chain=chain)
    with serving(verdict) as served:
        more = options(tmp_path, served)
        result = judging(ran, shorter, "--rubric", "better", *more)
        assert result.exit_code == 0, result.output
        assert served.count == 6
        assert "in 3 cases in which they differ" in result.stdout
        assert ["3", "0", "0", "0", "0"] in [line.split() for line in result.stdout.splitlines()]
        same = judging(ran, ran, "--rubric", "better", *more)
        assert (same.exit_code, served.count) == (0, 6)
        assert f"There is nothing in {ran} that could be asked" in same.stdout.replace("\n", " ")
    assert {one.preferred for one in read_preferences(ran / "preferences.jsonl")} == {"a"}


def test_what_cannot_be_judged_is_an_error_and_asked_again(judging: Judging, ran: Path, tmp_path: Path) -> None:
    with serving(Reply("perhaps")) as served:
        more = options(tmp_path, served)
        result = judging(ran, "--rubric", "answered", *more)
        assert result.exit_code == 0, result.output
        assert ["judge.answered", "0", "0", "0", "4"] in [line.split() for line in result.stdout.splitlines()]
        assert (ran / "judgements.jsonl").read_bytes() == b""
        judging(ran, "--rubric", "answered", *more)
        assert served.count == 8


def test_the_budget_stops_it_and_the_same_command_goes_on(judging: Judging, ran: Path, tmp_path: Path) -> None:
    with serving(verdict) as served:
        more = ("--rubric", "answered", *options(tmp_path, served, PRICED), "--concurrency", 1)
        unasked = judging(ran, *more)
        assert (unasked.exit_code, served.count) == (2, 0)
        assert "This run may cost money; say --yes" in said(unasked)
        assert not (ran / "judgements.jsonl").exists()
        stopped = judging(ran, *more, "--yes", "--budget-tokens", 1500)  # one call of about 1,400, which comes to 120
        assert stopped.exit_code == 3, stopped.output
        done = len([*read_judgements(ran / "judgements.jsonl")])
        assert done == 1
        assert f"The budget was spent after {done} of 4 verdicts" in said(stopped)
        assert judging(ran, *more, "--yes").exit_code == 0
    assert len([*read_judgements(ran / "judgements.jsonl")]) == 4


def test_a_budget_in_money_needs_prices(judging: Judging, ran: Path, tmp_path: Path) -> None:
    with serving(verdict) as served:
        result = judging(ran, "--rubric", "answered", *options(tmp_path, served), "--budget-usd", 1)
    assert result.exit_code == 1
    assert "A budget in US dollars needs prices" in said(result)


def test_lines_are_added_after_one_that_was_not_ended(judging: Judging, ran: Path, tmp_path: Path) -> None:
    with serving(verdict) as served:
        more = ("--rubric", "answered", *options(tmp_path, served))
        assert judging(ran, *more).exit_code == 0
        file = ran / "judgements.jsonl"
        file.write_text("\n".join(file.read_text(encoding="utf-8").splitlines()[:3]), encoding="utf-8")
        assert judging(ran, *more).exit_code == 0
        assert len([*read_judgements(file)]) == 4
        with file.open("a", encoding="utf-8") as torn:
            torn.write('{"schema":')
        assert "line 5 is no judgement/1" in said(judging(ran, *more))
        assert served.count == 5


def test_interrupted_it_keeps_what_is_done(
    judging: Judging, ran: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_wanted: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("evals.cli.judging.judge_runs", interrupted)
    result = judging(ran, "--rubric", "answered", "--model", "openai/x")
    assert result.exit_code == 130
    assert "The same command goes on." in said(result)


@pytest.mark.parametrize(
    ("arguments", "code", "problem"),
    [
        (("--rubric", "better"), 2, "Give two runs with better alone"),
        (("other", "--rubric", "facts"), 2, "Give two runs with better alone"),
        (("other", "--rubric", "better", "--rubric", "facts"), 2, "Give two runs with better alone"),
        (("--rubric", "ideal"), 2, "needs the cases that hold the ideal answers"),
        (("other", "--rubric", "better", "--repeat", "2"), 2, "compared in both orders, once"),
        (("--rubric", "nice"), 2, "'nice' is not one of"),
        (("--rubric", "facts", "--model", "Big Model"), 1, "--model Big Model: write provider/model in small letters"),
        (("--rubric", "facts", "--output", "/dev/null/x"), 1, "the verdicts cannot be written"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    judging: Judging, ran: Path, arguments: tuple[str, ...], code: int, problem: str
) -> None:
    result = judging(ran, "--model", "openai/x", "--offline", *arguments)
    assert result.exit_code == code
    assert problem in said(result)


def test_a_folder_without_a_run_is_named(judging: Judging, tmp_path: Path) -> None:
    result = judging(tmp_path, "--rubric", "facts", "--model", "openai/x")
    assert result.exit_code == 1
    assert "records.jsonl: the file cannot be read" in said(result)
