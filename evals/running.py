"""Runs labelled cases through a chain, with the records of every hop kept in memory."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from time import perf_counter

from pydantic import JsonValue, TypeAdapter

from chains.outcomes import Decline, Handoff, Outcome
from chains.record import HopRecord, Sha256
from chains.tools import identity_of
from chains.turn import Chain, Turn, run_turn
from evals.cases import Case
from evals.results import CaseResult, HopResult, Score, Timing
from evals.run_folder import Done, without_chance
from moderation import checks_alone, inbound

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)  # answers that depend on the day stay the same
UNREACHED = frozenset(
    {"ModelBusy", "ModelDown", "ModelUnreached", "ModelLate", "CircuitOpen", "ModelMisconfigured", "NotOnCassette"}
)
"""The kinds of errors by which a model gave no reply that it could be judged by."""
_ENDINGS = {"failure": "a defect of our own", "overdue": "its deadline"}
OUTCOME: TypeAdapter[Outcome] = TypeAdapter(Outcome)


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


async def run_case(case: Case, chain: Chain, run_id: str | None = None) -> CaseRun:
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
        run_id=run_id,
        eval_case_id=case.id,
        split=case.split,
        tags=case.tags,
    )
    with checks_alone():
        outcome = await run_turn(turn, replace(chain, log=log))
    return CaseRun(case, outcome, tuple(log.records), came_in.originals)


def run_cases(cases: Iterable[Case], chain: Chain) -> tuple[CaseRun, ...]:
    """Run cases one after the other."""

    async def run_all() -> tuple[CaseRun, ...]:
        return tuple([await run_case(case, chain) for case in cases])

    return asyncio.run(run_all())


Scoring = Callable[[CaseRun, str | None], tuple[Score, ...]]
"""What is said of a run of a case; the second argument is why there is no result, if there is none."""


@dataclass(frozen=True)
class WholeChain:
    """Runs cases through a whole chain, and scores them."""

    chain: Chain
    run_id: str
    score: Scoring

    async def done(self, case: Case, key: Sha256, repeat: int) -> Done:
        """One case with its result."""
        started = perf_counter()
        run = await run_case(case, self.chain, self.run_id)
        latency_ms = (perf_counter() - started) * 1000
        refused = isinstance(run.outcome, Decline | Handoff) and run.outcome.reason == "moderation"
        records = without_chance(run.records, key, refused=refused)
        error = why_no_result(records) or _why_no_ending(run.outcome)
        result = CaseResult(
            key=key,
            run_id=self.run_id,
            case_id=case.id,
            repeat=repeat,
            split=case.split,
            tags=case.tags,
            text=text_of(records),
            outcome=None if error else _json(run.outcome),
            hops=tuple(hop_result(record) for record in records),
            scores=self.score(replace(run, records=records), error),
            error=error,
        )
        return Done(result, records, timing_of(key, latency_ms, run.records))


def why_no_result(records: Iterable[HopRecord]) -> str | None:
    """Why nothing can be said of a case, as a sentence: a model that was not reached is not to be judged."""
    failed = next((record for record in records if record.error_type in UNREACHED), None)
    return f"The model {failed.model} gave no reply at the hop {failed.hop} ({failed.error_type})." if failed else None


def _why_no_ending(outcome: Outcome) -> str | None:
    if isinstance(outcome, Handoff) and outcome.reason in _ENDINGS:
        return f"The turn ended in a hand-off by {_ENDINGS[outcome.reason]}."
    return None


def hop_result(record: HopRecord) -> HopResult:
    """A record in short."""
    return HopResult(
        hop=record.hop,
        attempt=record.attempt,
        tier=record.tier,
        provider=record.provider,
        model=record.model,
        status=record.status,
        valid=record.valid,
        repaired=record.repaired,
        decides=record.decides,
        error_type=record.error_type,
        certainty=record.certainty,
        served_from=record.served_from,
        request_key=record.request_key,
        usage=record.usage,
        cost_usd=record.cost_usd,
        parsed=record.parsed,
    )


def text_of(records: Sequence[HopRecord]) -> str:
    """The redacted text that the first hop was given; empty where it is given none."""
    return str(records[0].input.get("text", "")) if records else ""


def timing_of(key: Sha256, latency_ms: float, records: Sequence[HopRecord]) -> Timing:
    """How long a case took, and each of its hops."""
    hops: dict[str, float] = {}
    for record in records:
        hops[record.hop] = round(hops.get(record.hop, 0.0) + record.latency_ms, 3)
    return Timing(key=key, latency_ms=round(latency_ms, 3), hops=hops)


def _json(outcome: Outcome) -> JsonValue:
    value: JsonValue = OUTCOME.dump_python(outcome, mode="json")
    return value
