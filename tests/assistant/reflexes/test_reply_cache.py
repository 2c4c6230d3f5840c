import asyncio

import pytest

from assistant.reflexes import RepliesInStore, Store
from tests.assistant.reflexes.servers import Clock, Valkey


@pytest.fixture(params=["store", "no store", "lost store"])
def replies(request: pytest.FixtureRequest, server: Valkey) -> RepliesInStore:
    if request.param == "lost store":
        server.kill()
    return RepliesInStore(None if request.param == "no store" else Store(server.url), limit=3)


def test_a_reply_is_kept_until_it_is_dropped(replies: RepliesInStore) -> None:
    async def scenario() -> list[str | None]:
        seen = [await replies.get("k")]
        await replies.put("k", "früh", 60)
        await replies.put("k", "", 60)
        seen.append(await replies.get("k"))
        await replies.put("k", "später", 60)
        seen.append(await replies.get("k"))
        await replies.drop("k")
        await replies.drop("k")
        return [*seen, await replies.get("k")]

    assert asyncio.run(scenario()) == [None, "", "später", None]


@pytest.mark.parametrize(("value", "kept"), [("x" * 65536, True), ("x" * 65537, False), ("ü" * 32769, False)])
def test_a_reply_above_64_kib_is_not_kept(replies: RepliesInStore, value: str, *, kept: bool) -> None:
    asyncio.run(replies.put("k", value, 60))
    assert asyncio.run(replies.get("k")) == (value if kept else None)


def test_a_reply_that_is_not_unicode_is_not_kept(replies: RepliesInStore) -> None:
    asyncio.run(replies.put("k", "half \ud83d", 60))
    assert asyncio.run(replies.get("k")) is None


def test_other_processes_have_the_replies_in_the_store(server: Valkey) -> None:
    asyncio.run(RepliesInStore(Store(server.url)).put("k", "v", 60))
    other = RepliesInStore(Store(server.url))
    assert asyncio.run(other.get("k")) == "v"
    assert 0 < int(server.ask("PTTL hopdesk:reply:k")[1:]) <= 60_000
    asyncio.run(other.drop("k"))
    assert asyncio.run(RepliesInStore(Store(server.url)).get("k")) is None


def test_a_reply_is_at_hand_when_the_store_is_lost_afterwards(server: Valkey, store: Store) -> None:
    replies = RepliesInStore(store)
    asyncio.run(replies.put("k", "v", 60))
    server.kill()
    assert asyncio.run(replies.get("k")) == "v"


def test_a_reply_in_memory_has_its_time() -> None:
    clock = Clock()
    replies = RepliesInStore(None, clock=clock)
    asyncio.run(replies.put("k", "v", 5))
    clock.now += 4.9
    assert asyncio.run(replies.get("k")) == "v"
    clock.now += 0.1
    assert asyncio.run(replies.get("k")) is None
    assert not replies._latest


def test_memory_keeps_the_replies_that_were_used_last() -> None:
    async def scenario() -> list[str | None]:
        replies = RepliesInStore(None, limit=3)
        for key in "abc":
            await replies.put(key, key, 60)
        await replies.get("a")
        await replies.put("d", "d", 60)
        return [await replies.get(key) for key in "abcd"]

    assert asyncio.run(scenario()) == ["a", None, "c", "d"]
