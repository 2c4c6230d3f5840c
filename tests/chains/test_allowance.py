import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chains.allowance import Allowance, Taken
from chains.errors import AllowanceSpent
from chains.scope import Budget
from tests.chains.scripts import put_forward

T = TypeVar("T")
CENT = Decimal("0.01")


def with_allowance(use: Callable[[Allowance], T], *, funded: bool = True, **budget: float) -> T:
    """What using a fresh allowance of this budget comes to."""

    async def using() -> T:
        return use(Allowance(Budget.model_validate(budget), funded=funded))

    return asyncio.run(using())


# Calls, tokens and money


def test_calls_are_counted_down() -> None:
    def use(allowance: Allowance) -> None:
        allowance.take(1, CENT)
        allowance.take(1, CENT)
        with pytest.raises(AllowanceSpent, match="no model calls left"):
            allowance.take(0, Decimal(0))
        assert (allowance.calls, allowance.tokens, allowance.usd) == (2, 2, 2 * CENT)

    with_allowance(use, model_calls=2)


@pytest.mark.parametrize(
    ("tokens", "usd", "problem"),
    [(101, Decimal(0), "too few tokens"), (0, Decimal("0.100001"), "too little money")],
)
def test_what_a_call_may_come_to_has_to_be_there_before_it_is_made(tokens: int, usd: Decimal, problem: str) -> None:
    def use(allowance: Allowance) -> None:
        with pytest.raises(AllowanceSpent, match=problem):
            allowance.take(tokens, usd)
        assert (allowance.calls, allowance.tokens, allowance.usd) == (0, 0, Decimal(0))
        allowance.take(100, Decimal("0.1"))  # the last token and the last tenth of a dollar may be spent

    with_allowance(use, tokens=100, usd=0.1)


def test_what_a_call_did_not_cost_can_be_spent_on_the_next() -> None:
    def use(allowance: Allowance) -> None:
        taken = allowance.take(100, Decimal("0.1"))
        with pytest.raises(AllowanceSpent):
            allowance.take(1, Decimal(0))
        allowance.settle(taken, 40, Decimal("0.04"))
        assert (allowance.calls, allowance.tokens, allowance.usd) == (1, 40, Decimal("0.04"))
        allowance.take(60, Decimal("0.06"))

    with_allowance(use, tokens=100, usd=0.1)


def test_a_call_that_cost_more_than_was_reserved_leaves_less_for_the_next() -> None:
    def use(allowance: Allowance) -> None:
        allowance.settle(allowance.take(10, CENT), 130, CENT)
        with pytest.raises(AllowanceSpent):
            allowance.take(0, Decimal(0))

    with_allowance(use, tokens=100)


def test_an_allowance_without_funds_leaves_time_and_no_call() -> None:
    def use(allowance: Allowance) -> None:
        with pytest.raises(AllowanceSpent, match="no model calls left"):
            allowance.take(0, Decimal(0))
        assert allowance.hop_s(local=False) == 4.0
        assert allowance.calls == 0

    with_allowance(use, funded=False)


_TAKE = st.builds(Taken, st.integers(0, 60), st.integers(0, 60).map(lambda cents: cents * CENT))
_SETTLE = st.tuples(st.integers(0, 5), st.integers(0, 100))  # which of the open calls, and a percentage of it


@given(calls=st.integers(0, 5), steps=st.lists(_TAKE | _SETTLE, max_size=16))
def test_no_more_is_ever_reserved_than_the_budget_has(calls: int, steps: list[Taken | tuple[int, int]]) -> None:
    def use(allowance: Allowance) -> None:
        opened: list[Taken] = []  # a call that nobody settles stays in here, at the most that it can have cost
        settled: list[Taken] = []
        for step in steps:
            if isinstance(step, Taken):
                spent = (allowance.calls, allowance.tokens, allowance.usd)
                try:
                    opened.append(allowance.take(step.tokens, step.usd))
                except AllowanceSpent:
                    assert spent == (allowance.calls, allowance.tokens, allowance.usd)
                    assert spent[0] == calls or spent[1] + step.tokens > 100 or spent[2] + step.usd > 1
            elif opened:
                taken = opened.pop(step[0] % len(opened))
                cost = Taken(taken.tokens * step[1] // 100, taken.usd * step[1] / 100)
                allowance.settle(taken, cost.tokens, cost.usd)
                settled.append(cost)
            assert allowance.calls == len(opened) + len(settled) <= calls
            assert allowance.tokens == sum(one.tokens for one in (*opened, *settled)) <= 100
            assert allowance.usd == sum(one.usd for one in (*opened, *settled)) <= 1

    with_allowance(use, model_calls=calls, tokens=100, usd=1.0)


def test_retries_are_counted_down() -> None:
    assert with_allowance(lambda a: [a.retry() for _ in range(4)], retries=2) == [True, True, False, False]
    assert with_allowance(lambda a: a.retry(), retries=0) is False


# Time


def test_a_call_may_take_what_a_hop_may_and_no_more_than_the_turn_has() -> None:
    def use(allowance: Allowance) -> None:
        assert allowance.hop_s(local=True) == allowance.hop_s(local=False) == 4.0
        put_forward(5)
        assert allowance.time_left_s() == pytest.approx(3.0, abs=0.1)
        assert allowance.hop_s(local=True) == pytest.approx(3.0, abs=0.1)
        assert allowance.hop_s(local=False) == pytest.approx(2.6, abs=0.1)  # time is kept back for a plainer answer

    with_allowance(use, deadline_ms=8000, hop_ms=4000)


def test_the_last_moments_of_a_turn_are_kept_for_local_models() -> None:
    def use(allowance: Allowance) -> None:
        put_forward(7.7)
        with pytest.raises(AllowanceSpent, match="no time left"):
            allowance.hop_s(local=False)
        assert 0 < allowance.hop_s(local=True) < 0.4
        put_forward(1)
        assert allowance.time_left_s() < 0
        with pytest.raises(AllowanceSpent, match="no time left"):
            allowance.hop_s(local=True)

    with_allowance(use, deadline_ms=8000, hop_ms=4000)


def test_a_purse_that_is_funded_later_has_the_budgets_calls() -> None:
    def use(allowance: Allowance) -> None:
        allowance.fund()
        allowance.take(1, Decimal(0))
        allowance.take(1, Decimal(0))
        with pytest.raises(AllowanceSpent, match="no model calls left"):
            allowance.take(1, Decimal(0))

    with_allowance(use, funded=False, model_calls=2)
