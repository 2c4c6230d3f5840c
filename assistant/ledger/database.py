"""Opening the ledger's database: where it is, how SQLite is set up, its migrations, and errors as sentences."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Lock
from urllib.parse import quote

from pydantic import ValidationError
from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, inspect, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from assistant.ledger.schema import REVISION
from chains.errors import LedgerError

BUSY_TIMEOUT_MS = 5_000
_MIGRATIONS = Path(__file__).parent / "migrations"
_MIGRATING = Lock()  # the migration tool keeps its context in a global
_SAYING = {
    "SQLITE_READONLY": "is read-only; make the file and its folder writable for this process",
    "SQLITE_CANTOPEN": "cannot be opened; check that its folder may be used and that no folder has its name",
    "SQLITE_NOTADB": "is not a ledger; name another path, or restore the file from its backup",
    "SQLITE_CORRUPT": "is damaged; restore it from its backup",
    "SQLITE_FULL": "has no room left; free space on its disk",
    "SQLITE_BUSY": "is held by another process for too long; find out which one writes to it",
    "SQLITE_IOERR": "cannot be read or written; check that it is a file and that its disk works",
}


def locate(where: str | Path) -> URL:
    """The address of a ledger: a database URL as it is, anything else as the path of an SQLite file."""
    if isinstance(where, str) and "://" in where:
        try:
            return make_url(where)
        except ArgumentError as error:
            raise LedgerError("The ledger's database URL cannot be read; write it like sqlite:///ledger.db.") from error
    return URL.create("sqlite", database=str(where))


def name_of(url: URL) -> str:
    """The ledger's name in messages: the file, or the URL without its password."""
    if url.get_backend_name() == "sqlite":
        return url.database or "without a file name"
    return url.render_as_string(hide_password=True)


@contextmanager
def explained(url: URL) -> Iterator[None]:
    """Turn whatever the database raises into a `LedgerError` that names the ledger and says what to do."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        raise LedgerError(f"The ledger {name_of(url)} {_reason(error)}.") from error
    except ValidationError as error:
        raise LedgerError(
            f"The ledger {name_of(url)} holds a value that this version cannot read ({error.title}); "
            "read it with the version that wrote it, or restore it from its backup."
        ) from error


def _reason(error: Exception) -> str:
    cause = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(cause, "sqlite_errorname", "")
    said = next((said for prefix, said in _SAYING.items() if code.startswith(prefix)), None)
    if said is None and isinstance(cause, OSError):
        said = f"cannot be opened ({cause.strerror}); check the path and who may write there"
    # the class alone: a database's own message may repeat stored values
    return said or f"cannot be read or written ({code or type(cause).__name__}); check the database and its log"


def writing_engine(url: URL) -> Engine:
    """An engine for the one connection that writes; makes the folder of an SQLite file.

    SQLite runs in WAL mode, where a commit outlives the process and readers never wait.
    """
    with _known_driver(url):
        engine = create_engine(url, poolclass=NullPool, hide_parameters=True, connect_args=_arguments(url))
    if url.get_backend_name() == "sqlite":
        Path(url.database or "").absolute().parent.mkdir(parents=True, exist_ok=True)
        event.listen(engine, "connect", _set_up_writer)
        event.listen(engine, "begin", _begin_immediate)
    return engine


def reading_engine(url: URL) -> Engine:
    """An engine whose connections cannot write; each statement sees one state of the database."""
    if url.get_backend_name() == "sqlite":
        path = quote(str(Path(url.database or "").absolute()))
        url = URL.create(url.drivername, database=f"file:{path}", query={"mode": "ro", "uri": "true"})
    with _known_driver(url):
        engine = create_engine(url, hide_parameters=True, connect_args=_arguments(url))
    if url.get_backend_name() == "sqlite":
        event.listen(engine, "connect", _set_up_reader)
    return engine


@contextmanager
def _known_driver(url: URL) -> Iterator[None]:
    try:
        yield
    except (ImportError, ArgumentError) as error:
        raise LedgerError(
            f"The ledger {name_of(url)} needs the database driver {url.drivername!r}, which is not installed."
        ) from error


def _arguments(url: URL) -> dict[str, None]:
    # without this, Python's driver opens transactions of its own, and not the kind that writers need
    return {"isolation_level": None} if url.get_backend_name() == "sqlite" else {}


def _set_up_writer(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    _pragmas(
        connection,
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "foreign_keys=ON",
    )


def _set_up_reader(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    _pragmas(connection, f"busy_timeout={BUSY_TIMEOUT_MS}", "query_only=ON")


def _pragmas(connection: DBAPIConnection, *pragmas: str) -> None:
    try:
        with closing(connection.cursor()) as cursor:
            for pragma in pragmas:
                cursor.execute(f"PRAGMA {pragma}")
    except sqlite3.Error:
        connection.close()
        raise


def _begin_immediate(connection: Connection) -> None:
    # A transaction that reads first and writes later fails at once in SQLite where another process
    # wrote in between; one that takes the write lock first waits for its turn.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def migrate(engine: Engine) -> None:
    """Bring the database to `REVISION`; raises `LedgerError` for one that a newer version made."""
    with _MIGRATING, engine.begin() as connection:
        if revision(connection) != REVISION:
            _upgrade(connection)


def revision(connection: Connection) -> str | None:
    """The migration that the database stands at; None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise LedgerError(
            f"The ledger {name_of(connection.engine.url)} was made by another version of Hopdesk "
            f"(revision {revision(connection)!r}); run the newest version."
        ) from error
