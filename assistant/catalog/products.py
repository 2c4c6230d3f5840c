"""Products and their variants as a catalog keeps them, and how their raw values are read.

The native form is one JSON object per product:

    {"sku": "LAP-1", "name": "Aurel Nova 14", "brand": "Aurel", "category": "laptops", "description": "...",
     "price_minor": 89900, "currency": "EUR", "stock": 12, "url": "/p/aurel-nova-14",
     "attributes": {"memory": "16 GB", "bluetooth": true, "colour": "silver", "ports": ["USB-C", "HDMI"]},
     "variants": [{"sku": "LAP-1-32", "name": "32 GB", "price_minor": 109900, "attributes": {"memory": "32 GB"}}]}

`stock`, `brand`, `description`, `url`, `attributes` and `variants` may be absent; a null counts as absent. A category
is a key as fields have it; hyphens in it become underscores.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from assistant.catalog.units import plain, read_measure
from chains.contract import Contract
from chains.tools import FieldKey, Sku
from chains.values import Flag, Quantity, Terms, Text, Value

RESERVED = frozenset({"sku", "name", "brand", "category", "description", "price", "currency", "stock", "url"})
"""Keys that no attribute may take, because a filter or a fact of that name means the product's own field."""

MAX_VARIANTS = 100
MAX_WORD_CHARACTERS, MAX_TERMS = 200, 60  # those of `chains.values`

# Control, zero-width, direction, private tag and surrogate characters: they hide text from whoever looks at it.
_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff\U000e0000-\U000e0fff]"
)
_HIDDEN_IN_PROSE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\U000e0000-\U000e0fff]")


def _visible(text: str) -> str:
    if found := _HIDDEN.search(text):
        raise ValueError(_unwanted(found[0]))
    return text


def _unwanted(character: str) -> str:
    if "\ud800" <= character <= "\udfff":
        return "is not well-formed UTF-8; save the source as UTF-8"
    return f"has the invisible character U+{ord(character):04X}; remove it"


def visible_prose(text: str) -> str:
    """Return a text with single blanks between its words; raises ValueError where it has control characters."""
    if found := _HIDDEN_IN_PROSE.search(text):
        raise ValueError(_unwanted(found[0]))
    return " ".join(text.split())


def _web_address(text: str) -> str:
    if not re.fullmatch(r"(https?://|/(?!/))[^\s\"'<>\\]*", text):
        raise ValueError("has to start with https://, http:// or a single /, without blanks or quotes")
    return _visible(text)


def _not_reserved(attributes: dict[str, Value]) -> dict[str, Value]:
    if taken := sorted(RESERVED & attributes.keys()):
        raise ValueError(f"{taken[0]!r} is a field of every product; give the attribute another name")
    return dict(sorted(attributes.items()))


Name = Annotated[str, StringConstraints(min_length=1, max_length=110, strip_whitespace=True), AfterValidator(_visible)]
ShortName = Annotated[Name, StringConstraints(max_length=80)]
Brand = Annotated[str, StringConstraints(max_length=80, strip_whitespace=True), AfterValidator(_visible)]
Prose = Annotated[str, StringConstraints(max_length=4000), AfterValidator(visible_prose)]
Url = Annotated[str, StringConstraints(max_length=500), AfterValidator(_web_address)]
PriceMinor = Annotated[int, Field(ge=0, le=10**10)]
Stock = Annotated[int, Field(ge=0, le=10**9)]
CategoryKey = Annotated[FieldKey, BeforeValidator(lambda raw: raw.replace("-", "_") if isinstance(raw, str) else raw)]
Attributes = Annotated[dict[FieldKey, Value], Field(max_length=80), AfterValidator(_not_reserved)]


class Variant(Contract):
    """One way in which a product is sold; what it does not state, it inherits from its product."""

    sku: Sku
    name: ShortName
    price_minor: PriceMinor | None = None
    stock: Stock | None = None
    attributes: Attributes = {}


def _by_sku(variants: tuple[Variant, ...]) -> tuple[Variant, ...]:
    return tuple(sorted(variants, key=lambda variant: variant.sku))


