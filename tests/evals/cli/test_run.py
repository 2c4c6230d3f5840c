"""`hopdesk evals run` and `merge`, on the demo shop's dev cases and on a shop with a scripted language model."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from assistant.cli.main import Commands
from evals.cases import as_line, load_cases
from evals.cli.merge import merge
from evals.cli.run import run as run_command
from evals.run_folder import read_results, run_of
from tests.assistant.cli.conftest import Run
from tests.assistant.prompted_shop import QUESTION, intent_reply, write_prompted_shop
from tests.evals.runs import lines
from tests.model_server import Fault, Json, serving

DEV = Path(__file__).parents[3] / "evals" / "cases" / "demo-dev.jsonl"
PRICED = 'structure = "json_schema"\nfunctions = "native"\ninput_usd_per_mtok = 1.0\noutput_usd_per_mtok = 2.0'
FREE = 'structure = "json_schema"\nfunctions = "native"'
Evals = Callable[..., Result]


@pytest.fixture
def evals(run: Run, tmp_path: Path) -> Evals:
    """Run a command of `hopdesk evals` in a folder of its own."""
    app = typer.Typer(cls=Commands, pretty_exceptions_enable=False)
    app.command("run")(run_command)
    app.command("merge")(merge)
    runner = CliRunner()
    return lambda *arguments: runner.invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def few(tmp_path: Path) -> Path:
    path = tmp_path / "few.jsonl"
    path.write_text("".join(f"{as_line(case)}\n" for case in load_cases(DEV)[:6]), encoding="utf-8")
    return path


def said(result: Result) -> str:
    return " ".join(result.stderr.replace("│", " ").split())


def test_cases_run_through_the_whole_chain_and_are_scored(evals: Evals, few: Path, tmp_path: Path) -> None:
    result = evals("run", "--cases", few, "-o", tmp_path / "a", "--note", "first")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "6 results" in result.stdout
    run = run_of(tmp_path / "a")
    assert (run.cases, run.hop, run.note, run.changes) == (6, None, "first", {})
    results = [*read_results(tmp_path / "a")]
    assert {one.case_id for one in results} == {case.id for case in load_cases(few)}
    assert {one.label("turn") for one in results} <= {"pass", "fail"}
    assert {one.run_id for one in results} == {run.run_id}


def test_shards_merge_into_the_whole_run_and_a_hop_of_it_runs_again(evals: Evals, few: Path, tmp_path: Path) -> None:
    assert evals("run", "--cases", few, "-o", tmp_path / "a").exit_code == 0
    for which in (1, 2):
        assert evals("run", "--cases", few, "--shard", f"{which}/2", "-o", tmp_path / f"s{which}").exit_code == 0
    merged = evals("merge", tmp_path / "s1", tmp_path / "s2", "-o", tmp_path / "m")
    assert (merged.exit_code, merged.stdout) == (0, f"6 cases from 2 shards written to {tmp_path / 'm'}\n")
    for name in ("results.jsonl", "records.jsonl"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "m" / name).read_bytes()

    again = evals("run", "--records", tmp_path / "a" / "records.jsonl", "--hop", "intent", "-o", tmp_path / "h")
    assert again.exit_code == 0, again.stderr
    assert {one.label("same") for one in read_results(tmp_path / "h")} == {"pass"}
    assert run_of(tmp_path / "h").hop == "intent"


def test_swaps_are_part_of_the_run_and_of_its_keys(evals: Evals, few: Path, tmp_path: Path) -> None:
    evals("run", "--cases", few, "-o", tmp_path / "a")
    result = evals(
        "run", "--cases", few, "-o", tmp_path / "b", "--set", "thresholds.confidence=0.99", "--repeat", 2
    )  # fmt: skip
    assert result.exit_code == 0, result.stderr
    one, other = run_of(tmp_path / "a"), run_of(tmp_path / "b")
    assert other.changes == {"thresholds.confidence": "0.99"}
    assert (other.cases, other.repeats) == (6, 2)
    assert one.run_id != other.run_id
    assert not {r.key for r in read_results(tmp_path / "a")} & {r.key for r in read_results(tmp_path / "b")}
    assert sorted(r.repeat for r in read_results(tmp_path / "b")) == [0] * 6 + [1] * 6


def test_a_run_goes_on_where_it_stopped_and_only_as_the_same_run(evals: Evals, few: Path, tmp_path: Path) -> None:
    evals("run", "--cases", few, "-o", tmp_path / "a")
    whole = (tmp_path / "a" / "results.jsonl").read_bytes()
    (tmp_path / "a" / "results.jsonl").write_bytes(whole[: len(whole) // 2])
    other = evals("run", "--cases", few, "--resume", tmp_path / "a", "--set", "limits.turns=2")
    assert other.exit_code == 1
    assert "what is asked for now differs from this run by changes." in said(other)
    sharded = evals("run", "--cases", few, "--resume", tmp_path / "a", "--shard", "1/2")
    assert "differs from this run by shard." in said(sharded)
    assert evals("run", "--cases", few, "--resume", tmp_path / "a").exit_code == 0
    assert (tmp_path / "a" / "results.jsonl").read_bytes() == whole


def test_a_scorer_on_request_is_part_of_the_run(evals: Evals, few: Path, tmp_path: Path) -> None:
    pytest.importorskip("sacrebleu")
    cases = [case.model_copy(update={"ideal": "It has 16 GB."}) for case in load_cases(few)]
    ideal = tmp_path / "ideal.jsonl"
    ideal.write_text("".join(f"{as_line(case)}\n" for case in cases), encoding="utf-8")
    result = evals("run", "--cases", ideal, "-o", tmp_path / "a", "--scorer", "bleu", "--scorer", "bleu")
    assert (result.exit_code, result.stderr) == (0, "")
    assert run_of(tmp_path / "a").scorers == ("bleu",)
    found = [score for one in read_results(tmp_path / "a") for score in one.scores if score.scorer == "bleu"]
    assert len(found) == 6
    assert all(score.value is not None and 0 <= score.value <= 1 for score in found)
    again = evals("run", "--cases", ideal, "--resume", tmp_path / "a")
    assert "differs from this run by scorers." in said(again)


def test_a_run_without_a_folder_gets_one_of_its_own(
    evals: Evals, few: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert evals("run", "--cases", few).exit_code == 0
    [folder] = (tmp_path / "runs").iterdir()
    assert folder.name.endswith(run_of(folder).run_id[:8])


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ((), "Give --cases FILE, or --records FILE together with --hop."),
        (("--hop", "intent", "--cases", "x"), "together with --hop"),
        (("--cases", "x", "-o", "a", "--resume", "b"), "either --output or --resume"),
        (("--cases", "x", "--cassette-from", "a"), "Name the --cassette"),
        (("--cases", "x", "--shard", "3/2"), "Write it as 1/4"),
        (("--cases", "x", "--shard", "half"), "Write it as 1/4"),
        (("--records", "x", "--hop", "intent", "--scorer", "bleu"), "One hop alone has no ideal answer"),
        (("--cases", "x", "--scorer", "rouge"), "'rouge' is not"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(evals: Evals, arguments: tuple[str, ...], problem: str) -> None:
    result = evals("run", *arguments)
    assert result.exit_code == 2
    assert problem in said(result)


def test_a_key_that_cannot_be_swapped_is_said(evals: Evals, few: Path, tmp_path: Path) -> None:
    result = evals("run", "--cases", few, "-o", tmp_path / "a", "--set", "thresholds.confidense=1")
    assert result.exit_code == 1
    assert "did you mean 'confidence'?" in said(result)
    assert not (tmp_path / "a").exists()


class TestLanguageModels:
    def answer(self, _body: Json) -> Fault:
        return intent_reply("product.question")

    def asked(self, evals: Evals, path: Path, folder: Path, *more: object) -> Result:
        cases = path.parent / "cases.jsonl"
        expect = [{"intents": ["product.question"], "outcome": "answer"}]
        rows = [{"id": f"c{n}", "text": f"{QUESTION} {'?' * n}", "split": "dev", "expect": expect} for n in range(3)]
        cases.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
        return evals("run", "--cases", cases, "--scope", path, "-o", folder, *more)

    def test_a_cassette_makes_the_run_free_and_the_same(self, evals: Evals, tmp_path: Path) -> None:
        tape = ("--cassette", tmp_path / "c.jsonl")
        with serving(self.answer) as served:
            path = write_prompted_shop(tmp_path, served.base_url, settings=FREE)
            live = self.asked(evals, path, tmp_path / "live", *tape)
            assert live.exit_code == 0, live.stderr
            assert "About 3 calls of language models (0 more are on the cassette)" in said(live)
            assert served.count == 3
            for name in ("a", "b"):
                again = self.asked(evals, path, tmp_path / name, *tape, "--offline")
                assert (again.exit_code, again.stderr) == (0, "")
            assert served.count == 3
        served_from = {
            hop.served_from for one in read_results(tmp_path / "a") for hop in one.hops if hop.hop == "intent"
        }
        assert served_from == {"cassette"}
        for name in ("results.jsonl", "records.jsonl"):
            assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()

        refilled = ("--cassette", tmp_path / "d.jsonl", "--cassette-from", tmp_path / "live" / "records.jsonl")
        third = self.asked(evals, path, tmp_path / "c", *refilled, "--offline")
        assert third.exit_code == 0, third.stderr
        assert [one.error for one in read_results(tmp_path / "c")] == [None] * 3
        assert len(lines(tmp_path / "d.jsonl")) == 3

    def test_what_the_cassette_lacks_is_an_error_and_no_failure(self, evals: Evals, tmp_path: Path) -> None:
        path = write_prompted_shop(tmp_path, settings=FREE)
        result = self.asked(evals, path, tmp_path / "a", "--cassette", tmp_path / "c.jsonl", "--offline")
        assert result.exit_code == 0, result.stderr
        for one in read_results(tmp_path / "a"):
            assert one.label("turn") == "error"
            assert one.error is not None
            assert "gave no reply at the hop intent (NotOnCassette)" in one.error

    def test_a_run_that_costs_money_is_not_begun_unasked(self, evals: Evals, tmp_path: Path) -> None:
        with serving(self.answer) as served:
            path = write_prompted_shop(tmp_path, served.base_url, settings=PRICED)
            result = self.asked(evals, path, tmp_path / "a")
            assert result.exit_code == 2
            assert "This run may cost money; say --yes" in said(result)
            assert served.count == 0
        assert not (tmp_path / "a").exists()

    def test_the_budget_stops_the_run_and_what_is_done_is_kept(self, evals: Evals, tmp_path: Path) -> None:
        with serving(self.answer) as served:
            path = write_prompted_shop(tmp_path, served.base_url, settings=PRICED)
            more = ("--yes", "--concurrency", 1)
            tokens = self.tokens_of_one_call(evals, path, tmp_path)
            before = served.count
            result = self.asked(evals, path, tmp_path / "a", *more, "--budget-tokens", tokens)
            assert result.exit_code == 3, result.stderr
            assert "The budget was spent after 1 of 3 results" in said(result)
            assert served.count == before + 1
            rest = self.asked(evals, path, tmp_path / "ignored", *more)
            assert rest.exit_code == 0
        assert len([*read_results(tmp_path / "a")]) == 1

    def tokens_of_one_call(self, evals: Evals, path: Path, tmp_path: Path) -> int:
        """The most tokens that the first call can come to, and one more."""
        self.asked(evals, path, tmp_path / "probe", "--yes")
        [record] = [
            one for one in lines(tmp_path / "probe" / "records.jsonl") if one["eval_case_id"] == "c0" and one["prompt"]
        ]
        prompt = record["prompt"]
        assert isinstance(prompt, dict)
        return int(prompt["tokens"]) + 800 + 1

    def test_a_budget_in_money_needs_prices(self, evals: Evals, tmp_path: Path) -> None:
        with serving(self.answer) as served:
            path = write_prompted_shop(tmp_path, served.base_url, settings=FREE)
            result = self.asked(evals, path, tmp_path / "a", "--budget-usd", 1)
        assert result.exit_code == 1
        assert "A budget in US dollars needs prices, and nobody knows those of openai/scripted" in said(result)
