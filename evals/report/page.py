"""The report as one HTML file that asks nothing of anybody: style, script, plots and data are all inside.

What somebody else wrote reaches the page as text alone: the template escapes it, the script sets `textContent`, and a
content policy lets no other script run than the two whose hashes it names, and no request leave.
"""

import json
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from hashlib import sha256
from importlib.resources import files

import numpy as np
from jinja2 import Environment, FunctionLoader, StrictUndefined, Template
from markupsafe import Markup
from pydantic import JsonValue

from assistant.cli.screen import visible
from chains.errors import HopdeskError
from chains.language import Json
from evals.compare import Comparison
from evals.report import formats
from evals.report.changes import changes
from evals.report.figures import Figures, spread
from evals.report.grids import intent_grid, transition_grid
from evals.report.listing import Listing

_BINS = 30
_LEAST_MS = 0.001  # what timings are rounded to


@dataclass(frozen=True)
class Report:
    """What the file shows: a run, the list of its results, and where there is a base, the base and the comparison."""

    figures: Figures
    listing: Listing
    rows: Sequence[Json]
    traces: Sequence[Json]
    before: Figures | None = None
    comparison: Comparison | None = None


def page(report: Report) -> str:
    """The whole file. Raises `HopdeskError` where plotly is not installed."""
    script, plotly = _part("report.js"), _plotly()
    comparison, before = report.comparison, report.before
    return _template().render(
        report=report,
        figures=report.figures,
        before=before,
        comparison=comparison,
        changes=changes(before.run if before else None, report.figures.run),
        tag_changes={line.tag: line for line in comparison.tags} if comparison else {},
        difference=_tone(comparison) if comparison else "",
        latency=spread(report.figures.latencies_ms),
        cost=sum(report.figures.costs_usd, Decimal()),
        transitions=transition_grid(report.figures),
        intents=intent_grid(report.figures),
        style=Markup(_part("report.css")),  # noqa: S704 - ours
        script=Markup(script),  # noqa: S704 - ours
        plotly=Markup(plotly),  # noqa: S704 - plotly's
        hashes=[_hash(script), _hash(plotly)],
        data=Markup(_embedded({"rows": [*report.rows], "traces": [*report.traces], "plots": _plots(report)})),  # noqa: S704 - escaped
    )


def _tone(comparison: Comparison) -> str:
    """The colour of a difference: none unless its interval and the exact test agree that there is one."""
    interval = comparison.difference.interval
    if comparison.p_value >= 1 - comparison.confidence or interval.low <= 0 <= interval.high:
        return ""
    return "pass" if interval.low > 0 else "fail"


@cache
def _template() -> Template:
    environment = Environment(
        loader=FunctionLoader(_part),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= formats.FILTERS
    environment.globals["filtered"] = formats.filtered
    return environment.get_template("report.html.j2")


def _shown(value: object) -> object:
    """A text without what steers or hides text; anything else as it is."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _part(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _plotly() -> str:
    try:
        from plotly.offline import get_plotlyjs
    except ImportError:
        raise HopdeskError("The report draws with plotly; install it with: pip install 'hopdesk[evals]'.") from None
    return str(get_plotlyjs())


def _hash(script: str) -> str:
    """A script's hash as content policies name it."""
    return f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'"


def _embedded(value: Json) -> str:
    """JSON that can stand in a script element: it is ASCII, and nothing in it opens or ends an element."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")


def _plots(report: Report) -> Json:
    figures, before = report.figures, report.before
    return {
        "reliability": figures.reliability.model_dump(mode="json") if figures.reliability else None,
        "latency": _histogram(figures.latencies_ms, before.latencies_ms if before else (), log=True),
        "hops": [{"hop": line.hop, **vars(line.latency_ms)} for line in figures.hops if line.latency_ms is not None],
        "cost": _costs(figures, before),
    }


def _costs(figures: Figures, before: Figures | None) -> JsonValue:
    """The distribution of what results cost; None where nothing cost anything."""
    ours, theirs = ([float(one) for one in side.costs_usd] if side else [] for side in (figures, before))
    return _histogram(ours, theirs) if any(ours) or any(theirs) else None


def _histogram(amounts: Sequence[float], before: Sequence[float], *, log: bool = False) -> JsonValue:
    """The shares of two runs' amounts in the same bins, of equal width or, with `log`, of equal ratio."""
    if not amounts:
        return None
    both = [*amounts, *before]
    least, most = min(both), max(both)
    if log:
        least, most = max(least, _LEAST_MS), max(most, 2 * _LEAST_MS)
    edges = (np.geomspace if log else np.linspace)(least, most if most > least else 2 * least, _BINS + 1)

    def shares(found: Sequence[float]) -> list[JsonValue]:
        counts = np.histogram(np.clip(found, edges[0], edges[-1]), edges)[0]
        return [float(count) / len(found) for count in counts]

    return {
        "edges": [float(edge) for edge in edges],
        "shares": shares(amounts),
        "before": shares(before) if before else None,
        "log": log,
    }
