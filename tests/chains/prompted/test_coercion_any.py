"""Whatever a model says becomes JSON that the guard can judge, and what is valid stays as it is."""

import asyncio
import json

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from pydantic_core import from_json

from chains.language import FunctionCall
from chains.messages import LookupInput
from chains.prompted.coercion import plan_of
from chains.prompted.functions import as_offered
from chains.prompted.spelling import Spelling
from chains.tools import (
    BUILT_IN,
    CheckStock,
    CompareProducts,
    Filter,
    FindPolicy,
    GetOrder,
    GetProduct,
    Identity,
    ListCategories,
    SearchProducts,
)
from tests.chains.prompted.lookups import FACETS, SCOPE, called, judged, looking

SPELLING = Spelling(FACETS)
RETURNS = ("returns.policy",)
TWO = ("product.price", "returns.policy")
BOTH_PRODUCT = ("product.price", "product.compare")

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
ARGUMENT_NAMES = st.sampled_from(
    ["sku", "skus", "fields", "filters", "category", "price_max", "price_min_minor", "limit", "request", "topics",
     "need", "candidates", "needs_results", "order_number", "order", "query", "unit", "field", "op", "value"]
)  # fmt: skip
OBJECTS = st.dictionaries(
    ARGUMENT_NAMES | st.text(max_size=4), JSON | st.dictionaries(ARGUMENT_NAMES, JSON), max_size=4
)
NAMES = st.sampled_from(["ask_customer", *(spec.name for spec in BUILT_IN), "points", "other"]) | st.text(max_size=5)
ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=20)
CALLS = st.lists(
    st.builds(FunctionCall, NAMES | ANY_TEXT, ANY_TEXT, ANY_TEXT | OBJECTS.map(json.dumps) | JSON.map(json.dumps)),
    max_size=4,
)
GIVENS = st.sampled_from(
    [
        looking(),
        looking(intents=TWO),
        looking(intents=BOTH_PRODUCT),
        looking(intents=tuple(SCOPE.by_id), identity=Identity.VERIFIED),
        looking(intents=("complaint.person",)),
    ]
)


@settings(max_examples=300, deadline=None)
@given(calls=CALLS, given_=GIVENS)
def test_any_calls_become_json_and_only_permitted_tools_pass_the_guard(
    calls: list[FunctionCall], given_: LookupInput
) -> None:
    raw = plan_of(calls, given_, SCOPE.specs, SPELLING)
    assert isinstance(from_json(raw)["calls"], list)
    value = asyncio.run(judged(raw, given_)).value
    for one in value.calls if value else ():
        assert one.name in given_.tools[one.intent]
        assert one.name in {call.name for call in calls} or (value and value.needs == "product")


SKUS = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9._/-]{0,8}\Z")
KEYS = st.sampled_from([field.key for field in FACETS.fields]) | st.from_regex(r"\A[a-z][a-z0-9_]{0,8}\Z")
WORDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
FILTERS = st.one_of(
    st.builds(Filter, field=st.just("memory"), op=st.just("ge"), value=st.integers(0, 10**6), unit=st.just("GB")),
    st.builds(Filter, field=st.just("dimmable"), op=st.just("eq"), value=st.booleans(), unit=st.just("")),
    st.builds(Filter, field=st.sampled_from(["material", "colour"]), op=st.just("ne"), value=WORDS, unit=st.just("")),
)
AMOUNTS = st.none() | st.integers(0, 10**10)
VALID: dict[str, st.SearchStrategy[BaseModel]] = {
    "search_products": st.builds(
        SearchProducts,
        query=st.none() | WORDS,
        all_words=st.booleans(),
        category=st.none() | KEYS,
        brand=st.none() | WORDS,
        price_min_minor=AMOUNTS,
        price_max_minor=AMOUNTS,
        filters=st.lists(FILTERS, max_size=3).map(tuple),
        in_stock=st.none() | st.booleans(),
        sort_by=st.none() | KEYS,
        order=st.sampled_from(["asc", "desc"]),
        limit=st.integers(1, 20),
    ),
    "get_product": st.builds(GetProduct, sku=SKUS, fields=st.lists(KEYS, max_size=3).map(tuple)),
    "compare_products": st.builds(
        CompareProducts,
        skus=st.lists(SKUS, min_size=2, max_size=4).map(tuple),
        fields=st.lists(KEYS, max_size=3).map(tuple),
    ),
    "check_stock": st.builds(CheckStock, sku=SKUS),
    "list_categories": st.builds(ListCategories, category=st.none() | KEYS),
    "find_policy": st.builds(FindPolicy, query=WORDS, topics=st.just(("returns",)), limit=st.integers(1, 4)),
    "get_order": st.builds(GetOrder, order_number=st.none() | st.just("[ORDER_1]")),
}


def test_every_built_in_tool_has_valid_arguments_below() -> None:
    assert set(VALID) == {spec.name for spec in BUILT_IN}


@settings(max_examples=300, deadline=None)
@given(data=st.data(), name=st.sampled_from(sorted(VALID)))
def test_valid_arguments_are_left_as_they_are_in_both_forms(data: st.DataObject, name: str) -> None:
    arguments = data.draw(VALID[name])
    model, spec, given_ = type(arguments), SCOPE.specs[name], looking(intents=RETURNS)
    own = arguments.model_dump(mode="json")
    for form in (own, as_offered(spec, own, "EUR")):
        raw = plan_of((called(name, json.dumps(form)),), given_, SCOPE.specs, SPELLING)
        read = from_json(raw)["calls"][0]["arguments"]
        assert model.model_validate_json(json.dumps(read)) == arguments
