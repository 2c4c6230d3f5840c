"""The ledger: the truth about cases, turns, hop records and contacts."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

import structlog
from sqlalchemy import URL, Connection, Engine, insert, select

from assistant.ledger import contacts, spend, turns
from assistant.ledger.database import explained, locate, migrate, writing_engine
from assistant.ledger.reader import Reader
from assistant.ledger.schema import artefacts
from assistant.ledger.turns import Sealed
from assistant.ledger.values import REQUEST, Accepted, CaseState, DayLimits, Known, NewTurn, Reservation, Spent
from assistant.ledger.vault import Vault
from assistant.ledger.writer import Writer
from chains.errors import LedgerError
from chains.outcomes import Handoff, Outcome
from chains.record import HopRecord, Sha256, digest

OVERDUE = "This is taking too long, so a person will look at your request."
_POLL_S = 0.02
log = structlog.get_logger(__name__)


class Ledger(Reader):
    """A ledger open for reading and writing, by any number of processes at once.

    All writes go through one thread, in the order in which they were asked for. Every method but those that
    only queue raises `LedgerError` where the database fails, and then nothing of that call is stored.
    """

    def __init__(self, url: URL, engine: Engine, vault: Vault, clock: Callable[[], int]) -> None:
        super().__init__(url)
        self._vault = vault
        self._clock = clock
        self._writer = Writer(engine)
        self._kept: set[Sha256] = set()

    @classmethod
    def open(cls, where: str | Path, vault: Vault, clock: Callable[[], int] = time.time_ns) -> Self:
        """Open the ledger at a path or database URL; what is missing is made, what is old is migrated.

        `clock` gives nanoseconds since the Unix epoch, for audit entries.
        """
        url = locate(where)
        with explained(url):
            engine = writing_engine(url)
            migrate(engine)
        return cls(url, engine, vault, clock)

    def close(self) -> None:
        """Write what is queued, end the writing thread and let go of the database."""
        self._writer.close()
        super().close()

    @property
    def lost_records(self) -> int:
        """How many hop records could not be written since the ledger was opened."""
        return self._writer.lost_records

    async def known(self, site: str, key: str, body_sha256: str) -> Known | None:
        """The turn that an idempotency key made before; raises `IdempotencyConflict` for another body."""
        return await asyncio.to_thread(self._read_known, site, key, body_sha256)

    async def accept(self, new: NewTurn) -> Accepted | Known:
        """Store a new turn as open and withdraw the case's open ones, or find what its key made before.

        Raises `IdempotencyConflict` where the key came with another body, and `RequestRefused` for a case
        of another site (`unknown_case`) or one that has had its turns (`case_closed`).
        """
        try:
            request = REQUEST.dump_json(new.request).decode()
            sealed = {
                placeholder: Sealed(kind, self._vault.seal(original), self._vault.lookup(original))
                for placeholder, (kind, original) in new.contacts.items()
            }
        except ValueError as error:  # pydantic's and Python's error for what UTF-8 cannot hold
            raise LedgerError(
                f"The turn {new.turn_id} cannot be stored, because its text is not Unicode; clean it first."
            ) from error
        return await self._writer.run(lambda connection: turns.accept(connection, new, request, sealed))

    def append(self, record: HopRecord) -> None:
        """Queue a hop record; it is in the ledger before any outcome that is stored later.

        Never waits and never raises: what cannot be written is logged and counted in `lost_records`.
        """
        self._writer.append(record)

    async def close_turn(self, turn_id: str, outcome: Outcome, ended_ns: int, closed_by: str = "chain") -> bool:
        """Give a turn its outcome, redacted; True for the one call that did so, whoever else tries.

        A handoff is opened and a clarifying round counted in the same transaction.
        """
        return await self._writer.run(lambda connection: turns.end(connection, turn_id, outcome, ended_ns, closed_by))

    async def sweep(self, now_ns: int, text: str = OVERDUE, site: str | None = None) -> tuple[str, ...]:
        """End the turns whose deadline is past as handoffs that say `text`; the ids of those it ended."""
        outcome = Handoff(reason="overdue", text=text)
        ended: list[str] = []
        more = True
        while more:
            more, batch = await self._writer.run(
                lambda connection: turns.end_overdue(connection, now_ns, site, outcome)
            )
            ended += batch
        return tuple(ended)

    async def outcome_of(self, turn_id: str) -> Outcome | None:
        """How a turn ended; None while it is open, and for an unknown turn."""
        return await asyncio.to_thread(self.read_outcome, turn_id)

    async def wait_for_outcome(self, turn_id: str, timeout_s: float) -> Outcome | None:
        """How a turn ended, waiting for it up to `timeout_s` wherever it runs; None if it is open even then."""
        loop = asyncio.get_running_loop()
        until = loop.time() + timeout_s
        while True:
            outcome = await self.outcome_of(turn_id)
            if outcome is not None or loop.time() >= until:
                return outcome
            await asyncio.sleep(_POLL_S)

    async def case(self, case_id: str, site: str) -> CaseState | None:
        """Where a case of the site stands, or None where the site has no such case."""
        return await asyncio.to_thread(self.read_case, case_id, site)

    async def reveal(self, turn_id: str, actor: str, purpose: str) -> dict[str, str]:
        """The personal data of a turn by placeholder, without what was erased; audited before it is shown."""
        now_ns = self._clock()
        sealed = await self._writer.run(
            lambda connection: contacts.take_out(connection, turn_id, actor, purpose, now_ns)
        )
        if sealed is None:
            raise LedgerError(f"There is no turn {turn_id!r} in the ledger; look its id up in the list of turns.")
        return {placeholder: self._vault.open(ciphertext) for placeholder, ciphertext in sealed.items()}

    async def erase(self, address: str, actor: str = "operator") -> int:
        """Erase an e-mail address, telephone number or the like from all turns, audited; how often it stood there."""
        hashes, now_ns = self._vault.lookups(address), self._clock()
        return await self._writer.run(lambda connection: contacts.erase(connection, hashes, actor, now_ns))

    def put_artefact(self, kind: str, body: str) -> Sha256:
        """Queue a text that records name by its hash, such as a scope file or prompt; the hash.

        Never waits; what cannot be written is logged, and tried again when it is put again.
        """
        sha256 = digest(body)
        if sha256 not in self._kept:
            self._kept.add(sha256)
            self._writer.post(
                lambda connection: _keep(connection, sha256, kind, body),
                lambda error: self._artefact_lost(sha256, kind, error),
            )
        return sha256

    async def reserve(self, wanted: Reservation, limits: DayLimits) -> bool:
        """Set aside what a turn may spend on models, unless the site's day would pass a limit with it.

        Exact, however many processes do so at once. What a process that died had reserved stays counted in full.
        """
        now_ns = self._clock()
        return await self._writer.run(lambda connection: spend.reserve(connection, wanted, limits, now_ns))

    def post_reserve(self, wanted: Reservation) -> None:
        """Queue a reservation that no limit stands against; never waits, and what cannot be written is logged."""
        now_ns = self._clock()
        self._writer.post(
            lambda connection: _reserve_freely(connection, wanted, now_ns),
            lambda error: log.error("ledger_reservation_lost", turn_id=wanted.turn_id, error=str(error)),
        )

    def settle(self, turn_id: str, tokens: int, micro_usd: int, calls: int) -> None:
        """Queue what a turn really spent, in the place of what it reserved; only the first time counts.

        Never waits; where it cannot be written it is logged, and the reservation stays counted in full.
        """
        now_ns = self._clock()
        self._writer.post(
            lambda connection: spend.settle(
                connection, turn_id, tokens=tokens, micro_usd=micro_usd, calls=calls, now_ns=now_ns
            ),
            lambda error: log.error("ledger_settlement_lost", turn_id=turn_id, error=str(error)),
        )

    async def spent(self, site: str, day: str) -> Spent:
        """What a site spent on models on a day, YYYY-MM-DD in UTC; what is queued may be missing."""
        return await asyncio.to_thread(self.read_spent, site, day)

    async def ready(self) -> None:
        """Return if the ledger can be written to at this moment."""
        now_ns = self._clock()
        await self._writer.run(lambda connection: _probe(connection, now_ns))

    def _read_known(self, site: str, key: str, body_sha256: str) -> Known | None:
        with self._reading() as connection:
            return turns.known(connection, site, key, body_sha256)

    def _artefact_lost(self, sha256: Sha256, kind: str, error: LedgerError) -> None:
        self._kept.discard(sha256)
        log.error("ledger_artefact_lost", sha256=sha256, kind=kind, error=str(error))


def _keep(connection: Connection, sha256: Sha256, kind: str, body: str) -> None:
    if connection.scalar(select(artefacts.c.sha256).where(artefacts.c.sha256 == sha256)) is None:
        connection.execute(insert(artefacts), {"sha256": sha256, "kind": kind, "body": body})


def _reserve_freely(connection: Connection, wanted: Reservation, now_ns: int) -> None:
    spend.reserve(connection, wanted, DayLimits(), now_ns)


def _probe(connection: Connection, now_ns: int) -> None:
    """Write something and take it back."""
    attempt = connection.begin_nested()
    contacts.note(connection, at_ns=now_ns, actor="ledger", action="probe", subject="", detail={})
    attempt.rollback()
