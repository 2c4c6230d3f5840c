"""How fast a run goes and how much it may spend: concurrency that adapts, a hard budget, and an estimate beforehand."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Generic, Protocol, TypeVar

from assistant.language.ports import OneShot
from chains.allowance import Allowance, Taken
from chains.errors import AllowanceSpent
from chains.language import Around, Completion, LanguageModel, ModelCall
from chains.record import Sha256

_BUSY = ("ModelBusy", "CircuitOpen")
_TRIES = 7
_LONGEST_WAIT_S = 30.0
_FIRST_WAIT_S = 0.5

Sleep = Callable[[float], Awaitable[None]]


class BudgetSpent(AllowanceSpent):
    """The run's own budget does not suffice for a call."""


class Purse:
    """What a whole run may spend on models, and has spent; absent limits are none.

    A call on the wire is reserved at the most that it can cost before it is made, so that the limits hold whatever
    the replies come to. From the first call on that does not fit, `is_spent`: what it belongs to cannot be finished.
    """

    def __init__(self, most_usd: Decimal | None = None, most_tokens: int | None = None) -> None:
        self._most_usd = most_usd
        self._most_tokens = most_tokens
        self.usd = Decimal(0)
        self.tokens = 0
        self.calls = 0
        self.is_spent = False

    def take(self, tokens: int, usd: Decimal) -> None:
        """Reserve one call on the wire; raises `BudgetSpent` where it does not fit."""
        over_usd = self._most_usd is not None and self.usd + usd > self._most_usd
        over_tokens = self._most_tokens is not None and self.tokens + tokens > self._most_tokens
        if over_usd or over_tokens:
            self.is_spent = True
            raise BudgetSpent(
                f"The run's budget of {'money' if over_usd else 'tokens'} does not suffice for this call."
            )
        self.tokens += tokens
        self.usd += usd
        self.calls += 1

    def give_back(self, tokens: int, usd: Decimal) -> None:
        """Put back what was reserved and not needed."""
        self.tokens -= tokens
        self.usd -= usd


class _Both(Allowance):
    """A turn's allowance that is within a run's purse: what is taken from the one is taken from the other."""

    def __init__(self, turns: Allowance, purse: Purse) -> None:
        self._turns = turns
        self._purse = purse

    def time_left_s(self) -> float:
        """As the turn's own."""
        return self._turns.time_left_s()

    def hop_s(self, *, local: bool) -> float:
        """As the turn's own."""
        return self._turns.hop_s(local=local)

    def take(self, tokens: int, usd: Decimal) -> Taken:
        """Reserve one call in both; raises `AllowanceSpent` where one of them does not suffice."""
        taken = self._turns.take(tokens, usd)
        try:
            self._purse.take(tokens, usd)
        except BudgetSpent:
            self._turns.settle(taken, 0, Decimal(0))
            raise
        return taken

    def settle(self, taken: Taken, tokens: int, usd: Decimal) -> None:
        """Settle in both."""
        self._turns.settle(taken, tokens, usd)
        self._purse.give_back(taken.tokens - tokens, taken.usd - usd)

    def retry(self) -> bool:
        """As the turn's own."""
        return self._turns.retry()


class Metered(Around[LanguageModel]):
    """A language model whose calls are paid from a run's purse."""

    def __init__(self, inner: LanguageModel, purse: Purse) -> None:
        super().__init__(inner)
        self._purse = purse

    async def complete(self, call: ModelCall, allowance: Allowance) -> Completion:
        """Ask it; raises `BudgetSpent` where the run cannot pay for it, and whatever it raises itself."""
        return await self._inner.complete(call, _Both(allowance, self._purse))


