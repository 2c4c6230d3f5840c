"""How `hopdesk evals train` shows what it found and did."""

from rich.console import Console

from assistant.cli.screen import data, table
from evals.cli.gate import show_verdict
from evals.gate import Finding
from evals.promotion import Promoted
from evals.training import Gathered
from evals.training_report import TrainingReport, example_rows, figure_rows, left_out_rows

_WITHOUT: dict[Finding, str] = {
    "pass": "It passes; --promote puts the new examples in place. Nothing was changed.",
    "regress": "It is worse, so nothing was changed.",
    "cannot tell": "It is not proven to be better, so nothing was changed.",
}


def show_gathered(gathered: Gathered, console: Console) -> None:
    """Print how many new examples each intent gets, and what was left out."""
    title = f"{len(gathered.examples)} new examples"
    console.print(table(title, ("intent", "examples"), example_rows(gathered), numbers=("examples",)))
    if gathered.left_out:
        columns = ("left out", "times")
        console.print(table("", columns, left_out_rows(gathered), numbers=columns[1:]))


def show_report(report: TrainingReport, console: Console) -> None:
    """Print the cross-validated figures, and what the gate says against each other run."""
    rows = figure_rows(report.before, report.after)
    columns = ("", "in use", "candidate")
    console.print(table("Texts that the head had not seen", columns, rows, numbers=columns[1:]))
    for held in (report.decision.incumbent, report.decision.baseline):
        if held:
            console.print(data(f"Against {held.against}:", "bold"), soft_wrap=True)
            show_verdict(held.comparison, held.verdict)
    for note in report.notes:
        console.print(data(note, "yellow"), soft_wrap=True)


def show_promoted(finding: Finding, promoted: Promoted | None, console: Console) -> None:
    """Print what was changed, if anything was."""
    if promoted is None:
        console.print(data(_WITHOUT[finding]), soft_wrap=True)
        return
    kept = f"; the old file is {promoted.kept}" if promoted.kept else ""
    console.print(data(f"Promoted: the examples are in {promoted.path}{kept}."), soft_wrap=True)
    if promoted.missing_line:
        line = f"The scope names no examples file yet: add this line to its [sources]: {promoted.missing_line}"
        console.print(data(line, "bold"), soft_wrap=True)
    else:
        console.print(data("Whatever serves this scope takes them up when it is started again."), soft_wrap=True)
