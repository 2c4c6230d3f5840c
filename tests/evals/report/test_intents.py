"""Which intent was expected, and which one was got."""

from collections.abc import Sequence
from typing import Any

import pytest

from evals.report.intents import NONE, ending, expected_intent, got_intent
from tests.evals.report.scored import attempt, case, named, result


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        ([["a.b"]], "a.b"),
        ([["a.b"], ["a.b"]], "a.b"),
        ([[]], NONE),
        ([["a.b", "c.d"]], None),
        ([["a.b"], ["c.d"]], None),
        ([None], None),
        ([["a.b"], None], None),
    ],
)
def test_only_one_answer_is_expected(accepted: Sequence[Sequence[str] | None], expected: str | None) -> None:
    assert expected_intent(case("c", *accepted)) == expected


@pytest.mark.parametrize(
    ("outcome", "got"),
    [
        ({"kind": "answer"}, "a.b"),
        ({"kind": "clarify", "reason": "product"}, "a.b"),
        ({"kind": "clarify", "reason": "intent"}, "(asked back)"),
        ({"kind": "decline", "reason": "out_of_scope"}, NONE),
        ({"kind": "handoff", "reason": "language"}, "(other language)"),
        (None, "a.b"),
    ],
)
def test_the_first_intent_is_got_unless_the_turn_did_something_else(outcome: Any, got: str) -> None:
    assert got_intent(result("c", [attempt("intent", parsed=named("a.b"))], outcome=outcome)) == got


def test_the_last_valid_reply_is_the_one() -> None:
    hops = [
        attempt("intent", parsed=named("a.b"), tier=0, decides=False),
        attempt("intent", parsed=named("c.d"), tier=1),
        attempt("intent", valid=False, status="invalid", tier=2),
    ]
    assert got_intent(result("c", hops)) == "c.d"


@pytest.mark.parametrize("changes", [{"valid": False, "status": "error"}, {"parsed": {"name": "of another version"}}])
def test_no_reply_that_can_be_read_is_none(changes: dict[str, Any]) -> None:
    assert got_intent(result("c", [attempt("intent", **changes)])) == "(no valid reply)"


def test_a_hop_that_did_not_run_got_nothing() -> None:
    assert got_intent(result("c", [attempt("moderation")])) is None


def test_an_ending_may_have_no_reason_and_there_may_be_none() -> None:
    assert ending(result("c", outcome={"kind": "answer"})) == ("answer", "")
    assert ending(result("c", outcome=None)) == ("", "")
