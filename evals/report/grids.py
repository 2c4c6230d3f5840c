"""Matrices as tables: which rows and columns there are, and for each cell its count, its heat and where it leads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from evals.report.figures import Figures
from evals.transitions import FIRST_BAD, LAST_GOOD


@dataclass(frozen=True)
class Cell:
    """One cell: `heat` is its count as a share of the greatest of its kind (0..1); `link` filters the list by it.

    `expected` marks what is as it should be, such as the intent that was wanted.
    """

    count: int
    heat: float
    link: str
    expected: bool = False


@dataclass(frozen=True)
class Grid:
    """A matrix: a name and a total for each row and column, and the rows' cells in the order of the columns."""

    columns: tuple[tuple[str, int], ...]
    rows: tuple[tuple[str, int, tuple[Cell, ...]], ...]

    @property
    def total(self) -> int:
        """The sum of all cells."""
        return sum(count for _, count in self.columns)


def transition_grid(figures: Figures) -> Grid:
    """Last good hops by first bad ones, of those that there are; a link names both."""
    return _grid(
        {(good, bad): count for (good, bad), count in figures.transitions.items()}, LAST_GOOD, FIRST_BAD, ("from", "to")
    )


def intent_grid(figures: Figures) -> Grid | None:
    """Expected intents by those got; None where the cases are not known."""
    confusion = figures.confusion
    if confusion is None:
        return None
    return _grid(confusion.counts, confusion.names, confusion.names, ("want", "got"))


def _grid(
    counts: Mapping[tuple[str, str], int], rows: Sequence[str], columns: Sequence[str], keys: tuple[str, str]
) -> Grid:
    down = [name for name in rows if any(row == name for row, _ in counts)]
    across = [name for name in columns if any(column == name for _, column in counts)]
    greatest = {same: _most(counts, same=same) for same in (True, False)}

    def cell(row: str, column: str) -> Cell:
        count = counts.get((row, column), 0)
        link = f"#cases?{urlencode(dict(zip(keys, (row, column), strict=True)))}"
        return Cell(count, count / greatest[row == column] if count else 0.0, link, expected=row == column)

    return Grid(
        columns=tuple((name, sum(counts.get((row, name), 0) for row in down)) for name in across),
        rows=tuple(
            (row, sum(counts.get((row, name), 0) for name in across), tuple(cell(row, name) for name in across))
            for row in down
        ),
    )


def _most(counts: Mapping[tuple[str, str], int], *, same: bool) -> int:
    """The greatest count on the diagonal, or off it."""
    return max((count for (row, column), count in counts.items() if (row == column) is same), default=0)
