"""Asks the models of a hop for its output, and holds every reply to the hop's contract.

Models are asked in the order of their cascade. Each is asked at most once more where its reply was refused, with what
was wrong with it; then the next one is asked.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar

from pydantic import BaseModel

from chains.allowance import Allowance
from chains.contract import Contract
from chains.errors import ModelFailed, ModelRefused
from chains.messages import HopName
from chains.ports import Cascade, HopModel, ModelCard, Questioner, Repair, Reply, Tier
from chains.record import CalledTool
from chains.trail import Attempted, Trail, certainty_of
from moderation import Judged

_OWN_TIME_S = 0.1  # a model that asks somebody else keeps to its time by itself, and then can say how often it asked
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
    """One hop to be served: its name, typed input, output type, models, guard, and the guard's context."""

    hop: HopName
    given: InT
    output: type[OutT]
    models: Cascade[InT]
    guard: Judge[OutT, ContextT]
    context: ContextT


CarryOut = Callable[[OutT], Awaitable[Carried]]


async def ask(
    asked: Asked[InT, OutT, ContextT], trail: Trail, allowance: Allowance, carry_out: CarryOut[OutT] | None = None
) -> OutT | None:
    """The output of the first model that is valid and certain enough; every attempt is recorded.

    None where every model failed, was late, or was wrong twice. `carry_out` runs on the output that decides, inside
    the same record.
    """
    unsure: OutT | None = None
    for place, tier in enumerate(asked.models.tiers):
        one = _Attempts(asked, tier, place, trail, allowance, carry_out)
        value = await one.made()
        if value is not None and one.decides(value):
            return value
        unsure = value if unsure is None else unsure
    last = _last(asked.models, unsure)
    if last is None:
        return None
    return await _Attempts(asked, Tier(last), len(asked.models.tiers), trail, allowance, carry_out).made()


def _last(models: Cascade[InT], unsure: OutT | None) -> HopModel[InT] | None:
    """What serves where no tier decided: what an unsure one said, else a model that was not asked yet."""
    if models.last is None or any(tier.model is models.last for tier in models.tiers if unsure is None):
        return None
    return models.last if unsure is None else settled(unsure)


class _Attempts(Generic[InT, OutT, ContextT]):
    """The one or two attempts of one model at one hop."""

    def __init__(  # noqa: PLR0917 - what one attempt needs, for one place alone
        self,
        asked: Asked[InT, OutT, ContextT],
        tier: Tier[InT],
        place: int,
        trail: Trail,
        allowance: Allowance,
        carry_out: CarryOut[OutT] | None,
    ) -> None:
        self._asked = asked
        self._tier = tier
        self._place = place
        self._trail = trail
        self._allowance = allowance
        self._carry_out = carry_out

    def decides(self, value: OutT) -> bool:
        """Whether this output is certain enough to go on with."""
        threshold = self._tier.threshold
        return threshold is None or (certainty_of(value) or 0.0) >= threshold

    async def made(self) -> OutT | None:
        """The model's valid output, or None where it failed or was wrong twice."""
        repair: Repair | None = None
        for number in (1, 2):
            value, failed = await self._attempt(number, repair)
            if value is not None or failed is None or not self._tier.model.card.repairs:
                return value
            repair = failed
        return None

    async def _attempt(self, number: int, repair: Repair | None) -> tuple[OutT | None, Repair | None]:
        """One attempt with its record: the valid output, or what there is to repair."""
        asked, card = self._asked, self._tier.model.card
        kept = Attempted(
            hop=asked.hop,
            number=number,
            given=asked.given,
            card=card,
            output=asked.output,
            started_ns=time.time_ns(),
            reply=None,
            value=None,
            tier=self._place,
            threshold=self._tier.threshold,
            decides=False,
        )
        with self._kept_if_cancelled(kept, repair):
            try:
                timeout_s = self._allowance.hop_s(local=card.is_local)
                async with asyncio.timeout(timeout_s if card.is_local else timeout_s + _OWN_TIME_S):
                    reply = await self._tier.model.propose(asked.given, repair, self._allowance)
            except (Exception, asyncio.CancelledError) as error:  # however a model fails, the hop has a fallback
                if _is_called_off(error):
                    raise
                self._trail.keep(_failed(self._asked_in_vain(kept, repair), error))
                return None, None
        kept = replace(kept, reply=reply)
        with self._kept_if_cancelled(kept, repair):
            judged = await asked.guard.judge(reply.raw, asked.context)
            value = judged.value
            decides = value is not None and self.decides(value)
            carried = await self._carry_out(value) if value is not None and decides and self._carry_out else Carried()
        self._trail.keep(
            replace(
                kept,
                value=value,
                failures=judged.failures,
                decides=decides,
                tool_calls=carried.tool_calls,
                facts=carried.facts,
            )
        )
        return value, Repair(raw=reply.raw, failures=judged.failures)

    @contextlib.contextmanager
    def _kept_if_cancelled(self, kept: Attempted, repair: Repair | None) -> Iterator[None]:
        """A record of what was under way when the turn ended, or when this hop was not needed any more."""
        try:
            yield
        except asyncio.CancelledError:
            self._trail.keep(replace(self._asked_in_vain(kept, repair), error_type="Cancelled"))
            raise

    def _asked_in_vain(self, kept: Attempted, repair: Repair | None) -> Attempted:
        """The attempt with what the model was asked, where it can say that and there is no reply that does."""
        model = self._tier.model
        if kept.reply is not None or not isinstance(model, Questioner):
            return kept
        with contextlib.suppress(Exception):  # a record without messages is better than none
            return replace(kept, reply=model.question(self._asked.given, repair))
        return kept


def _is_called_off(error: BaseException) -> bool:
    """Whether this hop itself was cancelled, and not only something that its model waited for."""
    task = asyncio.current_task()
    return isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling() > 0


def _failed(kept: Attempted, error: BaseException) -> Attempted:
    """A failed attempt by its kind, and by our own sentence: what other errors say may hold the customer's text."""
    failed = replace(kept, error_type=type(error).__name__, refused=isinstance(error, ModelRefused))
    if not isinstance(error, ModelFailed):
        return failed
    reply = failed.reply and replace(failed.reply, retries=max(error.requests - 1, 0))
    return replace(failed, reply=reply, error=str(error))


class CodeModel(Generic[InT]):
    """A hop that code alone serves, as a model like any other: same guard, same record."""

    def __init__(self, card: ModelCard, run: Callable[[InT], BaseModel]) -> None:
        self.card = card
        self._run = run

    async def propose(
        self,
        given: InT,
        repair: Repair | None = None,  # noqa: ARG002 - code has no second try
        allowance: Allowance | None = None,  # noqa: ARG002 - nor does it cost anything
    ) -> Reply:
        """Run the code and reply with its output as JSON."""
        return Reply(raw=self._run(given).model_dump_json())


SETTLED = ModelCard("hopdesk", "settled/1", "rules")


def settled(value: BaseModel) -> CodeModel[InT]:
    """An output that is there already, as a model: it is judged and recorded where it is put to use."""
    return CodeModel(SETTLED, lambda _given: value)
