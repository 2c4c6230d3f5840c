"""How much longer a turn takes while Redis breaks, and what becomes of the day's budget.

    python -m tests.benchmarks.bench_redis_faults

A desk on the demo shop whose intents a language model names (60 ms a reply), with a day's budget, shared breakers and
a reply cache on a real Valkey. Each fault comes while three turns are under way; nine more follow it.
"""

import asyncio
import tempfile
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from assistant.cli.opening import demo_scope
from assistant.embedded.encoder import Encoder
from assistant.ledger import Ledger, Vault
from assistant.logs import configure_logs
from assistant.reflexes import Store
from assistant.settings import Settings
from assistant.web.warm_up import warm_up
from assistant.wiring import Site, open_site
from tests.assistant.redis_faults import FAULTS, INTENT, TURN_TOKENS, TURNS_A_DAY, Ran, broken_desk, run_turns, today
from tests.assistant.reflexes.servers import Valkey
from tests.model_server import serving


async def measure(site: Site, folder: Path, fault: str, base_url: str) -> tuple[list[Ran], list[Ran], int, int]:
    """The turns before and after a fault, how many of them the ledger holds, and the tokens spent."""
    settings = Settings(home=folder, ledger=str(folder / f"{fault}.sqlite"))
    ledger = Ledger.open(settings.ledger_place, Vault(Vault.new_key()))
    server = Valkey(folder / fault.replace(" ", "-"))
    server.start()
    try:
        desk = broken_desk(site, ledger, settings, Store(server.url), base_url)
        await warm_up(desk.sites.values())
        await desk.warm_up()
        await run_turns(desk, server, None, turns=1)
        before, after = await run_turns(desk, server, FAULTS[fault], turns=9)
        stored = [await ledger.outcome_of(ran.turn_id) == ran.outcome for ran in (*before, *after)]
        return before, after, sum(stored), (await ledger.spent("lumen-oak", today())).tokens
    finally:
        server.resume()
        server.stop()
        ledger.close()


def main() -> None:
    """Measure and print."""
    configure_logs("ERROR", as_json=False)
    table = Table(title="Turns while Redis breaks")
    for column in (
        "fault",
        "before, p50",
        "after, p50",
        "slowest after",
        "later at most",
        "stored",
        "of the day's budget",
    ):
        table.add_column(column, justify="left" if column == "fault" else "right")
    with tempfile.TemporaryDirectory() as home, serving(INTENT) as model:
        folder = Path(home)
        site = open_site(demo_scope(), Settings(home=folder), Encoder(), _Unlogged())
        for fault in FAULTS:
            before, after, stored, tokens = asyncio.run(measure(site, folder, fault, model.base_url))
            usual = float(np.median([ran.took_ms for ran in before]))
            took = [ran.took_ms for ran in after]
            table.add_row(
                fault,
                f"{usual:.0f} ms",
                f"{np.median(took):.0f} ms",
                f"{max(took):.0f} ms",
                f"{max(took) - usual:.0f} ms",
                f"{stored} of {len(before) + len(after)}",
                f"{tokens / (TURNS_A_DAY * TURN_TOKENS):.2f}",
            )
        site.catalog.close()
    Console().print(table)


class _Unlogged:
    def append(self, record: object) -> None:
        """Let go of a record."""


if __name__ == "__main__":
    main()
