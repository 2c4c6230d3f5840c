"""Which intent a case expects and which one a result got, where either is a single one."""

from pydantic import ValidationError
from pydantic_core import to_json

from chains.messages import Intent
from evals.cases import Case
from evals.results import CaseResult

NONE = "(out of scope)"
_INSTEAD = {
    ("decline", "out_of_scope"): NONE,
    ("clarify", "intent"): "(asked back)",
    ("handoff", "language"): "(other language)",
}
_INVALID = "(no valid reply)"


def expected_intent(case: Case) -> str | None:
    """The only intent that a case accepts, or `NONE` where it accepts none; None where that is not one answer."""
    accepted = {expected.intents for expected in case.expect}
    [first, *others] = accepted
    if others or first is None or len(first) > 1:
        return None
    return first[0] if first else NONE


def got_intent(result: CaseResult) -> str | None:
    """The intent that a result's intent hop put first, or in parentheses what the turn did instead of serving one.

    None where the hop did not run.
    """
    attempts = [attempt for attempt in result.hops if attempt.hop == "intent"]
    if not attempts:
        return None
    if (instead := _INSTEAD.get(ending(result))) is not None:
        return instead
    said = [attempt for attempt in attempts if attempt.valid]
    try:
        return Intent.model_validate_json(to_json(said[-1].parsed)).ranked[0].intent if said else _INVALID
    except ValidationError:  # of another version
        return _INVALID


def ending(result: CaseResult) -> tuple[str, str]:
    """The kind of a result's outcome and the reason for it; either is empty where there is none."""
    outcome = result.outcome if isinstance(result.outcome, dict) else {}
    return str(outcome.get("kind") or ""), str(outcome.get("reason") or "")
