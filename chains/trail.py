"""Writes one hop record per attempt, in order, for one turn."""

import time
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache

from pydantic import BaseModel, JsonValue, ValidationError
from pydantic_core import to_json
from ulid import ULID

from chains.contract import Contract
from chains.messages import HOPS, HopName
from chains.ports import HopLog, ModelCard, Reply
from chains.record import CalledTool, HopRecord, Origin, Redaction, Sha256, Status, Upstream, digest
from chains.tools import Identity
from moderation import Failure


@dataclass(frozen=True)
class Frame:
    """What every record of one turn says alike."""

    turn_id: str
    case_id: str
    site: str
    trace_id: str
    app_version: str
    identity: Identity
    locale: str
    now: datetime
    scope_sha256: Sha256
    catalog_version: str
    redaction: Redaction
    origin: Origin = "live"
    run_id: str | None = None
    eval_case_id: str | None = None
    split: str | None = None
    tags: tuple[str, ...] = ()
    replay_of: str | None = None
    frozen: tuple[Upstream, ...] = ()


@dataclass(frozen=True)
class Attempted:
    """One attempt as it happened: what was asked of which model, and what came back."""

    hop: HopName
    number: int
    given: Contract
    card: ModelCard
    output: type[BaseModel]
    started_ns: int
    reply: Reply | None
    value: BaseModel | None
    failures: tuple[Failure, ...] = ()
    error_type: str | None = None
    error: str | None = None
    refused: bool = False
    tier: int = 0
    threshold: float | None = None
    decides: bool = True
    tool_calls: tuple[CalledTool, ...] = ()
    facts: tuple[str, ...] = ()


class Trail:
    """The records of one turn, in the order in which they were made."""

    def __init__(self, frame: Frame, log: HopLog) -> None:
        self.frame = frame
        self.records: list[HopRecord] = []
        self._log = log
        self._latest: dict[HopName, Upstream] = {}

    def keep(self, attempt: Attempted) -> HopRecord:
        """Make the attempt's record, send it to the log, and name it as upstream of what follows."""
        try:
            record = self._record(attempt)
        except ValidationError:  # what a model says of its reply may be of any kind; what was made of it is not
            record = self._record(replace(attempt, reply=None))
        self.records.append(record)
        self._log.append(record)
        output = to_json(record.parsed).decode()
        self._latest[attempt.hop] = Upstream(hop=attempt.hop, event_id=record.event_id, output_sha256=digest(output))
        return record

    def _before(self, hop: HopName) -> tuple[Upstream, ...]:
        """The latest record of each hop that comes before this one; what runs beside it is not given to it."""
        return tuple(up for name, up in self._latest.items() if HOPS.index(name) < HOPS.index(hop))

    def _record(self, attempt: Attempted) -> HopRecord:
        frame, reply, card = self.frame, attempt.reply or Reply(raw=""), attempt.card
        given: dict[str, JsonValue] = attempt.given.model_dump(mode="json")
        schema = _schema_sha256(attempt.output)
        return HopRecord(
            event_id=str(ULID()),
            trace_id=frame.trace_id,
            span_id=ULID().hex[16:],
            case_id=frame.case_id,
            turn_id=frame.turn_id,
            site=frame.site,
            app_version=frame.app_version,
            contract=f"{attempt.output.__name__}/1",
            hop=attempt.hop,
            hop_index=len(self.records),
            attempt=attempt.number,
            tier=attempt.tier,
            threshold=attempt.threshold,
            certainty=certainty_of(attempt.value),
            decides=attempt.decides,
            op=card.op,
            origin=frame.origin,
            run_id=frame.run_id,
            eval_case_id=frame.eval_case_id,
            split=frame.split,
            tags=frame.tags,
            input=given,
            identity=frame.identity.name.lower(),
            locale=frame.locale,
            now=frame.now,
            replay_of=frame.replay_of,
            upstream=frame.frozen or self._before(attempt.hop),
            provider=card.provider,
            model=card.name,
            model_sha256=card.sha256,
            params=reply.params,
            prompt=reply.prompt,
            input_messages=reply.input_messages,
            tools=reply.tools,
            output_schema_sha256=schema,
            sent_schema_sha256=reply.sent_schema_sha256,
            request_key=_request_key(card, reply, given, schema, attempt.number),
            output_messages=reply.output_messages,
            response_id=reply.response_id,
            response_model=reply.response_model,
            finish_reasons=reply.finish_reasons,
            parsed=attempt.value.model_dump(mode="json") if attempt.value else None,
            valid=attempt.value is not None,
            validation_errors=attempt.failures,
            repaired=attempt.number > 1 and attempt.value is not None,
            tool_calls=attempt.tool_calls,
            facts=attempt.facts,
            started_ns=attempt.started_ns,
            ended_ns=time.time_ns(),
            ttft_ms=reply.ttft_ms,
            usage=reply.usage,
            usage_raw=reply.usage_raw,
            cost_usd=reply.cost_usd,
            price_table_sha256=reply.price_table_sha256,
            served_from=reply.served_from or card.served_from,
            retries=reply.retries,
            status=_status(attempt),
            error_type=attempt.error_type,
            error=attempt.error,
            redaction=frame.redaction,
            scope_sha256=frame.scope_sha256,
            catalog_sha256=frame.catalog_version,
        )


def certainty_of(value: BaseModel | None) -> float | None:
    """How certain a model is of its output; None where it cannot tell, or where the contract has no such thing."""
    return getattr(value, "certainty", None)


def _status(attempt: Attempted) -> Status:
    if attempt.error_type:
        return "refused" if attempt.refused else "error"
    return "ok" if attempt.value is not None else "invalid"


def _request_key(card: ModelCard, reply: Reply, given: dict[str, JsonValue], schema: Sha256, number: int) -> Sha256:
    """Content address of a request: model, parameters, messages or else the typed input, tools, schemas, repeat."""
    asked = reply.input_messages or given
    model = [card.provider, card.name, card.sha256, reply.params]
    return digest(to_json([*model, asked, reply.tools, schema, reply.sent_schema_sha256, number]).decode())


@lru_cache(maxsize=64)
def _schema_sha256(output: type[BaseModel]) -> Sha256:
    return digest(to_json(output.model_json_schema()).decode())
