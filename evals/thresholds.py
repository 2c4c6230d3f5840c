"""From which certainty on an embedded model may decide by itself: thresholds from labelled outputs, pure functions.

A threshold is chosen on the pairs that it is then measured on, so its precision is a little too good: state a higher
one than is needed (99% for 98%), and measure it again on cases that played no part.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from scipy.stats import binomtest

LEAST_COUNT = 30  # fewer outputs at or above a threshold say nothing of it
CONFIDENCE = 0.95
_STEPS = 1000  # thresholds are written in a scope with three decimals


@dataclass(frozen=True)
class Pair:
    """One labelled output: how certain it was (0..1), whether it was right, and the name of its case."""

    name: str
    certainty: float
    right: bool


@dataclass(frozen=True)
class Point:
    """What a threshold comes to: of `total` outputs `decided` reach it, and `right` of these are right."""

    threshold: float
    total: int
    decided: int
    right: int

    @property
    def share(self) -> float:
        """The share of all outputs that decide (0..1); 0 where there are none."""
        return self.decided / self.total if self.total else 0.0

    @property
    def precision(self) -> float:
        """The share of those that is right (0..1); 1 where there are none."""
        return self.right / self.decided if self.decided else 1.0

    @property
    def interval(self) -> tuple[float, float]:
        """The 95% interval of the precision (Wilson 1927); all of 0..1 where nothing decided."""
        if not self.decided:
            return 0.0, 1.0
        found = binomtest(self.right, self.decided).proportion_ci(CONFIDENCE, method="wilson")
        return float(found.low), float(found.high)

    def proves(self, precision: float) -> bool:
        """Whether so many right ones would be a surprise (5%) if the precision were below this one; exact binomial."""
        if not self.decided:
            return False
        return bool(binomtest(self.right, self.decided, precision, alternative="greater").pvalue <= 1 - CONFIDENCE)


def point_at(pairs: Sequence[Pair], threshold: float) -> Point:
    """What one threshold comes to."""
    decided = [pair.right for pair in pairs if pair.certainty >= threshold]
    return Point(threshold, len(pairs), len(decided), sum(decided))


def points(pairs: Iterable[Pair]) -> tuple[Point, ...]:
    """What each threshold that tells outputs apart comes to, lowest first; they have three decimals, rounded down."""
    falling = sorted(pairs, key=lambda pair: -pair.certainty)
    made: list[Point] = []
    right = decided = 0
    for threshold in sorted({math.floor(pair.certainty * _STEPS) / _STEPS for pair in falling}, reverse=True):
        while decided < len(falling) and falling[decided].certainty >= threshold:
            right += falling[decided].right
            decided += 1
        made.append(Point(threshold, len(falling), decided, right))
    return tuple(reversed(made))


def choose(pairs: Iterable[Pair], precision: float, least_count: int = LEAST_COUNT) -> Point | None:
    """The smallest threshold at or above which at least this share is right; None where there is none.

    Thresholds that fewer than `least_count` outputs reach are left aside.
    """
    good = (p for p in points(pairs) if p.decided >= least_count and p.precision >= precision)
    return next(good, None)


def wrong_above(pairs: Iterable[Pair], threshold: float) -> tuple[Pair, ...]:
    """The outputs that are wrong and decide nevertheless, surest first."""
    wrong = (pair for pair in pairs if pair.certainty >= threshold and not pair.right)
    return tuple(sorted(wrong, key=lambda pair: -pair.certainty))


def right_in_a_row(precision: float) -> int:
    """How many right outputs without a wrong one would prove a precision (0 < p < 1) at 95% confidence.

    It is the least n with p**n <= 5%: 59 for 95%, 149 for 98%, 299 for 99%. About 3 / (1 - p), the "rule of three".
    """
    return math.ceil(math.log(1 - CONFIDENCE) / math.log(precision))
