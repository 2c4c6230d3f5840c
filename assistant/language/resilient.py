"""A language model made fit for a turn: within its time, its purse and one retry budget, and left alone when ill."""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from hashlib import sha256

from assistant.language.failure_log import FailureLog
from assistant.language.failures import ModelCutOff, ModelUnreached
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
from chains.language import Around, Completion, ModelCall
from chains.scope import Cache, LanguageModelSettings

_BACKOFF_S = 0.1
_LONGEST_BACKOFF_S = 1.0
_COST_NOTHING = (ModelBusy, ModelMisconfigured, ModelUnreached)
_NOT_ILL = (ModelMisconfigured, ModelRefused, ModelCutOff)

Sleep = Callable[[float], Awaitable[None]]
Share = Callable[[], float]
"""A random number, at least 0 and below 1."""


class ResilientModel(Around[OneShot]):
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
        super().__init__(inner)
        self._breaker = breaker
        self._kept = kept
        self._caching = caching
        self._sleep = sleep
        self._share = share
        self._failures = FailureLog(inner.name)

    async def complete(self, call: ModelCall, allowance: Allowance) -> Completion:
        """Ask it within a turn's allowance; raises a kind of `ModelFailed` where there is no reply to look at.

        What has to be loaded before the first question of a process is loaded before the hop's time runs.
        """
        await self._inner.load()
        asking = _Asking(self._inner, self._breaker, self._failures, call, allowance)
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
    failures: FailureLog
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
        """Ask once, with at most one request on the wire, unless the model is left alone."""
        circuit = identity_of(self.model.settings)
        if not await self.breaker.allows(circuit):
            raise CircuitOpen(f"The model {self.model.name} failed so often that it is left alone for a while.")
        well: bool | None = None  # nothing is known of the model until it has replied or failed
        try:
            completion = await self._paid()
            well = True
        except AllowanceSpent:
            raise
        except ModelFailed as failed:
            well = isinstance(failed, _NOT_ILL)
            self.failures.tell(failed)
            raise
        finally:
            if well is None:
                self.breaker.release(circuit)
            else:
                await self.breaker.record(circuit, well)
        return completion

    async def _paid(self) -> Completion:
        """Ask once within what is left of the hop's time and the turn's purse."""
        allowance, settings = self.allowance, self.model.settings
        most_usd = self.model.price_of(self.call.input_tokens, settings.max_output_tokens)
        timeout_s = min(self.time_left_s(), allowance.hop_s(local=False))
        if timeout_s <= 0:
            raise AllowanceSpent("The turn has no time left for this model.")
        taken = allowance.take(self.call.input_tokens + settings.max_output_tokens, most_usd)
        self.wires += 1
        try:
            completion = await self.model.once(self.call, timeout_s)
        except _COST_NOTHING:
            allowance.settle(taken, 0, Decimal(0))
            raise
        usage = completion.usage
        if usage.input_total or usage.output:  # otherwise what was reserved is the best guess
            allowance.settle(taken, usage.input_total + usage.output, Decimal(completion.cost_usd))
        return completion


def identity_of(settings: LanguageModelSettings) -> str:
    """What a model's failures are kept under: its name, and which server and key, if the scope names them."""
    if settings.base_url is None and settings.api_key_env is None:
        return settings.name
    where = json.dumps([settings.base_url, settings.api_key_env])
    return f"{settings.name}#{sha256(where.encode()).hexdigest()[:12]}"
