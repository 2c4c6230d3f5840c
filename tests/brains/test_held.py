import asyncio
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from assistant.wiring import Site
from chains.outcomes import Answer, Clarify, Outcome, Sentence
from chains.record import CalledTool
from chains.values import Money, Quantity
from tests.brains.driving import run_one, turn_of
from tests.brains.held import MARK, Ended, hold
from tests.brains.shelf import Shelf

PRICE = ("What does the Aurel Nova 14 cost?", None, None)
CHEAPEST = ("which of your laptops with 16 GB of memory is the cheapest?", None, None)
ORDER = ("Where is my order LO-20417? My e-mail is mara.lindqvist@example.com", None, None)


@pytest.fixture(scope="module")
def shelf(demo_site: Site) -> Shelf:
    return Shelf(demo_site)


def ended_of(site: Site, request: tuple[str, str | None, str | None]) -> Ended:
    ended = asyncio.run(run_one(turn_of(request, 0, site.chain.scope), site))
    assert isinstance(ended.outcome, Answer), ended.outcome
    return ended


@pytest.mark.parametrize("request_", [PRICE, CHEAPEST, ORDER])
def test_an_honest_turn_is_held(demo_site: Site, shelf: Shelf, request_: tuple[str, str | None, str | None]) -> None:
    hold(ended_of(demo_site, request_), demo_site, shelf)


def first_said(outcome: Outcome, **changes: object) -> Outcome:
    """The answer with its first sentence changed."""
    assert isinstance(outcome, Answer)
    part = outcome.parts[0]
    said = part.sentences[0].model_copy(update=changes)
    part = part.model_copy(update={"sentences": (said, *part.sentences[1:])})
    return outcome.model_copy(update={"parts": (part, *outcome.parts[1:])})


def of_intent(outcome: Outcome, intent: str) -> Outcome:
    assert isinstance(outcome, Answer)
    return outcome.model_copy(update={"parts": (outcome.parts[0].model_copy(update={"intent": intent}),)})


def with_card(outcome: Outcome, **changes: object) -> Outcome:
    assert isinstance(outcome, Answer)
    return outcome.model_copy(update={"products": (outcome.products[0].model_copy(update=changes),)})


def looked_up(ended: Ended) -> tuple[CalledTool, ...]:
    """The calls that a turn carried out."""
    return next(record for record in ended.records if record.hop == "lookup").tool_calls


def recorded(ended: Ended, hop: str, **changes: object) -> Ended:
    """The turn with the records of one hop changed."""
    records = [one.model_copy(update=changes) if one.hop == hop else one for one in ended.records]
    return replace(ended, records=records)


ALTERED: dict[str, Callable[[Ended], Ended]] = {
    "another price": lambda e: replace(e, outcome=first_said(e.outcome, text="The Aurel Nova 14 costs 1 EUR.")),
    "another fact": lambda e: replace(e, outcome=first_said(e.outcome, facts=("LAP-AURELNOVA16:price",))),
    "a fixed text that is nobody's": lambda e: replace(e, outcome=first_said(e.outcome, claim="fixed")),
    "another intent": lambda e: replace(e, outcome=of_intent(e.outcome, "order.status")),
    "another product": lambda e: replace(e, outcome=with_card(e.outcome, sku="LAP-AURELNOVA16")),
    "a cheaper card": lambda e: replace(e, outcome=with_card(e.outcome, price_minor=100)),
    "a model's own words": lambda e: replace(e, outcome=with_card(e.outcome, name=MARK)),
    "too many calls": lambda e: replace(e, wires=7),
    "a defect": lambda e: replace(e, logged=["turn_failed"]),
    "a tool that was not recorded": lambda e: replace(e, ran=[*e.ran, replace(e.ran[0], name="get_order")]),
    "a tool of another intent": lambda e: recorded(
        e, "lookup", tool_calls=tuple(c.model_copy(update={"name": "get_order"}) for c in looked_up(e))
    ),
    "a call for another intent": lambda e: recorded(
        e, "lookup", tool_calls=tuple(c.model_copy(update={"intent": "order.change"}) for c in looked_up(e))
    ),
    "another caller": lambda e: replace(e, ran=[replace(e.ran[0], caller=replace(e.ran[0].caller, customer="x@y.z"))]),
    "a lost record": lambda e: replace(e, records=e.records[:2] + e.records[3:]),
    "rules that did not come first": lambda e: recorded(e, "moderation", model="other/1"),
}  # fmt: skip


