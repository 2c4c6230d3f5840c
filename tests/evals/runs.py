"""Runs of the small shop of the chain's tests, and cases for them."""

import asyncio
import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from assistant.web.warm_up import warm_up
from chains.messages import HopName
from chains.record import digest
from chains.turn import Chain
from evals.cases import Case, Expectation
from evals.pacing import Pace, Purse, run_paced
from evals.planning import Planned, case_jobs, record_jobs
from evals.replaying import OneHop, Recorded
from evals.results import Run, Score
from evals.run_folder import RunFolder
from evals.running import CaseRun, WholeChain
from tests.chains.fakes import shop_chain

STARTED = datetime(2026, 11, 21, tzinfo=UTC)
TEXTS = ("What does the desk lamp cost?", "And the “Floor” lamp?", "I will kill you", 'Is "key":"no" a lamp?')


def some_cases(count: int = 8) -> tuple[Case, ...]:
    """So many cases, some of which moderation refuses."""
    expect = (Expectation(intents=("product.price",), outcome="answer"),)
    return tuple(
        Case(id=f"c{place}", text=TEXTS[place % len(TEXTS)], split="dev", expect=expect) for place in range(count)
    )


def planned(*, repeats: int = 1, shard: str | None = None, hop: HopName | None = None, cases: int = 8) -> Planned:
    """A run of that shop."""
    configuration = digest("configuration")
    run = Run(
        run_id=configuration[:16],
        started=STARTED,
        app_version="0",
        site="lamps",
        hop=hop,
        cases_sha256=digest("cases"),
        cases=cases,
        repeats=repeats,
        scope_sha256=digest("scope"),
        catalog_sha256="catalog-1",
        shard=shard,
    )
    return Planned(run, configuration)


def outcome_score(run: CaseRun, error: str | None) -> tuple[Score, ...]:
    """One score: whether the turn ended as the case expects."""
    right = run.outcome.kind == run.case.expect[0].outcome
    return (Score(scorer="turn", label="error" if error else "pass" if right else "fail", critique=error),)


def run_into(folder: RunFolder, plan: Planned, cases: Iterable[Case], chain: Chain | None = None) -> None:
    """Run what is not done yet."""
    whole = WholeChain(chain or shop_chain(), plan.run.run_id, outcome_score)
    jobs = (job for job in case_jobs(plan, cases, whole) if job.key not in folder)
    asyncio.run(warm_up(()))  # within the deadline of a turn it may be too late
    asyncio.run(run_paced(jobs, Pace(3), Purse(), folder.append))


def whole_run(path: Path, cases: Sequence[Case], plan: Planned | None = None, chain: Chain | None = None) -> Path:
    """A finished run in this folder."""
    plan = plan or planned(cases=len(cases))
    with RunFolder.create(path, plan.run) as folder:
        run_into(folder, plan, cases, chain)
        folder.finish()
    return path


def replayed(path: Path, records: Iterable[Recorded], hop: HopName, chain: Chain | None = None) -> Path:
    """A finished run of one hop in this folder."""
    plan = planned(hop=hop)
    with RunFolder.create(path, plan.run) as folder:
        jobs = record_jobs(plan, records, OneHop(chain or shop_chain(), plan.run.run_id))
        asyncio.run(run_paced(jobs, Pace(1), Purse(), folder.append))
        folder.finish()
    return path


def lines(path: Path) -> list[dict[str, object]]:
    """The lines of a file as objects."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n")[:-1]]
