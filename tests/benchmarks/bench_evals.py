"""How fast cases run, how much memory a long run takes, and how soon the command answers.

    python -m tests.benchmarks.bench_evals [cases] [records]

Whole chain: cases through four hops on a language model that replies at once (`tests.model_server`, a process of its
own), litellm in the path, results and records written. One process, then two by `--shard`. One hop: recorded hops
again, by language model from a cassette and by code, again with everything written. Memory: the most that a process
has had which has loaded all that a run needs, before its first record, after half of so many and after all of them,
sorted; the records are made as they are read.
"""

import asyncio
import multiprocessing
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table

from assistant.cli.opening import Unlogged, demo_scope
from assistant.embedded.encoder import Encoder
from assistant.logs import configure_logs
from assistant.settings import Settings
from assistant.web.warm_up import warm_up_models
from assistant.wiring import Site, open_site
from chains.messages import HopName
from chains.record import HopRecord, digest
from chains.turn import Chain
from evals.cases import Case, Expectation
from evals.cassettes import Cassette, EvaluatedModels, replies_of
from evals.observed import Observed, Setting
from evals.pacing import Pace, Purse, run_paced
from evals.planning import Planned, case_jobs, plan_run, record_jobs
from evals.replaying import OneHop, Recorded, read_all_recorded, read_recorded
from evals.results import Score
from evals.run_folder import RECORDS, RunFolder
from evals.running import CaseRun, WholeChain
from evals.scorers import score_all
from evals.swaps import chain_of
from tests.benchmarks.bench_language import TEXTS, model_process, open_shop

_KEPT = 2000
"""How many records are replayed for the speed of one hop; a cassette holds the replies to all of them."""


@dataclass(frozen=True)
class Opened:
    """A shop with the chain that runs."""

    site: Site
    chain: Chain

    @classmethod
    def at(cls, home: Path, base_url: str, cassette: Cassette | None = None) -> "Opened":
        """The demo shop on the scripted model, ready to run."""
        site = open_shop(home, base_url)
        scope = site.chain.scope
        models = EvaluatedModels(scope, Purse(), cassette, offline=cassette is not None)
        chain = chain_of(site, scope, site.loaded.sha256, models)
        return cls(replace(site, models=models), chain)

    def planned(self, hop: HopName | None, shard: str | None = None) -> Planned:
        """A run on it."""
        return plan_run(
            self.site,
            self.chain,
            started=datetime.now(UTC),
            hop=hop,
            cases_sha256=digest("cases"),
            cases=0,
            repeats=1,
            changes={},
            shard=shard,
        )


def cases(count: int) -> Iterator[Case]:
    """So many cases, each with a text of its own."""
    expect = (Expectation(intents=("product.price",), outcome="answer"),)
    for number in range(count):
        yield Case(id=f"c{number}", text=f"{TEXTS[number % 4]} (note {number})", split="dev", expect=expect)


def score(setting: Setting, run: CaseRun, error: str | None) -> tuple[Score, ...]:
    """All scorers, as `hopdesk evals run` has them."""
    return score_all(replace(Observed.of(run), error=error), setting)


async def whole_chain(opened: Opened, count: int, into: Path, shard: str | None) -> tuple[float, float]:
    """Seconds that so many cases take, of the clock and of the processor; results written and not yet sorted."""
    await warm_up_models([replace(opened.site, chain=opened.chain)])
    planned = opened.planned(None, shard)
    whole = WholeChain(opened.chain, planned.run.run_id, partial(score, Setting(opened.chain.scope)))
    with RunFolder.create(into, planned.run) as folder:
        await run_paced(case_jobs(opened.planned(None), cases(8), whole), Pace(4), Purse(), lambda _done: None)
        started, used = time.perf_counter(), time.process_time()
        await run_paced(case_jobs(planned, cases(count), whole), Pace(8), Purse(), folder.append)
        return time.perf_counter() - started, time.process_time() - used


def one_shard(home: str, base_url: str, count: int, shard: str | None, begin: float) -> tuple[float, float]:
    """The whole chain in a process of its own, not before a time of the clock, so that two begin together."""
    configure_logs("ERROR", as_json=False)
    folder = Path(home) / f"shard-{(shard or 'one').replace('/', '-')}"
    folder.mkdir()
    opened = Opened.at(folder, base_url)
    time.sleep(max(0.0, begin - time.time()))
    took = asyncio.run(whole_chain(opened, count, folder / "run", shard))
    opened.site.catalog.close()
    return took


