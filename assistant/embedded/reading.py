"""What the reader found in one text, in the words of one catalog: the shape that planner and responder share."""

from dataclasses import dataclass
from typing import Literal

from chains.facts import FilterOp
from chains.values import Flag, Money, Quantity, Terms, Text

End = Literal["least", "most"]
Span = tuple[int, int]
"""Start and end of a part of the text, in characters, as in `text[start:end]`."""


@dataclass(frozen=True)
class Mention:
    """A product or variant that the text names.

    `score` is 0..1 (1: the full name or SKU, letter by letter). `ambiguous` means that the same words name
    other products equally well; each of them has its own mention with the same span. A text that names a family
    ("Aurel Nova") yields one ambiguous mention per member.
    """

    sku: str
    span: Span
    score: float
    ambiguous: bool = False


@dataclass(frozen=True)
class Condition:
    """One condition that the customer sets: a known field, an operator and a value of the field's kind.

    A price is Money in the catalog's currency; a quantity keeps the customer's unit, which converts to the field's.
    Words of a text or terms field come from the vocabulary, spelled as there: a text field has `eq` or `ne` with
    Text, a terms field `has` or `has_not` with Text, a flag `eq` with Flag (negated words give Flag(value=False)).
    Several `eq` conditions on one text field are alternatives ("red or blue"). An amount of money with nothing that
    says how it is meant is `le`; "around" gives `ge` and `le` at 85% and 115%; an area is `ge`, as it is to be covered.
    """

    field: str
    op: FilterOp
    value: Money | Quantity | Flag | Text | Terms
    span: Span


@dataclass(frozen=True)
class Reading:
    """What one text says, in the catalog's words; every part is empty where the text says nothing of it.

    products: named products, best first; several with one span are `ambiguous`
    unknown_product: a model-like name that the catalog lacks, as the customer wrote it
    refers_to_context: "it", "this one", "the second one"; `context_index` is the place in the context (0 is the
        first), or None where only "these", "both" or "which one" was said or where the place does not exist;
        `context_plural` is true for "these", "them", "both"
    category, excluded_categories: keys of categories
    brands, excluded_brands: brands as the vocabulary spells them
    fields: fields asked about or named, in the order of mention; a flag that is named is a condition too, and a field
        whose name only goes with a number is not repeated here
    conditions: in the order of mention
    foreign_currency: ISO 4217 code of a price in another currency than the catalog's; it gives no condition
    superlative: "cheapest" is ("price", "least")
    compare: "which is lighter" is ("weight", "least"); `wants_comparison` is also true for "difference between"
    in_stock: only what is in stock is wanted
    asks_stock: the question is whether or how many are in stock
    limit: how many products the customer wants to see
    order_numbers: placeholders such as [ORDER_1]
    leftover: content words that nothing above explains, for free text search
    """

    text: str
    products: tuple[Mention, ...] = ()
    unknown_product: str | None = None
    refers_to_context: bool = False
    context_index: int | None = None
    context_plural: bool = False
    category: str | None = None
    excluded_categories: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()
    excluded_brands: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    foreign_currency: str | None = None
    superlative: tuple[str, End] | None = None
    compare: tuple[str, End] | None = None
    wants_comparison: bool = False
    in_stock: bool = False
    asks_stock: bool = False
    limit: int | None = None
    order_numbers: tuple[str, ...] = ()
    leftover: str = ""
