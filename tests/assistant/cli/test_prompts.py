import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import typer

from assistant.cli.main import Commands
from assistant.cli.opening import demo_scope
from assistant.cli.prompt_trial import _embedded
from assistant.cli.prompts import prompts
from chains.errors import PromptError
from chains.ports import Cascade
from chains.prompt_files import SHIPPED, load_prompt
from chains.prompted.intent import PromptedIntent
from tests.assistant.cli.conftest import Run
from tests.chains.fake_language import FakeLanguage
from tests.chains.fakes import shop_scope

if TYPE_CHECKING:
    from click.testing import Result

Try = Callable[..., "Result"]
QUESTION = "How much memory does the Aurel Nova 14 have?"


@pytest.fixture
def tried(run: Run) -> Try:
    """Run `hopdesk prompts` on the shared home."""
    from typer.testing import CliRunner

    app = typer.Typer(cls=Commands)
    app.add_typer(prompts, name="prompts")
    return lambda *arguments: CliRunner().invoke(app, ["prompts", *map(str, arguments)])


@pytest.fixture
def own_scope(tmp_path: Path) -> Path:
    """The demo shop with a moderation prompt of its own."""
    (tmp_path / "mine" / "moderation").mkdir(parents=True)
    shipped = (SHIPPED / "moderation" / "1.txt").read_text(encoding="utf-8")
    (tmp_path / "mine" / "moderation" / "2-short.txt").write_text(shipped.replace("never", "NEVER"), encoding="utf-8")
    text = demo_scope().read_text(encoding="utf-8")
    path = tmp_path / "scope.toml"
    models = text.replace('moderation = ["rules", "embedded"]', 'moderation = ["rules", "ollama/small"]', 1)
    path.write_text(f'{models}\n[prompts]\nfolder = "mine"\nmoderation = "2-short"\nintent = "9"\n', encoding="utf-8")
    return path


def test_list_shows_every_version_and_which_one_is_chosen(tried: Try, own_scope: Path) -> None:
    shown = {tuple(line.split()[:3]): line for line in tried("list").stdout.splitlines()}
    assert {("moderation", "1", "released"), ("intent", "1", "released"), ("response", "1", "released")} <= shown.keys()
    assert shown["intent", "1", "released"].rstrip().endswith("not needed")
    lines = tried("list", "--scope", own_scope).stdout.splitlines()
    own = next(line for line in lines if "2-short" in line)
    assert own.split()[2] == "own"
    assert own.rstrip().endswith("yes")
    assert not next(line for line in lines if "moderation  1 " in line).rstrip().endswith(("yes", "not needed"))
    assert lines[-1] == "The scope chooses the prompt intent/9, which does not exist."


def test_show_prints_the_file_of_the_scopes_version(tried: Try, own_scope: Path) -> None:
    assert tried("show", "intent").stdout == (SHIPPED / "intent" / "1.txt").read_text(encoding="utf-8")
    assert "NEVER" in tried("show", "moderation", "--scope", own_scope).stdout
    assert "NEVER" not in tried("show", "moderation/1", "--scope", own_scope).stdout


def test_diff_shows_what_changed(tried: Try, own_scope: Path) -> None:
    lines = tried("diff", "moderation/1", "moderation/2-short", "--scope", own_scope).stdout.splitlines()
    assert lines[:2] == ["--- moderation/1", "+++ moderation/2-short"]
    assert any(line.startswith("-") and "never" in line for line in lines[2:])
    assert any(line.startswith("+") and "NEVER" in line for line in lines[2:])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("show", "intent/none"), "There is no prompt intent/none"),
        (("show", "grounding"), "There are no prompts for 'grounding'"),
        (("render", "intent", ""), "This text reaches no prompt"),
        (("render", "response", "Tell me a joke"), "This text does not come as far as the response hop."),
        (("render", "lookup", "--turn", "01"), "There is no ledger"),
    ],
)
def test_what_cannot_be_shown_is_said_in_a_sentence(tried: Try, arguments: tuple[str, ...], said: str) -> None:
    result = tried(*arguments)
    assert result.exit_code == 1
    assert said in result.stderr


@pytest.mark.parametrize("arguments", [("intent",), ("intent", "hello", "--turn", "1")])
def test_render_wants_a_text_or_a_turn(tried: Try, arguments: tuple[str, ...]) -> None:
    result = tried("render", *arguments)
    assert result.exit_code == 2
    assert "Give either a text or --turn" in result.stderr


@pytest.mark.parametrize("hop", ["moderation", "intent", "lookup", "response"])
def test_render_prints_the_messages_as_a_model_would_get_them(tried: Try, hop: str) -> None:
    result = tried("render", hop, QUESTION)
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith("--- system ---\n")
    assert f"<customer_message>\n{QUESTION}\n</customer_message>" in result.stdout
    assert " of 6000 tokens with " in result.stdout.splitlines()[-1]
    assert ("--- function ---" in result.stdout) == (hop == "lookup")


def test_render_shows_placeholders_and_never_personal_data(tried: Try) -> None:
    shown = tried("render", "intent", "Write to ada@example.org about LO-10001").stdout
    assert "Write to [EMAIL_1] about [ORDER_1]" in shown
    assert "ada@example.org" not in shown


@pytest.mark.parametrize("hop", ["intent", "lookup", "response"])
def test_render_takes_what_a_hop_was_given_in_a_stored_turn(run: Run, tried: Try, hop: str) -> None:
    turn = json.loads(run("ask", QUESTION, "--json").stdout)["turn_id"]
    recorded = tried("render", hop, "--turn", turn)
    assert recorded.exit_code == 0, recorded.stderr
    assert recorded.stdout == tried("render", hop, QUESTION).stdout


def test_a_turn_without_the_hop_or_of_another_site_is_said_so(run: Run, tried: Try, tmp_path: Path) -> None:
    turn = json.loads(run("ask", "Tell me a joke", "--json").stdout)["turn_id"]
    assert "did not come as far as the response hop" in tried("render", "response", "--turn", turn).stderr
    assert tried("render", "moderation", "--turn", turn).exit_code == 0
    text = demo_scope().read_text(encoding="utf-8").replace('id = "lumen-oak"', 'id = "other"', 1)
    (tmp_path / "other.toml").write_text(text, encoding="utf-8")
    result = tried("render", "response", "--turn", turn, "--scope", tmp_path / "other.toml")
    assert "is of the site 'lumen-oak'; name its scope file with --scope" in result.stderr


def test_a_model_that_is_not_held_to_a_schema_is_shown_it(tried: Try, tmp_path: Path) -> None:
    text = demo_scope().read_text(encoding="utf-8").replace('intent = ["embedded"]', 'intent = ["ollama/small"]', 1)
    path = tmp_path / "scope.toml"
    path.write_text(f'{text}\n[[language_models]]\nname = "ollama/small"\nstructure = "plain"\n', encoding="utf-8")
    shown = tried("render", "intent", "hello", "--scope", path).stdout
    assert "Reply with one JSON object that fits this JSON schema" in shown


def test_without_embedded_models_a_text_comes_no_further_and_the_way_out_is_named() -> None:
    asked = PromptedIntent(FakeLanguage(), load_prompt("intent", "1"), shop_scope(), 4000)
    with pytest.raises(PromptError, match="take a turn that was recorded, with --turn"):
        _embedded(Cascade.of(asked))
