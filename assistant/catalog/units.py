"""How shops spell units, and how a number with one of them is read."""

import re
from decimal import Decimal

from chains.values import UNITS

# One letter is read as a unit only in its own case: "5g" is grams and "5G" is a network.
_SPELLINGS: dict[str, str] = {unit.casefold(): unit for unit in UNITS if len(unit) > 1} | {
    spelling: unit
    for unit, spellings in {
        "g": "gram grams gramme grammes",
        "kg": "kgs kilo kilos kilogram kilograms",
        "lb": "lbs pound pounds",
        "oz": "ounce ounces",
        "mm": "millimetre millimetres millimeter millimeters",
        "cm": "centimetre centimetres centimeter centimeters",
        "m": "metre metres meter meters",
        "in": "inch inches \" ″ ” ''",
        "ft": "foot feet",
        "MB": "megabyte megabytes",
        "GB": "gigabyte gigabytes gig gigs",
        "TB": "terabyte terabytes",
        "Hz": "hertz",
        "W": "watt watts",
        "kW": "kilowatt kilowatts",
        "V": "volt volts",
        "A": "amp amps ampere amperes",
        "Wh": "watt-hours watt-hour",
        "ms": "millisecond milliseconds",
        "s": "sec secs second seconds",
        "min": "mins minute minutes",
        "h": "hr hrs hour hours",
        "days": "day",
        "months": "month",
        "years": "yr yrs year",
        "dB": "db(a) dba decibel decibels",
        "lm": "lumen lumens",
        "K": "kelvin",
        "°C": "℃ celsius",
        "ml": "millilitre millilitres milliliter milliliters",
        "l": "litre litres liter liters",
        "m²": "m2 sqm",
        "m³/h": "m3/h cbm/h",
        "MP": "megapixel megapixels",
        "Mbps": "mbit/s",
        "Gbps": "gbit/s",
        "%": "percent",
        "nits": "nit cd/m² cd/m2",
        "Ohm": "ohms ω",
    }.items()
    for spelling in spellings.split()
}
_NUMBER_AND_UNIT = re.compile(r"([+-]?[0-9]{1,14}(?:\.[0-9]{1,6})?)\s{0,3}(\S{1,12})")
# Light is sold from candle glow (about 1,000 K) upwards; "4K" and "8K" are screens.
_LEAST_KELVIN = 1000


def unit_of(spelling: str) -> str | None:
    """Return the key in `chains.values.UNITS` for a spelling ("inch" is "in"), or None for an unknown one."""
    if spelling in UNITS:
        return spelling
    return "l" if spelling == "L" else _SPELLINGS.get(spelling.casefold())


def read_measure(text: str) -> tuple[Decimal, str] | None:
    """Return number and unit of a whole text such as "1.32 kg", "14 inch" or "16gb"; None for any other text.

    The decimal sign is a point; a comma or a thousands separator makes it a text, because it would be a guess.
    """
    if not (found := _NUMBER_AND_UNIT.fullmatch(text)):
        return None
    number, unit = Decimal(found[1]), unit_of(found[2])
    if unit is None or (unit == "K" and number < _LEAST_KELVIN):
        return None
    return plain(number), unit


def plain(number: Decimal) -> Decimal:
    """Return the number without trailing zeros and without an exponent: 16.0 becomes 16, and 1E+2 becomes 100."""
    number += 0  # no negative zero
    return number.quantize(Decimal(1)) if number == number.to_integral_value() else number.normalize()
