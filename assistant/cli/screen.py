"""The terminal: everything that somebody else wrote reaches it as plain visible text.

Markup is never parsed from data (only `rich.text.Text` is built from it), and characters that steer a terminal or
hide text are replaced.
"""

import sys
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from assistant.wiring import Progress

_PIPED_COLUMNS = 140
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def visible(text: str) -> str:
    """The text with every control, format, surrogate and unassigned character but line breaks replaced."""
    return "".join(c if c == "\n" or unicodedata.category(c)[0] != "C" else REPLACEMENT for c in text)


def visible_json(text: str) -> str:
    """The same JSON value with every character that `visible` would replace written as an escape.

    Valid JSON holds such characters inside strings only, save for the line breaks between its parts.
    """
    return "".join(c if c == "\n" or unicodedata.category(c)[0] != "C" else _escaped(c) for c in text)


def _escaped(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def data(text: object, style: str = "") -> Text:
    """Somebody else's text as one renderable piece, in a style of ours."""
    return Text(visible(str(text)), style=style)


def out() -> Console:
    """Standard output; where it is no terminal, wide enough for tables."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else _PIPED_COLUMNS)


def err() -> Console:
    """Standard error, for what is not the result."""
    return Console(stderr=True, highlight=False)


def complain(message: str) -> None:
    """Say what went wrong, one sentence a line, on standard error."""
    err().print(Text.assemble(("hopdesk: ", "bold red"), visible(message)), soft_wrap=True)


def warn(message: str) -> None:
    """Say what may not be meant, on standard error."""
    err().print(Text.assemble(("warning: ", "bold yellow"), visible(message)), soft_wrap=True)


def table(
    title: str,
    columns: Iterable[str],
    rows: Iterable[Iterable[Text | str]],
    *,
    numbers: Iterable[str] = (),
    whole: Iterable[str] = (),
) -> Table:
    """A table of data; cells that are not `Text` yet become so.

    Columns named in `numbers` align to the right, and those in `whole` are not wrapped while there is room.
    """
    made = Table(title=data(title), title_justify="left", title_style="bold", header_style="dim", box=None)
    right, kept = {*numbers}, {*whole}
    for column in columns:
        made.add_column(column, justify="right" if column in right else "left", overflow="fold", no_wrap=column in kept)
    for row in rows:
        made.add_row(*(cell if isinstance(cell, Text) else data(cell) for cell in row))
    return made


@contextmanager
def progress_bar(what: str) -> Iterator["Progress"]:
    """A bar on standard error with rate and time left; it appears with the first step and goes when all is done."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
    from rich.progress import Task as Step

    class Rate(TextColumn):
        """Steps a second."""

        def __init__(self) -> None:
            super().__init__("{task.speed}")

        def render(self, task: Step) -> Text:
            return Text(f"{task.speed:,.0f}/s" if task.speed else "")

    columns = (TextColumn(what, markup=False), BarColumn(), MofNCompleteColumn(), Rate(), TimeRemainingColumn())
    console = err()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        step = bar.add_task("", total=None, visible=False)
        yield lambda done, total: bar.update(step, completed=done, total=total, visible=total > 0)
