"""The file of one catalog: an immutable SQLite database named after its content, and the pointer to the one in use.

    catalog/
    ├── catalog-0123456789abcdef.sqlite     one catalog; never changed once it has this name
    └── current.json                        names the active file; replaced in one step

A file is written under another name and renamed when it is whole, so that no reader ever sees half of one.
"""

import hashlib
import os
import re
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import StringConstraints, ValidationError

from chains.contract import Contract
from chains.errors import CatalogError

SCHEMA = "hopdesk-catalog/2"
POINTER = "current.json"

_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE products (position INTEGER PRIMARY KEY, sku TEXT NOT NULL, embedded TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE items (
    row INTEGER PRIMARY KEY, position INTEGER NOT NULL, sku TEXT NOT NULL UNIQUE, name TEXT NOT NULL, parent TEXT
);
CREATE TABLE passages (
    position INTEGER PRIMARY KEY, topic TEXT NOT NULL, id TEXT NOT NULL, title TEXT NOT NULL, text TEXT NOT NULL
);
CREATE TABLE arrays (name TEXT PRIMARY KEY, dtype TEXT NOT NULL, data BLOB NOT NULL) WITHOUT ROWID;
"""

# Every row of a file but its own digest, as one value a row.
_CONTENT = (
    "SELECT value FROM meta WHERE key = 'catalog'",
    "SELECT sku || char(10) || embedded || char(10) || body FROM products ORDER BY position",
    "SELECT position || char(10) || sku || char(10) || name || char(10) || ifnull(parent, '') FROM items ORDER BY row",
    "SELECT topic || char(10) || id || char(10) || title || char(10) || text FROM passages ORDER BY position",
    "SELECT name || char(10) || dtype FROM arrays ORDER BY name",
    "SELECT data FROM arrays ORDER BY name",
)

Arrays = Mapping[str, NDArray[np.generic]]
FileName = Annotated[str, StringConstraints(pattern=r"^catalog-[0-9a-f]{16}\.sqlite$")]


class Meta(Contract):
    """What a catalog file says of itself; `built_at` is in UTC."""

    schema_name: str
    version: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    encoder: str
    built_at: datetime
    currency: str
    shop_words: str
    columns: tuple[str, ...]


class Pointer(Contract):
    """Which file of the folder is in use, and when its products were last read from their source (UTC)."""

    file: FileName
    version: str
    imported_at: datetime


@dataclass(frozen=True)
class Contents:
    """The tables of a catalog file, as `write_index` wants them."""

    products: Iterable[tuple[int, str, str, str]]
    items: Iterable[tuple[int, int, str, str, str | None]]
    passages: Iterable[tuple[int, str, str, str, str]]
    arrays: Arrays


@dataclass(frozen=True)
class Stored:
    """An opened catalog file: its description, its arrays in memory, and a read-only connection for the rest."""

    path: Path
    meta: Meta
    arrays: Arrays
    connection: sqlite3.Connection


def file_name(version: str) -> str:
    """Return the name of the file of a version."""
    return f"catalog-{version[:16]}.sqlite"


def write_index(folder: Path, meta: Meta, contents: Contents) -> Path:
    """Write a catalog file and return its path; raises CatalogError where the folder cannot be written."""
    target = folder / file_name(meta.version)
    with _whole_or_nothing(target) as unfinished, closing(sqlite3.connect(unfinished)) as connection:
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")  # the whole file is flushed once, before it gets its name
        connection.executescript(_TABLES)
        rows = ((name, array.dtype.str, array.tobytes()) for name, array in contents.arrays.items())
        connection.execute("INSERT INTO meta VALUES ('catalog', ?)", (meta.model_dump_json(),))
        connection.executemany("INSERT INTO products VALUES (?, ?, ?, ?)", contents.products)
        connection.executemany("INSERT INTO items VALUES (?, ?, ?, ?, ?)", contents.items)
        connection.executemany("INSERT INTO passages VALUES (?, ?, ?, ?, ?)", contents.passages)
        connection.executemany("INSERT INTO arrays VALUES (?, ?, ?)", rows)
        connection.execute("INSERT INTO meta VALUES ('digest', ?)", (_digest(connection),))
        connection.commit()
    return target


def read_index(path: Path) -> Stored:
    """Open a catalog file and check that it is whole; raises CatalogError with a sentence."""
    if not path.is_file():
        raise CatalogError(f"{path}: there is no such catalog file; import the catalog again.")
    address = f"file:{_quoted(path)}?mode=ro&immutable=1"
    connection = sqlite3.connect(address, uri=True, check_same_thread=False)
    try:
        meta = _meta(path, connection)
        arrays = {
            name: np.frombuffer(data, dtype=np.dtype(dtype))
            for name, dtype, data in connection.execute("SELECT name, dtype, data FROM arrays ORDER BY name")
        }
        kept = connection.execute("SELECT value FROM meta WHERE key = 'digest'").fetchone()
        whole = kept == (_digest(connection),)
    except (sqlite3.Error, ValueError, TypeError) as error:
        connection.close()
        raise CatalogError(f"{path}: this is no catalog file, or a damaged one; import the catalog again.") from error
    except CatalogError:
        connection.close()
        raise
    if not whole:
        connection.close()
        raise CatalogError(f"{path}: the catalog file is damaged; import the catalog again.")
    return Stored(path, meta, arrays, connection)


def _digest(connection: sqlite3.Connection) -> str:
    """The sha256 (hex) of all that a file holds, by which a damaged one is told."""
    digest = hashlib.sha256()
    for query in _CONTENT:
        for (value,) in connection.execute(query):
            digest.update(value if isinstance(value, bytes) else f"{value}\n".encode())
    return digest.hexdigest()


def _meta(path: Path, connection: sqlite3.Connection) -> Meta:
    row = connection.execute("SELECT value FROM meta WHERE key = 'catalog'").fetchone()
    found = re.search(r'"schema_name":"([^"]*)"', row[0] if row else "")
    if found is None or found[1] != SCHEMA:
        made = f"was made as {found[1]!r}" if found else "does not say its format"
        raise CatalogError(f"{path}: the catalog file {made}, and {SCHEMA!r} is needed; import the catalog again.")
    return Meta.model_validate_json(row[0])


def activate(path: Path, imported_at: datetime | None = None) -> Pointer:
    """Make a catalog file the one in use in its folder; readers that hold another keep it until they open again.

    `imported_at` is the time, with its zone, at which its products were read: now if absent.
    """
    stored = read_index(path)
    stored.connection.close()
    moment = (imported_at or datetime.now(UTC)).astimezone(UTC)
    pointer = Pointer(file=path.name, version=stored.meta.version, imported_at=moment)
    with _whole_or_nothing(path.parent / POINTER) as unfinished:
        unfinished.write_text(pointer.model_dump_json(), encoding="utf-8")
    return pointer


def active(folder: Path) -> Pointer | None:
    """Return which file of a folder is in use, None where there is none yet; raises CatalogError if unreadable."""
    try:
        return Pointer.model_validate_json((folder / POINTER).read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise CatalogError(f"{folder / POINTER}: the pointer is damaged; import the catalog again.") from error


@contextmanager
def _whole_or_nothing(target: Path) -> Iterator[Path]:
    """Yield a path to write to; what is there is flushed and renamed to `target`, or removed after a failure."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".unfinished-")
    except OSError as error:
        raise CatalogError(f"{target.parent}: the folder cannot be written ({type(error).__name__}).") from error
    unfinished = Path(name)
    try:
        os.close(handle)
        yield unfinished
        _flush(unfinished)
        unfinished.chmod(0o644)
        unfinished.replace(target)
        _flush(target.parent)
    except (OSError, sqlite3.Error) as error:
        raise CatalogError(f"{target}: the file cannot be written ({error}).") from error
    finally:
        unfinished.unlink(missing_ok=True)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _quoted(path: Path) -> str:
    return str(path.absolute()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
