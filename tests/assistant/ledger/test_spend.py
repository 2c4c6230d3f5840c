import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from assistant.ledger import DayLimits, Ledger, Reader, Reservation, Spent, Vault, database
from chains.errors import LedgerError
from tests.assistant.ledger.makers import make_read_only, new_turn, pragma, rows

DAY = "2026-11-21"
WANTED = Reservation("T1", "demo", DAY, tokens=10, micro_usd=100)


def reserve(ledger: Ledger, limits: DayLimits, wanted: Reservation = WANTED) -> bool:
    return asyncio.run(ledger.reserve(wanted, limits))


def spent(ledger: Ledger, day: str = DAY, site: str = "demo") -> Spent:
    """What was spent, everything queued included."""

    async def scenario() -> Spent:
        await ledger.ready()
        return await ledger.spent(site, day)

    return asyncio.run(scenario())


def test_a_day_without_turns_has_spent_nothing(ledger: Ledger) -> None:
    assert spent(ledger) == Spent(tokens=0, micro_usd=0, calls=0, unsettled=0)


@pytest.mark.parametrize(
    ("limits", "granted"),
    [
        (DayLimits(), True),
        (DayLimits(tokens=10, micro_usd=100), True),
        (DayLimits(tokens=9), False),
        (DayLimits(micro_usd=99), False),
        (DayLimits(tokens=9, micro_usd=1000), False),
        (DayLimits(tokens=0, micro_usd=0), False),
    ],
)
def test_a_reservation_is_made_where_both_limits_leave_room(
    ledger: Ledger, limits: DayLimits, *, granted: bool
) -> None:
    assert reserve(ledger, limits) is granted
    assert spent(ledger) == (Spent(10, 100, 0, 1) if granted else Spent())
    assert spent(ledger, day="2026-11-22") == spent(ledger, site="other") == Spent()


def test_what_is_not_granted_leaves_no_row(ledger: Ledger, path: Path) -> None:
    assert not reserve(ledger, DayLimits(tokens=9))
    assert rows(path, "SELECT count(*) FROM spend") == [(0,)]


def test_a_settled_turn_counts_with_what_it_spent(ledger: Ledger, path: Path) -> None:
    reserve(ledger, DayLimits())
    ledger.settle("T1", tokens=3, micro_usd=40, calls=2)
    assert spent(ledger) == Spent(3, 40, 2, 0)
    assert rows(path, "SELECT * FROM spend") == [("T1", "demo", DAY, 10, 100, 3, 40, 2, 77, 77)]
    assert reserve(ledger, DayLimits(tokens=13), replace(WANTED, turn_id="T2"))


def test_a_turn_may_have_spent_more_than_it_reserved(ledger: Ledger) -> None:
    reserve(ledger, DayLimits())
    ledger.settle("T1", 30, 400, 1)
    assert spent(ledger) == Spent(30, 400, 1, 0)


def test_only_the_first_settlement_counts_and_none_without_a_reservation(ledger: Ledger) -> None:
    ledger.settle("T1", 1, 1, 1)
    reserve(ledger, DayLimits())
    ledger.settle("T1", 3, 40, 2)
    ledger.settle("T1", 5, 50, 5)
    assert spent(ledger) == Spent(3, 40, 2, 0)


def test_what_is_posted_comes_before_what_is_settled_later_and_knows_no_limit(ledger: Ledger) -> None:
    for number in range(20):
        ledger.post_reserve(replace(WANTED, turn_id=f"T{number}"))
        if number % 2:
            ledger.settle(f"T{number}", 1, 1, 1)
    assert spent(ledger) == Spent(10 * 11, 10 * 101, 10, 10)


def test_a_reservation_of_a_process_that_died_stays_counted(ledger: Ledger, path: Path, vault: Vault) -> None:
    assert reserve(ledger, DayLimits(tokens=10))
    ledger.close()
    later = Ledger.open(path, vault)
    assert not reserve(later, DayLimits(tokens=10), replace(WANTED, turn_id="T2"))
    assert spent(later) == Spent(10, 100, 0, 1)
    later.close()


def test_a_turn_reserves_once(ledger: Ledger) -> None:
    assert reserve(ledger, DayLimits())
    with pytest.raises(LedgerError):
        reserve(ledger, DayLimits())
    assert spent(ledger) == Spent(10, 100, 0, 1)


