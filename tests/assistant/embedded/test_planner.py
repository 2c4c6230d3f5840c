"""The embedded planner: which calls a request becomes, in a small shop."""

import asyncio
import json

import pytest
from hypothesis import given, settings
from pydantic import JsonValue

from assistant.embedded.planner import EmbeddedPlanner
from assistant.embedded.reader import Reader
from assistant.embedded.reading import Condition, Reading
from chains.facts import FilterOp
from chains.messages import Need, Plan
from chains.values import Money, Terms
from tests.assistant.embedded.counter import OPERATOR_SCOPE, Asked, Counter, calls
from tests.assistant.embedded.texts import REQUESTS

Arguments = dict[str, JsonValue]


class TestOneProduct:
    def test_a_named_product_is_read_with_the_fields_asked(self, counter: Counter) -> None:
        plan = counter.plan("how heavy is the Aurel Nova 14, and which ports has it?", "get_product", "search_products")
        assert calls(plan) == [("get_product", {"sku": "LAP-1", "fields": ["weight", "ports"]})]
        assert plan.needs is None

    def test_fields_that_a_condition_is_set_on_are_asked_too(self, counter: Counter) -> None:
        plan = counter.plan("is the quill one under 100 g and black?", "get_product")
        assert calls(plan) == [("get_product", {"sku": "MOU-1", "fields": ["weight", "colour"]})]

    def test_the_fields_that_the_intent_always_asks_come_first(self, counter: Counter) -> None:
        plan = counter.plan("what does the 32 gb nova 14 cost", "get_product", asks=("price", "weight"))
        assert calls(plan) == [("get_product", {"sku": "LAP-1-32", "fields": ["price", "weight", "memory"]})]

    @pytest.mark.parametrize("text", ["how heavy is it?", "weight?", "what does this one weigh"])
    def test_it_is_the_product_of_the_page(self, counter: Counter, text: str) -> None:
        plan = counter.plan(text, "get_product", page=("LAP-2", "MOU-1"))
        assert calls(plan) == [("get_product", {"sku": "LAP-2", "fields": ["weight"]})]

    def test_the_second_one_is_the_second_that_was_shown(self, counter: Counter) -> None:
        plan = counter.plan("how heavy is the second one?", "get_product", page=("LAP-2", "MOU-1"))
        assert calls(plan) == [("get_product", {"sku": "MOU-1", "fields": ["weight"]})]

    def test_a_named_product_goes_before_the_page(self, counter: Counter) -> None:
        plan = counter.plan("how heavy is the quill one?", "get_product", page=("LAP-2",))
        assert calls(plan) == [("get_product", {"sku": "MOU-1", "fields": ["weight"]})]

    def test_a_question_without_a_fields_word_gets_the_field_it_is_about(self, counter: Counter) -> None:
        plan = counter.plan("can i recharge it quickly", "get_product", page=("HEA-1",))
        assert calls(plan) == [("get_product", {"sku": "HEA-1", "fields": ["charging_time"]})]

    def test_a_question_about_no_field_reads_the_whole_page(self, counter: Counter) -> None:
        plan = counter.plan("is the nova 14 good for gaming", "get_product")
        assert calls(plan) == [("get_product", {"sku": "LAP-1", "fields": []})]

    def test_a_product_without_any_question_is_read_whole(self, counter: Counter) -> None:
        assert calls(counter.plan("the nova 14", "get_product")) == [("get_product", {"sku": "LAP-1", "fields": []})]

    def test_a_product_that_the_catalog_let_go_is_read_whole(self, counter: Counter) -> None:
        plan = counter.plan("is it good for gaming", "get_product", page=("GONE-1",))
        assert calls(plan) == [("get_product", {"sku": "GONE-1", "fields": []})]


