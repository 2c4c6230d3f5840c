"""Writes typed values as a customer reads them. English texts; numbers and dates by Babel (CLDR)."""

from decimal import Context, Decimal
from functools import lru_cache

from babel.dates import format_date
from babel.numbers import format_decimal, get_currency_precision

from chains.values import UNITS, Day, Flag, Money, Quantity, Terms, Text, in_base

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
_GROUPED_FROM = 10_000  # below it a number may be a year
_ROUGHLY = Context(prec=3)
_EXACT = Context(prec=60)


@lru_cache(maxsize=8192)
def say_money(amount_minor: int, currency: str) -> str:
    """An amount in its major unit: `849 EUR`, `4.90 EUR`; cents only where there are any."""
    precision = get_currency_precision(currency)
    amount = Decimal(amount_minor).scaleb(-precision)
    pattern = "#,##0" if amount == amount.to_integral_value() else "#,##0." + "0" * precision
    return f"{format_decimal(amount, format=pattern, locale=_BABEL_LOCALE)} {currency}"


def say_number(value: Decimal) -> str:
    """A number without an exponent and without trailing zeros: `16`, `1.32`, `2025`, `25,000`."""
    text = format(abs(value), ",f" if abs(value) >= _GROUPED_FROM else "f")
    digits = text.rstrip("0").rstrip(".") if "." in text else text
    return f"-{digits}" if value < 0 else digits


def say_quantity(quantity: Quantity) -> str:
    """A number with its unit: `16 GB`, `1 month`, `80%`."""
    return say_measure(quantity.value, quantity.unit)


def say_measure(value: Decimal, unit: str) -> str:
    """A number and a unit side by side, the unit's name in the number that English wants."""
    unit = _SINGULAR.get(unit, unit) if abs(value) == 1 else unit
    number = say_number(value)
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
        case _:  # a day
            return format_date(value.value, "long", locale=_BABEL_LOCALE)


def say_difference(left: Quantity, right: Quantity) -> str:
    """How far two quantities of one dimension are apart: `320 g`, in the unit that avoids a leading zero.

    What needs more than three decimals is rounded to three digits and said to be: `about 1.55 kg`.
    """
    apart = abs(_EXACT.subtract(in_base(left) or Decimal(0), in_base(right) or Decimal(0)))
    unit = left.unit
    if apart < UNITS[unit][1]:
        unit = _SMALLER.get(unit, unit)
    gap = _EXACT.divide(apart, UNITS[unit][1])
    exact = gap == gap.quantize(Decimal("0.001"), context=_EXACT)
    number = gap if exact else _ROUGHLY.plus(gap)
    return ("" if exact else "about ") + _say_gap(number, unit)


def _say_gap(number: Decimal, unit: str) -> str:
    """A distance on a unit's scale: what lies between 20% and 30% is not 10% of anything."""
    if unit == "%":
        return f"{say_number(number)} percentage point{'' if number == 1 else 's'}"
    return say_measure(number, unit)
