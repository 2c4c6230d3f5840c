"""The embedded turn, whole and with everything on: time, rate, start-up and memory at rest.

    python -m tests.benchmarks.bench_turn [seconds]

One process on one core (`taskset -c 0` pins it), real ledger on disk, guards live, one request after the other.
"""

import asyncio
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from assistant.desk import Desk
from assistant.embedded.encoder import Encoder
from assistant.ledger import Ledger, Vault
from assistant.logs import configure_logs
from assistant.requests import AskRequest
from assistant.settings import Settings
from assistant.wiring import open_site
from chains.scope_file import load_scope

ROOT = Path(__file__).parents[2]
SCOPE = ROOT / "assistant" / "demo" / "shop" / "scope.toml"


async def measure(home: Path, seconds: float) -> tuple[np.ndarray, float, dict[str, int]]:
    """Milliseconds of each turn, turns a second, and how the turns ended."""
    settings = Settings(home=home)
    ledger = Ledger.open(settings.ledger_place, Vault.from_file(home / "vault.key"))
    site = open_site(SCOPE, settings, Encoder(), ledger)
    desk = Desk({site.chain.scope.site.id: site}, ledger, settings)
    texts = [text for intent in load_scope(SCOPE).scope.intents for text in intent.examples]
    # A different text each time, so that no cache answers: the examples, told apart by a number of the customer's.
    requests = (f"{texts[n * 7 % len(texts)]} (note {n})" for n in range(10**9))
    for _ in range(30):
        await desk.handle(AskRequest(site="lumen-oak", text=next(requests)))
    times, kinds = [], dict[str, int]()
    started = time.perf_counter()
    while time.perf_counter() - started < seconds:
        request = AskRequest(site="lumen-oak", text=next(requests))
        before = time.perf_counter()
        handled = await desk.handle(request)
        times.append((time.perf_counter() - before) * 1000)
        kinds[handled.outcome.kind] = kinds.get(handled.outcome.kind, 0) + 1
    rate = len(times) / (time.perf_counter() - started)
    ledger.close()
    site.catalog.close()
    return np.array(times), rate, kinds


def start_up_s(home: Path) -> float:
    """Seconds from nothing to the first answer in a new process, with catalog and head already made."""
    run = "from assistant.cli.main import main; main()"
    command = [sys.executable, "-c", run, "ask", "Is the Aurel Nova 14 in stock?"]
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env={"HOPDESK_HOME": str(home), "PATH": "/usr/bin:/bin"})
    return time.perf_counter() - started


def main() -> None:
    """Measure and print."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 20.0
    configure_logs("WARNING", as_json=False)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        times, rate, kinds = asyncio.run(measure(home, seconds))
        memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        table = Table(title="The embedded turn, everything on, one core")
        table.add_column("what")
        table.add_column("figure", justify="right")
        ended = ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items()))
        table.add_row("turns", f"{len(times)} ({ended})")
        table.add_row("p50", f"{np.percentile(times, 50):.1f} ms")
        table.add_row("p95", f"{np.percentile(times, 95):.1f} ms")
        table.add_row("p99", f"{np.percentile(times, 99):.1f} ms")
        table.add_row("rate", f"{rate:.0f} turns/s")
        table.add_row("peak memory", f"{memory_mb:.0f} MB")
        table.add_row("start to first answer", f"{start_up_s(home):.1f} s")
        Console().print(table)


if __name__ == "__main__":
    main()
