"""The functions that a language model may call in a lookup, made narrow: what it cannot name, it cannot get wrong.

Everything in a definition comes from the scope, from the tools' own models or from the catalog's facets, and the
catalog's words stand in enumerations alone, as values. `chains.prompted.coercion` turns calls back into the tools' own
arguments.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import cast, get_args

from babel.numbers import get_currency_precision
from pydantic import BaseModel, JsonValue

from chains.facets import Facets
from chains.facts import FilterOp
from chains.language import Json
from chains.messages import LookupInput, Need
from chains.tools import BUILT_IN, ToolSpec

ASK_CUSTOMER = "ask_customer"
"""The function that asks instead of looking up; no tool may be called so."""

NEEDS_RESULTS = "needs_results"
"""The argument of a search by which a model asks to see its result before it makes the other calls."""

_MINOR = "_minor"
_PLACEHOLDER = re.compile(r"\[ORDER_[0-9]{1,2}\]")
_BUILT_IN = {spec.name: spec for spec in BUILT_IN}
_DESCRIPTION_CHARS = 400
_ENUM_WORDS, _ENUM_CHARS = 200, 80
_SKU = "as it stands in the listed products or in a result"
_VALUE = "of the field's kind: a number, true or false, or one of its words"
_NEEDS: Mapping[Need, str] = {
    "product": "which product is meant",
    "details": "what kind of product is wanted",
    "currency": "an amount in the shop's own currency",
    "order_proof": "order number and e-mail address",
}


@dataclass(frozen=True)
class ArgumentSchema:
    """The JSON schema of a tool's arguments: each property, and the names of those that must be there."""

    properties: dict[str, Json]
    required: tuple[str, ...]


def schema_of(spec: ToolSpec) -> ArgumentSchema:
    """The schema of a tool's own arguments."""
    return _schema_of(spec.arguments)


@lru_cache(maxsize=256)
def _schema_of(arguments: type[BaseModel]) -> ArgumentSchema:
    schema = arguments.model_json_schema()
    return ArgumentSchema(schema.get("properties", {}), tuple(schema.get("required", ())))


def permitted(given: LookupInput) -> dict[str, tuple[str, ...]]:
    """Every function that may be called, with the intents on whose behalf: in the order of the intents."""
    found: dict[str, tuple[str, ...]] = {}
    for intent in given.intents:
        for name in given.tools.get(intent, ()):
            found[name] = (*found.get(name, ()), intent)
    return found


def definitions(given: LookupInput, specs: Mapping[str, ToolSpec], facets: Facets) -> tuple[Json, ...]:
    """The functions permitted in this lookup as OpenAI's chat completions take them.

    `ask_customer` is the last of a first round; a second one goes on from what was found, and asks nobody.
    """
    allowed = permitted(given)
    tools = (
        _definition(specs[name], intents, given=given, facets=facets, may_look=len(allowed) > 1 and not given.results)
        for name, intents in allowed.items()
    )
    return (*tools, *(() if given.results else (_ask_customer(),)))


def reply_schema(functions: tuple[Json, ...]) -> Json:
    """The schema of calls as a JSON reply, for a model without functions, as OpenAI's strict mode takes it.

    Every argument is required there, so that those which may be absent may be null instead. What the functions are
    for is not in it: the prompt tells that.
    """
    calls: list[JsonValue] = []
    for function in functions:
        told = cast("Json", function["function"])
        name: Json = {"type": "string", "enum": [told["name"]]}
        arguments = _strict(cast("Json", told["parameters"]))
        calls.append(_object({"name": name, "arguments": arguments}, ["name", "arguments"]))
    listed: Json = {"type": "array", "items": {"anyOf": calls}}
    return _object({"reasoning": {"type": "string"}, "calls": listed}, ["reasoning", "calls"])


def request_key(spec: ToolSpec) -> str:
    """The argument that names the intent of a call, out of the way of an operator's parameter of that name."""
    return "Request" if "request" in spec.arguments.model_fields else "request"


def major(amount_minor: int, currency: str) -> int | float:
    """An amount in the currency itself: 84900 is 849 in EUR, and 84950 is 849.5."""
    amount = Decimal(amount_minor).scaleb(-get_currency_precision(currency))
    return int(amount) if amount == amount.to_integral_value() else float(amount)


def as_offered(spec: ToolSpec, arguments: Json, currency: str, request: str | None = None) -> Json:
    """A tool's own arguments as a model would have written them; what is absent or set by code is left out."""
    offered: Json = {request_key(spec): request} if request is not None else {}
    for name, value in arguments.items():
        if value is None or (spec.name in _BUILT_IN and name == "topics"):
            continue
        if spec.name in _BUILT_IN and name.endswith(_MINOR) and isinstance(value, int):
            offered[name.removesuffix(_MINOR)] = major(value, currency)
        else:
            offered[name] = value
    return offered


@lru_cache(maxsize=8192)  # a catalog's words, which every request shows again
def plain(text: str, chars: int = _DESCRIPTION_CHARS) -> str:
    """A text in one line without control characters, cut to a length."""
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    return line if len(line) <= chars else line[: chars - 1] + "…"


