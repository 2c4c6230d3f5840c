"""Runs the commands that compare runs, on folders that were written before."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from assistant.cli.main import Commands
from evals.cli.compare import compare
from evals.cli.gate import gate
from tests.evals.paired_runs import by_letters, write

if TYPE_CHECKING:
    from click.testing import Result

TAGS = {place: ["safety", "red"] for place in range(6)}
BASE, WORSE = "p" * 100 + "f" * 20, "p" * 60 + "f" * 59 + "-"


def written(folder: Path, letters: str, run_id: str) -> Path:
    """The folder of a run with one repeat a case, whose first six cases are tagged."""
    return write(by_letters(*letters, run_id=run_id, tags=TAGS), folder / run_id)


def invoke(*arguments: object) -> "Result":
    """Run one of the two commands."""
    from typer.testing import CliRunner

    app = typer.Typer(cls=Commands, pretty_exceptions_enable=False)
    app.command()(compare)
    app.command()(gate)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])
