"""How far a judge can be believed: its agreement with people, and the pass rate that follows once its errors are known.

"Positive" is a pass. The true positive rate is how many of the passes that people gave the judge passes too, the true
negative rate how many of their fails it fails. A judge that is unsure where people are not does not agree. A judge
below the bar may not gate: its verdicts are read, and nothing depends on them.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import bootstrap, norm

from chains.contract import Contract
from evals.labels import Judgement, JudgementLabel, LabelError, majority
from evals.statistics import CONFIDENCE, Interval, wilson

BAR = 0.8
_RESAMPLES = 2_000
_SEED = 7  # the same labels always give the same verdict


class Rate(Contract):
    """A share of `total` (0..1) with its 95% Wilson interval; all of 0..1 is possible where there are none."""

    hits: int
    total: int
    interval: Interval

    @classmethod
    def of(cls, hits: int, total: int) -> "Rate":
        """A share with its interval."""
        return cls(hits=hits, total=total, interval=wilson(hits, total))

    @property
    def share(self) -> float | None:
        """The share itself; None of nothing."""
        return self.hits / self.total if self.total else None


class PassRate(Contract):
    """A pass rate (0..1) as people would have found it, estimated from a judge's verdicts, with its 95% interval."""

    rate: float
    interval: Interval
    judged: float


class Alignment(Contract):
    """A judge's agreement with people on the same targets.

    `kappa` is Cohen's (1960) on the targets that the judge decided, with a bootstrap interval; None where all labels
    are the same. `unlabelled` targets have no human verdict, or one that people do not agree on. `corrected` is the
    pass rate of all that the judge decided; None where its errors are too many to correct it.
    """

    evaluator: str
    targets: int
    unsure: int
    unlabelled: int
    true_positives: Rate
    true_negatives: Rate
    kappa: float | None
    kappa_interval: Interval | None
    corrected: PassRate | None
    bar: float
    may_gate: bool


def may_gate(true_positives: Rate, true_negatives: Rate, bar: float = BAR) -> bool:
    """Whether both rates are at least `bar` (0..1) with 95% confidence: the lower bounds of their intervals are."""
    return min(true_positives.interval.low, true_negatives.interval.low) >= bar


def align(
    judgements: Iterable[Judgement], evaluator: str, bar: float = BAR, judged: Iterable[JudgementLabel] | None = None
) -> Alignment:
    """Compare a judge's verdicts with people's under the same evaluator name; of several on one target most decide.

    `judged` are the verdicts whose pass rate is corrected; absent: all those of the judge. Raises `LabelError` where
    there are no such verdicts, or those of several versions of the judge.
    """
    verdicts, people = _labels(judgements, evaluator)
    both = sorted((people[key], label) for key, label in verdicts.items() if people.get(key, "unsure") != "unsure")
    counts = Counter(both)
    positives = Rate.of(counts["pass", "pass"], sum(counts["pass", label] for label in ("pass", "fail", "unsure")))
    negatives = Rate.of(counts["fail", "fail"], sum(counts["fail", label] for label in ("pass", "fail", "unsure")))
    decided = [(human == "pass", label == "pass") for human, label in both if label != "unsure"]
    kappa, interval = _kappa(decided)
    return Alignment(
        evaluator=evaluator,
        targets=len(both),
        unsure=sum(label == "unsure" for _, label in both),
        unlabelled=len(verdicts) - len(both),
        true_positives=positives,
        true_negatives=negatives,
        kappa=kappa,
        kappa_interval=interval,
        corrected=corrected_pass_rate(_tally(verdicts.values() if judged is None else judged, counts)),
        bar=bar,
        may_gate=may_gate(positives, negatives, bar),
    )


@dataclass(frozen=True)
class Tally:
    """What a correction needs: passes of all that was judged, and on labelled targets how often the judge was right.

    `right_passes` of `passes` that people gave were passes to the judge too; `right_fails` of `fails` were fails.
    """

    judged_passes: int
    judged: int
    right_passes: int
    passes: int
    right_fails: int
    fails: int


