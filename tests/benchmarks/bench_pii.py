"""How much personal data is found, how much of what is found is none, and how long the way in takes a text.

    python -m tests.benchmarks.bench_pii [misses]

2,000 generated texts hold one to three items each, 2,000 more hold what looks like them; both are made from a fixed
seed by `tests.moderation.personal_data`. Intervals are Wilson's, 95%. With `misses` every mistake is printed. Times are
of the process, one text after the other.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Sequence

import numpy as np
from rich.console import Console
from rich.table import Table

from evals.statistics import wilson
from moderation.decoding import views
from moderation.gate import inbound
from moderation.hygiene import clean
from moderation.pii import redact
from moderation.policy import PII_KINDS, ModerationPolicy, PiiPolicy
from moderation.rules import judge_by_rules
from tests.moderation.personal_data import (
    ORDER_PATTERN,
    REGION,
    Counts,
    Labelled,
    count,
    with_look_alikes,
    with_personal_data,
)

SEED = 2026
TEXTS = 2000
LIMIT = 2000
ORDINARY = "Hi, I ordered the Nova 14 laptop last week and it has not arrived. Could you check {} please?"


def main() -> None:
    """Measure and print."""
    rng = random.Random(SEED)
    texts = [with_personal_data(rng) for _ in range(TEXTS)]
    look_alikes = [with_look_alikes(rng) for _ in range(TEXTS)]
    policy = ModerationPolicy(pii=PiiPolicy(region=REGION, order_pattern=ORDER_PATTERN))
    console = Console(width=140)
    misses: list[str] = []
    console.print(_found(texts, look_alikes, policy.pii, misses))
    if "misses" in sys.argv:
        console.print("\n".join(misses), markup=False, highlight=False)
    console.print(_times([labelled.text for labelled in (*texts, *look_alikes)], policy))


def _found(texts: Sequence[Labelled], look_alikes: Sequence[Labelled], policy: PiiPolicy, misses: list[str]) -> Table:
    inside, outside = count(texts, policy, misses), count(look_alikes, policy, misses)
    table = Table(title=f"{len(texts):,} texts with personal data, {len(look_alikes):,} with what looks like it")
    for name in ("kind", "items", "recall", "95%", "found", "precision", "95%", "wrong in look-alikes"):
        table.add_column(name, justify="left" if name == "kind" else "right")
    for kind in PII_KINDS:
        _add(table, kind, inside[kind], outside[kind])
    _add(table, "all", _sum(list(inside.values())), _sum(list(outside.values())))
    return table


def _sum(counts: Sequence[Counts]) -> Counts:
    return Counts(*(sum(getattr(one, name) for one in counts) for name in ("covered", "left", "right", "wrong")))


def _add(table: Table, kind: str, inside: Counts, outside: Counts) -> None:
    items, found = inside.covered + inside.left, inside.right + inside.wrong + outside.wrong
    recall, precision = wilson(inside.covered, items), wilson(inside.right, found)
    table.add_row(
        *(kind, f"{items:,}", f"{inside.covered / items:.1%}", f"{recall.low:.1%} to {recall.high:.1%}"),
        *(f"{found:,}", f"{inside.right / found:.1%}", f"{precision.low:.1%} to {precision.high:.1%}"),
        str(outside.wrong),
    )


def _times(texts: Sequence[str], policy: ModerationPolicy) -> Table:
    steps: dict[str, Callable[[str], object]] = {
        "hygiene": lambda text: clean(text, limit=LIMIT),
        "views": views,
        "rules and views": lambda text: judge_by_rules(text, policy),
        "personal data": lambda text: redact(text, policy.pii),
        "all of it": lambda text: inbound(text, policy),
    }
    ordinary = [ORDINARY.format(f"LO-{number}") for number in range(10_000, 11_000)]
    table = Table(title="milliseconds of one core for a text")
    for name in ("step", "100 characters p50", "p95", "generated texts p50", "p95"):
        table.add_column(name, justify="left" if name == "step" else "right")
    for name, step in steps.items():
        figures = [
            value for given in (ordinary, texts) for value in np.percentile(_milliseconds(step, given), (50, 95))
        ]
        table.add_row(name, *(f"{value:.2f}" for value in figures))
    return table


def _milliseconds(step: Callable[[str], object], texts: Sequence[str]) -> list[float]:
    for text in texts[:50]:
        step(text)
    taken: list[float] = []
    for text in texts:
        started = time.process_time_ns()
        step(text)
        taken.append((time.process_time_ns() - started) / 1e6)
    return taken


if __name__ == "__main__":
    main()
