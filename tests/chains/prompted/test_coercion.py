import asyncio
import json

import pytest
from pydantic import JsonValue
from pydantic_core import from_json

from chains.facets import Facets
from chains.language import FunctionCall, Json
from chains.messages import LookupInput, Plan
from chains.prompted import spelling
from chains.prompted.coercion import plan_of
from chains.prompted.spelling import Spelling
from chains.scope import OperatorTool, Parameter
from chains.tools import (
    ToolResult,
)
from tests.chains.fakes import call, changed
from tests.chains.prompted.lookups import FACETS, SCOPE, called, judged, looking

SPELLING = Spelling(FACETS)
RETURNS = ("returns.policy",)
TWO = ("product.price", "returns.policy")
BOTH_PRODUCT = ("product.price", "product.compare")


def plan(*calls: FunctionCall, given: LookupInput | None = None, facets: Facets = FACETS) -> Json:
    found = from_json(plan_of(calls, given or looking(), SCOPE.specs, Spelling(facets)))
    assert isinstance(found, dict)
    return found


def calls_of(found: Json) -> list[Json]:
    calls = found["calls"]
    assert isinstance(calls, list)
    return [one for one in calls if isinstance(one, dict)]


def arguments_of(name: str, arguments: object, given: LookupInput | None = None) -> JsonValue:
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return calls_of(plan(called(name, text), given=given))[0]["arguments"]


def search(**arguments: JsonValue) -> JsonValue:
    return arguments_of("search_products", arguments)


def filtered(field: str, op: str, value: JsonValue, **more: JsonValue) -> JsonValue:
    found = search(filters=[{"field": field, "op": op, "value": value, **more}])
    assert isinstance(found, dict)
    filters = found["filters"]
    assert isinstance(filters, list)
    return filters[0]


# What is mended


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ({"limit": "5"}, {"limit": 5}),
        ({"limit": 5.0}, {"limit": 5}),
        ({"limit": " 5 "}, {"limit": 5}),
        ({"in_stock": "true"}, {"in_stock": True}),
        ({"in_stock": "False"}, {"in_stock": False}),
        ({"category": "Table-Lamps"}, {"category": "table_lamps"}),
        ({"category": "COFFEE MACHINES"}, {"category": "coffee_machines"}),
        ({"sort_by": "Price", "order": "DESC"}, {"sort_by": "price", "order": "desc"}),
        ({"price_max": 40}, {"price_max_minor": 4000}),
        ({"price_min": "39.9", "price_max": 49.95}, {"price_min_minor": 3990, "price_max_minor": 4995}),
        ({"price_max_minor": 4000}, {"price_max_minor": 4000}),
        ({"category": None, "brand": "", "filters": None, "price_min": None}, {}),
    ],
)
def test_arguments_of_a_search_are_mended_where_nothing_is_lost(given: dict[str, JsonValue], read: Json) -> None:
    assert search(**given) == read


@pytest.mark.parametrize(
    ("condition", "read"),
    [
        (("Memory", "GE", "16 GB"), {"field": "memory", "op": "ge", "value": 16, "unit": "GB"}),
        (("memory", ">=", "16gb"), {"field": "memory", "op": "ge", "value": 16, "unit": "GB"}),
        (("memory", "ge", "16"), {"field": "memory", "op": "ge", "value": 16}),
        (("memory", "ge", 16.5), {"field": "memory", "op": "ge", "value": 16.5}),
        (("power", "lt", "1.5 W"), {"field": "power", "op": "lt", "value": 1.5, "unit": "W"}),
        (("dimmable", "=", "true"), {"field": "dimmable", "op": "eq", "value": True}),
        (("price", "le", "40 eur"), {"field": "price", "op": "le", "value": 40, "unit": "EUR"}),
        (("coffee types", "has", "beans"), {"field": "coffee_types", "op": "has", "value": "beans"}),
        (("material", "eq", "16 GB"), {"field": "material", "op": "eq", "value": "16 GB"}),
        (("material", "eq", "true"), {"field": "material", "op": "eq", "value": "true"}),
    ],
)
def test_a_filter_is_read_by_the_kind_of_its_field(condition: tuple[str, str, JsonValue], read: Json) -> None:
    assert filtered(*condition) == read


def test_a_unit_that_is_stated_twice_is_one_and_a_null_one_none() -> None:
    assert filtered("memory", "ge", "16 GB", unit="GB") == {"field": "memory", "op": "ge", "value": 16, "unit": "GB"}
    assert filtered("memory", "ge", 16, unit=None) == {"field": "memory", "op": "ge", "value": 16}


