"""Streams the raw rows of CSV, JSON, JSON Lines and SQL sources, each with the place where it stands.

A row that cannot be read at all is a `BadRow`; only a source that cannot be read is a CatalogError.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic_core import from_json

from chains.contract import Contract
from chains.errors import CatalogError

MAX_LINE_BYTES = 1_000_000
_CSV_CELL_CHARACTERS = 100_000


class BadRow(Contract):
    """A row that was left out: where it stands ("products.csv line 17"), the field to blame, and why."""

    locator: str
    field: str
    reason: str


@dataclass(frozen=True)
class Row:
    """One raw row and where it stands."""

    locator: str
    raw: Mapping[str, object]


@dataclass(frozen=True)
class Table:
    """The rows of a source; `columns` are known beforehand for CSV and SQL, and None for JSON."""

    name: str
    rows: Iterator[Row | BadRow]
    columns: tuple[str, ...] | None = None


@dataclass(frozen=True)
class SqlSource:
    """A query whose rows are products: `url` is SQLAlchemy's, as in `postgresql+psycopg://user@host/shop`."""

    url: str
    query: str


@contextmanager
def open_table(source: Path | SqlSource, delimiter: str = ",") -> Iterator[Table]:
    """Open a source by its kind, a file by its ending; raises CatalogError with a sentence.

    `delimiter` is that of CSV. Files are UTF-8, with or without a byte order mark.
    """
    if isinstance(source, SqlSource):
        with _open_sql(source) as table:
            yield table
        return
    try:
        match source.suffix.lower():
            case ".csv":
                with source.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as lines:
                    yield _csv_table(source.name, lines, delimiter)
            case ".jsonl" | ".ndjson":
                with source.open("rb") as stream:
                    yield Table(source.name, _json_lines(source.name, stream))
            case ".json":
                yield Table(source.name, _json_list(source.name, source.read_bytes()))
            case ending:
                message = (
                    f"{source}: files ending in {ending!r} cannot be read; known: .csv, .json, .jsonl and .ndjson."
                )
                raise CatalogError(message)
    except FileNotFoundError:
        raise CatalogError(f"{source}: there is no such file; check the path.") from None
    except OSError as error:
        raise CatalogError(f"{source}: the file cannot be read ({type(error).__name__}).") from error


def _csv_table(name: str, lines: Iterable[str], delimiter: str) -> Table:
    csv.field_size_limit(_CSV_CELL_CHARACTERS)
    reader = csv.reader(lines, delimiter=delimiter)
    try:
        header = tuple(cell.strip() for cell in next(reader, []))
    except csv.Error as error:
        raise CatalogError(f"{name}: the first line is no CSV header ({error}).") from None
    if not header or len(set(header)) != len(header) or not all(header):
        shown = ", ".join(header) or "none"
        raise CatalogError(f"{name}: the first line has to name every column once; found {shown}.")

    def rows() -> Iterator[Row | BadRow]:
        while True:
            locator = f"{name} line {reader.line_num + 1}"
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield BadRow(locator=locator, field="", reason=f"the line is no CSV: {error}")
                continue
            if cells:
                yield _csv_row(locator, header, cells)

    return Table(name, rows(), header)


def _csv_row(locator: str, header: tuple[str, ...], cells: list[str]) -> Row | BadRow:
    reason = f"the line has {len(cells)} cells and the header {len(header)}; quote cells that hold the delimiter"
    if len(cells) == len(header):
        try:
            "".join(cells).encode()
            return Row(locator, dict(zip(header, cells, strict=True)))
        except UnicodeEncodeError:
            reason = "the line is not UTF-8; save the file in that encoding"
    return BadRow(locator=locator, field="", reason=reason)


def _json_lines(name: str, lines: Iterator[bytes]) -> Iterator[Row | BadRow]:
    for number, line in enumerate(lines, 1):
        if text := line.removeprefix(b"\xef\xbb\xbf").strip():
            yield _json_row(f"{name} line {number}", text)


def _json_row(locator: str, text: bytes) -> Row | BadRow:
    if len(text) > MAX_LINE_BYTES:
        return BadRow(locator=locator, field="", reason=f"the line has more than {MAX_LINE_BYTES} bytes")
    try:
        value: object = from_json(text, allow_inf_nan=False)
    except ValueError as error:
        return BadRow(locator=locator, field="", reason=f"the line is no JSON: {error}")
    return _object_row(locator, value)


def _object_row(locator: str, value: object) -> Row | BadRow:
    if isinstance(value, dict):
        return Row(locator, value)
    return BadRow(locator=locator, field="", reason=f"found {type(value).__name__}; a product is an object: {{...}}")


def _json_list(name: str, text: bytes) -> Iterator[Row | BadRow]:
    try:
        entries: object = from_json(text.removeprefix(b"\xef\xbb\xbf"), allow_inf_nan=False)
    except ValueError as error:
        message = f"{name}: this is no JSON: {error}; one product a line goes into a .jsonl file."
        raise CatalogError(message) from None
    if not isinstance(entries, list):
        raise CatalogError(f"{name}: found {type(entries).__name__}; a .json file holds a list of products.")
    yield from (_object_row(f"{name} entry {number}", entry) for number, entry in enumerate(entries, 1))


@contextmanager
def _open_sql(source: SqlSource) -> Iterator[Table]:
    """Run a query and never commit; SQLite and PostgreSQL are also told to refuse writing."""
    from sqlalchemy import create_engine, make_url, text
    from sqlalchemy.exc import SQLAlchemyError
    from sqlalchemy.pool import NullPool

    name = "the database"
    try:
        url = make_url(source.url)
        name = url.render_as_string(hide_password=True)
        # each connection is closed after use; the option is PostgreSQL's own, and other databases do not look at it
        engine = create_engine(url, poolclass=NullPool, execution_options={"postgresql_readonly": True})
        with engine.connect().execution_options(stream_results=True) as connection:
            if engine.dialect.name == "sqlite":
                connection.execute(text("PRAGMA query_only = ON"))
            result = connection.execute(text(source.query))
            columns = tuple(result.keys()) if result.returns_rows else ()
            if not columns:
                raise CatalogError(f"{name}: the query gives no rows; write a SELECT.")
            rows = (Row(f"query row {number}", dict(row)) for number, row in enumerate(result.mappings(), 1))
            yield Table("query", rows, columns)
    except ModuleNotFoundError as error:
        raise CatalogError(f"{name}: the database driver {error.name!r} is missing; install it.") from None
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise CatalogError(f"{name}: the query cannot be run: {reason}.") from None
