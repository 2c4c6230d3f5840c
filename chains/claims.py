"""The claims that a response may make: choices over facts, never sentences.

A claim says which fact to state or how to test it. Whether it is true, and what it says, is
computed by `chains.grounding` and written by `chains.rendering`.
"""

from typing import Annotated, Literal

from pydantic import Field

from chains.contract import Contract
from chains.facts import Key
from chains.values import Value as FactValue

Op = Literal["eq", "lt", "le", "gt", "ge", "has"]


class Value(Contract):
    """States a fact: It has 16 GB of memory."""

    kind: Literal["value"] = "value"
    fact: Key


class Meets(Contract):
    """Tests a fact against what the customer wants: Yes, it is under 900 EUR (849 EUR)."""

    kind: Literal["meets"] = "meets"
    fact: Key
    op: Op
    wanted: FactValue


class Compare(Contract):
    """Compares the same field of two records: The A is 320 g lighter than the B."""

    kind: Literal["compare"] = "compare"
    left: Key
    right: Key


class Extreme(Contract):
    """Names the first of a whole search result by a field: The cheapest in stock is ..."""

    kind: Literal["extreme"] = "extreme"
    query: Key
    field: Key
    end: Literal["least", "most"]


class Stock(Contract):
    """States how many are in stock, as of now."""

    kind: Literal["stock"] = "stock"
    fact: Key


class NotListed(Contract):
    """Says that a field is not stated for a record: The page does not list its weight."""

    kind: Literal["not_listed"] = "not_listed"
    record: Key
    field: Key


class NotFound(Contract):
    """Says that nothing among a record's listed details answers the question."""

    kind: Literal["not_found"] = "not_found"
    record: Key


class Quote(Contract):
    """Quotes a whole paragraph of a policy."""

    kind: Literal["quote"] = "quote"
    passage: Key


class Count(Contract):
    """States how many records a search found."""

    kind: Literal["count"] = "count"
    query: Key


class NoneFound(Contract):
    """States that a search found nothing."""

    kind: Literal["none_found"] = "none_found"
    query: Key


Claim = Annotated[
    Value | Meets | Compare | Extreme | Stock | NotListed | NotFound | Quote | Count | NoneFound,
    Field(discriminator="kind"),
]


class DraftPart(Contract):
    """The claims that answer one of the turn's intents, in the order in which they are said."""

    intent: Key
    claims: tuple[Claim, ...] = Field(min_length=1, max_length=8)


class Draft(Contract):
    """What the response hop proposes: claims per intent, and which of the found products to show."""

    parts: tuple[DraftPart, ...] = Field(min_length=1, max_length=2)
    products: tuple[Key, ...] = Field(default=(), max_length=8)
    confidence: float | None = Field(default=None, ge=0, le=1, allow_inf_nan=False)

    @property
    def certainty(self) -> float | None:
        """How likely the draft answers what was asked."""
        return self.confidence
