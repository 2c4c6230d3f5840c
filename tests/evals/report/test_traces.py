"""What each hop of a result said."""

from pathlib import Path
from typing import Any

import pytest

from evals.report.traces import parts_at, records_of, told, trace_of
from evals.run_folder import RECORDS, RunError
from tests.evals.report.scored import (
    attempt,
    folder,
    key_of,
    named,
    records_for,
    result,
    right,
    score,
    timed,
    wrong,
)


def test_the_records_of_the_wanted_results_are_read(tmp_path: Path) -> None:
    records = [*records_for("c1", "a.b"), *records_for("c2", "c.d")]
    run = folder(timed([right("c1"), wrong("c2")]), tmp_path / "run", records)
    assert records_of(run, {key_of("c2")}) == {key_of("c2"): records[2:]}


def test_a_run_without_records_has_none(tmp_path: Path) -> None:
    assert records_of(tmp_path, {key_of("c1")}) == {}


@pytest.mark.parametrize("line", ["{", "[]", "{}", f'{{"trace_id":"{key_of("c1")[:32]}"}}'])
def test_a_line_that_is_no_record_is_named(tmp_path: Path, line: str) -> None:
    run = folder(timed([right("c1")]), tmp_path / "run", records_for("c1", "a.b"))
    with (run / RECORDS).open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")
    with pytest.raises(RunError, match=r"records\.jsonl line 3: this is no hop record"):
        records_of(run, {key_of("c1")})


def test_a_trace_says_what_the_hops_said_as_the_terminal_does() -> None:
    trace = trace_of(right("c1"), records_for("c1", "a.b"), 12.5)
    assert trace["ms"] == 12.5
    hops: Any = trace["hops"]
    assert [hop["said"] for hop in hops] == [
        ["allow by rules"],
        ["a.b 0.90", "out of scope 0.05"],
    ]


def test_without_records_a_trace_holds_what_was_parsed() -> None:
    trace = trace_of(wrong("c1"), (), None)
    hops: Any = trace["hops"]
    assert [hop["said"] for hop in hops] == [[], []]
    assert [hop["parsed"] for hop in hops] == [None, named("c.d", 0.6)]
    scores: Any = trace["scores"]
    assert {
        "scorer": "intents",
        "hop": "intent",
        "label": "fail",
        "value": None,
        "critique": "It is about c.d.",
    } in scores


def test_an_output_that_did_not_decide_is_unsure() -> None:
    hops: Any = trace_of(result("c", [attempt("intent", decides=False)]), (), None)["hops"]
    assert [hop["status"] for hop in hops] == ["unsure"]


def test_an_outcome_says_its_sentences() -> None:
    part: Any = {"intent": "a.b", "sentences": [{"text": "One."}, {"text": "Two."}]}
    assert [*told({"kind": "answer", "parts": [part]})] == ["One.", "Two."]
    assert [*told({"kind": "clarify", "answered": [part], "question": "Which?"})] == ["One.", "Two.", "Which?"]
    assert [*told({"kind": "handoff", "text": "A person reads it."})] == ["A person reads it."]
    assert [*told(None)] == []


def test_two_results_part_where_they_first_differ() -> None:
    base = right("c1")
    assert parts_at(base, base) is None
    assert parts_at(base, wrong("c1")) == "intent"
    assert parts_at(base, base.model_copy(update={"hops": base.hops[:1]})) == "intent"
    assert parts_at(base, base.model_copy(update={"outcome": None})) == "outcome"
    assert parts_at(base, base.model_copy(update={"scores": (score("turn", "fail"),)})) is None
