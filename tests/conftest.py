"""What all tests share: one encoder, one home folder, and the demo shop, opened once."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from assistant.cli.opening import Unlogged, demo_scope
from assistant.embedded.encoder import Encoder
from assistant.settings import Settings
from assistant.wiring import Site, open_site


@pytest.fixture(autouse=True)
def logs_of_its_own() -> Iterator[None]:
    """No test logs to a stream that another one closed."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    return Encoder()


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where catalogs and fitted models are kept, so that each is made once."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def demo_site(home: Path, encoder: Encoder) -> Iterator[Site]:
    site = open_site(demo_scope(), Settings(home=home), encoder, Unlogged())
    yield site
    site.catalog.close()


@pytest.fixture
def shots(tmp_path: Path) -> Path:
    """The folder for screenshots: that which HOPDESK_SHOTS names, else one that goes with the test."""
    folder = Path(os.environ.get("HOPDESK_SHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    return folder
