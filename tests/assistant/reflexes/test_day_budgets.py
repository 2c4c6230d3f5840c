import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Connection
from structlog.testing import capture_logs

from assistant.ledger import Ledger, Spent, Vault
from assistant.reflexes import DayBudgets, Store, StoreLost
from assistant.reflexes.day_budgets import micro_usd
from chains.allowance import Allowance
from chains.scope import Budget
from tests.assistant.ledger.makers import make_read_only, rows
from tests.assistant.reflexes.servers import Valkey

NOON_NS = int(datetime(2026, 11, 21, 12, tzinfo=UTC).timestamp()) * 10**9
DAY_NS = 86_400 * 10**9
DAY = "2026-11-21"
LIMITED = Budget(tokens=10, usd=0.01, tokens_per_day=35, usd_per_day=1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    opened = Ledger.open(path, Vault(Vault.new_key()))
    yield opened
    opened.close()


def noon() -> int:
    return NOON_NS


@pytest.fixture(params=["store", "no store", "lost store"])
def budgets(request: pytest.FixtureRequest, server: Valkey, ledger: Ledger) -> DayBudgets:
    if request.param == "lost store":
        server.kill()
    return DayBudgets(None if request.param == "no store" else Store(server.url), ledger, noon)


async def reserve(budgets: DayBudgets, count: int, budget: Budget = LIMITED, prefix: str = "T") -> list[bool]:
    return [await budgets.reserve(f"{prefix}{number}", "demo", budget) for number in range(count)]


async def settle(budgets: DayBudgets, turn_id: str, tokens: int, usd: str, budget: Budget = LIMITED) -> None:
    allowance = Allowance(budget)
    allowance.take(tokens, Decimal(usd))
    await budgets.settle(turn_id, "demo", allowance)


async def spent(ledger: Ledger, day: str = DAY) -> Spent:
    await ledger.ready()
    return await ledger.spent("demo", day)


def test_turns_are_funded_while_a_whole_budget_is_left(budgets: DayBudgets, ledger: Ledger) -> None:
    assert asyncio.run(reserve(budgets, 5)) == [True, True, True, False, False]
    assert asyncio.run(spent(ledger)) == Spent(30, 30_000, 0, 3)


def test_money_is_limited_like_tokens(budgets: DayBudgets) -> None:
    budget = Budget(tokens=10, usd=0.4, usd_per_day=1)
    assert asyncio.run(reserve(budgets, 4, budget)) == [True, True, False, False]


def test_what_was_not_spent_goes_to_later_turns(budgets: DayBudgets, ledger: Ledger) -> None:
    async def scenario() -> None:
        assert await reserve(budgets, 4) == [True, True, True, False]
        await settle(budgets, "T0", 3, "0.0000011")
        assert await reserve(budgets, 2, prefix="U") == [True, False]
        assert await spent(ledger) == Spent(33, 30_002, 1, 3)

    asyncio.run(scenario())


def test_a_turn_settles_once_and_one_that_was_not_funded_never(budgets: DayBudgets, ledger: Ledger) -> None:
    async def scenario() -> None:
        assert await reserve(budgets, 4) == [True, True, True, False]
        for turn_id in ("T0", "T0", "T3", "T9"):
            await settle(budgets, turn_id, 1, "0")
        assert await spent(ledger) == Spent(21, 20_000, 1, 2)

    asyncio.run(scenario())


def test_without_limits_the_spend_is_only_recorded(budgets: DayBudgets, ledger: Ledger) -> None:
    async def scenario() -> None:
        free = Budget(tokens=10, usd=0.01)
        assert all(await reserve(budgets, 50, free))
        await settle(budgets, "T0", 3, "0.001", free)
        assert await spent(ledger) == Spent(493, 491_000, 1, 49)

    asyncio.run(scenario())


def test_a_limit_of_nothing_funds_nothing(budgets: DayBudgets) -> None:
    assert asyncio.run(reserve(budgets, 2, Budget(tokens_per_day=0))) == [False, False]
    assert asyncio.run(reserve(budgets, 2, Budget(usd_per_day=0))) == [False, False]


def test_amounts_beyond_all_sense_do_not_break_the_sums(budgets: DayBudgets, ledger: Ledger) -> None:
    endless = Budget(tokens=10**300, usd=1e300, tokens_per_day=10**300, usd_per_day=1e300)
    assert asyncio.run(reserve(budgets, 2, endless)) == [True, False]
    assert asyncio.run(spent(ledger)) == Spent(2**52, 2**52, 0, 1)


def test_a_new_day_has_a_new_budget_and_a_turn_belongs_to_the_day_that_it_began(server: Valkey, ledger: Ledger) -> None:
    now = [NOON_NS + DAY_NS // 2 - 1]
    budgets = DayBudgets(Store(server.url), ledger, clock=lambda: now[0])

    async def scenario() -> None:
        assert await reserve(budgets, 4) == [True, True, True, False]
        now[0] += 1
        assert await reserve(budgets, 4, prefix="U") == [True, True, True, False]
        await settle(budgets, "T0", 1, "0")
        assert (await spent(ledger)).tokens == 21
        assert (await spent(ledger, "2026-11-22")).tokens == 30

    asyncio.run(scenario())


def test_sites_have_their_own_budgets(budgets: DayBudgets) -> None:
    async def scenario() -> None:
        await reserve(budgets, 4)
        assert await budgets.reserve("O1", "other", LIMITED)

    asyncio.run(scenario())


def test_a_spent_day_costs_the_ledger_nothing(server: Valkey, ledger: Ledger) -> None:
    async def scenario() -> None:
        budgets = DayBudgets(Store(server.url), ledger, noon)
        await reserve(budgets, 4)
        make_read_only(ledger)
        with capture_logs() as logs:
            assert await reserve(budgets, 20, prefix="U") == [False] * 20
        assert {entry["event"] for entry in logs} == {"day_budget_spent"}

    asyncio.run(scenario())


def test_a_counter_that_is_behind_grants_nothing(server: Valkey, ledger: Ledger) -> None:
    async def scenario() -> None:
        budgets = DayBudgets(Store(server.url), ledger, noon)
        await reserve(budgets, 3)
        assert server.ask(f"HSET hopdesk:spend:{DAY}:demo 1 0 2 0") == ":0"
        assert await reserve(budgets, 5, prefix="U") == [False] * 5
        assert server.ask(f"HGET hopdesk:spend:{DAY}:demo 1") == "$1"

    asyncio.run(scenario())


def test_a_counter_that_counts_too_much_is_made_anew_within_a_minute(server: Valkey, ledger: Ledger) -> None:
    async def scenario() -> None:
        budgets = DayBudgets(Store(server.url), ledger, noon)
        await reserve(budgets, 1)
        counter = f"hopdesk:spend:{DAY}:demo"
        assert 59_000 < int(server.ask(f"PTTL {counter}")[1:]) <= 60_000
        assert server.ask(f"HSET {counter} 1 999") == ":0"
        assert await reserve(budgets, 1, prefix="U") == [False]
        assert server.ask(f"PEXPIRE {counter} 0") == ":1"
        assert await reserve(budgets, 3, prefix="V") == [True, True, False]

    asyncio.run(scenario())


def test_a_ledger_that_fails_funds_nothing(budgets: DayBudgets, ledger: Ledger) -> None:
    make_read_only(ledger)
    with capture_logs() as logs:
        assert asyncio.run(reserve(budgets, 1)) == [False]
    assert "day_budget_unknown" in [entry["event"] for entry in logs]
    ledger.close()
    assert asyncio.run(reserve(budgets, 1)) == [False]


def test_a_turn_that_is_withdrawn_while_it_reserves_gives_it_back(
    budgets: DayBudgets, ledger: Ledger, path: Path
) -> None:
    async def scenario() -> None:
        with_a_row = asyncio.Event()
        plain = ledger._writer.run

        async def slow(job: Callable[[Connection], bool]) -> bool:
            done = await plain(job)
            with_a_row.set()
            await asyncio.sleep(10)
            return done

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(ledger._writer, "run", slow)
            turn = asyncio.create_task(budgets.reserve("T0", "demo", LIMITED))
            async with asyncio.timeout(30):
                await with_a_row.wait()
            turn.cancel()
            with pytest.raises(asyncio.CancelledError):
                await turn
        assert await spent(ledger) == Spent()

    asyncio.run(scenario())
    assert rows(path, "SELECT turn_id, tokens FROM spend") == [("T0", 0)]


@pytest.mark.usefixtures("impatience")
def test_a_turn_waits_for_a_hanging_store_once(ledger: Ledger) -> None:
    tried = 0

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal tried
        tried += 1
        await reader.read()
        writer.close()

    async def scenario() -> None:
        async with await asyncio.start_server(hang, "127.0.0.1", 0) as listening:
            store = Store(f"redis://127.0.0.1:{listening.sockets[0].getsockname()[1]}", clock=lambda: 0.0)
            budgets = DayBudgets(store, ledger, noon)
            assert await reserve(budgets, 4) == [True, True, True, False]
            await settle(budgets, "T0", 1, "0")
            await store.aclose()

    asyncio.run(scenario())
    assert tried == 1


@pytest.mark.parametrize(
    ("usd", "micro"),
    [("0", 0), ("0.000001", 1), ("0.0000010000001", 2), ("1e-30", 1), ("12.5", 12_500_000), ("1e40", 2**52)],
)
def test_money_is_rounded_up(usd: str, micro: int) -> None:
    assert micro_usd(Decimal(usd)) == micro


class ShakyStore(Store):
    """Counters in memory that get lost, are emptied, and come back as they were before."""

    def __init__(self) -> None:
        super().__init__("redis://nowhere")
        self.counters: dict[str, tuple[int, ...]] = {}
        self.away = False

    @property
    def lost(self) -> bool:
        return self.away

    def _look(self) -> None:
        if self.away:
            raise StoreLost("away")

    async def add_within(self, key: str, amounts: tuple[int, ...], limits: tuple[int | None, ...]) -> bool | None:
        self._look()
        if key not in self.counters:
            return None
        after = tuple(held + amount for held, amount in zip(self.counters[key], amounts, strict=True))
        if any(limit is not None and amount > limit for amount, limit in zip(after, limits, strict=True)):
            return False
        self.counters[key] = after
        return True

    async def seed(self, key: str, amounts: tuple[int, ...], ttl_s: float) -> None:
        self._look()
        self.counters.setdefault(key, amounts)

    async def add(self, key: str, amounts: tuple[int, ...]) -> None:
        self._look()
        if key in self.counters:
            held = self.counters[key]
            self.counters[key] = tuple(one + other for one, other in zip(held, amounts, strict=True))


class BudgetsUnderFire(RuleBasedStateMachine):
    """Two processes on one ledger, one of which may be cut off from a store that misbehaves."""

    folder: Path
    numbers = st.integers(0, 60)

    @initialize(limit=st.integers(50, 150))
    def open(self, limit: int) -> None:
        self.limit = limit
        (self.folder / "ledger.db").unlink(missing_ok=True)
        self.ledger = Ledger.open(self.folder / "ledger.db", Vault(Vault.new_key()))
        self.stores = (ShakyStore(), ShakyStore())
        self.stores[1].counters = self.stores[0].counters
        self.budgets = [DayBudgets(store, self.ledger, noon) for store in self.stores]
        self.counted: dict[str, int] = {}
        self.open_turns: list[tuple[int, str, int]] = []
        self.before: dict[str, tuple[int, ...]] = {}
        self.turns = 0

    @rule(who=st.integers(0, 1), tokens=numbers)
    def reserve(self, who: int, tokens: int) -> None:
        self.turns += 1
        turn_id = f"T{self.turns}"
        if asyncio.run(self.budgets[who].reserve(turn_id, "demo", self._budget(tokens))):
            self.counted[turn_id] = tokens
            self.open_turns.append((who, turn_id, tokens))

    @precondition(lambda self: self.open_turns)
    @rule(data=st.data())
    def settle(self, data: st.DataObject) -> None:
        who, turn_id, tokens = self.open_turns.pop(data.draw(st.integers(0, len(self.open_turns) - 1)))
        used = data.draw(st.integers(0, tokens))
        asyncio.run(settle(self.budgets[who], turn_id, used, "0", self._budget(tokens)))
        self.counted[turn_id] = used

    @rule(who=st.integers(0, 1), away=st.booleans())
    def lose_or_find(self, who: int, *, away: bool) -> None:
        self.stores[who].away = away

    @rule()
    def remember(self) -> None:
        self.before = dict(self.stores[0].counters)

    @rule()
    def come_back_old(self) -> None:
        self.stores[0].counters.clear()
        self.stores[0].counters.update(self.before)

    @rule(who=st.integers(0, 1))
    def forget_and_give_all_that_is_left(self, who: int) -> None:
        self.stores[0].counters.clear()
        left = self.limit - sum(self.counted.values())
        self.turns += 1
        assert asyncio.run(self.budgets[who].reserve(f"T{self.turns}", "demo", self._budget(left)))
        self.counted[f"T{self.turns}"] = 0
        asyncio.run(settle(self.budgets[who], f"T{self.turns}", 0, "0", self._budget(left)))

    @invariant()
    def never_more_than_the_limit(self) -> None:
        if hasattr(self, "counted"):
            assert sum(self.counted.values()) <= self.limit
            assert asyncio.run(spent(self.ledger)).tokens == sum(self.counted.values())

    def teardown(self) -> None:
        if hasattr(self, "ledger"):
            self.ledger.close()

    def _budget(self, tokens: int) -> Budget:
        return Budget(tokens=tokens, usd=0, tokens_per_day=self.limit)


def test_no_order_of_turns_and_faults_passes_the_limit_or_withholds_what_is_left(tmp_path: Path) -> None:
    machine = type("Machine", (BudgetsUnderFire,), {"folder": tmp_path})
    run_state_machine_as_test(machine, settings=settings(max_examples=12, stateful_step_count=30, deadline=None))
