"""Settings of an installation, from environment variables that start with HOPDESK_."""

from pathlib import Path

from platformdirs import user_data_path
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Where things are kept and how the service listens; what a site may do is in its scope file."""

    model_config = SettingsConfigDict(env_prefix="HOPDESK_", extra="ignore", frozen=True, populate_by_name=True)

    home: Path = Field(
        default_factory=lambda: user_data_path("hopdesk"),
        description="Folder of the ledger, the catalogs, the fitted models and the vault's key.",
    )
    scopes: str = Field(
        default="", description="Scope files to serve, separated by the system's path separator; empty: the demo shop."
    )
    ledger: str = Field(
        default="", description="Path or SQL URL of the ledger; empty: hopdesk.sqlite in the home folder."
    )
    customer_secret: SecretStr = Field(
        default=SecretStr(""),
        description="Secret with which the shop's server signs customer tokens (HS256); empty: none are taken.",
    )
    redis_url: str = Field(
        default="",
        validation_alias="REDIS_URL",
        description="Redis or Valkey that the workers share; empty: an embedded one, where one is needed.",
    )
    host: str = Field(default="127.0.0.1", description="Address on which to listen.")
    port: int = Field(default=8080, ge=0, le=65535, description="Port on which to listen; 0 picks a free one.")
    body_limit_bytes: int = Field(default=65536, ge=1024, description="Largest accepted request body.")
    running_limit: int = Field(default=64, ge=1, description="Turns that may run at once; more are answered 503.")
    log_level: str = Field(
        default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="Least level that is logged."
    )

    @property
    def ledger_place(self) -> str | Path:
        """Where the ledger is."""
        return self.ledger or self.home / "hopdesk.sqlite"
