"""What tests of the assistant share: the demo shop's desk on a ledger of the test's own."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.desk import Desk
from assistant.ledger import Ledger, Vault
from assistant.settings import Settings
from assistant.web.warm_up import warm_up
from assistant.wiring import Site


@pytest.fixture
def settings(home: Path, tmp_path: Path) -> Settings:
    """The shared home, and a ledger of the test's own."""
    return Settings(home=home, ledger=str(tmp_path / "ledger.sqlite"))


@pytest.fixture
def ledger(settings: Settings) -> Iterator[Ledger]:
    opened = Ledger.open(settings.ledger_place, Vault(Vault.new_key()))
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def warm_hops(demo_site: Site) -> None:
    """Load what the first turn would load, which takes seconds of its deadline."""
    asyncio.run(warm_up([demo_site]))


@pytest.fixture
def desk(demo_site: Site, ledger: Ledger, settings: Settings, warm_hops: None) -> Desk:
    """The demo shop's desk on the test's own ledger."""
    return Desk({"lumen-oak": logged_to(ledger, demo_site)}, ledger, settings)


def logged_to(ledger: Ledger, site: Site) -> Site:
    """A site whose hop records go to a ledger."""
    return replace(site, chain=replace(site.chain, log=ledger))
