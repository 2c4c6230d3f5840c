"""How `hopdesk evals show` prints a run: its headline, hops, transitions and tags, and single results with traces."""

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from assistant.cli.screen import data, table
from assistant.cli.show_trace import show_hops
from chains.record import HopRecord
from evals.report import formats
from evals.report.figures import Figures, HopLine, Tally
from evals.report.grids import Grid, transition_grid
from evals.report.intents import ending
from evals.report.traces import told
from evals.results import CaseResult, Label, Score
from evals.transitions import label_by, transition

_STYLES: dict[Label | None, str] = {"pass": "green", "fail": "red", "unsure": "yellow", "error": "magenta"}
_SHOWN = 50  # failed results
_TEXT_CHARS = 80
_COUNTS = ("pass", "fail", "unsure", "error")


def show_figures(figures: Figures, console: Console) -> None:
    """Print what a run comes to."""
    run = figures.run
    console.print(data(f"{formats.rate(figures.headline)} right", "bold"), _headline(figures), soft_wrap=True)
    hashes = f"cases {run.cases_sha256[:12]}, scope {run.scope_sha256[:12]}, catalog {run.catalog_sha256[:12]}"
    console.print(
        data(f"run {run.run_id}, {run.site}, {run.started:%Y-%m-%d %H:%M} UTC; {hashes}", "dim"), soft_wrap=True
    )
    for key, value in run.changes.items():
        console.print(data(f"changed: {key} = {value}", "cyan"), soft_wrap=True)
    columns = ("hop", "right", "95% interval", *_COUNTS, "repaired", "fell back", "p50", "p95", "cost")
    _print("Hops", columns, [_hop(line) for line in figures.hops], console)
    if figures.transitions:
        _show_grid(transition_grid(figures), console)
    if figures.tags:
        rows = [(line.tag, str(line.cases), *_tally(line.tally)) for line in figures.tags]
        _print("Tags", ("tag", "cases", "right", "95% interval", *_COUNTS), rows, console)


def _headline(figures: Figures) -> Text:
    tally = figures.headline
    counted = f"{tally.failed} failed, {tally.unsure} unsure, {tally.errors} errors"
    return data(f"({formats.rate_span(tally)}) of {figures.cases} cases by {figures.scorer!r}: {counted}")


def _hop(line: HopLine) -> tuple[str, ...]:
    latency = line.latency_ms
    times = (formats.ms(latency.p50), formats.ms(latency.p95)) if latency else ("–", "–")
    return (
        line.hop,
        *_tally(line.tally),
        str(line.repaired),
        str(line.fell_back),
        *times,
        formats.usd(line.cost_usd),
    )


def _tally(tally: Tally) -> tuple[str, ...]:
    counts = (tally.passed, tally.failed, tally.unsure, tally.errors)
    return formats.rate(tally), formats.rate_span(tally), *map(str, counts)


def _show_grid(grid: Grid, console: Console) -> None:
    names = [name for name, _ in grid.columns]
    rows = [(name, *(str(cell.count or "") for cell in cells), str(total)) for name, total, cells in grid.rows]
    title = "Wrong turns by last good hop (rows) and first bad hop (columns)"
    _print(title, ("last good", *names, "all"), rows, console)


def show_failed(results: Sequence[CaseResult], scorer: str, console: Console) -> None:
    """Print the results that a scorer failed, and where they went wrong."""
    failed = sorted(
        (result for result in results if label_by(result, scorer) == "fail"),
        key=lambda result: (result.case_id, result.repeat),
    )
    rows = [
        (one.case_id, str(one.repeat), " -> ".join(transition(one, scorer) or ()), ending(one)[0], _short(one.text))
        for one in failed[:_SHOWN]
    ]
    more = f", of which the first {_SHOWN}" if len(failed) > _SHOWN else ""
    _print(f"Failed: {len(failed)}{more}", ("case", "repeat", "went wrong", "ended", "text"), rows, console)


def show_result(
    result: CaseResult, scorer: str, records: Sequence[HopRecord], took_ms: float | None, console: Console
) -> None:
    """Print one result: what was asked, how it ended, what each hop did, and what the scorers say."""
    label = label_by(result, scorer)
    took = "" if took_ms is None else f"  {formats.ms(took_ms)}"
    repeat = f" repeat {result.repeat}" if result.repeat else ""
    console.print(
        data(label or "unscored", f"bold {_STYLES.get(label, '')}"), data(f"case {result.case_id}{repeat}{took}", "dim")
    )
    console.print(data(f"“{result.text}”"))
    if result.error:
        console.print(data(result.error, "magenta"))
    console.print(data("  ".join(part for part in ending(result) if part) or "no outcome", "bold"))
    for sentence in told(result.outcome):
        console.print(data(f"  {sentence}"))
    if step := transition(result, scorer):
        console.print(data(f"went wrong from {step[0]} to {step[1]}", "red"))
    show_hops(records, console, timed=False)
    rows = [_score(score) for score in result.scores]
    console.print(table("Scores", ("scorer", "hop", "label", "value", "critique"), rows, whole=("scorer", "hop")))


def _score(score: Score) -> tuple[Text | str, ...]:
    value = "" if score.value is None else f"{score.value:.3g}"
    return score.scorer, score.hop or "turn", data(score.label, _STYLES[score.label]), value, score.critique or ""


def _print(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], console: Console) -> None:
    console.print()
    console.print(data(title, "bold"), soft_wrap=True)
    left = {"hop", "tag", "case", "went wrong", "ended", "text", "last good"}
    console.print(table("", columns, rows, numbers={*columns} - left, whole={*columns} - {"text"}))


def _short(text: str) -> str:
    one_line = " ".join(text.split())
    return one_line if len(one_line) <= _TEXT_CHARS else one_line[:_TEXT_CHARS] + "…"