class TestStock:
    def test_the_stock_is_checked_where_the_intent_prefers_it(self, counter: Counter) -> None:
        plan = counter.plan("is the nova 14 in midnight blue in stock", "check_stock", "get_product")
        assert calls(plan) == [("check_stock", {"sku": "LAP-1-BLUE"})]

    def test_of_two_products_both_are_checked(self, counter: Counter) -> None:
        plan = counter.plan("do you have the nova 14 or the fjord 13", "check_stock")
        assert calls(plan) == [("check_stock", {"sku": "LAP-1"}), ("check_stock", {"sku": "LAP-2"})]


class TestUnclearProduct:
    def test_a_name_of_several_products_needs_a_choice_between_them(self, counter: Counter) -> None:
        plan = counter.plan("is the tonika velm noise cancelling", "get_product")
        assert (plan.needs, plan.candidates) == ("product", ("HEA-1", "HEA-2"))
        assert calls(plan) == [("get_product", {"sku": sku, "fields": ["price"]}) for sku in ("HEA-1", "HEA-2")]

    def test_of_the_products_of_one_name_that_of_the_page_is_meant(self, counter: Counter) -> None:
        plan = counter.plan("is the tonika velm noise cancelling", "get_product", page=("HEA-2",))
        assert calls(plan) == [("get_product", {"sku": "HEA-2", "fields": ["noise_cancelling"]})]

    def test_candidates_are_not_read_where_that_is_not_permitted(self, counter: Counter) -> None:
        plan = counter.plan("is the tonika velm in stock", "check_stock")
        assert (plan.needs, plan.candidates, plan.calls) == ("product", ("HEA-1", "HEA-2"), ())

    @pytest.mark.parametrize("tools", [("get_product",), ("get_product", "search_products"), ("compare_products",)])
    def test_no_product_at_all_must_be_asked(self, counter: Counter, tools: tuple[str, ...]) -> None:
        plan = counter.plan("hello there", *tools)
        assert (plan.needs, plan.candidates, plan.calls) == ("product", (), ())

    def test_a_model_that_the_shop_lacks_is_searched_by_name_with_all_words(self, counter: Counter) -> None:
        plan = counter.plan("how heavy is the nova 99", "get_product", "search_products")
        assert calls(plan) == [("search_products", {"query": "nova 99", "all_words": True})]

    def test_a_model_that_the_shop_lacks_is_not_the_product_of_the_page(self, counter: Counter) -> None:
        plan = counter.plan("how heavy is the nova 99", "get_product", page=("LAP-1",))
        assert (plan.needs, plan.calls) == ("product", ())

    def test_words_that_are_no_english_are_searched_as_a_name(self, counter: Counter) -> None:
        plan = counter.plan("do you sell the Zephyrion Kallax", "search_products")
        assert calls(plan) == [("search_products", {"query": "Zephyrion Kallax", "all_words": True})]

    def test_a_kind_of_product_instead_of_a_name_is_searched(self, counter: Counter) -> None:
        plan = counter.plan("how heavy are your laptops", "get_product", "search_products")
        assert calls(plan) == [("search_products", {"category": "laptops", "limit": 4})]


