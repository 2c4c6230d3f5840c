"""What the world sees of an outcome: no effects of choices, no fact ids, prices as they are read.

Every kind of outcome has the same keys, so that a page can show one without knowing all kinds.
"""

from typing import Literal, assert_never

from assistant.desk import Handled
from chains.contract import Contract
from chains.formats import say_money
from chains.outcomes import (
    Answer,
    AnswerPart,
    Choice,
    Clarify,
    Decline,
    FormKind,
    Handoff,
    Outcome,
    Polarity,
    ProductCard,
    Withdrawn,
)


class PublicSentence(Contract):
    """One sentence, and what it says yes or no to."""

    text: str
    polarity: Polarity


class PublicPart(Contract):
    """The answer to one intent."""

    intent: str
    sentences: tuple[PublicSentence, ...]


class PublicDetail(Contract):
    """One line of a product card."""

    label: str
    value: str


class PublicCard(Contract):
    """A product to show. `price` is `price_minor` as a customer reads it: "849 EUR"."""

    sku: str
    name: str
    price_minor: int | None
    currency: str | None
    price: str | None
    in_stock: bool | None
    url: str | None
    details: tuple[PublicDetail, ...]


class PublicChoice(Contract):
    """A closed next step; the server knows what it means."""

    id: str
    label: str


class PublicOutcome(Contract):
    """How a turn ended. `text` is the question of a clarification, and what a refusal or a hand-off says."""

    kind: Literal["answer", "clarify", "decline", "handoff", "withdrawn"]
    reason: str | None = None
    text: str | None = None
    parts: tuple[PublicPart, ...] = ()
    products: tuple[PublicCard, ...] = ()
    choices: tuple[PublicChoice, ...] = ()
    form: FormKind | None = None


class PublicReply(Contract):
    """The reply to one request; `notices` are for the shop's developer."""

    turn_id: str
    case_id: str
    outcome: PublicOutcome
    notices: tuple[str, ...] = ()


def public_reply(handled: Handled) -> PublicReply:
    """The reply to a request that was handled."""
    return PublicReply(
        turn_id=handled.turn_id,
        case_id=handled.case_id,
        outcome=public_outcome(handled.outcome),
        notices=handled.notices,
    )


def public_outcome(outcome: Outcome) -> PublicOutcome:
    """The public form of an outcome."""
    match outcome:
        case Answer(parts=parts, products=products, choices=choices):
            return PublicOutcome(
                kind=outcome.kind, parts=_parts(parts), products=_cards(products), choices=_choices(choices)
            )
        case Clarify(reason=reason, question=question, answered=parts, products=products, choices=choices, form=form):
            return PublicOutcome(
                kind=outcome.kind,
                reason=reason,
                text=question,
                parts=_parts(parts),
                products=_cards(products),
                choices=_choices(choices),
                form=form,
            )
        case Decline(reason=reason, text=text, choices=choices):
            return PublicOutcome(kind=outcome.kind, reason=reason, text=text, choices=_choices(choices))
        case Handoff(reason=reason, text=text, answered=parts, products=products):
            return PublicOutcome(
                kind=outcome.kind, reason=reason, text=text, parts=_parts(parts), products=_cards(products)
            )
        case Withdrawn(reason=reason):
            return PublicOutcome(kind=outcome.kind, reason=reason)
        case _:  # pragma: no cover
            assert_never(outcome)


def _parts(parts: tuple[AnswerPart, ...]) -> tuple[PublicPart, ...]:
    return tuple(
        PublicPart(
            intent=part.intent,
            sentences=tuple(PublicSentence(text=s.text, polarity=s.polarity) for s in part.sentences),
        )
        for part in parts
    )


def _cards(products: tuple[ProductCard, ...]) -> tuple[PublicCard, ...]:
    return tuple(
        PublicCard(
            sku=card.sku,
            name=card.name,
            price_minor=card.price_minor,
            currency=card.currency,
            price=_price(card),
            in_stock=card.in_stock,
            url=card.url,
            details=tuple(PublicDetail(label=label, value=value) for label, value in card.details),
        )
        for card in products
    )


def _price(card: ProductCard) -> str | None:
    if card.price_minor is None or card.currency is None:
        return None
    return say_money(card.price_minor, card.currency)


def _choices(choices: tuple[Choice, ...]) -> tuple[PublicChoice, ...]:
    return tuple(PublicChoice(id=choice.id, label=choice.label) for choice in choices)
