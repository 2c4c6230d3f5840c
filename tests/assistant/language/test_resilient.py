import asyncio
import contextlib
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.language.failures import ModelUnreached
from assistant.language.resilient import ResilientModel
from chains.allowance import Allowance
from chains.errors import (
    AllowanceSpent,
    CircuitOpen,
    ModelBusy,
    ModelDown,
    ModelFailed,
    ModelLate,
    ModelMisconfigured,
    ModelRefused,
    ModelSilent,
)
from chains.language import Completion
from chains.record import Usage
from chains.scope import Cache
from tests.assistant.language.asking import asked, purse
from tests.assistant.language.scripted import GOOD, NOTHING, Noted, Run, Scripted, Shelf, scripted


def test_a_good_reply_is_paid_as_it_was_used() -> None:
    run = Run(scripted(GOOD))
    assert run.ask() == GOOD
    assert run.spent == (1, 100, Decimal("0.25"))
    assert run.breaker.heard == [True]


def test_it_shows_what_its_model_is() -> None:
    model = Run(scripted()).model
    assert (model.name, model.structure, model.takes_functions, model.price_table_sha256) == (
        "openai/scripted",
        "plain",
        False,
        "abc",
    )


def test_a_reply_without_usage_stays_at_what_was_reserved() -> None:
    run = Run(scripted(Completion(text="{}")))
    run.ask()
    assert run.spent == (1, 150, Decimal("1.5"))


def test_a_shut_breaker_keeps_the_call_off_the_wire_and_the_purse() -> None:
    run = Run(scripted(), Noted(shut=True))
    with pytest.raises(CircuitOpen, match="openai/scripted"):
        run.ask()
    assert run.spent == NOTHING
    assert run.breaker.heard == []


@pytest.mark.parametrize(
    ("failed", "well", "reserved"),
    [
        (ModelMisconfigured("."), True, False),
        (ModelRefused("."), True, True),
        (ModelSilent("."), False, True),
        (ModelLate("."), False, True),
        (ModelBusy("."), False, False),
        (ModelDown("."), False, True),
        (ModelUnreached("."), False, False),
    ],
)
def test_each_failure_is_paid_and_heard_as_what_it_is(failed: ModelFailed, well: bool, reserved: bool) -> None:
    run = Run(scripted(failed))
    with pytest.raises(type(failed)):
        run.ask(retries=0)
    assert run.spent == ((1, 150, Decimal("1.5")) if reserved else (1, 0, Decimal(0)))
    assert run.breaker.heard == [well]


@pytest.mark.parametrize("failed", [ModelMisconfigured("."), ModelRefused("."), ModelSilent("."), ModelLate(".")])
def test_a_failure_that_stays_is_not_tried_again(failed: ModelFailed) -> None:
    run = Run(scripted(failed, GOOD))
    with pytest.raises(type(failed)):
        run.ask(retries=2)
    assert run.waits == []


def test_what_may_pass_is_tried_again_after_a_growing_wait() -> None:
    run = Run(scripted(ModelBusy("."), ModelDown("."), ModelUnreached("."), ModelDown("."), ModelDown("."), GOOD))
    with pytest.raises(ModelDown):
        run.ask(retries=4)
    assert run.waits == [0.05, 0.1, 0.2, 0.4]
    assert run.allowance.calls == 5


def test_the_wait_never_grows_above_a_second() -> None:
    down = [ModelDown(".") for _ in range(7)]
    run = Run(scripted(*down), share=lambda: 0.999)
    model = run.model
    assert max(model._wait_s(ModelDown("."), failures) for failures in range(60)) < 1.0


def test_extra_requests_are_counted() -> None:
    run = Run(scripted(ModelDown("."), ModelDown("."), GOOD))
    assert run.ask(retries=2).retries == 2
    assert run.breaker.heard == [False, False, True]


def test_a_turns_calls_share_one_retry_budget() -> None:
    run = Run(scripted(ModelDown("."), GOOD, ModelDown("."), GOOD))

    async def turn() -> None:
        allowance = purse(retries=1, usd=100.0)
        await run.model.complete(asked(), allowance)
        await run.model.complete(asked(), allowance)

    with pytest.raises(ModelDown):
        asyncio.run(turn())


def test_retry_after_is_what_is_waited() -> None:
    run = Run(scripted(ModelBusy(".", 0.7), GOOD))
    run.ask(retries=1)
    assert run.waits == [0.7]


def test_a_wait_that_does_not_fit_is_not_begun() -> None:
    run = Run(scripted(ModelBusy(".", 3.0), GOOD))
    with pytest.raises(ModelBusy):
        run.ask(retries=1, hop_ms=2000)
    assert run.waits == []
    assert run.allowance.retry()