def test_a_single_word_becomes_a_list_of_one() -> None:
    assert arguments_of("get_product", {"sku": "L-1", "fields": "Coffee Types"}) == {
        "sku": "L-1",
        "fields": ["coffee_types"],
    }
    one: Json = {"field": "material", "op": "eq", "value": "oak"}
    assert search(filters=one) == {"filters": [one]}


def test_an_operators_arguments_become_of_their_types() -> None:
    tool = OperatorTool(
        name="points",
        description="Points.",
        kind="sql",
        source="sqlite://",
        query="SELECT 1",
        returns={"points": "points"},
        parameters=(
            Parameter(name="count", type="integer"),
            Parameter(name="share", type="number"),
            Parameter(name="category", type="text"),
        ),
    )
    specs = changed(SCOPE, tools=(tool,)).specs
    text = json.dumps({"count": "3", "share": "0.5", "category": "Table Lamps"})
    raw = plan_of((called("points", text),), looking(intents=("account.points",)), specs, SPELLING)
    assert from_json(raw)["calls"][0]["arguments"] == {"count": 3, "share": 0.5, "category": "Table Lamps"}


# What stays as it is, so that the guard refuses it


@pytest.mark.parametrize(
    ("name", "arguments", "path"),
    [
        ("search_products", '{"price_max": "1,200"}', "calls.0.arguments.price_max_minor"),
        ("search_products", '{"price_max": 39.999}', "calls.0.arguments.price_max_minor"),
        ("search_products", '{"price_max": 1e30}', "calls.0.arguments.price_max_minor"),
        ("search_products", '{"price_max": true}', "calls.0.arguments.price_max_minor"),
        ("search_products", '{"price_max": 3, "price_max_minor": 400}', "calls.0.arguments.price_max"),
        ("search_products", '{"price_max": -3}', "calls.0.arguments.price_max_minor"),
        ("search_products", '{"limit": "1,000"}', "calls.0.arguments.limit"),
        ("search_products", '{"limit": 5.5}', "calls.0.arguments.limit"),
        ("search_products", '{"limit": true}', "calls.0.arguments.limit"),
        ("search_products", '{"colour": "red"}', "calls.0.arguments.colour"),
        ("search_products", '{"in_stock": "yes"}', "calls.0.arguments.in_stock"),
        ("search_products", '{"needs_results": "perhaps"}', "calls.0.arguments.needs_results"),
        ("search_products", '{"filters": ["oak"]}', "calls.0.arguments.filters.0"),
        ("search_products", '{"filters": [{"field": 1, "op": 2, "value": null}]}', "calls.0.arguments.filters.0.field"),
        ("search_products", '{"request": "product.price"}', "calls.0.arguments.request"),
        ("search_products", '{"price_max": NaN}', "calls.0.arguments"),
        ("search_products", '{"price_max": Infinity}', "calls.0.arguments"),
        ("search_products", '{"price_max": 1e999}', "calls.0.arguments"),
        ("search_products", "[1]", "calls.0.arguments"),
        ("search_products", "not json", "calls.0.arguments"),
        ("search_products", '{"query": "\\ud800"}', "calls.0.arguments"),
        ("search_products", "[" * 5000, "calls.0.arguments"),
        ("search_products", '{"limit": ' + "9" * 5000 + "}", "calls.0.arguments"),
        ("get_product", "", "calls.0.arguments.sku"),
        ("get_product", '{"sku": null}', "calls.0.arguments.sku"),
        ("get_order", "{}", "calls.0.name"),
        ("Search_Products", "{}", "calls.0.name"),
        ("drop_tables", "{}", "calls.0.name"),
        ("", "{}", "calls.0.name"),
        ("\ud800", "{}", "calls.0.name"),
    ],
)
def test_what_cannot_be_read_is_refused_in_its_own_place(name: str, arguments: str, path: str) -> None:
    given_ = looking()
    raw = plan_of((called(name, arguments),), given_, SCOPE.specs, SPELLING)
    failures = asyncio.run(judged(raw, given_)).failures
    assert path in [failure.path for failure in failures]


@pytest.mark.parametrize(
    ("field", "value", "unit"),
    [("memory", "1,000 GB", ""), ("memory", "16 GB", "MB"), ("memory", "16 floppies", ""), ("price", "40 USD", "")],
)
def test_a_value_that_would_be_a_guess_is_left_alone(field: str, value: str, unit: str) -> None:
    assert filtered(field, "ge", value, unit=unit) == {"field": field, "op": "ge", "value": value, "unit": unit}


