"""Lookups in more than one step: a second round, a plan that was guessed, and calls that run side by side."""

import asyncio
from dataclasses import dataclass

import pytest
from pydantic import BaseModel

from chains.allowance import Allowance
from chains.errors import ToolFailed
from chains.facts import Evidence
from chains.hops.lookup import Found, Looking, guess_plan, look_up, plan_once
from chains.messages import LookupInput, Plan
from chains.ports import Cascade, Tier
from chains.record import HopRecord
from chains.scope import Scope
from chains.tools import Caller, Identity, ToolCall, ToolResult
from chains.trail import Trail
from tests.chains.fakes import NOW, PRICE_PLAN, PRODUCTS, RETURNS_CALL, FakeToolbox, call, changed, shop_scope
from tests.chains.scripts import DOWN, MemoryLog, Script, Scripted, within
from tests.chains.trails import FRAME

SCOPE = shop_scope(calls=3)
PRICE, RETURNS = "product.price", "returns.policy"
ALLOWED = {intent: SCOPE.permitted(intent, Identity.ANONYMOUS) for intent in (PRICE, RETURNS)}
NOBODY = Caller(site="shop", identity=Identity.ANONYMOUS, now=NOW, originals={})
PRICE_CALL = PRICE_PLAN.calls[0]
STOCK_CALL = call("check_stock", PRICE, "2", sku="L-2")
MISSING_CALL = call("get_product", PRICE, "3", sku="L-9")
MORE = PRICE_PLAN.model_copy(update={"more": True})


@dataclass(frozen=True)
class Looked:
    """A lookup that is over: what it found, its records, and the planner and toolbox it ran on."""

    found: Found | None
    records: list[HopRecord]
    planner: Script[LookupInput]
    tools: FakeToolbox

    @property
    def asked(self) -> list[tuple[str, str, list[str]]]:
        """Of each attempt the model, the status and the calls that were carried out."""
        return [(r.model, r.status, [one.call_id for one in r.tool_calls]) for r in self.records]

    @property
    def evidence(self) -> Evidence:
        assert self.found is not None
        return self.found.evidence


def asking(*intents: str) -> LookupInput:
    served = intents or (PRICE,)
    return LookupInput(text="How much?", intents=served, tools={one: ALLOWED[one] for one in served}, now=NOW)


def look(
    first: Scripted,
    then: Scripted | None = None,
    *,
    given: LookupInput | None = None,
    guess: Plan | None = None,
    scope: Scope = SCOPE,
    toolbox: FakeToolbox | None = None,
    models: Cascade[LookupInput] | None = None,
) -> Looked:
    """Look up with a planner that plans so, and so in a second round, where it has one."""
    trail, tools = Trail(FRAME, MemoryLog()), toolbox or FakeToolbox()
    planner = Script[LookupInput](first, round_two=then)

    async def looking(allowance: Allowance) -> Found | None:
        by = Looking(scope, tools, NOBODY, trail, allowance)
        return await look_up(given or asking(), models or Cascade.of(planner), by, guess)

    return Looked(within(looking), trail.records, planner, tools)


def calling(*calls: ToolCall, more: bool = False) -> Plan:
    return Plan(calls=calls, more=more)


# A second round


def test_there_is_no_second_round_where_the_first_is_enough() -> None:
    done = look(PRICE_PLAN, calling(STOCK_CALL))
    assert done.asked == [("script", "ok", ["1"])]


def test_a_plan_may_ask_for_a_second_round_and_sees_what_the_first_found() -> None:
    done = look(MORE, calling(STOCK_CALL))
    assert done.asked == [("script", "ok", ["1"]), ("script", "ok", ["2"])]
    assert [ran.name for ran in done.tools.ran] == ["get_product", "check_stock"]
    first, second = done.planner.given
    assert first.results == ()
    assert second == first.model_copy(
        update={"results": (ToolResult(call=PRICE_CALL, evidence=PRODUCTS["L-1"], error=None),)}
    )


def test_what_both_rounds_found_is_joined() -> None:
    done = look(MORE, calling(STOCK_CALL))
    assert done.found is not None
    assert {record.id for record in done.evidence.records} == {"L-1", "L-2"}
    assert done.found.by_intent == {PRICE: PRODUCTS["L-1"].ids() + PRODUCTS["L-2"].ids()}
    assert done.found.plan.calls == (PRICE_CALL, STOCK_CALL)
    assert done.found.failed == 0


