"""What a site may spend on language models in a day: reserved before a turn runs, settled after it."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

import structlog

from assistant.ledger import DayLimits, Ledger, Reservation
from assistant.reflexes.store import Store, StoreLost
from chains.allowance import Allowance
from chains.errors import LedgerError
from chains.scope import Budget

COUNTER_TTL_S = 60.0
"""How long a counter may live that missed something, such as what was given back while the store was lost."""
_MOST = 2**52  # the counters' arithmetic is exact below 2**53
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Held:
    """A reservation that has not settled, and the counter that it stands in, if it does."""

    wanted: Reservation
    key: str | None = None


class DayBudgets:
    """Holds each site to its `tokens_per_day` and `usd_per_day`, however many processes serve it.

    The ledger decides, exactly: a reservation is one conditional update there. A counter in the store stands before
    it, so that a site whose day is spent costs the ledger nothing, whatever comes in. The counter never grants: one
    that hung, came back old or missed a reservation can only let a turn through to the ledger, and one that counts
    too much refuses for at most a minute, after which it is made anew from the ledger. Days are those of UTC.

    A turn reserves the most that it may spend, so a site with less left than one turn's budget gets nothing more
    that day, except what other turns give back. `clock` gives nanoseconds since the Unix epoch.
    """

    def __init__(self, store: Store | None, ledger: Ledger, clock: Callable[[], int] = time.time_ns) -> None:
        self._store = store
        self._ledger = ledger
        self._clock = clock
        self._held: dict[tuple[str, str], _Held] = {}

    async def reserve(self, turn_id: str, site: str, budget: Budget) -> bool:
        """Whether the turn may spend its budget on language models; then it has to be settled.

        Without it, and where the ledger fails, the turn is to run on the embedded models. Where the site has no
        limits nothing is waited for: the spend is only recorded.
        """
        day = datetime.fromtimestamp(self._clock() // 10**9, UTC).strftime("%Y-%m-%d")
        wanted = Reservation(turn_id, site, day, min(budget.tokens, _MOST), micro_usd(Decimal(str(budget.usd))))
        limits = _limits(budget)
        if limits == DayLimits():
            self._ledger.post_reserve(wanted)
            self._held[site, turn_id] = _Held(wanted)
            return True
        key = f"spend:{day}:{site}"
        counted = await self._count(key, wanted, limits)
        if counted is False or not await self._granted(wanted, limits):
            log.info("day_budget_spent", site=site, turn_id=turn_id)
            if counted:
                await self._count_back(key, -wanted.tokens, -wanted.micro_usd)
            return False
        self._held[site, turn_id] = _Held(wanted, key)
        if counted is None:
            await self._seed(key, wanted)
        return True

    async def settle(self, turn_id: str, site: str, allowance: Allowance) -> None:
        """Give back what a turn reserved and did not spend; nothing for a turn that reserved nothing."""
        held = self._held.pop((site, turn_id), None)
        if held is None:
            return
        tokens, micro = min(allowance.tokens, _MOST), micro_usd(allowance.usd)
        self._ledger.settle(turn_id, tokens, micro, allowance.calls)
        if held.key is not None:
            await self._count_back(held.key, tokens - held.wanted.tokens, micro - held.wanted.micro_usd)

    async def _granted(self, wanted: Reservation, limits: DayLimits) -> bool:
        """What the ledger says; a turn that is withdrawn meanwhile gives its reservation back."""
        try:
            return await self._ledger.reserve(wanted, limits)
        except LedgerError as error:
            log.error("day_budget_unknown", site=wanted.site, turn_id=wanted.turn_id, error=str(error))  # noqa: TRY400
            return False
        except asyncio.CancelledError:
            self._ledger.settle(wanted.turn_id, 0, 0, 0)
            raise

    async def _count(self, key: str, wanted: Reservation, limits: DayLimits) -> bool | None:
        """Add the reservation to the counter; False where it does not fit, None where there is no counter to ask."""
        if self._store is None:
            return None
        try:
            return await self._store.add_within(
                key, (wanted.tokens, wanted.micro_usd), (limits.tokens, limits.micro_usd)
            )
        except StoreLost:
            return None

    async def _count_back(self, key: str, tokens: int, micro: int) -> None:
        if self._store is not None:
            with contextlib.suppress(StoreLost):
                await self._store.add(key, (tokens, micro))

    async def _seed(self, key: str, wanted: Reservation) -> None:
        """Make a counter of what the ledger says, this reservation included."""
        if self._store is None or self._store.lost:
            return
        with contextlib.suppress(StoreLost, LedgerError):
            spent = await self._ledger.spent(wanted.site, wanted.day)
            await self._store.seed(key, (spent.tokens, spent.micro_usd), COUNTER_TTL_S)


def micro_usd(usd: Decimal) -> int:
    """US dollars in millionths, rounded up; 2**52 of them, 4.5 billion dollars, at most."""
    return _whole(usd, ROUND_CEILING)


def _limits(budget: Budget) -> DayLimits:
    usd = None if budget.usd_per_day is None else Decimal(str(budget.usd_per_day))
    return DayLimits(
        tokens=None if budget.tokens_per_day is None else min(budget.tokens_per_day, _MOST),
        micro_usd=None if usd is None else _whole(usd, ROUND_FLOOR),
    )


def _whole(usd: Decimal, rounding: str) -> int:
    return int(min(usd * 1_000_000, Decimal(_MOST)).to_integral_value(rounding))
