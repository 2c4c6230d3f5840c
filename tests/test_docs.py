"""The docs say what the code does: generated parts are up to date, and the README's snippets run."""

import json
import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from assistant.cli.main import app
from assistant.requests import AskRequest
from chains.scope import IntentScope
from tests import generated_docs

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = [line[2:] for line in re.findall(r"^\$ .+$", README, re.MULTILINE)]
ASKED = [command for command in COMMANDS if command.startswith(("hopdesk ask", "hopdesk scope"))]


@pytest.mark.parametrize("path", generated_docs.DOCS, ids=lambda path: path.name)
def test_the_generated_parts_are_up_to_date(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert generated_docs.brought_up_to_date(text) == text


def test_the_readme_names_the_two_commands_that_do_all_the_set_up() -> None:
    assert COMMANDS[0] == "make demo"
    assert "make test" in COMMANDS
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert all(f"\n{command.split()[1]}:" in makefile for command in COMMANDS if command.startswith("make "))


def test_the_readmes_hopdesk_commands_run_in_their_order(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path_factory.mktemp("readme")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOPDESK_HOME", str(folder / "home"))
    said = {}
    for command in ASKED:
        done = CliRunner().invoke(app, shlex.split(command)[1:])
        assert done.exit_code == 0, f"{command}: {done.output}"
        said[command] = done.output
    assert "Yes, the Aurel Nova 14 has 16 GB of memory." in said[ASKED[0]]
    assert "shipped" in said[ASKED[2]]
    assert "decline" in said[ASKED[3]]


def test_the_readmes_request_is_one_that_the_api_takes() -> None:
    bodies = re.findall(r"```json\n(.*?)```", README, re.DOTALL)
    assert [AskRequest.model_validate_json(body).site for body in bodies] == ["lumen-oak"]


def test_the_readmes_intent_is_one_that_a_scope_takes() -> None:
    import tomllib

    (text,) = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    (intent,) = tomllib.loads(text)["intents"]
    assert IntentScope.model_validate_json(json.dumps(intent)).tools == ("get_order",)
