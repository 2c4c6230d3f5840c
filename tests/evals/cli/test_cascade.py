"""`hopdesk evals cascade`, on the demo shop's dev cases and on a shop with few examples."""

import json
from pathlib import Path

import pytest

from tests.assistant.cli.conftest import Run
from tests.assistant.shops import write_shop

CASES = Path(__file__).parents[3] / "evals" / "cases"
DEV = CASES / "demo-dev.jsonl"
CASCADE = ("evals", "cascade", "--hop")


def test_the_line_to_paste_is_printed_with_how_far_it_can_be_believed(run: Run) -> None:
    result = run(*CASCADE, "lookup", "--cases", DEV, "--precision", 0.95)
    assert (result.exit_code, result.stderr) == (0, "")
    assert 'lookup = ["embedded@' in result.stdout
    assert "takes 59 right ones in a row" in result.stdout
    assert "not enough: label more" in result.stdout


def test_programs_get_the_figures(run: Run) -> None:
    figures = json.loads(run(*CASCADE, "response", "--cases", DEV, "--precision", 0.9, "--json").stdout)
    chosen = figures["chosen"]
    assert chosen["precision"] >= figures["precision"] == 0.9
    assert chosen["low"] < chosen["precision"] <= chosen["high"]
    assert figures["saved_calls_per_100"] == pytest.approx(100 * chosen["share"], abs=0.1)
    assert figures["line"] == f'response = ["embedded@{chosen["threshold"]:g}", "openai/gpt-4.1-mini"]'
    assert chosen in figures["around"]


def test_the_examples_of_a_scope_are_labelled_cases_too(run: Run, tmp_path: Path) -> None:
    result = run(*CASCADE, "intent", "--examples", "--scope", write_shop(tmp_path), "--precision", 0.5, "--json")
    assert result.exit_code == 0, result.stderr
    figures = json.loads(result.stdout)
    assert figures["right"] > figures["cases"] / 2
    assert any(name.startswith(("out of scope: ", "product.", "order.")) for name in figures["wrong"])


def test_where_no_threshold_will_do_it_says_so_with_exit_code_1(run: Run, tmp_path: Path) -> None:
    few = tmp_path / "few.jsonl"
    few.write_text("".join(DEV.read_text(encoding="utf-8").splitlines(keepends=True)[:5]), encoding="utf-8")
    result = run(*CASCADE, "intent", "--cases", few)
    assert result.exit_code == 1
    assert "No threshold reaches a precision of 98.0% on at least 30 of these cases." in result.stderr
    assert "embedded@" not in result.stdout
    assert json.loads(run(*CASCADE, "intent", "--cases", few, "--json").stdout)["chosen"] is None


def test_the_test_split_is_refused_before_anything_is_run(run: Run) -> None:
    result = run(*CASCADE, "intent", "--cases", CASES / "demo-test.jsonl")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "is of the test split, on which nothing is tuned" in " ".join(result.stderr.split())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("intent",), "Give --cases FILE, --examples, or both."),
        (("lookup", "--examples"), "labelled for the hop intent alone"),
        (("dance", "--examples"), "'dance' is not one of"),
        (("intent", "--examples", "--precision", 1), "is not in the range"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(run: Run, arguments: tuple[object, ...], said: str) -> None:
    result = run(*CASCADE, *arguments)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.replace("│", " ").split())
