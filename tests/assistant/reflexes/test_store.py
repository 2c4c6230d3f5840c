import asyncio
import gc
import subprocess
import sys
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from assistant.reflexes import Store, StoreLost
from chains.errors import HopdeskError
from tests.assistant.reflexes.servers import Clock, Valkey

Operation = Callable[[Store], Coroutine[Any, Any, object]]
OPERATIONS: list[Operation] = [
    lambda store: store.get("k"),
    lambda store: store.put("k", "v", 9),
    lambda store: store.drop("k"),
    lambda store: store.add_within("n", (1,), (5,)),
    lambda store: store.seed("n", (1,), 9),
    lambda store: store.add("n", (1,)),
]


def test_a_text_is_there_until_it_is_dropped(store: Store) -> None:
    async def scenario() -> list[str | None]:
        seen = [await store.get("k")]
        await store.put("k", "früh ☀", 60)
        seen.append(await store.get("k"))
        await store.put("k", "", 60)
        seen.append(await store.get("k"))
        await store.drop("k")
        return [*seen, await store.get("k")]

    assert asyncio.run(scenario()) == [None, "früh ☀", "", None]


def test_whatever_is_kept_has_an_end(server: Valkey, store: Store) -> None:
    asyncio.run(store.put("k", "v", 60))
    asyncio.run(store.seed("n", (1,), 60))
    assert [0 < int(server.ask(f"PTTL hopdesk:{key}")[1:]) <= 60_000 for key in ("k", "n")] == [True, True]
    asyncio.run(store.put("k", "v", 0.0))
    assert int(server.ask("PTTL hopdesk:k")[1:]) <= 1


def test_a_counter_that_is_not_there_is_told_and_not_made(store: Store) -> None:
    async def scenario() -> list[bool | None]:
        await store.add("n", (5, 5))
        return [await store.add_within("n", (1, 1), (9, 9)) for _ in range(2)]

    assert asyncio.run(scenario()) == [None, None]


def test_a_counter_is_seeded_once(server: Valkey, store: Store) -> None:
    asyncio.run(store.seed("n", (1, 2), 60))
    asyncio.run(store.seed("n", (7, 7), 60))
    assert server.ask("HGET hopdesk:n 1") == "$1"
    assert asyncio.run(store.add_within("n", (0, 0), (1, 2)))
    assert asyncio.run(store.add_within("n", (0, 0), (0, 2))) is False


