"""Opens what a command works on: settings, sites, the desk and the ledger, and closes it again."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

import structlog
from anyio.from_thread import start_blocking_portal
from pydantic import ValidationError

from assistant.cli.screen import progress_bar
from assistant.desk import Desk
from assistant.embedded.encoder import Encoder
from assistant.ledger import Ledger, Reader, Vault
from assistant.logs import configure_logs
from assistant.reflexes import EmbeddedValkey, Reflexes, Store
from assistant.settings import Settings
from assistant.wiring import Site, open_site
from chains.errors import HopdeskError, ScopeError
from chains.ports import HopLog
from chains.record import HopRecord

log = structlog.get_logger(__name__)
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


def open_sites(paths: Sequence[Path], settings: Settings, log: HopLog, store: Store | None = None) -> dict[str, Site]:
    """The sites of scope files by their ids; raises `ScopeError` where two files have one id."""
    encoder, reflexes = Encoder(), Reflexes.of(store)
    sites: dict[str, Site] = {}
    for path in paths:
        with progress_bar(f"Reading the catalog of {path.name}") as progress:
            site = open_site(path, settings, encoder, log, progress, reflexes=reflexes)
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
def share_store(settings: Settings, *, embedded: bool) -> Iterator[str]:
    """The URL of what workers share: that of the settings, or of a Valkey of our own while this lasts; else empty.

    Where our own does not start, that is logged and nothing is shared: every use of it has something to fall back on.
    """
    if settings.redis_url or not embedded:
        yield settings.redis_url
        return
    valkey = EmbeddedValkey(settings.home / "valkey")
    try:
        url = valkey.start()
    except HopdeskError as error:
        log.warning("valkey_not_started", error=str(error))
        valkey.stop()
        yield ""
        return
    try:
        with start_blocking_portal() as portal:
            watching = portal.start_task_soon(valkey.watch)
            try:
                yield url
            finally:
                watching.cancel()
    finally:
        valkey.stop()


@contextmanager
def open_desk(paths: Sequence[Path], settings: Settings) -> Iterator[Desk]:
    """A desk that serves the sites of these scope files on the installation's ledger, and on Redis if there is one."""
    store = Store(settings.redis_url) if settings.redis_url else None
    with open_ledger(settings) as ledger:
        sites = open_sites(paths, settings, ledger, store)
        try:
            yield Desk(sites, ledger, settings, store)
        finally:
            for site in sites.values():
                site.catalog.close()
