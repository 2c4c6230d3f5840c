import asyncio
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from assistant.ledger import Ledger, Vault, database
from chains.errors import LedgerError
from tests.assistant.ledger.makers import new_turn, pragma, rows


def test_a_missing_folder_is_made_and_what_was_stored_is_there_when_opened_again(tmp_path: Path, vault: Vault) -> None:
    path = tmp_path / "var lib" / "100%" / "ledger.db"
    for number in range(2):
        ledger = Ledger.open(path, vault)
        asyncio.run(ledger.accept(new_turn(f"T{number}", f"C{number}")))
        assert [turn.turn_id for turn in ledger.turns()] == ["T0", "T1"][: number + 1] or number
        ledger.close()
    assert rows(path, "SELECT turn_id FROM turns ORDER BY turn_id") == [("T0",), ("T1",)]


def test_a_database_url_may_be_given_instead_of_a_path(path: Path, vault: Vault) -> None:
    ledger = Ledger.open(f"sqlite:///{path}", vault)
    asyncio.run(ledger.accept(new_turn()))
    assert ledger.turn("T1").turn_id == "T1"
    ledger.close()


def test_the_file_is_set_up_for_readers_beside_a_writer(ledger: Ledger) -> None:
    async def setting(name: str) -> str:
        return await ledger._writer.run(lambda connection: str(connection.exec_driver_sql(f"PRAGMA {name}").scalar()))

    names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
    assert [asyncio.run(setting(name)) for name in names] == ["wal", "1", "1", "5000"]


def test_many_that_open_a_new_ledger_at_once_all_succeed(path: Path, vault: Vault) -> None:
    with ThreadPoolExecutor(6) as pool:
        ledgers = list(pool.map(lambda _: Ledger.open(path, vault), range(6)))
    for ledger in ledgers:
        asyncio.run(ledger.ready())
        ledger.close()


def test_a_folder_in_the_place_of_the_file_is_refused(tmp_path: Path, vault: Vault) -> None:
    with pytest.raises(LedgerError, match="cannot be opened; check that its folder"):
        Ledger.open(tmp_path, vault)


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path, vault: Vault) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerError, match=r"file/ledger\.db cannot be opened \(.*\); check the path"):
        Ledger.open(tmp_path / "file" / "ledger.db", vault)


def test_a_file_that_is_no_database_is_refused_and_left_alone(path: Path, vault: Vault) -> None:
    path.write_bytes(b"Dear diary, " * 1000)
    with pytest.raises(LedgerError, match=r"ledger\.db is not a ledger; name another path"):
        Ledger.open(path, vault)
    assert path.read_bytes() == b"Dear diary, " * 1000


def test_a_damaged_file_is_refused(path: Path, vault: Vault) -> None:
    Ledger.open(path, vault).close()
    whole = path.read_bytes()
    path.write_bytes(whole[:100] + b"\xff" * 4000 + whole[4100:])
    with pytest.raises(LedgerError, match="is damaged; restore it"):
        Ledger.open(path, vault)


def test_a_ledger_of_a_newer_version_is_refused_and_left_alone(path: Path, vault: Vault) -> None:
    Ledger.open(path, vault).close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(LedgerError, match=r"another version of Hopdesk \(revision '9999'\)"):
        Ledger.open(path, vault)
    assert rows(path, "SELECT version_num FROM alembic_version") == [("9999",)]


def test_a_file_with_other_tables_of_the_same_name_is_refused_and_left_alone(path: Path, vault: Vault) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE turns (a)")
    with pytest.raises(LedgerError, match="cannot be read or written"):
        Ledger.open(path, vault)
    assert rows(path, "SELECT name FROM sqlite_master WHERE type = 'table'") == [("turns",)]


def test_a_file_that_another_process_holds_is_told_in_a_sentence(ledger: Ledger, path: Path) -> None:
    pragma(ledger, "busy_timeout=1")
    with closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(LedgerError, match="is held by another process for too long"):
            asyncio.run(ledger.accept(new_turn()))
        holder.execute("ROLLBACK")
    asyncio.run(ledger.accept(new_turn()))


def test_a_file_that_turns_into_something_else_while_the_ledger_is_open_is_told_in_a_sentence(
    path: Path, vault: Vault
) -> None:
    Ledger.open(path, vault).close()
    ledger = Ledger.open(path, vault)
    for file in path.parent.iterdir():
        file.unlink()
    path.mkdir()
    for action in (ledger.outcome_of("T1"), ledger.ready()):
        with pytest.raises(LedgerError, match=r"ledger\.db cannot be .*; check that"):
            asyncio.run(action)
    ledger.close()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("://", "database URL cannot be read"),
        ("nosuch://host/db", "driver 'nosuch', which is not installed"),
        ("sqlite+nosuch:///x.db", "driver 'sqlite\\+nosuch', which is not installed"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused(vault: Vault, url: str, said: str) -> None:
    with pytest.raises(LedgerError, match=said):
        Ledger.open(url, vault)


def test_a_password_never_stands_in_a_message() -> None:
    assert database.name_of(database.locate("nosuch://jo:hunter2@host/db")) == "nosuch://jo:***@host/db"
