"""The labelled cases on the embedded default: how often each hop is right, by split and tag.

    python -m tests.benchmarks.bench_cases [dev|test|both] [--wrong]

`--wrong` lists what went wrong, for the dev split alone: the test split is never looked at while tuning.
"""

import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from rich.console import Console
from rich.table import Table
from scipy.stats import binomtest

from assistant.embedded.encoder import Encoder
from assistant.settings import Settings
from assistant.wiring import Site, open_site
from chains.outcomes import Answer
from evals.cases import load_cases
from evals.running import CaseRun, MemoryLog, run_cases
from evals.scoring import Score, intents_of, score_run

ROOT = Path(__file__).parents[2]
SCOPE = ROOT / "assistant" / "demo" / "shop" / "scope.toml"
HOPS = ("intents", "tools", "facts", "outcome", "right")


def main() -> None:
    """Run the asked splits and print their tables."""
    asked = sys.argv[1] if len(sys.argv) > 1 else "dev"
    console = Console(width=140)
    with tempfile.TemporaryDirectory() as home:
        site = open_site(SCOPE, Settings(home=Path(home)), Encoder(), MemoryLog())
        for split in ("dev", "test") if asked == "both" else (asked,):
            cases = load_cases(ROOT / "evals" / "cases" / f"demo-{split}.jsonl")
            parents = {p.sku: p.parent for p in site.catalog.vocabulary.products if p.parent}
            started = time.perf_counter()
            runs = run_cases(cases, site.chain)
            took_s = time.perf_counter() - started
            scores = [score_run(run, site.chain.scope, parents) for run in runs]
            console.print(table(split, runs, scores))
            console.print(summary(runs, scores, took_s))
            if split == "dev" and "--wrong" in sys.argv:
                wrong(console, site, runs, scores)
        site.catalog.close()


def table(split: str, runs: tuple[CaseRun, ...], scores: list[Score]) -> Table:
    """Right per hop, for all cases, the hard ones, and each tag."""
    groups: dict[str, list[Score]] = defaultdict(list)
    for run, score in zip(runs, scores, strict=True):
        for tag in ("all", *run.case.tags):
            groups[tag].append(score)
    made = Table(title=f"{split} split: right per hop")
    for name in ("cases", "n", *HOPS):
        made.add_column(name, justify="left" if name == "cases" else "right")
    for tag, group in sorted(groups.items(), key=lambda item: (item[0] != "all", -len(item[1]), item[0])):
        rights = [sum(getattr(score, hop) for score in group) for hop in HOPS]
        made.add_row(tag, str(len(group)), *(f"{right / len(group):.0%}" for right in rights))
    return made


def summary(runs: tuple[CaseRun, ...], scores: list[Score], took_s: float) -> str:
    """The headline with its interval, and how many answerable requests were not answered."""
    right = sum(score.right for score in scores)
    interval = binomtest(right, len(scores)).proportion_ci(method="wilson")
    answerable = [run for run in runs if run.case.answerable]
    unanswered = sum(run.outcome.kind in {"clarify", "handoff"} for run in answerable)
    share = unanswered / len(answerable)
    within = f"95% Wilson {interval.low:.0%} to {interval.high:.0%}"
    return (
        f"right {right}/{len(scores)} = {right / len(scores):.1%} ({within}); "
        f"clarify or hand-off on answerable requests {unanswered}/{len(answerable)} = {share:.1%}; "
        f"{took_s / len(runs) * 1000:.1f} ms a case\n"
    )


def wrong(console: Console, site: Site, runs: tuple[CaseRun, ...], scores: list[Score]) -> None:
    """Each wrong case with what was expected and what came out."""
    for run, score in zip(runs, scores, strict=True):
        if score.right:
            continue
        missed = [hop for hop in HOPS[:-1] if not getattr(score, hop)]
        lookup = run.last("lookup")
        calls = [(call.name, call.arguments, call.error) for call in lookup.tool_calls] if lookup else []
        said = (
            [s.text for part in run.outcome.parts for s in part.sentences]
            if isinstance(run.outcome, Answer)
            else [run.outcome.kind, getattr(run.outcome, "reason", "")]
        )
        intent = run.last("intent")
        console.print(f"{run.case.id} {run.case.tags} missed={missed}", markup=False)
        console.print(f"  {run.case.text!r} page={run.case.page}", markup=False)
        for expectation in run.case.expect[:2]:
            console.print(f"  want {expectation.model_dump(exclude_defaults=True)}", markup=False)
        console.print(f"  got  {intents_of(run, site.chain.scope)} {calls}\n       {said}", markup=False)
        console.print(f"       {intent.parsed if intent else ''}\n", markup=False)


if __name__ == "__main__":
    main()
