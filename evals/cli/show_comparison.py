"""How `hopdesk evals compare` and `hopdesk evals gate` show a comparison."""

from collections.abc import Iterable, Sequence

from rich.console import Console

from assistant.cli.screen import data, table
from evals.compare import Amounts, Both, Comparison, Pair
from evals.statistics import Interval

_SHOWN = 20  # flips, and results that were not compared
_TEXT_CHARS = 80
_NUMBERS = {"value", "repeat", "cases"}


def show(comparison: Comparison, console: Console) -> None:
    """Print the rates, what flipped, the tags, where it first went wrong, repeats, time and cost, and what is apart."""
    console.print(data(_title(comparison), "bold"), soft_wrap=True)
    for note in comparison.notes:
        console.print(data(note, "yellow"), soft_wrap=True)
    show_rates(comparison, console)
    _show_flips("Worse", comparison.worse_flips, console)
    _show_flips("Better", comparison.better_flips, console)
    _show_tags(comparison, console)
    if comparison.first_bad:
        rows = ((line.hop, str(line.base), str(line.candidate)) for line in comparison.first_bad)
        _print("Failed results by the first hop that went wrong", ("hop", "base", "candidate"), rows, console)
    if comparison.pass_hat:
        hat = (
            (f"pass^{line.k}", str(line.cases), f"{line.base:.1%}", f"{line.candidate:.1%}")
            for line in comparison.pass_hat
        )
        _print("All of k repeats pass", ("k", "cases", "base", "candidate"), hat, console)
    show_unjudged(comparison.unjudged, console)


def _title(comparison: Comparison) -> str:
    runs = f"{comparison.candidate_run.run_id} against {comparison.base_run.run_id}"
    return f"{runs}: {comparison.judged_cases} cases judged by {comparison.scorer!r} on both sides"


def show_rates(comparison: Comparison, console: Console) -> None:
    """Print both pass rates, the difference, time and cost, each with its interval."""
    difference, changed = comparison.difference, f"{comparison.better} cases better, {comparison.worse} worse"
    rows = [
        ("base", f"{comparison.base.value:.1%}", _share(comparison.base.interval), ""),
        ("candidate", f"{comparison.candidate.value:.1%}", _share(comparison.candidate.interval), ""),
        (
            "difference",
            f"{difference.value:+.1%}",
            _change(difference.interval),
            f"{changed}, McNemar p = {comparison.p_value:.3g}",
        ),
        *_ratio("time a turn", "ms", comparison.latency_ms),
        *_ratio("cost a turn", "USD", comparison.cost_usd),
    ]
    _print("", ("", "value", f"{comparison.confidence:.0%} interval", ""), rows, console)


def _ratio(what: str, unit: str, amounts: Amounts | None) -> list[tuple[str, str, str, str]]:
    """A row for time or cost, as times the base's; none where there is nothing to compare."""
    if amounts is None or not amounts.base:
        return []
    ratio = f"{amounts.ratio.low:.2f} to {amounts.ratio.high:.2f}" if amounts.ratio else ""
    both = f"{amounts.base:.4g} {unit} before, {amounts.candidate:.4g} {unit} now"
    return [(what, f"x {amounts.candidate / amounts.base:.2f}", ratio, both)]


def _show_flips(title: str, flips: Sequence[Both], console: Console) -> None:
    if not flips:
        return
    rows = [
        (both.base.case_id, str(both.base.repeat), _ending(both), _short(both.base.text)) for both in flips[:_SHOWN]
    ]
    shown = f"{title}: {len(flips)}" + (f", of which the first {_SHOWN}" if len(flips) > _SHOWN else "")
    _print(shown, ("case", "repeat", "ended", "text"), rows, console)


def _ending(both: Both) -> str:
    before, after = (
        str(one.outcome.get("kind")) if isinstance(one.outcome, dict) else "-" for one in (both.base, both.candidate)
    )
    return before if before == after else f"{before} -> {after}"


def _show_tags(comparison: Comparison, console: Console) -> None:
    if not comparison.tags:
        return
    rows = (
        (
            line.tag,
            str(line.cases),
            f"{line.base:.1%}",
            f"{line.candidate:.1%}",
            _change(line.difference.interval),
            f"+{line.better} -{line.worse}",
        )
        for line in comparison.tags
    )
    title = "Tags (not corrected for there being many: one in twenty differs by chance)"
    _print(title, ("tag", "cases", "base", "candidate", "difference", "flips"), rows, console)


def show_unjudged(unjudged: Sequence[tuple[str, Pair]], console: Console) -> None:
    """Print which results were not compared, and why."""
    if not unjudged:
        return
    rows = [(name, str(pair.repeat), pair.base, pair.candidate) for name, pair in unjudged[:_SHOWN]]
    shown = f", of which the first {_SHOWN}" if len(unjudged) > _SHOWN else ""
    _print(f"Not compared: {len(unjudged)}{shown}", ("case", "repeat", "base", "candidate"), rows, console)


def _print(title: str, columns: Sequence[str], rows: Iterable[Iterable[str]], console: Console) -> None:
    console.print()
    if title:
        console.print(data(title, "bold"), soft_wrap=True)
    console.print(table("", columns, rows, numbers={*columns} & _NUMBERS, whole=("case", "tag", "hop")))


def _share(interval: Interval) -> str:
    return f"{interval.low:.1%} to {interval.high:.1%}"


def _change(interval: Interval) -> str:
    return f"{interval.low:+.1%} to {interval.high:+.1%}"


def _short(text: str) -> str:
    one_line = " ".join(text.split())
    return one_line if len(one_line) <= _TEXT_CHARS else one_line[:_TEXT_CHARS] + "…"