class Product(Contract):
    """One product; `price_minor` is in minor units of `currency`, and a `stock` of None is unknown."""

    sku: Sku
    name: Name
    brand: Brand = ""
    category: CategoryKey
    description: Prose = ""
    price_minor: PriceMinor
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
    stock: Stock | None = None
    url: Url | None = None
    attributes: Attributes = {}
    variants: Annotated[tuple[Variant, ...], Field(max_length=MAX_VARIANTS), AfterValidator(_by_sku)] = ()


@dataclass(frozen=True, slots=True)
class Item:
    """What a customer can buy under one SKU: a product, or a variant with all that it inherits.

    `parent` is a variant's product; `variants` are a product's variants. The name of a variant is that of
    its product with its own in brackets: "Aurel Nova 14 (32 GB / 1 TB)".
    """

    sku: str
    name: str
    brand: str
    category: str
    description: str
    price_minor: int
    currency: str
    stock: int | None
    url: str | None
    attributes: Mapping[str, Value]
    parent: str | None = None
    variants: tuple[str, ...] = ()


def items(product: Product) -> Iterator[Item]:
    """Yield the product itself, then its variants by SKU."""
    yield Item(
        sku=product.sku,
        name=product.name,
        brand=product.brand,
        category=product.category,
        description=product.description,
        price_minor=product.price_minor,
        currency=product.currency,
        stock=product.stock,
        url=product.url,
        attributes=product.attributes,
        variants=tuple(variant.sku for variant in product.variants),
    )
    for variant in product.variants:
        yield Item(
            sku=variant.sku,
            name=f"{product.name} ({variant.name})",
            brand=product.brand,
            category=product.category,
            description=product.description,
            price_minor=product.price_minor if variant.price_minor is None else variant.price_minor,
            currency=product.currency,
            stock=product.stock if variant.stock is None else variant.stock,
            url=product.url,
            attributes={**product.attributes, **variant.attributes},
            parent=product.sku,
        )


def canonical_json(product: Product) -> str:
    """Return the product's JSON, the same text for the same product whatever the order of its source."""
    return product.model_dump_json()


def parse_attribute(raw: object) -> Value:
    """Return the typed value of a raw attribute; equal raw values give one shared, frozen value.

    A bool is a Flag, a number a Quantity without unit, a string of number and unit ("1.32 kg", "14 inch") a
    Quantity, any other string a Text, and a list of strings Terms. Raises ValueError with the reason.
    """
    match raw:
        case bool():
            return Flag(value=raw)
        case int() | float() | Decimal():
            return Quantity(value=_number(raw))
        case str():
            return _parse_text(raw)
        case list() | tuple():
            return _parse_terms(tuple(raw))
        case _:
            raise ValueError(f"is {type(raw).__name__}; give a text, a number, true, false or a list of texts")


def word(raw: object) -> str:
    """Return a trimmed word or phrase of 1 to 200 visible characters; raises ValueError with the reason."""
    if not isinstance(raw, str):
        raise ValueError(f"holds {type(raw).__name__} where only texts may be")  # noqa: TRY004 (pydantic wants it)
    text = _visible(raw.strip())
    if not 1 <= len(text) <= MAX_WORD_CHARACTERS:
        raise ValueError(f"has {len(text)} characters; give 1 to {MAX_WORD_CHARACTERS}")
    return text


@lru_cache(maxsize=65536)
def _parse_text(raw: str) -> Value:
    text = word(raw)
    if measure := read_measure(text):
        return Quantity(value=measure[0], unit=measure[1])
    return Text(value=text)


def _parse_terms(raw: tuple[object, ...]) -> Terms:
    words = tuple(dict.fromkeys(word(term) for term in raw))
    if not 1 <= len(words) <= MAX_TERMS:
        raise ValueError(f"has {len(words)} entries; give 1 to {MAX_TERMS}, or leave the attribute out")
    return _shared_terms(words)


@lru_cache(maxsize=65536)
def _shared_terms(words: tuple[str, ...]) -> Terms:
    return Terms(values=words)


def _number(raw: float | Decimal) -> Decimal:
    number = Decimal(str(raw))
    if not number.is_finite() or abs(number) >= 10**14:
        raise ValueError(f"is {raw}; give a number below 10^14")
    return plain(number.quantize(Decimal("0.000001")))
