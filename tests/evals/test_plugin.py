"""The pytest plugin, in test runs of its own."""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from chains.errors import ModelDown
from chains.messages import IntentInput
from chains.ports import Cascade
from chains.turn import Chain
from evals.case_tests import Bench
from evals.cases import Case, Expectation, ExpectedCall, ExpectedFact
from tests.chains.fakes import shop_chain
from tests.chains.scripts import Script

pytest_plugins = ("pytester",)
RIGHT = Case(
    id="price-1",
    text="What does the desk lamp cost?",
    tags=("easy",),
    split="dev",
    expect=(Expectation(intents=("product.price",), outcome="answer"),),
)
WRONG = RIGHT.model_copy(
    update={
        "id": "price-2",
        "tags": ("hard",),
        "expect": (
            Expectation(
                intents=("returns.policy",),
                tools=(ExpectedCall(name="find_policy", arguments={"topic": "returns"}),),
                facts=(ExpectedFact(record="L-1", field="weight"),),
                outcome="decline",
                moderation="block",
                mention=("thirty days",),
                must_not_mention=("desk lamp",),
            ),
        ),
    }
)
EITHER = RIGHT.model_copy(
    update={
        "id": "price-3",
        "expect": (Expectation(intents=()), Expectation(outcome="handoff"), Expectation(outcome="handoff")),
    }
)
PROPOSED = RIGHT.model_copy(update={"id": "new-1", "proposed": True})
Start = Callable[..., pytest.RunResult]


def write(folder: Path, *cases: Case) -> Path:
    file = folder / "cases.jsonl"
    file.write_text("".join(f"{case.model_dump_json(exclude_defaults=True)}\n" for case in cases), encoding="utf-8")
    return file


@pytest.fixture
def start(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Start:
    """Run pytest with the plugin, on the small shop; `chain` is the one that cases run on."""

    def run(*arguments: object, chain: Chain | None = None) -> pytest.RunResult:
        @contextmanager
        def opened(_scope: Path | None) -> Iterator[Bench]:
            with asyncio.Runner() as loop:
                yield Bench(chain or shop_chain(), loop)

        monkeypatch.setattr("evals.case_tests.open_bench", opened)
        for machine in ("CI", "BUILD_NUMBER"):  # there pytest repeats every failure whole in its summary
            monkeypatch.delenv(machine, raising=False)
        own = (
            "-p",
            "no:hopdesk",
            "-p",
            "evals.plugin",
            "-p",
            "no:randomly",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:xdist",
        )
        return pytester.runpytest_inprocess(*own, *map(str, arguments))

    return run


def test_each_case_is_a_test_beside_the_others(start: Start, pytester: pytest.Pytester) -> None:
    file = write(pytester.path, RIGHT, PROPOSED)
    pytester.makepyfile(test_own="def test_own(): pass")
    result = start("-v", "--hopdesk-cases", file.name)
    result.assert_outcomes(passed=2, skipped=1)
    result.stdout.fnmatch_lines_random(["test_own.py::test_own PASSED*", "cases.jsonl::price-1 PASSED*"])


def test_what_failed_is_told_with_what_was_expected(start: Start, pytester: pytest.Pytester) -> None:
    result = start("--hopdesk-cases", write(pytester.path, RIGHT, WRONG, EITHER))
    result.assert_outcomes(passed=1, failed=2)
    told = [line.strip() for line in result.stdout.lines]
    expected = [line.removeprefix("expected: ") for line in told if line.startswith("expected: ")]
    got = [line.removeprefix("got:      ") for line in told if line.startswith("got: ")]
    assert "price-2: 'What does the desk lamp cost?'" in told
    assert expected == [
        "block",
        "returns.policy",
        'find_policy({"topic":"returns"})',
        '{"record":"L-1","field":"weight"}',
        "decline",
        "thirty days",
        "none of desk lamp",
        "none | any",
    ]
    assert got[:2] == ["allow", "product.price"]
    assert got[2].startswith(("get_product(", "search_products("))
    assert got[3].startswith("{")
    assert got[4] == "answer (from facts)"
    assert "Traceback" not in result.stdout.str()


def test_cases_are_chosen_by_id_tag_and_node(start: Start, pytester: pytest.Pytester) -> None:
    file = write(pytester.path, RIGHT, WRONG)
    start("--hopdesk-cases", file, "-k", "easy").assert_outcomes(passed=1, deselected=1)
    start("--hopdesk-cases", file, "-k", "price-1").assert_outcomes(passed=1, deselected=1)
    start("--hopdesk-cases", file, f"{file.name}::price-1").assert_outcomes(passed=1)


def test_a_model_that_cannot_be_asked_is_an_error_and_no_failure(start: Start, pytester: pytest.Pytester) -> None:
    down = replace(shop_chain(), intent_model=Cascade.of(Script[IntentInput](ModelDown("down"))))
    result = start("--hopdesk-cases", write(pytester.path, RIGHT), chain=down)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*gave no reply (ModelDown)*"])


def test_a_file_that_holds_no_cases_is_said(start: Start, pytester: pytest.Pytester) -> None:
    file = pytester.path / "cases.jsonl"
    file.write_text("{}\n", encoding="utf-8")
    result = start("--hopdesk-cases", file)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*cases.jsonl line 1: id: Field required*"])


def test_fixtures_run_requests_and_checks(start: Start, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        from evals.assertions import assert_checks_pass, assert_outcome_safe

        def test_a_price_is_told(hopdesk_run, hopdesk_bench):
            run = hopdesk_run("What does it cost?", page="L-1")
            assert run.outcome.kind == "answer"
            assert_outcome_safe(run.outcome, hopdesk_bench.scope)
            assert_checks_pass(run, hopdesk_bench.scope)
        """
    )
    start().assert_outcomes(passed=1)


def test_a_defect_keeps_its_traceback(start: Start, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Bench, "check", lambda *_: 1 / 0)
    result = start("--hopdesk-cases", write(pytester.path, RIGHT))
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*ZeroDivisionError*"])


def test_a_real_site_is_opened_and_closed(
    pytester: pytest.Pytester, home: Path, monkeypatch: pytest.MonkeyPatch, demo_site: object
) -> None:
    monkeypatch.setenv("HOPDESK_HOME", str(home))
    case = RIGHT.model_copy(update={"text": "How much memory does the Aurel Nova 14 have?"})
    expected = (Expectation(intents=("product.question",), outcome="answer"),)
    file = write(pytester.path, case.model_copy(update={"expect": expected}))
    own = ("-p", "no:hopdesk", "-p", "evals.plugin", "-p", "no:randomly", "-p", "no:cacheprovider", "-p", "no:xdist")
    pytester.runpytest_inprocess(*own, "--hopdesk-cases", str(file)).assert_outcomes(passed=1)


def test_it_imports_nothing_heavy_where_it_is_not_used() -> None:
    heavy = "{'pydantic', 'chains', 'assistant', 'numpy', 'structlog'}"
    code = f"import sys, evals.plugin; print(sorted({heavy} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
