import asyncio
import json
from pathlib import Path

import pytest

from assistant.ledger import Ledger, Vault
from chains.errors import LedgerError
from tests.assistant.ledger.conftest import AUDIT_NS
from tests.assistant.ledger.makers import make_read_only, new_turn, rows

CONTACTS = {"[EMAIL_1]": ("email", "Mara@example.org"), "[ORDER_1]": ("order", "A-1001")}


def test_personal_data_is_sealed_in_the_file_and_revealed_with_an_audit_entry(ledger: Ledger, path: Path) -> None:
    async def scenario() -> dict[str, str]:
        await ledger.accept(new_turn(contacts=CONTACTS))
        return await ledger.reveal("T1", "jo", "to write back")

    assert asyncio.run(scenario()) == {"[EMAIL_1]": "Mara@example.org", "[ORDER_1]": "A-1001"}
    ((at_ns, actor, action, subject, detail),) = rows(path, "SELECT at_ns, actor, action, subject, detail FROM audit")
    assert (at_ns, actor, action, subject) == (AUDIT_NS, "jo", "reveal", "T1")
    assert json.loads(str(detail)) == {"purpose": "to write back", "placeholders": ["[EMAIL_1]", "[ORDER_1]"]}
    for file in path.parent.iterdir():
        assert b"Mara" not in file.read_bytes()
        assert b"A-1001" not in file.read_bytes()


def test_an_unknown_turn_has_nothing_to_reveal(ledger: Ledger, path: Path) -> None:
    with pytest.raises(LedgerError, match="no turn 'T9'"):
        asyncio.run(ledger.reveal("T9", "jo", "to write back"))
    assert rows(path, "SELECT * FROM audit") == []


def test_nothing_is_revealed_where_the_audit_entry_cannot_be_written(ledger: Ledger) -> None:
    asyncio.run(ledger.accept(new_turn(contacts=CONTACTS)))
    make_read_only(ledger)
    with pytest.raises(LedgerError, match="read-only"):
        asyncio.run(ledger.reveal("T1", "jo", "to write back"))


def test_another_vault_key_reveals_nothing(ledger: Ledger, path: Path) -> None:
    asyncio.run(ledger.accept(new_turn(contacts=CONTACTS)))
    stranger = Ledger.open(path, Vault(Vault.new_key()))
    try:
        with pytest.raises(LedgerError, match="sealed with another key"):
            asyncio.run(stranger.reveal("T1", "jo", "to write back"))
    finally:
        stranger.close()


def test_erasing_an_address_removes_it_from_every_turn_and_leaves_the_rest(
    ledger: Ledger, path: Path, vault: Vault
) -> None:
    async def scenario() -> None:
        await ledger.accept(new_turn("T1", "C1", contacts=CONTACTS))
        await ledger.accept(new_turn("T2", "C2", contacts={"[EMAIL_1]": ("email", "mara@example.org")}))
        await ledger.accept(new_turn("T3", "C3", contacts={"[EMAIL_1]": ("email", "li@example.org")}))
        assert await ledger.erase(" MARA@example.org", "jo") == 2
        assert await ledger.erase("mara@example.org") == 0
        assert await ledger.reveal("T1", "jo", "check") == {"[ORDER_1]": "A-1001"}
        assert await ledger.reveal("T3", "jo", "check") == {"[EMAIL_1]": "li@example.org"}

    asyncio.run(scenario())
    assert rows(path, "SELECT ciphertext, lookup_hmac, erased_ns FROM contacts WHERE turn_id = 'T2'") == [
        (None, None, AUDIT_NS)
    ]
    sha = vault.lookup("mara@example.org")
    assert rows(path, "SELECT actor, subject, detail FROM audit WHERE action = 'erase' ORDER BY id") == [
        ("jo", sha, '{"erased":2}'),
        ("operator", sha, '{"erased":0}'),
    ]


def test_an_address_sealed_under_a_former_key_is_erased_too(tmp_path: Path) -> None:
    former, newest = Vault.new_key(), Vault.new_key()
    for vault, turn_id in ((Vault(former), "T1"), (Vault(newest, former), "T2")):
        ledger = Ledger.open(tmp_path / "ledger.db", vault)
        asyncio.run(ledger.accept(new_turn(turn_id, contacts=CONTACTS)))
        ledger.close()
    ledger = Ledger.open(tmp_path / "ledger.db", Vault(newest, former))
    assert asyncio.run(ledger.erase("mara@example.org")) == 2
    ledger.close()
