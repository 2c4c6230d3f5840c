"""Writes typed values as a customer reads them. English texts; numbers and dates by Babel (CLDR)."""

from decimal import Decimal
from functools import lru_cache

from babel.dates import format_date
from babel.numbers import format_decimal, get_currency_precision

from chains.values import Day, Flag, Money, Quantity, Terms, Text, convert

_BABEL_LOCALE = "en_GB"  # day before month, as in the shop's own region
_SMALLER = {
    "kg": "g",
    "m": "cm",
    "TB": "GB",
    "GB": "MB",
    "l": "ml",
    "kW": "W",
    "h": "min",
    "GHz": "MHz",
    "years": "months",
}
_SINGULAR = {"days": "day", "months": "month", "years": "year"}
_ATTACHED = {"%", "°C"}


@lru_cache(maxsize=8192)
def say_money(amount_minor: int, currency: str) -> str:
    """An amount in its major unit: `849 EUR`, `4.90 EUR`; cents only where there are any."""
    precision = get_currency_precision(currency)
    amount = Decimal(amount_minor).scaleb(-precision)
    pattern = "#,##0" if amount == amount.to_integral_value() else "#,##0." + "0" * precision
    return f"{format_decimal(amount, format=pattern, locale=_BABEL_LOCALE)} {currency}"


def say_number(value: Decimal) -> str:
    """A number without an exponent and without trailing zeros: `16`, `1.32`, `2025`."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def say_quantity(quantity: Quantity) -> str:
    """A number with its unit: `16 GB`, `1 month`, `80%`."""
    unit = _SINGULAR.get(quantity.unit, quantity.unit) if abs(quantity.value) == 1 else quantity.unit
    number = say_number(quantity.value)
    if not unit:
        return number
    return f"{number}{unit}" if unit in _ATTACHED else f"{number} {unit}"


def say_list(words: tuple[str, ...], joiner: str = "and") -> str:
    """Words in a row: `A, B and C`."""
    if len(words) == 1:
        return words[0]
    return f"{', '.join(words[:-1])} {joiner} {words[-1]}"


def say_value(value: Money | Quantity | Flag | Text | Terms | Day) -> str:
    """Any typed value as a customer reads it."""
    match value:
        case Money():
            return say_money(value.amount_minor, value.currency)
        case Quantity():
            return say_quantity(value)
        case Flag():
            return "yes" if value.value else "no"
        case Text():
            return value.value
        case Terms():
            return say_list(value.values)
        case Day():
            return format_date(value.value, "long", locale=_BABEL_LOCALE)


def say_difference(left: Quantity, right: Quantity) -> str:
    """How far two quantities of one dimension are apart: `320 g`, in the unit that avoids a leading zero."""
    other = convert(right, left.unit) or right
    gap = Quantity(value=abs(left.value - other.value), unit=left.unit)
    if gap.value < 1 and (smaller := convert(gap, _SMALLER.get(left.unit, left.unit))):
        gap = smaller
    return say_quantity(gap)
