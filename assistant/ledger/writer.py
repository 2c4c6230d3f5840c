"""The one thread that writes: jobs run in the order in which they were given, each in its own transaction."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import structlog
from sqlalchemy import Connection, Engine, insert
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError

from assistant.ledger.database import explained
from assistant.ledger.schema import hops
from chains.errors import LedgerError
from chains.record import HopRecord

T = TypeVar("T")
Row = dict[str, str | int]
_ATTEMPTS = 3
_INSERT_HOP = insert(hops)
log = structlog.get_logger(__name__)


class Writer:
    """Owns the writing connection. Hop records wait in a queue and are written before any later job."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ledger-writer")
        self._queue: deque[HopRecord] = deque()
        self._flush_is_due = False
        self.lost_records = 0

    def append(self, record: HopRecord) -> None:
        """Queue a record; never waits and never raises."""
        self._queue.append(record)
        if self._flush_is_due:
            return
        self._flush_is_due = True
        try:
            self._thread.submit(self._flush)
        except RuntimeError:  # the thread has ended, or the interpreter is about to
            self._flush_is_due = False
            self._lose(self._queue.pop(), "closed")

    async def run(self, job: Callable[[Connection], T]) -> T:
        """Carry out a job after all records queued so far; raises `LedgerError` where the write fails.

        A job that was asked for is carried out even if nobody waits for it any more.
        """
        try:
            done = self._thread.submit(self._in_transaction, job)
        except RuntimeError as error:
            raise LedgerError("The ledger was closed before this write; open it again.") from error
        return await asyncio.shield(asyncio.wrap_future(done))

    def post(self, job: Callable[[Connection], None], failed: Callable[[LedgerError], None]) -> None:
        """Carry out a job without waiting for it; `failed` is called, in the thread, where the write fails."""

        def carry_out() -> None:
            try:
                self._in_transaction(job)
            except LedgerError as error:
                failed(error)

        try:
            self._thread.submit(carry_out)
        except RuntimeError:
            failed(LedgerError("The ledger was closed before this write; open it again."))

    def close(self) -> None:
        """Write what is queued and end the thread; a second call does nothing."""
        self._thread.shutdown(wait=True)
        if self._connection is not None:
            self._connection.close()
            self._connection = None
            self._engine.dispose()
            if self.lost_records:
                log.error("ledger_closed_with_lost_records", lost_records=self.lost_records)

    def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = self._engine.connect()
        return self._connection

    def _in_transaction(self, job: Callable[[Connection], T]) -> T:
        self._flush()
        with explained(self._engine.url):
            for _ in range(_ATTEMPTS - 1):
                try:
                    return self._once(job)
                except IntegrityError:
                    # another process inserted the same key between our look and our insert: look again
                    continue
            return self._once(job)

    def _once(self, job: Callable[[Connection], T]) -> T:
        connection = self._connected()
        with connection.begin():
            return job(connection)

    def _flush(self) -> None:
        # lowered before the queue is emptied, so that a record which comes now gets a flush of its own
        self._flush_is_due = False
        batch: list[HopRecord] = []
        rows: list[Row] = []
        while self._queue:
            record = self._queue.popleft()
            try:
                rows.append(_row(record))
            except ValueError as error:  # what pydantic raises for a value that JSON cannot hold
                self._lose(record, type(error).__name__)
            else:
                batch.append(record)
        if rows:
            self._insert(batch, rows)

    def _insert(self, batch: Sequence[HopRecord], rows: Sequence[Row]) -> None:
        """Write all records in one transaction; where one of them is at fault, each in its own."""
        try:
            self._once(lambda connection: connection.execute(_INSERT_HOP, rows))
        except (IntegrityError, DataError) as error:
            if len(rows) == 1:
                self._lose(batch[0], type(error).__name__)
                return
            for record, row in zip(batch, rows, strict=True):
                self._insert([record], [row])
        except SQLAlchemyError as error:
            for record in batch:
                self._lose(record, type(error).__name__)

    def _lose(self, record: HopRecord, error: str) -> None:
        self.lost_records += 1
        log.error(
            "ledger_record_lost",
            turn_id=record.turn_id,
            event_id=record.event_id,
            hop=record.hop,
            error=error,
        )


def _row(record: HopRecord) -> Row:
    return {
        "event_id": record.event_id,
        "turn_id": record.turn_id,
        "site": record.site,
        "hop": record.hop,
        "hop_index": record.hop_index,
        "attempt": record.attempt,
        "origin": record.origin,
        "status": record.status,
        "started_ns": record.started_ns,
        "record": record.model_dump_json(by_alias=True),
    }
