import asyncio
import sqlite3
import tracemalloc
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

import pytest
from sqlalchemy import update

from assistant.ledger import HopFilter, Ledger, Reader, Vault
from assistant.ledger.schema import turns
from chains.errors import LedgerError
from chains.record import HopRecord
from tests.assistant.ledger.makers import ANSWER, hop_record, new_turn


@pytest.fixture
def filled(ledger: Ledger) -> Ledger:
    async def fill() -> None:
        await ledger.accept(new_turn("01ABC", "C1", accepted_ns=100))
        await ledger.accept(new_turn("01ABD", "C2", accepted_ns=200, site="shop"))
        await ledger.accept(new_turn("01XYZ", "C3", accepted_ns=300))
        ledger.append(hop_record("01ABC", "E3", hop="lookup", hop_index=2, started_ns=30))
        ledger.append(hop_record("01ABC", "E2", attempt=2, started_ns=20))
        ledger.append(hop_record("01ABC", "E1", started_ns=10))
        ledger.append(hop_record("01ABD", "E4", site="shop", started_ns=40))
        ledger.append(hop_record("01ABC", "E5", origin="replay", attempt=3, started_ns=50))
        await ledger.close_turn("01ABC", ANSWER, 400)

    asyncio.run(fill())
    return ledger


def test_turns_come_newest_first_and_by_site_and_time(filled: Ledger) -> None:
    assert [turn.turn_id for turn in filled.turns()] == ["01XYZ", "01ABD", "01ABC"]
    assert [turn.turn_id for turn in filled.turns(site="demo")] == ["01XYZ", "01ABC"]
    assert [turn.turn_id for turn in filled.turns(since_ns=200)] == ["01XYZ", "01ABD"]
    assert [turn.turn_id for turn in filled.turns("shop", 201)] == []


def test_a_turn_is_found_by_its_id_or_a_beginning_that_no_other_has(filled: Ledger) -> None:
    assert filled.turn("01ABC").outcome == ANSWER
    assert filled.turn("01x").turn_id == "01XYZ"
    with pytest.raises(LedgerError, match="Several turns begin with '01AB'"):
        filled.turn("01AB")
    for unknown in ("02", "%", "01_BC"):
        with pytest.raises(LedgerError, match="no turn"):
            filled.turn(unknown)


def test_an_id_that_begins_another_is_found_itself(ledger: Ledger) -> None:
    asyncio.run(ledger.accept(new_turn("T1", "C1")))
    asyncio.run(ledger.accept(new_turn("T11", "C2")))
    assert ledger.turn("T1").turn_id == "T1"


def test_hops_come_in_the_order_of_the_chain(filled: Ledger) -> None:
    assert [record.event_id for record in filled.hops("01ABC")] == ["E1", "E2", "E5", "E3"]
    assert list(filled.hops("nobody")) == []


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (HopFilter(), ["E1", "E2", "E3", "E4", "E5"]),
        (HopFilter(site="shop"), ["E4"]),
        (HopFilter(turn_id="01ABD"), ["E4"]),
        (HopFilter(hop="lookup"), ["E3"]),
        (HopFilter(origin="replay"), ["E5"]),
        (HopFilter(since_ns=20, until_ns=40), ["E2", "E3"]),
        (HopFilter(site="demo", origin="live", since_ns=11), ["E2", "E3"]),
    ],
)
def test_an_export_gives_the_records_asked_for_in_the_order_of_time(
    filled: Ledger, wanted: HopFilter, found: list[str]
) -> None:
    lines = list(filled.export(wanted))
    assert [HopRecord.model_validate_json(line).event_id for line in lines] == found
    assert not any("\n" in line for line in lines)


def test_an_export_of_much_holds_little_in_memory(ledger: Ledger) -> None:
    for number in range(2_000):
        ledger.append(hop_record(event_id=f"E{number}", started_ns=number, text="x" * 10_000))
    asyncio.run(ledger.ready())
    tracemalloc.start()
    total = sum(len(line) for line in ledger.export())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert total > 20_000_000
    assert peak < 5_000_000


def test_reading_that_is_given_up_half_way_lets_go_of_the_ledger(filled: Ledger) -> None:
    first: Iterator[str] = islice(filled.export(), 1)
    assert len(list(first)) == 1
    assert asyncio.run(filled.sweep(10_000)) == ("01ABD", "01XYZ")


def test_a_reader_needs_no_vault_and_sees_what_is_written_meanwhile(filled: Ledger, path: Path) -> None:
    reader = Reader.attach(path)
    try:
        assert [turn.turn_id for turn in reader.turns(since_ns=300)] == ["01XYZ"]
        asyncio.run(filled.accept(new_turn("02", "C4", accepted_ns=500)))
        assert reader.turn("02").accepted_ns == 500
        assert reader.read_outcome("01ABC") == ANSWER
    finally:
        reader.close()


def test_a_reader_reads_a_ledger_that_nobody_has_open(path: Path, vault: Vault) -> None:
    ledger = Ledger.open(path, vault)
    asyncio.run(ledger.accept(new_turn()))
    ledger.close()
    reader = Reader.attach(str(path))
    try:
        assert reader.turn("T1").case_id == "C1"
    finally:
        reader.close()


def test_a_reader_cannot_write(ledger: Ledger, path: Path) -> None:
    reader = Reader.attach(path)
    try:
        with pytest.raises(LedgerError, match="read-only"), reader._reading() as connection:
            connection.execute(update(turns).values(outcome=None))
    finally:
        reader.close()


def test_a_reader_makes_no_file(path: Path) -> None:
    with pytest.raises(LedgerError, match="no ledger at"):
        Reader.attach(path)
    assert not path.exists()


def test_a_reader_refuses_a_ledger_of_another_revision(path: Path) -> None:
    with closing(sqlite3.connect(path)) as empty:
        empty.execute("PRAGMA user_version = 1")
    with pytest.raises(LedgerError, match="is of revision None and this version reads"):
        Reader.attach(path)


def test_a_stored_value_that_cannot_be_read_is_told_in_a_sentence(filled: Ledger, path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute('UPDATE turns SET outcome = \'{"kind": "answer"}\'')
        connection.execute("UPDATE hops SET record = '{}'")
    with pytest.raises(LedgerError, match="holds a value that this version cannot read"):
        filled.turn("01ABC")
    with pytest.raises(LedgerError, match=r"cannot read \(HopRecord\)"):
        list(filled.hops("01ABC"))
