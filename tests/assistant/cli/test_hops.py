"""`hopdesk hops` and `hopdesk contacts`: exports, replays and erasure."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.assistant.cli.conftest import Run
from tests.assistant.shops import write_shop


@pytest.fixture
def turn_id(run: Run) -> str:
    reply = json.loads(run("ask", "Does the Aurel Nova 14 have bluetooth? Write to anna@example.com", "--json").stdout)
    return str(reply["turn_id"])


def test_records_are_exported_as_json_lines(run: Run, turn_id: str, tmp_path: Path) -> None:
    records = _lines(run("hops", "export").stdout)
    assert [record["hop"] for record in records][:4] == ["moderation", "moderation", "intent", "lookup"]
    assert {record["schema"] for record in records} == {"hop/1"}
    assert "anna@example.com" not in json.dumps(records)
    lookups = _lines(run("hops", "export", "--site", "lumen-oak", "--hop", "lookup", "--turn", turn_id[:25]).stdout)
    assert [record["hop"] for record in lookups] == ["lookup"]
    assert run("hops", "export", "--since", "2999-01-01").stdout == ""
    assert len(_lines(run("hops", "export", "--since", "2020-01-01T08:30+02:00").stdout)) == len(records)
    target = tmp_path / "hops.jsonl"
    written = run("hops", "export", "-o", target)
    assert written.stderr == f"{len(records)} records written to {target}\n"
    assert _lines(target.read_text(encoding="utf-8")) == records


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--since", "yesterday"), 2, "This is no time"),
        (("--hop", "dance"), 2, "There is no such hop"),
        (("--turn", "zzz"), 1, "There is no turn 'zzz'"),
        (("-o", "/dev/null/x"), 1, "the file cannot be written"),
    ],
)
def test_an_export_that_cannot_be_meant_is_said(
    run: Run, turn_id: str, arguments: tuple[str, ...], code: int, said: str
) -> None:
    result = run("hops", "export", *arguments)
    assert (result.exit_code, result.stdout) == (code, "")
    assert said in result.stderr


def test_a_turn_and_an_event_are_replayed_alike(run: Run, turn_id: str) -> None:
    replayed = run("hops", "replay", turn_id)
    assert replayed.exit_code == 0
    assert [line.split()[0] for line in replayed.stdout.splitlines()] == ["identical"] * 7
    event = _lines(run("hops", "export", "--hop", "intent").stdout)[0]["event_id"]
    again = run("hops", "replay", event)
    assert again.stdout.split()[:2] == ["identical", "intent"]


def test_a_replay_that_differs_shows_the_difference(run: Run, turn_id: str, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "ledger.sqlite") as connection:
        connection.execute("""UPDATE hops SET record = replace(record, '"out_of_scope":0.', '"out_of_scope":0.9')""")
    connection.close()
    result = run("hops", "replay", turn_id)
    assert result.exit_code == 1
    assert "different  intent attempt 1" in result.stdout
    assert '-  "out_of_scope": 0.9' in result.stdout


def test_a_replay_needs_the_record_s_own_site(run: Run, turn_id: str, tmp_path: Path) -> None:
    result = run("hops", "replay", turn_id, "--scope", write_shop(tmp_path))
    assert result.exit_code == 1
    assert "is of the site 'lumen-oak'" in result.stderr


@pytest.mark.parametrize("which", ["zz", "z" * 26, "01ARZ3NDEKTSV4RRFFQ69G5FAV"])
def test_an_event_that_is_not_there_is_said(run: Run, turn_id: str, which: str) -> None:
    result = run("hops", "replay", which)
    assert result.exit_code == 1
    assert "There is no turn" in result.stderr


def test_a_turn_without_records_is_said(run: Run, turn_id: str, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "ledger.sqlite") as connection:
        connection.execute("DELETE FROM hops")
        connection.execute("UPDATE turns SET outcome = NULL, outcome_kind = NULL, ended_ns = NULL, closed_by = NULL")
    connection.close()
    assert "has no hop records" in run("hops", "replay", turn_id).stderr
    assert "open: it has no outcome yet" in run("trace", turn_id).stdout


def test_an_address_is_erased_and_not_repeated(run: Run, turn_id: str) -> None:
    first = run("contacts", "erase", "Anna@Example.com")
    assert (first.exit_code, first.stdout) == (0, "Erased in 1 place.\n")
    assert run("contacts", "erase", "Anna@Example.com").stdout == "Erased in 0 places.\n"


def _lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]
