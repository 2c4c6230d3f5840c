from collections.abc import Mapping
from typing import get_args

import pytest
from pydantic import JsonValue, ValidationError
from pydantic_core import to_json

from chains.claims import Draft
from chains.contract import Contract
from chains.messages import HOPS, HopName, Intent, IntentInput, LookupInput, Plan
from tests.chains.fakes import NOW, ORDER_PLAN, PRICE_DRAFT, PRICE_PLAN, ask_for, names, run, shop_chain

CALL: dict[str, JsonValue] = {"name": "a", "call_id": "1", "intent": "i", "arguments": {}}
SCORE: dict[str, JsonValue] = {"intent": "a.b", "score": 0.5}


def test_the_hops_are_named_once_each_in_their_order() -> None:
    assert get_args(HopName) == HOPS
    assert HOPS == ("moderation", "intent", "lookup", "response", "grounding", "outbound")


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Intent, {"ranked": [], "out_of_scope": 0}),
        (Intent, {"ranked": [SCORE] * 6, "out_of_scope": 0}),
        (Intent, {"ranked": [SCORE]}),
        (Intent, {"ranked": [SCORE], "out_of_scope": 1.01}),
        (Intent, {"ranked": [SCORE], "out_of_scope": "0"}),
        (Intent, {"ranked": [{**SCORE, "score": -0.1}], "out_of_scope": 0}),
        (Intent, {"ranked": [SCORE], "out_of_scope": 0, "language": "German"}),
        (Intent, {"ranked": [SCORE], "out_of_scope": 0, "confidence": 2}),
        (Intent, {"ranked": [SCORE], "out_of_scope": 0, "say": "hello"}),
        (Plan, {"calls": [CALL] * 9}),
        (Plan, {"needs": "money"}),
        (Plan, {"candidates": ["a"] * 7}),
        (Plan, {"calls": [{**CALL, "call_id": "a b"}]}),
        (Plan, {"calls": [{**CALL, "arguments": "{}"}]}),
        (LookupInput, {"text": "", "intents": [], "tools": {}, "now": NOW.isoformat()}),
        (LookupInput, {"text": "", "intents": ["a"], "tools": {}, "now": NOW.isoformat(), "results": [{}]}),
        (IntentInput, {"text": "Where?"}),
    ],
)
def test_what_is_not_meant_is_refused(kind: type[Contract], value: Mapping[str, JsonValue]) -> None:
    with pytest.raises(ValidationError):
        kind.model_validate_json(to_json(value))


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
def test_a_score_is_a_number(number: str) -> None:
    with pytest.raises(ValidationError):
        Intent.model_validate_json(f'{{"ranked": [{{"intent": "a.b", "score": 1}}], "out_of_scope": {number}}}')


SURE = names("a.b").model_copy(update={"confidence": 0.8, "out_of_scope": 0.1})


@pytest.mark.parametrize(
    ("said", "certainty"),
    [
        ({}, 0.72),
        ({"out_of_scope": 0.0}, 0.8),
        ({"out_of_scope": 0.9}, 0.9),  # certain that it is none of the scope's
        ({"out_of_scope": 0.5}, 0.5),  # certain of nothing
        ({"confidence": None}, None),
        ({"confidence": None, "language": "de"}, None),
        ({"confidence": 0.99, "language": "de"}, 0.0),
    ],
)
def test_an_intent_is_as_certain_as_its_likelier_end(said: dict[str, JsonValue], certainty: float | None) -> None:
    assert SURE.model_copy(update=said).certainty == (None if certainty is None else pytest.approx(certainty))


@pytest.mark.parametrize("output", [PRICE_PLAN, PRICE_DRAFT])
def test_a_plan_and_a_draft_are_as_certain_as_they_say(output: Plan | Draft) -> None:
    assert output.certainty is None
    assert output.model_copy(update={"confidence": 0.4}).certainty == 0.4
    with pytest.raises(ValidationError):
        type(output).model_validate_json(output.model_dump_json().replace('"confidence":null', '"confidence":1.1'))


@pytest.mark.parametrize("message", [names("a.b", "c.d", second="e.f", language="de"), PRICE_PLAN, ORDER_PLAN, Plan()])
def test_messages_survive_a_round_trip(message: Contract) -> None:
    assert type(message).model_validate_json(message.model_dump_json()) == message


def test_the_input_of_every_hop_survives_a_round_trip_through_its_record() -> None:
    for record in run(ask_for(), shop_chain()).records:
        assert type(record).model_validate_json(record.model_dump_json(by_alias=True)).input == record.input