class TestSeveralProducts:
    def test_two_products_are_compared_where_the_intent_prefers_it(self, counter: Counter) -> None:
        plan = counter.plan("nova 14 fjord 13 weight", "compare_products", "get_product")
        assert calls(plan) == [("compare_products", {"skus": ["LAP-1", "LAP-2"], "fields": ["weight"]})]

    def test_two_products_are_compared_where_the_text_asks_it(self, counter: Counter) -> None:
        plan = counter.plan("which is lighter, the nova 14 or the fjord 13?", "get_product", "compare_products")
        assert calls(plan) == [("compare_products", {"skus": ["LAP-1", "LAP-2"], "fields": ["weight"]})]

    def test_two_products_are_read_one_by_one_where_it_does_not(self, counter: Counter) -> None:
        plan = counter.plan("weight of the nova 14 and of the fjord 13", "get_product", "compare_products")
        assert calls(plan) == [("get_product", {"sku": sku, "fields": ["weight"]}) for sku in ("LAP-1", "LAP-2")]

    @pytest.mark.parametrize("page", [("LAP-1",), ("LAP-1", "MOU-1")])
    def test_one_named_product_is_compared_with_that_of_the_page(self, counter: Counter, page: tuple[str, ...]) -> None:
        plan = counter.plan("is this lighter than the fjord 13?", "compare_products", page=page)
        assert calls(plan) == [("compare_products", {"skus": ["LAP-2", "LAP-1"], "fields": ["weight"]})]

    def test_both_are_all_that_was_shown(self, counter: Counter) -> None:
        plan = counter.plan("do both work with android?", "get_product", page=("HEA-1", "HEA-2"))
        assert calls(plan) == [("get_product", {"sku": sku, "fields": ["works_with"]}) for sku in ("HEA-1", "HEA-2")]

    def test_whether_two_products_go_together_is_answered_by_what_they_work_with(self, counter: Counter) -> None:
        plan = counter.plan("can i charge the velm 700 from the nova 14", "get_product")
        assert calls(plan) == [("get_product", {"sku": sku, "fields": ["works_with"]}) for sku in ("HEA-1", "LAP-1")]


class TestSearch:
    @pytest.mark.parametrize(
        ("text", "criteria"),
        [
            ("laptops", {"category": "laptops"}),
            ("Tonika headphones", {"category": "headphones", "brand": "Tonika"}),
            ("Tonika or Aurel products", {}),
            ("headphones in stock", {"category": "headphones", "in_stock": True}),
            ("laptops under 900 euros", {"category": "laptops", "price_max_minor": 90000}),
            ("laptops from 900 euros", {"category": "laptops", "price_min_minor": 90000}),
            ("laptops around 100 euros", {"category": "laptops", "price_min_minor": 8500, "price_max_minor": 11500}),
            ("the cheapest laptop", {"category": "laptops", "sort_by": "price", "order": "asc"}),
            ("longest battery life", {"sort_by": "battery_life", "order": "desc"}),
            ("the three lightest products", {"sort_by": "weight", "order": "asc", "limit": 3}),
            ("a laptop for travelling", {"category": "laptops"}),  # more words would only hide laptops
            ("something for travelling", {"query": "travelling"}),
        ],
    )  # fmt: skip
    def test_the_criteria_say_what_the_text_says(self, counter: Counter, text: str, criteria: Arguments) -> None:
        assert calls(counter.plan(text, "search_products")) == [("search_products", {"limit": 4, **criteria})]

    @pytest.mark.parametrize(
        ("text", "condition"),
        [
            ("laptops with at least 16 GB of memory", {"field": "memory", "op": "ge", "value": 16.0, "unit": "GB"}),
            ("laptops with HDMI", {"field": "ports", "op": "has", "value": "HDMI"}),
            ("laptops that are not black", {"field": "colour", "op": "ne", "value": "black"}),
            ("backlit laptops", {"field": "backlit", "op": "eq", "value": True}),
        ],
    )
    def test_conditions_become_filters(self, counter: Counter, text: str, condition: Arguments) -> None:
        [(_, arguments)] = calls(counter.plan(text, "search_products"))
        assert arguments["filters"] == [condition]

    @pytest.mark.parametrize(("said", "key"), [("under", "price_max_minor"), ("over", "price_min_minor")])
    def test_a_price_beyond_all_prices_stays_within_what_a_search_takes(
        self, counter: Counter, said: str, key: str
    ) -> None:
        [(_, arguments)] = calls(counter.plan(f"laptops {said} 900000000 euros", "search_products"))
        assert arguments[key] == 10**10

    def test_a_price_in_another_currency_must_be_asked(self, counter: Counter) -> None:
        plan = counter.plan("laptops under $500", "search_products")
        assert (plan.needs, plan.calls) == ("currency", ())

    def test_a_text_that_says_nothing_of_products_needs_details(self, counter: Counter) -> None:
        plan = counter.plan("which one is best?", "search_products")
        assert (plan.needs, plan.calls) == ("details", ())

    def test_a_strange_word_among_conditions_is_no_name(self, counter: Counter) -> None:
        plan = counter.plan("zephyrion laptops with HDMI", "search_products")
        assert calls(plan) == [
            (
                "search_products",
                {
                    "category": "laptops",
                    "filters": [{"field": "ports", "op": "has", "value": "HDMI"}],
                    "limit": 4,
                },
            )
        ]


