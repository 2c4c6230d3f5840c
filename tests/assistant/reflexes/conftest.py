from collections.abc import Iterator

import pytest

import assistant.reflexes.store
from assistant.reflexes import Store
from tests.assistant.reflexes.servers import Valkey


@pytest.fixture(scope="session")
def one_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    server = Valkey(tmp_path_factory.mktemp("valkey"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def server(one_server: Valkey) -> Iterator[Valkey]:
    """A real server, empty and well before each test, whatever the one before did to it."""
    one_server.heal()
    yield one_server
    one_server.heal()


@pytest.fixture
def store(server: Valkey) -> Store:
    return Store(server.url)


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """More time for what is well, however busy the machine; tests of what hangs take it back."""
    monkeypatch.setattr(assistant.reflexes.store, "OPERATION_S", 5.0)


@pytest.fixture
def impatience(patience: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assistant.reflexes.store, "OPERATION_S", 0.05)
