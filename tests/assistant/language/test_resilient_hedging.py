import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal

import pytest

from chains.errors import (
    ModelDown,
    ModelFailed,
    ModelLate,
    ModelMisconfigured,
    ModelRefused,
    ModelSilent,
)
from chains.language import Completion, ModelCall
from chains.scope import LanguageModelSettings
from tests.assistant.language.scripted import GOOD, Run, Scripted, scripted


def test_a_quick_reply_is_not_asked_for_twice() -> None:
    run = Run(scripted(GOOD, hedge_after_ms=500))
    assert run.ask() == GOOD
    assert run.allowance.calls == 1


def test_a_slow_reply_is_overtaken_and_cancelled() -> None:
    run = Run(scripted(30.0, GOOD, hedge_after_ms=50))
    said = run.ask()
    assert (said.text, said.retries) == ("{}", 1)
    assert isinstance(run.inner, Scripted)
    assert run.inner.cancelled == 1
    assert run.spent == (2, 250, Decimal("1.75"))  # the loser stays reserved
    assert run.breaker.heard == [True]


def test_the_first_may_still_win() -> None:
    run = Run(scripted(0.06, 30.0, hedge_after_ms=50))
    assert run.ask().text == "after 0.06"


@pytest.mark.parametrize("failed", [ModelDown("."), ModelMisconfigured(".")])
def test_a_second_request_that_fails_does_not_harm_the_first(failed: ModelFailed) -> None:
    run = Run(scripted(0.06, failed, hedge_after_ms=50))
    assert run.ask().text == "after 0.06"


def test_a_purse_too_small_for_two_waits_for_the_first() -> None:
    run = Run(scripted(0.06, hedge_after_ms=50))
    assert run.ask(model_calls=1).text == "after 0.06"


def test_where_both_fail_the_first_failure_stands() -> None:
    async def late() -> Completion:
        await asyncio.sleep(0.06)
        raise ModelLate("the first")

    inner = Failing([late, _raised(ModelRefused("the second"))])
    with pytest.raises(ModelLate, match="the first"):
        Run(inner).ask()


def test_a_failure_before_the_time_is_not_hedged() -> None:
    run = Run(scripted(ModelSilent("."), GOOD, hedge_after_ms=500))
    with pytest.raises(ModelSilent):
        run.ask()
    assert run.allowance.calls == 1


def _raised(error: Exception) -> Callable[[], Awaitable[Completion]]:
    async def raising() -> Completion:
        raise error

    return raising


class Failing(Scripted):
    """A hedged model whose steps are functions."""

    def __init__(self, steps: list[Callable[[], Awaitable[Completion]]]) -> None:
        super().__init__([], LanguageModelSettings(name="openai/scripted", hedge_after_ms=50))
        self._steps = steps

    async def once(self, call: ModelCall, timeout_s: float) -> Completion:
        return await self._steps.pop(0)()
