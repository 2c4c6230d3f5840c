import asyncio
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from assistant.ledger import Ledger, Vault
from chains.errors import LedgerError
from chains.record import digest
from tests.assistant.ledger.makers import ANSWER, fill_disk, hop_record, make_read_only, new_turn, pragma, rows


def test_records_appended_before_a_turn_is_closed_are_there_when_its_outcome_is(ledger: Ledger, path: Path) -> None:
    records = [hop_record(event_id=f"E{number}", hop_index=number) for number in range(50)]

    async def scenario() -> None:
        await ledger.accept(new_turn())
        for record in records:
            ledger.append(record)
        await ledger.close_turn("T1", ANSWER, 5_000)
        assert rows(path, "SELECT count(*) FROM hops") == [(50,)]

    asyncio.run(scenario())
    assert list(ledger.hops("T1")) == records


def test_records_are_written_without_a_turn_being_closed(path: Path, vault: Vault) -> None:
    ledger = Ledger.open(path, vault)
    for number in range(3):
        ledger.append(hop_record(event_id=f"E{number}"))
    ledger.close()
    assert rows(path, "SELECT event_id FROM hops ORDER BY event_id") == [("E0",), ("E1",), ("E2",)]


def test_one_record_that_cannot_be_written_costs_no_other(ledger: Ledger, path: Path) -> None:
    with capture_logs() as logs:
        for event_id in ("E1", "E2", "E1", "E3"):
            ledger.append(hop_record(event_id=event_id, text="secret words"))
        asyncio.run(ledger.ready())
    assert rows(path, "SELECT event_id FROM hops ORDER BY event_id") == [("E1",), ("E2",), ("E3",)]
    assert ledger.lost_records == 1
    assert logs == [
        {
            "event": "ledger_record_lost",
            "log_level": "error",
            "turn_id": "T1",
            "event_id": "E1",
            "hop": "intent",
            "error": "IntegrityError",
        }
    ]


def test_a_record_that_json_cannot_hold_is_lost_alone(ledger: Ledger, path: Path) -> None:
    damaged = hop_record(event_id="E1").model_copy(update={"input": {"text": "\ud800"}})
    with capture_logs() as logs:
        ledger.append(damaged)
        ledger.append(hop_record(event_id="E2"))
        asyncio.run(ledger.ready())
    assert rows(path, "SELECT event_id FROM hops") == [("E2",)]
    assert [entry["event_id"] for entry in logs] == ["E1"]


def test_records_that_no_longer_fit_are_counted_and_the_turn_still_gets_its_outcome(path: Path, vault: Vault) -> None:
    ledger = Ledger.open(path, vault)
    asyncio.run(ledger.accept(new_turn()))
    fill_disk(ledger, path)
    with capture_logs() as logs:
        ledger.append(hop_record(text="x" * 100_000))
        assert asyncio.run(ledger.close_turn("T1", ANSWER, 5_000))
        ledger.close()
    assert ledger.lost_records == 1
    assert [entry["event"] for entry in logs] == ["ledger_record_lost", "ledger_closed_with_lost_records"]
    assert logs[1]["lost_records"] == 1


def test_after_closing_records_are_counted_as_lost_and_other_writes_refused(path: Path, vault: Vault) -> None:
    ledger = Ledger.open(path, vault)
    ledger.close()
    ledger.close()
    with capture_logs() as logs:
        ledger.append(hop_record())
        ledger.append(hop_record())
        ledger.put_artefact("prompt", "text")
        with pytest.raises(LedgerError, match="was closed"):
            asyncio.run(ledger.ready())
    assert ledger.lost_records == 2
    assert [entry["event"] for entry in logs] == ["ledger_record_lost"] * 2 + ["ledger_artefact_lost"]


def test_an_artefact_is_kept_once_under_the_hash_of_its_text(ledger: Ledger, other: Ledger, path: Path) -> None:
    async def scenario() -> None:
        for each in (ledger, ledger, other):
            assert each.put_artefact("prompt", "Sag Hallo, Grüße") == digest("Sag Hallo, Grüße")
            await each.ready()

    asyncio.run(scenario())
    assert ledger.artefact(digest("Sag Hallo, Grüße")) == "Sag Hallo, Grüße"
    assert ledger.artefact("0" * 64) is None
    assert rows(path, "SELECT kind FROM artefacts") == [("prompt",)]


def test_an_artefact_that_could_not_be_written_is_logged_and_tried_again(ledger: Ledger, path: Path) -> None:
    make_read_only(ledger)
    with capture_logs() as logs:
        ledger.put_artefact("prompt", "text")
        pragma(ledger, "query_only=OFF")
    assert [(entry["event"], entry["kind"]) for entry in logs] == [("ledger_artefact_lost", "prompt")]
    sha256 = ledger.put_artefact("prompt", "text")
    asyncio.run(ledger.ready())
    assert ledger.artefact(sha256) == "text"


def test_a_ledger_that_can_be_written_to_is_ready_and_the_check_leaves_no_trace(ledger: Ledger, path: Path) -> None:
    asyncio.run(ledger.ready())
    assert rows(path, "SELECT count(*) FROM audit") == [(0,)]


def test_a_ledger_that_cannot_be_written_to_is_not_ready(ledger: Ledger) -> None:
    make_read_only(ledger)
    with pytest.raises(LedgerError, match="is read-only"):
        asyncio.run(ledger.ready())
