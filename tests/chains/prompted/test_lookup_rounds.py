"""The second round of a prompted lookup: what the first calls found is shown, and what is missing is called."""

import json

import pytest

from chains.language import ModelCall
from chains.messages import LookupInput, Plan
from chains.tools import ToolResult
from tests.chains.fakes import call
from tests.chains.prompted.lookups import called, looking
from tests.chains.prompted.planning import calling, contents, functions_in, plan_by, planner, repaired, roles, second
from tests.chains.shop import LAPTOPS


def test_a_second_round_shows_the_first_calls_with_what_they_found() -> None:
    asked, _ = planner().call(second())
    assert roles(asked)[-5:] == ["user", "assistant", "tool", "tool", "user"]
    shown = functions_in(asked.messages[-4])
    assert shown == [("search_products", {"query": "lamp", "price_max": 40}), ("check_stock", {"sku": "L-9"})]
    found = json.loads(contents(asked)[-3])
    assert found["records"][0] == {"id": "A", "name": "Aurel Nova 14", "category": None}
    assert json.loads(contents(asked)[-2])["error"] == "There is no product."
    assert "needs_results" not in json.dumps(asked.functions)


def test_in_a_second_round_a_model_with_functions_may_be_done_and_is_told_so() -> None:
    first, _ = planner().call(looking())
    asked, _ = planner().call(second())
    assert (first.must_call, asked.must_call) == (True, False)
    assert contents(asked)[-1] == (
        "Make the calls that are still missing, corrected where one failed. "
        'If nothing is missing, call nothing and reply with the one word "done".'
    )
    assert contents(planner(native=False).call(second())[0])[-1].endswith("reply with an empty list of calls.")


@pytest.mark.parametrize("native", [True, False])
def test_a_second_round_cannot_ask_the_customer(native: bool) -> None:
    shown = [json.dumps([one.functions, one.schema, *contents(one)]) for one in calls_of_rounds(native)]
    assert "ask_customer" in shown[0]
    assert "ask_customer" not in shown[1]


def calls_of_rounds(native: bool) -> list[ModelCall]:
    model = planner(native=native, structure="json_schema")
    return [model.call(given)[0] for given in (looking(), second())]


@pytest.mark.parametrize(
    ("given", "way"), [(looking(), "or ask_customer"), (second(), "or reply with an empty list of calls")]
)
def test_a_text_without_calls_is_answered_with_what_may_be_done(given: LookupInput, way: str) -> None:
    assert way in contents(repaired('{"no_calls": "Hm."}', ("no_calls", "x"), native=False, given=given))[-1]


def test_a_model_without_functions_reads_the_same_results() -> None:
    asked, _ = planner(native=False).call(second())
    assert roles(asked)[-3:] == ["user", "assistant", "user"]
    assert json.loads(contents(asked)[-2])["calls"][1] == {"name": "check_stock", "arguments": {"sku": "L-9"}}
    assert "Aurel Nova 14" in contents(asked)[-1]
    assert "There is no product." in contents(asked)[-1]


def test_results_are_cut_to_a_share_of_the_prompt() -> None:
    many = looking(
        results=tuple(ToolResult(call=call("list_categories", "product.price"), evidence=LAPTOPS) for _ in "123")
    )
    asked, _ = planner(tokens=3000).call(many)
    assert all(len(content) < 1000 for content in contents(asked)[-3:])


def test_a_model_that_calls_nothing_more_is_done() -> None:
    assert plan_by(planner("All found."), second()) == Plan()
    assert plan_by(planner('{"calls": []}', native=False), second()) == Plan()


def test_calls_of_a_second_round_are_its_own() -> None:
    reply = calling(called("get_product", '{"sku": "A"}'), called("search_products", '{"needs_results": true}'))
    plan = plan_by(planner(reply), second())
    assert [one.call_id for one in plan.calls] == ["call_3", "call_4"]
    assert plan.more is False


def test_it_serves_second_rounds_and_repairs() -> None:
    card = planner().card
    assert card.rounds
    assert card.repairs
