"""The vault: personal data goes in as sealed text, and is found again by a keyed hash of its value."""

import contextlib
import os
import secrets
import unicodedata
from collections.abc import Sequence
from hashlib import sha256
from hmac import digest
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from chains.errors import LedgerError


class Vault:
    """Seals personal data with Fernet: the first key seals, all of them open, which is how a key is replaced.

    Keys are those of `Vault.new_key`: 32 bytes in URL-safe base64. Raises `LedgerError` for any other.
    """

    def __init__(self, key: bytes, *former: bytes) -> None:
        keys = (key, *former)
        try:
            self._fernet = MultiFernet([Fernet(each) for each in keys])
        except ValueError as error:
            raise LedgerError(
                "A vault key is not 32 bytes in URL-safe base64; restore the key file from its backup."
            ) from error
        self._lookup_keys = tuple(
            # RFC 5869; `info` sets the key apart from the one that seals
            HKDF(algorithm=SHA256(), length=32, salt=None, info=b"hopdesk contact lookup").derive(each)
            for each in keys
        )

    @staticmethod
    def new_key() -> bytes:
        """A fresh random key."""
        return Fernet.generate_key()

    @classmethod
    def from_file(cls, path: Path) -> "Vault":
        """The vault whose keys stand in a file, one a line, newest first.

        Where there is no file, one with a fresh key is made, readable by its owner alone; of several
        processes that start at once, one makes it and all use it. Raises `LedgerError`.
        """
        try:
            keys = _lines(path) if path.exists() else _create(path)
        except OSError as error:
            raise LedgerError(
                f"The vault's key file {path} cannot be read or made ({error.strerror}); "
                "check the path and who may read and write there."
            ) from error
        if not keys:
            raise LedgerError(f"The vault's key file {path} holds no key; restore it from its backup.")
        return cls(*keys)

    def seal(self, value: str) -> str:
        """The value as text that only this vault's keys open."""
        return self._fernet.encrypt(value.encode()).decode("ascii")

    def open(self, sealed: str) -> str:
        """The value that was sealed; raises `LedgerError` for another key's or damaged text."""
        try:
            return self._fernet.decrypt(sealed).decode()
        except (InvalidToken, ValueError) as error:
            raise LedgerError(
                "A stored contact cannot be opened: it is damaged or was sealed with another key; "
                "put the key that was in use back into the vault's key file."
            ) from error

    def lookup(self, value: str) -> str:
        """The keyed hash by which a value is found again, in hexadecimal (HMAC-SHA256, first key)."""
        return self.lookups(value)[0]

    def lookups(self, value: str) -> tuple[str, ...]:
        """The keyed hashes that a value may be stored under, one for each key."""
        normal = _normal(value).encode()
        return tuple(digest(key, normal, sha256).hex() for key in self._lookup_keys)


def _normal(value: str) -> str:
    """A value without differences in writing: case, spaces, and in numbers the separators."""
    plain = unicodedata.normalize("NFKC", value).casefold()
    if "@" in plain:
        return "".join(plain.split())
    return "".join(character for character in plain if character.isalnum())


def _lines(path: Path) -> Sequence[bytes]:
    return [line.strip() for line in path.read_bytes().splitlines() if line.strip()]


def _create(path: Path) -> Sequence[bytes]:
    """Write a key beside `path` and link it there: the file appears whole, and only if there is none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(Vault.new_key() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()
    return _lines(path)
