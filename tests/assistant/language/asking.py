"""What the tests of language models share: a call, settings that point at a server, and a purse."""

import asyncio

import pytest

from assistant.language.litellm_model import LitellmModel
from chains.allowance import Allowance
from chains.language import Completion, Json, ModelCall
from chains.messages import HopName
from chains.scope import Budget, LanguageModelSettings

# these warnings of pydantic are silenced when litellm is imported, and pytest undoes that before each test
SILENCED = [
    pytest.mark.filterwarnings(r"ignore:coroutine '[\w.<>]*acompletion\w*' was never awaited"),
    pytest.mark.filterwarnings("ignore:Pydantic serializer warnings"),
    pytest.mark.filterwarnings("ignore:Accessing the 'model_"),
    pytest.mark.filterwarnings("ignore:Item 'summary' on TypedDict"),
]
SCHEMA: Json = {
    "type": "object",
    "properties": {"colour": {"type": "string"}},
    "required": ["colour"],
    "additionalProperties": False,
}
LOOK: Json = {"type": "function", "function": {"name": "look", "description": "Looks.", "parameters": SCHEMA}}


def asked(
    *words: str, hop: HopName = "intent", functions: tuple[Json, ...] = (), attempt: int = 1, input_tokens: int = 100
) -> ModelCall:
    messages: list[Json] = [{"role": "system", "content": "Reply with JSON."}]
    messages += [{"role": "user", "content": word} for word in words or ("Which colour?",)]
    first = tuple(messages[:2]) if attempt > 1 else ()
    return ModelCall(hop, tuple(messages), "Colour", SCHEMA, input_tokens, functions, attempt, first=first)


def reached(base_url: str, name: str = "openai/scripted", **more: object) -> LanguageModelSettings:
    return LanguageModelSettings.model_validate({"name": name, "base_url": base_url, **more})


def reply_of(settings: LanguageModelSettings, call: ModelCall | None = None, timeout_s: float = 10) -> Completion:
    return asyncio.run(LitellmModel(settings, {}).once(call or asked(), timeout_s))


def purse(**limits: object) -> Allowance:
    """An allowance of a few seconds; call it inside a running loop."""
    return Allowance(Budget.model_validate({"deadline_ms": 8000, "usd": 1.0, **limits}))
