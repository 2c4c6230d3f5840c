import asyncio

import pytest
from hypothesis import given

from chains.attempt import CodeModel
from chains.claims import Draft, DraftPart, Quote, Stock, Value
from chains.facts import Evidence, merge
from chains.grounding import check_draft
from chains.hops import grounding
from chains.hops.grounding import GUARD, GroundingContext, ground_and_say, ground_draft
from chains.messages import Grounded, GroundingInput
from chains.ports import ModelCard
from chains.trail import Trail
from tests.chains.fakes import PRICE_DRAFT, PRODUCTS, RETURNS, draft
from tests.chains.scripts import MemoryLog, within
from tests.chains.strategies import turns
from tests.chains.trails import FRAME

FOUND = merge((*PRODUCTS.values(), Evidence(passages=(RETURNS,))))
CONTEXT = GroundingContext(PRICE_DRAFT, FOUND)
SAID = ground_and_say(GroundingInput(draft=PRICE_DRAFT, evidence=FOUND, locale="en", seed="turn-1"))


def asked(meant: Draft, evidence: Evidence = FOUND, seed: str = "turn-1") -> GroundingInput:
    return GroundingInput(draft=meant, evidence=evidence, locale="en", seed=seed)


def grounded(given: GroundingInput) -> tuple[Grounded | None, Trail]:
    trail = Trail(FRAME, MemoryLog())
    return within(lambda allowance: ground_draft(given, trail, allowance)), trail


def codes(said: Grounded) -> list[str]:
    return [failure.code for failure in asyncio.run(GUARD.judge(said.model_dump_json(), CONTEXT)).failures]


def test_every_claim_becomes_one_sentence_in_its_place() -> None:
    two = Draft(
        parts=(
            DraftPart(intent="product.price", claims=(Value(fact="L-1:price"), Stock(fact="L-1:stock"))),
            DraftPart(intent="returns.policy", claims=(Quote(passage="returns#1"),)),
        ),
        products=("L-2",),
    )
    said, trail = grounded(asked(two))
    assert said is not None
    assert [[sentence.claim for sentence in part.sentences] for part in said.parts] == [["value", "stock"], ["quote"]]
    assert [part.intent for part in said.parts] == ["product.price", "returns.policy"]
    assert [card.name for card in said.products] == ["Floor Lamp"]
    assert (trail.records[0].op, trail.records[0].valid) == ("ground", True)


def test_the_same_turn_always_says_it_in_the_same_words() -> None:
    assert grounded(asked(PRICE_DRAFT))[0] == grounded(asked(PRICE_DRAFT))[0]


def test_the_wordings_differ_between_turns_and_the_facts_do_not() -> None:
    said = [grounded(asked(draft(Value(fact="L-1:price")), seed=f"turn-{number}"))[0] for number in range(12)]
    assert len({one.parts[0].sentences[0].text for one in said if one}) > 1
    assert {one.parts[0].sentences[0].facts for one in said if one} == {("L-1:price",)}


@pytest.mark.parametrize(
    "untrue", [draft(Value(fact="L-9:price")), draft(Value(fact="L-1:price"), Stock(fact="L-1:price"))]
)
def test_a_claim_that_does_not_hold_is_never_left_out_in_silence(untrue: Draft) -> None:
    assert grounded(asked(untrue))[0] is None


def test_a_card_of_an_unknown_product_is_not_shown() -> None:
    said, _ = grounded(asked(draft(Value(fact="L-1:price"), products=("L-9",))))
    assert said is not None
    assert said.products == ()


def test_what_code_said_holds() -> None:
    assert codes(SAID) == []


def test_a_sentence_too_many_or_too_few_is_refused() -> None:
    part = SAID.parts[0]
    longer = part.model_copy(update={"sentences": (*part.sentences, part.sentences[0])})
    swapped = part.model_copy(update={"sentences": part.sentences[::-1]})
    for parts in ((longer,), (swapped,), (part, part)):
        assert codes(SAID.model_copy(update={"parts": parts})) == ["claims_lost"]


def test_a_fact_or_a_card_of_nowhere_is_refused() -> None:
    part = SAID.parts[0]
    strange = part.sentences[0].model_copy(update={"facts": ("L-9:price",)})
    parts = (part.model_copy(update={"sentences": (strange, *part.sentences[1:])}),)
    assert codes(SAID.model_copy(update={"parts": parts})) == ["unknown_fact"]
    card = SAID.products[0].model_copy(update={"sku": "L-9"})
    assert codes(SAID.model_copy(update={"products": (card,)})) == ["unknown_fact"]


def test_sentences_that_do_not_hold_are_not_said(monkeypatch: pytest.MonkeyPatch) -> None:
    silent = SAID.model_copy(update={"parts": ()})
    card = ModelCard("hopdesk", "grounding/1", "ground")
    monkeypatch.setattr(grounding, "MODEL", CodeModel[GroundingInput](card, lambda given: silent))
    said, trail = grounded(asked(PRICE_DRAFT))
    assert said is None
    assert trail.records[0].status == "invalid"


@given(turns())
def test_any_draft_that_was_checked_is_said_whole(turn: tuple[Evidence, Draft]) -> None:
    evidence, meant = turn
    intents = tuple(part.intent for part in meant.parts)
    if check_draft(meant, evidence, intents) == ():
        context = GroundingContext(meant, evidence)
        said = ground_and_say(asked(meant, evidence))
        assert grounding.every_claim_said(said, context) == ()
        assert grounding.known_facts(said, context) == ()
