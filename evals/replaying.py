"""Runs one hop again over hop records, everything before it frozen as it was recorded."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from time import perf_counter
from typing import TypeVar, get_args

from pydantic import ValidationError

from chains.attempt import SETTLED
from chains.contract import Contract
from chains.errors import HopdeskError, ReplayError
from chains.messages import HopName
from chains.ports import Cascade
from chains.record import HopRecord, Sha256
from chains.replay import Replayed, replay
from chains.turn import Chain
from evals.cases import Split, first_problem
from evals.results import CaseResult, Score
from evals.run_folder import Done, without_chance
from evals.running import MemoryLog, hop_result, text_of, timing_of, why_no_result
from moderation import checks_alone

GivenT = TypeVar("GivenT", bound=Contract)
_SPLITS: tuple[Split, ...] = get_args(Split)


@dataclass(frozen=True)
class Recorded:
    """A record to run again, with the hash of the line that it was read from."""

    record: HopRecord
    sha256: Sha256

    @property
    def case_id(self) -> str:
        """The case that it belongs to: a labelled one, or else the turn."""
        return self.record.eval_case_id or self.record.turn_id


def read_recorded(path: Path, hop: HopName, chain: Chain) -> Iterator[Recorded]:
    """The records of a hop in a file of JSON Lines that are to be run again, one after the other.

    Each model's first attempt is, because the second follows from it; where the chain has a model no more, all of the
    chain's are asked in its place, once for each turn. What was called off, or settled without a model, is not.
    Raises `HopdeskError` naming the line that is no hop record.
    """
    named, models = _naming(hop), _models(hop, chain)
    for number, line in enumerate(_lines(path), start=1):
        if named.search(line) is None:
            continue
        record = _record(line, path, number)
        if record.hop == hop and _is_wanted(record, models):
            yield Recorded(record, sha256(line.strip()).hexdigest())


def read_all_recorded(path: Path) -> Iterator[HopRecord]:
    """All records in a file of JSON Lines; raises `HopdeskError` naming the line that is no hop record."""
    for number, line in enumerate(_lines(path), start=1):
        yield _record(line, path, number)


def _record(line: bytes, path: Path, number: int) -> HopRecord:
    try:
        return HopRecord.model_validate_json(line)
    except ValidationError as error:
        raise HopdeskError(f"{path} line {number}: {first_problem(error)}.") from None


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            yield from file
    except OSError as error:
        raise HopdeskError(f"{path}: the records cannot be read ({error.strerror}).") from None


def look_through(path: Path, hop: HopName) -> tuple[Sha256, int]:
    """The hash of a file of records, and how many of its lines name a hop; not all of these are run again."""
    named, digest, count = _naming(hop), sha256(), 0
    for line in _lines(path):
        digest.update(line)
        count += named.search(line) is not None
    return digest.hexdigest(), count


def _naming(hop: HopName) -> re.Pattern[bytes]:
    return re.compile(rb'"hop":\s*"%s"' % hop.encode())


def _models(hop: HopName, chain: Chain) -> frozenset[str]:
    """The names of the models that serve a hop; of a hop that is code alone there is always the one."""
    match hop:
        case "moderation":
            return frozenset(layer.card.name for layer in chain.moderators)
        case "intent":
            return _names(chain.intent_model)
        case "lookup":
            return _names(chain.planner)
        case "response":
            return _names(chain.responder)
        case _:
            return frozenset()


def _names(cascade: Cascade[GivenT]) -> frozenset[str]:
    models = (*(tier.model for tier in cascade.tiers), *((cascade.last,) if cascade.last else ()))
    return frozenset(model.card.name for model in models)


def _is_wanted(record: HopRecord, models: frozenset[str]) -> bool:
    if record.attempt > 1 or record.model == SETTLED.name or record.error_type == "Cancelled":
        return False
    return record.tier == 0 or record.model in models


@dataclass(frozen=True)
class OneHop:
    """Runs recorded hops again on a chain, and scores them by what was recorded."""

    chain: Chain
    run_id: str

    async def done(self, recorded: Recorded, key: Sha256, repeat: int) -> Done:
        """One record run again, with its result."""
        record, log = recorded.record, MemoryLog()
        started = perf_counter()
        try:
            with checks_alone():
                replayed, error = await replay(record, self.chain, log, self.run_id), None
        except ReplayError as failed:
            replayed, error = None, str(failed)
        latency_ms = (perf_counter() - started) * 1000
        records = without_chance(log.records, key)
        error = error or why_no_result(records)
        result = CaseResult(
            key=key,
            run_id=self.run_id,
            case_id=recorded.case_id,
            repeat=repeat,
            split=next((split for split in _SPLITS if split == record.split), "dev"),
            tags=record.tags,
            text=text_of([record]),
            hops=tuple(hop_result(one) for one in records),
            scores=_scores(record.hop, replayed, error),
            error=error,
        )
        return Done(result, records, timing_of(key, latency_ms, log.records))


def _scores(hop: HopName, replayed: Replayed | None, error: str | None) -> tuple[Score, ...]:
    """Whether the output equals the recorded one, whether it is valid, and how many calls the record lacks."""
    if replayed is None or error is not None:
        return tuple(Score(scorer=name, hop=hop, label="error", critique=error) for name in ("same", "valid"))
    same = Score(scorer="same", hop=hop, label="pass" if replayed.same else "fail")
    valid = Score(scorer="valid", hop=hop, label="pass" if replayed.record.valid else "fail")
    if hop != "lookup":
        return same, valid
    missed = Score(
        scorer="misses",
        hop=hop,
        label="unsure" if replayed.misses else "pass",
        value=replayed.misses,
        critique="These calls are not in the record, so what they find is not known." if replayed.misses else None,
    )
    return same, valid, missed
