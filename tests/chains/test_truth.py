"""No rendered sentence states what the facts do not, whatever the catalog holds and whatever a model drafts."""

import re
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, note, settings

from chains.claims import Draft, DraftPart
from chains.facts import Evidence
from chains.grounding import check_draft, ground
from chains.hops.grounding import ground_and_say
from chains.messages import Grounded, GroundingInput
from chains.values import Money, Quantity
from moderation import Failure
from tests.chains.oracle import Oracle
from tests.chains.strategies import turns

INTENTS = ("product.question", "product.price")
KINDS = {"value", "meets", "compare", "extreme", "stock", "not_listed", "not_found", "quote", "count", "none_found"}


def sayable(draft: Draft, evidence: Evidence) -> Draft | None:
    """The draft without the claims and products that are refused; None where nothing is left."""
    kept = [
        tuple(claim for claim in part.claims if not isinstance(ground(claim, evidence), Failure))
        for part in draft.parts
    ]
    parts = tuple(
        DraftPart(intent=part.intent, claims=claims) for part, claims in zip(draft.parts, kept, strict=True) if claims
    )
    refused = {failure.path for failure in check_draft(draft, evidence, INTENTS)}
    products = tuple(one for place, one in enumerate(draft.products) if f"products.{place}" not in refused)
    return Draft(parts=parts, products=products) if parts else None


def said(draft: Draft, evidence: Evidence) -> Grounded:
    return ground_and_say(GroundingInput(draft=draft, evidence=evidence, locale="en", seed="seed"))


def hold_against_the_evidence(evidence: Evidence, drafted: Draft, kinds: Counter[str]) -> None:
    refused = {failure.path for failure in check_draft(drafted, evidence, INTENTS)}
    draft = sayable(drafted, evidence)
    if draft is None:
        assert refused
        return
    assert bool(refused) == (draft != drafted), "a draft is refused where one of its claims is, and only there"
    assert check_draft(draft, evidence, INTENTS) == ()
    grounded = said(draft, evidence)
    oracle = Oracle(evidence)
    for part, answer in zip(draft.parts, grounded.parts, strict=True):
        texts = [sentence.text for sentence in answer.sentences]
        note("\n".join(texts))
        assert oracle.objections(list(zip(part.claims, texts, strict=True))) == []
        kinds.update(claim.kind for claim in part.claims)
        for sentence in answer.sentences:
            opening = {"yes": "Yes, ", "no": "No, "}.get(sentence.polarity)
            if sentence.claim == "meets":
                assert bool(re.match(opening or "(?!)", sentence.text)) == (opening is not None)
    for card in grounded.products:
        price, stock = oracle.fact(card.sku, "price"), oracle.fact(card.sku, "stock")
        money = price.value if price else None
        assert (card.price_minor, card.currency) == (
            (money.amount_minor, money.currency) if isinstance(money, Money) else (None, None)
        )
        level = stock.value if stock else None
        assert card.in_stock == (level.value > 0 if isinstance(level, Quantity) else None)
        assert all(
            any(oracle.states(card.sku, field, oracle.masked(text)) for field in oracle.fields[oracle.masked(label)])
            for label, text in card.details
        )


def search(examples: int) -> Counter[str]:
    kinds: Counter[str] = Counter()

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    @given(turns())
    def run(turn: tuple[Evidence, Draft]) -> None:
        hold_against_the_evidence(*turn, kinds)

    run()
    return kinds


def test_no_sentence_states_what_the_facts_do_not() -> None:
    assert search(300).total() > 100, "nearly everything was refused, which proves nothing"


@pytest.mark.soak
def test_no_sentence_states_what_the_facts_do_not_in_ten_thousand_drafts() -> None:
    assert set(search(10_000)) == KINDS
