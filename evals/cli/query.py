"""`hopdesk hops query`: SQL over hop records, added by the entry point `hopdesk.hops`."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from evals.querying import Column, Found

_TABLE_ROWS = 1000  # more are read by programs: they get all


def query(
    sql: Annotated[str, typer.Argument(metavar="SQL", help="One query, such as: select * from cost_by_intent")],
    source: Annotated[
        list[Path] | None,
        typer.Option(
            "--from",
            metavar="FILE",
            help="Hop records as JSON Lines or Parquet, or a run's folder; absent: the ledger. Can be given again.",
        ),
    ] = None,
    parquet: Annotated[Path | None, typer.Option(metavar="FILE", help="Write what is found as Parquet.")] = None,
    *,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print what is found as CSV.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what is found as JSON.")] = False,
) -> None:
    """Ask hop records in SQL (duckdb's).

    The views are hops, turns, failures and cost_by_intent; "describe hops" lists the columns of one. A query can
    change nothing and reads nothing else.
    """
    if sum((as_csv, as_json, parquet is not None)) > 1:
        raise typer.BadParameter("Give one of --csv, --json and --parquet.")

    from assistant.cli.screen import out
    from evals.querying import open_logs

    with _files(source) as files, open_logs(files, parquet) as logs:
        if parquet is not None:
            rows = logs.write_parquet(sql, parquet)
            typer.echo(f"{rows} rows written to {parquet}", err=True)
            return
        found = logs.find(sql)
        if as_csv:
            _print_csv(found)
        elif as_json:
            _print_json(found)
        else:
            out().print(*_tables(found))


@contextmanager
def _files(given: Sequence[Path] | None) -> Iterator[Sequence[Path]]:
    """The files to be read; where none is given, all records of the ledger, as a file of its own while this lasts."""
    if given:
        yield given
        return
    from tempfile import TemporaryDirectory

    from assistant.cli.opening import read_ledger, read_settings

    with TemporaryDirectory(prefix="hopdesk-") as folder, read_ledger(read_settings()) as ledger:
        file = Path(folder) / "ledger.jsonl"
        with file.open("w", encoding="utf-8") as lines:
            lines.writelines(f"{line}\n" for line in ledger.export())
        yield [file]


def _tables(found: "Found") -> Iterator[object]:
    from itertools import islice

    from assistant.cli.screen import table

    rows = [tuple(map(_cell, found.columns, row)) for row in islice(found.rows, _TABLE_ROWS)]
    numbers = [column.name for column in found.columns if column.is_number]
    yield table("", [column.name for column in found.columns], rows, numbers=numbers)
    if next(found.rows, None) is not None:
        yield f"These are the first {_TABLE_ROWS} rows; --csv and --json print all."


def _cell(column: "Column", value: object) -> str:
    if value is None:
        return ""
    if column.is_number:
        return f"{value:,f}".rstrip("0").rstrip(".") if "." in f"{value:f}" else f"{value:,}"
    return str(value)


def _print_csv(found: "Found") -> None:
    import csv
    import sys

    lines = csv.writer(sys.stdout, lineterminator="\n")
    lines.writerow([column.name for column in found.columns])
    lines.writerows(found.rows)


def _print_json(found: "Found") -> None:
    """An array of one object a row, printed as it is read."""
    from assistant.cli.screen import visible_json

    before = "[\n"
    for row in found.rows:
        typer.echo(before + visible_json(_object(found.columns, row)), nl=False)
        before = ",\n"
    typer.echo("[]" if before == "[\n" else "\n]")


def _object(columns: Sequence["Column"], row: Sequence[object]) -> str:
    from pydantic_core import from_json, to_json

    values = {
        column.name: from_json(value) if column.is_json and isinstance(value, str) else value
        for column, value in zip(columns, row, strict=True)
    }
    return to_json(values, inf_nan_mode="null", fallback=str).decode()