def _definition(
    spec: ToolSpec, intents: tuple[str, ...], *, given: LookupInput, facets: Facets, may_look: bool
) -> Json:
    schema = schema_of(spec)
    properties: Json = {}
    if len(given.intents) == 2:
        properties[request_key(spec)] = _enum(intents, "the request that this call is for")
    for name, described in schema.properties.items():
        offered = (name, _bare(described))
        if spec.name in _BUILT_IN:
            offered = _narrowed(name, offered[1], given, facets)
        if offered[1]:
            properties[offered[0]] = offered[1]
    if spec.name == "search_products" and may_look:
        said = "true if the other calls can only be made with what this search finds"
        properties[NEEDS_RESULTS] = {"type": "boolean", "description": said}
    required = [name for name in properties if name in {*schema.required, request_key(spec)}]
    return _function(spec.name, spec.description, properties, required)


def _narrowed(name: str, schema: Json, given: LookupInput, facets: Facets) -> tuple[str, Json]:
    """An argument of a built-in tool as it is offered; an empty schema where it is not."""
    keys = tuple(field.key for field in facets.fields)
    match name:
        case "category":
            return name, _enum(tuple(key for key, _ in facets.categories))
        case "brand":
            return name, _enum(facets.brands, "only where the customer names it")
        case "fields":
            said = "what is asked about; without any, everything is read"
            return name, {"type": "array", "items": _enum(keys), "maxItems": 12, "description": said} if keys else {}
        case "filters":
            return name, {"type": "array", "items": _filter(keys), "maxItems": 8} if keys else {}
        case "sort_by":
            numeric = tuple(field.key for field in facets.fields if field.kind in {"money", "quantity"})
            return name, _enum(numeric, "for the cheapest, lightest, largest and the like")
        case "price_min_minor" | "price_max_minor":
            said = f"amount in {plain(facets.currency, 3)}, inclusive"
            return name.removesuffix(_MINOR), {"type": "number", "minimum": 0, "description": said}
        case "sku":
            return name, _sku()
        case "skus":
            return name, schema | {"items": _sku()}
        case "order_number":
            return name, _enum(tuple(dict.fromkeys(_PLACEHOLDER.findall(given.text))), "as it stands in the request")
        case "topics":
            return name, {}  # code sets those of the call's intent, so that no other policy can be quoted
        case _:
            return name, schema


def _filter(keys: tuple[str, ...]) -> Json:
    said = "eq or ne for a word and for yes or no; has or has_not for a list of words; any but these two for a number"
    value: Json = {"anyOf": [{"type": "string"}, {"type": "number"}, {"type": "boolean"}], "description": _VALUE}
    properties: Json = {
        "field": _enum(keys),
        "op": _enum(get_args(FilterOp), said),
        "value": value,
        "unit": {"type": "string", "description": "of a number, such as GB; empty for other values"},
    }
    return _object(properties, ["field", "op", "value"])


def _ask_customer() -> Json:
    meanings = "; ".join(f"{need}: {said}" for need, said in _NEEDS.items())
    properties: Json = {
        "need": _enum(get_args(Need), meanings),
        "candidates": {
            "type": "array",
            "items": _sku(),
            "maxItems": 6,
            "description": "for `product`: those that may be meant",
        },
    }
    said = "Asks the customer for what must be known before anything can be looked up."
    return _function(ASK_CUSTOMER, said, properties, ["need"])


def _function(name: str, description: str, properties: Json, required: list[str]) -> Json:
    parameters = _object(properties, required)
    return {
        "type": "function",
        "function": {"name": name, "description": plain(description), "parameters": parameters},
    }


def _object(properties: Json, required: list[str]) -> Json:
    return {"type": "object", "properties": properties, "required": [*required], "additionalProperties": False}


def _sku() -> Json:
    return {"type": "string", "description": _SKU}


def _enum(words: tuple[str, ...], description: str = "") -> Json:
    """A choice of words that can be listed: short ones in one line. Nothing where there are none, any of too many."""
    listed = [word for word in words if 0 < len(word) <= _ENUM_CHARS and word.isprintable()]
    if not listed:
        return {}
    choice: Json = {"type": "string", "enum": [*listed]} if len(listed) <= _ENUM_WORDS else {"type": "string"}
    return choice | {"description": description} if description else choice


def _strict(schema: Json) -> Json:
    """A schema without descriptions, limits and patterns, whose objects require all they have."""
    kept: Json = {name: schema[name] for name in ("type", "enum", "anyOf") if name in schema}
    if isinstance(items := schema.get("items"), dict):
        kept["items"] = _strict(items)
    if schema.get("type") == "object":
        required = cast("list[JsonValue]", schema["required"])
        properties: Json = {}
        for name, part in cast("dict[str, Json]", schema["properties"]).items():
            one = _strict(part)
            properties[name] = one if name in required else {"anyOf": [one, {"type": "null"}]}
        kept |= _object(properties, [*properties])
    return kept


def _bare(schema: Mapping[str, JsonValue]) -> Json:
    """A property of a pydantic schema without titles, defaults and the alternative of null."""
    bare: Json = {key: value for key, value in schema.items() if key not in {"title", "default", "anyOf"}}
    for option in cast("list[Json]", schema.get("anyOf", [])):
        if option.get("type") != "null":
            bare |= option
    if isinstance(said := bare.get("description"), str):
        bare["description"] = plain(said)
    return bare
