"""Commands that other packages add, by entry points: they are imported when they are asked for, or listed."""

from importlib.metadata import EntryPoints, entry_points
from typing import ClassVar

import typer
from click import ClickException, Command, Context
from typer.core import TyperGroup


class Extended(TyperGroup):
    """Our own commands, and those that other packages add under the entry point group `added`.

    An entry point is a Typer app, or the function of one command, under the command's name.
    """

    added: ClassVar[str]

    def list_commands(self, ctx: Context) -> list[str]:
        """Our own commands in their order, then the added ones by name."""
        own = super().list_commands(ctx)
        return [*own, *sorted({point.name for point in points(self.added)} - {*own})]

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        """A command of our own, which goes before any other, or one that another package adds."""
        return super().get_command(ctx, cmd_name) or _added_command(self.added, cmd_name)


def points(group: str) -> EntryPoints:
    """What is added under a group."""
    return entry_points(group=group)


def _added_command(group: str, name: str) -> Command | None:
    """The command that a package adds under a name; one that cannot be loaded is said in a sentence."""
    for point in points(group).select(name=name):
        try:
            loaded = point.load()
        except (ImportError, AttributeError) as error:
            message = f"The command {name!r} cannot be loaded from {point.value} ({type(error).__name__})"
            raise ClickException(f"{message}; install again what brings it.") from None
        command = _command(loaded)
        command.name = name
        return command
    return None


def _command(loaded: object) -> Command:
    if isinstance(loaded, typer.Typer):
        return typer.main.get_group(loaded)
    alone = typer.Typer(add_completion=False)
    alone.command()(loaded)  # type: ignore[type-var]
    return typer.main.get_command(alone)
