"""Finds the JSON in a model's reply. Everything here is untrusted, and nothing here raises."""

import re
from collections.abc import Callable, Iterator
from typing import TypeVar, cast

from pydantic import JsonValue
from pydantic_core import from_json, to_json

from chains.language import Json

JsonT = TypeVar("JsonT", bound=JsonValue)
_UNCLOSED = 4  # braces that are never closed, after which the search is given up: each costs a look at all that follows
_OBJECTS = 1000  # that are looked at in one reply
_DEPTH, _BRACES = 100, 5000  # of an object that has something around it
_BRACE = re.compile(r'[^"{}]*+(?:"(?:[^"\\]++|\\.?)*+(?:"|\Z)[^"{}]*+)*+([{}])', re.DOTALL)  # the next outside a string


def json_of(text: str) -> str:
    """The last JSON object in a reply, as it is written there, without code fences and prose around it.

    The last, because a model that thinks aloud concludes at the end. The reply itself where there is none,
    so that the hop's guard says what is wrong with it; lone surrogates, which are no text, become question marks.
    """
    text = well_formed(text)
    whole = text.strip()
    if object_of(whole) is not None:
        return whole
    return ([*_objects(text)] or [text])[-1]


def well_formed(text: str) -> str:
    """A text that can be stored: half characters become question marks."""
    return text.encode("utf-8", "replace").decode("utf-8")


def storable(value: JsonT) -> JsonT:
    """What a model said in the form that a record can hold: its texts and keys are well formed."""
    return cast("JsonT", _well_formed_throughout(value))


def without_reasoning(text: str) -> str:
    """The same JSON without its key `reasoning`, which is between the model and its record; other text as it is."""
    return changed(text, lambda value: value)


def changed(text: str, change: Callable[[Json], Json]) -> str:
    """JSON changed by a function, and without its key `reasoning`; text that is no JSON object as it is."""
    value = object_of(text)
    if value is None:
        return text
    reply = change({key: item for key, item in value.items() if key != "reasoning"})
    return text if reply == value else to_json(reply).decode()


def object_of(text: str) -> Json | None:
    """A text that is one JSON object as a dict; None for anything else, however malformed or deep."""
    try:
        value: object = from_json(text.encode(errors="surrogatepass"))
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _well_formed_throughout(value: JsonValue) -> JsonValue:
    match value:
        case str():
            return well_formed(value)
        case list():
            return [_well_formed_throughout(one) for one in value]
        case dict():
            return {well_formed(name): _well_formed_throughout(one) for name, one in value.items()}
        case _:
            return value


def _objects(text: str) -> Iterator[str]:
    """The outermost JSON objects of a text, in their order."""
    at, unclosed = text.find("{"), 0
    for _ in range(_OBJECTS):
        if at < 0 or unclosed == _UNCLOSED:
            return
        end = _end(text, at)
        if end is None:
            unclosed, end = unclosed + 1, at + 1
        elif object_of(text[at:end]) is not None:
            yield text[at:end]
        at = text.find("{", end)


def _end(text: str, start: int) -> int | None:
    """Where the braces that open here close, those in strings aside; None where they do not, or are too many."""
    depth, at = 0, start
    for _ in range(_BRACES):
        brace = _BRACE.match(text, at)
        if brace is None or depth > _DEPTH:
            return None
        at = brace.end()
        depth += 1 if brace[1] == "{" else -1
        if not depth:
            return at
    return None
