from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from chains.values import UNITS, Day, Flag, Money, Quantity, Terms, Text, Value, convert, dimension, in_base, magnitude
from tests.chains.shop import eur, gb, number

ADAPTER: TypeAdapter[Money | Quantity | Flag | Text | Terms | Day] = TypeAdapter(Value)


def quantities() -> st.SearchStrategy[Quantity]:
    values = st.decimals(min_value=-(10**13), max_value=10**13, places=6)
    return st.builds(Quantity, value=values, unit=st.sampled_from(sorted(UNITS)))


@pytest.mark.parametrize(
    ("value", "unit", "converted"),
    [
        (gb("0.5"), "MB", "500"),
        (number("1.32", "kg"), "g", "1320"),
        (number(980, "g"), "kg", "0.98"),
        (number(14, "in"), "cm", "35.56"),
        (number(1, "lb"), "g", "453.59237"),
        (number(16, "oz"), "lb", "1"),
        (number(2, "years"), "months", "24"),
        (number(1, "g"), "lb", "0.002205"),
    ],
)
def test_a_quantity_is_converted_within_its_dimension(value: Quantity, unit: str, converted: str) -> None:
    assert convert(value, unit) == number(converted, unit)


@pytest.mark.parametrize(
    ("value", "unit"), [(gb(1), "kg"), (gb(1), "parsecs"), (number(1, "parsecs"), "m"), (number(30, "days"), "months")]
)
def test_what_measures_something_else_is_not_converted(value: Quantity, unit: str) -> None:
    assert convert(value, unit) is None


def test_a_number_that_becomes_too_long_is_not_converted() -> None:
    assert convert(number(10**6, "GHz"), "Hz") is None


@given(quantities(), st.sampled_from(sorted(UNITS)))
def test_conversion_is_right_to_six_decimals_and_never_raises(value: Quantity, unit: str) -> None:
    converted = convert(value, unit)
    if converted is not None:
        exact = Fraction(value.value) * Fraction(UNITS[value.unit][1]) / Fraction(UNITS[unit][1])
        assert abs(Fraction(converted.value) - exact) <= Fraction(1, 2_000_000)


@given(quantities())
def test_the_base_number_is_exact(value: Quantity) -> None:
    base = in_base(value)
    assert base is not None
    assert Fraction(base) == Fraction(value.value) * Fraction(UNITS[value.unit][1])


def test_an_undeclared_unit_measures_nothing() -> None:
    assert dimension("parsecs") is None
    assert in_base(number(1, "parsecs")) is None
    assert magnitude(number(1, "parsecs")) is None


def test_money_is_ordered_per_currency_alone() -> None:
    assert magnitude(eur(100)) == ("money EUR", Decimal(100))
    assert magnitude(Money(amount_minor=100, currency="USD")) == ("money USD", Decimal(100))


def test_days_and_quantities_have_an_order_and_words_have_none() -> None:
    assert magnitude(gb(2)) == ("data", Decimal(2))
    assert magnitude(Day(value=date(1, 1, 2))) == ("day", Decimal(2))
    for value in (Flag(value=True), Text(value="black"), Terms(values=("USB-C",))):
        assert magnitude(value) is None


@pytest.mark.parametrize(
    "json",
    [
        '{"kind": "money", "amount_minor": 1.5, "currency": "EUR"}',
        '{"kind": "money", "amount_minor": 1, "currency": "euro"}',
        '{"kind": "money", "amount_minor": 1000000000001, "currency": "EUR"}',
        '{"kind": "quantity", "value": "NaN", "unit": "g"}',
        '{"kind": "quantity", "value": "Infinity", "unit": "g"}',
        '{"kind": "quantity", "value": "0.0000001", "unit": "g"}',
        '{"kind": "flag", "value": "yes"}',
        '{"kind": "text", "value": ""}',
        '{"kind": "terms", "values": []}',
        '{"kind": "day", "value": "2026-02-30"}',
        '{"kind": "day", "value": "2026-02-03", "zone": "UTC"}',
        '{"kind": "colour", "value": "black"}',
    ],
)
def test_a_value_that_is_none_is_refused(json: str) -> None:
    with pytest.raises(ValidationError):
        ADAPTER.validate_json(json)


@given(quantities())
def test_a_value_survives_its_json(value: Quantity) -> None:
    assert ADAPTER.validate_json(value.model_dump_json()) == value
