import asyncio

import pytest
from pydantic import JsonValue
from structlog.testing import capture_logs

from chains.allowance import Allowance
from chains.errors import ToolFailed
from chains.hops.lookup import (
    GUARD,
    Found,
    Looking,
    PlanContext,
    look_up,
    permitted_calls,
    permitted_topics,
    valid_arguments,
)
from chains.messages import LookupInput, Plan
from chains.ports import Cascade
from chains.tools import Caller, Identity, ToolCall
from chains.trail import Trail
from tests.chains.fakes import (
    NOW,
    ORDER_PLAN,
    PRICE_PLAN,
    PRODUCTS,
    RETURNS_CALL,
    FakeToolbox,
    call,
    changed,
    shop_scope,
)
from tests.chains.scripts import DOWN, MemoryLog, Script, Scripted, within
from tests.chains.trails import FRAME

SCOPE = shop_scope(calls=3)
SERVED = ("product.price", "returns.policy")
ALLOWED = {intent: SCOPE.permitted(intent, Identity.ANONYMOUS) for intent in SERVED}
CONTEXT = PlanContext(SCOPE, ALLOWED, SCOPE.budget.calls)
GIVEN = LookupInput(text="What does it cost?", intents=SERVED, tools=ALLOWED, now=NOW)
NOBODY = Caller(site="shop", identity=Identity.ANONYMOUS, now=NOW, originals={})


def codes(plan: Plan) -> list[tuple[str, str]]:
    failures = asyncio.run(GUARD.judge(plan.model_dump_json(), CONTEXT)).failures
    return [(failure.path, failure.code) for failure in failures]


def searched(**arguments: JsonValue) -> Plan:
    return Plan(calls=(call("search_products", "product.price", "1", **arguments),))


def looked_up(
    plan: Scripted, toolbox: FakeToolbox | None = None, tools: dict[str, tuple[str, ...]] | None = None
) -> tuple[Found | None, Trail, FakeToolbox]:
    trail, toolbox = Trail(FRAME, MemoryLog()), toolbox or FakeToolbox()
    given = GIVEN.model_copy(update={"tools": tools or ALLOWED})

    async def look(allowance: Allowance) -> Found | None:
        return await look_up(given, Cascade.of(Script(plan)), Looking(SCOPE, toolbox, NOBODY, trail, allowance))

    return within(look), trail, toolbox


# What a planner may propose


@pytest.mark.parametrize(
    "plan", [Plan(), PRICE_PLAN, Plan(calls=(*PRICE_PLAN.calls, RETURNS_CALL)), searched(), Plan(needs="details")]
)
def test_permitted_calls_with_fitting_arguments_hold(plan: Plan) -> None:
    assert codes(plan) == []


@pytest.mark.parametrize(
    "foreign",
    [
        call("get_order", "product.price"),
        call("find_policy", "product.price", query="x"),
        call("get_product", "returns.policy", sku="L-1"),
        call("get_product", "admin.all", sku="L-1"),
        call("get_order", "order.status"),
        call("points", "account.points"),
    ],
)
def test_a_tool_that_its_intent_may_not_call_is_refused(foreign: ToolCall) -> None:
    assert ("calls.0.name", "tool_not_permitted") in codes(Plan(calls=(foreign,)))


def test_an_unknown_tool_is_refused_before_its_arguments_are_read() -> None:
    assert codes(Plan(calls=(call("drop_table", "product.price", x=1),))) == [("calls.0.name", "tool_not_permitted")]


@pytest.mark.parametrize(
    ("arguments", "where", "code"),
    [
        ({"limit": 21}, "limit", "less_than_equal"),
        ({"site": "other"}, "site", "extra_forbidden"),
        ({"price_max_minor": "900"}, "price_max_minor", "int_type"),
        ({"filters": [{"field": "x", "op": "sql", "value": 1}]}, "filters.0.op", "literal_error"),
    ],
)
def test_arguments_are_held_to_the_tools_own_model(arguments: dict[str, JsonValue], where: str, code: str) -> None:
    assert codes(searched(**arguments)) == [(f"calls.0.arguments.{where}", code)]


@pytest.mark.parametrize("topics", [None, [], ["warranty"], ["returns", "warranty"], "returns", [["returns"]]])
def test_a_policy_is_looked_for_among_the_topics_of_its_intent(topics: JsonValue) -> None:
    arguments: dict[str, JsonValue] = {"query": "x"} if topics is None else {"query": "x", "topics": topics}
    foreign = Plan(calls=(call("find_policy", "returns.policy", "1", **arguments),))
    assert ("calls.0.arguments.topics", "topic_not_permitted") in codes(foreign)


@pytest.mark.parametrize("topics", [None, [], ["warranty"]])
def test_an_intent_without_topics_may_look_in_all_policies(topics: JsonValue) -> None:
    everywhere = tuple(one.model_copy(update={"topics": ()}) for one in SCOPE.intents)
    context = PlanContext(changed(SCOPE, intents=everywhere), ALLOWED, 3)
    arguments: dict[str, JsonValue] = {"query": "x"} if topics is None else {"query": "x", "topics": topics}
    plan = Plan(calls=(call("find_policy", "returns.policy", "1", **arguments),))
    assert asyncio.run(GUARD.judge(plan.model_dump_json(), context)).failures == ()


