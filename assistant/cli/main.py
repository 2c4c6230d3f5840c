"""The entry point of `hopdesk`: the commands, and how errors reach a person."""

import os
from typing import Annotated

import typer
from click import ClickException, Context

from assistant.cli.added import Extended
from assistant.cli.ask import ask
from assistant.cli.catalog import catalog
from assistant.cli.contacts import contacts
from assistant.cli.hops import hops
from assistant.cli.models import models
from assistant.cli.moderate import moderate
from assistant.cli.prompts import prompts
from assistant.cli.scope import scope
from assistant.cli.serve import serve
from assistant.cli.trace import trace
from chains.errors import HopdeskError

ADDED_COMMANDS = "hopdesk.commands"
"""The entry point group by which other packages add commands."""


class Commands(Extended):
    """All commands, our own and those that other packages add; a failure ends as one sentence and exit code 1."""

    added = ADDED_COMMANDS

    def invoke(self, ctx: Context) -> object:
        """Run a command; what goes wrong is said on standard error, as a traceback to developers alone."""
        try:
            result: object = super().invoke(ctx)
        except HopdeskError as error:
            from assistant.cli.screen import complain

            complain(str(error))
            raise typer.Exit(1) from None
        except (ClickException, typer.Exit, typer.Abort, BrokenPipeError):
            raise
        except Exception as error:
            if os.environ.get("HOPDESK_LOG_LEVEL") == "DEBUG":
                raise
            from assistant.cli.screen import complain

            complain(
                f"This is a defect of Hopdesk ({type(error).__name__}); HOPDESK_LOG_LEVEL=DEBUG shows where it is."
            )
            raise typer.Exit(1) from None
        return result


app = typer.Typer(
    cls=Commands,
    name="hopdesk",
    help="A scoped customer-service assistant: fixed hops, typed outcomes, every hop logged and replayable.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(ask)
app.command()(serve)
app.add_typer(scope, name="scope")
app.add_typer(catalog, name="catalog")
app.add_typer(hops, name="hops")
app.add_typer(models, name="models")
app.add_typer(prompts, name="prompts")
app.command()(moderate)
app.command()(trace)
app.add_typer(contacts, name="contacts")


def _version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it with the option's value
    if wanted:
        from importlib.metadata import version

        typer.echo(f"hopdesk {version('hopdesk')}")
        raise typer.Exit


@app.callback()
def root(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Read the options that stand before a command."""


def main() -> None:
    """Run the command line."""
    # A pool of spinning threads per library would fight over the cores; the encoder brings its own.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    app()
