import asyncio
import contextlib
import time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from assistant.language.failures import ModelCutOff, ModelUnreached
from assistant.language.resilient import ResilientModel, identity_of
from assistant.reflexes import Breakers
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
from chains.scope import Cache, LanguageModelSettings
from tests.assistant.language.asking import asked, purse
from tests.assistant.language.scripted import GOOD, NOTHING, Noted, Run, Scripted, Shelf, scripted
from tests.assistant.reflexes.servers import Clock


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
    assert model.params(asked()) == {"hop": "intent"}


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


class Loading(Scripted):
    """A model that takes a while to be loaded."""

    async def load(self) -> None:
        await asyncio.sleep(0.03)


def test_what_is_loaded_first_takes_nothing_of_the_hops_time() -> None:
    inner = Loading([GOOD])
    Run(inner).ask(hop_ms=100)
    assert inner.timeouts[0] > 0.08


def test_the_price_is_known_before_the_time_is_looked_at() -> None:
    class Slow(Scripted):
        def price_of(self, input_tokens: int, output_tokens: int) -> Decimal:
            time.sleep(0.03)
            return Decimal(0)

    inner = Slow([GOOD])
    Run(inner).ask(hop_ms=100)
    assert inner.timeouts[0] < 0.08


def test_a_reply_that_is_cut_off_is_no_sign_of_an_ill_model() -> None:
    run = Run(scripted(ModelCutOff(".")))
    with pytest.raises(ModelCutOff):
        run.ask()
    assert run.breaker.heard == [True]
    assert run.allowance.tokens == 150


def test_two_servers_or_keys_of_one_name_are_two_models() -> None:
    settings = [
        {},
        {"base_url": "http://a/v1"},
        {"base_url": "http://b/v1"},
        {"base_url": "http://b/v1", "api_key_env": "KEY"},
        {"api_key_env": "KEY"},
    ]
    named = [identity_of(LanguageModelSettings.model_validate({"name": "openai/m", **more})) for more in settings]
    assert len(set(named)) == len(named)
    assert named[0] == "openai/m"
    assert all(one.startswith("openai/m") and "http" not in one for one in named)


def test_a_server_that_fails_does_not_shut_another_of_the_same_name() -> None:
    breakers = Breakers(None)
    ill = [scripted(ModelDown("."), base_url="http://a/v1") for _ in range(5)]
    well = scripted(GOOD, base_url="http://b/v1")

    async def turns() -> str:
        for inner in ill:
            with pytest.raises(ModelDown):
                await resilient(inner, breakers).complete(asked(), purse(retries=0, usd=100.0))
        with pytest.raises(CircuitOpen):
            await resilient(ill[0], breakers).complete(asked(), purse(usd=100.0))
        return (await resilient(well, breakers).complete(asked(), purse(usd=100.0))).text

    assert asyncio.run(turns()) == "{}"


def resilient(inner: Scripted, breakers: Breakers) -> ResilientModel:
    return ResilientModel(inner, breakers, Shelf(), Cache())


async def shut(clock: Clock) -> Breakers:
    """Breakers that have just come to the time to try the model again."""
    breakers = Breakers(None, clock)
    for _ in range(5):
        await breakers.record("openai/scripted", ok=False)
    clock.now += 15
    return breakers


def test_a_turn_without_money_does_not_use_up_the_probe() -> None:
    async def turns() -> str:
        breakers = await shut(Clock())
        with pytest.raises(AllowanceSpent):
            await resilient(scripted(), breakers).complete(asked(), purse(usd=0.01))
        return (await resilient(scripted(GOOD), breakers).complete(asked(), purse(usd=100.0))).text

    assert asyncio.run(turns()) == "{}"


def test_a_cancelled_probe_makes_room_for_the_next_at_once() -> None:
    async def turns() -> str:
        breakers = await shut(Clock())
        task = asyncio.create_task(resilient(scripted(30.0), breakers).complete(asked(), purse(usd=100.0)))
        await asyncio.sleep(0.01)
        assert breakers.state("openai/scripted") == "half_open"
        with pytest.raises(CircuitOpen):
            await resilient(scripted(), breakers).complete(asked(), purse(usd=100.0))
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return (await resilient(scripted(GOOD), breakers).complete(asked(), purse(usd=100.0))).text

    assert asyncio.run(turns()) == "{}"


def test_operators_are_told_of_failures_in_our_words() -> None:
    run = Run(scripted(ModelDown("It is down."), ModelDown("It is down."), ModelMisconfigured("No key.")))
    with capture_logs() as logs, pytest.raises(ModelMisconfigured):
        run.ask(retries=2)
    assert [(entry["event"], entry["log_level"], entry["model"], entry["problem"]) for entry in logs] == [
        ("model_failed", "warning", "openai/scripted", "It is down."),
        ("model_failed", "error", "openai/scripted", "No key."),
    ]
