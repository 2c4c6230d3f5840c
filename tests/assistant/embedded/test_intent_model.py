"""The embedded intent model on a head fitted to a few examples of a small shop."""

import asyncio

import pytest
from hypothesis import given, settings

from assistant.embedded.encoder import Encoder
from assistant.embedded.head import Head, fit
from assistant.embedded.intent_model import EmbeddedIntent, Examples
from chains.messages import Intent, IntentInput
from tests.assistant.embedded.counter import INSIDE, OUTSIDE, Counter
from tests.assistant.embedded.texts import TEXTS


@pytest.fixture(scope="module")
def head(counter: Counter, encoder: Encoder) -> Head:
    mask = counter.mask
    masked = {intent: [mask(text) for text in texts] for intent, texts in INSIDE.items()}
    return fit(masked, [mask(text) for text in OUTSIDE], encoder, 7)


@pytest.fixture(scope="module")
def model(head: Head, counter: Counter) -> EmbeddedIntent:
    return EmbeddedIntent(head, "f" * 64, counter.mask, counter.reader, Examples(INSIDE, OUTSIDE))


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("what does the velm 700 cost?", "product.price"),
        ("whats teh prise of the velm 900", "product.price"),
        ("is the cordel two braided", "product.question"),
        ("where is my parcel?", "order.status"),
        ("any silver laptops with HDMI?", "product.search"),
        ("hello", "courtesy.greeting"),
    ],
)
def test_new_wordings_and_products_that_no_example_names_get_their_intent(
    model: EmbeddedIntent, head: Head, text: str, intent: str
) -> None:
    found = model.classify(text)
    assert found.ranked[0].intent == intent
    assert found.confidence == found.ranked[0].score
    assert found.out_of_scope < head.suggested_oos_threshold
    assert found.language is None


@pytest.mark.parametrize("text", ["who is the president of france", "is it rainy in peru", "my dog ate my homework"])
def test_other_topics_are_out_of_scope(model: EmbeddedIntent, head: Head, text: str) -> None:
    assert model.classify(text).out_of_scope >= head.suggested_oos_threshold


def test_naming_things_of_the_catalog_speaks_against_out_of_scope(model: EmbeddedIntent) -> None:
    weather, laptop = (model.classify(f"how does {thing} feel in peru") for thing in ("it", "a silver laptop"))
    assert laptop.out_of_scope < weather.out_of_scope


@pytest.mark.parametrize(
    ("text", "both"),
    [
        ("How much is the Nova 14? And where is my order?", {"product.price", "order.status"}),
        ("Where is my order and how do I return a mouse?", {"order.status", "policy.returns"}),
        ("The Velm 700 is wireless, right? Where is my order?", {"product.question", "order.status"}),
        ("what does the nova 14 cost? does it have a touchscreen?", {"product.price", "product.question"}),
    ],
)
def test_two_parts_that_ask_different_things_are_two_intents(model: EmbeddedIntent, text: str, both: set[str]) -> None:
    found = model.classify(text)
    assert found.second is not None
    assert {found.ranked[0].intent, found.second.intent} == both
    assert found.second.score > 0.5


@pytest.mark.parametrize(
    "text",
    [
        "How much is the Nova 14? I saw it in a shop last week and my sister liked it.",  # a story beside a question
        "My old laptop broke last week. Do you have wireless headphones?",
        "Where is my parcel? When will my package arrive?",  # the same question twice
    ],
)
def test_a_story_or_a_repetition_is_no_second_intent(model: EmbeddedIntent, text: str) -> None:
    assert model.classify(text).second is None


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("hi, how much is the quill one?", "product.price"),
        ("Good morning! Where is my parcel?", "order.status"),
        ("Hello there. Has my parcel been shipped?", "order.status"),
    ],
)
def test_a_greeting_before_a_question_does_not_outvote_it(model: EmbeddedIntent, text: str, intent: str) -> None:
    found = model.classify(text)
    assert found.ranked[0].intent == intent
    assert found.second is None


def test_the_story_around_a_question_does_not_outvote_it(model: EmbeddedIntent) -> None:
    story = "My sister was so happy with hers, and my brother too. Can i get a refund?"
    assert model.classify(story).ranked[0].intent == "policy.returns"


def test_another_language_is_named(model: EmbeddedIntent) -> None:
    assert model.classify("Wo ist meine Bestellung?").language == "de"


def test_the_ranking_is_what_the_chain_takes(model: EmbeddedIntent) -> None:
    reply = asyncio.run(model.propose(IntentInput(text="where is my parcel?", locale="en")))
    assert Intent.model_validate_json(reply.raw) == model.classify("where is my parcel?")
    assert (model.card.op, model.card.sha256, model.card.repairs) == ("classify", "f" * 64, False)


@settings(deadline=None, max_examples=40)
@given(text=TEXTS)
def test_any_text_has_a_ranking_that_falls_and_a_second_intent_of_another_name(
    model: EmbeddedIntent, text: str
) -> None:
    found = model.classify(text)
    scores = [score.score for score in found.ranked]
    assert scores == sorted(scores, reverse=True)
    assert {score.intent for score in found.ranked} <= set(INSIDE)
    assert len({score.intent for score in found.ranked}) == 5
    assert found.second is None or found.second.intent != found.ranked[0].intent
