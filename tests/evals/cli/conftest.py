"""The command line as its other tests run it."""

from tests.assistant.cli.conftest import run

__all__ = ["run"]
