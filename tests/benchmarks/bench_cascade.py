"""What the embedded models decide by themselves in a cascade, how often they are right then, and what that saves.

    HOPDESK_BENCH_DATA=<folder with clinc150/data_full.json> python -m tests.benchmarks.bench_cascade [demo|clinc]

Thresholds are chosen for 98%, and for 99% so that 98% holds of requests that played no part. In the demo shop they are
chosen on the dev split and on the scope's own examples, cross-validated; of the test split only the figures are looked
at. With clinc150 the head is fitted on 30 examples an intent and `oos_train`, the threshold chosen on validation, and
everything printed measured on test, for several shares of out-of-scope requests. Intervals are 95%: Wilson's, or where
requests are weighted the bootstrap's. Tokens are the estimate of the intent prompt that comes with Hopdesk and a reply.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from assistant.embedded.cross_validation import cross_validate
from assistant.embedded.encoder import Encoder
from assistant.embedded.head import Head, Prediction, fit
from assistant.embedded.intent_model import Examples
from assistant.settings import Settings
from assistant.web.warm_up import warm_up
from assistant.wiring import Site, open_site
from chains.messages import Intent, IntentInput, IntentScore
from chains.prompt_files import as_json, load_prompt
from chains.prompted.intent import PromptedIntent, worked_examples
from chains.prompted.trimming import estimate_tokens
from chains.scope import IntentScope, OutOfScope, Scope, Sources
from chains.scope import Site as SiteScope
from evals.cases import load_cases
from evals.pairs import TunedHop, embedded_alone, pairs_of_examples, pairs_of_runs
from evals.running import CaseRun, MemoryLog, run_cases
from evals.thresholds import Pair, Point, choose, point_at
from tests.benchmarks.bench_clinc import DATA_VARIABLE, Clinc, load
from tests.chains.fake_language import FakeLanguage

ROOT = Path(__file__).parents[2]
SCOPE = ROOT / "assistant" / "demo" / "shop" / "scope.toml"
HOPS: tuple[TunedHop, ...] = ("intent", "lookup", "response")
TARGETS = (0.98, 0.99)  # what is asked of the pairs that a threshold is chosen on
OUTSIDE_SHARES = (0.05, 0.10, 0.20)  # of real requests, assumed; the test part of clinc150 has 18%
RESAMPLED = 1000
SEED = 7
CLINC_PROMPT_TOKENS = 20_000  # 150 intents are more than the default budget of a prompt holds


def main() -> None:
    """Measure what is asked for, or both."""
    asked = sys.argv[1:] or ["demo", "clinc"]
    console = Console(width=160)
    if "demo" in asked:
        demo(console)
    if "clinc" in asked:
        clinc(console)


def demo(console: Console) -> None:
    """The demo shop: thresholds from the dev split and the examples, measured on the test split."""
    with tempfile.TemporaryDirectory() as home:
        encoder = Encoder()
        site = open_site(SCOPE, Settings(home=Path(home)), encoder, MemoryLog())
        chain = embedded_alone(site.chain)
        asyncio.run(warm_up([site]))
        dev, test = (
            run_cases(load_cases(ROOT / "evals" / "cases" / f"demo-{split}.jsonl"), chain) for split in ("dev", "test")
        )
        scope = chain.scope
        examples = Examples({intent.id: intent.examples for intent in scope.intents}, scope.out_of_scope.examples)
        held_out = pairs_of_examples(cross_validate(examples, site.catalog.vocabulary, encoder, SEED), scope)
        site.catalog.close()
    of_call = call_tokens(scope, [run.case.text for run in dev], scope.budget.prompt_tokens)
    table = _table(
        f"demo shop; an intent call has {of_call:,} tokens; saved in 1,000 requests",
        ("hop", "chosen on", "for", "threshold", "local there", "right there", "local on test"),
    )
    for hop in HOPS:
        on_dev, on_test = _pairs(hop, dev, site), _pairs(hop, test, site)
        tokens = of_call if hop == "intent" else None
        sources = {"dev": on_dev}
        if hop == "intent":
            sources |= {"examples": held_out, "dev and examples": (*on_dev, *held_out)}
        for name, pairs in sources.items():
            for target in TARGETS:
                _add(table, (hop, name, f"{target:.0%}"), choose(pairs, target), on_test, tokens)
        _add(table, (hop, "-", "-"), point_at(on_dev, 0.0), on_test, tokens)
    console.print(table)


def _pairs(hop: TunedHop, runs: tuple[CaseRun, ...], site: Site) -> tuple[Pair, ...]:
    parents = {product.sku: product.parent for product in site.catalog.vocabulary.products if product.parent}
    return pairs_of_runs(hop, runs, site.chain.scope, parents)


def _table(title: str, columns: Sequence[str]) -> Table:
    table = Table(title=title)
    for name in (*columns, "right on test", "95% interval", "calls saved", "tokens saved"):
        table.add_column(name, justify="left" if name in {"hop", "chosen on"} else "right")
    return table


def _add(table: Table, names: tuple[str, ...], chosen: Point | None, test: Sequence[Pair], tokens: int | None) -> None:
    if chosen is None:
        table.add_row(*names, "none")
        return
    point = point_at(test, chosen.threshold)
    low, high = point.interval
    table.add_row(
        *names,
        f"{chosen.threshold:.3f}",
        f"{chosen.share:.1%} of {chosen.total}",
        f"{chosen.precision:.1%}",
        f"{point.share:.1%} of {point.total}",
        f"{point.precision:.1%}",
        f"{low:.1%} to {high:.1%}",
        *_saved(point.share, tokens),
    )


def call_tokens(scope: Scope, texts: Sequence[str], prompt_tokens: int) -> int:
    """The tokens of one intent call to a language model with this scope, from the prompt as it would be sent."""
    model = PromptedIntent(FakeLanguage(), load_prompt("intent", scope.prompts.intent), scope, prompt_tokens)
    calls = [model.call(IntentInput(text=text, locale="en"))[0] for text in texts]
    reply = estimate_tokens(as_json(worked_examples(scope)[0]["reply"]))
    return round(float(np.mean([call.input_tokens for call in calls]))) + reply


def _saved(local: float, tokens: int | None) -> tuple[str, str]:
    """Calls saved in 1,000 requests that reach the hop, and thousands of tokens where they are known."""
    return f"{1000 * local:,.0f}", f"{local * tokens:,.0f}k" if tokens is not None else "-"


def clinc(console: Console) -> None:
    """Clinc150: the threshold from validation, measured on test; without the data say so and stop."""
    folder = os.environ.get(DATA_VARIABLE)
    if not folder or not (path := Path(folder) / "clinc150" / "data_full.json").exists():
        console.print(f"Set {DATA_VARIABLE} to a folder with clinc150/data_full.json to run this part.")
        return
    data = load(path)
    head = fit(data.examples, data.oos_train, Encoder(threads=1), seed=0)
    validation = Mixed(_judged(head, data.validation), _judged(head, [(text, None) for text in data.oos_validation]))
    test = Mixed(_judged(head, data.test), _judged(head, [(text, None) for text in data.oos_test]))
    of_call = call_tokens(_clinc_scope(data), [text for text, _ in data.test[:100]], CLINC_PROMPT_TOKENS)
    table = _table(
        f"clinc150; an intent call has {of_call:,} tokens; saved in 1,000 requests",
        ("out of scope", "for", "threshold", "local on test"),
    )
    for share in (*OUTSIDE_SHARES, test.outside_share):
        for target in TARGETS:
            threshold = validation.choose(target, share)
            local, precision = test.at(threshold, share)
            low, high = test.interval(threshold, share)
            figures = (f"{threshold:.3f}", f"{local:.1%}", f"{precision:.1%}", f"{low:.1%} to {high:.1%}")
            table.add_row(f"{share:.0%}", f"{target:.0%}", *figures, *_saved(local, of_call))
    console.print(table)


def _judged(head: Head, labelled: Sequence[tuple[str, str | None]]) -> tuple[Pair, ...]:
    """Labelled texts as the intent hop would judge them; None is out of scope."""
    return tuple(_pair(head, text, label) for text, label in labelled)


def _pair(head: Head, text: str, label: str | None) -> Pair:
    said: Prediction = head.predict(text)
    outside = said.out_of_scope >= head.suggested_oos_threshold
    intent = Intent(
        ranked=(IntentScore(intent=said.label, score=min(said.score, 1.0)),),
        confidence=min(said.score, 1.0),
        out_of_scope=said.out_of_scope,
    )
    return Pair(text, intent.certainty or 0.0, outside if label is None else not outside and said.label == label)


class Mixed:
    """In-scope and out-of-scope pairs, to be weighted as if the latter were a given share of all requests."""

    def __init__(self, inside: tuple[Pair, ...], outside: tuple[Pair, ...]) -> None:
        self._parts = [
            (np.array([pair.certainty for pair in part]), np.array([pair.right for pair in part]))
            for part in (inside, outside)
        ]
        self.outside_share = len(outside) / (len(inside) + len(outside))

    def at(self, threshold: float, outside_share: float) -> tuple[float, float]:
        """The share that is decided locally at a threshold, and the share of these that is right."""
        return _weighted(self._parts, threshold, outside_share)

    def choose(self, precision: float, outside_share: float) -> float:
        """The smallest threshold (in steps of .001) with that precision."""
        steps = (step / 1000 for step in range(1000))
        return next(step for step in steps if self.at(step, outside_share)[1] >= precision)

    def interval(self, threshold: float, outside_share: float) -> tuple[float, float]:
        """The 95% interval of the precision, by resampling both parts."""
        rng = np.random.default_rng(SEED)

        def resampled() -> Iterator[float]:
            for _ in range(RESAMPLED):
                drawn = [rng.integers(len(right), size=len(right)) for _, right in self._parts]
                parts = [(c[rows], r[rows]) for (c, r), rows in zip(self._parts, drawn, strict=True)]
                yield _weighted(parts, threshold, outside_share)[1]

        low, high = np.quantile(list(resampled()), (0.025, 0.975))
        return float(low), float(high)


def _weighted(
    parts: Sequence[tuple[np.ndarray, np.ndarray]], threshold: float, outside_share: float
) -> tuple[float, float]:
    decided, right = 0.0, 0.0
    for (certainty, is_right), weight in zip(parts, (1 - outside_share, outside_share), strict=True):
        local = certainty >= threshold
        decided += weight * float(local.mean())
        right += weight * float((local & is_right).mean())
    return decided, right / decided if decided else 1.0


def _clinc_scope(data: Clinc) -> Scope:
    """The 150 intents as a scope, each described by its name, to write the prompt that it would take."""
    intents = tuple(
        IntentScope(
            id=f"clinc.{name}",
            label=name.replace("_", " ")[:60],
            description=f"Asks about {name.replace('_', ' ')}.",
            tools=("find_policy",),
            outcomes=("answer",),
            examples=tuple(texts),
        )
        for name, texts in data.examples.items()
    )
    site = SiteScope(id="clinc", name="Clinc")
    return Scope(site=site, sources=Sources(), intents=intents, out_of_scope=OutOfScope(examples=tuple(data.oos_train)))


if __name__ == "__main__":
    main()