def test_processes_that_reserve_at_once_never_pass_the_limit(ledger: Ledger, other: Ledger) -> None:
    async def scenario() -> list[bool]:
        limits = DayLimits(tokens=155, micro_usd=10_000)
        return await asyncio.gather(
            *((ledger, other)[n % 2].reserve(replace(WANTED, turn_id=f"T{n}"), limits) for n in range(40))
        )

    assert asyncio.run(scenario()).count(True) == 15
    assert spent(ledger) == Spent(150, 1500, 0, 15)


amounts = st.integers(0, 50)


@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["reserve", "post", "settle"]), st.integers(0, 9), amounts, amounts, st.booleans()),
        max_size=25,
    ),
    limits=st.builds(DayLimits, st.none() | st.integers(0, 120), st.none() | st.integers(0, 120)),
)
@settings(max_examples=15, deadline=None)
def test_the_sums_of_a_day_are_those_of_its_turns(
    tmp_path_factory: pytest.TempPathFactory,
    vault: Vault,
    steps: list[tuple[str, int, int, int, bool]],
    limits: DayLimits,
) -> None:
    path = tmp_path_factory.mktemp("spend") / "ledger.db"
    ledger = Ledger.open(path, vault)

    async def scenario() -> None:
        for kind, number, tokens, micro_usd, tomorrow in steps:
            day = "2026-11-22" if tomorrow else DAY
            wanted = Reservation(f"T{number}", "demo", day, tokens, micro_usd)
            if kind == "settle":
                ledger.settle(wanted.turn_id, tokens, micro_usd, 1)
            elif rows(path, f"SELECT turn_id FROM spend WHERE turn_id = 'T{number}'"):
                continue
            elif kind == "post":
                ledger.post_reserve(wanted)
            else:
                before = await ledger.spent("demo", day)
                granted = await ledger.reserve(wanted, limits)
                assert granted is (
                    (limits.tokens is None or before.tokens + tokens <= limits.tokens)
                    and (limits.micro_usd is None or before.micro_usd + micro_usd <= limits.micro_usd)
                )
            await ledger.ready()

    asyncio.run(scenario())
    sums = rows(
        path,
        "SELECT day, sum(coalesce(tokens, reserved_tokens)), sum(coalesce(micro_usd, reserved_micro_usd)),"
        " sum(coalesce(calls, 0)), count(*) - count(settled_ns) FROM spend GROUP BY day ORDER BY day",
    )
    kept = rows(path, "SELECT day, tokens, micro_usd, calls, unsettled FROM spend_days ORDER BY day")
    ledger.close()
    assert [day for day in kept if any(day[1:])] == [day for day in sums if any(day[1:])]


def test_a_ledger_that_cannot_be_written_to_grants_nothing_and_loses_nothing_silently(ledger: Ledger) -> None:
    make_read_only(ledger)
    with pytest.raises(LedgerError, match="is read-only"):
        reserve(ledger, DayLimits())
    with capture_logs() as logs:
        ledger.post_reserve(WANTED)
        pragma(ledger, "query_only=OFF")
    assert [(entry["event"], entry["turn_id"]) for entry in logs] == [("ledger_reservation_lost", "T1")]
    assert spent(ledger) == Spent()


def test_a_settlement_that_cannot_be_written_leaves_the_reservation_counted_in_full(ledger: Ledger) -> None:
    reserve(ledger, DayLimits())
    make_read_only(ledger)
    with capture_logs() as logs:
        ledger.settle("T1", 1, 1, 1)
        pragma(ledger, "query_only=OFF")
    assert [(entry["event"], entry["turn_id"]) for entry in logs] == [("ledger_settlement_lost", "T1")]
    assert spent(ledger) == Spent(10, 100, 0, 1)


def test_what_was_spent_can_be_read_beside_the_server(ledger: Ledger, path: Path) -> None:
    reserve(ledger, DayLimits())
    reader = Reader.attach(path)
    assert reader.read_spent("demo", DAY) == Spent(10, 100, 0, 1)
    reader.close()


def test_a_ledger_of_the_first_revision_is_migrated_with_its_turns(path: Path, vault: Vault) -> None:
    engine = database.writing_engine(database.locate(path))
    config = Config()
    config.set_main_option("script_location", str(Path(database.__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    with closing(sqlite3.connect(path)) as first, first:
        first.execute("INSERT INTO cases VALUES ('C0', 'demo', 1, NULL, 1, 0)")
    with pytest.raises(LedgerError, match="is of revision '0001' and this version reads '0002'"):
        Reader.attach(path)
    ledger = Ledger.open(path, vault)
    asyncio.run(ledger.accept(new_turn()))
    assert reserve(ledger, DayLimits(tokens=10))
    assert rows(path, "SELECT case_id FROM cases ORDER BY case_id") == [("C0",), ("C1",)]
    ledger.close()
