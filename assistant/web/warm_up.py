"""Loads what would otherwise be loaded by the first customer's request, within its deadline."""

import asyncio
from collections.abc import Iterable

from assistant.wiring import Site
from chains.hops import grounding, intent, lookup, moderation, outbound, response
from chains.messages import IntentInput, ModerationInput

_HELLO = "Hello, which products do you have?"


async def warm_up(sites: Iterable[Site]) -> None:
    """Import and build the guards of all hops, and load each site's models; takes seconds the first time."""
    for hop in (moderation, intent, lookup, response, grounding, outbound):
        await asyncio.to_thread(hop.GUARD.warm_up)
    await warm_up_models(sites)


async def warm_up_models(sites: Iterable[Site]) -> None:
    """Load each site's models alone, for whoever runs the guards' checks without their library."""
    for site in sites:
        for moderator in site.chain.moderators:
            if moderator.card.is_local:
                await moderator.propose(ModerationInput(text=_HELLO, locale="en"))
        named = site.chain.intent_model
        for model in (*(tier.model for tier in named.tiers), named.last):
            if model is not None and model.card.is_local:
                await model.propose(IntentInput(text=_HELLO, locale="en"))
        await site.models.warm_up()
