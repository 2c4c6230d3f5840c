"""False sentences that brains could once bring about, each with what now stands in its way."""

import asyncio

from pydantic import BaseModel

from assistant.wiring import Site
from chains.claims import Claim, Compare, Extreme
from chains.facts import Evidence
from chains.grounding import Statement, ground
from chains.rendering import say
from chains.tools import Caller, CompareProducts, Identity, SearchProducts
from evals.running import NOW
from moderation import Failure


def found(site: Site, arguments: BaseModel, tool: str = "search_products") -> Evidence:
    caller = Caller(site.chain.scope.site.id, Identity.ANONYMOUS, NOW, {})
    return asyncio.run(site.chain.toolbox.run(tool, arguments, caller))


def said(claim: Claim, evidence: Evidence) -> str:
    statement = ground(claim, evidence)
    assert isinstance(statement, Statement)
    return say([statement], "seed")[0].text


def test_nothing_is_the_longest_where_some_last_hours_and_others_months(demo_site: Site) -> None:
    evidence = found(demo_site, SearchProducts(sort_by="battery_life", order="desc"))
    (query,) = evidence.queries
    refused = ground(Extreme(query=query.id, field="battery_life", end="most"), evidence)
    assert isinstance(refused, Failure)
    assert refused.code == "truncated"


def test_the_longest_of_a_category_that_states_hours_alone_can_be_named(demo_site: Site) -> None:
    evidence = found(demo_site, SearchProducts(category="headphones", sort_by="battery_life", order="desc"))
    (query,) = evidence.queries
    assert isinstance(ground(Extreme(query=query.id, field="battery_life", end="most"), evidence), Statement)


def test_the_cheapest_of_a_search_by_name_is_not_said_to_be_the_cheapest_of_all(demo_site: Site) -> None:
    evidence = found(demo_site, SearchProducts(query="Aurel Nova", all_words=True, sort_by="price"))
    (query,) = evidence.queries
    text = said(Extreme(query=query.id, field="price", end="least"), evidence)
    assert text.startswith("Of the products of that name, ")


def test_a_lamp_with_a_shorter_cable_is_not_said_to_be_shorter(demo_site: Site) -> None:
    lamps = CompareProducts(skus=("LAM-FJELLYSDAWN", "LAM-GLIMMERBYOSLOPENDANT"), fields=("cable_length",))
    evidence = found(demo_site, lamps, "compare_products")
    text = said(Compare(left=f"{lamps.skus[0]}:cable_length", right=f"{lamps.skus[1]}:cable_length"), evidence)
    assert text.startswith("The cable length of the Fjellys Dawn is 30 cm lower than that of ")


def test_the_phone_with_the_smallest_battery_is_not_said_to_be_the_smallest(demo_site: Site) -> None:
    for field in ("battery_capacity", "screen_size"):
        evidence = found(demo_site, SearchProducts(category="phones", sort_by=field))
        text = said(Extreme(query=evidence.queries[0].id, field=field, end="least"), evidence)
        assert f"with the lowest {field.replace('_', ' ')}" in text


def test_the_smallest_kettle_is_the_one_that_holds_least(demo_site: Site) -> None:
    evidence = found(demo_site, SearchProducts(category="kettles", sort_by="capacity"))
    assert "the smallest" in said(Extreme(query=evidence.queries[0].id, field="capacity", end="least"), evidence)
