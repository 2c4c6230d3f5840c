"""The JSON schema of a contract in the form that a language model can be held to strictly."""

from collections.abc import Collection, Mapping, Sequence
from typing import cast

from pydantic import BaseModel, JsonValue

from chains.language import Json

_REASONING: Json = {
    "type": "string",
    "description": "your private notes in a sentence or two, before you decide; nobody reads them",
}
_KEPT = ("type", "description", "enum", "$ref")


def strict_schema(model: type[BaseModel], leave_out: Collection[str] = (), **narrowed: Sequence[str]) -> Json:
    """The schema of a contract as OpenAI's strict mode takes it, with a string `reasoning` before all else.

    Every object names all its properties as required and no other; limits, patterns, formats and defaults are not in
    it, because not every provider takes them: the contract's own guard holds replies to those. `leave_out` names
    properties of the whole that are not asked for; `narrowed` gives the only values of a property of that name,
    wherever it is. Raises a `TypeError` for an object with keys of its own choosing, which strictness has no word for.
    """
    schema = cast("Json", model.model_json_schema())
    definitions = cast("dict[str, Json]", schema.pop("$defs", {}))
    properties: Json = {name: part for name, part in _properties(schema).items() if name not in leave_out}
    whole = _object({"reasoning": _REASONING, **properties}, narrowed)
    if definitions:
        whole["$defs"] = {name: _strict(_undescribed(part), narrowed) for name, part in definitions.items()}
    return whole


def _properties(part: Json) -> Json:
    return cast("Json", part.get("properties", {}))


def _undescribed(part: Json) -> Json:
    """A definition without its class's docstring, which is for developers."""
    return {name: value for name, value in part.items() if name != "description"}


def _object(properties: Json, narrowed: Mapping[str, Sequence[str]]) -> Json:
    held: Json = {
        name: _narrowed(cast("Json", part), narrowed[name])
        if name in narrowed
        else _strict(cast("Json", part), narrowed)
        for name, part in properties.items()
    }
    return {"type": "object", "properties": held, "required": [*held], "additionalProperties": False}


def _narrowed(part: Json, values: Sequence[str]) -> Json:
    """One of these words, in each place of a list of them."""
    word: Json = {"type": "string", "enum": [*values]}
    if part.get("type") == "array":
        return {"type": "array", "items": word}
    return {"anyOf": [word, {"type": "null"}]} if "anyOf" in part else word


def _strict(part: Json, narrowed: Mapping[str, Sequence[str]]) -> Json:
    kept: Json = {name: part[name] for name in _KEPT if name in part}
    if "const" in part:
        kept["enum"] = [part["const"]]
    if options := part.get("anyOf", part.get("oneOf")):
        return kept | {
            "anyOf": _distinct([_strict(cast("Json", one), narrowed) for one in cast("list[JsonValue]", options)])
        }
    match part.get("type"):
        case "object" if part.get("additionalProperties") is False:
            return kept | _object(_properties(part), narrowed)
        case "array" if isinstance(items := part.get("items"), dict):
            return kept | {"items": _strict(items, narrowed)}
        case "string" | "integer" | "number" | "boolean" | "null":
            return kept
        case _ if "$ref" in kept or "enum" in kept:
            return kept
        case _:
            raise TypeError("This contract has a part whose keys or kind are left open; give it a list of typed items.")


def _distinct(options: list[Json]) -> list[JsonValue]:
    """Alternatives without repeats, which are left when their limits are gone."""
    return [one for place, one in enumerate(options) if one not in options[:place]]
