import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from assistant.reflexes import Breakers, Store
from tests.assistant.reflexes.servers import Clock, Valkey

T = TypeVar("T")
M = "openai/m"


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


async def record(breakers: Breakers, *results: bool, model: str = M) -> None:
    for ok in results:
        await breakers.record(model, ok)


def opened(clock: Clock, store: Store | None = None) -> Breakers:
    breakers = Breakers(store, clock)
    run(record(breakers, *[False] * 5))
    return breakers


def test_a_model_that_was_never_called_may_be_called() -> None:
    breakers = Breakers(None)
    assert breakers.state(M) == "closed"
    assert run(breakers.allows(M))


def test_five_failures_in_a_row_open_the_circuit_of_that_model_alone() -> None:
    breakers = Breakers(None, Clock())
    run(record(breakers, False, False, False, False, True, False, False, False, False))
    assert breakers.state(M) == "closed"
    run(record(breakers, False))
    assert breakers.state(M) == "open"
    assert not run(breakers.allows(M))
    assert run(breakers.allows("openai/other"))


def test_half_of_the_latest_twenty_failing_opens_the_circuit() -> None:
    breakers = Breakers(None, Clock())
    run(record(breakers, *[True] * 30, *[False, True] * 9, True))
    assert breakers.state(M) == "closed"
    run(record(breakers, False))
    assert breakers.state(M) == "open"


@given(st.lists(st.booleans(), max_size=60))
def test_the_circuit_opens_exactly_by_the_rule(results: list[bool]) -> None:
    async def scenario() -> None:
        breakers, seen = Breakers(None, Clock()), list[bool]()
        for ok in results:
            await breakers.record(M, ok)
            seen.append(ok)
            in_a_row = len(seen) >= 5 and not any(seen[-5:])
            if in_a_row or (len(seen) >= 20 and seen[-20:].count(False) >= 10):
                assert breakers.state(M) == "open"
                return
            assert breakers.state(M) == "closed"

    run(scenario())


def test_an_open_circuit_lets_one_probe_through_after_its_time() -> None:
    clock = Clock()
    breakers = opened(clock)
    clock.now += 14.9
    assert not run(breakers.allows(M))
    clock.now += 0.1
    assert breakers.state(M) == "half_open"
    assert [run(breakers.allows(M)) for _ in range(3)] == [True, False, False]
    assert breakers.state(M) == "half_open"


def test_a_probe_that_succeeds_closes_the_circuit_and_forgets_the_failures() -> None:
    clock = Clock()
    breakers = opened(clock)
    clock.now += 15
    assert run(breakers.allows(M))
    run(record(breakers, True, False, False, False, False))
    assert breakers.state(M) == "closed"
    assert run(breakers.allows(M))


def test_each_probe_that_fails_doubles_the_time_up_to_two_minutes() -> None:
    clock = Clock()
    breakers = opened(clock)
    for open_s in (15, 30, 60, 120, 120, 120):
        clock.now += open_s - 0.1
        assert not run(breakers.allows(M))
        clock.now += 0.1
        assert run(breakers.allows(M))
        run(record(breakers, False))
    clock.now += 120
    assert run(breakers.allows(M))
    run(record(breakers, True))
    run(record(breakers, *[False] * 5))
    clock.now += 15
    assert run(breakers.allows(M))


def test_a_probe_of_which_nothing_is_heard_makes_room_for_another_in_a_minute() -> None:
    clock = Clock()
    breakers = opened(clock)
    clock.now += 15
    assert run(breakers.allows(M))
    clock.now += 59.9
    assert not run(breakers.allows(M))
    clock.now += 0.1
    assert [run(breakers.allows(M)) for _ in range(2)] == [True, False]


def test_a_probe_that_is_given_up_makes_room_for_another_at_once() -> None:
    clock = Clock()
    breakers = opened(clock)
    clock.now += 15
    assert run(breakers.allows(M))
    assert not run(breakers.allows(M))
    breakers.release(M)
    assert breakers.state(M) == "half_open"
    assert [run(breakers.allows(M)) for _ in range(2)] == [True, False]


