"""The reading side of the ledger, for commands, exports and evals: it cannot write and needs no vault key."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self, TypeVar, TypeVarTuple

from sqlalchemy import URL, Connection, Row, Select, bindparam, select

from assistant.ledger import spend
from assistant.ledger.database import explained, locate, name_of, reading_engine, revision
from assistant.ledger.schema import REVISION, artefacts, cases, hops, turns
from assistant.ledger.values import REQUEST, CaseState, HopFilter, Spent, StoredTurn, read_outcome
from chains.errors import LedgerError
from chains.outcomes import Outcome
from chains.record import HopRecord

T = TypeVar("T")
Columns = TypeVarTuple("Columns")
_EVERYTHING = HopFilter()
_BATCH = 100  # rows held in memory at a time
_TURNS = select(
    turns.c.turn_id,
    turns.c.case_id,
    turns.c.site,
    turns.c.accepted_ns,
    turns.c.deadline_ns,
    turns.c.request,
    turns.c.outcome,
    turns.c.ended_ns,
    turns.c.closed_by,
)
_OUTCOME = select(turns.c.outcome).where(turns.c.turn_id == bindparam("id"))
_CASE = select(cases.c.turns, cases.c.clarify_rounds).where(
    cases.c.case_id == bindparam("id"), cases.c.site == bindparam("site")
)
_LAST_ENDED = (
    select(turns.c.request, turns.c.outcome)
    .where(turns.c.case_id == bindparam("id"), turns.c.outcome_kind != "withdrawn")
    .order_by(turns.c.accepted_ns.desc(), turns.c.turn_id.desc())
    .limit(1)
)
_HOPS = (
    select(hops.c.record)
    .where(hops.c.turn_id == bindparam("id"))
    .order_by(hops.c.hop_index, hops.c.attempt, hops.c.started_ns, hops.c.event_id)
)


class Reader:
    """Reads a ledger that is there, also while others write to it. Every method raises `LedgerError`."""

    def __init__(self, url: URL) -> None:
        self._url = url
        self._readers = reading_engine(url)

    @classmethod
    def attach(cls, where: str | Path) -> Self:
        """Open the ledger at a path or database URL for reading alone."""
        url = locate(where)
        if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
            raise LedgerError(f"There is no ledger at {name_of(url)}; name the file that the server writes.")
        reader = cls(url)
        with reader._reading() as connection:
            found = revision(connection)
        if found != REVISION:
            reader.close()
            raise LedgerError(
                f"The ledger {name_of(url)} is of revision {found!r} and this version reads {REVISION!r}; "
                "start the server of this version once, or read it with the version that wrote it."
            )
        return reader

    def close(self) -> None:
        """Let go of the database."""
        self._readers.dispose()

    def turns(self, site: str | None = None, since_ns: int | None = None) -> Iterator[StoredTurn]:
        """The turns accepted at or after a time, newest first."""
        wanted = _TURNS.order_by(turns.c.accepted_ns.desc(), turns.c.turn_id.desc())
        if site is not None:
            wanted = wanted.where(turns.c.site == site)
        if since_ns is not None:
            wanted = wanted.where(turns.c.accepted_ns >= since_ns)
        return self._stream(wanted, _stored)

    def turn(self, turn_id: str) -> StoredTurn:
        """The turn of that id, or the only one whose id begins so."""
        with self._reading() as connection:
            found = connection.execute(_TURNS.where(turns.c.turn_id == turn_id)).all()
            if not found:
                begins_so = turns.c.turn_id.istartswith(turn_id, autoescape=True)
                found = connection.execute(_TURNS.where(begins_so).limit(2)).all()
            if len(found) != 1:
                raise LedgerError(
                    f"There is no turn {turn_id!r} in the ledger {name_of(self._url)}; list its turns to see their ids."
                    if not found
                    else f"Several turns begin with {turn_id!r}; write more of the id."
                )
            return _stored(found[0])

    def hops(self, turn_id: str) -> Iterator[HopRecord]:
        """The hop records of a turn, in the order of the hops and their attempts."""
        return self._stream(_HOPS.params(id=turn_id), _record)

    def export(self, wanted: HopFilter = _EVERYTHING) -> Iterator[str]:
        """Hop records as JSON texts without line breaks, in the order in which the attempts started."""
        chosen = select(hops.c.record).order_by(hops.c.started_ns, hops.c.event_id)
        for column, value in (
            (hops.c.site, wanted.site),
            (hops.c.turn_id, wanted.turn_id),
            (hops.c.hop, wanted.hop),
            (hops.c.origin, wanted.origin),
        ):
            if value is not None:
                chosen = chosen.where(column == value)
        if wanted.since_ns is not None:
            chosen = chosen.where(hops.c.started_ns >= wanted.since_ns)
        if wanted.until_ns is not None:
            chosen = chosen.where(hops.c.started_ns < wanted.until_ns)
        return self._stream(chosen, lambda row: row[0])

    def artefact(self, sha256: str) -> str | None:
        """The text that records name by this hash, or None."""
        with self._reading() as connection:
            body: str | None = connection.scalar(select(artefacts.c.body).where(artefacts.c.sha256 == sha256))
        return body

    def read_outcome(self, turn_id: str) -> Outcome | None:
        """How a turn ended; None while it is open, and for an unknown turn."""
        with self._reading() as connection:
            return read_outcome(connection.scalar(_OUTCOME, {"id": turn_id}))

    def read_case(self, case_id: str, site: str) -> CaseState | None:
        """Where a case of the site stands, or None where the site has no such case."""
        with self._reading() as connection:
            found = connection.execute(_CASE, {"id": case_id, "site": site}).first()
            if found is None:
                return None
            last = connection.execute(_LAST_ENDED, {"id": case_id}).first()
        return CaseState(
            turns=found.turns,
            clarify_rounds=found.clarify_rounds,
            last_request=None if last is None else REQUEST.validate_json(last.request),
            last_outcome=None if last is None else read_outcome(last.outcome),
        )

    def read_spent(self, site: str, day: str) -> Spent:
        """What a site spent on models on a day, YYYY-MM-DD in UTC."""
        with self._reading() as connection:
            return spend.spent(connection, site, day)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with explained(self._url), self._readers.connect() as connection:
            yield connection

    def _stream(self, statement: Select[*Columns], read: Callable[[Row[*Columns]], T]) -> Iterator[T]:
        with self._reading() as connection:
            for row in connection.execution_options(yield_per=_BATCH).execute(statement):
                yield read(row)


def _record(row: Row[str]) -> HopRecord:
    return HopRecord.model_validate_json(row[0])


def _stored(row: Row[*tuple[Any, ...]]) -> StoredTurn:
    return StoredTurn(
        turn_id=row.turn_id,
        case_id=row.case_id,
        site=row.site,
        accepted_ns=row.accepted_ns,
        deadline_ns=row.deadline_ns,
        request=REQUEST.validate_json(row.request),
        outcome=read_outcome(row.outcome),
        ended_ns=row.ended_ns,
        closed_by=row.closed_by,
    )
