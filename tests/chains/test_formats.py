from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chains.formats import say_difference, say_list, say_measure, say_money, say_number, say_value
from chains.values import Day, Flag, Money, Quantity, Terms, Text
from tests.chains.shop import day, eur, flag, gb, number, terms, text


@pytest.mark.parametrize(
    ("amount_minor", "currency", "said"),
    [
        (84900, "EUR", "849 EUR"),
        (490, "EUR", "4.90 EUR"),
        (5, "EUR", "0.05 EUR"),
        (109900, "EUR", "1,099 EUR"),
        (123456789, "USD", "1,234,567.89 USD"),
        (84900, "JPY", "84,900 JPY"),
        (84900, "TND", "84.900 TND"),
        (0, "EUR", "0 EUR"),
        (-500, "EUR", "-5 EUR"),
    ],
)
def test_money_is_written_in_its_major_unit(amount_minor: int, currency: str, said: str) -> None:
    assert say_money(amount_minor, currency) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("16", "16"),
        ("1.320", "1.32"),
        ("2025", "2025"),
        ("9999", "9999"),
        ("25000", "25,000"),
        ("25000.50", "25,000.5"),
        ("1E+3", "1000"),
        ("-0", "0"),
        ("-12.0", "-12"),
    ],
)
def test_a_number_has_no_exponent_and_no_needless_zero(value: str, said: str) -> None:
    assert say_number(Decimal(value)) == said


@given(st.decimals(min_value=-(10**13), max_value=10**13, places=6))
def test_a_written_number_reads_as_itself(value: Decimal) -> None:
    assert Fraction(say_number(value).replace(",", "")) == Fraction(value)


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        ("16", "GB", "16 GB"),
        ("1", "months", "1 month"),
        ("24", "months", "24 months"),
        ("1", "days", "1 day"),
        ("80", "%", "80%"),
        ("-5", "°C", "-5°C"),
        ("8", "", "8"),
    ],
)
def test_a_measure_is_a_number_with_its_unit(value: str, unit: str, said: str) -> None:
    assert say_measure(Decimal(value), unit) == said


def test_words_stand_in_a_row() -> None:
    assert say_list(("A",)) == "A"
    assert say_list(("A", "B")) == "A and B"
    assert say_list(("A", "B", "C"), "or") == "A, B or C"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (eur(84900), "849 EUR"),
        (gb(16), "16 GB"),
        (flag(value=True), "yes"),
        (flag(value=False), "no"),
        (text("black"), "black"),
        (terms("USB-C", "HDMI"), "USB-C and HDMI"),
        (day(2026, 5, 3), "3 May 2026"),
    ],
)
def test_any_value_is_written(value: Money | Quantity | Flag | Text | Terms | Day, said: str) -> None:
    assert say_value(value) == said


@pytest.mark.parametrize(
    ("left", "right", "said"),
    [
        (number("1.32", "kg"), number("1", "kg"), "320 g"),
        (number("1.32", "kg"), number("980", "g"), "340 g"),
        (number("980", "g"), number("1.32", "kg"), "340 g"),
        (number(2, "TB"), gb(512), "1.488 TB"),
        (number(1, "TB"), gb(512), "488 GB"),
        (number(2, "years"), number(18, "months"), "6 months"),
        (number(14, "in"), number(16, "in"), "2 in"),
        (number(1, "in"), number("0.5", "in"), "0.5 in"),
        (number(2, "kg"), number(1, "lb"), "about 1.55 kg"),
        (number(1, "h"), number(100, "min"), "40 min"),
        (number("0.0001", "g"), number("0.0002", "g"), "about 0.0001 g"),
        (number(20, "%"), number(30, "%"), "10 percentage points"),
        (number(20, "%"), number(21, "%"), "1 percentage point"),
        (gb(8), gb(8), "0 MB"),
    ],
)
def test_a_difference_is_said_in_the_unit_that_suits_it(left: Quantity, right: Quantity, said: str) -> None:
    assert say_difference(left, right) == said
