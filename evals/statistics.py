"""The statistics of a comparison: intervals, tests and power for yes-or-no results that are paired by case.

A case is what was drawn at random; its repeats are not, so they count as one cluster: every function here takes one
figure a case. Rates, differences of rates and probabilities are shares (0..1, differences -1..1), never percentages.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from math import comb

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import binomtest, bootstrap, norm

from chains.contract import Contract

CONFIDENCE = 0.95
LEAST_DIFFERING = 10
"""Fewer cases that differ are too few for a bootstrap: it cannot draw what it has not seen."""

_RESAMPLES = 9_999
_DRAWN_AT_ONCE = 2_000_000  # figures in memory at a time: 16 MB
_CORRECTED_CASES = 10_000  # beyond, the correction is next to nothing and its cost grows with the square
_SEED = 7  # the same runs always give the same verdict
_EDGE = 1e-9  # at -1, at 1 and at an estimate without any flips, the score is not defined


class Interval(Contract):
    """What a figure lies in with the stated confidence, both ends included."""

    low: float
    high: float


def mcnemar(better: int, worse: int) -> float:
    """The two-sided exact p value of so many cases that got better, and worse, if there were no difference.

    McNemar's test in its exact form (McNemar 1947; the binomial test of the discordant pairs against a half). Where a
    case counts by whether its rate over several repeats rose or fell, it is the sign test over cases.
    """
    return float(binomtest(better, better + worse).pvalue) if better + worse else 1.0


def wilson(passed: int, total: int, confidence: float = CONFIDENCE) -> Interval:
    """The interval of a rate (Wilson 1927); all of 0..1 where there are no cases."""
    if not total:
        return Interval(low=0.0, high=1.0)
    found = binomtest(passed, total).proportion_ci(confidence, method="wilson")
    return Interval(low=float(found.low), high=float(found.high))


def difference_interval(differences: Sequence[float], confidence: float = CONFIDENCE) -> Interval:
    """The interval of the mean of one difference (-1..1) a case: candidate's rate less the base's.

    It is the BCa bootstrap over cases (Efron 1987), above 10,000 cases without its corrections. Where fewer than
    `LEAST_DIFFERING` cases differ, or all by the same, it is the score interval, which is no point even where nothing
    differs.
    """
    if sum(one != 0 for one in differences) < LEAST_DIFFERING or len(set(differences)) == 1:
        rises, falls = sum(max(one, 0.0) for one in differences), sum(max(-one, 0.0) for one in differences)
        return score_interval(rises, falls, len(differences), confidence)
    return _bootstrapped(np.mean, [np.array(differences)], confidence)


def score_interval(better: float, worse: float, cases: int, confidence: float = CONFIDENCE) -> Interval:
    """The score interval of a difference of paired rates (Tango 1998, Statistics in Medicine 17:891-908).

    `better` and `worse` are the cases that changed, of `cases`. A case of which some repeats changed counts in part,
    which makes the interval too wide rather than too narrow.
    """
    if not cases:
        return Interval(low=-1.0, high=1.0)
    z, estimate = float(norm.ppf((1 + confidence) / 2)), (better - worse) / cases

    def beyond(difference: float, sign: int) -> float:
        """How far the estimate lies beyond z standard errors from a true difference; 0 at the ends of the interval."""
        inner = min(max(difference, _EDGE - 1), 1 - _EDGE)
        error = math.sqrt(_variance_if(inner, better / cases, worse / cases) / cases)
        return estimate - inner - sign * z * error

    return Interval(
        low=float(brentq(beyond, -1, estimate - _EDGE, args=(1,))) if estimate > 2 * _EDGE - 1 else -1.0,
        high=float(brentq(beyond, estimate + _EDGE, 1, args=(-1,))) if estimate < 1 - 2 * _EDGE else 1.0,
    )


def _variance_if(difference: float, better: float, worse: float) -> float:
    """The variance of one case's difference if the true one were `difference`, for such shares of changed cases.

    The share of cases that fall is then the likeliest one given the difference (Tango 1998).
    """
    b = (2 - better + worse) * difference - better - worse
    c = -worse * difference * (1 - difference)
    falls = (math.sqrt(max(b * b - 8 * c, 0.0)) - b) / 4
    return max(2 * falls + difference * (1 - difference), 0.0)


def ratio_interval(
    base: Sequence[float], candidate: Sequence[float], confidence: float = CONFIDENCE
) -> Interval | None:
    """The interval of the candidate's total over the base's, of one amount (>= 0) a case on either side.

    BCa bootstrap over cases, both amounts of a case drawn together. None where the base has fewer than
    `LEAST_DIFFERING` cases with an amount above 0.
    """
    if sum(amount > 0 for amount in base) < LEAST_DIFFERING:
        return None
    above, below = np.array(candidate, dtype=float), np.array(base, dtype=float)
    if np.allclose(above * below.sum(), below * above.sum(), rtol=1e-12, atol=0):  # the same ratio for every case
        ratio = float(above.sum() / below.sum())
        return Interval(low=ratio, high=ratio)
    return _bootstrapped(_ratio, [above, below], confidence)


def _ratio(above: NDArray[np.float64], below: NDArray[np.float64], axis: int = -1) -> NDArray[np.float64]:
    with np.errstate(divide="ignore"):  # one draw in tens of thousands may hold no amount at all
        found: NDArray[np.float64] = above.sum(axis) / below.sum(axis)
    return found


def _bootstrapped(statistic: Callable[..., object], samples: list[NDArray[np.float64]], confidence: float) -> Interval:
    cases = len(samples[0])
    found = bootstrap(
        samples,
        statistic,
        paired=True,
        vectorized=True,
        confidence_level=confidence,
        n_resamples=_RESAMPLES,
        batch=max(1, _DRAWN_AT_ONCE // cases),
        method="BCa" if cases <= _CORRECTED_CASES else "percentile",
        rng=np.random.default_rng(_SEED),
    ).confidence_interval
    return Interval(low=float(found.low), high=float(found.high))


def pass_hat_k(counts: Iterable[tuple[int, int]], k: int) -> float:
    """How likely k repeats of a case all pass (0..1), from each case's passed repeats and repeats.

    The unbiased estimate C(passed, k) / C(repeats, k), averaged over cases (tau-bench, Yao et al. 2024,
    arXiv:2406.12045). Raises `ValueError` where there is no case or one has fewer repeats than k.
    """
    found = [*counts]
    if not found or k < 1 or any(repeats < k for _, repeats in found):
        raise ValueError(f"pass^{k} needs cases, each with {k} repeats")
    return math.fsum(comb(passed, k) / comb(repeats, k) for passed, repeats in found) / len(found)


def non_inferiority_power(cases: int, discordance: float, margin: float, confidence: float = CONFIDENCE) -> float:
    """How likely so many cases prove a drop smaller than `margin` (0..1), if there is no difference at all (0..1).

    `discordance` is the mean of the squared differences by case (0..1), which is the share of cases that flip where
    there are no repeats. It is the normal approximation for the score test of paired proportions, whose variance is
    another one under the hypothesis of a drop (Nam 1997, Biometrics 53:1422-1430, who finds the plain formula with one
    variance too hopeful). Within 0.05 of what counting all outcomes gives, from 60 cases and 6 flips on.
    """
    z = float(norm.ppf((1 + confidence) / 2))
    beyond = margin * math.sqrt(cases) - z * _error_at(margin, discordance)
    if discordance <= 0:
        return float(beyond > 0)
    return float(norm.cdf(beyond / math.sqrt(discordance)))


def cases_needed(discordance: float, margin: float, confidence: float = CONFIDENCE, power: float = 0.8) -> int | None:
    """The fewest cases with that power (see `non_inferiority_power`); None for a margin of 0, which none proves.

    189 where nothing flips, for a margin of 0.02 at 95%.
    """
    if margin <= 0:
        return None
    z, z_power = float(norm.ppf((1 + confidence) / 2)), float(norm.ppf(power))
    wanted = z * _error_at(margin, discordance) + z_power * math.sqrt(discordance)
    return math.floor((wanted / margin) ** 2) + 1


def _error_at(margin: float, discordance: float) -> float:
    """The standard error of one case if the true drop were the margin, where as many cases rise as fall."""
    return math.sqrt(_variance_if(-margin, discordance / 2, discordance / 2))
