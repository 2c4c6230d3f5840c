"""The docs say what the code does: generated parts are up to date, and the README's snippets run."""

import json
import re
import shlex
import tomllib
from itertools import takewhile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from assistant.cli.main import app
from assistant.cli.models import named_models
from assistant.cli.scope_report import warnings
from assistant.requests import AskRequest
from chains.scope import IntentScope, Scope
from chains.scope_file import LoadedScope
from tests import generated_docs
from tests.assistant.shops import STARTER

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = [line[2:] for line in re.findall(r"^\$ .+$", README, re.MULTILINE)]
ALL_RUN = ("hopdesk ask", "hopdesk scope", "hopdesk models", "hopdesk prompts")  # the others serve, or take a minute
ASKED = [command for command in COMMANDS if command.startswith(ALL_RUN)]
TOML = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)


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
    monkeypatch.delenv("REDIS_URL", raising=False)
    said = {}
    for command in ASKED:
        done = CliRunner().invoke(app, shlex.split(command)[1:])
        assert done.exit_code == 0, f"{command}: {done.output}"
        said[command] = done.output
    assert "Yes, the Aurel Nova 14 has 16 GB of memory." in said[ASKED[0]]
    assert "shipped" in said[ASKED[2]]
    assert "decline" in said[ASKED[3]]
    printed = "\n".join(said.values())
    assert "shop/scope.toml: no hop names a language model, so nothing was asked." in printed
    assert "where is my parcel?\n</customer_message>" in printed


@pytest.mark.parametrize("command", [one for one in COMMANDS if one.startswith("hopdesk") and one not in ASKED])
def test_the_readmes_other_hopdesk_commands_have_the_options_that_they_are_given(command: str) -> None:
    words = shlex.split(command)[1:]
    names = list(takewhile(lambda word: not word.startswith("-"), words))
    help_ = CliRunner().invoke(app, [*names, "--help"], env={"COLUMNS": "200"})
    assert help_.exit_code == 0
    assert all(word in help_.output for word in words if word.startswith("--"))


def test_the_readmes_request_is_one_that_the_api_takes() -> None:
    bodies = re.findall(r"```json\n(.*?)```", README, re.DOTALL)
    assert [AskRequest.model_validate_json(body).site for body in bodies] == ["lumen-oak"]


def test_the_readmes_intent_is_one_that_a_scope_takes() -> None:
    (intent,) = tomllib.loads(TOML[0])["intents"]
    assert IntentScope.model_validate_json(json.dumps(intent)).tools == ("get_order",)


def test_the_readmes_language_models_are_some_that_a_scope_takes_without_a_warning(tmp_path: Path) -> None:
    starter = tomllib.loads((STARTER / "scope.toml").read_text(encoding="utf-8"))
    for section, entries in tomllib.loads(TOML[1]).items():
        starter[section] = starter.get(section, {}) | entries if isinstance(entries, dict) else entries
    scope = Scope.model_validate_json(json.dumps(starter))
    assert [one.name for one in named_models(scope)] == ["openai/gpt-4.1-mini", "hosted_vllm/local"]
    assert [*warnings(LoadedScope(scope, tmp_path / "scope.toml", "0" * 64, ""))] == []
