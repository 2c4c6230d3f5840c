import asyncio
import json

import pytest

from chains.allowance import Allowance
from chains.attempt import Asked, Carried, CodeModel, ask
from chains.errors import ModelFailed
from chains.messages import Intent, IntentInput
from chains.ports import Cascade, HopModel, ModelCard, Repair, Reply
from chains.record import CalledTool, HopRecord
from chains.scope import Budget, Scope
from chains.trail import Trail
from moderation import Failure, Guard
from tests.chains.fakes import names, shop_scope
from tests.chains.scripts import Late, MemoryLog, Script, Scripted, within
from tests.chains.trails import FRAME

GIVEN = IntentInput(text="What does it cost?", locale="en")
GOOD = names("product.price")
BAD = '{"ranked": [], "out_of_scope": 0}'
WORSE = "[]"


def known(value: Intent, scope: Scope) -> tuple[Failure, ...]:
    return () if value.ranked[0].intent in scope.by_id else (Failure(path="ranked", code="unknown", msg="Not known."),)


GUARD: Guard[Intent, Scope] = Guard("attempt", Intent, (known,))


def served(model: HopModel[IntentInput]) -> tuple[Intent | None, list[HopRecord]]:
    """What asking this model comes to, and the records of it."""
    trail = Trail(FRAME, MemoryLog())
    return within(lambda allowance: ask(asking(model), trail, allowance)), trail.records


def asking(*models: HopModel[IntentInput]) -> Asked[IntentInput, Intent, Scope]:
    return Asked("intent", GIVEN, Intent, Cascade.of(*models), GUARD, shop_scope())


def test_a_good_reply_is_taken_at_once() -> None:
    model = Script[IntentInput](GOOD)
    value, records = served(model)
    assert value == GOOD
    assert model.repairs == [None]
    assert [(r.attempt, r.status, r.repaired) for r in records] == [(1, "ok", False)]


def test_a_refused_reply_is_given_back_once_with_its_failures() -> None:
    model = Script[IntentInput](BAD, GOOD)
    value, records = served(model)
    assert value == GOOD
    first, second = model.repairs
    assert first is None
    assert second is not None
    assert second.raw == BAD
    assert second.failures == records[0].validation_errors
    assert [(r.attempt, r.status, r.repaired) for r in records] == [(1, "invalid", False), (2, "ok", True)]


@pytest.mark.parametrize(("first", "second"), [(BAD, BAD), (BAD, WORSE), (names("admin.all"), names("admin.some"))])
def test_a_model_that_is_wrong_twice_is_not_asked_a_third_time(first: Scripted, second: Scripted) -> None:
    model = Script[IntentInput](first, second)
    value, records = served(model)
    assert value is None
    assert len(model.given) == 2
    assert [(r.attempt, r.status, r.parsed) for r in records] == [(1, "invalid", None), (2, "invalid", None)]


def test_a_model_that_cannot_repair_is_asked_once() -> None:
    model = Script[IntentInput](BAD)
    model.card = ModelCard("fake", "embedded", "classify")
    value, records = served(model)
    assert value is None
    assert [r.status for r in records] == ["invalid"]


@pytest.mark.parametrize(
    ("reply", "error_type"),
    [
        (ModelFailed("The model is down."), "ModelFailed"),
        (RecursionError(), "RecursionError"),
        (Late(5), "TimeoutError"),
    ],
)
def test_a_model_without_a_reply_is_not_asked_again(reply: Scripted, error_type: str) -> None:
    value, records = served(Script(reply))
    assert value is None
    assert [(r.status, r.error_type, r.validation_errors) for r in records] == [("error", error_type, ())]


@pytest.mark.parametrize("second", [ModelFailed("The model is down."), Late(5)])
def test_a_model_that_fails_on_its_second_try_leaves_both_records(second: Scripted) -> None:
    value, records = served(Script(BAD, second))
    assert value is None
    assert [(r.attempt, r.status) for r in records] == [(1, "invalid"), (2, "error")]


def test_being_cancelled_is_not_a_failure_of_the_model() -> None:
    trail = Trail(FRAME, MemoryLog())

    async def cancel() -> None:
        task = asyncio.create_task(ask(asking(Script(Late())), trail, Allowance(Budget())))
        await asyncio.sleep(0)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancel())
    assert [(r.status, r.error_type, r.decides) for r in trail.records] == [("error", "Cancelled", False)]


def test_an_accepted_output_is_carried_out_inside_its_record() -> None:
    trail, carried = Trail(FRAME, MemoryLog()), []
    call = CalledTool(name="get_product", call_id="1", intent="product.price", arguments={})

    async def carry_out(value: Intent) -> Carried:
        carried.append(value)
        assert len(trail.records) == 1  # the refused first attempt alone: this one is still open
        return Carried((call,), ("L-1:price",))

    within(lambda allowance: ask(asking(Script(BAD, GOOD)), trail, allowance, carry_out))
    assert carried == [GOOD]
    assert [(r.tool_calls, r.facts) for r in trail.records] == [((), ()), ((call,), ("L-1:price",))]


def test_nothing_is_carried_out_of_a_refused_output() -> None:
    async def carry_out(value: Intent) -> Carried:
        raise AssertionError("the output was refused")

    trail = Trail(FRAME, MemoryLog())
    assert within(lambda allowance: ask(asking(Script(BAD)), trail, allowance, carry_out)) is None


def test_code_serves_a_hop_as_a_model_does() -> None:
    card = ModelCard("hopdesk", "code/1", "rules")
    value, records = served(CodeModel(card, lambda given: names("product.price") if given.text else GOOD))
    assert value == GOOD
    assert (records[0].provider, records[0].model, records[0].op) == ("hopdesk", "code/1", "rules")
    assert json.loads(records[0].model_dump_json())["parsed"] == GOOD.model_dump(mode="json")


def test_code_that_fails_is_a_failed_model() -> None:
    def fail(given: IntentInput) -> Intent:
        raise ZeroDivisionError

    value, records = served(CodeModel(ModelCard("hopdesk", "code/1", "rules"), fail))
    assert value is None
    assert records[0].error_type == "ZeroDivisionError"


def test_what_a_reply_says_of_itself_is_recorded() -> None:
    class Detailed(Script[IntentInput]):
        async def propose(
            self, given: IntentInput, repair: Repair | None = None, allowance: Allowance | None = None
        ) -> Reply:
            return Reply(raw=GOOD.model_dump_json(), params={"temperature": 0}, cost_usd="0.0001", retries=1)

    _, records = served(Detailed(GOOD))
    assert (records[0].params, records[0].cost_usd, records[0].retries) == ({"temperature": 0}, "0.0001", 1)
