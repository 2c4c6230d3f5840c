"""Whether a judge's verdicts may decide a gate, and what they then prove.

They may where people agree with that very judge (the rubric's version, the model, how often it is asked) on labelled
results as `evals.alignment` demands. Its mistakes hide a part of every change: with a true positive rate t and a true
negative rate n, a change of the pass rate shows as t + n - 1 of itself (Rogan and Gladen 1978). So the margin is made
as much smaller, with both rates at the low end of their intervals; that they are the same in both runs is assumed.
"""

from collections.abc import Iterator

from evals.alignment import BAR, Alignment, PassRate, Rate, align
from evals.compare import Comparison
from evals.finished import FinishedRun
from evals.gate_file import GateRules
from evals.labels import Judgement, JudgementLabel, LabelError, read_judgements


def as_judged(
    comparison: Comparison, base: FinishedRun, candidate: FinishedRun, rules: GateRules
) -> tuple[Comparison, GateRules]:
    """The comparison with notes on the judge, and the rules with the margin that its pass rate has to keep.

    Both as they are where the scorer is no judge. Raises `LabelError` where the judge may not gate.
    """
    if not rules.is_judged:
        return comparison, rules
    before, after = (_aligned(run, rules) for run in (base, candidate))
    shown = after.true_positives.interval.low + after.true_negatives.interval.low - 1
    margin = rules.margin * shown
    notes = (
        f"{_rates(after)}.",
        *_corrected(before.corrected, after.corrected),
        f"At least {shown:.0%} of a change shows in its verdicts: of {100 * rules.margin:g} points {100 * margin:.3g}.",
    )
    return (
        comparison.model_copy(update={"notes": (*comparison.notes, *notes)}),
        rules.model_copy(update={"margin": margin}),
    )


def _aligned(run: FinishedRun, rules: GateRules) -> Alignment:
    """How far people agree with the judge of a run; raises `LabelError` where that is not enough."""
    scores = [score for result in run.results for score in result.scores if score.scorer == rules.scorer]
    versions = sorted({score.version for score in scores})
    if len(versions) != 1:
        found = f"verdicts of the versions {', '.join(versions)}" if versions else "no verdicts"
        raise LabelError(
            f"The run {run.run.run_id!r} has {found} of {rules.scorer!r}; judge it with hopdesk evals judge, by one."
        )
    [version] = versions
    labels = tuple(_labels(rules, version))
    if not any(one.kind != "human" for one in labels):
        files = ", ".join(map(str, rules.labels))
        raise LabelError(
            f"{files}: there are no verdicts of {rules.scorer!r} in its version {version!r}, which judged the runs; "
            "judge what people labelled by it too."
        )
    judged: list[JudgementLabel] = [score.label for score in scores if score.label != "error"]
    alignment = align(labels, rules.scorer, judged=judged)
    if not alignment.may_gate:
        raise LabelError(f"{_rates(alignment)}: {_why_not(alignment)}")
    return alignment


def _labels(rules: GateRules, version: str) -> Iterator[Judgement]:
    """What people said, and what the judge of this version did."""
    for path in rules.labels:
        for one in read_judgements(path):
            if one.evaluator.name == rules.scorer and (one.kind == "human" or one.evaluator.version == version):
                yield one


def _rates(found: Alignment) -> str:
    return (
        f"The judge {found.evaluator!r} passes {_rate(found.true_positives)} of what people pass, "
        f"and fails {_rate(found.true_negatives)} of what they fail"
    )


def _rate(rate: Rate) -> str:
    return f"{rate.hits} of {rate.total} ({rate.interval.low:.0%} to {rate.interval.high:.0%})"


def _why_not(found: Alignment) -> str:
    shares = [found.true_positives.share, found.true_negatives.share]
    if all(share is None or share >= BAR for share in shares):
        return f"too few labels to prove that both are at least {BAR:.0%}; label more results."
    return f"it may not gate, because both have to be at least {BAR:.0%}; give it a better prompt, or another model."


def _corrected(before: PassRate | None, after: PassRate | None) -> Iterator[str]:
    if before and after:
        yield (
            f"As people would have found them, the pass rates are {_span(before)} before and {_span(after)} now; the "
            f"judge's own are {before.judged:.1%} and {after.judged:.1%}."
        )


def _span(rate: PassRate) -> str:
    return f"{rate.rate:.1%} ({rate.interval.low:.1%} to {rate.interval.high:.1%})"
