"""Where turns go wrong: from the last hop that was good to the first that was bad.

The rule: a hop is bad where one of its own scores is a failure. It is good where it ran, has scores of its own, and
all of them passed. A hop that did not run, was not scored, or of which nothing could be said is neither. A turn that is
wrong although none of its hops is bad went wrong at its outcome. Only wrong turns are counted: where a hop is bad and
the turn is right nevertheless, nothing went wrong for the customer.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Literal

from chains.messages import HOPS, HopName
from evals.compare import first_bad_hop
from evals.results import CaseResult, Label

LastGood = HopName | Literal["start"]
FirstBad = HopName | Literal["outcome"]
Transition = tuple[LastGood, FirstBad]

LAST_GOOD: tuple[LastGood, ...] = ("start", *HOPS)
FIRST_BAD: tuple[FirstBad, ...] = (*HOPS, "outcome")

_WORST_FIRST: tuple[Label, ...] = ("fail", "error", "unsure", "pass")


def transitions(results: Iterable[CaseResult], scorer: str = "turn") -> Counter[Transition]:
    """How many results that a scorer failed went wrong from one hop to another."""
    return Counter(step for result in results if (step := transition(result, scorer)))


def transition(result: CaseResult, scorer: str = "turn") -> Transition | None:
    """The last good hop of a result and its first bad one; None where the scorer did not fail it."""
    if label_by(result, scorer) != "fail":
        return None
    bad = first_bad_hop(result)
    before = HOPS[: HOPS.index(bad)] if bad else HOPS
    good = (hop for hop in reversed(before) if _ran(result, hop) and hop_label(result, hop) == "pass")
    return next(good, "start"), bad or "outcome"


def bad_hops(result: CaseResult) -> tuple[HopName, ...]:
    """The hops that ran and are bad, whether or not the turn is wrong."""
    return tuple(hop for hop in HOPS if _ran(result, hop) and hop_label(result, hop) == "fail")


def _ran(result: CaseResult, hop: HopName) -> bool:
    return any(attempt.hop == hop for attempt in result.hops)


def hop_label(result: CaseResult, hop: HopName) -> Label | None:
    """The worst label among a hop's own scores; None where it has none."""
    labels = {score.label for score in result.scores if score.hop == hop}
    return next((label for label in _WORST_FIRST if label in labels), None)


def label_by(result: CaseResult, scorer: str) -> Label | None:
    """What a scorer says of a result, which is an error wherever there is no result; None where it was not asked."""
    return "error" if result.error is not None else result.label(scorer)
