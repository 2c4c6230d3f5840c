"""`hopdesk` itself: its own commands, and those that other packages add by an entry point."""

from importlib.metadata import EntryPoint, EntryPoints
from typing import Annotated

import pytest
import typer

from assistant.cli import added as adding
from tests.assistant.cli.conftest import Run

added = typer.Typer(help="Counts things.")


@added.command()
def count() -> None:
    """Count to three."""
    typer.echo("1 2 3")


def whisper(word: Annotated[str, typer.Argument()]) -> None:
    """Say a word softly."""
    typer.echo(f"({word})")


@pytest.fixture
def add(monkeypatch: pytest.MonkeyPatch) -> None:
    here = f"{__name__}:added"
    values = {
        "hopdesk.commands": {
            "counting": here, "ask": here, "missing": "no_such_package.app:app", "empty": f"{__name__}:nothing",
        },
        "hopdesk.hops": {"whisper": f"{__name__}:whisper", "export": here},
    }  # fmt: skip

    def points(group: str) -> EntryPoints:
        return EntryPoints(EntryPoint(name, value, group) for name, value in values[group].items())

    monkeypatch.setattr(adding, "points", points)


@pytest.mark.usefixtures("add")
class TestAdded:
    def test_a_command_of_another_package_runs_under_its_name(self, run: Run) -> None:
        assert run("counting", "count").stdout == "1 2 3\n"

    def test_our_own_commands_go_before(self, run: Run) -> None:
        assert "Ask one question and print how it ends." in run("ask", "--help").stdout

    def test_a_group_of_ours_is_added_to_and_a_function_is_a_command(self, run: Run) -> None:
        assert run("hops", "whisper", "hello").stdout == "(hello)\n"
        assert "Say a word softly." in run("hops", "--help").stdout
        assert "Write hop records as JSON Lines" in run("hops", "export", "--help").stdout

    @pytest.mark.parametrize("name", ["missing", "empty"])
    def test_one_that_cannot_be_loaded_is_said_in_a_sentence(self, run: Run, name: str) -> None:
        result = run(name, "count")
        assert result.exit_code == 1
        assert f"The command '{name}' cannot be loaded from" in result.stderr
        assert "install again what brings it" in " ".join(result.stderr.replace("│", " ").split())

    def test_an_unknown_command_is_no_added_one(self, run: Run) -> None:
        result = run("dance")
        assert result.exit_code == 2
        assert "No such command 'dance'" in result.stderr


def test_what_is_installed_with_hopdesk_is_listed(run: Run) -> None:
    listed = run("--help").stdout
    assert "evals" in listed
    assert listed.index("contacts") < listed.index("evals")
