"""Calibration: whether an output that a model calls 90% certain is right nine times in ten.

The expected calibration error is that of Guo, Pleiss, Sun and Weinberger, "On Calibration of Modern Neural Networks"
(ICML 2017, arXiv:1706.04599): the mean gap between certainty and share of right ones over bins, weighted by their
counts. The bins here are of equal mass, not of equal width (Nguyen and O'Connor 2015, arXiv:1508.05154), because most
outputs are rather certain and bins of equal width would leave most of them in one.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from chains.contract import Contract
from evals.statistics import wilson

BINS = 10


class Bin(Contract):
    """Outputs of similar certainty: its bounds and mean (0..1), how many are right, and their share's 95% interval."""

    least: float
    most: float
    certainty: float
    count: int
    right: int
    rate: float
    low: float
    high: float

    @property
    def gap(self) -> float:
        """How far the share of right ones is from the certainty (0..1)."""
        return abs(self.rate - self.certainty)


class Reliability(Contract):
    """How well certainties are calibrated: `ece` and `brier` (mean squared error) are 0 at best; of `count` outputs."""

    count: int
    ece: float
    brier: float
    bins: tuple[Bin, ...]


def reliability(outputs: Iterable[tuple[float, bool]], bins: int = BINS) -> Reliability | None:
    """The reliability table of (certainty 0..1, right) pairs; None where there are none.

    Equal certainties are always in one bin, so there may be fewer bins than asked for. Intervals are Wilson's (1927).
    """
    pairs = [*outputs]
    if not pairs:
        return None
    certainty = np.array([one for one, _ in pairs])
    right = np.array([float(is_right) for _, is_right in pairs])
    edges = np.unique(np.quantile(certainty, np.linspace(0, 1, bins + 1)[1:-1], method="higher"))
    places = np.searchsorted(edges, certainty, side="right")
    table = tuple(_bin(certainty[places == place], right[places == place]) for place in np.unique(places))
    return Reliability(
        count=len(pairs),
        ece=sum(one.gap * one.count for one in table) / len(pairs),
        brier=float(np.mean((certainty - right) ** 2)),
        bins=table,
    )


def _bin(certainty: NDArray[np.float64], right: NDArray[np.float64]) -> Bin:
    hits, count = int(right.sum()), len(right)
    interval = wilson(hits, count)
    return Bin(
        least=float(certainty.min()),
        most=float(certainty.max()),
        certainty=float(certainty.mean()),
        count=count,
        right=hits,
        rate=hits / count,
        low=interval.low,
        high=interval.high,
    )
