"""What the commands open: above all what several processes share, and what becomes of it."""

import os
import signal
import time
from pathlib import Path

import pytest
import structlog

from assistant.cli.opening import open_desk, open_sites, read_settings, scope_paths, share_store
from assistant.desk import Desk
from assistant.settings import Settings
from chains.errors import HopdeskError
from chains.outcomes import Answer
from tests.assistant.asking import ask
from tests.assistant.cli.conftest import Run
from tests.assistant.reflexes.servers import ask as tell
from tests.assistant.reflexes.servers import is_running


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home of the test's own, and no store."""
    return Settings(home=tmp_path, redis_url="")


def pid_of(home: Path) -> int:
    lines = tell(home / "valkey" / "valkey.sock", "INFO server", lines=True).splitlines()
    return next(int(line.partition(":")[2]) for line in lines if line.startswith("process_id:"))


def test_a_store_of_ones_own_is_used_and_none_is_started(settings: Settings) -> None:
    own = settings.model_copy(update={"redis_url": "redis://cache:6379/0"})
    for embedded in (True, False):
        with share_store(own, embedded=embedded) as url:
            assert url == "redis://cache:6379/0"
    assert not (settings.home / "valkey").exists()


def test_nothing_is_shared_where_nobody_needs_it(settings: Settings) -> None:
    with share_store(settings, embedded=False) as url:
        assert url == ""
    assert not (settings.home / "valkey").exists()


def test_one_of_our_own_runs_while_it_is_shared_and_is_replaced_when_it_dies(settings: Settings) -> None:
    with share_store(settings, embedded=True) as url:
        assert url == f"unix://{settings.home}/valkey/valkey.sock"
        first = pid_of(settings.home)
        os.kill(first, signal.SIGKILL)
        second = None
        while second in (None, first):
            time.sleep(0.02)
            try:
                second = pid_of(settings.home)
            except OSError:  # there is none just now
                continue
    assert second is not None
    assert not is_running(second)


def test_one_that_does_not_start_is_logged_and_nothing_is_shared(settings: Settings) -> None:
    (settings.home / "valkey").write_text("this is a file")
    with structlog.testing.capture_logs() as logs, share_store(settings, embedded=True) as url:
        assert url == ""
    (said,) = logs
    assert (said["event"], said["log_level"]) == ("valkey_not_started", "warning")
    assert "set REDIS_URL to a Redis server" in said["error"]


@pytest.mark.usefixtures("run")  # which has the demo shop open already
def test_a_desk_answers_with_a_store_that_is_lost(tmp_path: Path) -> None:
    settings = read_settings().model_copy(update={"redis_url": f"unix://{tmp_path}/nobody.sock"})
    with open_desk(scope_paths(None, settings), settings) as desk:
        assert isinstance(desk, Desk)
        assert isinstance(ask(desk, "Is the Aurel Nova 14 in stock?").outcome, Answer)


def test_a_store_that_is_none_is_said_in_a_sentence(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "localhost")
    result = run("ask", "hello")
    assert result.exit_code == 1
    assert result.stderr == (
        "hopdesk: REDIS_URL does not name a Redis server; write it like redis://host:6379/0 or "
        "unix:///path/to/socket.\n"
    )


def test_settings_that_cannot_be_meant_are_said_by_their_variables(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HOPDESK_PORT", "http")
    monkeypatch.setenv("HOPDESK_LOG_LEVEL", "LOUD")
    with pytest.raises(HopdeskError) as caught:
        read_settings()
    first, second = str(caught.value).splitlines()
    assert first.startswith("HOPDESK_PORT: input should be a valid integer")
    assert second.startswith("HOPDESK_LOG_LEVEL: string should match pattern")


def test_two_scopes_of_one_site_are_refused(run: Run, tmp_path: Path) -> None:
    from assistant.cli.opening import Unlogged, demo_scope

    with pytest.raises(HopdeskError, match=r"scope\.toml: site\.id: found 'lumen-oak', which .* has too"):
        open_sites([demo_scope(), demo_scope()], read_settings(), Unlogged())
    paths = os.pathsep.join((str(tmp_path / "one.toml"), str(tmp_path / "two.toml")))
    assert scope_paths(None, Settings(scopes=paths)) == (tmp_path / "one.toml", tmp_path / "two.toml")
