"""A worker that reserves as fast as it can: `python -m tests.assistant.reflexes.hammer LEDGER KEY URL`.

For each line `SITE TIMES LIMIT` on standard input it makes that many reservations of 10 tokens, gives back a part of
every second, and prints what it may have spent in all, how many were granted, and the longest wait in milliseconds.
"""

import asyncio
import sys
import time
from decimal import Decimal
from pathlib import Path

import structlog

from assistant.ledger import Ledger, Vault
from assistant.reflexes import DayBudgets, Store
from chains.allowance import Allowance
from chains.scope import Budget

NOW_NS = 1_795_000_000 * 10**9


async def hammer(budgets: DayBudgets, name: str, site: str, times: int, limit: int) -> str:
    budget = Budget(tokens=10, usd=0.01, tokens_per_day=limit)
    spent, granted, longest_s = 0, 0, 0.0
    for number in range(times):
        turn_id, began = f"{site}-{name}-{number}", time.perf_counter()
        funded = await budgets.reserve(turn_id, site, budget)
        if funded and number % 2:
            allowance = Allowance(budget)
            allowance.take(4, Decimal("0.001"))
            await budgets.settle(turn_id, site, allowance)
        longest_s = max(longest_s, time.perf_counter() - began)
        granted += funded
        spent += funded * (4 if number % 2 else 10)
    return f"{spent} {granted} {longest_s * 1000:.0f}"


def main() -> None:
    path, key, url = sys.argv[1:]
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    ledger = Ledger.open(Path(path), Vault.from_file(Path(key)))
    budgets = DayBudgets(Store(url), ledger, clock=lambda: NOW_NS)

    async def serve() -> None:
        print("ready", flush=True)  # noqa: T201
        while line := await asyncio.to_thread(sys.stdin.readline):
            name, site, times, limit = line.split()
            print(await hammer(budgets, name, site, int(times), int(limit)), flush=True)  # noqa: T201

    asyncio.run(serve())
    ledger.close()


if __name__ == "__main__":
    main()
