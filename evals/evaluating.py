"""Labelled cases on a site's embedded models, with all results in memory: what training compares heads by."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from assistant.wiring import Site
from chains.scope import Scope
from evals.cases import Case, cases_sha256
from evals.finished import FinishedRun
from evals.observed import Observed, Setting
from evals.pacing import Pace, Purse, run_paced
from evals.planning import Planned, case_jobs, plan_run
from evals.results import Score
from evals.run_folder import Done
from evals.running import CaseRun, Scoring, WholeChain
from evals.scorers import SCORERS, score_all
from evals.swaps import chain_of, scope_sha256_of, swapped

_ONE_AT_A_TIME = 1  # nothing is waited for, so side by side is no faster, and times are times


def scoring_of(site: Site, scope: Scope, on_request: Sequence[str] = ()) -> Scoring:
    """All scorers and some of those on request, for runs of a site's cases on its scope, or on a changed one."""
    parents = {one.sku: one.parent for one in site.catalog.vocabulary.products if one.parent}
    setting = Setting(scope, parents)

    def score(run: CaseRun, error: str | None) -> tuple[Score, ...]:
        return score_all(replace(Observed.of(run), error=error), setting, (*SCORERS, *on_request))

    return score


def local_swaps(scope: Scope) -> dict[str, str]:
    """The swaps, as `hopdesk evals run --set` takes them, by which no hop asks a language model."""
    named = scope.models.model_dump()
    return {
        f"models.{hop}": ",".join(("rules", *(name for name in names if name == "embedded")))
        if hop == "moderation"
        else "embedded"
        for hop, names in sorted(named.items())
        if any("/" in name for name in names)
    }


class LocalCases:
    """Cases on a site whose hops are all served by embedded models, so that nothing is sent or spent.

    `planned` is the very run that `hopdesk evals run` makes of them with these swaps.
    """

    def __init__(self, site: Site, cases: Sequence[Case]) -> None:
        swaps = local_swaps(site.loaded.scope)
        scope = swapped(site.chain.scope, swaps)
        self._site = site
        self._cases = cases
        self._chain = chain_of(site, scope, scope_sha256_of(site, swaps), site.models)
        self.planned: Planned = plan_run(
            site,
            self._chain,
            started=datetime.now(UTC),
            hop=None,
            cases_sha256=cases_sha256(cases),
            cases=len(cases),
            repeats=1,
            changes=swaps,
            shard=None,
        )

    def run(self, progress: Callable[[int, int], None] = lambda _done, _total: None) -> FinishedRun:
        """Run the cases, one after the other."""
        done: list[Done] = []

        def keep(one: Done) -> None:
            done.append(one)
            progress(len(done), len(self._cases))

        whole = WholeChain(self._chain, self.planned.run.run_id, scoring_of(self._site, self._chain.scope))
        jobs = case_jobs(self.planned, self._cases, whole)
        asyncio.run(run_paced(jobs, Pace(_ONE_AT_A_TIME), Purse(), keep))
        return FinishedRun(
            run=self.planned.run,
            results=tuple(one.result for one in done),
            latencies_ms={one.timing.key: one.timing.latency_ms for one in done},
        )
