"""Writes a reading in the short form of `reader_requests`."""

from typing import cast

from assistant.embedded.reading import Condition, Reading
from chains.values import Flag, Money, Quantity, Text
from tests.assistant.embedded.reader_cases import Want

_LOOSE = ("fields", "leftover")


def summary(reading: Reading) -> Want:
    """The parts of a reading that are not empty."""
    products = " ".join(mention.sku for mention in reading.products)
    full: Want = {
        "products": products,
        "ambiguous": any(mention.ambiguous for mention in reading.products),
        "unknown_product": reading.unknown_product or "",
        "refers_to_context": reading.refers_to_context,
        "context_index": -1 if reading.context_index is None else reading.context_index,
        "context_plural": reading.context_plural,
        "category": reading.category or "",
        "excluded_categories": " ".join(reading.excluded_categories),
        "brands": " ".join(reading.brands),
        "excluded_brands": " ".join(reading.excluded_brands),
        "fields": " ".join(reading.fields),
        "conditions": "; ".join(map(said, reading.conditions)),
        "foreign_currency": reading.foreign_currency or "",
        "superlative": " ".join(reading.superlative or ()),
        "compare": " ".join(reading.compare or ()),
        "wants_comparison": reading.wants_comparison,
        "in_stock": reading.in_stock,
        "asks_stock": reading.asks_stock,
        "limit": reading.limit or 0,
        "order_numbers": " ".join(reading.order_numbers),
        "leftover": reading.leftover,
    }
    kept = {key: value for key, value in full.items() if value or (key == "context_index" and value == 0)}
    if kept.get("context_index") == -1:
        del kept["context_index"]
    return cast("Want", kept)


def comparable(reading: Reading, wanted: Want) -> tuple[Want, Want]:
    """What was read and what was wanted, without the loose parts that the expectation does not name."""
    got = summary(reading)
    compared = {key: value for key, value in got.items() if key in wanted or key not in _LOOSE}
    return cast("Want", compared), wanted


def said(condition: Condition) -> str:
    """A condition as `field op value`."""
    match condition.value:
        case Money(amount_minor=minor):
            value = f"{minor / 100:g}"
        case Quantity(value=number, unit=unit):
            value = f"{number:f} {unit}".strip()
        case Flag(value=yes):
            value = "yes" if yes else "no"
        case Text(value=word):
            value = word
        case _:
            value = str(condition.value)
    return f"{condition.field} {condition.op} {value}"
