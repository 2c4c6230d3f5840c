"""Which intent a case expects and which one a result got, where either is a single one."""

from chains.messages import Intent
from evals.cases import Case
from evals.observed import output_of
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
    said = next((attempt for attempt in reversed(attempts) if attempt.valid), None)
    intent = output_of(said, Intent) if said else None
    return intent.ranked[0].intent if intent else _INVALID


def ending(result: CaseResult) -> tuple[str, str]:
    """The kind of a result's outcome and the reason for it; either is empty where there is none."""
    outcome = result.outcome if isinstance(result.outcome, dict) else {}
    return str(outcome.get("kind") or ""), str(outcome.get("reason") or "")
