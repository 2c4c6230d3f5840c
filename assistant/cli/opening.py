"""Opens what a command works on: settings, sites, the desk and the ledger, and closes it again."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

from pydantic import ValidationError

from assistant.cli.screen import progress_bar
from assistant.desk import Desk
from assistant.embedded.encoder import Encoder
from assistant.ledger import Ledger, Reader, Vault
from assistant.logs import configure_logs
from assistant.settings import Settings
from assistant.wiring import Site, open_site
from chains.errors import HopdeskError, ScopeError
from chains.ports import HopLog
from chains.record import HopRecord

VAULT_KEY = "vault.key"


class Unlogged:
    """A hop log that keeps nothing, for runs that are no customer's request."""

    def append(self, record: HopRecord) -> None:
        """Let go of a record."""


def read_settings(*, quiet: bool = True) -> Settings:
    """The settings from the environment; `quiet` logs nothing below warnings unless the environment says so."""
    try:
        settings = Settings()
    except ValidationError as error:
        lines = (f"HOPDESK_{str(d['loc'][0]).upper()}: {d['msg'][0].lower()}{d['msg'][1:]}." for d in error.errors())
        raise HopdeskError("\n".join(lines)) from None
    wants_level = "log_level" in settings.model_fields_set
    configure_logs(settings.log_level if wants_level or not quiet else "WARNING", as_json=not quiet)
    return settings


def demo_scope() -> Path:
    """The scope file of the demo shop, which comes with the package."""
    return Path(str(files("assistant") / "demo" / "shop" / "scope.toml"))


def scope_paths(given: Sequence[Path] | None, settings: Settings) -> tuple[Path, ...]:
    """The scope files to use: those given, else those of the settings, else the demo shop's."""
    named = given or [Path(path) for path in settings.scopes.split(os.pathsep) if path]
    return tuple(named) or (demo_scope(),)


def open_sites(paths: Sequence[Path], settings: Settings, log: HopLog) -> dict[str, Site]:
    """The sites of scope files by their ids; raises `ScopeError` where two files have one id."""
    encoder = Encoder()
    sites: dict[str, Site] = {}
    for path in paths:
        with progress_bar(f"Reading the catalog of {path.name}") as progress:
            site = open_site(path, settings, encoder, log, progress)
        site_id = site.loaded.scope.site.id
        if site_id in sites:
            first = sites[site_id].loaded.path
            raise ScopeError(f"{path}: site.id: found {site_id!r}, which {first} has too; give each site its own.")
        sites[site_id] = site
    return sites


@contextmanager
def open_ledger(settings: Settings) -> Iterator[Ledger]:
    """The ledger of the installation, for writing."""
    ledger = Ledger.open(settings.ledger_place, Vault.from_file(settings.home / VAULT_KEY))
    try:
        yield ledger
    finally:
        ledger.close()


@contextmanager
def read_ledger(settings: Settings) -> Iterator[Reader]:
    """The ledger of the installation, for reading alone."""
    reader = Reader.attach(settings.ledger_place)
    try:
        yield reader
    finally:
        reader.close()


@contextmanager
def open_desk(paths: Sequence[Path], settings: Settings) -> Iterator[Desk]:
    """A desk that serves the sites of these scope files on the installation's ledger."""
    with open_ledger(settings) as ledger:
        sites = open_sites(paths, settings, ledger)
        try:
            yield Desk(sites, ledger, settings)
        finally:
            for site in sites.values():
                site.catalog.close()