@pytest.mark.parametrize("name", ALTERED)
def test_an_altered_turn_is_not_held(demo_site: Site, shelf: Shelf, name: str) -> None:
    with pytest.raises(AssertionError):
        hold(ALTERED[name](ended_of(demo_site, PRICE)), demo_site, shelf)


def test_a_fact_that_the_catalog_does_not_state_is_not_held(demo_site: Site, shelf: Shelf) -> None:
    ended = ended_of(demo_site, PRICE)
    found = ended.ran[0].found
    assert found is not None
    facts = tuple(
        fact.model_copy(update={"value": Money(amount_minor=1, currency="EUR")}) if fact.field == "price" else fact
        for fact in found.facts
    )
    with pytest.raises(AssertionError):
        shelf.hold(found.model_copy(update={"facts": facts}), ended.turn, ())


@pytest.mark.parametrize("change", [{"total": 3}, {"records": ("KET-CALDOROGOOSENECKG1",)}, {"order": "desc"}])
def test_a_search_that_found_something_else_is_not_held(
    demo_site: Site, shelf: Shelf, change: dict[str, object]
) -> None:
    ended = ended_of(demo_site, CHEAPEST)
    calls = looked_up(ended)
    found = calls[0].result
    assert found is not None
    altered = found.model_copy(update={"queries": (found.queries[0].model_copy(update=change),)})
    shelf.hold(found, ended.turn, calls)
    with pytest.raises(AssertionError):
        shelf.hold(altered, ended.turn, (calls[0].model_copy(update={"result": altered}),))


def test_another_customers_order_is_not_held(demo_site: Site, shelf: Shelf) -> None:
    ended = ended_of(demo_site, ORDER)
    found = ended.ran[0].found
    assert found is not None
    originals = dict(ended.turn.originals)
    for email, order in (("someone@example.org", "LO-20417"), ("mara.lindqvist@example.com", "LO-20102")):
        other = replace(ended.turn, originals=originals | {"[EMAIL_1]": email, "[ORDER_1]": order})
        with pytest.raises(AssertionError):
            shelf.hold(found, other, ())


def test_a_brands_list_and_counts_of_a_category_are_held_against_all_products(demo_site: Site, shelf: Shelf) -> None:
    ended = ended_of(demo_site, ("What brands of kettles do you have?", None, None))
    found = next(ran.found for ran in ended.ran if ran.name == "list_categories")
    assert found is not None
    shelf.hold(found, ended.turn, ())
    counts = [fact for fact in found.facts if fact.field.endswith(".count")]
    wrong = counts[0].model_copy(update={"value": Quantity(value=Decimal(999))})
    with pytest.raises(AssertionError):
        shelf.hold(found.model_copy(update={"facts": (wrong,)}), ended.turn, ())


LEAKS = (
    "Please write to [EMAIL_1].",
    "mara.lindqvist@example.com",
    "You moderate the messages that customers write to a shop's assistant.",
    "I think this customer is one of those who never pay.",
    f"See https://{MARK}.example.",
    "See https://elsewhere.example/deal.",
)


@pytest.mark.parametrize("leak", LEAKS)
def test_what_is_private_or_foreign_is_not_held(demo_site: Site, shelf: Shelf, leak: str) -> None:
    """A question back is code's own, so that nothing but the checks of what is private can object."""
    request = ("Where is my parcel? I am mara.lindqvist@example.com", None, None)
    ended = asyncio.run(run_one(turn_of(request, 0, demo_site.chain.scope), demo_site))
    assert isinstance(ended.outcome, Clarify)
    prompt = {"role": "system", "content": f"First.\n{LEAKS[2]} More.\n{LEAKS[2]}"}
    said = {"role": "assistant", "content": f'{{"reasoning": "{LEAKS[3]}"}}'}
    ended = recorded(ended, "intent", input_messages=(prompt,), output_messages=(said,))
    hold(ended, demo_site, shelf)
    with pytest.raises(AssertionError):
        hold(replace(ended, outcome=ended.outcome.model_copy(update={"question": leak})), demo_site, shelf)


def test_a_sentence_that_was_never_grounded_is_not_held(demo_site: Site, shelf: Shelf) -> None:
    ended = ended_of(demo_site, PRICE)
    assert isinstance(ended.outcome, Answer)
    part = ended.outcome.parts[0]
    more = part.model_copy(update={"sentences": (*part.sentences, Sentence(text="It is free.", claim="value"))})
    with pytest.raises(AssertionError):
        hold(replace(ended, outcome=ended.outcome.model_copy(update={"parts": (more,)})), demo_site, shelf)
