"""One run from its options to its scores."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from assistant.cli.opening import Unlogged, open_sites, read_settings, scope_paths
from assistant.cli.screen import data, out
from assistant.web.warm_up import warm_up_models
from assistant.wiring import Site
from chains.errors import HopdeskError
from chains.messages import HopName
from chains.turn import Chain
from evals.cases import Case, cases_sha256, load_cases
from evals.cassettes import Cassette, EvaluatedModels, replies_of
from evals.cli.consent import Spending, Stopped, check_may_begin
from evals.cli.show_run import Tally, run_bar, show_scores
from evals.estimating import SAMPLE, asks_of_cases, asks_of_records
from evals.evaluating import scoring_of
from evals.merging import differences, is_in_shard
from evals.pacing import Ask, Estimate, Job, Pace, Purse, estimate, run_paced
from evals.planning import Planned, case_jobs, plan_run, record_jobs
from evals.replaying import OneHop, look_through, read_all_recorded, read_recorded
from evals.run_folder import Done, RunFolder, read_results, run_of
from evals.running import WholeChain
from evals.swaps import chain_of, parse_swaps, scope_sha256_of, swapped


@dataclass(frozen=True)
class Wanted:
    """What was asked for."""

    cases: Path | None
    records: Path | None
    hop: HopName | None
    scope: Path | None
    swaps: tuple[str, ...]
    repeats: int
    shard: str | None
    scorers: tuple[str, ...]
    spending: Spending
    cassette: Path | None
    cassette_from: Path | None
    offline: bool
    output: Path | None
    resume: Path | None
    note: str


@dataclass(frozen=True)
class _Setup:
    """All that a run works with."""

    wanted: Wanted
    site: Site
    chain: Chain
    models: EvaluatedModels
    purse: Purse
    cases: tuple[Case, ...]
    planned: Planned
    results: int

    @property
    def is_live(self) -> bool:
        """Whether a language model may be asked."""
        asked = [self.wanted.hop] if self.wanted.hop else ["moderation", "intent", "lookup", "response"]
        named = (name for hop in asked for name in self.planned.run.models.get(hop, ()))
        return not self.wanted.offline and any("/" in name for name in named)


def evaluate(wanted: Wanted) -> None:
    """Run what is wanted into its folder; raises `Stopped` where the budget was spent, and `HopdeskError`."""
    swaps = parse_swaps(wanted.swaps)
    settings = read_settings()
    with ExitStack() as stack:
        cassette = _open_cassette(wanted, stack)
        paths = scope_paths([wanted.scope] if wanted.scope else None, settings)[:1]
        [site] = open_sites(paths, settings, Unlogged()).values()
        stack.callback(site.catalog.close)
        scope = swapped(site.chain.scope, swaps)
        purse = wanted.spending.purse()
        models = EvaluatedModels(scope, purse, cassette, offline=wanted.offline)
        chain = chain_of(site, scope, scope_sha256_of(site, swaps), models)
        setup = _planned(wanted, swaps, site, chain, models=models, purse=purse)
        before = _checked_resume(setup)
        asyncio.run(_warm_up(setup))
        if setup.is_live:
            check_may_begin(_estimate(setup), wanted.spending, scope)
        folder = stack.enter_context(before or RunFolder.create(_place(setup), setup.planned.run))
        _carry_out(setup, folder)


def _open_cassette(wanted: Wanted, stack: ExitStack) -> Cassette | None:
    if wanted.cassette is None:
        return None
    cassette = Cassette(wanted.cassette)
    stack.callback(cassette.close)
    if wanted.cassette_from is not None:
        for key, completion in replies_of(read_all_recorded(wanted.cassette_from)):
            if cassette.get(key) is None:
                cassette.put(key, completion)
    return cassette


def _planned(
    wanted: Wanted, swaps: dict[str, str], site: Site, chain: Chain, *, models: EvaluatedModels, purse: Purse
) -> _Setup:
    cases: tuple[Case, ...] = ()
    if wanted.records is not None and wanted.hop is not None:
        content, count = look_through(wanted.records, wanted.hop)
    else:
        every = load_cases(wanted.cases or Path())
        cases = tuple(case for case in every if is_in_shard(case.id, wanted.shard))
        content, count = cases_sha256(every), len(cases)
    planned = plan_run(
        site,
        chain,
        started=datetime.now(UTC),
        hop=wanted.hop,
        cases_sha256=content,
        cases=count,
        repeats=wanted.repeats,
        changes=swaps,
        shard=wanted.shard,
        note=wanted.note,
    )
    planned = replace(planned, run=planned.run.model_copy(update={"scorers": wanted.scorers}))
    return _Setup(wanted, site, chain, models, purse, cases, planned, count * wanted.repeats)


def _checked_resume(setup: _Setup) -> RunFolder | None:
    """The folder to go on with; raises `HopdeskError` where it is a run of something else."""
    folder, run = setup.wanted.resume, setup.planned.run
    if folder is None:
        return None
    earlier = run_of(folder)
    found = differences(earlier, run) + (["shard"] if earlier.shard != run.shard else [])
    named = [name for name in found if name != "run_id"] or (["the text of a prompt"] if found else [])
    if named:
        raise HopdeskError(f"{folder}: what is asked for now differs from this run by {', '.join(named)}.")
    return RunFolder.open(folder)


def _place(setup: _Setup) -> Path:
    run = setup.planned.run
    return setup.wanted.output or Path("runs") / f"{run.started:%Y%m%d-%H%M%S}-{run.run_id[:8]}"


async def _warm_up(setup: _Setup) -> None:
    """Load what the first case would wait for within its deadline; without live models theirs is not needed."""
    if setup.is_live:
        await warm_up_models([replace(setup.site, chain=setup.chain, models=setup.models)])


def _estimate(setup: _Setup) -> Estimate:
    wanted = setup.wanted
    asks: list[Ask]
    if wanted.records is not None and wanted.hop is not None:
        sample = [one.record for one in islice(read_recorded(wanted.records, wanted.hop, setup.chain), SAMPLE)]
        asks, sampled = [*asks_of_records(sample, setup.chain, setup.models)], len(sample)
    else:
        step = max(1, len(setup.cases) // SAMPLE)
        cases = setup.cases[::step]
        asks, sampled = asks_of_cases(cases, setup.chain, setup.models), len(cases)
    call_s = setup.chain.scope.budget.hop_ms / 1000
    return estimate(asks, sampled, setup.results, call_s, wanted.spending.concurrency)


def _carry_out(setup: _Setup, folder: RunFolder) -> None:
    tally = Tally()
    for result in read_results(folder.path):
        tally.add(result)
    with run_bar(setup.results - tally.results, setup.purse, tally) as advance:

        def keep(done: Done) -> None:
            folder.append(done)
            tally.add(done.result)
            advance()

        asyncio.run(run_paced(_jobs(setup, folder), Pace(_side_by_side(setup)), setup.purse, keep))
    if setup.purse.is_spent:
        raise Stopped(
            f"The budget was spent after {tally.results} of {setup.results} results (${setup.purse.usd:.4f}, "
            f"{setup.purse.tokens:,} tokens); go on with --resume {folder.path}."
        )
    folder.finish()
    show_scores(tally, out())
    out().print(data(f"Written to {folder.path}"), soft_wrap=True)


def _side_by_side(setup: _Setup) -> int:
    """How many cases at a time; where nothing is waited for, one after the other is as fast, and each is in time."""
    return setup.wanted.spending.concurrency if setup.is_live else 1


def _jobs(setup: _Setup, folder: RunFolder) -> Iterator[Job[Done]]:
    """The jobs that are not done yet."""
    wanted, planned = setup.wanted, setup.planned
    if wanted.records is not None and wanted.hop is not None:
        recorded = read_recorded(wanted.records, wanted.hop, setup.chain)
        jobs = record_jobs(planned, recorded, OneHop(setup.chain, planned.run.run_id))
    else:
        score = scoring_of(setup.site, setup.chain.scope, wanted.scorers)
        jobs = case_jobs(planned, setup.cases, WholeChain(setup.chain, planned.run.run_id, score))
    return (job for job in jobs if job.key not in folder)
