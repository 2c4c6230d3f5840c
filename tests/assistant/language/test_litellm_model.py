import asyncio
import gc
import json
import logging
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace

import pytest

from assistant.language.failures import ModelCutOff, ModelUnreached
from assistant.language.litellm_model import LitellmModel
from chains.errors import (
    ModelBusy,
    ModelDown,
    ModelFailed,
    ModelLate,
    ModelMisconfigured,
    ModelRefused,
    ModelSilent,
)
from chains.language import Completion, FunctionCall, Json
from chains.record import Usage
from chains.scope import LanguageModelSettings
from tests.assistant.language.asking import LOOK, SCHEMA, SILENCED, asked, reached, reply_of
from tests.model_server import FAULTS, Raw, Reply, Request, dead_base_url, serving

pytestmark = [pytest.mark.usefixtures("warm"), *SILENCED]

Expected = type[ModelFailed] | type[Completion]
EXPECTED: dict[str, Expected] = {
    "late": ModelLate,
    "drip": ModelLate,
    "hang": ModelLate,
    "cut": ModelDown,
    "cut_quietly": ModelSilent,
    "busy": ModelBusy,
    "busy_seconds": ModelBusy,
    "busy_date": ModelBusy,
    "busy_nonsense": ModelBusy,
    "out_of_quota": ModelBusy,
    "server_error": ModelDown,
    "bad_gateway": ModelDown,
    "unavailable": ModelDown,
    "gateway_timeout": ModelDown,
    "unauthorised": ModelMisconfigured,
    "forbidden": ModelMisconfigured,
    "bad_request": ModelMisconfigured,
    "not_found": ModelMisconfigured,
    "unprocessable": ModelMisconfigured,
    "context_too_long": ModelMisconfigured,
    "content_policy": ModelRefused,
    "html": ModelSilent,
    "not_a_completion": ModelSilent,
    "not_json": ModelSilent,
    "a_list": ModelSilent,
    "no_body": ModelSilent,
    "no_choices": ModelSilent,
    "null_content": ModelSilent,
    "blank_content": ModelSilent,
    "no_usage": Completion,
    "odd_usage": ModelSilent,
    "no_such_text": Completion,
    "broken_call": Completion,
    "wrong_shape": Completion,
    "refusal": ModelRefused,
    "content_filter": ModelRefused,
    "cut_off": ModelCutOff,
    "too_long": ModelCutOff,
    "redirect": ModelMisconfigured,
    "redirect_for_good": ModelMisconfigured,
    "redirect_as_get": ModelMisconfigured,
    "redirect_elsewhere": ModelMisconfigured,
    "number_for_id": Completion,
    "list_for_id": Completion,
    "endless_id": Completion,
    "no_such_id": Completion,
    "parts_for_text": ModelSilent,
    "object_for_text": ModelSilent,
    "number_for_text": ModelSilent,
    "number_for_role": ModelSilent,
    "text_for_message": ModelSilent,
    "odd_ending": Completion,
    "object_for_ending": ModelSilent,
    "text_for_choices": ModelSilent,
    "null_for_choice": ModelSilent,
    "object_for_refusal": ModelRefused,
    "text_for_logprobs": ModelSilent,
    "text_for_calls": ModelSilent,
    "null_for_call": ModelSilent,
    "object_for_arguments": Completion,
    "list_for_arguments": ModelSilent,
    "number_for_name": ModelSilent,
    "endless_name": ModelCutOff,
    "endless_calls": ModelCutOff,
    "text_for_usage": ModelSilent,
    "huge_usage": Completion,
    "endless_usage": Completion,
    "no_such_usage": Completion,
}
"""What each fault becomes. A Completion is what only the hop's guard can find fault with."""


def expected_of(fault: str, *, stream: bool) -> Expected:
    """What a fault becomes; where a stream was asked for, a reply that is none is not read."""
    no_stream = isinstance(FAULTS[fault], Raw) and EXPECTED[fault] in (Completion, ModelCutOff, ModelRefused)
    if stream and (fault == "refusal" or (no_stream and fault != "content_policy")):  # litellm drops a refusal's text
        return ModelSilent
    return EXPECTED[fault]