def test_giving_up_a_call_that_is_no_probe_changes_nothing() -> None:
    breakers = opened(Clock())
    breakers.release(M)
    assert breakers.state(M) == "open"
    assert not run(breakers.allows(M))
    breakers.release("openai/other")
    assert breakers.state("openai/other") == "closed"


def test_calls_that_end_late_change_nothing_about_an_open_circuit() -> None:
    clock = Clock()
    breakers = opened(clock)
    run(record(breakers, True, True, False))
    assert breakers.state(M) == "open"
    clock.now += 15
    assert run(breakers.allows(M))


def test_an_opening_is_seen_by_other_processes_within_half_a_second(server: Valkey) -> None:
    clock = Clock()
    other = Breakers(Store(server.url), clock)
    assert run(other.allows(M))
    opened(clock, Store(server.url))
    clock.now += 0.49
    assert run(other.allows(M))
    clock.now += 0.01
    assert not run(other.allows(M))
    assert other.state(M) == "open"
    clock.now += 15
    assert [run(other.allows(M)) for _ in range(2)] == [True, False]


def test_an_opening_is_shared_with_how_often_it_was_tried(server: Valkey) -> None:
    clock = Clock()
    breakers = opened(clock, Store(server.url))
    clock.now += 15
    assert run(breakers.allows(M))
    run(record(breakers, False))
    other = Breakers(Store(server.url), clock)
    assert not run(other.allows(M))
    clock.now += 29.9
    assert not run(other.allows(M))
    clock.now += 0.1
    assert run(other.allows(M))


def test_the_shared_opening_ends_with_the_first_probe_that_succeeds(server: Valkey) -> None:
    clock = Clock()
    breakers = opened(clock, Store(server.url))
    assert 14_000 < int(server.ask(f"PTTL hopdesk:breaker:{M}")[1:]) <= 15_000
    clock.now += 15
    assert run(breakers.allows(M))
    run(record(breakers, True))
    assert run(Breakers(Store(server.url), clock).allows(M))
    clock.now += 1
    assert run(breakers.allows(M))


@pytest.mark.parametrize("value", ["0", "99999999999999", "²", "-1", "", "open"])
def test_whatever_stands_in_the_store_an_end_is_in_sight(server: Valkey, store: Store, value: str) -> None:
    clock = Clock()
    run(store.put(f"breaker:{M}", value, 60))
    breakers = Breakers(store, clock)
    assert run(breakers.allows(M)) is (value not in {"0", "99999999999999"})
    clock.now += 120
    assert run(breakers.allows(M))


def test_without_the_store_each_process_finds_out_by_itself(server: Valkey) -> None:
    server.kill()
    clock = Clock()
    breakers = opened(clock, Store(server.url))
    assert not run(breakers.allows(M))
    clock.now += 15
    assert run(breakers.allows(M))
    run(record(breakers, True))
    assert run(breakers.allows(M))
    assert run(Breakers(Store(server.url), clock).allows(M))


def test_many_calls_at_once_look_into_the_store_once(server: Valkey, store: Store) -> None:
    async def scenario() -> None:
        breakers = Breakers(store, Clock())
        assert all(await asyncio.gather(*(breakers.allows(M) for _ in range(50))))

    before = calls(server, "get")
    run(scenario())
    assert calls(server, "get") == before + 1


def calls(server: Valkey, command: str) -> int:
    stats = server.ask_all("INFO commandstats")
    return int(stats.partition(f"cmdstat_{command}:calls=")[2].partition(",")[0] or 0)


def test_opening_and_closing_are_logged() -> None:
    clock = Clock()
    with capture_logs() as logs:
        breakers = opened(clock)
        clock.now += 15
        run(breakers.allows(M))
        run(record(breakers, True))
    assert [(entry["event"], entry["model"]) for entry in logs] == [("breaker_opened", M), ("breaker_closed", M)]
