"""How figures are written."""

from decimal import Decimal

import pytest

from evals.report import formats
from evals.report.figures import figures
from evals.statistics import Interval
from tests.evals.paired_runs import by_letters


@pytest.mark.parametrize(
    ("value", "written"),
    [(None, "–"), (0.126, "0.13 ms"), (1.26, "1.3 ms"), (126.4, "126 ms"), (9999.0, "9,999 ms"), (12_345.0, "12.3 s")],
)
def test_milliseconds(value: float | None, written: str) -> None:
    assert formats.ms(value) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [(Decimal(0), "$0"), (Decimal("0.0000123456"), "$0.00001235"), (0.5, "$0.5"), (Decimal("1234.5"), "$1,234.50")],
)
def test_dollars(value: Decimal | float, written: str) -> None:
    assert formats.usd(value) == written


def test_shares_and_their_intervals() -> None:
    assert formats.share(0.8933) == "89.3%"
    assert formats.change(-0.0667) == "-6.7 pp"
    assert formats.span(Interval(low=0.5, high=1)) == "50.0% to 100.0%"
    assert formats.change_span(Interval(low=-0.05, high=0.1)) == "-5.0 to +10.0"
    assert formats.times(1.04) == "× 1.04"
    assert formats.short("a" * 64) == "a" * 12


def test_a_tally_of_nothing_is_a_dash() -> None:
    judged, nothing = (figures(by_letters(letters), "turn").headline for letters in ("p", "e"))
    assert (formats.rate(judged), formats.rate(nothing)) == ("100.0%", "–")
    assert (formats.rate_span(judged), formats.rate_span(nothing)) == ("20.7% to 100.0%", "–")


def test_a_link_quotes_what_it_filters_by() -> None:
    assert formats.filtered(tag="a&b", label="fail") == "#cases?tag=a%26b&label=fail"
