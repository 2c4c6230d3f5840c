"""The learning curve of the intent head: how right it is with 5, 10, 20, 40 and all examples an intent.

    python -m tests.benchmarks.bench_examples

The head of the demo shop is fitted on so many examples of each intent, drawn at random, and on the same share of those
out of scope. It is scored on the dev cases (the whole chain, embedded models alone), and on the scope's other examples,
which are more and so tell smaller differences, but were written by the author of those that it learnt from. Both are
means over several draws. The second table puts each step through the gate of `hopdesk evals train`: is the head with
more examples proven to be better on these cases? The test split is not touched.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from assistant.cli.opening import Unlogged, demo_scope
from assistant.embedded.cross_validation import HeldOutIntent
from assistant.embedded.encoder import Encoder
from assistant.embedded.intent_model import EmbeddedIntent, Examples
from assistant.settings import Settings
from assistant.wiring import open_loaded
from chains.record import digest
from chains.scope import Scope
from chains.scope_file import LoadedScope, load_scope
from evals.cases import Case, load_cases
from evals.evaluating import LocalCases
from evals.finished import FinishedRun
from evals.gate_file import GateRules
from evals.head_figures import HeadFigures, figures_of
from evals.promotion import decide_on
from evals.statistics import wilson

DEV = Path(__file__).parents[2] / "evals" / "cases" / "demo-dev.jsonl"
SIZES = (5, 10, 20, 40)
DRAWS = 3
GATE = GateRules(margin=0.0, scorer="intents")
SCORERS = ("intents", "in_scope", "turn")


@dataclass(frozen=True)
class Point:
    """One draw: how many examples there were, the dev cases, and the figures on the scope's other examples."""

    examples: int
    run: FinishedRun
    others: HeadFigures | None

    def passed(self, scorer: str) -> tuple[int, int]:
        """How many dev cases a scorer passes, and how many it judges."""
        labels = [result.label(scorer) for result in self.run.results]
        return labels.count("pass"), labels.count("pass") + labels.count("fail")


def main() -> None:
    """Fit, measure and print."""
    loaded, cases, encoder = load_scope(demo_scope()), load_cases(DEV), Encoder()
    console = Console()
    headings = ("examples an intent", "in all", *(f"dev {name}" for name in SCORERS), "others right", "ECE", "AUROC")
    table = Table(title=f"Demo shop: {len(cases)} dev cases, and the examples that were not learnt from")
    for heading in headings:
        table.add_column(heading, justify="right")
    points: dict[str, list[Point]] = {}
    with tempfile.TemporaryDirectory() as home:
        settings = Settings(home=Path(home))
        for size in SIZES:
            fewer = [drawn(loaded, size, draw) for draw in range(DRAWS)]
            points[str(size)] = [measured(one, loaded, cases, settings, encoder) for one in fewer]
        points["all"] = [measured(loaded, loaded, cases, settings, encoder)] * DRAWS
    for name, found in points.items():
        table.add_row(name, *row(found))
    console.print(table)
    console.print(steps(points))


def drawn(loaded: LoadedScope, size: int, draw: int) -> LoadedScope:
    """The scope with so many examples of each intent, and as large a share of those out of scope.

    A larger draw of the same number holds the smaller one.
    """
    scope, rng = loaded.scope, np.random.default_rng(draw)

    def some(texts: Sequence[str], count: int) -> tuple[str, ...]:
        places = sorted(rng.permutation(len(texts))[:count].tolist())
        return tuple(texts[place] for place in places)

    intents = tuple(one.model_copy(update={"examples": some(one.examples, size)}) for one in scope.intents)
    share = sum(len(one.examples) for one in intents) / sum(len(one.examples) for one in scope.intents)
    outside = some(scope.out_of_scope.examples, round(share * len(scope.out_of_scope.examples)))
    fewer = scope.out_of_scope.model_copy(update={"examples": outside})
    values = {name: getattr(scope, name) for name in Scope.model_fields}
    smaller = Scope(**{**values, "intents": intents, "out_of_scope": fewer})
    return replace(loaded, scope=smaller, sha256=digest(f"{size} examples, draw {draw}"))


def measured(
    fewer: LoadedScope, whole: LoadedScope, cases: tuple[Case, ...], settings: Settings, encoder: Encoder
) -> Point:
    """Fit a head on the examples of one scope, and score it on the cases and on the examples that the other has too."""
    site = open_loaded(fewer, settings, encoder, Unlogged())
    run = LocalCases(site, cases).run()
    model = site.chain.intent_model.tiers[0].model
    assert isinstance(model, EmbeddedIntent)
    learnt = {text for _, text in labelled(fewer.scope)}
    others = [
        HeldOutIntent(text, label, model.classify(text)) for label, text in labelled(whole.scope) if text not in learnt
    ]
    site.catalog.close()
    return Point(len(learnt), run, figures_of(others) if others else None)


def labelled(scope: Scope) -> list[tuple[str | None, str]]:
    """All examples of a scope with their intents, None for out of scope."""
    examples = Examples.of(scope)
    inside = [(name, text) for name, texts in examples.inside.items() for text in texts]
    return [*inside, *((None, text) for text in examples.outside)]


def row(points: Sequence[Point]) -> list[str]:
    """The mean of all draws; the interval is Wilson's for one draw of that mean."""
    cells = [f"{np.mean([point.examples for point in points]):,.0f}"]
    for name in SCORERS:
        total = points[0].passed(name)[1]
        mean = float(np.mean([point.passed(name)[0] for point in points]))
        interval = wilson(round(mean), total)
        cells.append(f"{mean / total:.1%} ({interval.low:.0%} to {interval.high:.0%} of {total})")
    for name, form in (("accuracy", ".1%"), ("ece", ".3f"), ("auroc", ".3f")):
        found = [getattr(point.others, name) for point in points if point.others]
        cells.append(format(np.mean(found), form) if found else "")
    return cells


def steps(points: dict[str, list[Point]]) -> Table:
    """What the gate of a training says of each step to more examples, for each draw."""
    table = Table(title="Is the head with more examples proven to be better on the dev cases? By intents, draw by draw")
    for heading in ("from", "to", "new examples", "intents right", "gate"):
        table.add_column(heading)
    for (name, before), (other, after) in pairwise(points.items()):
        decisions = [
            decide_on(more.run, fewer.run, None, GATE).incumbent for fewer, more in zip(before, after, strict=True)
        ]
        changes = [one.comparison.difference for one in decisions]
        table.add_row(
            name,
            other,
            f"{np.mean([more.examples - fewer.examples for fewer, more in zip(before, after, strict=True)]):,.0f}",
            "; ".join(f"{one.value:+.1%} ({one.interval.low:+.1%} to {one.interval.high:+.1%})" for one in changes),
            "; ".join(one.verdict.finding for one in decisions),
        )
    return table


if __name__ == "__main__":
    main()
