"""A real language model, the worst that there is, on all four hops: whatever it says, every turn is held.

`HOPDESK_LLM_REQUESTS` says how many requests are made; a turn takes seconds.
"""

import asyncio
import os

import pytest

from assistant.language.litellm_model import LitellmModel
from assistant.language.resilient import ResilientModel
from assistant.reflexes import Reflexes
from assistant.wiring import Site
from chains.scope import Budget, Fallback, LanguageModelSettings
from tests.assistant.language.asking import SILENCED
from tests.brains.driving import Setting, drive, open_driven
from tests.brains.shelf import Shelf
from tests.llm.demo_texts import demo_requests

pytestmark = [pytest.mark.llm, *SILENCED]

REQUESTS = int(os.environ.get("HOPDESK_LLM_REQUESTS", "300"))
BUDGET = Budget(
    deadline_ms=60_000,
    hop_ms=20_000,
    prompt_tokens=5000,  # the lookup prompt with its schema has up to 4600 before any request is in it
    tokens=60_000,
)
SETTINGS = tuple(
    # it blocks nearly all that it moderates, so every other request is moderated by the rules alone
    Setting(budget=BUDGET, fallback=Fallback(moderation="rules"), moderates=moderates)
    for moderates in (True, False)
)


class AlwaysAsked:
    """A breaker that never opens: a slow machine would else leave most requests to the models that stand in."""

    async def allows(self, model: str) -> bool:
        return True

    async def record(self, model: str, ok: bool) -> None: ...

    def release(self, model: str) -> None: ...


def test_whatever_a_small_language_model_says_every_turn_ends_valid_in_scope_and_true(
    smollm2_url: str, demo_site: Site
) -> None:
    settings = LanguageModelSettings(
        name="hosted_vllm/smollm2",
        base_url=smollm2_url,
        structure="json_schema",
        functions="prompt",
        max_output_tokens=200,
        temperature=0.8,  # at 0 it says the same to everybody
    )
    bare = LitellmModel(settings, {})
    asyncio.run(bare.warm_up())
    model = ResilientModel(bare, AlwaysAsked(), Reflexes.of(None).replies, demo_site.chain.scope.cache)
    sites = [open_driven(model, demo_site, one) for one in SETTINGS]
    tally = drive(demo_requests(REQUESTS), sites, Shelf(demo_site))
    tally.print("SmolLM2-135M on all four hops, in every other turn without moderation")
    assert tally.turns == REQUESTS