class Says(Reader):
    """A reader that reads the same whatever is written."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def read(self, text: str, context: tuple[str, ...] = ()) -> Reading:
        return self._reading


class TestSearchOfAReading:
    """Readings that a reader may make, although the present one writes them otherwise."""

    def arguments(self, counter: Counter, reading: Reading) -> Arguments:
        planner = EmbeddedPlanner(Says(reading), counter.vocabulary, counter.mask, counter.finder, {})
        [(_, arguments)] = calls(planner.plan(Asked("laptops", {"a.b": ("search_products",)}).given))
        return arguments

    @pytest.mark.parametrize(
        ("op", "limits"),
        [
            ("lt", {"price_max_minor": 500}),
            ("gt", {"price_min_minor": 500}),
            ("eq", {"price_min_minor": 500, "price_max_minor": 500}),
            ("ne", {}),
        ],
    )
    def test_a_price_becomes_a_range(self, counter: Counter, op: FilterOp, limits: Arguments) -> None:
        price = Condition("price", op, Money(amount_minor=500, currency="EUR"), (0, 1))
        assert self.arguments(counter, Reading("laptops", conditions=(price,))) == {"limit": 4, **limits}

    def test_a_condition_that_no_filter_can_say_is_left_out(self, counter: Counter) -> None:
        ports = Condition("ports", "has", Terms(values=("HDMI", "USB-C")), (0, 1))
        assert self.arguments(counter, Reading("laptops", conditions=(ports,))) == {"limit": 4}

    def test_what_has_no_order_is_not_sorted_by(self, counter: Counter) -> None:
        reading = Reading("laptops", category="laptops", superlative=("colour", "most"))
        assert self.arguments(counter, reading) == {"category": "laptops", "limit": 4}

    @pytest.mark.parametrize(("wanted", "limit"), [(None, 4), (3, 3), (50, 8)])
    def test_no_more_are_asked_for_than_can_be_shown(self, counter: Counter, wanted: int | None, limit: int) -> None:
        assert self.arguments(counter, Reading("", category="laptops", limit=wanted))["limit"] == limit


class TestOtherTools:
    def test_the_range_is_listed_whole_or_by_category(self, counter: Counter) -> None:
        assert calls(counter.plan("what do you sell?", "list_categories")) == [("list_categories", {})]
        assert calls(counter.plan("which laptops are there?", "list_categories")) == [
            ("list_categories", {"category": "laptops"})
        ]

    def test_policies_are_found_by_the_masked_text_among_the_intents_topics(self, counter: Counter) -> None:
        given = Asked("can i rturn the nova 14?", {"a.b": ("find_policy",)}).given
        plan = counter.planner.plan(given.model_copy(update={"topics": {"a.b": ("returns",)}}))
        assert calls(plan) == [("find_policy", {"query": "can i return the laptop?", "topics": ["returns"]})]

    def test_an_order_is_read_by_its_placeholder_or_is_the_latest(self, counter: Counter) -> None:
        assert calls(counter.plan("where is [ORDER_1]?", "get_order")) == [("get_order", {"order_number": "[ORDER_1]"})]
        assert calls(counter.plan("where is my order?", "get_order")) == [("get_order", {})]


class TestOperatorTools:
    @pytest.mark.parametrize(
        ("tool", "text", "arguments"),
        [
            ("opening_hours", "when do you open?", {}),
            ("search_stores", "is there a shop in Aachen?", {"words": "is there a shop in Aachen?"}),
            ("spare_parts", "ear pads for the velm 700", {"product": "HEA-1", "words": "ear pads for the velm 700"}),
            ("delivery_days", "how soon at 52062, please?", {"postcode": "52062"}),
        ],
    )
    def test_parameters_are_filled_by_their_type(
        self, counter: Counter, tool: str, text: str, arguments: Arguments
    ) -> None:
        assert calls(counter.plan(text, tool)) == [(tool, arguments)]

    def test_a_product_parameter_takes_the_product_of_the_page(self, counter: Counter) -> None:
        [(_, arguments)] = calls(counter.plan("do you have ear pads?", "spare_parts", page=("HEA-2",)))
        assert arguments["product"] == "HEA-2"

    @pytest.mark.parametrize(
        ("tool", "text", "needs", "candidates"),
        [
            ("spare_parts", "do you have ear pads?", "product", ()),
            ("spare_parts", "ear pads for the velm", "product", ("HEA-1", "HEA-2")),
            ("delivery_days", "how soon in Aachen?", "details", ()),
            ("instalments", "can i pay in 12 months?", "details", ()),
            ("unheard_of", "anything", "details", ()),
        ],
    )
    def test_what_cannot_be_filled_must_be_asked(
        self, counter: Counter, tool: str, text: str, needs: Need, candidates: tuple[str, ...]
    ) -> None:
        plan = counter.plan(text, tool)
        assert (plan.needs, plan.candidates, plan.calls) == (needs, candidates, ())

    def test_an_intent_without_tools_needs_details(self, counter: Counter) -> None:
        assert counter.plan("anything").needs == "details"


class TestTwoIntents:
    def test_each_intent_gets_its_calls_under_ids_of_their_own(self, counter: Counter) -> None:
        tools = {"product.price": ("get_product",), "order.status": ("get_order",)}
        plan = counter.planner.plan(Asked("price of the nova 14, and where is [ORDER_1]?", tools).given)
        assert [(call.intent, call.name, call.call_id) for call in plan.calls] == [
            ("product.price", "get_product", "call_1"),
            ("order.status", "get_order", "call_2"),
        ]

    def test_what_must_be_asked_ends_the_planning(self, counter: Counter) -> None:
        tools = {"product.price": ("get_product",), "order.status": ("get_order",)}
        plan = counter.planner.plan(Asked("what does it cost, and where is [ORDER_1]?", tools).given)
        assert (plan.needs, plan.calls) == ("product", ())

    def test_what_the_first_intent_found_out_is_kept(self, counter: Counter) -> None:
        tools = {"order.status": ("get_order",), "product.price": ("get_product",)}
        plan = counter.planner.plan(Asked("where is [ORDER_1], and what does it cost?", tools).given)
        assert (plan.needs, [call.name for call in plan.calls]) == ("product", ["get_order"])


def test_the_plan_is_what_the_chain_takes(counter: Counter) -> None:
    asked = Asked("weight of the nova 14", {"a.b": ("get_product",)}).given
    reply = asyncio.run(counter.planner.propose(asked))
    assert Plan.model_validate_json(reply.raw) == counter.planner.plan(asked)
    assert (counter.planner.card.op, counter.planner.card.repairs) == ("plan", False)


@settings(deadline=None, max_examples=250)
@given(asked=REQUESTS)
def test_only_permitted_tools_are_ever_planned_with_arguments_that_they_take(counter: Counter, asked: Asked) -> None:
    plan = counter.planner.plan(asked.given)
    for call in plan.calls:
        assert call.name in asked.tools[call.intent]
        OPERATOR_SCOPE.specs[call.name].arguments.model_validate_json(json.dumps(call.arguments))
    assert len({call.call_id for call in plan.calls}) == len(plan.calls)
    assert plan.calls or plan.needs
    Plan.model_validate_json(plan.model_dump_json())
