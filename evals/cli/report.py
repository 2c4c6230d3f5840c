"""`hopdesk evals report`: a finished run, and what differs from another one, as one HTML file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evals.cli.options import MainScorer, Run

if TYPE_CHECKING:
    from evals.report.page import Report


def report(
    run: Run,
    base: Annotated[
        Path | None, typer.Argument(metavar="[BASE]", help="The folder of the run to compare with.", show_default=False)
    ] = None,
    *,
    html: Annotated[Path, typer.Option("--html", metavar="FILE", help="Write the report into this file.")],
    cases: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The labelled cases of the run, for the confusion of intents.")
    ] = None,
    scorer: MainScorer = None,
    traces: Annotated[
        int, typer.Option(min=0, help="How many traces go into the file, what got worse and what failed first.")
    ] = 1000,
) -> None:
    """Write a report of a run: one HTML file that needs no network.

    It shows how right the run is with intervals, each hop, where wrong turns break, the intents, certainty, time and
    cost, the tags, and every case with its trace; with a base also what flipped, both traces side by side.
    """
    from assistant.cli.screen import data, out
    from chains.errors import HopdeskError
    from evals.report.page import page

    written = page(_report(run, base, cases, scorer, traces))
    try:
        html.write_text(written, encoding="utf-8", newline="\n")
    except OSError as error:
        raise HopdeskError(f"{html}: the report cannot be written ({error.strerror}); choose another file.") from None
    out().print(data(f"Written to {html}"), soft_wrap=True)


def _report(run: Path, base: Path | None, cases: Path | None, scorer: str | None, traces: int) -> "Report":
    """Read the folders and work out all that the file shows."""
    from evals.compare import compare
    from evals.finished import finished_run
    from evals.report.figures import cases_of, figures, scorer_of
    from evals.report.listing import listing
    from evals.report.page import Report
    from evals.report.traces import records_of

    finished, before = finished_run(run), finished_run(base) if base else None
    labelled = cases_of(finished.run, cases) if cases else ()
    main = scorer_of(finished, scorer)
    comparison = compare(before, finished, main) if before else None
    listed = listing(finished, main, traces, comparison)
    records = records_of(run, listed.keys)
    base_records = records_of(base, listed.base_keys) if base else {}
    return Report(
        figures=figures(finished, main, labelled),
        listing=listed,
        rows=listed.rows({case.id: case for case in labelled}),
        traces=listed.traces(records, base_records, before),
        before=figures(before, main) if before else None,
        comparison=comparison,
    )