NAMES = ("openai/scripted", "hosted_vllm/scripted")


@pytest.fixture
def loud(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """Fails a test in which a vendor's words reach the log or the console."""
    caplog.set_level(logging.DEBUG)
    yield
    out, err = capfd.readouterr()
    assert "SECRET" not in caplog.text + out + err


def test_every_fault_has_an_expectation() -> None:
    assert EXPECTED.keys() == FAULTS.keys()


@pytest.mark.usefixtures("loud")
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_is_told_apart_in_one_request(fault: str, name: str, stream: bool) -> None:
    expected = expected_of(fault, stream=stream)
    with serving(FAULTS[fault]) as served:
        settings = reached(served.base_url, name, stream=stream)
        timeout_s = 0.2 if expected is ModelLate else 10
        if issubclass(expected, ModelFailed):
            with pytest.raises(ModelFailed) as raised:
                reply_of(settings, timeout_s=timeout_s)
            assert type(raised.value) is expected
            assert name in str(raised.value)
            assert "SECRET" not in str(raised.value)
            assert raised.value.__context__ is None
        else:
            assert type(reply_of(settings, timeout_s=timeout_s)) is expected
        assert served.count == 1


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("name", NAMES)
def test_a_refused_connection_is_known_to_have_reached_nobody(name: str, stream: bool) -> None:
    with pytest.raises(ModelUnreached):
        reply_of(reached(dead_base_url(), name, stream=stream))


@pytest.mark.parametrize(("fault", "seconds"), [("busy", None), ("busy_seconds", 2.0), ("busy_nonsense", None)])
@pytest.mark.parametrize("name", NAMES)
def test_a_busy_model_says_for_how_long(name: str, fault: str, seconds: float | None) -> None:
    with serving(FAULTS[fault]) as served, pytest.raises(ModelBusy) as raised:
        reply_of(reached(served.base_url, name))
    assert raised.value.retry_after_s == seconds


def test_a_busy_model_may_name_a_date() -> None:
    with serving(FAULTS["busy_date"]) as served, pytest.raises(ModelBusy) as raised:
        reply_of(reached(served.base_url))
    assert raised.value.retry_after_s is not None
    assert raised.value.retry_after_s > 365 * 86_400


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("name", NAMES)
def test_a_reply_comes_with_all_that_the_record_wants(name: str, stream: bool) -> None:
    reply = Reply('{"colour": "red"}', input_tokens=120, output_tokens=30, cached_tokens=20, reasoning_tokens=10)
    with serving(reply) as served:
        settings = reached(served.base_url, name, stream=stream, input_usd_per_mtok=1, output_usd_per_mtok=2)
        said = reply_of(settings)
    assert said.text == '{"colour": "red"}'
    assert said.calls == ()
    assert said.output_messages == ({"role": "assistant", "content": '{"colour": "red"}'},)
    assert said.finish_reasons == ("stop",)
    assert said.response_id == "chatcmpl-1"
    assert said.usage == Usage(input_total=120, cache_read=20, output=30, reasoning=10)
    assert said.usage_raw
    assert said.usage_raw["prompt_tokens"] == 120
    assert (said.cost_usd, said.priced) == ("0.00018", True)
    assert said.params == {"temperature": 0.0, "max_tokens": 800, "structure": "plain", "stream": stream}
    assert (said.ttft_ms is not None) == stream
    assert (said.served_from, said.retries) == ("provider", 0)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("name", NAMES)
def test_functions_are_called_side_by_side(name: str, stream: bool) -> None:
    calls = (("look", '{"colour": "red"}'), ("look", '{"colour": "blue"}'))
    with serving(Reply(calls=calls)) as served:
        said = reply_of(reached(served.base_url, name, stream=stream), asked(functions=(LOOK,)))
        sent = served.requests[0].body
    assert said.calls == (
        FunctionCall("look", "call_0", '{"colour": "red"}'),
        FunctionCall("look", "call_1", '{"colour": "blue"}'),
    )
    assert said.finish_reasons == ("tool_calls",)
    assert said.params["structure"] == "functions"
    function: Json = {"name": "look", "arguments": '{"colour": "blue"}'}
    assert said.output_messages[0]["tool_calls"][1] == {"id": "call_1", "type": "function", "function": function}  # type: ignore[index]
    assert sent["tool_choice"] == "required"
    assert "response_format" not in sent


@pytest.mark.parametrize("text", ["done", ""])
def test_a_model_that_need_not_call_is_left_the_choice_and_may_say_nothing(text: str) -> None:
    with serving(Reply(text)) as served:
        said = reply_of(reached(served.base_url), replace(asked(functions=(LOOK,)), must_call=False))
        assert served.requests[0].body["tool_choice"] == "auto"
    assert (said.text, said.calls) == (text, ())


def sent_with(call_functions: tuple[Json, ...] = (), name: str = "openai/scripted", **settings: object) -> Request:
    with serving(Reply("{}", calls=(("look", "{}"),) if call_functions else ())) as served:
        reply_of(reached(served.base_url, name, **settings), asked(functions=call_functions))
        return served.requests[0]


def test_a_model_is_held_to_its_schema_as_the_scope_says() -> None:
    assert sent_with(structure="json_schema").body["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "Colour", "schema": SCHEMA},
    }
    assert sent_with(structure="json_object").body["response_format"] == {"type": "json_object"}
    assert "response_format" not in sent_with(structure="plain").body
    assert "response_format" not in sent_with((LOOK,), structure="json_schema").body


def test_sampling_and_length_are_the_scopes() -> None:
    body = sent_with(temperature=0.5, max_output_tokens=99).body
    assert (body["temperature"], body["max_tokens"], body["model"]) == (0.5, 99, "scripted")


@pytest.mark.parametrize("name", NAMES)
def test_what_is_asked_stays_as_it_was(name: str) -> None:
    call = asked(functions=(LOOK,))
    before = deepcopy(call)
    with serving(Reply(calls=(("look", "{}"),))) as served:
        reply_of(reached(served.base_url, name), call)
    assert call == before


@pytest.mark.parametrize("name", NAMES)
def test_a_server_of_ones_own_never_gets_a_vendors_key(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-a-vendor")
    assert "sk-of-a-vendor" not in json.dumps(sent_with(name=name).headers)


def test_the_key_is_the_one_that_the_scope_names() -> None:
    with serving(Reply("{}")) as served:
        model = LitellmModel(reached(served.base_url, api_key_env="OUR_KEY"), {"OUR_KEY": "sk-ours"})
        said = asyncio.run(model.once(asked(), 10))
        assert served.requests[0].headers["authorization"] == "Bearer sk-ours"
    assert "sk-ours" not in repr(said)


@pytest.mark.parametrize("environ", [{}, {"OUR_KEY": ""}])
def test_a_key_that_is_not_set_is_named(environ: dict[str, str]) -> None:
    with serving(Reply("{}")) as served:
        model = LitellmModel(reached(served.base_url, api_key_env="OUR_KEY"), environ)
        with pytest.raises(ModelMisconfigured, match="OUR_KEY"):
            asyncio.run(model.once(asked(), 10))
        assert served.count == 0


def test_a_vendor_without_a_key_is_misconfigured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(ModelMisconfigured, match="set OPENAI_API_KEY, or name another variable as api_key_env"):
        reply_of(LanguageModelSettings(name="openai/gpt-4.1-mini"))


@pytest.mark.parametrize(
    ("name", "variables"), [("anthropic/x", ["ANTHROPIC_API_KEY"]), ("gemini/x", ["GOOGLE_API_KEY", "GEMINI_API_KEY"])]
)
def test_each_vendor_has_a_variable_of_its_own(
    name: str, variables: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in variables:
        monkeypatch.delenv(variable, raising=False)
    with pytest.raises(ModelMisconfigured, match=" or ".join(variables)):
        reply_of(LanguageModelSettings(name=name))


def test_a_key_that_is_set_and_not_accepted_is_not_called_missing() -> None:
    with serving(FAULTS["unauthorised"]) as served, pytest.raises(ModelMisconfigured, match="does not accept its key"):
        reply_of(reached(served.base_url))


@pytest.mark.parametrize("name", ["hosted_vllm/scripted", "lm_studio/scripted"])
def test_a_self_hosted_model_without_an_address_asks_nobody(name: str) -> None:
    with pytest.raises(ModelMisconfigured, match="base_url"):
        reply_of(LanguageModelSettings(name=name))


@pytest.mark.parametrize("base_url", ["http://[half", "http://host:99999/v1", "http://:80"])
def test_an_address_that_is_none_is_found_out_before_asking(base_url: str) -> None:
    with pytest.raises(ModelMisconfigured, match="base_url"):
        reply_of(reached(base_url))


def test_a_provider_that_nobody_knows_is_misconfigured() -> None:
    with pytest.raises(ModelMisconfigured, match="no provider called nosuch; change it in language_models"):
        reply_of(LanguageModelSettings(name="nosuch/model"))


def test_a_provider_that_is_misspelt_is_told_the_right_way() -> None:
    with pytest.raises(ModelMisconfigured, match=r"no provider called hosted_vlm; .* hosted_vllm/model"):
        reply_of(LanguageModelSettings(name="hosted_vlm/model"))


@pytest.mark.parametrize("name", ["openai/gpt-4.1-mini", "mistral/mistral-large-latest"])
def test_what_litellm_knows_of_a_model_is_used_where_the_scope_says_nothing(name: str) -> None:
    known = LitellmModel(LanguageModelSettings(name=name), {})
    assert (known.structure, known.takes_functions) == ("json_schema", True)
    assert known.price_of(1_000_000, 0) > 0
    assert known.price_table_sha256


@pytest.mark.parametrize("name", ["openai/scripted", "hosted_vllm/gpt-4.1-mini", "ollama/nobody-knows"])
def test_an_unknown_model_is_served_in_the_plainest_way(name: str) -> None:
    unknown = LitellmModel(reached("http://127.0.0.1:9/v1", name), {})
    assert (unknown.structure, unknown.takes_functions) == ("plain", False)
    assert unknown.price_of(1000, 1000) == 0
    assert unknown.price_table_sha256 is None


def test_the_scope_knows_better_than_litellm() -> None:
    settings = LanguageModelSettings(name="openai/gpt-4.1-mini", structure="plain", functions="prompt")
    model = LitellmModel(settings, {})
    assert (model.structure, model.takes_functions) == ("plain", False)
    assert LitellmModel(settings.model_copy(update={"functions": "native"}), {}).takes_functions


def test_a_model_that_nobody_priced_costs_an_unknown_amount() -> None:
    with serving(Reply("{}")) as served:
        said = reply_of(reached(served.base_url))
    assert (said.cost_usd, said.priced) == ("0", False)


def test_a_known_model_costs_what_litellm_lists() -> None:
    with serving(Reply("{}", input_tokens=1000, output_tokens=100)) as served:
        settings = reached(served.base_url, "openai/gpt-4.1-mini")
        said = reply_of(settings)
        assert served.requests[0].body["response_format"]
    assert said.priced
    assert said.cost_usd == f"{LitellmModel(settings, {}).price_of(1000, 100).normalize():f}"


def test_a_long_stream_is_not_read_to_its_end() -> None:
    with serving(FAULTS["too_long"]) as served, pytest.raises(ModelCutOff, match="65536 characters"):
        reply_of(reached(served.base_url, stream=True))


def test_connections_are_kept_within_a_loop_and_closed_with_it() -> None:
    with serving(Reply("{}")) as served:
        model = LitellmModel(reached(served.base_url), {})

        async def many() -> None:
            for _ in range(3):
                await model.once(asked(), 10)

        for _ in range(3):
            asyncio.run(many())
        gc.collect()
        assert served.count == 9


def test_warming_up_asks_nobody() -> None:
    with serving(Reply("{}")) as served:
        asyncio.run(LitellmModel(reached(served.base_url), {}).warm_up())
        assert served.count == 0


def test_warming_up_finds_out_what_a_model_does_not_take() -> None:
    reasoning = LitellmModel(LanguageModelSettings(name="openai/gpt-5-mini", temperature=0), {})
    with pytest.raises(ModelMisconfigured, match="temperature"):
        asyncio.run(reasoning.warm_up())
