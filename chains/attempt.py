"""Asks a model for a hop's output, holds the reply to the hop's contract, and asks at most once more."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from pydantic import BaseModel

from chains.contract import Contract
from chains.messages import HopName
from chains.ports import HopModel, ModelCard, Repair, Reply
from chains.record import CalledTool
from chains.trail import Attempted, Trail
from moderation import Failure, Judged

InT = TypeVar("InT", bound=Contract)
OutT = TypeVar("OutT", bound=BaseModel)
ContextT = TypeVar("ContextT")
JudgingT_contra = TypeVar("JudgingT_contra", contravariant=True)
JudgedT = TypeVar("JudgedT", bound=BaseModel)


class Judge(Protocol[JudgedT, JudgingT_contra]):
    """A contract's guard: untrusted JSON in, a typed value or failures out."""

    async def judge(self, raw: str, context: JudgingT_contra) -> Judged[JudgedT]:
        """Judge one reply against what it must be held to."""
        ...


@dataclass(frozen=True)
class Carried:
    """What was done with an accepted output before its record was closed."""

    tool_calls: tuple[CalledTool, ...] = ()
    facts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Asked(Generic[InT, OutT, ContextT]):
    """One hop to be served: its name, typed input, output type, model, guard, and the guard's context."""

    hop: HopName
    given: InT
    output: type[OutT]
    model: HopModel[InT]
    guard: Judge[OutT, ContextT]
    context: ContextT


async def ask(
    asked: Asked[InT, OutT, ContextT],
    trail: Trail,
    timeout_s: float,
    carry_out: Callable[[OutT], Awaitable[Carried]] | None = None,
) -> OutT | None:
    """The hop's valid output, or None where the model failed, was late, or was wrong twice; all of it recorded.

    `timeout_s` bounds each call of the model. `carry_out` runs on the accepted output, inside the same record.
    """
    repair: Repair | None = None
    for number in (1, 2):
        started_ns = time.time_ns()
        reply, error_type = await _propose(asked, repair, timeout_s)
        value, failures = await _judge(asked, reply)
        carried = await carry_out(value) if value is not None and carry_out else Carried()
        trail.keep(
            Attempted(
                hop=asked.hop,
                number=number,
                given=asked.given,
                card=asked.model.card,
                output=asked.output,
                started_ns=started_ns,
                reply=reply,
                value=value,
                failures=failures,
                error_type=error_type,
                tool_calls=carried.tool_calls,
                facts=carried.facts,
            )
        )
        if value is not None or reply is None or not asked.model.card.repairs:
            return value
        repair = Repair(raw=reply.raw, failures=failures)
    return None


async def _propose(
    asked: Asked[InT, OutT, ContextT], repair: Repair | None, timeout_s: float
) -> tuple[Reply | None, str | None]:
    try:
        async with asyncio.timeout(timeout_s):
            return await asked.model.propose(asked.given, repair), None
    except Exception as error:  # noqa: BLE001 - a model is a stranger: however it fails, the hop has a fallback
        return None, type(error).__name__


async def _judge(asked: Asked[InT, OutT, ContextT], reply: Reply | None) -> tuple[OutT | None, tuple[Failure, ...]]:
    if reply is None:
        return None, ()
    judged = await asked.guard.judge(reply.raw, asked.context)
    return judged.value, judged.failures


class CodeModel(Generic[InT]):
    """A hop that code alone serves, as a model like any other: same guard, same record."""

    def __init__(self, card: ModelCard, run: Callable[[InT], BaseModel]) -> None:
        self.card = card
        self._run = run

    async def propose(self, given: InT, repair: Repair | None = None) -> Reply:  # noqa: ARG002 - code has no second try
        """Run the code and reply with its output as JSON."""
        return Reply(raw=self._run(given).model_dump_json())