def test_a_word_that_is_like_two_keys_is_left_alone() -> None:
    twins = Facets("EUR", categories=(("a_b", "a"), ("a-b", "b")))
    found = calls_of(plan(called("search_products", '{"category": "A B"}'), facets=twins))
    assert found[0]["arguments"] == {"category": "A B"}


def test_a_currency_without_minor_units_has_none() -> None:
    found = calls_of(plan(called("search_products", '{"price_max": 4000}'), facets=Facets("JPY")))
    assert found[0]["arguments"] == {"price_max_minor": 4000}


# On whose behalf


def test_one_intent_is_set_by_code() -> None:
    assert calls_of(plan(called("get_product", '{"sku": "L-1"}')))[0]["intent"] == "product.price"


def test_of_two_intents_the_model_says_which() -> None:
    given_ = looking(intents=BOTH_PRODUCT)
    said = called("compare_products", '{"skus": ["L-1", "L-2"], "request": "Product.Compare"}')
    found = calls_of(plan(said, given=given_))[0]
    assert found["intent"] == "product.compare"
    assert found["arguments"] == {"skus": ["L-1", "L-2"]}


def test_of_two_intents_the_only_one_that_may_needs_no_saying() -> None:
    found = calls_of(plan(called("find_policy", '{"query": "x"}'), given=looking(intents=TWO)))[0]
    assert found["intent"] == "returns.policy"


@pytest.mark.parametrize("request_", ["", '"request": "order.status",', '"request": 7,'])
def test_an_intent_that_is_missing_or_another_is_refused(request_: str) -> None:
    given_ = looking(intents=BOTH_PRODUCT)
    raw = plan_of((called("compare_products", f'{{{request_}"skus": ["A", "B"]}}'),), given_, SCOPE.specs, SPELLING)
    paths = {failure.path for failure in asyncio.run(judged(raw, given_)).failures}
    assert paths & {"calls.0.intent", "calls.0.name"}


def test_of_many_intents_the_first_that_may_call_it_is_meant() -> None:
    given_ = looking(intents=("returns.policy", "product.compare", "product.price"))
    found = calls_of(
        plan(called("compare_products", '{"skus": ["A", "B"]}'), called("get_product", '{"sku": "A"}'), given=given_)
    )
    assert [one["intent"] for one in found] == ["product.compare", "product.price"]


def test_topics_are_those_of_the_intent_whatever_the_model_says() -> None:
    given_ = looking(intents=RETURNS)
    assert arguments_of("find_policy", {"query": "x", "topics": ["warranty"]}, given_) == {
        "query": "x",
        "topics": ["returns"],
    }


# Ids, repetitions, questions and second rounds


def test_calls_are_numbered_anew_whatever_their_ids() -> None:
    found = calls_of(plan(called("check_stock", '{"sku": "A"}', "x y"), called("check_stock", '{"sku": "B"}', "x y")))
    assert [one["call_id"] for one in found] == ["call_1", "call_2"]


def test_a_second_round_counts_on() -> None:
    given_ = looking(results=(ToolResult(call=call("get_product", "product.price", "call_1", sku="L-1")),))
    assert calls_of(plan(called("check_stock", '{"sku": "A"}'), given=given_))[0]["call_id"] == "call_2"


def test_the_same_call_twice_is_one_and_what_differs_is_two() -> None:
    same = plan(called("search_products", '{"limit": "5"}', "1"), called("search_products", '{"limit": 5}', "2"))
    assert len(calls_of(same)) == 1
    other = plan(called("search_products", '{"limit": 1}', "1"), called("search_products", '{"limit": true}', "2"))
    assert len(calls_of(other)) == 2


def test_a_question_becomes_what_the_plan_needs() -> None:
    asked = called("ask_customer", '{"need": "product", "candidates": "L-1"}')
    found = plan(called("get_product", '{"sku": "L-1"}'), asked, called("ask_customer", '{"need": "details"}'))
    assert (found["needs"], found["candidates"]) == ("product", ["L-1"])
    assert len(calls_of(found)) == 1
    assert asyncio.run(judged(json.dumps(found), looking())).value is not None


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        ("{}", "ask_customer"),
        ('{"candidates": ["A"]}', "ask_customer"),
        ('{"need": "product", "calls": []}', "ask_customer"),
        ("what?", "ask_customer"),
        ('{"need": "money"}', "needs"),
        ('{"need": "product", "candidates": [1]}', "candidates.0"),
    ],
)
def test_a_question_that_is_none_is_refused(arguments: str, path: str) -> None:
    raw = plan_of((called("ask_customer", arguments),), looking(), SCOPE.specs, SPELLING)
    assert path in [failure.path for failure in asyncio.run(judged(raw, looking())).failures]