def corrected_pass_rate(tally: Tally, confidence: float = CONFIDENCE) -> PassRate | None:
    """The true pass rate behind a judge's, and its interval.

    The estimate is that of Rogan and Gladen (1978, American Journal of Epidemiology 107:71-76), (p + Sp - 1) / (Se +
    Sp - 1), kept within 0..1. The interval is that of Lang and Reiczigel (2014, Preventive Veterinary Medicine
    113:13-22), which knows that sensitivity and specificity are themselves estimated. None where nothing was judged,
    people passed or failed nothing, or the judge is no better than a coin (Se + Sp <= 1).
    """
    if not (tally.judged and tally.passes and tally.fails):
        return None
    p, se, sp = tally.judged_passes / tally.judged, tally.right_passes / tally.passes, tally.right_fails / tally.fails
    z = float(norm.ppf((1 + confidence) / 2))
    n, n_se, n_sp = tally.judged + z * z, tally.passes + 2, tally.fails + 2
    p_, se_, sp_ = (
        (tally.judged_passes + z * z / 2) / n,
        (tally.right_passes + 1) / n_se,
        (tally.right_fails + 1) / n_sp,
    )
    youden = se_ + sp_ - 1
    if se + sp <= 1 or youden <= 0:
        return None
    centre = (p_ + sp_ - 1) / youden
    of_se, of_sp = se_ * (1 - se_) / n_se, sp_ * (1 - sp_) / n_sp
    shift = 2 * z * z * (centre * of_se - (1 - centre) * of_sp)
    spread = z * math.sqrt(p_ * (1 - p_) / n + centre**2 * of_se + (1 - centre) ** 2 * of_sp) / youden
    return PassRate(
        rate=_share((p + sp - 1) / (se + sp - 1)),
        interval=Interval(low=_share(centre + shift - spread), high=_share(centre + shift + spread)),
        judged=p,
    )


def _share(value: float) -> float:
    return min(max(value, 0.0), 1.0)


def _tally(judged: Iterable[JudgementLabel], counts: Counter[tuple[JudgementLabel, JudgementLabel]]) -> Tally:
    """Of what the judge decided; where it was unsure, nothing is estimated."""
    labels = Counter(judged)
    return Tally(
        judged_passes=labels["pass"],
        judged=labels["pass"] + labels["fail"],
        right_passes=counts["pass", "pass"],
        passes=counts["pass", "pass"] + counts["pass", "fail"],
        right_fails=counts["fail", "fail"],
        fails=counts["fail", "fail"] + counts["fail", "pass"],
    )


def _labels(
    judgements: Iterable[Judgement], evaluator: str
) -> tuple[dict[str, JudgementLabel], dict[str, JudgementLabel]]:
    """By target what the judge says, and what people say, of this evaluator's question."""
    votes: dict[Literal["judge", "people"], dict[str, Counter[JudgementLabel]]] = {
        "judge": defaultdict(Counter),
        "people": defaultdict(Counter),
    }
    versions = set()
    for one in judgements:
        if one.evaluator.name == evaluator:
            side: Literal["judge", "people"] = "people" if one.kind == "human" else "judge"
            votes[side][one.target.key][one.label] += 1
            versions |= {one.evaluator.version} if side == "judge" else set()
    if len(versions) != 1:
        found = f"verdicts of the versions {', '.join(sorted(versions))}" if versions else "no verdicts of a judge"
        raise LabelError(f"There are {found} named {evaluator!r}; give those of one version, beside the people's.")
    judge, people = ({key: majority(of) for key, of in votes[side].items()} for side in ("judge", "people"))
    return judge, people


def _kappa(pairs: list[tuple[bool, bool]]) -> tuple[float | None, Interval | None]:
    """Cohen's kappa of two sets of labels, and its percentile bootstrap interval."""
    from sklearn.metrics import cohen_kappa_score  # half a second

    if len({label for pair in pairs for label in pair}) < 2:
        return None, None
    left, right = np.array(pairs, dtype=np.float64).T
    found = bootstrap(
        (left, right),
        _kappas,
        paired=True,
        vectorized=True,
        n_resamples=_RESAMPLES,
        confidence_level=CONFIDENCE,
        method="percentile",
        rng=np.random.default_rng(_SEED),
    ).confidence_interval
    return float(cohen_kappa_score(left, right)), Interval(low=float(found.low), high=float(found.high))


def _kappas(left: NDArray[np.float64], right: NDArray[np.float64], axis: int = -1) -> NDArray[np.float64]:
    """Cohen's kappa of many draws at a time; 1 for a draw in which all labels are the same."""
    agreed = (left == right).mean(axis)
    ours, theirs = left.mean(axis), right.mean(axis)
    chance = ours * theirs + (1 - ours) * (1 - theirs)
    kappas: NDArray[np.float64] = np.where(chance < 1, (agreed - chance) / np.where(chance < 1, 1 - chance, 1), 1.0)
    return kappas
