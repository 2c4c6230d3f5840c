"""A language model made fit for a turn: within its time, its purse and one retry budget, and left alone when ill."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from decimal import Decimal

from assistant.language.failures import ModelUnreached
from assistant.language.ports import Breaker, OneShot, ReplyCache
from assistant.language.reply_cache import dumped, key_of, loaded
from chains.allowance import Allowance
from chains.errors import (
    AllowanceSpent,
    CircuitOpen,
    ModelBusy,
    ModelDown,
    ModelFailed,
    ModelMisconfigured,
    ModelRefused,
)
from chains.language import Completion, ModelCall, Structure
from chains.scope import Cache

_BACKOFF_S = 0.1
_LONGEST_BACKOFF_S = 1.0
_COST_NOTHING = (ModelBusy, ModelMisconfigured, ModelUnreached)
_NOT_ILL = (ModelMisconfigured, ModelRefused)

Sleep = Callable[[float], Awaitable[None]]
Share = Callable[[], float]
"""A random number, at least 0 and below 1."""


class ResilientModel:
    """Asks a language model, again where that may help, and keeps its replies where the scope says so.

    One call takes no longer than the allowance gives a hop at its start, whatever it does in that time. Only failures
    that may pass (busy, down) are tried again, after a full-jitter exponential backoff (AWS Architecture Blog,
    Exponential Backoff And Jitter, 2015: 0.1 s doubled each time, 1 s at most) or what Retry-After asks for.
    """

    def __init__(
        self,
        inner: OneShot,
        breaker: Breaker,
        kept: ReplyCache,
        caching: Cache,
        *,
        sleep: Sleep = asyncio.sleep,
        share: Share = random.random,
    ) -> None:
        """Put a model behind a breaker and a cache; `sleep` and `share` are replaced in tests."""
        self._inner = inner
        self._breaker = breaker
        self._kept = kept
        self._caching = caching
        self._sleep = sleep
        self._share = share

    @property
    def name(self) -> str:
        """Its name as the scope writes it."""
        return self._inner.name

    @property
    def structure(self) -> Structure:
        """How it is held to a schema."""
        return self._inner.structure

    @property
    def takes_functions(self) -> bool:
        """Whether it can call functions natively."""
        return self._inner.takes_functions

    @property
    def price_table_sha256(self) -> str | None:
        """Hash of its prices; None where nobody knows them."""
        return self._inner.price_table_sha256

    async def complete(self, call: ModelCall, allowance: Allowance) -> Completion:
        """Ask it within a turn's allowance; raises a kind of `ModelFailed` where there is no reply to look at."""
        asking = _Asking(self._inner, self._breaker, call, allowance)
        if call.hop not in self._caching.hops:
            return await self._asked(asking)
        key = key_of(self._inner, call)
        if call.attempt > 1:  # the reply that is kept was no good
            await self._kept.drop(key)
            return await self._asked(asking)
        value = await self._kept.get(key)
        if value is not None and (completion := loaded(value)) is not None:
            return completion
        completion = await self._asked(asking)
        await self._kept.put(key, dumped(completion), self._caching.ttl_s)
        return completion

    async def _asked(self, asking: "_Asking") -> Completion:
        """Ask until there is a reply, or a failure that stays, or no retry left that fits in the time."""
        failures = 0
        while True:
            try:
                completion = await asking.hedged()
            except (ModelBusy, ModelDown) as failed:
                wait_s = self._wait_s(failed, failures)
                if wait_s >= asking.time_left_s() or not asking.allowance.retry():
                    failed.requests = asking.wires
                    raise
                failures += 1
            except ModelFailed as failed:
                failed.requests = asking.wires
                raise
            else:
                return replace(completion, retries=asking.wires - 1)
            await self._sleep(wait_s)

    def _wait_s(self, failed: ModelFailed, failures: int) -> float:
        if isinstance(failed, ModelBusy) and failed.retry_after_s is not None:
            return failed.retry_after_s
        return self._share() * min(_LONGEST_BACKOFF_S, _BACKOFF_S * 2.0**failures)


@dataclass
class _Asking:
    """One question on its way: how long it may still take, and how often it went over the wire."""

    model: OneShot
    breaker: Breaker
    call: ModelCall
    allowance: Allowance
    wires: int = 0

    def __post_init__(self) -> None:
        self._ends_at = asyncio.get_running_loop().time() + self.allowance.hop_s(local=False)

    def time_left_s(self) -> float:
        """How long it may still take, in seconds; not above 0 when it is overdue."""
        return self._ends_at - asyncio.get_running_loop().time()

    async def hedged(self) -> Completion:
        """Ask once, and once more side by side where no reply comes in the time set for that; the first one wins."""
        after_ms = self.model.settings.hedge_after_ms
        if after_ms is None:
            return await self.attempt()
        tasks = [asyncio.create_task(self.attempt())]
        try:
            await asyncio.wait(tasks, timeout=after_ms / 1000)
            if not tasks[0].done():
                tasks.append(asyncio.create_task(self.attempt()))
            for ended in asyncio.as_completed(tasks):
                try:
                    return await ended
                except ModelFailed:
                    continue  # the other may still reply
            return await tasks[0]  # none did: the first one's failure stands for both
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def attempt(self) -> Completion:
        """Ask once, with at most one request on the wire."""
        allowance, settings = self.allowance, self.model.settings
        if not await self.breaker.allows(self.model.name):
            raise CircuitOpen(f"The model {self.model.name} failed so often that it is left alone for a while.")
        timeout_s = min(self.time_left_s(), allowance.hop_s(local=False))
        if timeout_s <= 0:
            raise AllowanceSpent("The turn has no time left for this model.")
        most_usd = self.model.price_of(self.call.input_tokens, settings.max_output_tokens)
        taken = allowance.take(self.call.input_tokens + settings.max_output_tokens, most_usd)
        self.wires += 1
        try:
            completion = await self.model.once(self.call, timeout_s)
        except ModelFailed as failed:
            if isinstance(failed, _COST_NOTHING):
                allowance.settle(taken, 0, Decimal(0))
            await self.breaker.record(self.model.name, isinstance(failed, _NOT_ILL))
            raise
        usage = completion.usage
        if usage.input_total or usage.output:  # otherwise what was reserved is the best guess
            allowance.settle(taken, usage.input_total + usage.output, Decimal(completion.cost_usd))
        await self.breaker.record(self.model.name, True)  # noqa: FBT003  # the port says ok or not ok
        return completion
