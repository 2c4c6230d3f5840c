"""`hopdesk moderate`: one text, and a file of them."""

import json
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from moderation import Verdict
from tests.assistant.cli.conftest import Run
from tests.assistant.language.asking import SILENCED
from tests.assistant.prompted_shop import NAME, write_prompted_shop
from tests.assistant.shops import write_shop
from tests.model_server import Reply, Scores, Script, failing, serving

if TYPE_CHECKING:
    from click.testing import Result

pytestmark = SILENCED
BOTH = ("--layers", "rules,embedded")
THREAT = "I will kill you and your family"
GOOD = Reply('{"action": "allow", "categories": [], "reasons": []}')


def verdicts(output: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in output.splitlines()]


def test_a_text_is_shown_cleaned_redacted_and_decoded_with_what_each_layer_said(run: Run) -> None:
    result = run("moderate", *BOTH, "My  mail is a@b.de: SSB3aWxsIGtpbGwgeW91IGFuZCB5b3VyIGZhbWlseQ==")
    assert result.exit_code == 0
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert lines[:2] == ["block by rules", "Threatens a person with violence (in base64)."]
    assert "cleaned My mail is a@b.de: SSB3aWxsIGtpbGwgeW91IGFuZCB5b3VyIGZhbWlseQ==" in lines
    assert "changed whitespace" in lines
    assert "redacted My mail is [EMAIL_1]: SSB3aWxsIGtpbGwgeW91IGFuZCB5b3VyIGZhbWlseQ==" in lines
    assert "found email" in lines
    assert "I will kill you and your family" in result.stdout
    assert any(line.startswith("rules/1 ") and "block violence 1.00" in line for line in lines)
    assert any(line.startswith("embedded-moderation/1 ") for line in lines)


def test_a_text_that_hygiene_refuses_comes_to_no_layer(run: Run) -> None:
    result = run("moderate", *BOTH, " ")
    assert result.exit_code == 0
    assert result.stdout.split("\n")[:2] == [
        "block  by hygiene",
        "  The message is empty; write what you would like to know.",
    ]
    assert "rules/1" not in result.stdout


def test_all_that_is_known_of_a_text_is_there_for_programs(run: Run) -> None:
    result = run("moderate", *BOTH, "--json", "I want to kill myself, a@b.de")
    said = json.loads(result.stdout)
    assert (said["action"], said["layer"], said["categories"]["self_harm"]) == ("review", "rules", 1.0)
    assert said["redacted"] == {"text": "I want to kill myself, [EMAIL_1]", "kinds": ["email"]}
    assert [(layer["model"], layer["status"], layer["layer"]) for layer in said["layers"]] == [
        ("rules/1", "ok", "rules"),
        ("embedded-moderation/1", "ok", "classifier"),
    ]
    assert (said["text"], said["changes"], said["views"]) == ("I want to kill myself, a@b.de", [], [])


def test_what_a_text_says_is_never_markup_or_a_terminals_command(run: Run) -> None:
    result = run("moderate", "--layers", "rules", "[bold red]\x1b[31mhi[/bold red]")
    assert "[bold red]" in result.stdout
    assert "\x1b" not in result.stdout


