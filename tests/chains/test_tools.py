import pytest
from pydantic import ValidationError

from chains.tools import (
    BUILT_IN,
    CompareProducts,
    Filter,
    FindPolicy,
    GetOrder,
    GetProduct,
    Identity,
    SearchProducts,
    ToolCall,
    identity_of,
    operator_spec,
)


def test_the_built_in_tools_say_what_they_do_and_only_orders_need_to_know_the_customer() -> None:
    assert {spec.name: spec.identity for spec in BUILT_IN} == {
        "search_products": Identity.ANONYMOUS,
        "get_product": Identity.ANONYMOUS,
        "compare_products": Identity.ANONYMOUS,
        "check_stock": Identity.ANONYMOUS,
        "list_categories": Identity.ANONYMOUS,
        "find_policy": Identity.ANONYMOUS,
        "get_order": Identity.ORDER_PROOF,
    }
    assert all(spec.description.endswith(".") for spec in BUILT_IN)


def test_identities_rise() -> None:
    assert Identity.ANONYMOUS < Identity.ORDER_PROOF < Identity.VERIFIED


@pytest.mark.parametrize(
    ("model", "json"),
    [
        (SearchProducts, '{"limit": 21}'),
        (SearchProducts, '{"limit": "5"}'),
        (SearchProducts, '{"price_max_minor": -1}'),
        (SearchProducts, '{"category": "Laptops; DROP"}'),
        (SearchProducts, '{"site": "other"}'),
        (SearchProducts, '{"filters": [{"field": "memory", "op": "like", "value": 1}]}'),
        (GetProduct, '{"sku": "../secret"}'),
        (GetProduct, '{"sku": "A B"}'),
        (CompareProducts, '{"skus": ["A"]}'),
        (CompareProducts, '{"skus": ["A", "B", "C", "D", "E"]}'),
        (FindPolicy, '{"query": ""}'),
        (FindPolicy, '{"query": "x", "topics": ["../etc"]}'),
        (GetOrder, '{"order_number": "LO-20057"}'),
        (GetOrder, '{"email": "a@example.com"}'),
        (Filter, '{"field": "memory", "op": "ge", "value": NaN}'),
        (Filter, '{"field": "memory", "op": "ge", "value": Infinity}'),
        (Filter, '{"field": "memory", "op": "ge", "value": null}'),
    ],
)
def test_arguments_that_do_not_fit_are_refused(model: type[SearchProducts], json: str) -> None:
    with pytest.raises(ValidationError):
        model.model_validate_json(json)


def test_an_order_is_named_by_its_placeholder() -> None:
    assert GetOrder.model_validate_json('{"order_number": "[ORDER_1]"}').order_number == "[ORDER_1]"
    assert GetOrder.model_validate_json("{}").order_number is None


def test_a_condition_takes_words_numbers_and_yes_or_no() -> None:
    for value in ("true", "16", "1.5", '"black"'):
        Filter.model_validate_json(f'{{"field": "memory", "op": "eq", "value": {value}}}')


@pytest.mark.parametrize("call_id", ["", "a b", "x" * 65, "é"])
def test_a_call_needs_a_plain_id(call_id: str) -> None:
    with pytest.raises(ValidationError):
        ToolCall(name="get_product", call_id=call_id, intent="a.b", arguments={})


SPEC = operator_spec(
    "warehouse_space",
    "Reads how much space is left.",
    Identity.VERIFIED,
    {
        "hall": ("text", "^[A-Z]$", "the hall"),
        "floor": ("integer", None, "the floor"),
        "share": ("number", None, "how full"),
        "item": ("sku", None, "the item"),
    },
)
GOOD = '{"hall": "A", "floor": 2, "share": 0.5, "item": "LAP-1"}'


def test_an_operators_tool_has_typed_arguments_of_its_own() -> None:
    assert SPEC.arguments.model_validate_json(GOOD).model_dump() == {
        "hall": "A",
        "floor": 2,
        "share": 0.5,
        "item": "LAP-1",
    }
    assert (SPEC.name, SPEC.identity) == ("warehouse_space", Identity.VERIFIED)
    assert SPEC.arguments.model_json_schema()["properties"]["hall"]["description"] == "the hall"


@pytest.mark.parametrize(
    ("true", "false"),
    [
        ('"A"', '"AB"'),
        ('"A"', "1"),
        ("2", "2.5"),
        ("2", '"2"'),
        ("0.5", "NaN"),
        ('"LAP-1"', '"../1"'),
        ("}", ', "x": 1}'),
    ],
)
def test_an_operators_tool_refuses_what_does_not_fit(true: str, false: str) -> None:
    with pytest.raises(ValidationError):
        SPEC.arguments.model_validate_json(GOOD.replace(true, false))


def test_a_text_argument_is_bounded_even_without_a_pattern() -> None:
    spec = operator_spec("t", "d", Identity.ANONYMOUS, {"word": ("text", None, "")})
    spec.arguments.model_validate_json('{"word": "x"}')
    for word in ("", "x" * 201):
        with pytest.raises(ValidationError):
            spec.arguments.model_validate_json(f'{{"word": "{word}"}}')


@pytest.mark.parametrize(
    ("placeholders", "customer", "level"),
    [
        ((), None, Identity.ANONYMOUS),
        (("[ORDER_1]",), None, Identity.ANONYMOUS),
        (("[EMAIL_1]", "[PHONE_1]"), None, Identity.ANONYMOUS),
        (("[ORDER_1]", "[EMAIL_1]"), None, Identity.ORDER_PROOF),
        (("[ORDER_2]", "[EMAIL_1]"), "ada@example.com", Identity.VERIFIED),
        ((), "ada@example.com", Identity.VERIFIED),
    ],
)
def test_the_identity_rests_on_placeholders_and_the_shops_word(
    placeholders: tuple[str, ...], customer: str | None, level: Identity
) -> None:
    assert identity_of(dict.fromkeys(placeholders, "original"), customer) is level
