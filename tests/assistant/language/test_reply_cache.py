import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.language.litellm_model import LitellmModel
from assistant.language.reply_cache import dumped, key_of, loaded
from chains.language import Completion, FunctionCall, ModelCall
from chains.ports import Repair
from chains.prompt_files import load_prompt
from chains.prompted.coercion import plan_of
from chains.prompted.lookup import PromptedPlanner
from chains.prompted.spelling import Spelling
from chains.record import Usage
from chains.scope import LanguageModelSettings
from tests.assistant.language.asking import LOOK, asked
from tests.chains.fake_language import FakeLanguage
from tests.chains.prompted.lookups import FACETS, SCOPE, looking, no_hints

SETTINGS = LanguageModelSettings(name="openai/scripted", structure="plain")
MODEL = LitellmModel(SETTINGS, {})
KEY = key_of(MODEL, asked())


@pytest.mark.parametrize(
    "call",
    [
        asked("Another one?"),
        asked(functions=(LOOK,)),
        replace(asked(), must_call=False),
        replace(asked(), schema_name="Tint"),
        replace(asked(), schema={"type": "object"}),
    ],
)
def test_everything_that_a_reply_depends_on_is_in_the_key(call: ModelCall) -> None:
    assert key_of(MODEL, call) != KEY


@pytest.mark.parametrize(
    "changed",
    [{"name": "openai/other"}, {"temperature": 0.5}, {"base_url": "http://host/v1"}, {"structure": "json_object"}],
)
def test_the_models_settings_are_in_the_key(changed: dict[str, object]) -> None:
    settings = LanguageModelSettings.model_validate(SETTINGS.model_dump() | changed)
    assert key_of(LitellmModel(settings, {}), asked()) != KEY


def test_the_estimate_and_the_hop_are_not_in_the_key() -> None:
    assert key_of(MODEL, asked(input_tokens=7, hop="lookup")) == KEY


@pytest.mark.parametrize("more", [("a bad reply", "what was wrong"), ("calls", "result", "result", "what was wrong")])
def test_a_repair_has_the_key_of_the_attempt_that_it_repairs(more: tuple[str, ...]) -> None:
    repair = replace(asked("Which colour?", *more, attempt=2), first=asked().messages)
    assert key_of(MODEL, repair) == KEY


@pytest.mark.parametrize("native", [True, False])
def test_a_refused_lookup_has_the_key_of_the_attempt_that_it_repairs(native: bool) -> None:
    model = FakeLanguage(takes_functions=native)
    planner = PromptedPlanner(model, load_prompt("lookup", "1"), SCOPE, FACETS, no_hints, 6000)
    refused = plan_of((FunctionCall("check_stock", "a", "{}"),), looking(), SCOPE.specs, Spelling(FACETS))
    first, _ = planner.call(looking())
    again, _ = planner.call(looking(), Repair(refused, ()))
    assert again.messages != first.messages
    assert key_of(MODEL, again) == key_of(MODEL, first)


def test_a_kept_reply_comes_back_and_costs_nothing() -> None:
    reply = Completion(
        text='{"colour": "red"}',
        calls=(FunctionCall("look", "call_0", "{}"),),
        params={"temperature": 0.0},
        output_messages=({"role": "assistant", "content": "red"},),
        response_id="1",
        response_model="m",
        finish_reasons=("stop",),
        ttft_ms=3.0,
        usage=Usage(input_total=5, output=5),
        usage_raw={"prompt_tokens": 5},
        cost_usd="0.1",
        retries=1,
    )
    assert loaded(dumped(reply)) == replace(
        reply, ttft_ms=None, usage=Usage(), usage_raw=None, cost_usd="0", retries=0, served_from="cache"
    )


def test_text_that_is_none_is_damage_when_read_back() -> None:
    assert loaded(dumped(Completion(text="\ud800"))) is None


@pytest.mark.parametrize("value", ["", "{", "[]", '{"text": 1}', "[" * 5000])
def test_a_damaged_reply_is_ignored(value: str) -> None:
    assert loaded(value) is None


@given(st.recursive(st.none() | st.text() | st.integers(), lambda inner: st.dictionaries(st.text(), inner)))
def test_no_value_in_a_cache_is_ever_a_failure(value: object) -> None:
    good = json.loads(dumped(Completion(text="{}")))
    for name in good:
        read = loaded(json.dumps(good | {name: value}))
        assert read is None or read.served_from == "cache"
