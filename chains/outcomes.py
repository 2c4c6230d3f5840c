"""The five ways in which a turn can end. A refusal is a value here, never an exception."""

from typing import Annotated, Literal

from pydantic import Field

from chains.contract import Contract
from chains.facts import Key
from chains.values import Word
from moderation import Category

OutcomeKind = Literal["answer", "clarify", "decline", "handoff"]
"""The kinds that a scope may permit to an intent; `withdrawn` is no answer and needs no permission."""

FormKind = Literal["order"]
"""Typed forms that a customer can be asked to fill: `order` is order number and e-mail address."""

Polarity = Literal["yes", "no", "unknown", "plain"]


class ChoiceEffect(Contract):
    """What choosing means: it is kept by the server, and the customer's page only ever sees id and label."""

    intent: str | None = Field(default=None, max_length=80)
    product: str | None = Field(default=None, max_length=200)
    text: str = Field(default="", description="the redacted request that the choice continues")


class Choice(Contract):
    """A closed next step that the customer may pick instead of typing."""

    id: str = Field(pattern=r"^c[0-9]{1,2}$")
    label: Word
    effect: ChoiceEffect = ChoiceEffect()


class Sentence(Contract):
    """One rendered sentence, with the facts it rests on and what it says yes or no to."""

    text: str = Field(min_length=1, description="as long as its facts are: a policy paragraph, a list of terms")
    claim: str = Field(description="the claim's kind, or `fixed` for the scope's own text")
    polarity: Polarity = "plain"
    facts: tuple[Key, ...] = ()


class AnswerPart(Contract):
    """The answer to one intent."""

    intent: Key
    sentences: tuple[Sentence, ...] = Field(min_length=1)


class ProductCard(Contract):
    """A product as the customer's page shows it; every field comes from the catalog."""

    sku: Key
    name: Word
    price_minor: int | None = None
    currency: str | None = None
    in_stock: bool | None = None
    url: str | None = None
    details: tuple[tuple[str, str], ...] = Field(default=(), description="label and rendered value")


class Answer(Contract):
    """The question was answered from facts."""

    kind: Literal["answer"] = "answer"
    parts: tuple[AnswerPart, ...] = Field(min_length=1, max_length=2)
    products: tuple[ProductCard, ...] = ()
    choices: tuple[Choice, ...] = ()


class Clarify(Contract):
    """One thing must be known first; the customer picks a choice, fills the form, or writes again."""

    kind: Literal["clarify"] = "clarify"
    reason: Literal["intent", "product", "order_proof", "details", "currency"]
    question: str = Field(min_length=1, max_length=600)
    choices: tuple[Choice, ...] = ()
    form: FormKind | None = None
    answered: tuple[AnswerPart, ...] = Field(
        default=(), description="the other part of the request, if it was answered"
    )
    products: tuple[ProductCard, ...] = ()


class Decline(Contract):
    """Not something this assistant does, said in a sentence."""

    kind: Literal["decline"] = "decline"
    reason: Literal["out_of_scope", "moderation", "not_permitted"]
    text: str = Field(min_length=1, max_length=1200)
    choices: tuple[Choice, ...] = ()


class Handoff(Contract):
    """A person takes over; `categories` and `urgent` are for that person, and the customer's page never sees them."""

    kind: Literal["handoff"] = "handoff"
    reason: Literal["intent", "moderation", "language", "unsure", "failure", "overdue", "limit"]
    text: str = Field(min_length=1, max_length=1200)
    categories: tuple[Category, ...] = Field(default=(), description="what moderation found in the request")
    urgent: bool = Field(default=False, description="read it now: somebody may harm themselves")
    answered: tuple[AnswerPart, ...] = ()
    products: tuple[ProductCard, ...] = ()


class Withdrawn(Contract):
    """A newer turn of the same case took this one's place, or the customer took it back."""

    kind: Literal["withdrawn"] = "withdrawn"
    reason: Literal["superseded", "cancelled"]


Outcome = Annotated[Answer | Clarify | Decline | Handoff | Withdrawn, Field(discriminator="kind")]
