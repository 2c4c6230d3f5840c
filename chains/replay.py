"""Runs one recorded hop again: same typed input, everything upstream frozen, another model if one is given.

With the model that made the record the output is identical. Function calls are answered from the record;
a call that the record does not hold is a miss, told apart from a failure by its sentence, `MISS`.
"""

from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel, JsonValue, ValidationError
from pydantic_core import to_json

from chains.allowance import Allowance
from chains.attempt import SETTLED, Asked, ask, settled
from chains.claims import Draft
from chains.contract import Contract
from chains.errors import ReplayError, ToolFailed
from chains.facts import Evidence
from chains.hops import grounding, intent, lookup, moderation, outbound, response
from chains.messages import (
    GroundingInput,
    Intent,
    IntentInput,
    LookupInput,
    ModerationInput,
    OutboundInput,
    Plan,
    ResponseInput,
)
from chains.ports import Cascade, HopLog, HopModel
from chains.record import CalledTool, HopRecord
from chains.scope import Scope
from chains.tools import Caller, Identity
from chains.trail import Frame, Trail
from chains.turn import Chain

GivenT = TypeVar("GivenT", bound=Contract)
_INTENTS_SERVED = 2  # by one turn at most
MISS = "This call is not in the record that is replayed."


@dataclass(frozen=True)
class Replayed:
    """A replay's new record, whether its output equals the old one's, and how many calls the record lacked."""

    record: HopRecord
    same: bool
    misses: int = 0


class RecordedToolbox:
    """Answers function calls from a record, by name and arguments."""

    def __init__(self, calls: tuple[CalledTool, ...]) -> None:
        self._calls = calls

    async def run(self, name: str, arguments: BaseModel, caller: Caller) -> Evidence:  # noqa: ARG002 - a Toolbox
        """The recorded result; raises `ToolFailed` with the recorded error, or with `MISS`."""
        for call in self._calls:
            if call.name == name and _read(call.arguments, type(arguments)) == arguments:
                if call.result is None:
                    raise ToolFailed(call.error or MISS)
                return call.result
        raise ToolFailed(MISS)


def _read(recorded: dict[str, JsonValue], arguments: type[BaseModel]) -> BaseModel | None:
    """Recorded arguments with their defaults filled in, or None where the tool takes others by now."""
    try:
        return arguments.model_validate_json(to_json(recorded))
    except ValidationError:
        return None


async def replay(record: HopRecord, chain: Chain, log: HopLog, run_id: str | None = None) -> Replayed:
    """Run a recorded hop again on a chain's models; raises `ReplayError` where the record cannot be read.

    The chain may differ from the one that made the record: that is the point. The new record has origin
    `replay` and names the old one; where the model is asked twice again, it is that of the same attempt.
    """
    trail = Trail(_frame(record, chain, run_id), log)
    toolbox = RecordedToolbox(record.tool_calls)
    try:
        await _again(record, chain, trail, toolbox)
    except ValidationError as error:
        raise ReplayError(
            f"The record {record.event_id} cannot be replayed: its {record.hop} input does not fit this version "
            f"(problems: {error.error_count()}); it was made by version {record.app_version}."
        ) from None
    again = next((one for one in reversed(trail.records) if one.attempt == record.attempt), trail.records[-1])
    misses = sum(call.error == MISS for call in again.tool_calls)
    return Replayed(again, same=again.parsed == record.parsed, misses=misses)


async def _again(record: HopRecord, chain: Chain, trail: Trail, toolbox: RecordedToolbox) -> None:
    """Ask the hop's model as the turn did; every guard is the live one."""
    allowance = Allowance(chain.scope.budget)
    match record.hop:
        case "moderation":
            await moderation.moderate(_given(record, ModerationInput), _layer(record, chain), trail, allowance)
        case "intent":
            models = _models(record, chain.intent_model, Intent)
            await intent.name_intents(_given(record, IntentInput), models, chain.scope, trail, allowance)
        case "lookup":
            by = lookup.Looking(chain.scope, toolbox, _caller(record, chain.scope), trail, allowance)
            planners = _models(record, chain.planner, Plan)
            again = lookup.plan_once if _was_carried_out(record) else lookup.guess_plan
            await again(_given(record, LookupInput), planners, by)
        case "response":
            given = _given(record, ResponseInput)
            context = response.DraftContext(given.evidence, given.intents)
            responders = _models(record, chain.responder, Draft)
            asked = Asked("response", given, Draft, responders, response.GUARD, context)
            await ask(asked, trail, allowance)
        case "grounding":
            await grounding.ground_draft(_given(record, GroundingInput), trail, allowance)
        case _:
            leaving = _given(record, OutboundInput)
            # The originals are in no record; the checks hold for whatever the customer's own data was.
            originals = dict.fromkeys(leaving.placeholders, "…")
            await outbound.may_leave(leaving, chain.scope, originals, trail, allowance)


def _given(record: HopRecord, kind: type[GivenT]) -> GivenT:
    """The recorded input as the hop's typed input."""
    return kind.model_validate_json(to_json(record.input))


def _models(record: HopRecord, models: Cascade[GivenT], output: type[BaseModel]) -> Cascade[GivenT]:
    """The model that made the record, or all of them where the chain has it no more.

    An output that was settled before it was recorded has no model; it is there again.
    """
    if record.model == SETTLED.name and record.parsed is not None:
        return Cascade.of(settled(output.model_validate_json(to_json(record.parsed))))
    return models.only(record.model)


def _was_carried_out(record: HopRecord) -> bool:
    """Whether what a recorded plan called was carried out; a guess was not, nor a plan too unsure to go on with."""
    calls = record.parsed.get("calls") if isinstance(record.parsed, dict) else None
    return bool(record.tool_calls) or (not calls and len(_given(record, LookupInput).intents) <= _INTENTS_SERVED)


def _layer(record: HopRecord, chain: Chain) -> tuple[HopModel[ModerationInput], ...]:
    """The moderation layer that made the record, or all of them where the chain has it no more."""
    same = tuple(layer for layer in chain.moderators if layer.card.name == record.model)
    return same or chain.moderators


def _caller(record: HopRecord, scope: Scope) -> Caller:
    """The recorded identity level; whose it was is in no record and is not needed to answer from one."""
    return Caller(site=scope.site.id, identity=_identity(record), now=record.now, originals={})


def _identity(record: HopRecord) -> Identity:
    for level in Identity:
        if level.name.lower() == record.identity:
            return level
    raise ReplayError(
        f"The record {record.event_id} cannot be replayed: its identity {record.identity!r} is not a level of "
        "this version."
    )


def _frame(record: HopRecord, chain: Chain, run_id: str | None) -> Frame:
    return Frame(
        turn_id=record.turn_id,
        case_id=record.case_id,
        site=record.site,
        trace_id=record.trace_id,
        app_version=chain.app_version,
        identity=_identity(record),
        locale=record.locale,
        now=record.now,
        scope_sha256=chain.scope_sha256,
        catalog_version=chain.catalog_version,
        redaction=record.redaction,
        origin="replay",
        run_id=run_id,
        eval_case_id=record.eval_case_id,
        split=record.split,
        tags=record.tags,
        replay_of=record.event_id,
        frozen=tuple(up.model_copy(update={"frozen": True}) for up in record.upstream),
    )