@given(
    seed=st.tuples(st.integers(0, 2**40), st.integers(0, 2**40)),
    steps=st.lists(
        st.tuples(st.integers(-5, 2**40), st.integers(-5, 2**40), st.booleans()),
        max_size=6,
    ),
    limits=st.tuples(st.none() | st.integers(0, 2**41), st.none() | st.integers(0, 2**41)),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_counter_adds_all_amounts_or_none(
    store: Store, seed: tuple[int, int], steps: list[tuple[int, int, bool]], limits: tuple[int | None, int | None]
) -> None:
    async def scenario() -> None:
        await store.drop("n")
        await store.seed("n", seed, 60)
        held = seed
        for first, second, free in steps:
            after = (held[0] + first, held[1] + second)
            fits = all(limit is None or amount <= limit for amount, limit in zip(after, limits, strict=True))
            if free:
                await store.add("n", (first, second))
            else:
                assert await store.add_within("n", (first, second), limits) is fits
            held = after if free or fits else held
        assert await store.add_within("n", (0, 0), held)
        assert await store.add_within("n", (0, 0), (held[0] - 1, None)) is False
        assert await store.add_within("n", (0, 0), (None, held[1] - 1)) is False

    asyncio.run(scenario())


def test_of_many_that_add_at_once_none_passes_the_limit(server: Valkey) -> None:
    async def scenario() -> list[bool | None]:
        stores = [Store(server.url) for _ in range(3)]
        await stores[0].seed("n", (0,), 60)
        return await asyncio.gather(*(stores[n % 3].add_within("n", (3,), (100,)) for n in range(60)))

    assert asyncio.run(scenario()).count(True) == 33


def refused(server: Valkey) -> None:
    server.kill()


def hung(server: Valkey) -> None:
    server.hang()


BREAKING = {"refused": refused, "hung": hung}


@pytest.mark.usefixtures("impatience")
@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("breaking", BREAKING.values(), ids=BREAKING)
def test_every_operation_on_a_server_that_is_away_is_lost(
    server: Valkey, store: Store, breaking: Callable[[Valkey], None], operation: Operation
) -> None:
    breaking(server)
    with pytest.raises(StoreLost, match=r"The Redis server at unix:.* cannot be used"):
        asyncio.run(operation(store))
    assert store.lost


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_value_of_another_kind_is_lost_too(server: Valkey, store: Store, operation: Operation) -> None:
    for key in ("k", "n"):
        assert server.ask(f"RPUSH hopdesk:{key} x") == ":1"
    with suppress(StoreLost):
        asyncio.run(operation(store))
    assert store.lost is (operation not in OPERATIONS[1:3] + OPERATIONS[4:5])


def test_what_is_not_text_is_lost_too(server: Valkey, store: Store) -> None:
    assert server.ask('SET hopdesk:k "\\xff"') == "+OK"
    with pytest.raises(StoreLost, match="UnicodeDecodeError"):
        asyncio.run(store.get("k"))


def test_a_read_only_server_is_lost(server: Valkey, store: Store) -> None:
    asyncio.run(store.seed("n", (1,), 60))
    assert server.ask("REPLICAOF 127.0.0.1 1") == "+OK"
    with pytest.raises(StoreLost, match="ReadOnlyError"):
        asyncio.run(store.add_within("n", (1,), (5,)))


def test_a_server_without_memory_is_lost(server: Valkey, store: Store) -> None:
    assert server.ask("CONFIG SET maxmemory 1") == "+OK"
    with pytest.raises(StoreLost, match="OutOfMemoryError"):
        asyncio.run(store.put("k", "v", 60))


def test_a_server_that_wants_a_password_is_lost(server: Valkey, store: Store) -> None:
    assert server.ask("CONFIG SET requirepass secret") == "+OK"
    try:
        with pytest.raises(StoreLost, match="AuthenticationError"):
            asyncio.run(store.get("k"))
    finally:
        assert server.ask("AUTH secret\r\nCONFIG SET requirepass ''") == "+OK"


def test_a_port_where_something_else_listens_is_lost() -> None:
    async def chatter(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.2\r\n" * 9)
        writer.close()

    async def scenario() -> None:
        async with await asyncio.start_server(chatter, "127.0.0.1", 0) as listening:
            store = Store(f"redis://127.0.0.1:{listening.sockets[0].getsockname()[1]}")
            with pytest.raises(StoreLost):
                await store.get("k")

    asyncio.run(scenario())


@pytest.mark.parametrize("url", ["", "http://localhost", "localhost:6379", "redis:/", "redis://[::1"])
def test_a_url_of_another_kind_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(HopdeskError, match="REDIS_URL does not name a Redis server"):
        Store(url)


def test_a_url_with_a_bad_part_is_lost_when_it_is_used() -> None:
    with pytest.raises(StoreLost, match="ValueError"):
        asyncio.run(Store("redis://localhost:port/0").get("k"))


def test_the_password_stands_in_no_message_and_no_log() -> None:
    with capture_logs() as logs, pytest.raises(StoreLost) as lost:
        asyncio.run(Store("redis://jo:hunter2@127.0.0.1:1/0?password=hunter3").get("k"))
    assert "redis://127.0.0.1:1/0" in str(lost.value)
    assert "hunter" not in f"{lost.value}{logs}"


def test_a_lost_server_is_left_alone_and_then_tried_by_one(server: Valkey) -> None:
    clock = Clock()
    tried = 0

    async def count(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal tried
        tried += 1
        writer.close()

    async def fail(store: Store) -> None:
        with pytest.raises(StoreLost):
            await store.get("k")

    async def scenario() -> list[int]:
        seen: list[int] = []
        async with await asyncio.start_server(count, "127.0.0.1", 0) as listening:
            store = Store(f"redis://127.0.0.1:{listening.sockets[0].getsockname()[1]}", clock=clock)
            for passed in (0.0, 0.0, 0.99, 0.01, 0.0, 1.0):
                clock.now += passed
                await asyncio.gather(*(fail(store) for _ in range(1 if not seen else 5)))
                seen.append(tried)
        return seen

    assert asyncio.run(scenario()) == [1, 1, 1, 2, 2, 3]


def test_losing_the_server_and_having_it_back_are_logged_once_each(server: Valkey) -> None:
    clock = Clock()
    store = Store(server.url, clock=clock)
    server.kill()
    with capture_logs() as logs:
        for passed in (0.0, 0.1, 1.0, 1.0):
            clock.now += passed
            with pytest.raises(StoreLost):
                asyncio.run(store.get("k"))
        server.embedded.ensure()
        clock.now += 1.0
        for _ in range(2):
            asyncio.run(store.get("k"))
    assert [entry["event"] for entry in logs] == ["store_lost", "valkey_started", "store_back"]
    assert store.lost is False


def test_an_operation_that_is_given_up_leaves_no_reply_for_the_next(server: Valkey, store: Store) -> None:
    async def scenario() -> None:
        await store.put("a", "of a", 60)
        await store.put("b", "of b", 60)
        server.hang()
        given_up = [asyncio.create_task(store.get("a")) for _ in range(20)]
        await asyncio.sleep(0.02)
        for task in given_up:
            task.cancel()
        await asyncio.gather(*given_up, return_exceptions=True)
        server.resume()
        assert await asyncio.gather(*(store.get("b") for _ in range(20))) == ["of b"] * 20

    asyncio.run(scenario())
    assert store.lost is False


def test_more_at_once_than_connections_all_get_theirs(store: Store) -> None:
    async def scenario() -> None:
        await asyncio.gather(*(store.put(f"k{n}", str(n), 60) for n in range(64)))
        found = await asyncio.gather(*(store.get(f"k{n}") for n in range(64)))
        assert found == [str(n) for n in range(64)]

    asyncio.run(scenario())


def test_one_event_loop_after_another_may_use_it_and_nothing_is_left_open(server: Valkey, store: Store) -> None:
    async def many(action: Callable[[], Awaitable[object]]) -> None:
        await asyncio.gather(*(action() for _ in range(5)))

    for _ in range(5):
        asyncio.run(many(lambda: store.get("k")))
    gc.collect()
    assert server.ask("CLIENT LIST TYPE normal")[0] == "$"
    assert server.ask("CLIENT KILL TYPE normal SKIPME yes") == ":0"


def test_it_may_be_closed_at_any_time_and_used_again(server: Valkey, store: Store) -> None:
    async def scenario() -> None:
        await store.aclose()
        await store.put("k", "v", 60)
        await store.aclose()
        assert server.ask("CLIENT KILL TYPE normal SKIPME yes") == ":0"
        assert await store.get("k") == "v"

    asyncio.run(scenario())
    asyncio.run(store.aclose())
    asyncio.run(scenario())


def test_the_client_is_loaded_when_it_is_used_first() -> None:
    code = "import sys; from assistant.reflexes import Store; Store('redis://localhost'); print('redis' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
