"""Runs the command line in this process, on the shared home and a ledger of the test's own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from assistant.cli.opening import demo_scope
from assistant.embedded.encoder import Encoder
from assistant.reflexes import Reflexes
from assistant.settings import Settings
from assistant.wiring import Progress, Site, open_site
from chains.ports import HopLog

if TYPE_CHECKING:
    from click.testing import Result

Run = Callable[..., "Result"]


def pytest_configure(config: pytest.Config) -> None:
    # typer 0.19 names parts of click that the newest click warns of; guardrails-ai holds typer below 0.20
    config.addinivalue_line("filterwarnings", "ignore:.*Click 9:DeprecationWarning")


@pytest.fixture
def run(home: Path, demo_site: Site, encoder: Encoder, tmp_path: Path) -> Iterator[Run]:
    """Run `hopdesk` with these arguments; the demo shop's catalog and models are there already."""
    with command_line(home, demo_site, encoder, tmp_path / "ledger.sqlite") as invoke:
        yield invoke


@contextmanager
def command_line(home: Path, demo_site: Site, encoder: Encoder, ledger: Path) -> Iterator[Run]:
    """What `run` is, for tests that share one."""
    from typer.testing import CliRunner

    from assistant.cli.main import app

    def opened(
        path: Path, settings: Settings, encoder: Encoder, log: HopLog, progress: Progress, *, reflexes: Reflexes
    ) -> Site:
        if path == demo_scope():
            return replace(demo_site, chain=replace(demo_site.chain, log=log))
        return open_site(path, settings, encoder, log, progress, reflexes=reflexes)

    def invoke(*arguments: object) -> "Result":
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOPDESK_HOME", str(home))
        patch.setenv("HOPDESK_LEDGER", str(ledger))
        patch.delenv("REDIS_URL", raising=False)
        for place in ("assistant.cli.opening.Encoder", "assistant.embedded.encoder.Encoder"):
            patch.setattr(place, lambda: encoder)
        patch.setattr("assistant.cli.opening.open_site", opened)
        patch.setattr(demo_site.catalog, "close", lambda: None)  # it is the next test's too
        yield invoke
