"""Typed values of facts, and the arithmetic of their units."""

from datetime import date
from decimal import Context, Decimal
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from chains.contract import Contract

Word = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Finite = Annotated[Decimal, Field(allow_inf_nan=False, max_digits=20, decimal_places=6)]


class Money(Contract):
    """An amount in the minor unit of a currency: 84900 and EUR is 849 euros."""

    kind: Literal["money"] = "money"
    amount_minor: int = Field(ge=-(10**12), le=10**12)
    currency: str = Field(pattern=r"^[A-Z]{3}$", description="ISO 4217 code")


class Quantity(Contract):
    """A number with a unit; the empty unit is a plain number or a count."""

    kind: Literal["quantity"] = "quantity"
    value: Finite
    unit: str = Field(default="", max_length=12)


class Flag(Contract):
    """A yes or no that the source states outright."""

    kind: Literal["flag"] = "flag"
    value: bool


class Text(Contract):
    """A single word or phrase, such as a colour."""

    kind: Literal["text"] = "text"
    value: Word


class Terms(Contract):
    """A set of words or phrases, such as ports, in the order of the source."""

    kind: Literal["terms"] = "terms"
    values: tuple[Word, ...] = Field(min_length=1, max_length=60)


class Day(Contract):
    """A calendar day."""

    kind: Literal["day"] = "day"
    value: date


Value = Annotated[Money | Quantity | Flag | Text | Terms | Day, Field(discriminator="kind")]

# unit -> (dimension, factor to the dimension's base unit). Decimal prefixes for data, as printed on
# storage devices (IEC 80000-13: GB is 10^9 bytes); 1 in = 2.54 cm and 1 lb = 453.59237 g exactly
# (international yard and pound agreement, 1959). Months and years are a dimension of their own,
# because a month has no fixed number of days.
UNITS: dict[str, tuple[str, Decimal]] = {
    "": ("number", Decimal(1)),
    "mg": ("mass", Decimal("0.001")),
    "g": ("mass", Decimal(1)),
    "kg": ("mass", Decimal(1000)),
    "lb": ("mass", Decimal("453.59237")),
    "oz": ("mass", Decimal("28.349523125")),
    "mm": ("length", Decimal(1)),
    "cm": ("length", Decimal(10)),
    "m": ("length", Decimal(1000)),
    "in": ("length", Decimal("25.4")),
    "ft": ("length", Decimal("304.8")),
    "MB": ("data", Decimal("0.001")),
    "GB": ("data", Decimal(1)),
    "TB": ("data", Decimal(1000)),
    "Hz": ("frequency", Decimal(1)),
    "kHz": ("frequency", Decimal(1000)),
    "MHz": ("frequency", Decimal(1_000_000)),
    "GHz": ("frequency", Decimal(1_000_000_000)),
    "W": ("power", Decimal(1)),
    "kW": ("power", Decimal(1000)),
    "V": ("voltage", Decimal(1)),
    "A": ("current", Decimal(1)),
    "mAh": ("charge", Decimal(1)),
    "Ah": ("charge", Decimal(1000)),
    "Wh": ("energy", Decimal(1)),
    "kWh": ("energy", Decimal(1000)),
    "ms": ("time", Decimal("0.001")),
    "s": ("time", Decimal(1)),
    "min": ("time", Decimal(60)),
    "h": ("time", Decimal(3600)),
    "days": ("time", Decimal(86400)),
    "months": ("age", Decimal(1)),
    "years": ("age", Decimal(12)),
    "dB": ("sound", Decimal(1)),
    "lm": ("light", Decimal(1)),
    "K": ("colour temperature", Decimal(1)),
    "°C": ("temperature", Decimal(1)),
    "ml": ("volume", Decimal(1)),
    "l": ("volume", Decimal(1000)),
    "m²": ("area", Decimal(1)),
    "m³/h": ("airflow", Decimal(1)),
    "MP": ("resolution", Decimal(1)),
    "Mbps": ("data rate", Decimal(1)),
    "Gbps": ("data rate", Decimal(1000)),
    "bar": ("pressure", Decimal(1)),
    "Pa": ("suction", Decimal(1)),
    "%": ("share", Decimal(1)),
    "DPI": ("sensitivity", Decimal(1)),
    "nits": ("luminance", Decimal(1)),
    "Ohm": ("impedance", Decimal(1)),
}

_EXACT = Context(prec=60)  # 20 digits of a value times 11 of a factor, with room for a division
_PLACES = Decimal("0.000001")
_LARGEST = Decimal(10**14)  # beyond it a value and its six decimals do not fit the 20 digits of `Finite`


def dimension(unit: str) -> str | None:
    """What a unit measures ("mass"), or None for a unit that nobody declared."""
    known = UNITS.get(unit)
    return known[0] if known else None


def in_base(quantity: Quantity) -> Decimal | None:
    """The number in its dimension's base unit, or None for a unit that nobody declared."""
    known = UNITS.get(quantity.unit)
    return _EXACT.multiply(quantity.value, known[1]) if known else None


def convert(quantity: Quantity, unit: str) -> Quantity | None:
    """The same quantity in another unit of its dimension, rounded to six decimals.

    None where the dimensions differ, or where the number becomes too long for a quantity.
    """
    base = in_base(quantity)
    if base is None or dimension(unit) != dimension(quantity.unit):
        return None
    value = _EXACT.divide(base, UNITS[unit][1])
    if abs(value) >= _LARGEST:
        return None
    return Quantity(value=value.quantize(_PLACES, context=_EXACT).normalize(_EXACT), unit=unit)


def magnitude(value: Money | Quantity | Flag | Text | Terms | Day) -> tuple[str, Decimal] | None:
    """The dimension and the base number by which two values may be ordered, or None where they may not.

    Money is its own dimension per currency, so amounts in different currencies are never compared.
    """
    match value:
        case Money():
            return f"money {value.currency}", Decimal(value.amount_minor)
        case Quantity():
            base, name = in_base(value), dimension(value.unit)
            return (name, base) if base is not None and name is not None else None
        case Day():
            return "day", Decimal(value.value.toordinal())
        case _:
            return None