class Pace:
    """How many cases run side by side: additive increase, multiplicative decrease (D. Chiu and R. Jain, 1989).

    One more after as many cases in a row without trouble as run side by side; half as many where a model was busy, at
    most once for those that were under way together. Always between 1 and `most`, which it starts with.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.limit = most
        self._active = 0
        self._went_well = 0
        self._slowed = 0
        self._room = asyncio.Event()

    async def enter(self) -> int:
        """Wait for room; what it returns is to be given to `leave`."""
        while self._active >= self.limit:
            self._room.clear()
            await self._room.wait()
        self._active += 1
        return self._slowed

    def leave(self, entered: int, *, busy: bool) -> None:
        """Make room, and go slower or faster by how it went."""
        self._active -= 1
        if not busy:
            self._went_well += 1
            if self._went_well >= self.limit:
                self.limit, self._went_well = min(self.most, self.limit + 1), 0
        elif entered == self._slowed:
            self.limit, self._went_well = max(1, self.limit // 2), 0
            self._slowed += 1
        self._room.set()


class Made(Protocol):
    """What a job comes to."""

    def failed_by(self, error_type: str) -> bool:
        """Whether a call of a model failed by an error of this name."""
        ...


MadeT = TypeVar("MadeT", bound=Made)


@dataclass(frozen=True)
class Job(Generic[MadeT]):
    """One result to be made, and the key under which it is kept."""

    key: Sha256
    work: Callable[[], Awaitable[MadeT]]


async def run_paced(
    jobs: Iterable[Job[MadeT]],
    pace: Pace,
    purse: Purse,
    keep: Callable[[MadeT], None],
    *,
    sleep: Sleep = asyncio.sleep,
) -> None:
    """Do the jobs side by side and keep what they come to, until all are done or the purse is spent.

    `jobs` are drawn one at a time, so there may be any number of them. What could not be paid to its end is not kept.
    """
    drawn = iter(jobs)

    async def work_off() -> None:
        while not purse.is_spent and (job := next(drawn, None)) is not None:
            done = await _unhindered(job, pace, sleep)
            if not done.failed_by(BudgetSpent.__name__):
                keep(done)

    async with asyncio.TaskGroup() as group:
        for _ in range(pace.most):
            group.create_task(work_off())


async def _unhindered(job: Job[MadeT], pace: Pace, sleep: Sleep) -> MadeT:
    """A job done without a model that was busy, by waiting and doing it again; the last of its tries counts anyhow."""
    for failures in range(_TRIES):
        entered = await pace.enter()
        busy = False
        try:
            done = await job.work()
            busy = any(map(done.failed_by, _BUSY))
        finally:
            pace.leave(entered, busy=busy)
        if not busy:
            break
        await sleep(min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2.0**failures))
    return done


@dataclass(frozen=True)
class Estimate:
    """What a run will ask for: calls of language models, and at most how many tokens, US dollars and seconds.

    `on_cassette` of the calls are answered for nothing. `unpriced` are models whose prices nobody knows.
    """

    calls: int
    on_cassette: int
    most_tokens: int
    most_usd: Decimal
    most_s: float
    unpriced: tuple[str, ...] = ()

    @property
    def live(self) -> int:
        """How many calls go to a live model."""
        return self.calls - self.on_cassette


@dataclass(frozen=True)
class Ask:
    """One question that a run would ask: of which model, with about how many tokens; on the cassette, it is free."""

    model: OneShot
    input_tokens: int
    on_cassette: bool


def estimate(asks: Iterable[Ask], sampled: int, results: int, call_s: float, concurrency: int) -> Estimate:
    """What a run of so many results asks for, from what a sample of them does.

    Prompts are estimated on the high side, replies taken to be as long as the model may reply, and calls as slow as
    they may be (`call_s`); repairs and retries, which should be few, are not in it.
    """
    known = [*asks]
    times = Decimal(results) / max(1, sampled)
    live = [ask for ask in known if not ask.on_cassette]
    tokens = sum(ask.input_tokens + ask.model.settings.max_output_tokens for ask in live)
    usd = sum((ask.model.price_of(ask.input_tokens, ask.model.settings.max_output_tokens) for ask in live), Decimal(0))
    return Estimate(
        calls=round(len(known) * times),
        on_cassette=round((len(known) - len(live)) * times),
        most_tokens=round(tokens * times),
        most_usd=usd * times,
        most_s=float(len(live) * times) * call_s / concurrency,
        unpriced=tuple(_unpriced(live)),
    )


def _unpriced(asks: Iterable[Ask]) -> Iterator[str]:
    yield from dict.fromkeys(ask.model.name for ask in asks if ask.model.price_table_sha256 is None)
