"""What `hopdesk evals run` shows: an estimate beforehand, a progress bar meanwhile, and the scores at the end."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from assistant.cli.screen import err, table
from evals.pacing import Estimate, Purse
from evals.results import CaseResult

_HEADLINES = ("turn", "same")
_MINUTE_S = 60


@dataclass
class Tally:
    """How many results there are, by scorer and label; the headline is whether the turn, or the one hop, was right."""

    results: int = 0
    labels: dict[str, Counter[str]] = field(default_factory=dict)

    def add(self, result: CaseResult) -> None:
        """Count one result."""
        self.results += 1
        for score in result.scores:
            self.count(score.scorer, score.label)

    def count(self, scorer: str, label: str) -> None:
        """Count one score."""
        self.labels.setdefault(scorer, Counter())[label] += 1

    def headline(self, label: str) -> int:
        """How many turns, or single hops, have this label."""
        return sum(self.labels[name][label] for name in _HEADLINES if name in self.labels)


@contextmanager
def run_bar(total: int, purse: Purse, tally: Tally) -> Iterator[Callable[[], None]]:
    """A bar on standard error with rate, time left, cost and failures; call what it yields after each result."""

    class Rate(TextColumn):
        """Results a second."""

        def __init__(self) -> None:
            super().__init__("")

        def render(self, task: Task) -> Text:
            return Text(f"{task.speed:,.1f}/s" if task.speed else "")

    class State(TextColumn):
        """What was spent, and how many went wrong."""

        def __init__(self) -> None:
            super().__init__("")

        def render(self, task: Task) -> Text:  # noqa: ARG002 - a column
            return Text(f"${purse.usd:.4f}  {tally.headline('fail')} failed  {tally.headline('error')} errors")

    columns = (
        TextColumn("Running"),
        BarColumn(),
        MofNCompleteColumn(),
        Rate(),
        TimeRemainingColumn(elapsed_when_finished=True),
        State(),
    )
    console = err()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        step = bar.add_task("", total=total)
        yield lambda: bar.advance(step)


def show_estimate(expected: Estimate, concurrency: int, console: Console) -> None:
    """Print what a run would ask for; it can be less, and is more only by repairs and retries."""
    minutes = expected.most_s / _MINUTE_S
    time = f"{minutes:,.0f} minutes" if minutes >= 1 else f"{expected.most_s:.0f} s"
    console.print(
        f"About {expected.live:,} calls of language models ({expected.on_cassette:,} more are on the cassette), "
        f"at most {expected.most_tokens:,} tokens, ${expected.most_usd:.2f} and {time}, {concurrency} cases at a time.",
        soft_wrap=True,
        markup=False,
    )
    if expected.unpriced:
        console.print(f"Nobody knows the prices of {', '.join(expected.unpriced)}.", soft_wrap=True, markup=False)


def show_scores(tally: Tally, console: Console, what: str = "results") -> None:
    """Print how many results each scorer passed; an error is not a failure, and is not in the share."""
    columns = ("scorer", "pass", "fail", "share", "unsure", "error")
    rows = [_row(scorer, labels) for scorer, labels in tally.labels.items()]
    console.print(table(f"{tally.results} {what}", columns, rows, numbers=columns[1:], whole=columns))


def _row(scorer: str, labels: Counter[str]) -> Iterable[str]:
    judged = labels["pass"] + labels["fail"]
    share = f"{labels['pass'] / judged:.1%}" if judged else ""
    return scorer, str(labels["pass"]), str(labels["fail"]), share, str(labels["unsure"]), str(labels["error"])
