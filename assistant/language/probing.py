"""Asks a configured language model two tiny questions, and says what it can do."""

import time
from dataclasses import dataclass
from decimal import Decimal

from pydantic_core import from_json

from assistant.language.litellm_model import LitellmModel
from chains.errors import ModelFailed
from chains.language import Completion, Json, ModelCall, Structure
from chains.scope import LanguageModelSettings

TIMEOUT_S = 20.0
_STRUCTURES: tuple[Structure, ...] = ("json_schema", "json_object", "plain")
_SCHEMA: Json = {
    "type": "object",
    "properties": {"colour": {"type": "string", "enum": ["red", "green"]}},
    "required": ["colour"],
    "additionalProperties": False,
}
_FUNCTION: Json = {
    "type": "function",
    "function": {"name": "read_stock", "description": "Reads how many of a product are in stock.", "parameters": {
        "type": "object",
        "properties": {"sku": {"type": "string"}},
        "required": ["sku"],
        "additionalProperties": False,
    }},
}  # fmt: skip


@dataclass(frozen=True)
class Probed:
    """What a model did when it was asked; `problem` is a sentence where it could not be reached.

    `structure` is the strictest way in which it kept to a schema, None where it did not; `latency_ms` is that of its
    first good reply; `cost_usd` of all replies, None where nobody knows its price.
    """

    name: str
    problem: str | None = None
    structure: Structure | None = None
    functions: bool = False
    latency_ms: float | None = None
    cost_usd: Decimal | None = Decimal(0)

    def advice(self, settings: LanguageModelSettings, model: LitellmModel) -> str:
        """What to write into the scope where it is served in another way than it can be; empty where nothing is."""
        if self.problem:
            return ""
        lines = []
        if self.structure and self.structure != model.structure:
            lines.append(f'structure = "{self.structure}"')
        if self.functions != model.takes_functions:
            lines.append(f'functions = "{"native" if self.functions else "prompt"}"')
        return f"for {settings.name} write: {', '.join(lines)}" if lines else ""


async def probe(settings: LanguageModelSettings, timeout_s: float = TIMEOUT_S) -> Probed:
    """Ask a model for a tiny object, in ever looser ways until one works, and for one function call."""
    latency_ms: float | None = None
    structure: Structure | None = None
    problem: str | None = None
    replies: list[Completion] = []
    for way in _STRUCTURES:
        started = time.perf_counter()
        try:
            reply = await LitellmModel(settings.model_copy(update={"structure": way})).once(_question(), timeout_s)
        except ModelFailed as error:
            problem = problem or str(error)
            continue
        latency_ms = latency_ms or (time.perf_counter() - started) * 1000
        replies.append(reply)
        if _fits(reply.text):
            structure = way
            break
    if not replies:
        return Probed(settings.name, problem)
    functions = await _calls_functions(settings, timeout_s, replies)
    priced = all(reply.priced for reply in replies)
    cost = sum((Decimal(reply.cost_usd) for reply in replies), Decimal(0)) if priced else None
    return Probed(settings.name, None, structure, functions, latency_ms, cost)


async def _calls_functions(settings: LanguageModelSettings, timeout_s: float, replies: list[Completion]) -> bool:
    """Whether it calls a function when it is given one."""
    messages: tuple[Json, ...] = ({"role": "user", "content": "How many of the product LAMP-1 are in stock?"},)
    call = ModelCall("lookup", messages, "Stock", _SCHEMA, 100, functions=(_FUNCTION,))
    model = LitellmModel(settings.model_copy(update={"functions": "native"}))
    try:
        reply = await model.once(call, timeout_s)
    except ModelFailed:
        return False
    replies.append(reply)
    return any(one.name == "read_stock" for one in reply.calls)


def _question() -> ModelCall:
    asked = 'Answer with the JSON object {"colour": "green"} and nothing else.'
    messages: tuple[Json, ...] = ({"role": "user", "content": asked},)
    return ModelCall("intent", messages, "Colour", _SCHEMA, 100)


def _fits(text: str) -> bool:
    try:
        return bool(from_json(text) == {"colour": "green"})
    except ValueError:
        return False
