"""One command by itself, as its tests run it."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from click.testing import Result


def run_alone(command: Callable[..., None], *arguments: object) -> "Result":
    """Run a command with these arguments; a failure of ours is the result's exception."""
    from typer.testing import CliRunner

    app = typer.Typer()
    app.command()(command)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])
