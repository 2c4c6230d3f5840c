"""A prompted lookup is asked once more: what it called, and what is wrong with it."""

import asyncio
import json

import pytest

from chains.language import FunctionCall, Json
from tests.chains.prompted.lookups import called, looking
from tests.chains.prompted.planning import (
    calling,
    contents,
    functions_in,
    planner,
    repaired,
    roles,
    second,
)


def test_refused_calls_are_shown_as_they_were_made_with_what_is_wrong() -> None:
    raw = asyncio.run(planner(calling(called("search_products", '{"price_max": "1,200"}'))).propose(looking())).raw
    asked = repaired(raw, ("calls.0.arguments.price_max_minor", "int_type"))
    assert roles(asked)[-4:] == ["user", "assistant", "tool", "user"]
    assert functions_in(asked.messages[-3])[0][0] == "search_products"
    assert "- calls.0.arguments.price_max: It does not fit. (int_type)" in contents(asked)[-1]
    assert asked.attempt == 2


def test_a_missing_request_is_said_as_the_model_knows_it() -> None:
    given = looking(intents=("product.price", "product.compare"))
    raw = '{"calls": [{"name": "compare_products", "arguments": {"skus": ["A", "B"]}, "call_id": "call_1"}]}'
    asked = repaired(raw, ("calls.0.intent", "missing"), native=False, given=given)
    assert "- calls.0.arguments.request: It does not fit. (missing)" in contents(asked)[-1]
    assert json.loads(contents(asked)[-2])["calls"][0]["arguments"] == {"skus": ["A", "B"]}


def test_a_text_without_calls_is_shown_as_it_was() -> None:
    raw = asyncio.run(planner("It costs 5 EUR.").propose(looking())).raw
    asked = repaired(raw, ("no_calls", "extra_forbidden"))
    assert asked.messages[-2] == {"role": "assistant", "content": "It costs 5 EUR."}
    assert "There are no calls in it." in contents(asked)[-1]


@pytest.mark.parametrize(
    ("reply", "shown"),
    [
        (called("ask_customer", '{"need": "money"}'), {"need": "money", "candidates": []}),
        (called("ask_customer", "{}"), {}),
        (called("ask_customer", "what?"), {"unreadable": "what?"}),
        (called("get_product", "not json"), {"unreadable": "not json"}),
        (called("unknown", '{"a": 1}'), {"a": 1}),
    ],
)
def test_whatever_was_called_can_be_shown_again(reply: FunctionCall, shown: Json) -> None:
    raw = asyncio.run(planner(calling(reply)).propose(looking())).raw
    assert functions_in(repaired(raw, ("calls", "x")).messages[-3]) == [(reply.name, shown)]


def test_a_function_with_an_impossible_name_is_shown_as_text() -> None:
    raw = asyncio.run(planner(calling(called("drop tables;", "{}"))).propose(looking())).raw
    asked = repaired(raw, ("calls.0.name", "tool_not_permitted"))
    assert json.loads(contents(asked)[-2])["calls"][0]["name"] == "drop tables;"


def test_results_are_kept_apart_from_a_repair() -> None:
    asked = repaired('{"calls": []}', ("calls", "x"), given=second())
    assert roles(asked)[-7:] == ["user", "assistant", "tool", "tool", "user", "assistant", "user"]


# What others wrote stays data
