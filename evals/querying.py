"""SQL over hop logs: records as JSON Lines or Parquet, four views of them, and nothing else within reach.

The records are copied into a database of their own, which is then opened for reading alone: a query can change no
file, read no other one, and reach no network.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Literal, get_args, get_origin

from chains.errors import HopdeskError
from chains.record import HopRecord

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

VIEWS = {
    "hops": "one row an attempt: the record, with started, latency_ms, intent, prompt_version and tokens beside it",
    "turns": "one row a turn: when and how long, its intent, what it cost, how far it came",
    "failures": "the attempts that failed or were refused, each with its first problem",
    "cost_by_intent": "turns, model calls, tokens and costs by site and intent",
}
RECORDS = "records.jsonl"
"""The file of a run's folder that holds its records."""

_SAFE: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
}
_LARGEST_RECORD = 64 * 1024 * 1024  # bytes; a longer line is no hop record
_ROWS = 1000  # rows held in memory at a time
_GLOB = re.compile(r"([*?\[])")

_VIEWS_SQL = """
CREATE VIEW hops AS
SELECT records.* REPLACE (CAST(cost_usd AS DECIMAL(18, 9)) AS cost_usd),
    make_timestamp(started_ns // 1000) AS started,
    (ended_ns - started_ns) / 1e6 AS latency_ms,
    CASE hop WHEN 'intent' THEN parsed->>'$.ranked[0].intent' ELSE input->>'$.intents[0]' END AS intent,
    prompt->>'$.version' AS prompt_version,
    CAST(usage->>'$.input_total' AS BIGINT) AS input_tokens,
    CAST(usage->>'$.output' AS BIGINT) AS output_tokens
FROM records;

CREATE VIEW turns AS
SELECT site, turn_id, trace_id, origin, run_id,
    min(started) AS started,
    (max(ended_ns) - min(started_ns)) / 1e6 AS latency_ms,
    coalesce(
        arg_max(intent, hop_index) FILTER (WHERE hop = 'intent' AND valid AND decides),
        arg_max(intent, hop_index) FILTER (WHERE hop = 'lookup' AND valid AND decides)
    ) AS intent,
    arg_max(hop, hop_index) AS last_hop,
    bool_or(hop = 'outbound' AND valid) AS said,
    count(*) AS attempts,
    count(*) FILTER (WHERE op = 'chat') AS model_calls,
    count(*) FILTER (WHERE NOT valid) AS failed,
    sum(cost_usd) AS cost_usd,
    sum(input_tokens) AS input_tokens,
    sum(output_tokens) AS output_tokens
FROM hops
GROUP BY site, turn_id, trace_id, origin, run_id;

CREATE VIEW failures AS
SELECT started, site, turn_id, event_id, hop, attempt, model, status, error_type,
    validation_errors->>'$[0].code' AS code,
    validation_errors->>'$[0].path' AS path,
    validation_errors->>'$[0].msg' AS msg,
    latency_ms
FROM hops
WHERE NOT valid;

CREATE VIEW cost_by_intent AS
SELECT site, intent, count(*) AS turns, sum(model_calls) AS model_calls,
    sum(input_tokens) AS input_tokens, sum(output_tokens) AS output_tokens,
    sum(cost_usd) AS cost_usd, sum(cost_usd) / count(*) AS cost_usd_per_turn
FROM turns
GROUP BY site, intent
ORDER BY cost_usd DESC, turns DESC;
"""


@dataclass(frozen=True)
class Column:
    """A column of what was found: its name, whether it holds JSON as text, and whether it is a number."""

    name: str
    is_json: bool
    is_number: bool


@dataclass(frozen=True)
class Found:
    """What a query found; `rows` are read as they are asked for, while the logs are open."""

    columns: tuple[Column, ...]
    rows: Iterator[tuple[object, ...]]


class HopLogs:
    """Hop records that can be asked in SQL."""

    def __init__(self, connection: "DuckDBPyConnection") -> None:
        self._connection = connection

    def find(self, sql: str) -> Found:
        """Run one query; raises `HopdeskError` where it is not one, or cannot be run."""
        with _explained():
            self._refuse_other_than_one_query(sql)
            self._connection.execute(sql)
            columns = tuple(_column(name, str(kind)) for name, kind, *_ in self._connection.description or ())
        return Found(columns, self._rows())

    def write_parquet(self, sql: str, file: Path) -> int:
        """Write what one query finds as Parquet, and how many rows that were; `open_logs` must have named the file."""
        with _explained():
            self._refuse_other_than_one_query(sql)
            self._connection.sql(sql).write_parquet(str(file))
            counted = self._connection.execute(f"SELECT count(*) FROM {_quoted(_literally(file))}").fetchone()  # noqa: S608
        return int(counted[0]) if counted else 0

    def _rows(self) -> Iterator[tuple[object, ...]]:
        with _explained():
            while rows := self._connection.fetchmany(_ROWS):
                yield from rows

    def _refuse_other_than_one_query(self, sql: str) -> None:
        kinds = [statement.type.name for statement in self._connection.extract_statements(sql)]
        if len(kinds) != 1 or kinds[0] not in {"SELECT", "EXPLAIN"}:
            raise HopdeskError("Write one query, such as: select hop, count(*) from hops group by hop")


