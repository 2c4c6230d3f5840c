"""A desk on a language model, a day's budget and a real Valkey that breaks while turns run."""

import asyncio
import itertools
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from assistant.desk import Desk
from assistant.ledger import Ledger
from assistant.reflexes import Reflexes, Store
from assistant.requests import AskRequest
from assistant.serving import LanguageModels
from assistant.settings import Settings
from assistant.wiring import Site
from chains.outcomes import Outcome
from chains.ports import Cascade
from chains.prompt_files import load_prompt
from chains.prompted.intent import PromptedIntent
from chains.scope import Cache, LanguageModelSettings
from tests.assistant.reflexes.servers import Valkey
from tests.model_server import Late, Reply

MODEL = "openai/shared"
_NOTES = itertools.count()
LATENCY_MS = 60.0
TURN_TOKENS = 10_000
TURNS_A_DAY = 12  # that fit into the day's budget by what they reserve; by what they use there would be many more
INTENT = Late(
    LATENCY_MS,
    Reply(
        json.dumps(
            {
                "reasoning": "",
                "ranked": [{"intent": "product.price", "score": 0.9}],
                "second": None,
                "out_of_scope": 0.0,
                "language": None,
            }
        ),
        input_tokens=3000,
        output_tokens=40,
    ),
)


def refused(server: Valkey) -> None:
    server.kill()


def hung(server: Valkey) -> None:
    server.hang()


def hung_for_a_moment(server: Valkey) -> None:
    server.hang()
    time.sleep(0.05)
    server.resume()


def out_of_memory(server: Valkey) -> None:
    server.ask("CONFIG SET maxmemory-policy noeviction")
    server.ask("CONFIG SET maxmemory 1")


def read_only(server: Valkey) -> None:
    server.ask("REPLICAOF 127.0.0.1 1")


def restarted(server: Valkey) -> None:
    server.kill()
    server.embedded.ensure()


FAULTS: dict[str, Callable[[Valkey], None]] = {
    "refused": refused,
    "hung": hung,
    "hung for a moment": hung_for_a_moment,
    "out of memory": out_of_memory,
    "read only": read_only,
    "restarted": restarted,
}


@dataclass(frozen=True)
class Ran:
    """One turn: its outcome, and how long it took."""

    turn_id: str
    outcome: Outcome
    took_ms: float


def broken_desk(site: Site, ledger: Ledger, settings: Settings, store: Store, base_url: str) -> Desk:
    """The demo shop with a language model on its intent hop, which reserves for each turn and caches replies."""
    budget = site.chain.scope.budget.model_copy(
        update={"tokens": TURN_TOKENS, "tokens_per_day": TURNS_A_DAY * TURN_TOKENS}
    )
    model = LanguageModelSettings(
        name=MODEL, base_url=base_url, structure="json_schema", input_usd_per_mtok=1.0, output_usd_per_mtok=2.0
    )
    scope = site.chain.scope.model_copy(
        update={"budget": budget, "language_models": (model,), "cache": Cache(hops=("intent",))}
    )
    reflexes = Reflexes.of(store)
    models = LanguageModels(scope, reflexes.breakers, reflexes.replies)
    intent = PromptedIntent(models(MODEL), load_prompt("intent", "1"), scope, budget.prompt_tokens)
    local = site.chain.intent_model.tiers[0].model
    cascade = replace(Cascade.of(intent), last=local)
    chain = replace(site.chain, scope=scope, intent_model=cascade, log=ledger)
    return Desk({"lumen-oak": replace(site, chain=chain, models=models)}, ledger, settings, store)


async def run_turns(
    desk: Desk, server: Valkey, fault: Callable[[Valkey], None] | None, turns: int
) -> tuple[list[Ran], list[Ran]]:
    """The turns before and those after the fault; with those before, some are under way when it comes."""

    async def one() -> Ran:
        started = time.perf_counter()
        text = f"How much is the Aurel Nova 14? (note {next(_NOTES)})"  # new each time, so that no reply is cached
        handled = await desk.handle(AskRequest(site="lumen-oak", text=text))
        return Ran(handled.turn_id, handled.outcome, (time.perf_counter() - started) * 1000)

    before = [await one() for _ in range(3)]
    under_way = [asyncio.create_task(one()) for _ in range(3)]
    await asyncio.sleep(LATENCY_MS / 2000)
    if fault is not None:
        await asyncio.to_thread(fault, server)
    after = [*await asyncio.gather(*under_way), *[await one() for _ in range(turns)]]
    return before, after


def today() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d")
