"""Reads one row of an operator's database by one SELECT, and can do nothing else.

Parameters are bound, never pasted. SQLite files are opened with `mode=ro`; on PostgreSQL every transaction is
READ ONLY. The query runs in a thread, and the database itself ends it when its time is up.
"""

import asyncio
import re
import sqlite3
import time
from decimal import Decimal
from pathlib import Path

from pydantic_core import to_json
from sqlalchemy import Engine, NullPool, create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from assistant.readonly import Values
from chains.errors import CatalogError, ScopeError, ToolFailed

_COMMENTS = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_PROGRESS_STEPS = 10_000  # SQLite's virtual machine steps between two looks at the clock: well under 1 ms


class ReadOnlySql:
    """One SELECT on one SQLite or PostgreSQL database.

    `url` is an SQLAlchemy URL; the path of a SQLite file starts at `base`. `label` begins the sentences of errors.
    Raises `ScopeError` for what is not one SELECT or names no such database, `CatalogError` where the database file
    or the driver is missing.
    """

    def __init__(self, label: str, url: str, query: str | None, base: Path, timeout_s: float) -> None:
        statement = _one_select(label, query)
        self._label = label
        self._query = text(statement)
        self._engine = _engine(label, url, base, timeout_s)
        self._before = _before(self._engine.dialect.name, timeout_s)
        self._timeout_s = timeout_s

    @property
    def names(self) -> frozenset[str]:
        """The parameters that the SELECT names."""
        return frozenset(self._query.compile().params)

    async def read(self, values: Values) -> bytes | None:
        """The first row as a JSON object, None where there is none; raises `ToolFailed`."""
        try:
            async with asyncio.timeout(self._timeout_s):
                return await asyncio.to_thread(self._first_row, values)
        except TimeoutError:
            raise ToolFailed(f"{self._label} did not answer within {self._timeout_s:g} s; try again later.") from None
        except (SQLAlchemyError, sqlite3.Error, ValueError, OverflowError) as error:
            # the driver's message may quote the values, which are the customer's
            raise ToolFailed(f"{self._label} could not be read ({type(error).__name__}); try again later.") from None

    def _first_row(self, values: Values) -> bytes | None:
        with self._engine.connect() as connection:
            for statement in self._before:
                connection.exec_driver_sql(statement)
            found = connection.execute(self._query, {name: values[name] for name in self.names}).mappings().first()
            return None if found is None else to_json({name: _plain(cell) for name, cell in found.items()})


def _plain(cell: object) -> object:
    """Decimals would become strings in JSON; all else has a form there, or is refused as unreadable."""
    if not isinstance(cell, Decimal):
        return cell
    return int(cell) if cell == cell.to_integral_value() else float(cell)


def _one_select(label: str, query: str | None) -> str:
    statement = (query or "").strip().removesuffix(";")
    if not re.match(r"(?:select|with)\b", _COMMENTS.sub(" ", statement).strip(), re.IGNORECASE) or ";" in statement:
        raise ScopeError(f"{label} needs one SELECT statement as its query, without any other statement.")
    return statement


def _engine(label: str, url: str, base: Path, timeout_s: float) -> Engine:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ScopeError(f"{label} has no SQL URL that can be read; write it like sqlite:///shop.db.") from None
    match parsed.get_backend_name():
        case "sqlite":
            return _sqlite(label, base / (parsed.database or ""), timeout_s)
        case "postgresql":
            return _postgresql(label, parsed, timeout_s)
        case other:
            raise ScopeError(f"{label} is on {other!r}, which cannot be read; use sqlite or postgresql.")


def _sqlite(label: str, path: Path, timeout_s: float) -> Engine:
    if not path.is_file():
        raise CatalogError(f"{label} is read from {path}, which is no file; correct the path.")

    def connect() -> sqlite3.Connection:
        uri = f"{path.resolve().as_uri()}?mode=ro"
        connection = sqlite3.connect(uri, uri=True, timeout=timeout_s, check_same_thread=False)
        ends = time.monotonic() + 2 * timeout_s  # after the reader gave up, which is what it says
        connection.set_progress_handler(lambda: int(time.monotonic() > ends), _PROGRESS_STEPS)
        return connection

    # a connection per reading, so that the clock of each starts anew
    return create_engine("sqlite://", creator=connect, poolclass=NullPool)


def _postgresql(label: str, url: URL, timeout_s: float) -> Engine:
    try:
        # libpq takes whole seconds
        patience = {"connect_timeout": int(timeout_s) + 1}
        return create_engine(url, pool_size=2, pool_timeout=timeout_s, connect_args=patience)
    except ImportError as error:
        raise CatalogError(f"{label} needs a PostgreSQL driver ({error}); install psycopg.") from None


def _before(dialect: str, timeout_s: float) -> tuple[str, ...]:
    """What opens a transaction that cannot write and ends in time."""
    if dialect == "sqlite":
        return ()
    return ("SET TRANSACTION READ ONLY", f"SET LOCAL statement_timeout = {round(timeout_s * 1000)}")