def whole_chains(home: Path, base_url: str, count: int) -> tuple[float, float, float]:
    """Cases a second by one process, and by two of them; milliseconds of processor that a case takes."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(2) as pool:
        one, used = pool.apply(one_shard, (str(home), base_url, count, None, 0.0))
        begin = time.time() + 20  # both have loaded all by then
        shards = [(str(home), base_url, count, f"{which}/2", begin) for which in (1, 2)]
        two = max(took for took, _ in pool.starmap(one_shard, shards))
    return count / one, count / two, used / count * 1000


async def one_hop(chain: Chain, planned: Planned, records: list[Recorded], into: Path) -> tuple[float, float]:
    """Records a second, and milliseconds of processor that one takes; results written and not yet sorted."""
    again = OneHop(chain, planned.run.run_id)
    with RunFolder.create(into, planned.run) as folder:
        await run_paced(record_jobs(planned, records[:50], again), Pace(1), Purse(), lambda _done: None)
        started, used = time.perf_counter(), time.process_time()
        await run_paced(record_jobs(planned, records, again), Pace(1), Purse(), folder.append)
        count = len(records)
        return count / (time.perf_counter() - started), (time.process_time() - used) / count * 1000


def made(template: HopRecord, count: int) -> Iterator[Recorded]:
    """So many records like this one, made as they are read."""
    for number in range(count):
        record = template.model_copy(update={"eval_case_id": f"c{number}", "event_id": f"{number:026d}"})
        yield Recorded(record, digest(str(number)))


def memory_mb(count: int, chain: Chain, planned: Planned, template: HopRecord, into: Path) -> float:
    """The most memory that this process has had, after a run over so many records that was sorted too."""
    with RunFolder.create(into, planned.run) as folder:
        jobs = record_jobs(planned, made(template, count), OneHop(chain, planned.run.run_id))
        asyncio.run(run_paced(jobs, Pace(1), Purse(), folder.append))
        folder.finish()
    return peak_mb()


def peak_mb() -> float:
    """The most memory that this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def memory(home: str, record: str, long: int) -> tuple[float, float, float]:
    """The most memory in MB of the demo shop on its embedded models: loaded, after half the records, and after all."""
    configure_logs("ERROR", as_json=False)
    site = open_site(demo_scope(), Settings(home=Path(home)), Encoder(), Unlogged())
    opened, template, loaded = Opened(site, site.chain), HopRecord.model_validate_json(record), peak_mb()
    planned = opened.planned("moderation")
    half = memory_mb(long // 2, site.chain, planned, template, Path(home) / "half")
    return loaded, half, memory_mb(long, site.chain, planned, template, Path(home) / "full")


def cli_start_s() -> float:
    """The least of five times that `hopdesk evals --help` takes."""
    took = []
    for _ in range(5):
        started = time.perf_counter()
        command = "from assistant.cli.main import main; main()"
        subprocess.run([sys.executable, "-c", command, "evals", "--help"], check=True, capture_output=True)
        took.append(time.perf_counter() - started)
    return min(took)


def main() -> None:
    """Measure and print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    long = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
    configure_logs("ERROR", as_json=False)
    table = Table(title=f"Evaluation runs: {count} cases, {long:,} records")
    table.add_column("what")
    table.add_column("figure", justify="right")
    with tempfile.TemporaryDirectory() as folder, model_process(0) as base_url:
        home = Path(folder)
        one, two, used_ms = whole_chains(home, base_url, count)
        table.add_row("whole chain, one process", f"{one:.0f} cases/s")
        table.add_row("  of which a case takes of the processor", f"{used_ms:.1f} ms")
        table.add_row("whole chain, two processes by shards", f"{two:.0f} cases/s")
        for what, figure in _one_hop_figures(home, base_url, long):
            table.add_row(what, figure)
    table.add_row("hopdesk evals --help", f"{cli_start_s():.2f} s")
    Console().print(table)


def _one_hop_figures(home: Path, base_url: str, long: int) -> Iterator[tuple[str, str]]:
    recorded = home / "shard-one" / "run" / RECORDS
    cassette = Cassette(home / "cassette.jsonl")
    for key, completion in replies_of(read_all_recorded(recorded)):
        if cassette.get(key) is None:
            cassette.put(key, completion)
    opened = Opened.at(home, base_url, cassette)
    chain, planned = opened.chain, opened.planned("intent")
    records = [*read_recorded(recorded, "intent", chain)][:_KEPT]
    speed, used_ms = asyncio.run(one_hop(chain, planned, records, home / "by-cassette"))
    yield "one hop (intent) from a cassette, one process", f"{speed:,.0f} cases/s"
    yield "  of which a case takes of the processor", f"{used_ms:.2f} ms"
    rules, planned = [*read_recorded(recorded, "moderation", chain)], opened.planned("moderation")
    by_code = [one for one in rules if one.record.model == "rules/1"]
    speed, used_ms = asyncio.run(one_hop(chain, planned, by_code[:_KEPT], home / "by-code"))
    yield "one hop (moderation) by rules, one process", f"{speed:,.0f} cases/s"
    yield "  of which a case takes of the processor", f"{used_ms:.2f} ms"
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        loaded, half, full = pool.apply(memory, (str(home), by_code[0].record.model_dump_json(by_alias=True), long))
    yield "memory with all loaded, before the first record", f"{loaded:.0f} MB"
    yield f"memory after {long // 2:,} records", f"{half:.0f} MB"
    yield f"memory after {long:,} records", f"{full:.0f} MB"
    opened.site.catalog.close()
    cassette.close()


if __name__ == "__main__":
    main()