def test_a_failed_call_is_handed_back_with_its_sentence_and_made_good() -> None:
    done = look(calling(MISSING_CALL), PRICE_PLAN)
    assert done.found is not None
    assert [(result.call, result.error) for result in done.planner.given[1].results] == [
        (MISSING_CALL, "There is no such product.")
    ]
    assert (done.found.failed, [record.id for record in done.evidence.records]) == (0, ["L-1"])


def test_a_call_that_fails_again_is_still_a_failure() -> None:
    done = look(calling(MISSING_CALL), calling(MISSING_CALL))
    assert done.found is not None
    assert done.found.failed == 1


def test_a_second_plan_without_calls_leaves_the_failure_of_the_first() -> None:
    done = look(calling(MISSING_CALL, PRICE_CALL), Plan())
    assert done.found is not None
    assert (done.found.failed, len(done.found.plan.calls)) == (1, 2)


def test_what_a_second_plan_needs_never_takes_away_what_the_first_found() -> None:
    done = look(MORE, Plan(needs="product", candidates=("L-1",)))
    assert done.found is not None
    assert (done.found.plan.needs, done.found.plan.candidates) == (None, ())
    assert done.found.plan.calls == (PRICE_CALL,)
    assert [record.id for record in done.evidence.records] == ["L-1"]


def test_what_a_second_plan_needs_is_asked_for_where_the_first_found_nothing() -> None:
    done = look(calling(MISSING_CALL), Plan(needs="product", candidates=("L-1",)))
    assert done.found is not None
    assert (done.found.plan.needs, done.found.plan.candidates) == ("product", ("L-1",))


def test_there_is_no_second_round_where_the_customer_is_asked_anyway() -> None:
    done = look(Plan(calls=(MISSING_CALL,), needs="product", candidates=("L-9",)), PRICE_PLAN)
    assert done.found is not None
    assert done.found.plan.needs == "product"
    assert len(done.planner.given) == 1


@pytest.mark.parametrize("silent", [DOWN, "{", calling(call("get_order", PRICE))])
def test_a_second_round_that_fails_keeps_what_was_found(silent: Scripted) -> None:
    done = look(calling(PRICE_CALL, MISSING_CALL, more=True), silent)
    assert done.found is not None
    assert ([record.id for record in done.evidence.records], done.found.failed) == (["L-1"], 1)
    assert len(done.tools.ran) == 2


def test_both_rounds_share_the_budget_of_calls() -> None:
    done = look(MORE, calling(STOCK_CALL, call("check_stock", PRICE, "3", sku="L-1")))
    assert len(done.tools.ran) == SCOPE.budget.calls == 3
    four = look(calling(PRICE_CALL, MISSING_CALL), calling(STOCK_CALL, call("check_stock", PRICE, "4", sku="L-1")))
    assert [failure.code for failure in four.records[1].validation_errors] == ["too_many_calls"]
    assert len(four.tools.ran) == 2


def test_there_is_no_second_round_without_calls_left() -> None:
    done = look(calling(PRICE_CALL, STOCK_CALL, MISSING_CALL, more=True), PRICE_PLAN)
    assert len(done.planner.given) == 1


def test_there_is_no_second_round_after_a_plan_that_called_nothing() -> None:
    done = look(Plan(more=True), PRICE_PLAN)
    assert len(done.planner.given) == 1


def test_there_is_no_third_round() -> None:
    done = look(MORE, calling(call("get_product", PRICE, "9", sku="L-9"), more=True))
    assert len(done.planner.given) == 2


def test_a_planner_that_cannot_go_on_is_not_asked_to() -> None:
    local = Script[LookupInput](MORE)
    assert not local.card.rounds
    done = look(MORE, models=Cascade.of(local))
    assert done.found is not None
    assert len(local.given) == 1


def test_only_those_that_can_go_on_are_asked_for_the_second_round() -> None:
    local = Script[LookupInput](MORE, name="local")
    far = Script[LookupInput](DOWN, round_two=calling(STOCK_CALL), name="far")
    done = look(MORE, models=Cascade((Tier(local), Tier(far))))
    assert done.asked == [("local", "ok", ["1"]), ("far", "ok", ["2"])]


# Side by side


class Meeting(FakeToolbox):
    """Answers no call before as many as are expected are there."""

    def __init__(self, parties: int) -> None:
        super().__init__()
        self._barrier = asyncio.Barrier(parties)

    async def run(self, name: str, arguments: BaseModel, caller: Caller) -> Evidence:
        await self._barrier.wait()
        return await super().run(name, arguments, caller)


