"""What customers ordinarily write is not stopped; `tests.benchmarks.bench_jailbreaks` runs all of it."""

import asyncio
from pathlib import Path

from assistant.wiring import Site
from chains.outcomes import Decline, Handoff
from tests.brains.driving import run_one, turn_of

REQUESTS = Path(__file__).with_name("ordinary_requests.txt").read_text("utf-8").splitlines()
MOST_STOPPED = 1
"""Of the hundred that are run here; of all five hundred at most 2."""


def test_there_are_five_hundred_different_ones() -> None:
    assert len({request.casefold() for request in REQUESTS}) == len(REQUESTS) == 500


def test_of_a_hundred_ordinary_requests_hardly_one_is_stopped(demo_site: Site) -> None:
    async def stopped(request: str) -> bool:
        outcome = (await run_one(turn_of((request, None, None), 0, demo_site.chain.scope), demo_site)).outcome
        return isinstance(outcome, Decline | Handoff) and outcome.reason == "moderation"

    async def all_stopped() -> list[str]:
        return [request for request in REQUESTS[::5] if await stopped(request)]

    assert len(found := asyncio.run(all_stopped())) <= MOST_STOPPED, found
