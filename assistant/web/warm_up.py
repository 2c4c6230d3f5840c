"""Loads what would otherwise be loaded by the first customer's request, within its deadline."""

from collections.abc import Iterable

from assistant.wiring import Site
from chains.hops import grounding, intent, lookup, moderation, outbound, response


def warm_up(sites: Iterable[Site]) -> None:
    """Import and build the guards of all hops, and run each site's encoder once; takes seconds the first time."""
    for hop in (moderation, intent, lookup, response, grounding, outbound):
        hop.GUARD.warm_up()
    for site in sites:
        site.head.predict("Hello")
