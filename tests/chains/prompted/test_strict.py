from collections.abc import Iterator
from typing import Literal, cast

import pytest
from pydantic import BaseModel, Field, JsonValue

from chains.claims import Draft
from chains.contract import Contract
from chains.language import Json
from chains.messages import Intent
from chains.prompted.moderation import Judgement
from chains.prompted.strict import strict_schema
from moderation import Verdict

_KEYWORDS = {
    "type", "properties", "required", "additionalProperties", "items", "anyOf", "enum", "$ref", "$defs", "description"
}  # fmt: skip


def breaches(schema: Json) -> Iterator[str]:
    """What OpenAI's strict mode would refuse, by its documented rules for structured outputs."""
    if schema.get("type") != "object" or "anyOf" in schema:
        yield "the whole is no plain object"
    definitions = cast("dict[str, Json]", schema.get("$defs", {}))
    parts = list(_parts(schema))
    for part in parts:
        if unknown := part.keys() - _KEYWORDS:
            yield f"keywords {unknown}"
        if part.get("type") == "object":
            properties = cast("Json", part.get("properties", {}))
            if part.get("additionalProperties") is not False:
                yield "an open object"
            if part.get("required") != [*properties]:
                yield "a property that is not required"
        elif not part.keys() & {"type", "anyOf", "enum", "$ref"}:
            yield "a part of no kind"
        if "$ref" in part and str(part["$ref"]).removeprefix("#/$defs/") not in definitions:
            yield "a reference to nothing"
    if sum(len(cast("Json", part.get("properties", {}))) for part in parts) > 100:
        yield "too many properties"
    if sum(len(cast("list[str]", part.get("enum", []))) for part in parts) > 500:
        yield "too many enumerated words"
    if _depth(schema, definitions) > 5:
        yield "too deep"


def _parts(part: Json) -> Iterator[Json]:
    yield part
    for name in ("properties", "$defs"):
        for inner in cast("dict[str, Json]", part.get(name, {})).values():
            yield from _parts(inner)
    if "items" in part:
        yield from _parts(cast("Json", part["items"]))
    for inner in cast("list[Json]", part.get("anyOf", [])):
        yield from _parts(inner)


def _depth(part: Json, definitions: dict[str, Json]) -> int:
    if "$ref" in part:
        return _depth(definitions[str(part["$ref"]).removeprefix("#/$defs/")], definitions)
    inner = [*cast("dict[str, Json]", part.get("properties", {})).values(), *cast("list[Json]", part.get("anyOf", []))]
    if "items" in part:
        inner.append(cast("Json", part["items"]))
    return (part.get("type") == "object") + max((_depth(one, definitions) for one in inner), default=0)


def fits(value: object, part: Json, whole: Json | None = None) -> bool:
    """Whether a value fits a schema of strict mode."""
    whole = whole or part
    definitions = cast("dict[str, Json]", whole.get("$defs", {}))
    if "$ref" in part:
        return fits(value, definitions[str(part["$ref"]).removeprefix("#/$defs/")], whole)
    if "anyOf" in part:
        return any(fits(value, one, whole) for one in cast("list[Json]", part["anyOf"]))
    if "enum" in part:
        return value in cast("list[object]", part["enum"])
    match part["type"], value:
        case "object", dict():
            properties = cast("dict[str, Json]", part["properties"])
            return value.keys() == properties.keys() and all(fits(value[n], properties[n], whole) for n in properties)
        case "array", list():
            return all(fits(one, cast("Json", part["items"]), whole) for one in value)
        case kind, bool() | None:
            return kind == ("null" if value is None else "boolean")
        case "number", int() | float():
            return True
        case kind, _:
            return (kind, type(value)) in {("string", str), ("integer", int)}


@pytest.mark.parametrize(
    "schema",
    [
        strict_schema(Intent, ("confidence",), intent=("a.one", "a.two")),
        strict_schema(Draft, ("confidence",)),
        strict_schema(Judgement),
    ],
    ids=["intent", "draft", "judgement"],
)
def test_the_hops_schemas_keep_the_rules_of_strict_mode(schema: Json) -> None:
    assert list(breaches(schema)) == []
    assert next(iter(cast("Json", schema["properties"]))) == "reasoning"
    assert "confidence" not in cast("Json", schema["properties"])


def test_the_checker_of_these_tests_finds_what_pydantic_writes_by_itself() -> None:
    assert {"an open object", "a property that is not required"} <= {*breaches(Limited.model_json_schema())}
    assert any("keywords" in one for one in breaches(Draft.model_json_schema()))


class Limited(BaseModel):
    colour: str = Field(default="red", max_length=3, pattern="^r", description="of the thing")
    sizes: tuple[int, ...] = Field(default=(), max_length=2)
    colours: tuple[str, ...] = ()
    other: str | None = None
    sort: Literal["one"] = "one"


def test_limits_and_defaults_go_and_descriptions_stay() -> None:
    schema = strict_schema(Limited, ("sort",), colours=("red", "blue"), other=("x",))
    properties = cast("dict[str, Json]", schema["properties"])
    assert properties["colour"] == {"type": "string", "description": "of the thing"}
    assert properties["sizes"] == {"type": "array", "items": {"type": "integer"}}
    assert properties["colours"] == {"type": "array", "items": {"type": "string", "enum": ["red", "blue"]}}
    assert properties["other"] == {"anyOf": [{"type": "string", "enum": ["x"]}, {"type": "null"}]}
    assert "sort" not in properties
    assert list(breaches(schema)) == []


def test_alternatives_that_differ_by_their_limits_alone_become_one() -> None:
    class Either(BaseModel):
        size: int | float = Field(description="a number")
        word: str | None

    schema = strict_schema(Either)
    properties = cast("dict[str, Json]", schema["properties"])
    assert properties["size"] == {"description": "a number", "anyOf": [{"type": "integer"}, {"type": "number"}]}
    assert list(breaches(schema)) == []


class Open(Contract):
    anything: JsonValue


@pytest.mark.parametrize("model", [Verdict, Open])
def test_an_object_of_any_keys_is_refused(model: type[BaseModel]) -> None:
    with pytest.raises(TypeError, match="left open"):
        strict_schema(model)


def test_an_enumeration_of_mixed_words_is_kept() -> None:
    class Mixed(BaseModel):
        either: Literal["a", 1]

    assert cast("dict[str, Json]", strict_schema(Mixed)["properties"])["either"] == {"enum": ["a", 1]}