def test_every_line_has_its_own_verdict_in_its_place_and_none_stops_the_others(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "texts.txt"
    texts = [
        b"hello\r",
        THREAT.encode(),
        b"\xff\xfe",
        b"",
        b"x" * 3000,
        b"I want to kill myself",
        *[b"hi"] * 20,
        b"end",
    ]
    path.write_bytes(b"\n".join(texts))
    result = run("moderate", "--layers", "rules", "--file", path)
    found = verdicts(result.stdout)
    assert result.exit_code == 0
    assert [one["line"] for one in found] == [*range(1, 28)]
    assert [one["action"] for one in found[:6]] == ["allow", "block", "block", "block", "block", "review"]
    assert [one["layer"] for one in found[:6]] == ["rules", "rules", "hygiene", "hygiene", "hygiene", "rules"]
    assert {one["action"] for one in found[6:]} == {"allow"}
    assert found[2]["reasons"] == ["The line is not UTF-8; save the file as such."]
    assert found[1].keys() == {"line", *Verdict.model_fields}
    assert result.stderr.splitlines() == [
        "27 texts: 22 allow, 4 block, 1 review",
        "stopped by layer: 3 hygiene, 2 rules",
        "stopped by category: 1 violence, 1 self_harm",
    ]


def test_the_verdicts_go_to_a_file_where_one_is_named(run: Run, tmp_path: Path) -> None:
    path, out = tmp_path / "texts.txt", tmp_path / "verdicts.jsonl"
    path.write_text("hello\n", encoding="utf-8")
    result = run("moderate", "--layers", "rules", "--file", path, "-o", out)
    assert (result.exit_code, result.stdout) == (0, "")
    assert verdicts(out.read_text(encoding="utf-8"))[0]["action"] == "allow"
    assert result.stderr == "1 texts: 1 allow\n"


@pytest.mark.parametrize(("name", "field"), [("texts.jsonl", None), ("texts.txt", "said")])
def test_json_lines_have_their_text_under_a_key(run: Run, tmp_path: Path, name: str, field: str | None) -> None:
    key = field or "text"
    lines = [json.dumps({key: THREAT}), json.dumps({"other": THREAT}), "[1]", "{", json.dumps({key: 5}), "[" * 10_000]
    (tmp_path / name).write_text("\n".join(lines), encoding="utf-8")
    result = run("moderate", "--layers", "rules", "--file", tmp_path / name, *(("--field", field) if field else ()))
    found = verdicts(result.stdout)
    assert [one["layer"] for one in found] == ["rules"] + ["hygiene"] * 5
    assert found[1]["reasons"] == [
        f"The line is no JSON object with a text under {key!r}; write one, or name its key by --field."
    ]


def test_a_file_may_come_from_standard_input(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stdin = SimpleNamespace(buffer=BytesIO(b"hello\n" + THREAT.encode()))
    monkeypatch.setattr("assistant.cli.moderate.sys", SimpleNamespace(stdin=stdin))
    result = run("moderate", "--layers", "rules", "--file", "-", "-o", tmp_path / "out")
    assert result.exit_code == 0
    assert [one["action"] for one in verdicts((tmp_path / "out").read_text(encoding="utf-8"))] == ["allow", "block"]


def with_provider(
    run: Run, tmp_path: Path, script: Script, *arguments: object, kind: str = "chat"
) -> "tuple[Result, int]":
    hops = {"moderation": f'["rules", "{NAME}"]'}
    with serving(script) as served:
        path = write_prompted_shop(tmp_path, served.base_url, hops, f'kind = "{kind}"')
        return run("moderate", "--scope", path, *arguments), served.count


def test_the_layers_of_a_scope_are_asked_the_dearer_ones_not_about_what_is_stopped(run: Run, tmp_path: Path) -> None:
    (tmp_path / "texts.txt").write_text(f"{THREAT}\nhello\n", encoding="utf-8")
    result, count = with_provider(run, tmp_path, GOOD, "--file", tmp_path / "texts.txt")
    assert result.exit_code == 0
    assert count == 1


def test_every_layer_is_asked_about_one_text(run: Run, tmp_path: Path) -> None:
    result, count = with_provider(run, tmp_path, Scores({"violence": 0.97}), "--json", THREAT, kind="moderation")
    said = json.loads(result.stdout)
    assert [(layer["model"], layer["action"]) for layer in said["layers"]] == [("rules/1", "block"), (NAME, "block")]
    assert count == 1


@pytest.mark.parametrize("as_json", [True, False])
def test_a_layer_that_says_nothing_is_told_and_exit_code_1(run: Run, tmp_path: Path, as_json: bool) -> None:
    arguments = ("--json", "hello") if as_json else ("hello",)
    result, _ = with_provider(run, tmp_path, failing(500, "server_error"), *arguments)
    assert result.exit_code == 1
    stdout, stderr = result.stdout, result.stderr
    assert "review" in stdout
    assert f"The model {NAME} failed on its side; try again later." in " ".join(stdout.split())
    assert f"{NAME} gave no verdict on 1 of the texts" in stderr


def test_a_reply_that_the_contract_refuses_is_told_with_what_was_wrong(run: Run, tmp_path: Path) -> None:
    result, _ = with_provider(run, tmp_path, Reply('{"action": "maybe"}'), "--json", "hello")
    layer = json.loads(result.stdout)["layers"][-1]
    assert (layer["status"], layer["action"]) == ("invalid", None)
    assert layer["problem"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "Give either a text or --file."),
        (("hello", "--file", "x"), "Give either a text or --file."),
        (("hello", "--field", "said"), "It goes with --file."),
        (("hello", "-o", "out"), "It goes with --file."),
    ],
)
def test_wrong_use_is_exit_code_2(run: Run, arguments: tuple[str, ...], says: str) -> None:
    result = run("moderate", *arguments)
    assert result.exit_code == 2
    assert says in result.stderr


def test_what_is_read_is_not_written_over(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "texts.txt"
    path.write_text("hello", encoding="utf-8")
    assert run("moderate", "--file", path, "-o", path).exit_code == 2
    assert path.read_text(encoding="utf-8") == "hello"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            ("--layers", "embeded", "hi"),
            "--layers: write 'embedded', 'embedded@0.9' (a threshold from 0 to 1), 'rules'",
        ),
        (("--layers", "embedded@0.9", "hi"), "--layers: models.moderation: found 'embedded@0.9'; allowed: rules"),
        (("--layers", "", "hi"), "--layers: write 'embedded'"),
        (("--layers", "rules", "--file", "/no/such/file"), "/no/such/file: this file cannot be read (No such file"),
        (("--layers", "rules", "--file", __file__, "-o", "/no/such/out"), "/no/such/out: this file cannot be written"),
        (("--layers", "hosted_vllm/nowhere", "hi"), "The model hosted_vllm/nowhere has no address"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_exit_code_1(run: Run, arguments: tuple[str, ...], says: str) -> None:
    result = run("moderate", *arguments)
    assert result.exit_code == 1
    assert says in result.stderr


def test_the_embedded_layer_alone_can_be_asked(run: Run) -> None:
    said = json.loads(run("moderate", "--layers", "embedded", "--json", "I hate all of you people").stdout)
    assert [layer["model"] for layer in said["layers"]] == ["embedded-moderation/1"]


def test_a_starter_shop_is_moderated_by_its_own_layers(run: Run, tmp_path: Path) -> None:
    assert run("moderate", "--scope", write_shop(tmp_path), "hello").exit_code == 0