def test_a_model_is_not_asked_without_the_means() -> None:
    for limits in ({"model_calls": 0}, {"tokens": 149}, {"usd": 1.49}):
        run = Run(scripted())
        with pytest.raises(AllowanceSpent):
            run.ask(**limits)
        assert run.breaker.heard == []


def test_an_attempt_has_no_more_time_than_a_hop() -> None:
    run = Run(scripted(GOOD))
    run.ask(hop_ms=1500)
    assert isinstance(run.inner, Scripted)
    assert 0 < run.inner.timeouts[0] <= 1.5


def test_a_retry_has_only_the_time_that_is_left_of_the_first_attempts() -> None:
    inner = scripted(ModelDown("."), GOOD)

    async def slow(seconds: float) -> None:
        await asyncio.sleep(0.03)

    async def run() -> None:
        model = ResilientModel(inner, Noted(), Shelf(), Cache(), sleep=slow, share=lambda: 0.0)
        await model.complete(asked(), purse(retries=1, hop_ms=1000, usd=100.0))

    asyncio.run(run())
    assert inner.timeouts[1] <= inner.timeouts[0] - 0.02


def test_when_the_time_is_over_before_a_retry_nobody_is_asked() -> None:
    inner = scripted(ModelDown("."), GOOD)

    async def oversleep(seconds: float) -> None:
        await asyncio.sleep(0.12)

    async def run() -> None:
        model = ResilientModel(inner, Noted(), Shelf(), Cache(), sleep=oversleep, share=lambda: 0.0)
        await model.complete(asked(), purse(retries=1, hop_ms=100, usd=100.0))

    with pytest.raises(AllowanceSpent):
        asyncio.run(run())
    assert len(inner.timeouts) == 1


def test_a_call_that_is_cancelled_stays_reserved() -> None:
    run = Run(scripted(30.0))

    async def turn() -> Allowance:
        allowance = purse(usd=100.0)
        task = asyncio.create_task(run.model.complete(asked(), allowance))
        await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return allowance

    assert asyncio.run(turn()).tokens == 150
    assert run.breaker.heard == []


@given(st.lists(st.sampled_from(["busy", "down", "late", "good", "silent"]), min_size=1, max_size=8), st.integers(0, 4))
def test_no_script_costs_more_requests_than_the_budget(script: list[str], retries: int) -> None:
    steps = {"busy": ModelBusy("."), "down": ModelDown("."), "late": ModelLate("."), "silent": ModelSilent(".")}
    run = Run(scripted(*(GOOD if name == "good" else steps[name] for name in script), *[GOOD] * 9))
    with contextlib.suppress(ModelFailed):
        run.ask(retries=retries, model_calls=3)
    assert run.allowance.calls <= min(3, retries + 1)


KEPT = Cache(hops=("intent",), ttl_s=60)


def test_the_same_question_is_asked_once() -> None:
    run = Run(scripted(GOOD), caching=KEPT)
    assert run.ask().served_from == "provider"
    again = run.ask()
    assert (again.text, again.served_from, again.cost_usd, again.usage) == ("{}", "cache", "0", Usage())
    assert run.spent == NOTHING
    assert run.shelf.ttl_s == 60


def test_a_kept_reply_is_served_by_a_model_that_is_left_alone() -> None:
    run = Run(scripted(GOOD), caching=KEPT)
    run.ask()
    run.breaker.shut = True
    assert run.ask().served_from == "cache"


def test_hops_that_are_not_cached_are_asked_each_time() -> None:
    run = Run(scripted(GOOD, GOOD), caching=KEPT)
    for _ in range(2):
        assert run.ask(asked(hop="lookup")).served_from == "provider"
    assert run.shelf.kept == {}


def test_a_reply_that_had_to_be_repaired_is_forgotten_and_the_repair_not_kept() -> None:
    run = Run(scripted(GOOD, GOOD, GOOD), caching=KEPT)
    run.ask()
    run.ask(asked("Which colour?", "a bad reply", "what was wrong", attempt=2))
    assert run.shelf.kept == {}
    assert run.ask().served_from == "provider"


def test_a_failure_is_not_kept() -> None:
    run = Run(scripted(ModelSilent(".")), caching=KEPT)
    with pytest.raises(ModelSilent):
        run.ask()
    assert run.shelf.kept == {}


def test_a_damaged_reply_is_asked_for_again() -> None:
    run = Run(scripted(GOOD, GOOD), caching=KEPT)
    run.ask()
    run.shelf.kept = dict.fromkeys(run.shelf.kept, '{"text": "half')
    assert run.ask().served_from == "provider"
