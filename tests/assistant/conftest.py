"""What tests of the assistant share: one encoder, one home folder, and the demo shop, opened once."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.cli.opening import Unlogged, demo_scope
from assistant.desk import Desk
from assistant.embedded.encoder import Encoder
from assistant.ledger import Ledger, Vault
from assistant.settings import Settings
from assistant.wiring import Site, open_site


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
def settings(home: Path, tmp_path: Path) -> Settings:
    """The shared home, and a ledger of the test's own."""
    return Settings(home=home, ledger=str(tmp_path / "ledger.sqlite"))


@pytest.fixture
def ledger(settings: Settings) -> Iterator[Ledger]:
    opened = Ledger.open(settings.ledger_place, Vault(Vault.new_key()))
    yield opened
    opened.close()


@pytest.fixture
def desk(demo_site: Site, ledger: Ledger, settings: Settings) -> Desk:
    """The demo shop's desk on the test's own ledger."""
    return Desk({"lumen-oak": logged_to(ledger, demo_site)}, ledger, settings)


def logged_to(ledger: Ledger, site: Site) -> Site:
    """A site whose hop records go to a ledger."""
    return replace(site, chain=replace(site.chain, log=ledger))
