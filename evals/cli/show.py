"""`hopdesk evals show`: a finished run in the terminal, or one of its cases hop by hop."""

from typing import TYPE_CHECKING, Annotated

import typer

from evals.cli.options import MainScorer, Run

if TYPE_CHECKING:
    from evals.finished import FinishedRun


def show(
    run: Run,
    case: Annotated[
        str | None, typer.Option("--case", metavar="ID", help="Print the whole trace of this case.")
    ] = None,
    tag: Annotated[str | None, typer.Option("--tag", help="Only the results with this tag.")] = None,
    *,
    failed: Annotated[bool, typer.Option("--failed", help="List what failed, and where it went wrong.")] = False,
    scorer: MainScorer = None,
) -> None:
    """Print how right a run is: its headline, each hop, where wrong turns break, and the tags."""
    from assistant.cli.screen import out
    from evals.cli.show_figures import show_failed, show_figures, show_result
    from evals.finished import finished_run
    from evals.report.figures import figures, scorer_of
    from evals.report.traces import records_of

    whole = finished_run(run)
    main, finished, console = scorer_of(whole, scorer), _only(whole, case, tag), out()
    if case is None:
        show_figures(figures(finished, main), console)
        if failed:
            show_failed(finished.results, main, console)
        return
    records = records_of(run, {result.key for result in finished.results})
    for result in finished.results:
        took_ms = finished.latencies_ms.get(result.key)
        show_result(result, main, records.get(result.key, ()), took_ms, console)


def _only(finished: "FinishedRun", case: str | None, tag: str | None) -> "FinishedRun":
    """The run with the results of one case or tag alone; raises `RunError` where there are none."""
    from dataclasses import replace
    from difflib import get_close_matches

    from chains.scope_file import nearest
    from evals.run_folder import RunError

    of_case = [result for result in finished.results if case is None or result.case_id == case]
    if case is not None and not of_case:
        close = get_close_matches(case, {result.case_id for result in finished.results}, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else "; --failed lists some that it has."
        raise RunError(f"The run has no case {case!r}{hint}")
    kept = [result for result in of_case if tag is None or tag in result.tags]
    if tag is not None and not kept:
        tags = sorted({name for result in of_case for name in result.tags})
        raise RunError(f"No result has the tag {tag!r}; {nearest(tag, tags)}")
    return replace(finished, results=tuple(kept))
