"""Redis may be refused, hang, stop, fill up or restart in the middle of turns: they all end, and nothing is lost."""

import asyncio
from collections.abc import Iterator

import pytest

from assistant.ledger import Ledger
from assistant.reflexes import Store
from assistant.settings import Settings
from assistant.web.warm_up import warm_up
from assistant.wiring import Site
from chains.outcomes import Answer
from tests.assistant.redis_faults import FAULTS, INTENT, TURN_TOKENS, TURNS_A_DAY, broken_desk, run_turns, today
from tests.assistant.reflexes.servers import Valkey
from tests.model_server import serving

STALL_MS = 5000  # what a turn would be held up by for every use of a client with its own timeouts and retries


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    server = Valkey(tmp_path_factory.mktemp("valkey"))
    server.start()
    yield server
    server.resume()
    server.stop()


@pytest.mark.parametrize("fault", FAULTS)
def test_turns_end_are_stored_and_keep_to_the_budget_while_redis_breaks(
    demo_site: Site, ledger: Ledger, settings: Settings, server: Valkey, fault: str
) -> None:
    with serving(INTENT) as model:
        desk = broken_desk(demo_site, ledger, settings, Store(server.url), model.base_url)

        async def scenario() -> None:
            await warm_up(desk.sites.values())
            await desk.warm_up()
            before, after = await run_turns(desk, server, FAULTS[fault], turns=TURNS_A_DAY)
            for ran in (*before, *after):
                assert isinstance(ran.outcome, Answer)
                assert await ledger.outcome_of(ran.turn_id) == ran.outcome
                assert ran.took_ms < STALL_MS
            async with asyncio.timeout(10):  # a turn settles behind its customer's back
                while (spent := await ledger.spent("lumen-oak", today())).unsettled:  # noqa: ASYNC110 - nobody tells
                    await asyncio.sleep(0.05)
            assert spent.tokens <= TURNS_A_DAY * TURN_TOKENS
            assert spent.calls == model.count > 0

        asyncio.run(scenario())


def test_a_day_that_is_spent_stays_spent_whatever_redis_forgets(
    demo_site: Site, ledger: Ledger, settings: Settings, server: Valkey
) -> None:
    with serving(INTENT) as model:
        desk = broken_desk(demo_site, ledger, settings, Store(server.url), model.base_url)

        async def scenario() -> None:
            await warm_up(desk.sites.values())
            await run_turns(desk, server, FAULTS["restarted"], turns=60)
            spent = await ledger.spent("lumen-oak", today())
            assert TURNS_A_DAY * TURN_TOKENS - TURN_TOKENS < spent.tokens <= TURNS_A_DAY * TURN_TOKENS
            asked = model.count
            _, after = await run_turns(desk, server, None, turns=1)
            assert model.count == asked
            assert all(isinstance(ran.outcome, Answer) for ran in after)

        asyncio.run(scenario())
