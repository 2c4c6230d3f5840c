"""A labelled case as a test: it runs once on a site's chain, and what was expected stands beside what came."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pydantic_core import to_json

from chains.errors import HopdeskError
from chains.record import HopRecord
from chains.scope import Scope
from chains.turn import Chain
from evals.cases import Case, Expectation, ExpectedCall
from evals.observed import Observed, Setting
from evals.results import Score
from evals.running import CaseRun, run_case
from evals.scorers import score_all
from evals.scoring import intents_of

_SCORERS = ("moderation", "intents", "tools", "facts", "outcome", "mention", "must_not_mention")
"""Those that say whether a case ended as it expects."""


class CaseFailed(AssertionError):
    """A case did not end as any of its acceptable results says."""


class CaseUndecided(HopdeskError):
    """Nothing can be said of a case, because a model could not be asked; that is no failure of the case."""


@dataclass(frozen=True)
class Ran:
    """A case that ran, and what the scorers say of it: none of them an error."""

    run: CaseRun
    scores: tuple[Score, ...]


@dataclass(frozen=True)
class Bench:
    """What cases run on: a chain, an event loop of its own, and the products of variants (variant to product)."""

    chain: Chain
    loop: asyncio.Runner
    parents: Mapping[str, str] = field(default_factory=dict)

    @property
    def scope(self) -> Scope:
        """The scope of the chain."""
        return self.chain.scope

    def run(self, case: Case) -> CaseRun:
        """Run a case as its turn would run live."""
        return self.loop.run(run_case(case, self.chain))

    def score(self, case: Case) -> Ran:
        """Run a case and score it; raises `CaseUndecided` where nothing can be said of it."""
        run = self.run(case)
        scores = score_all(Observed.of(run), Setting(self.scope, self.parents), _SCORERS)
        if undecided := next((score for score in scores if score.label == "error"), None):
            raise CaseUndecided(undecided.critique or f"The scorer {undecided.scorer} can say nothing.")
        return Ran(run, scores)

    def check(self, ran: Ran) -> None:
        """Raise `CaseFailed` where a case did not end as expected."""
        if any(score.label == "fail" for score in ran.scores):
            raise CaseFailed("\n".join(_told(ran, self.scope)))


@contextmanager
def open_bench(scope_path: Path | None) -> Iterator[Bench]:
    """The site of a scope file (None: of HOPDESK_SCOPES, else the demo shop), opened for cases."""
    from assistant.cli.opening import Unlogged, open_sites, read_settings, scope_paths
    from assistant.web.warm_up import warm_up

    settings = read_settings()
    [site] = open_sites(scope_paths([scope_path] if scope_path else None, settings)[:1], settings, Unlogged()).values()
    parents = {product.sku: product.parent for product in site.catalog.vocabulary.products if product.parent}
    try:
        with asyncio.Runner() as loop:
            loop.run(warm_up((site,)))  # within the deadline of the first case it would be too late
            yield Bench(site.chain, loop, parents)
    finally:
        site.catalog.close()


def _told(ran: Ran, scope: Scope) -> Iterator[str]:
    """The request, and for each scorer whether it passed; of what did not, what was expected and what came."""
    run = ran.run
    yield f"{run.case.id}: {run.case.text!r}"
    for score in ran.scores:
        yield f"  {score.scorer:<16} {'as expected' if score.label == 'pass' else 'wrong'}"
        if score.label == "fail":
            wanted = dict.fromkeys(_wanted(score.scorer, expected) for expected in run.case.expect)
            yield f"    expected: {' | '.join(wanted)}"
            yield f"    got:      {score.critique or _got(score.scorer, run, scope)}"


def _wanted(scorer: str, expected: Expectation) -> str:
    match scorer:
        case "intents":
            return "any" if expected.intents is None else ", ".join(expected.intents) or "none"
        case "tools":
            return ", ".join(map(_call, expected.tools)) or "any"
        case "facts":
            return ", ".join(fact.model_dump_json(exclude_none=True) for fact in expected.facts) or "any"
        case "must_not_mention":
            return f"none of {', '.join(expected.must_not_mention)}"
        case "mention":
            return ", ".join(expected.mention)
        case _:
            return str(getattr(expected, scorer) or "any")


def _got(scorer: str, run: CaseRun, scope: Scope) -> str:
    match scorer:
        case "intents":
            return ", ".join(intents_of(run, scope)) or "none"
        case "tools":
            return ", ".join(_called(run.last("lookup"))) or "none"
        case "facts":
            return ", ".join(_claims(run.last("response"))) or "none"
        case "outcome":
            return f"{run.outcome.kind} ({getattr(run.outcome, 'reason', 'from facts')})"
        case _:
            return ", ".join(str(_part(record, "action")) for record in run.records if record.hop == "moderation")


def _call(call: ExpectedCall) -> str:
    return f"{call.name}({to_json(call.arguments).decode()})"


def _called(record: HopRecord | None) -> Iterator[str]:
    for call in record.tool_calls if record else ():
        yield f"{call.name}({to_json(call.arguments).decode()})" + (f" failed: {call.error}" if call.error else "")


def _claims(record: HopRecord | None) -> Iterator[str]:
    parts = _part(record, "parts") if record else None
    for part in parts if isinstance(parts, list) else ():
        yield from (to_json(claim).decode() for claim in part["claims"])


def _part(record: HopRecord, name: str) -> object:
    return record.parsed.get(name) if isinstance(record.parsed, dict) else None
