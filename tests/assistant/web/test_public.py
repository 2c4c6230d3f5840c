"""The public form of every kind of outcome."""

import pytest

from assistant.web.public import public_outcome
from chains.outcomes import (
    Answer,
    AnswerPart,
    Choice,
    ChoiceEffect,
    Clarify,
    Decline,
    Handoff,
    Outcome,
    ProductCard,
    Sentence,
    Withdrawn,
)

PART = AnswerPart(intent="a.b", sentences=(Sentence(text="Yes.", claim="meets", polarity="yes", facts=("LAP-1:x",)),))
CARD = ProductCard(sku="L", name="<b>", price_minor=4990, currency="EUR", in_stock=False, details=(("memory", "8 GB"),))
CHOICE = Choice(id="c1", label="Go on", effect=ChoiceEffect(intent="a.secret", product="P-1", text="[EMAIL_1]"))


@pytest.mark.parametrize(
    ("outcome", "shown"),
    [
        (Answer(parts=(PART,), products=(CARD,), choices=(CHOICE,)), {"reason": None, "text": None}),
        (
            Clarify(reason="order_proof", question="Which?", choices=(CHOICE,), form="order", answered=(PART,)),
            {"reason": "order_proof", "text": "Which?", "form": "order"},
        ),
        (Decline(reason="moderation", text="No.", choices=(CHOICE,)), {"reason": "moderation", "text": "No."}),
        (Handoff(reason="unsure", text="Wait.", answered=(PART,)), {"reason": "unsure", "text": "Wait."}),
        (Withdrawn(reason="superseded"), {"reason": "superseded", "text": None}),
    ],
)
def test_every_kind_has_the_same_keys_and_keeps_its_secrets(outcome: Outcome, shown: dict[str, str | None]) -> None:
    public = public_outcome(outcome).model_dump(mode="json")
    assert set(public) == {"kind", "reason", "text", "parts", "products", "choices", "form"}
    assert public["kind"] == outcome.kind
    assert public | shown == public
    assert not {"a.secret", "P-1", "[EMAIL_1]", "LAP-1:x"} & set(_texts(public))


def test_a_price_is_given_in_minor_units_and_as_it_is_read() -> None:
    (card,) = public_outcome(Answer(parts=(PART,), products=(CARD,))).products
    assert (card.price_minor, card.currency, card.price) == (4990, "EUR", "49.90 EUR")
    assert (card.details[0].label, card.details[0].value) == ("memory", "8 GB")
    (bare,) = public_outcome(Answer(parts=(PART,), products=(ProductCard(sku="L", name="N"),))).products
    assert (bare.price_minor, bare.price, bare.in_stock) == (None, None, None)


def _texts(value: object) -> list[str]:
    match value:
        case dict():
            return [text for item in value.values() for text in _texts(item)]
        case list():
            return [text for item in value for text in _texts(item)]
        case _:
            return [str(value)]
