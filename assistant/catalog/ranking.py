"""Joins several scores of the same candidates into one order, by reciprocal rank fusion."""

import numpy as np
from numpy.typing import NDArray

RANK_CONSTANT = 60  # Cormack, Clarke and Büttcher, 2009
DEPTH = 200  # how many of each score's best take part: ten times the longest answer

Scores = NDArray[np.float32]
Places = NDArray[np.int64]


def fuse(*scores: Scores) -> Places:
    """Return the places of the best candidates, best first, at most DEPTH of each score; ties keep their order.

    All scores have one length. A candidate's share of a score is 1 / (60 + rank), and nothing where the score is 0 or
    less: without a word in common there is no rank.
    """
    total = np.zeros(len(scores[0]), dtype=np.float64)
    for score in scores:
        best = _best(score)
        total[best] += 1 / (RANK_CONSTANT + 1 + np.arange(len(best)))
    ranked = np.flatnonzero(total)
    return ranked[np.argsort(-total[ranked], kind="stable")]


def _best(score: Scores) -> Places:
    places = np.flatnonzero(score > 0)
    if len(places) > DEPTH:
        floor = np.partition(score[places], len(places) - DEPTH)[len(places) - DEPTH]
        places = places[score[places] >= floor]
    return places[np.argsort(-score[places], kind="stable")][:DEPTH]


def smallest(keys: Places, count: int) -> Places:
    """Return the `count` smallest keys in order."""
    return np.sort(keys if len(keys) <= count else np.partition(keys, count - 1)[:count])
