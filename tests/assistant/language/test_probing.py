"""What a model can do is found out by asking it."""

import asyncio
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from types import MappingProxyType

import pytest

from assistant.language.probing import Probed, probe
from tests.assistant.language.asking import reached
from tests.model_server import FAULTS, Drip, Fault, Hang, Json, Reply, dead_base_url, serving

pytestmark = pytest.mark.usefixtures("warm")
GREEN = Reply('{"colour_seen": "green"}')
CALLING = Reply(calls=(("read_stock", '{"sku": "LAMP-1"}'),))
Server = Callable[[Json], Fault]


def able(body: Json) -> Fault:
    return CALLING if "tools" in body else GREEN


def plain_only(body: Json) -> Fault:
    """A server that refuses what it does not know, and a model that knows no schema but the one in its prompt."""
    if "tools" in body or "response_format" in body:
        return FAULTS["bad_request"]
    return GREEN if "colour_seen" in str(body["messages"]) else Reply('{"answer": "green"}')


def ignoring(body: Json) -> Fault:
    """A server that takes everything, and a model that is told nothing of it."""
    return Reply('{"colour": "green"}') if "colour_seen" not in str(body["messages"]) else Reply('{"colour_seen": 3}')


def chatty(body: Json) -> Fault:
    return Reply('Of course! ```json\n{"colour_seen": "green"}\n```')


def probed(server: Server | Fault, settings: Mapping[str, object] = MappingProxyType({})) -> Probed:
    with serving(server) as served:
        return asyncio.run(probe(reached(served.base_url, "hosted_vllm/scripted", **settings), 10))


@pytest.mark.parametrize(
    ("server", "structure", "functions"),
    [
        (able, "json_schema", True),
        (GREEN, "json_schema", False),
        (plain_only, "plain", False),
        (ignoring, None, False),
        (chatty, "plain", False),
        (lambda body: FAULTS["server_error"] if "response_format" in body else able(body), "plain", True),
        (lambda body: FAULTS["server_error"] if "json_schema" in str(body) else able(body), "json_object", True),
        (Reply("green"), None, False),
        (CALLING, None, True),
    ],
)
def test_the_strictest_way_that_works_is_told(server: Server | Fault, structure: str | None, functions: bool) -> None:
    found = probed(server)
    assert (found.problem, found.structure, found.functions) == (None, structure, functions)
    assert found.latency_ms > 0


def test_a_model_that_keeps_a_schema_natively_is_not_told_of_it_in_the_prompt() -> None:
    with serving(able) as served:
        asyncio.run(probe(reached(served.base_url)))
    first, called = (request.body for request in served.requests)
    assert "colour_seen" not in str(first["messages"])
    assert "colour_seen" in str(first["response_format"])
    assert "response_format" not in called
    assert called["tool_choice"] == "required"


@pytest.mark.parametrize(
    ("fault", "said", "requests"),
    [
        (FAULTS["unauthorised"], "does not accept its key", 3),
        (FAULTS["not_found"], "is not known where it was asked for", 3),
        (FAULTS["busy"], "takes no more requests for now", 3),
        (FAULTS["null_content"], "replied with nothing", 3),
        (Hang(), r"did not reply within 0\.2 s", 1),
        (Drip(), r"did not reply within 0\.2 s", 1),
    ],
)
def test_a_model_that_gives_no_reply_is_a_sentence(fault: Fault, said: str, requests: int) -> None:
    with serving(fault) as served:
        found = asyncio.run(probe(reached(served.base_url), 0.2 if requests == 1 else 10))
    assert found.problem is not None
    assert re.search(said, found.problem)
    assert "SECRET-WORDS" not in found.problem
    assert served.count == requests
    assert found.advice(reached("http://127.0.0.1:1/v1")) is None


def test_nobody_there_and_no_key_are_sentences() -> None:
    found = asyncio.run(probe(reached(dead_base_url())))
    assert found.problem == (
        "The model openai/scripted cannot be reached; check its base_url and whether its server is up."
    )
    found = asyncio.run(probe(reached(dead_base_url(), api_key_env="NO_SUCH_KEY_IS_SET")))
    assert (found.problem or "").startswith("The environment variable NO_SUCH_KEY_IS_SET, which holds the key")


def test_the_cost_is_that_of_all_replies_where_the_price_is_known() -> None:
    prices = {"input_usd_per_mtok": 1.0, "output_usd_per_mtok": 2.0}
    assert probed(able, prices).cost_usd == Decimal("0.00028")
    assert probed(GREEN, prices).cost_usd == Decimal("0.00028")
    assert probed(able).cost_usd is None


@pytest.mark.parametrize(
    ("server", "configured", "advice"),
    [
        (able, {"structure": "json_schema", "functions": "native"}, None),
        (able, {}, 'for hosted_vllm/scripted write structure = "json_schema" and functions = "native"'),
        (plain_only, {"functions": "native"}, 'for hosted_vllm/scripted write functions = "prompt"'),
        (plain_only, {"structure": "json_schema"}, 'for hosted_vllm/scripted write structure = "plain"'),
        (plain_only, {}, None),
        (ignoring, {}, "hosted_vllm/scripted keeps to no schema, so most of its replies would be refused"),
    ],
)
def test_what_to_change_in_the_scope_is_said(server: Server, configured: dict[str, str], advice: str | None) -> None:
    said = probed(server, configured).advice(reached("http://127.0.0.1:1/v1", "hosted_vllm/scripted", **configured))
    assert said == advice if advice is None else (said or "").startswith(advice)
