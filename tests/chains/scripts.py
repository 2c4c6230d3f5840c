"""Models that reply by a script, the log that their records go to, and the allowance that they are asked with."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Generic, TypeVar

from pydantic import BaseModel

from chains.allowance import Allowance
from chains.contract import Contract
from chains.errors import ModelFailed
from chains.ports import ModelCard, Repair, Reply
from chains.record import HopRecord, Op
from chains.scope import Budget
from moderation import Verdict

T = TypeVar("T")
GivenT = TypeVar("GivenT", bound=Contract)


class MemoryLog:
    """Hop records in a list."""

    def __init__(self) -> None:
        self.records: list[HopRecord] = []

    def append(self, record: HopRecord) -> None:
        self.records.append(record)

    def hops(self) -> list[str]:
        """Each attempt as `hop`, a second one as `hop 2`."""
        return [r.hop if r.attempt == 1 else f"{r.hop} {r.attempt}" for r in self.records]


@dataclass(frozen=True)
class Late:
    """A reply that never comes; the event loop's clock is put forward by `by_s`, so that nobody waits for it."""

    by_s: float = 0

    async def wait(self) -> None:
        put_forward(self.by_s)
        await asyncio.Event().wait()


@dataclass(frozen=True)
class Hanging:
    """A reply that never comes, whose waiting costs no time: the loop's clock jumps to whatever is due next."""

    async def wait(self) -> None:
        skip_waiting()
        await asyncio.Event().wait()


def skip_waiting() -> None:
    """Let the running loop's clock jump to the next thing that is due, wherever it would wait for it."""
    loop = asyncio.get_running_loop()
    selector = vars(loop)["_selector"]
    select = type(selector).select

    def jump(timeout: float | None = None) -> object:
        put_forward(timeout or 0)
        return select(selector, timeout and 0)

    selector.select = jump


def put_forward(by_s: float) -> None:
    """Put the running loop's clock forward; what was due by then is due now."""
    loop = asyncio.get_running_loop()
    before = loop.time
    vars(loop)["time"] = lambda: before() + by_s


Scripted = BaseModel | str | Exception | Late | Hanging


class Script(Generic[GivenT]):
    """A model that gives one reply when it is asked, and another (or the same) when it is asked once more.

    `before` is awaited before it replies. `round_two` is its reply to a second round of a lookup. A `remote` model
    costs a call of `TOKENS` and `USD`.
    """

    def __init__(
        self,
        first: Scripted,
        second: Scripted | None = None,
        *,
        op: Op = "chat",
        name: str = "script",
        remote: bool = False,
        before: Callable[[], Awaitable[object]] | None = None,
        round_two: Scripted | None = None,
    ) -> None:
        self.card = ModelCard(
            "fake",
            name,
            op,
            repairs=True,
            rounds=round_two is not None,
            served_from="provider" if remote else "embedded",
        )
        self.given: list[GivenT] = []
        self.repairs: list[Repair | None] = []
        self._first, self._second = first, first if second is None else second
        self._before = before
        self._round_two = first if round_two is None else round_two

    async def propose(self, given: GivenT, repair: Repair | None = None, allowance: Allowance | None = None) -> Reply:
        self.given.append(given)
        self.repairs.append(repair)
        if allowance and not self.card.is_local:
            allowance.settle(allowance.take(2 * TOKENS, 2 * USD), TOKENS, USD)
        if self._before:
            await self._before()
        first = self._round_two if getattr(given, "results", ()) else self._first
        reply = first if repair is None else self._second
        match reply:
            case Late() | Hanging():
                await reply.wait()
                raise AssertionError("nobody sets this event")
            case Exception():
                raise reply
            case BaseModel():
                return Reply(raw=reply.model_dump_json())
            case _:
                return Reply(raw=reply)


TOKENS = 100
USD = Decimal("0.001")
DOWN = ModelFailed("The model is down.")
ALLOWED = Verdict(action="allow", layer="model")


def within(work: Callable[[Allowance], Awaitable[T]], budget: Budget | None = None) -> T:
    """What this work comes to in a loop of its own, within an allowance of its own."""

    async def working() -> T:
        return await work(Allowance(budget or Budget()))

    return asyncio.run(working())