def test_an_unknown_intent_has_no_topics_to_keep_to() -> None:
    plan = Plan(calls=(call("find_policy", "admin.all", query="x"),))
    assert permitted_topics(plan, CONTEXT) == ()
    assert codes(plan) == [("calls.0.name", "tool_not_permitted")]


def test_a_failure_does_not_repeat_an_argument() -> None:
    failures = asyncio.run(GUARD.judge(searched(limit="ada@example.org").model_dump_json(), CONTEXT)).failures
    assert failures
    assert "ada@" not in str(failures)


def test_infinite_numbers_are_refused() -> None:
    raw = searched(filters=[]).model_dump_json().replace("[]", '[{"field":"x","op":"eq","value":Infinity}]')
    assert asyncio.run(GUARD.judge(raw, CONTEXT)).value is None


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        (("1", "2", "3"), []),
        (("1", "2", "3", "4"), [("calls", "too_many_calls")]),
        (("1", "1"), [("calls", "same_call_id")]),
    ],
)
def test_calls_are_few_and_told_apart(ids: tuple[str, ...], expected: list[tuple[str, str]]) -> None:
    calls = tuple(call("get_product", "product.price", call_id, sku="L-1") for call_id in ids)
    assert codes(Plan(calls=calls)) == expected


def test_an_intent_that_is_not_served_may_call_nothing_whatever_its_scope_says() -> None:
    plan = Plan(calls=(call("compare_products", "product.compare", skus=["L-1", "L-2"]),))
    assert [failure.code for failure in permitted_calls(plan, CONTEXT)] == ["tool_not_permitted"]
    assert valid_arguments(plan, CONTEXT) == ()


# What becomes of it


def test_evidence_is_joined_and_told_apart_by_intent() -> None:
    found, trail, toolbox = looked_up(Plan(calls=(*PRICE_PLAN.calls, RETURNS_CALL)))
    assert found is not None
    assert [record.id for record in found.evidence.records] == ["L-1"]
    assert found.by_intent == {"product.price": PRODUCTS["L-1"].ids(), "returns.policy": ("returns#1",)}
    assert found.failed == 0
    assert [one.name for one in toolbox.ran] == ["get_product", "find_policy"]
    assert trail.records[0].facts == ("L-1:price", "L-1:stock", "L-1:colour")


def test_two_calls_of_one_intent_are_joined() -> None:
    second = call("check_stock", "product.price", "2", sku="L-2")
    found, _, _ = looked_up(Plan(calls=(*PRICE_PLAN.calls, second)))
    assert found is not None
    assert found.by_intent == {"product.price": PRODUCTS["L-1"].ids() + PRODUCTS["L-2"].ids()}


def test_a_call_that_fails_leaves_its_sentence_and_the_others_go_on() -> None:
    missing = call("get_product", "product.price", "0", sku="L-9")
    found, trail, _ = looked_up(Plan(calls=(missing, *PRICE_PLAN.calls)))
    assert found is not None
    assert (found.failed, len(found.evidence.records)) == (1, 1)
    assert [one.error for one in trail.records[0].tool_calls] == ["There is no such product.", None]


def test_all_calls_failing_is_an_empty_evidence() -> None:
    found, _, _ = looked_up(PRICE_PLAN, FakeToolbox(ToolFailed("The catalog is not there.")))
    assert found is not None
    assert (found.failed, found.by_intent, found.evidence.facts) == (1, {}, ())


@pytest.mark.parametrize("silent", [DOWN, "{", ORDER_PLAN])
def test_without_a_valid_plan_nothing_is_called(silent: Scripted) -> None:
    found, _, toolbox = looked_up(silent)
    assert found is None
    assert toolbox.ran == []


def test_the_scope_is_asked_again_before_a_call_is_carried_out() -> None:
    widened: dict[str, tuple[str, ...]] = {"order.status": ("get_order",)}
    found, trail, toolbox = looked_up(ORDER_PLAN, tools=widened)
    assert found is not None
    assert toolbox.ran == []
    assert found.failed == 1
    assert trail.records[0].tool_calls[0].error == "This call is not permitted."


def test_a_defect_of_the_toolbox_costs_that_calls_facts_and_its_message_is_kept_nowhere() -> None:
    with capture_logs() as logs:
        found, trail, _ = looked_up(PRICE_PLAN, FakeToolbox(ZeroDivisionError("ada@example.org")))
    assert found is not None
    assert (found.failed, found.by_intent) == (1, {})
    assert trail.records[0].tool_calls[0].error == "This call could not be carried out."
    broken = {"event": "tool_broken", "tool": "get_product", "error": "ZeroDivisionError", "log_level": "error"}
    assert logs == [broken]
