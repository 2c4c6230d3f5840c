import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.ledger import Vault
from chains.errors import LedgerError

VAULT = Vault(Vault.new_key())
texts = st.text(st.characters(codec="utf-8"), max_size=80)


@given(texts)
def test_what_was_sealed_opens_to_the_same_value(value: str) -> None:
    assert VAULT.open(VAULT.seal(value)) == value


def test_sealing_twice_gives_texts_that_do_not_show_the_value_or_that_it_is_the_same() -> None:
    first, second = VAULT.seal("mara@example.org"), VAULT.seal("mara@example.org")
    assert first != second
    assert "mara" not in first


def test_another_key_or_a_damaged_text_is_refused_in_a_sentence() -> None:
    sealed = VAULT.seal("mara@example.org")
    for vault, text in ((Vault(Vault.new_key()), sealed), (VAULT, sealed[:-5] + "AAAAA"), (VAULT, "ü"), (VAULT, "")):
        with pytest.raises(LedgerError, match=r"cannot be opened.*key file\.$"):
            vault.open(text)


def test_a_new_first_key_seals_while_the_former_still_opens() -> None:
    former, newest = Vault.new_key(), Vault.new_key()
    old = Vault(former).seal("mara@example.org")
    rotated = Vault(newest, former)
    assert rotated.open(old) == "mara@example.org"
    assert Vault(newest).open(rotated.seal("x")) == "x"
    with pytest.raises(LedgerError):
        Vault(former).open(rotated.seal("x"))


def test_a_lookup_is_the_same_for_every_way_to_write_an_address_and_differs_between_keys() -> None:
    assert VAULT.lookup(" Mara@Example.ORG ") == VAULT.lookup("mara@example.org")
    assert VAULT.lookup("+49 (30) 123-45") == VAULT.lookup("+493012345")
    assert VAULT.lookup("a-b@example.org") != VAULT.lookup("ab@example.org")
    assert VAULT.lookup("mara@example.org") != Vault(Vault.new_key()).lookup("mara@example.org")
    assert len(bytes.fromhex(VAULT.lookup("x"))) == 32


def test_lookups_cover_what_was_stored_before_the_key_was_replaced() -> None:
    former, newest = Vault.new_key(), Vault.new_key()
    assert Vault(newest, former).lookups("a@b.c") == (Vault(newest).lookup("a@b.c"), Vault(former).lookup("a@b.c"))


def test_a_missing_key_file_is_made_for_its_owner_alone_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "vault.key"
    sealed = Vault.from_file(path).seal("mara@example.org")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Vault.from_file(path).open(sealed) == "mara@example.org"
    assert [each.name for each in path.parent.iterdir()] == ["vault.key"]


def test_of_many_that_make_the_key_file_at_once_all_get_the_same_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        vaults = list(pool.map(lambda _: Vault.from_file(tmp_path / "vault.key"), range(16)))
    assert len({vault.lookup("x") for vault in vaults}) == 1


def test_a_key_file_may_hold_former_keys_below_the_newest(tmp_path: Path) -> None:
    former, newest = Vault.new_key(), Vault.new_key()
    path = tmp_path / "vault.key"
    path.write_bytes(newest + b"\n\n" + former + b"\n")
    assert Vault.from_file(path).open(Vault(former).seal("x")) == "x"


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "holds no key"), (b"\n \n", "holds no key"), (b"secret", "not 32 bytes"), ("ß".encode(), "not 32 bytes")],
)
def test_a_key_file_without_a_usable_key_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "vault.key"
    path.write_bytes(content)
    with pytest.raises(LedgerError, match=said):
        Vault.from_file(path)


def test_a_key_file_that_cannot_be_read_or_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path, tmp_path / "file" / "vault.key"):
        with pytest.raises(LedgerError, match=r"key file .* cannot be read or made"):
            Vault.from_file(path)
