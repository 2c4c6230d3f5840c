"""Settings: where they come from, what they refuse, and what they never show."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from assistant.settings import Settings


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An environment without settings, and a user's folder of the test's own."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"HOPDESK_{name.upper()}", raising=False)
    monkeypatch.delenv("REDIS_URL", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def test_the_defaults_keep_to_this_machine() -> None:
    settings = Settings()
    assert (settings.host, settings.port) == ("127.0.0.1", 8080)
    assert settings.home.name == "hopdesk"
    assert settings.ledger_place == settings.home / "hopdesk.sqlite"
    assert settings.scopes == ""
    assert settings.customer_secret.get_secret_value() == ""
    assert settings.redis_url == ""


def test_the_environment_sets_each_of_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOPDESK_HOME", str(tmp_path))
    monkeypatch.setenv("HOPDESK_LEDGER", "postgresql://db/hopdesk")
    monkeypatch.setenv("HOPDESK_PORT", "0")
    monkeypatch.setenv("HOPDESK_UNKNOWN", "is not ours")
    settings = Settings()
    assert (settings.home, settings.ledger_place, settings.port) == (tmp_path, "postgresql://db/hopdesk", 0)


def test_the_shared_store_has_the_name_that_everybody_gives_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOPDESK_REDIS_URL", "redis://other:6379/0")
    monkeypatch.setenv("REDIS_URL", "redis://cache:6379/0")
    assert Settings().redis_url == "redis://cache:6379/0"
    assert Settings(redis_url="redis://third:6379/0").redis_url == "redis://third:6379/0"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "70000"),
        ("PORT", "-1"),
        ("PORT", "http"),
        ("LOG_LEVEL", "LOUD"),
        ("BODY_LIMIT_BYTES", "10"),
        ("RUNNING_LIMIT", "0"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"HOPDESK_{name}", value)
    with pytest.raises(ValidationError) as caught:
        Settings()
    assert [error["loc"] for error in caught.value.errors()] == [(name.lower(),)]


def test_the_secret_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOPDESK_CUSTOMER_SECRET", "s3cret-of-the-shop")
    settings = Settings()
    assert settings.customer_secret.get_secret_value() == "s3cret-of-the-shop"
    assert "s3cret" not in f"{settings!r} {settings} {settings.model_dump_json()}"


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().port = 1  # type: ignore[misc]