def test_calls_run_side_by_side_and_keep_their_order() -> None:
    calls = (PRICE_CALL, STOCK_CALL, RETURNS_CALL.model_copy(update={"call_id": "3"}))
    done = look(calling(*calls), given=asking(PRICE, RETURNS), toolbox=Meeting(3))
    assert done.asked == [("script", "ok", ["1", "2", "3"])]
    assert all(one.result for one in done.records[0].tool_calls)


# A plan that was guessed


def test_a_guess_that_fits_the_intent_is_carried_out_without_asking() -> None:
    done = look(DOWN, guess=PRICE_PLAN)
    assert done.asked == [("settled/1", "ok", ["1"])]
    assert done.planner.given == []
    assert [record.id for record in done.evidence.records] == ["L-1"]


def test_a_guess_is_made_on_behalf_of_the_intent_that_it_turned_out_to_be() -> None:
    guess = calling(PRICE_CALL.model_copy(update={"intent": "product.compare"}))
    done = look(DOWN, guess=guess)
    assert done.found is not None
    assert done.found.by_intent == {PRICE: PRODUCTS["L-1"].ids()}
    assert done.found.plan.calls == (PRICE_CALL,)


def test_a_guessed_search_for_policies_is_held_to_the_topics_of_the_intent() -> None:
    guess = calling(call("find_policy", PRICE, query="return", topics=["warranty", "delivery"]))
    done = look(DOWN, guess=guess, given=asking(RETURNS))
    assert [one.arguments for one in done.records[0].tool_calls] == [{"query": "return", "topics": ["returns"]}]
    everywhere = changed(SCOPE, intents=tuple(one.model_copy(update={"topics": ()}) for one in SCOPE.intents))
    done = look(DOWN, guess=guess, given=asking(RETURNS), scope=everywhere)
    assert [one.arguments for one in done.records[0].tool_calls] == [{"query": "return", "topics": []}]


@pytest.mark.parametrize(
    ("guess", "intents"),
    [
        (None, (PRICE,)),
        (Plan(), (PRICE,)),
        (Plan(calls=PRICE_PLAN.calls, needs="product"), (PRICE,)),
        (calling(PRICE_CALL, RETURNS_CALL), (PRICE,)),  # find_policy is nothing that a price question may call
        (PRICE_PLAN, (PRICE, RETURNS)),
    ],
)
def test_a_guess_that_does_not_fit_is_left_alone(guess: Plan | None, intents: tuple[str, ...]) -> None:
    done = look(calling(STOCK_CALL), guess=guess, given=asking(*intents))
    assert done.asked == [("script", "ok", ["2"])]


def test_a_guess_may_ask_for_a_second_round() -> None:
    done = look(DOWN, calling(STOCK_CALL), guess=MORE)
    assert done.asked == [("settled/1", "ok", ["1"]), ("script", "ok", ["2"])]


def guessed(plan: Scripted) -> tuple[Plan | None, Trail, FakeToolbox]:
    trail, tools = Trail(FRAME, MemoryLog()), FakeToolbox()

    async def guessing(allowance: Allowance) -> Plan | None:
        by = Looking(SCOPE, tools, NOBODY, trail, allowance)
        return await guess_plan(asking(PRICE, RETURNS), Cascade.of(Script(plan)), by)

    return within(guessing), trail, tools


def test_a_guess_is_held_to_the_same_rules_and_nothing_of_it_is_carried_out() -> None:
    plan, trail, tools = guessed(PRICE_PLAN)
    assert plan == PRICE_PLAN
    assert [(r.status, r.tool_calls) for r in trail.records] == [("ok", ())]
    assert tools.ran == []
    assert guessed(calling(call("get_order", PRICE)))[0] is None


# One round alone


def test_a_recorded_second_round_has_the_calls_that_the_first_left() -> None:
    result = ToolResult(call=PRICE_CALL, error="There is no such product.")
    given = asking().model_copy(update={"results": (result, result)})
    trail = Trail(FRAME, MemoryLog())

    async def planning(allowance: Allowance) -> Plan | None:
        by = Looking(SCOPE, FakeToolbox(ToolFailed("Not there.")), NOBODY, trail, allowance)
        two = Script[LookupInput](calling(PRICE_CALL, STOCK_CALL))
        return await plan_once(given, Cascade.of(two), by)

    assert within(planning) is None
    assert {failure.code for failure in trail.records[0].validation_errors} == {"too_many_calls"}
