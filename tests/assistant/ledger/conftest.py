from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.ledger import Ledger, Vault

AUDIT_NS = 77


@pytest.fixture(scope="session")
def vault() -> Vault:
    return Vault(Vault.new_key())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture
def ledger(path: Path, vault: Vault) -> Iterator[Ledger]:
    opened = Ledger.open(path, vault, clock=lambda: AUDIT_NS)
    yield opened
    opened.close()


@pytest.fixture
def other(ledger: Ledger, path: Path, vault: Vault) -> Iterator[Ledger]:
    """A second process's view of the same file."""
    opened = Ledger.open(path, vault)
    yield opened
    opened.close()
