"""How `hopdesk evals cascade` shows what it found: as text, and as figures for programs."""

from dataclasses import dataclass

from rich.console import Console

from assistant.cli.screen import data, table
from chains.contract import Contract
from evals.pairs import TunedHop
from evals.thresholds import LEAST_COUNT, Pair, Point, point_at, right_in_a_row, wrong_above

_STEPS = (-0.1, -0.05, -0.02, -0.01, 0.0, 0.01, 0.02, 0.05)  # the thresholds shown, from the chosen one
_UNCHOSEN = 0.9  # the threshold around which to show where none was chosen
_SHOWN_WRONG = 10
_ANY_MODEL = "openai/gpt-4.1-mini"  # where the scope names no language model yet


@dataclass(frozen=True)
class Tuned:
    """What was asked and what came out: `models` are the language models that the scope names for the hop."""

    hop: TunedHop
    precision: float
    pairs: tuple[Pair, ...]
    chosen: Point | None
    models: tuple[str, ...]
    least_count: int = LEAST_COUNT

    @property
    def line(self) -> str | None:
        """The line for the scope's `[models]`."""
        if self.chosen is None:
            return None
        names = (f"embedded@{self.chosen.threshold:g}", *(self.models or (_ANY_MODEL,)))
        return f"{self.hop} = [{', '.join(f'{chr(34)}{name}{chr(34)}' for name in names)}]"

    @property
    def around(self) -> tuple[Point, ...]:
        """The thresholds to show: none at all, and those around the chosen one that make a difference."""
        middle = self.chosen.threshold if self.chosen else _UNCHOSEN
        steps = sorted({0.0, *(round(middle + step, 3) for step in _STEPS)})
        shown = (point_at(self.pairs, threshold) for threshold in steps if 0 <= threshold <= 1)
        by_count = {point.decided: point for point in shown} | (
            {self.chosen.decided: self.chosen} if self.chosen else {}
        )
        return tuple(by_count.values())


class PointFigures(Contract):
    """A threshold in numbers; shares and precisions are 0..1, `low` and `high` their 95% Wilson interval."""

    threshold: float
    decided: int
    right: int
    share: float
    precision: float
    low: float
    high: float


class Figures(Contract):
    """What was found, for programs. `proven`: the precision holds at 95% confidence (exact binomial)."""

    hop: str
    precision: float
    cases: int
    right: int
    chosen: PointFigures | None
    line: str | None
    saved_calls_per_100: float
    proven: bool
    right_in_a_row: int
    wrong: tuple[str, ...]
    around: tuple[PointFigures, ...]


def as_figures(tuned: Tuned) -> Figures:
    """The figures of a tuning."""
    chosen = tuned.chosen
    return Figures(
        hop=tuned.hop,
        precision=tuned.precision,
        cases=len(tuned.pairs),
        right=sum(pair.right for pair in tuned.pairs),
        chosen=_figures(chosen) if chosen else None,
        line=tuned.line,
        saved_calls_per_100=round(100 * chosen.share, 1) if chosen else 0.0,
        proven=chosen is not None and chosen.proves(tuned.precision),
        right_in_a_row=right_in_a_row(tuned.precision),
        wrong=tuple(pair.name for pair in wrong_above(tuned.pairs, chosen.threshold)) if chosen else (),
        around=tuple(_figures(point) for point in tuned.around),
    )


def _figures(point: Point) -> PointFigures:
    low, high = point.interval
    return PointFigures(
        threshold=point.threshold,
        decided=point.decided,
        right=point.right,
        share=point.share,
        precision=point.precision,
        low=low,
        high=high,
    )


def show(tuned: Tuned, console: Console) -> None:
    """Print the thresholds around the chosen one, the line for the scope, and how far it can be believed."""
    columns = ("threshold", "decided here", "share", "right", "precision", "95% interval")
    rows = (_row(point, tuned.chosen) for point in tuned.around)
    title = f"{tuned.hop}: {len(tuned.pairs)} labelled cases, wanted precision {tuned.precision:.1%}"
    console.print(table(title, columns, rows, numbers=columns[1:]))
    if tuned.chosen is None or tuned.line is None:
        return
    console.print()
    for sentence in (*_verdict(tuned, tuned.chosen), "For the scope, under [models]:", ""):
        console.print(data(sentence), soft_wrap=True)
    console.print(data(f"    {tuned.line}", "green"), soft_wrap=True)


def _row(point: Point, chosen: Point | None) -> tuple[str, ...]:
    low, high = point.interval
    mark = " *" if chosen and point.threshold == chosen.threshold else ""
    decided = (f"{point.decided}/{point.total}", f"{point.share:.1%}", str(point.right))
    return (f"{point.threshold:.3f}{mark}", *decided, f"{point.precision:.1%}", f"{low:.1%} to {high:.1%}")


def _verdict(tuned: Tuned, chosen: Point) -> list[str]:
    """What the chosen threshold saves, and how far the cases support it."""
    calls, wrong_ones = round(100 * chosen.share), chosen.decided - chosen.right
    enough = "enough" if chosen.proves(tuned.precision) else "not enough: label more before relying on it"
    saved = f"of 100 requests that reach this hop {calls} need no language model, so {calls} calls are saved"
    proof = f"takes {right_in_a_row(tuned.precision)} right ones in a row, or more with a wrong one among them"
    sentences = [
        f"From {chosen.threshold:g} on the embedded model decides: {saved}.",
        f"To claim {tuned.precision:.1%} at 95% confidence {proof}.",
        f"Here are {chosen.decided}, {wrong_ones} of them wrong, which is {enough}.",
        "The threshold was chosen on these very cases: ask for 99% where real requests need 98%.",
    ]
    wrong = wrong_above(tuned.pairs, chosen.threshold)
    if wrong:
        sentences.append("Wrong above it, surest first:")
        sentences += [f"  {pair.certainty:.3f}  {pair.name}" for pair in wrong[:_SHOWN_WRONG]]
    if len(wrong) > _SHOWN_WRONG:
        sentences.append(f"  and {len(wrong) - _SHOWN_WRONG} more (--json lists them)")
    return sentences
