"""`hopdesk models`: what is asked of the language models of a scope, and what is said of them."""

from pathlib import Path

import pytest

from assistant.cli.models import named_models
from chains.scope_file import load_scope
from tests.assistant.cli.conftest import Run
from tests.assistant.prompted_shop import NAME, write_prompted_shop
from tests.assistant.shops import write_shop
from tests.model_server import FAULTS, Fault, Json, Reply, Scores, serving


def able(body: Json) -> Fault:
    return Reply(calls=(("read_stock", "{}"),)) if "tools" in body else Reply('{"colour_seen": "green"}')


def test_a_scope_without_language_models_asks_nobody(run: Run, tmp_path: Path) -> None:
    path = write_shop(tmp_path)
    result = run("models", "check", "--scope", path)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == f"{path}: no hop names a language model, so nothing was asked.\n"


def test_what_a_model_can_do_is_a_row_and_what_to_change_a_warning(run: Run, tmp_path: Path) -> None:
    with serving(able) as served:
        result = run("models", "check", "--scope", write_prompted_shop(tmp_path, served.base_url))
    assert result.exit_code == 0
    (row,) = [line.split() for line in result.stdout.splitlines() if NAME in line]
    assert row[:4] == [NAME, "yes", "json_schema", "yes"]
    assert row[5:] == ["ms", "not", "known"]
    assert result.stderr.startswith("warning: ")
    assert f'for {NAME} write structure = "json_schema" and functions = "native" under [[language_models]].' in (
        result.stderr
    )


def test_nothing_is_to_be_changed_where_a_model_is_served_as_it_can_be(run: Run, tmp_path: Path) -> None:
    settings = 'structure = "json_schema"\nfunctions = "native"\ninput_usd_per_mtok = 1.0\noutput_usd_per_mtok = 2.0'
    with serving(able) as served:
        result = run("models", "check", "--scope", write_prompted_shop(tmp_path, served.base_url, settings=settings))
    assert (result.exit_code, result.stderr) == (0, "")
    assert "0.00028 USD" in result.stdout


def test_a_moderation_endpoint_is_asked_to_judge_a_harmless_text(run: Run, tmp_path: Path) -> None:
    hops = {"moderation": f'["rules", "{NAME}"]'}
    with serving(Scores({"violence": 0.01})) as served:
        result = run(
            "models", "check", "--scope", write_prompted_shop(tmp_path, served.base_url, hops, 'kind = "moderation"')
        )
    assert (result.exit_code, result.stderr) == (0, "")
    assert [request.path for request in served.requests] == ["/v1/moderations"]
    (row,) = [line.split() for line in result.stdout.splitlines() if NAME in line]
    assert row[:4] == [NAME, "yes", "none", "no"]


def test_a_model_that_does_not_answer_is_exit_code_1_with_a_sentence(run: Run, tmp_path: Path) -> None:
    with serving(FAULTS["unauthorised"]) as served:
        result = run("models", "check", "--scope", write_prompted_shop(tmp_path, served.base_url), "--timeout", "5")
    assert result.exit_code == 1
    assert [line.split() for line in result.stdout.splitlines() if NAME in line] == [[NAME, "no"]]
    assert result.stderr == (
        f"warning: The model {NAME} does not accept its key; check the variable that api_key_env names.\n"
    )


def test_every_model_that_a_hop_names_is_meant_once_in_the_order_of_the_hops(tmp_path: Path) -> None:
    hops = {
        "moderation": '["rules", "anthropic/second"]',
        "intent": f'["embedded@0.9", "{NAME}", "anthropic/second"]',
        "response": f'["{NAME}"]',
    }
    path = write_prompted_shop(tmp_path, "http://127.0.0.1:1/v1", hops)
    found = named_models(load_scope(path).scope)
    assert [(one.name, one.base_url) for one in found] == [
        ("anthropic/second", None),
        (NAME, "http://127.0.0.1:1/v1"),
    ]


@pytest.mark.parametrize("timeout", ["0", "soon"])
def test_a_timeout_that_is_none_is_wrong_use(run: Run, timeout: str) -> None:
    assert run("models", "check", "--timeout", timeout).exit_code == 2
