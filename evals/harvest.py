"""Cases from hop logs: filtered, without duplicates, sampled in constant memory, and without personal data.

Every request has a place in a shuffle that only its words and the seed decide, and the first ones are taken. So
requests that are worded alike are one, the order of the log does not matter, and each wording is equally likely to be
taken, however often it was asked: what is rare is what a set of cases lacks.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from heapq import heappush, heapreplace

from rapidfuzz import fuzz, process

from chains.messages import HopName
from chains.outcomes import OutcomeKind
from chains.record import Status
from evals.cases import Case
from evals.happened import Happened, as_case, normalised
from moderation import PiiPolicy
from moderation.pii import PLACEHOLDER, find

ALIKE = 90  # of 100, from which on two requests are near duplicates
_SPARE = 2  # times as many are kept as are wanted, as near duplicates go


@dataclass(frozen=True)
class Wanted:
    """Which turns become cases; what is None is not asked for. A hop is one that the turn got to."""

    site: str | None = None
    hop: HopName | None = None
    outcome: OutcomeKind | None = None
    since_ns: int | None = None
    intent: str | None = None
    status: Status | None = None

    def holds(self, turn: Happened) -> bool:
        """Whether a turn is one of them."""
        return (
            self.site in {None, turn.site}
            and (self.hop is None or any(record.hop == self.hop for record in turn.records))
            and self.outcome in {None, turn.ending}
            and (self.since_ns is None or turn.records[0].started_ns >= self.since_ns)
            and (self.intent is None or self.intent in (turn.intents or ()))
            and (self.status is None or turn.has(self.status))
        )


@dataclass
class Harvest:
    """The cases, and how many turns were seen, wanted, and left out because they hold personal data or no request."""

    cases: tuple[Case, ...] = ()
    seen: int = 0
    matching: int = 0
    personal: int = 0
    unreadable: int = 0


def harvest(turns: Iterable[Happened], wanted: Wanted, count: int, seed: int, policy: PiiPolicy) -> Harvest:
    """At most `count` proposed cases of turns, no two worded alike, sorted by their ids.

    Records are redacted when they are made; a request in which `policy` still finds something is left out.
    """
    found = Harvest()
    kept = _Sample(count * _SPARE, seed)
    for turn in turns:
        found.seen += 1
        if not wanted.holds(turn):
            continue
        found.matching += 1
        case = as_case(turn)
        if case is None:
            found.unreadable += 1
        elif holds_personal_data(case, policy):
            found.personal += 1
        else:
            kept.offer(case)
    found.cases = tuple(sorted(_unlike(kept.in_order(), count), key=lambda case: case.id))
    return found


def holds_personal_data(case: Case, policy: PiiPolicy) -> bool:
    """Whether anything but placeholders stands for personal data in a case's request."""
    return bool(find(PLACEHOLDER.sub(" ", case.text), policy))


class _Sample:
    """The cases whose words come first in a shuffle: a uniform sample of all different ones, in constant memory.

    A bottom-k sample by hash (Cohen and Kaplan 2007); of cases worded alike the one with the least id is kept, so that
    the order in which they come does not matter.
    """

    def __init__(self, size: int, seed: int) -> None:
        self._most = size
        self._seed = seed
        self._heap: list[int] = []  # negated places, so that the last one is on top
        self._cases: dict[int, Case] = {}

    def offer(self, case: Case) -> None:
        """Keep a case if it comes before the last one that is kept."""
        words = f"{self._seed}:{case.page or ''}:{normalised(case.text)}"
        place = int.from_bytes(sha256(words.encode()).digest()[:8])
        if (same := self._cases.get(place)) is not None:
            self._cases[place] = min(same, case, key=lambda one: one.id)
        elif len(self._heap) < self._most:
            heappush(self._heap, -place)
            self._cases[place] = case
        elif self._heap and place < -self._heap[0]:
            del self._cases[-heapreplace(self._heap, -place)]
            self._cases[place] = case

    def in_order(self) -> Iterator[Case]:
        """What is kept, first in the shuffle first."""
        return (self._cases[-place] for place in sorted(self._heap, reverse=True))


def _unlike(cases: Iterable[Case], count: int) -> Iterator[Case]:
    """The first `count` cases that are not near duplicates of an earlier one."""
    taken: list[str] = []
    for case in cases:
        if len(taken) == count:
            return
        words = normalised(case.text)
        if process.extractOne(words, taken, scorer=fuzz.ratio, score_cutoff=ALIKE) is None:
            taken.append(words)
            yield case
