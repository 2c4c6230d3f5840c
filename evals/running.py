"""Runs labelled cases through a chain, with the records of every hop kept in memory."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from chains.outcomes import Outcome
from chains.record import HopRecord
from chains.tools import identity_of
from chains.turn import Chain, Turn, run_turn
from evals.cases import Case
from moderation import inbound

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)  # answers that depend on the day stay the same


class MemoryLog:
    """Keeps hop records in a list."""

    def __init__(self) -> None:
        self.records: list[HopRecord] = []

    def append(self, record: HopRecord) -> None:
        """Keep one record."""
        self.records.append(record)


@dataclass(frozen=True)
class CaseRun:
    """A case, how it ended, the record of every hop, and what its placeholders stand for."""

    case: Case
    outcome: Outcome
    records: tuple[HopRecord, ...]
    originals: dict[str, str]

    def last(self, hop: str) -> HopRecord | None:
        """The last valid record of a hop, or None where the turn ended before it."""
        return next((record for record in reversed(self.records) if record.hop == hop and record.valid), None)


async def run_case(case: Case, chain: Chain) -> CaseRun:
    """Run one case as its turn would run live, but for the ledger."""
    log = MemoryLog()
    came_in = inbound(case.text, chain.scope.moderation)
    turn = Turn(
        turn_id=case.id,
        case_id=case.id,
        text=came_in.redacted.text,
        now=NOW,
        originals=came_in.originals,
        pii=came_in.redacted.kinds,
        identity=identity_of(came_in.originals, case.customer),
        customer=case.customer,
        products=(case.page,) if case.page else (),
        on_product=case.page is not None,
        origin="eval",
        eval_case_id=case.id,
        split=case.split,
        tags=case.tags,
    )
    outcome = await run_turn(turn, replace(chain, log=log))
    return CaseRun(case, outcome, tuple(log.records), came_in.originals)


def run_cases(cases: Iterable[Case], chain: Chain) -> tuple[CaseRun, ...]:
    """Run cases one after the other."""

    async def run_all() -> tuple[CaseRun, ...]:
        return tuple([await run_case(case, chain) for case in cases])

    return asyncio.run(run_all())
