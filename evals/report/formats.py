"""How figures are written, on the page and in the terminal."""

from collections.abc import Callable
from decimal import Decimal
from urllib.parse import urlencode

from evals.report.figures import Tally
from evals.statistics import Interval


def share(value: float) -> str:
    """A share of 1 as a percentage."""
    return f"{value:.1%}"


def change(value: float) -> str:
    """A difference of shares in percentage points."""
    return f"{value * 100:+.1f} pp"


def span(interval: Interval) -> str:
    """An interval of a share."""
    return f"{interval.low:.1%} to {interval.high:.1%}"


def change_span(interval: Interval) -> str:
    """An interval of a difference of shares, in percentage points."""
    return f"{interval.low * 100:+.1f} to {interval.high * 100:+.1f}"


def rate(tally: Tally) -> str:
    """The share right of a tally; a dash where nothing was judged."""
    return share(tally.rate.value) if tally.rate else "–"


def rate_span(tally: Tally) -> str:
    """Its interval."""
    return span(tally.rate.interval) if tally.rate else "–"


def ms(value: float | None) -> str:
    """Milliseconds, with as many digits as can be of interest; from ten seconds on in seconds."""
    if value is None:
        return "–"
    if value >= 10_000:
        return f"{value / 1000:,.1f} s"
    return f"{value:,.0f} ms" if value >= 100 else f"{value:.1f} ms" if value >= 1 else f"{value:.2f} ms"


def usd(value: Decimal | float) -> str:
    """US dollars; nothing is nothing, and small amounts have four digits that say something."""
    if value >= 1 or not value:
        return f"${value:,.2f}" if value else "$0"
    return f"${Decimal(f'{value:.4g}'):f}"


def times(value: float) -> str:
    """A ratio."""
    return f"× {value:.2f}"


def short(text: str) -> str:
    """The start of a hash."""
    return text[:12]


def filtered(**wanted: str) -> str:
    """A link to the list of results, filtered."""
    return f"#cases?{urlencode(wanted)}"


FILTERS: dict[str, Callable[..., str]] = {
    one.__name__: one for one in (share, change, span, change_span, rate, rate_span, ms, usd, times, short)
}