@contextmanager
def open_logs(files: Sequence[Path], output: Path | None = None) -> Iterator[HopLogs]:
    """The records of files and run folders, open for queries; `.parquet` files hold what `select * from hops` gave.

    `output` is the one file that may be written. Raises `HopdeskError` where duckdb is missing, or a file cannot be
    read or is `output` itself.
    """
    try:
        import duckdb
    except ImportError:
        raise HopdeskError("Queries need duckdb; install it with: pip install 'hopdesk[evals]'") from None
    read = tuple(file / RECORDS if file.is_dir() else file for file in files)
    for file in read:
        if not file.is_file():
            raise HopdeskError(f"{file}: there is no such file of hop records.")
        if output is not None and output.resolve() == file.resolve():
            raise HopdeskError(f"{output}: this file is being read; write into another one.")
    with TemporaryDirectory(prefix="hopdesk-") as folder:
        place = str(Path(folder) / "hops.duckdb")
        with duckdb.connect(place, config=_SAFE) as connection:
            _load(connection, read)
        with duckdb.connect(place, read_only=True, config=_SAFE) as connection:
            if output is not None:
                connection.execute(f"SET allowed_paths = [{_quoted(str(output))}]")
            connection.execute("SET enable_external_access = false")
            connection.execute("SET lock_configuration = true")
            yield HopLogs(connection)


def _load(connection: "DuckDBPyConnection", files: Sequence[Path]) -> None:
    """Copy the records into a table, and lay the views over it."""
    import duckdb

    types = {name: _type(field.annotation) for name, field in _FIELDS.items()}
    listed = ", ".join(f'"{name}" {kind}' for name, kind in types.items())
    connection.execute(f"CREATE TABLE records ({listed})")
    for file in files:
        try:
            connection.execute(f"INSERT INTO records {_reading(file, types)}")
        except duckdb.Error as error:
            kind = "a Parquet file of hop records" if file.suffix == ".parquet" else "hop records as JSON Lines"
            raise HopdeskError(f"{file}: these are not {kind}: {_said(error)}") from None
    connection.execute(_VIEWS_SQL)


def _reading(file: Path, types: dict[str, str]) -> str:
    """The query that reads a file's records; a record of an older version may lack some columns."""
    place = _quoted(_literally(file))
    if file.suffix == ".parquet":
        cast = ", ".join(f'CAST("{name}" AS {kind})' for name, kind in types.items())
        return f"SELECT {cast} FROM read_parquet({place})"  # noqa: S608
    columns = ", ".join(f"{_quoted(name)}: {_quoted(kind)}" for name, kind in types.items())
    return (
        f"SELECT * FROM read_json({place}, format = 'newline_delimited', columns = {{{columns}}}, "  # noqa: S608
        f"maximum_object_size = {_LARGEST_RECORD})"
    )


_FIELDS = {field.alias or name: field for name, field in HopRecord.model_fields.items()}
_PLAIN: dict[object, str] = {
    str: "VARCHAR",
    int: "BIGINT",
    float: "DOUBLE",
    bool: "BOOLEAN",
    datetime: "TIMESTAMP",
    tuple[str, ...]: "VARCHAR[]",
}


def _type(annotation: object) -> str:
    """The column type of a record's field; what has an inner form of its own is kept as JSON."""
    kinds = [one for one in get_args(annotation) if one is not type(None)]
    if get_origin(annotation) is Literal or annotation in _PLAIN:
        return _PLAIN.get(annotation, "VARCHAR")
    return _PLAIN.get(kinds[0], "JSON") if len(kinds) == 1 else "JSON"


def _column(name: str, kind: str) -> Column:
    number = kind.startswith(("DECIMAL", "DOUBLE", "FLOAT")) or kind.endswith(("INT", "INTEGER"))
    return Column(name, kind == "JSON", number)


def _literally(file: Path) -> str:
    """A path in which nothing stands for other names."""
    return _GLOB.sub(r"[\1]", str(file))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@contextmanager
def _explained() -> Iterator[None]:
    """What duckdb says of a query, as a sentence of ours."""
    import duckdb

    try:
        yield
    except duckdb.PermissionException:
        raise HopdeskError("A query reads the hop records and nothing else: no file, extension or network.") from None
    except duckdb.Error as error:
        raise HopdeskError(
            f"The query cannot be run. {_said(error)}\nThe views are {', '.join(VIEWS)}; "
            '"describe hops" lists the columns of one.'
        ) from None


def _said(error: Exception) -> str:
    """What duckdb says, without the traceback that it sometimes adds."""
    return str(error).partition("Traceback")[0].strip()
