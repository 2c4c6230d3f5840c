"""`hopdesk evals gate`: whether a candidate may replace its base."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evals.cli.options import BaseRun, CandidateRun, GateFile

if TYPE_CHECKING:
    from evals.compare import Comparison
    from evals.gate import Verdict

_CANNOT_TELL = 2
_COLOURS = {"pass": "green", "regress": "red", "cannot tell": "yellow"}


def gate(
    base: BaseRun,
    candidate: CandidateRun,
    rules: GateFile,
    junit: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write JUnit XML, a test case for each case.")
    ] = None,
    markdown: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a summary in Markdown.")] = None,
) -> None:
    """Pass a release, or not: exit code 0 passes, 1 is a regression, 2 cannot tell.

    2 is also the code where no verdict is possible: an option, a file or a run that cannot be used, or a judge with
    whom people do not agree enough, by the labels that the gate file names. What is wrong is said on standard error.
    """
    from assistant.cli.screen import complain
    from chains.errors import HopdeskError
    from evals.compare import compare
    from evals.finished import finished_run
    from evals.gate import decide
    from evals.gate_file import load_gate
    from evals.summaries import junit as as_junit
    from evals.summaries import markdown as as_markdown
    from evals.trust import as_judged

    try:
        wanted = load_gate(rules)
        runs = finished_run(base), finished_run(candidate)
        comparison, held_to = as_judged(compare(*runs, wanted.scorer, wanted.confidence), *runs, wanted)
        verdict = decide(comparison, held_to)
        for path, write in ((junit, as_junit), (markdown, as_markdown)):
            if path:
                _write(path, write(comparison, verdict))
    except HopdeskError as error:  # 1 would say that the candidate is worse
        complain(str(error))
        raise typer.Exit(_CANNOT_TELL) from None
    show_verdict(comparison, verdict)
    raise typer.Exit(verdict.exit_code)


def _write(path: Path, text: str) -> None:
    from chains.errors import HopdeskError

    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise HopdeskError(f"{path}: the summary cannot be written ({error.strerror}); name another file.") from None


def show_verdict(comparison: "Comparison", verdict: "Verdict") -> None:
    """Print the verdict, each check, the rates, what was not compared, and how far so many cases carry."""
    from assistant.cli.screen import data, out, table
    from evals.cli.show_comparison import show_rates, show_unjudged
    from evals.gate import power_sentence

    console = out()
    console.print(data(verdict.finding.upper(), f"bold {_COLOURS[verdict.finding]}"))
    rows = ((check.rule, data(check.finding, _COLOURS[check.finding]), check.says) for check in verdict.checks)
    console.print(table("", ("check", "finding", ""), rows, whole=("check", "finding")))
    for note in comparison.notes:
        console.print(data(note, "yellow"), soft_wrap=True)
    show_rates(comparison, console)
    show_unjudged(comparison.unjudged, console)
    console.print()
    console.print(data(power_sentence(comparison, verdict)), soft_wrap=True)
