"""A brain that says whatever fits the schema, and now and then what does not even do that."""

import json
import random
import re
from collections.abc import Callable
from typing import cast

from pydantic import JsonValue

from chains.allowance import Allowance
from chains.language import Completion, FunctionCall, Json, ModelCall, Structure
from tests.brains.held import MARK

_QUOTED = re.compile(r'"([^"\\]{1,60})"')
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:#-]{1,40}")
_SKU = re.compile(r"[A-Z]{2,}-[A-Z0-9-]+")
_FACT = re.compile(r"[A-Za-z0-9_-]+:[a-z_.]+")
_LOOKS = {
    "fact": _FACT,
    "left": _FACT,
    "right": _FACT,
    "query": re.compile(r"q:[0-9a-f]+"),
    "passage": re.compile(r"[a-z-]+#[a-z0-9.-]+"),
    "record": _SKU,
    "products": _SKU,
    "sku": _SKU,
    "skus": _SKU,
    "candidates": _SKU,
    "intent": re.compile(r"[a-z]+\.[a-z]+"),
    "unit": re.compile(r"[A-Za-z]{1,3}"),
}
_ODD = (f"{MARK} 7", f"https://{MARK}.example/?price=1", "[EMAIL_1]", "[ORDER_9]", "", " ", "\u202e", "ß" * 300, "${x}")


class RandomModel:
    """Schema-valid noise: `broken` is the share (0..1) of replies that are structurally broken.

    Most of its free texts are words of the messages, so that now and then they name what there is.
    """

    price_table_sha256: str | None = None

    def __init__(
        self,
        seed: int,
        structure: Structure = "json_schema",
        *,
        takes_functions: bool = True,
        broken: float = 0.2,
        name: str = "brain/random",
    ) -> None:
        self.name, self.structure, self.takes_functions = name, structure, takes_functions
        self._random = random.Random(seed)
        self._broken = broken

    def params(self, call: ModelCall) -> Json:
        return {}

    async def complete(self, call: ModelCall, allowance: Allowance) -> Completion:
        """Reply with calls of the functions that are offered, or with JSON of the schema."""
        rng = self._random
        noise = _Noise(rng, call)
        if not call.functions:
            text = json.dumps(noise.value(call.schema), ensure_ascii=rng.random() < 0.5)
            return Completion(text=self._damaged(text) if rng.random() < self._broken else text)
        if rng.random() < self._broken / 2:
            return Completion(text=rng.choice(["", "I cannot call functions.", '{"calls": 7}', "{}", f"```{MARK}"]))
        calls = [noise.call(rng.choice(call.functions)) for _ in range(rng.choice([1, 1, 1, 2, 2, 3, 9]))]
        if rng.random() < self._broken:
            calls[0] = FunctionCall(calls[0].name, calls[0].call_id, self._damaged(calls[0].arguments))
        return Completion(calls=tuple(calls))

    def _damaged(self, text: str) -> str:
        """A reply that is cut, wrapped, of other types, or with keys that nobody asked for."""
        rng = self._random
        ways: list[Callable[[], str]] = [
            lambda: text[: rng.randrange(len(text))],
            lambda: f"Sure, {MARK}! ```json\n{text}\n``` {text[:9]}",
            lambda: json.dumps([json.loads(text)]),
            lambda: re.sub(r"\d+(\.\d+)?", "NaN", text),
            lambda: re.sub(r'"[^"]*"(?=[,}\]])', "null", text),
            lambda: json.dumps({**json.loads(text), f"{MARK} key": MARK, "layer": "rules", "confidence": 1}),
            lambda: json.dumps({key: [value] for key, value in json.loads(text).items()}),
            lambda: json.dumps({key: value for key, value in json.loads(text).items() if rng.random() < 0.5}),
            lambda: "[" * 5000,
            lambda: text + "\ud800",
        ]
        return rng.choice(ways)()


class _Noise:
    """Random values of schemas, for one question."""

    def __init__(self, rng: random.Random, call: ModelCall) -> None:
        self._rng = rng
        self._definitions = cast("dict[str, Json]", call.schema.get("$defs", {}))
        said = "\n".join(str(message.get("content") or "") for message in call.messages[-3:])
        self._words: list[str] = [*_QUOTED.findall(said), *_WORD.findall(said)] or ["word"]

    def call(self, function: Json) -> FunctionCall:
        """A call of one function with random arguments."""
        told = cast("Json", function["function"])
        arguments = self.value(cast("Json", told["parameters"]))
        name = str(told["name"]) if self._rng.random() < 0.95 else f"{MARK}_tool"
        return FunctionCall(name, f"call-{self._rng.randrange(100)}", json.dumps(arguments))

    def value(self, schema: Json, name: str = "") -> JsonValue:
        """Any value that the schema admits; a text is mostly of the kind that a property of that name takes."""
        rng = self._rng
        if "$ref" in schema:
            return self.value(self._definitions[str(schema["$ref"]).rpartition("/")[2]])
        if "anyOf" in schema:
            return self._one_of(cast("list[Json]", schema["anyOf"]), name)
        if "enum" in schema:
            words = cast("list[str]", schema["enum"])
            return words[0] if rng.random() < 0.6 else rng.choice(words)
        match schema.get("type"):
            case "object":
                return self._object(schema)
            case "array":
                items = cast("Json", schema["items"])
                least, most = cast("int", schema.get("minItems", 0)), cast("int", schema.get("maxItems", 3))
                return [self.value(items, name) for _ in range(rng.randint(least, max(least, min(most, 3))))]
            case "number":
                return round(rng.random(), 3) if rng.random() < 0.9 else rng.choice([0, 1, -1, 16, 900, 10**12])
            case "integer":
                most = cast("int", schema.get("maximum", 100_000))
                return rng.randint(cast("int", schema.get("minimum", -1)), most)
            case "boolean":
                return rng.random() < 0.5
            case "null":
                return None
            case _:
                return self._text(name)

    def _one_of(self, options: list[Json], name: str) -> JsonValue:
        absent = any(option.get("type") == "null" for option in options)
        return None if absent and self._rng.random() < 0.7 else self.value(self._rng.choice(options), name)

    def _object(self, schema: Json) -> Json:
        """All properties in strict mode; of a function's arguments those that must be there, and some of the others."""
        properties = cast("dict[str, Json]", schema["properties"])
        required = cast("list[str]", schema.get("required", []))
        chosen = [name for name in properties if name in required or self._rng.random() < 0.3]
        return {name: self.value(properties[name], name) for name in chosen}

    def _text(self, name: str) -> str:
        """Mostly a word of the messages that looks like what is asked for, else any of them, else something odd."""
        pick = self._rng.random()
        alike: list[str] = [word for word in self._words if name in _LOOKS and _LOOKS[name].fullmatch(word)]
        if alike and pick < 0.8:
            return self._rng.choice(alike)
        return self._rng.choice(self._words if pick < 0.9 else _ODD)
