"""What a run consists of: its description, and the jobs that it is made of, each with its content key."""

import json
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

from assistant.wiring import Site
from chains.messages import HopName
from chains.prompt_files import PROMPTED_HOPS, load_prompt
from chains.record import Sha256, digest
from chains.scope import Scope
from chains.turn import Chain
from evals.cases import Case, as_line
from evals.cassettes import REPEAT
from evals.merging import is_in_shard
from evals.pacing import Job
from evals.replaying import OneHop, Recorded
from evals.results import Run
from evals.run_folder import Done
from evals.running import WholeChain

_RUN_ID_CHARS = 16
MadeT = TypeVar("MadeT")


@dataclass(frozen=True)
class Planned:
    """A run that is not started yet; `sha256` stands for all in it that its results depend on, but for the cases."""

    run: Run
    sha256: Sha256

    def key_of(self, content_sha256: Sha256, repeat: int) -> Sha256:
        """The key of the result of a case or record, by the hash of what it says."""
        return digest(json.dumps([content_sha256, repeat, self.sha256]))


def plan_run(
    site: Site,
    chain: Chain,
    *,
    started: datetime,
    hop: HopName | None,
    cases_sha256: Sha256,
    cases: int,
    repeats: int,
    changes: dict[str, str],
    shard: str | None,
    note: str = "",
) -> Planned:
    """Describe a run of a chain. Its id says what was evaluated on what, so it is the same for all its shards.

    Raises `PromptError` where a prompt cannot be read.
    """
    scope = chain.scope
    prompted = [hop for hop in PROMPTED_HOPS if any("/" in name for name in getattr(scope.models, hop))]
    prompts = {hop: _prompt_of(hop, scope, site.loaded.path.parent) for hop in prompted}
    models = scope.models.model_dump()
    asked = [hop, site.loaded.sha256, chain.catalog_version, models, prompts, changes]
    configuration = digest(json.dumps(asked))
    identity = [configuration, cases_sha256, repeats, chain.app_version, scope.site.id]
    run = Run(
        run_id=digest(json.dumps(identity))[:_RUN_ID_CHARS],
        started=started,
        app_version=chain.app_version,
        site=scope.site.id,
        hop=hop,
        cases_sha256=cases_sha256,
        cases=cases,
        repeats=repeats,
        scope_sha256=site.loaded.sha256,
        catalog_sha256=chain.catalog_version,
        models=models,
        prompts={hop: version for hop, (version, _) in prompts.items()},
        changes=changes,
        shard=shard,
        note=note,
    )
    return Planned(run, configuration)


def _prompt_of(hop: HopName, scope: Scope, base: Path) -> tuple[str, Sha256]:
    version = getattr(scope.prompts, hop)
    return version, load_prompt(hop, version, base / scope.prompts.folder if scope.prompts.folder else None).sha256


def case_jobs(planned: Planned, cases: Iterable[Case], whole: WholeChain) -> Iterator[Job[Done]]:
    """Every case of the shard, as often as it is to be repeated."""
    for case in cases:
        if is_in_shard(case.id, planned.run.shard):
            content = digest(as_line(case))
            for repeat in range(planned.run.repeats):
                key = planned.key_of(content, repeat)
                yield Job(key, repeated(repeat, partial(whole.done, case, key, repeat)))


def record_jobs(planned: Planned, records: Iterable[Recorded], one_hop: OneHop) -> Iterator[Job[Done]]:
    """Every record of the shard, as often as it is to be repeated."""
    for recorded in records:
        if is_in_shard(recorded.case_id, planned.run.shard):
            for repeat in range(planned.run.repeats):
                key = planned.key_of(recorded.sha256, repeat)
                yield Job(key, repeated(repeat, partial(one_hop.done, recorded, key, repeat)))


def repeated(repeat: int, work: Callable[[], Awaitable[MadeT]]) -> Callable[[], Awaitable[MadeT]]:
    """The work as this repeat: its models are asked anew."""

    async def working() -> MadeT:
        before = REPEAT.set(repeat)
        try:
            return await work()
        finally:
            REPEAT.reset(before)

    return working
