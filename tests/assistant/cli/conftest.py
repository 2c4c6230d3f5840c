"""Runs the command line in this process, on the shared home and a ledger of the test's own."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import structlog

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
def run(
    home: Path, demo_site: Site, encoder: Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Run]:
    """Run `hopdesk` with these arguments; the demo shop's catalog and models are there already."""
    from typer.testing import CliRunner

    from assistant.cli.main import app

    monkeypatch.setenv("HOPDESK_HOME", str(home))
    monkeypatch.setenv("HOPDESK_LEDGER", str(tmp_path / "ledger.sqlite"))
    monkeypatch.delenv("REDIS_URL", raising=False)
    for place in ("assistant.cli.opening.Encoder", "assistant.embedded.encoder.Encoder"):
        monkeypatch.setattr(place, lambda: encoder)

    def opened(
        path: Path, settings: Settings, encoder: Encoder, log: HopLog, progress: Progress, *, reflexes: Reflexes
    ) -> Site:
        if path == demo_scope():
            return replace(demo_site, chain=replace(demo_site.chain, log=log))
        return open_site(path, settings, encoder, log, progress, reflexes=reflexes)

    monkeypatch.setattr("assistant.cli.opening.open_site", opened)
    monkeypatch.setattr(demo_site.catalog, "close", lambda: None)  # it is the next test's too
    runner = CliRunner()

    def invoke(*arguments: object) -> "Result":
        return runner.invoke(app, [str(argument) for argument in arguments])

    yield invoke
    structlog.reset_defaults()  # the logs of a command go to a stream that is gone now
