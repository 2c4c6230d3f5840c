"""`hopdesk evals align`: how far a judge agrees with people, and whether it may gate."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evals.cli.options import JsonFigures

if TYPE_CHECKING:
    from rich.console import Console

    from evals.alignment import Alignment, Rate
    from evals.statistics import Interval


def align(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Judgements of people and judges, judgement/1.")
    ],
    judges: Annotated[
        list[str] | None, typer.Option("--judge", metavar="NAME", help="This evaluator; absent: all that a judge was.")
    ] = None,
    bar: Annotated[
        float, typer.Option(min=0.5, max=0.99, help="What both rates must reach, at the low end of their intervals.")
    ] = 0.8,
    *,
    as_json: JsonFigures = False,
) -> None:
    """Hold the verdicts of judges against those of people on the same targets.

    A judge may gate if its true positive and true negative rates are both above the bar with 95% confidence. Exit code
    1: one of them may not.
    """
    from pydantic import TypeAdapter

    from assistant.cli.screen import out, visible_json
    from chains.errors import HopdeskError
    from evals.alignment import Alignment
    from evals.alignment import align as compare
    from evals.labels import read_judgements

    judgements = [judgement for file in files for judgement in read_judgements(file)]
    names = judges or sorted({one.evaluator.name for one in judgements if one.kind != "human"})
    if not names:
        raise HopdeskError("There are no verdicts of a judge in these files; give them beside those of people.")
    found = tuple(compare(judgements, name, bar) for name in names)
    if as_json:
        typer.echo(visible_json(TypeAdapter(tuple[Alignment, ...]).dump_json(found, indent=2).decode()))
    else:
        show(found, out())
    if not all(one.may_gate for one in found):
        raise typer.Exit(1)


def show(found: "tuple[Alignment, ...]", console: "Console") -> None:
    """Print the agreement of judges with people, and the pass rates that follow from it."""
    from assistant.cli.screen import data, table

    columns = ("judge", "targets", "unsure", "passes right", "fails right", "kappa", "pass rate", "may gate")
    rows = (_row(one) for one in found)
    console.print(table("Judges held against people, 95% intervals", columns, rows, numbers=columns[1:3]))
    for one in found:
        if not one.may_gate:
            advice = f"{one.evaluator}: a low end is below {one.bar:.0%}: label more cases, or give it a better prompt."
            console.print(data(advice, "yellow"), soft_wrap=True)


def _row(one: "Alignment") -> tuple[str, ...]:
    kappa = (
        "" if one.kappa is None or one.kappa_interval is None else f"{one.kappa:.2f} {_range(one.kappa_interval, 2)}"
    )
    corrected = one.corrected
    rate = f"{corrected.rate:.0%} {_percents(corrected.interval)}, judged {corrected.judged:.0%}" if corrected else ""
    rates = (_rate(one.true_positives), _rate(one.true_negatives))
    return (one.evaluator, str(one.targets), str(one.unsure), *rates, kappa, rate, "yes" if one.may_gate else "no")


def _rate(rate: "Rate") -> str:
    return f"{rate.hits}/{rate.total} {_percents(rate.interval)}"


def _percents(interval: "Interval") -> str:
    return f"({interval.low:.0%} to {interval.high:.0%})"


def _range(interval: "Interval", digits: int) -> str:
    return f"({interval.low:.{digits}f} to {interval.high:.{digits}f})"