def test_products_to_choose_from_are_read_where_that_is_permitted() -> None:
    asked = called("ask_customer", '{"need": "product", "candidates": ["L-1", "L-2"]}')
    found = calls_of(plan(called("get_product", '{"sku": "L-2"}'), asked))
    assert [one["arguments"] for one in found] == [{"sku": "L-2"}, {"sku": "L-1", "fields": ["price"]}]
    assert calls_of(plan(asked, given=looking(intents=RETURNS))) == []


def test_a_question_without_candidates_has_none() -> None:
    assert plan(called("ask_customer", '{"need": "details", "candidates": null}'))["candidates"] == []


@pytest.mark.parametrize(("wish", "more"), [("true", True), ('"true"', True), ("false", None)])
def test_a_search_may_ask_for_its_result_first(wish: str, more: bool | None) -> None:
    found = plan(called("search_products", f'{{"query": "x", "needs_results": {wish}}}'))
    assert found.get("more") is more
    assert calls_of(found)[0]["arguments"] == {"query": "x"}


def test_a_second_round_is_the_last() -> None:
    given_ = looking(results=(ToolResult(call=call("get_product", "product.price", sku="L-1")),))
    assert "more" not in plan(called("search_products", '{"query": "x", "needs_results": true}'), given=given_)


# More than a plan can have


@pytest.mark.parametrize(
    ("name", "argument", "item", "most"),
    [
        ("get_product", "fields", "Price", 12),
        ("search_products", "filters", {"field": "Memory", "op": "GE", "value": "16 GB"}, 8),
        ("compare_products", "skus", "L-1", 4),
    ],
)
def test_a_list_that_is_too_long_is_cut_to_one_too_many_and_refused(
    name: str, argument: str, item: JsonValue, most: int
) -> None:
    assert arguments_of(name, {argument: [item] * 5000}) == arguments_of(name, {argument: [item] * (most + 1)})
    given_ = looking(intents=("product.price", "product.compare", "returns.policy"))
    raw = plan_of((called(name, json.dumps({argument: [item] * 5000})),), given_, SCOPE.specs, SPELLING)
    failures = asyncio.run(judged(raw, given_)).failures
    assert f"calls.0.arguments.{argument}" in [failure.path for failure in failures]


def test_too_many_candidates_are_refused() -> None:
    asked = called("ask_customer", json.dumps({"need": "product", "candidates": [f"L-{n}" for n in range(5000)]}))
    found = plan(asked)
    assert found["candidates"] == [f"L-{n}" for n in range(7)]
    assert asyncio.run(judged(json.dumps(found), looking())).value is None


def test_of_many_calls_more_than_any_plan_has_are_left_unread() -> None:
    found = calls_of(plan(*(called("check_stock", json.dumps({"sku": f"L-{n}"})) for n in range(5000))))
    assert len(found) == 64


def test_arguments_of_which_there_are_far_too_many_are_left_as_they_are() -> None:
    many: Json = {"in_stock": "true", **{f"x{n}": "5" for n in range(5000)}}
    assert search(**many) == many


def test_a_word_is_looked_up_and_the_known_ones_are_never_gone_through(monkeypatch: pytest.MonkeyPatch) -> None:
    folded: list[str] = []
    fold = spelling._folded

    def noted(word: str) -> str:
        folded.append(word)
        return fold(word)

    monkeypatch.setattr(spelling, "_folded", noted)
    filters: list[JsonValue] = [{"field": f"F {n}", "op": "eq", "value": 1} for n in range(2000)]
    arguments = json.dumps({"filters": filters, "category": "A B"})
    made = Spelling(FACETS)
    folded.clear()
    plan_of((called("search_products", arguments),), looking(), SCOPE.specs, made)
    assert folded == [*(f"F {n}" for n in range(9)), "A B"]


def test_an_empty_reply_is_an_empty_plan() -> None:
    assert Plan.model_validate_json(plan_of((), looking(), SCOPE.specs, SPELLING)) == Plan()
