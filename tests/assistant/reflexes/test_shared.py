import asyncio

from assistant.language.ports import Breaker, ReplyCache
from assistant.reflexes import Reflexes, Store
from tests.assistant.reflexes.servers import Valkey


def test_language_models_are_given_a_breaker_and_a_cache() -> None:
    reflexes = Reflexes.of(None)
    breaker: Breaker = reflexes.breakers
    replies: ReplyCache = reflexes.replies
    assert asyncio.run(breaker.allows("openai/m"))
    assert asyncio.run(replies.get("k")) is None


def test_those_on_one_store_share_what_they_know(server: Valkey) -> None:
    async def scenario() -> None:
        one, other = Reflexes.of(Store(server.url)), Reflexes.of(Store(server.url))
        await one.replies.put("k", "v", 60)
        for _ in range(5):
            await one.breakers.record("openai/m", ok=False)
        assert await other.replies.get("k") == "v"
        assert not await other.breakers.allows("openai/m")

    asyncio.run(scenario())
