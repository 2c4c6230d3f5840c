"""Guards are built before the first test, so that no deadline is spent on it."""

import pytest

from chains.hops import grounding, intent, lookup, moderation, outbound, response


@pytest.fixture(scope="session", autouse=True)
def _warm_guards() -> None:
    for guard in (moderation.GUARD, intent.GUARD, lookup.GUARD, response.GUARD, grounding.GUARD, outbound.GUARD):
        guard.warm_up()
