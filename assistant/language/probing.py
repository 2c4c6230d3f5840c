"""Asks a configured language model a few tiny questions, and says what it can do."""

import time
from dataclasses import dataclass, field
from decimal import Decimal

from pydantic_core import from_json, to_json

from assistant.language.litellm_model import LitellmModel
from assistant.language.moderation_endpoint import model_of
from chains.errors import ModelFailed, ModelLate
from chains.language import Completion, Json, ModelCall, Structure
from chains.prompted.json_text import json_of
from chains.scope import LanguageModelSettings

TIMEOUT_S = 20.0
_STRUCTURES: tuple[Structure, ...] = ("json_schema", "json_object", "plain")
_QUESTION = "What colour is grass in spring: red or green? Reply with a JSON object and nothing else."
_SCHEMA: Json = {
    "type": "object",
    "properties": {"colour_seen": {"type": "string", "enum": ["red", "green"]}},
    "required": ["colour_seen"],
    "additionalProperties": False,
}
_FITTING = ({"colour_seen": "red"}, {"colour_seen": "green"})
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
    """What a model did when it was asked; `problem` is a sentence where it gave no reply.

    `structure` is the strictest way in which it kept to a schema, None where it did not; `latency_ms` is that of its
    quickest reply; `cost_usd` of all replies, None where nobody knows its price.
    """

    name: str
    problem: str | None = None
    structure: Structure | None = None
    functions: bool = False
    latency_ms: float = 0.0
    cost_usd: Decimal | None = Decimal(0)

    def advice(self, settings: LanguageModelSettings) -> str | None:
        """A sentence on what to change in the scope, where it is served in another way than it can be."""
        if self.problem or settings.kind == "moderation":
            return None
        if self.structure is None:
            return f"{self.name} keeps to no schema, so most of its replies would be refused; name another model."
        served, better = LitellmModel(settings), []
        if self.structure != served.structure:
            better.append(f'structure = "{self.structure}"')
        if self.functions != served.takes_functions:
            better.append(f'functions = "{"native" if self.functions else "prompt"}"')
        return f"for {self.name} write {' and '.join(better)} under [[language_models]]." if better else None


async def probe(settings: LanguageModelSettings, timeout_s: float = TIMEOUT_S) -> Probed:
    """Ask a model for a tiny object, in ever looser ways until one works, and for one function call.

    A moderation endpoint judges one harmless text instead.
    """
    asking = _Asking(settings, timeout_s)
    try:
        await model_of(settings).warm_up()  # which is no time of the model's own
        if settings.kind == "moderation":
            await asking.judged()
            structure, functions = None, False
        else:
            structure, functions = await asking.structure(), await asking.functions()
    except ModelFailed as error:
        return Probed(settings.name, str(error))
    priced = all(reply.priced for reply in asking.replies)
    cost = sum((Decimal(reply.cost_usd) for reply in asking.replies), Decimal(0)) if priced else None
    return Probed(settings.name, None, structure, functions, min(asking.latencies_ms), cost)


@dataclass
class _Asking:
    """One model under questions, and what it replied."""

    settings: LanguageModelSettings
    timeout_s: float
    replies: list[Completion] = field(default_factory=list)
    latencies_ms: list[float] = field(default_factory=list)

    async def structure(self) -> Structure | None:
        """The strictest way in which it keeps to a schema; raises `ModelFailed` where it replied in none."""
        failed: ModelFailed | None = None
        for way in _STRUCTURES:
            # The object is described to it only where it has no other way to know what is wanted.
            asked = _QUESTION if way == "json_schema" else f"{_QUESTION} It has to fit {to_json(_SCHEMA).decode()}"
            try:
                reply = await self._ask(_call("Colour", asked), self.settings.model_copy(update={"structure": way}))
            except ModelLate:
                raise  # it would be as late again
            except ModelFailed as error:
                failed = failed or error
                continue
            if _fits(json_of(reply.text) if way == "plain" else reply.text):
                return way
        if failed is not None and not self.replies:
            raise failed
        return None

    async def functions(self) -> bool:
        """Whether it calls a function when it is given one."""
        call = _call("Stock", "How many of the product LAMP-1 are in stock?", _FUNCTION)
        try:
            reply = await self._ask(call, self.settings.model_copy(update={"functions": "native"}))
        except ModelFailed:
            return False
        return any(called.name == "read_stock" for called in reply.calls)

    async def judged(self) -> None:
        """Have a harmless text judged by a moderation endpoint; raises `ModelFailed` where it gives no scores."""
        await self._ask(_call("Scores", _QUESTION), self.settings)

    async def _ask(self, call: ModelCall, settings: LanguageModelSettings) -> Completion:
        started = time.perf_counter()
        reply = await model_of(settings).once(call, self.timeout_s)
        self.latencies_ms.append((time.perf_counter() - started) * 1000)
        self.replies.append(reply)
        return reply


def _call(name: str, text: str, *functions: Json) -> ModelCall:
    return ModelCall("intent", ({"role": "user", "content": text},), name, _SCHEMA, 100, functions)


def _fits(text: str) -> bool:
    try:
        return from_json(text) in _FITTING
    except ValueError:
        return False
