"""`hopdesk ask` and `hopdesk trace`: what a person sees, and what never reaches their terminal."""

import json
from pathlib import Path

import pytest

from tests.assistant.cli.conftest import Run
from tests.assistant.shops import write_shop

QUESTION = "Does the Aurel Nova 14 have bluetooth?"


def test_an_answer_shows_sentences_cards_and_choices(run: Run) -> None:
    result = run("ask", QUESTION)
    assert result.exit_code == 0
    assert result.stdout.startswith("answer\n")
    for shown in ("✓ Yes", "Aurel Nova 14", "899 EUR", "Bluetooth: yes", "1. ", "--choice c1"):
        assert shown in result.stdout


def test_json_is_the_api_s_reply_and_a_case_goes_on_by_a_choice(run: Run) -> None:
    reply = json.loads(run("ask", QUESTION, "--json").stdout)
    assert set(reply) == {"turn_id", "case_id", "outcome", "notices"}
    chosen = run("ask", "--case", reply["case_id"], "--choice", "c1", "--json")
    assert json.loads(chosen.stdout)["case_id"] == reply["case_id"]
    late = run("ask", "--case", reply["case_id"], "--choice", "c9")
    assert (late.exit_code, late.stdout) == (1, "")
    assert late.stderr == ("hopdesk: The choice 'c9' was not offered in this case's last reply; send one that was.\n")


def test_the_trace_shows_every_hop_and_trace_shows_it_again(run: Run) -> None:
    traced = run("ask", QUESTION, "--trace").stdout
    hops = ("moderation", "intent", "lookup", "response", "grounding", "outbound")
    for shown in (*hops, "allow by rules", "allow by classifier"):
        assert shown in traced
    assert "product.question 0." in traced or "product.question 1." in traced
    assert "get_product(sku='LAP-AURELNOVA14'" in traced
    assert "facts" in traced
    turn = next(word for line in traced.splitlines() if line.startswith("case ") for word in line.split()[-1:])
    stored = run("trace", turn)
    assert stored.exit_code == 0
    assert f"“{QUESTION}”" in stored.stdout
    assert traced[traced.index("7 attempts") :] in stored.stdout
    unknown = run("trace", "zzzz")
    assert unknown.exit_code == 1
    assert "There is no turn 'zzzz'" in unknown.stderr


def test_a_form_is_described_and_an_unknown_page_is_a_notice(run: Run) -> None:
    asked = run("ask", "Where is my order?", "--page", "NOPE-1").stdout
    assert asked.startswith("clarify  order proof")
    assert "A form is asked for: order number and e-mail address of the order." in asked
    assert "notice: page_product: there is no product 'NOPE-1'" in asked


def test_a_customer_is_vouched_for_on_the_command_line_alone(run: Run) -> None:
    assert "latest order" in run("ask", "Where is my order?", "--customer", "jonas.weidmann@example.org").stdout


def test_a_refusal_and_a_hand_over_are_outcomes_and_no_failures(run: Run) -> None:
    for text, kind in (("Who invented headphones?", "decline"), ("I want to speak to a human", "handoff")):
        result = run("ask", text)
        assert (result.exit_code, result.stdout.split()[0]) == (0, kind)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Give either a text or --choice"),
        (("hello", "--choice", "c1"), "Give either a text or --choice"),
        (("--choice", "first", "--case", "x"), "choice: string should match pattern"),
        (("--choice", "c1"), "A choice continues a case"),
        (("hello", "--case", "../../x"), "case_id: string should match pattern"),
        (("hello", "--page", "a b"), "page_product: string should match pattern"),
    ],
)
def test_wrong_use_is_exit_code_2(run: Run, arguments: tuple[str, ...], said: str) -> None:
    result = run("ask", *arguments)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.replace("│", " ").split())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("  ", "The message is empty; write what you would like to know."),
        ("\U000e0041\u200b", "The message is empty; write what you would like to know."),
        ("\x01\x02\x03", "The message is not readable text; write it as plain text."),
        ("hello \udcff", "The message holds broken characters; type it again."),
        ("a" * 10_000_000, "The message has 10000000 characters; shorten it to 2000 or fewer."),
    ],
)
def test_a_text_that_cannot_be_taken_is_said_in_a_sentence(run: Run, text: str, said: str) -> None:
    result = run("ask", text)
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", f"hopdesk: {said}\n")


def test_markup_in_the_catalog_is_shown_as_it_is(run: Run, tmp_path: Path) -> None:
    name = "[bold red]Nova[/] <b>9</b> [link=x]"
    scope = write_shop(tmp_path, name=name)
    result = run("ask", "How much memory does it have?", "--page", "LAP-9", "--scope", scope)
    assert result.exit_code == 0
    assert name in " ".join(result.stdout.split())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "there is no such scope file"),
        (b"\xff\xfe\x00", "the scope file cannot be read"),
        (b"[site", "this is not TOML"),
        (b"site = 3", "found 3"),
    ],
)
def test_a_scope_file_that_cannot_be_used_is_said(run: Run, tmp_path: Path, content: bytes | None, said: str) -> None:
    path = tmp_path / "mine.toml"
    if content is not None:
        path.write_bytes(content)
    result = run("ask", "hello", "--scope", path)
    assert result.exit_code == 1
    assert result.stderr.startswith("hopdesk: ")
    assert said in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("kind", ["folder", "no ledger", "read-only"])
def test_a_ledger_that_cannot_be_used_is_said(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    path = tmp_path / "other.sqlite"
    where = str(path)
    if kind == "folder":
        path.mkdir()
    else:
        path.write_bytes(b"this is no database, whatever its name says" * 100)
    if kind == "read-only":
        monkeypatch.setattr("assistant.ledger.ledger.migrate", _read_only)
    monkeypatch.setenv("HOPDESK_LEDGER", where)
    result = run("ask", "hello")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"hopdesk: The ledger {where} ")
    assert result.stderr.endswith(".\n")


def _read_only(_engine: object) -> None:
    import sqlite3

    error = sqlite3.OperationalError("attempt to write a readonly database")
    error.sqlite_errorname = "SQLITE_READONLY"
    raise error


def test_a_setting_that_cannot_be_meant_is_said(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOPDESK_PORT", "many")
    result = run("ask", "hello")
    assert result.exit_code == 1
    assert result.stderr.startswith("hopdesk: HOPDESK_PORT: input should be a valid integer")


def test_reading_a_ledger_that_is_not_there_is_said(run: Run) -> None:
    result = run("trace", "01")
    assert result.exit_code == 1
    assert "There is no ledger at" in result.stderr


def test_two_scope_files_of_one_site_are_refused(run: Run, tmp_path: Path) -> None:
    scope = write_shop(tmp_path)
    result = run("serve", "--port", 0, "--scope", scope, "--scope", scope)
    assert result.exit_code == 1
    assert "site.id: found 'hostile'" in result.stderr
