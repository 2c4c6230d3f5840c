"""Reads a scope file and the examples file that it may name, and says what is wrong with one.

That is the file, the key or line, what was found, and what is allowed.
"""

import json
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import get_args

from pydantic import BaseModel, JsonValue, ValidationError
from pydantic_core import ErrorDetails

from chains.errors import ScopeError
from chains.prompted.functions import ASK_CUSTOMER
from chains.record import Sha256, digest
from chains.scope import IntentScope, LabelledExample, Scope
from chains.tools import BUILT_IN, Identity

_FOUND_CHARS = 60  # how much of a wrong value is quoted back
_OUR_WORDS = (
    ("Value error, ", ""),
    ("Input should", "it should"),
    ("an object", "a table"),
    ("Tuple", "the list"),
    (" after validation, not 0", ""),
)


@dataclass(frozen=True)
class LoadedScope:
    """A scope with the file that it came from, and the further examples that are part of it.

    `text` is what the scope file says, and after it, as comments, the lines of its examples; `sha256` is its hash.
    """

    scope: Scope
    path: Path
    sha256: Sha256
    text: str
    examples: tuple[LabelledExample, ...] = ()


def load_scope(path: Path) -> LoadedScope:
    """Read and check a scope file with its examples file; raises `ScopeError` with one sentence a line.

    All problems of the scope file are told at once, and the first line of the examples file that is wrong.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ScopeError(
            f"{path}: there is no such scope file; `hopdesk scope init {path}` writes a starter."
        ) from None
    except (OSError, ValueError) as error:
        raise ScopeError(
            f"{path}: the scope file cannot be read ({type(error).__name__}); it must be UTF-8 text."
        ) from None
    loaded = LoadedScope(scope=parse_scope(text, str(path)), path=path, sha256=digest(text), text=text)
    named = loaded.scope.sources.examples
    return loaded if named is None else with_examples(loaded, read_examples(path.parent / named, loaded.scope))


def read_examples(path: Path, scope: Scope) -> tuple[LabelledExample, ...]:
    """The lines of an examples file; raises `ScopeError` naming the first one that is wrong."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except FileNotFoundError:
        raise ScopeError(
            f"{path}: there is no such file, and sources.examples names it; make an empty one, or remove the key."
        ) from None
    except (OSError, ValueError) as error:
        raise ScopeError(
            f"{path}: the examples cannot be read ({type(error).__name__}); the file must be UTF-8 text."
        ) from None
    return tuple(
        _example(line, scope, f"{path} line {number}") for number, line in enumerate(lines, start=1) if line.strip()
    )


def _example(line: str, scope: Scope, where: str) -> LabelledExample:
    try:
        example = LabelledExample.model_validate_json(line)
    except ValidationError as error:
        detail = error.errors()[0]
        if detail["loc"]:
            raise ScopeError(f"{where}: {_problem(detail, LabelledExample)}") from None
        raise ScopeError(
            f"{where}: found {_quoted(line)}; write one JSON object with the keys "
            f"{', '.join(LabelledExample.model_fields)}."
        ) from None
    if example.intent is not None and example.intent not in scope.by_id:
        allowed = nearest(example.intent, [*scope.by_id, "null"])
        raise ScopeError(f"{where}: intent: found {example.intent!r}; {allowed}")
    return example


def with_examples(loaded: LoadedScope, examples: Iterable[LabelledExample]) -> LoadedScope:
    """The scope as it is where its examples file ends with these lines too; they come after all others."""
    new = tuple(examples)
    scope = loaded.scope
    texts = {name: tuple(one.text for one in new if one.intent == name) for name in (*scope.by_id, None)}
    intents = (one.model_copy(update={"examples": (*one.examples, *texts[one.id])}) for one in scope.intents)
    outside = (*scope.out_of_scope.examples, *texts[None])
    text = loaded.text + "".join(f"\n# {one.model_dump_json()}" for one in new)
    whole = {
        **{name: getattr(scope, name) for name in Scope.model_fields},
        "intents": tuple(intents),
        "out_of_scope": scope.out_of_scope.model_copy(update={"examples": outside}),
    }
    return replace(loaded, scope=Scope(**whole), sha256=digest(text), text=text, examples=(*loaded.examples, *new))


def parse_scope(text: str, name: str) -> Scope:
    """Turn the text of a scope file into a scope; `name` stands in the messages of `ScopeError`."""
    try:
        table = tomllib.loads(text)
        # Strict models refuse the lists and strings that TOML parses to; their JSON form is what they accept.
        scope = Scope.model_validate_json(json.dumps(table, default=str))
    except tomllib.TOMLDecodeError as error:
        raise ScopeError(f"{name}: this is not TOML: {error}.") from None
    except ValidationError as error:
        details = [detail for detail in error.errors() if not _follows(detail)] or error.errors()
        raise ScopeError("\n".join(f"{name}: {_problem(detail)}" for detail in details)) from None
    except (ValueError, OverflowError, RecursionError):  # a number of thousands of digits, brackets in brackets in ...
        raise ScopeError(f"{name}: a value is too long or too deeply nested to be read; make it simpler.") from None
    problems = tuple(_contradictions(scope))
    if problems:
        raise ScopeError("\n".join(f"{name}: {problem}" for problem in problems))
    return scope


def nearest(word: str, allowed: list[str]) -> str:
    """A clause that names the nearest allowed word and what is allowed."""
    close = get_close_matches(word, allowed, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else "."
    return f"allowed: {', '.join(allowed)}{hint}"


def _follows(detail: ErrorDetails) -> bool:
    """Whether a list is only too short because what is wrong with its items is reported already."""
    return detail["type"] == "too_short" and bool(detail["input"])


def _problem(detail: ErrorDetails, whole: type[BaseModel] = Scope) -> str:
    key = _key(detail["loc"])
    if detail["type"] == "extra_forbidden":
        allowed = sorted(_fields_at(detail["loc"][:-1], whole))
        return f"{key}: this key is unknown; {nearest(str(detail['loc'][-1]), allowed)}"
    if detail["type"] == "missing":
        return f"{key}: this key is missing; add it."
    found = _quoted(json.dumps(detail["input"], default=str, ensure_ascii=False))
    if detail["type"] == "literal_error":
        allowed = [word.strip(" '") for word in str(detail["ctx"]["expected"]).replace(" or ", ",").split(",")]
        return f"{key}: found {found}; {nearest(str(detail['input']), allowed)}"
    message = detail["msg"]
    for pydantics, ours in _OUR_WORDS:
        message = message.replace(pydantics, ours)
    message = message[0].lower() + message[1:]
    return f"{key}: found {found}; {message}."


def _quoted(found: str) -> str:
    return found if len(found) <= _FOUND_CHARS else found[:_FOUND_CHARS] + "…"


def _key(location: tuple[int | str, ...]) -> str:
    """A location as it is written in TOML: `intents[3].tools[0]`."""
    text = ""
    for step in location:
        if step == "[key]":  # pydantic's mark for the key itself, whose value is the step before
            continue
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def _fields_at(location: tuple[int | str, ...], model: type[BaseModel]) -> tuple[str, ...]:
    """The keys that the model at a location within another has."""
    for step in location:
        if isinstance(step, int) or step not in model.model_fields:
            continue
        annotation = model.model_fields[step].annotation
        for kind in (annotation, *get_args(annotation)):
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                model = kind
    return tuple(model.model_fields)


def _contradictions(scope: Scope) -> Iterator[str]:
    """What is well formed and cannot be meant."""
    known = list(scope.specs)
    yield from _twice("tools", "tool", [spec.name for spec in BUILT_IN], [tool.name for tool in scope.tools])
    for position, own in enumerate(scope.tools):
        if own.name == ASK_CUSTOMER:
            yield f"tools[{position}].name: {ASK_CUSTOMER!r} is how a language model asks; give the tool another name."
        yield from _twice(f"tools[{position}].parameters", "parameter", [], [one.name for one in own.parameters])
    ids = [intent.id for intent in scope.intents]
    for position, intent in enumerate(scope.intents):
        where = f"intents[{position}]"
        if ids.index(intent.id) != position:
            yield f"{where}.id: found {intent.id!r} twice; join the two."
        for place, tool in enumerate(intent.tools):
            if tool not in scope.specs:
                yield f"{where}.tools[{place}]: found {tool!r}; {nearest(tool, known)}"
        for place, name in enumerate(intent.next):
            if name not in ids:
                yield f"{where}.next[{place}]: found {name!r}; {nearest(name, ids)}"
        yield from (f"{where}.{problem}" for problem in _unreachable(intent))
        yield from (f"{where}.{problem}" for problem in _wrong_shots(intent, scope))
    yield from _twice("language_models", "language model", [], [one.name for one in scope.language_models])
    endpoints = {one.name for one in scope.language_models if one.kind == "moderation"}
    for hop, names in scope.models.model_dump().items():
        if hop != "moderation" and (found := endpoints.intersection(names)):
            yield f"models.{hop}: found {min(found)!r}, which is a moderation endpoint; it serves moderation alone."
        kinds = [name.partition("@")[0] if "/" not in name else name for name in names]
        for place, kind in enumerate(kinds):
            if kind in kinds[:place]:
                yield f"models.{hop}[{place}]: found {kind!r} twice; name each model once."
    if scope.budget.hop_ms > scope.budget.deadline_ms:
        yield (
            f"budget.hop_ms: found {scope.budget.hop_ms}, which is more than the deadline_ms of the whole turn "
            f"({scope.budget.deadline_ms}); make it smaller."
        )


def _twice(where: str, what: str, taken: list[str], names: list[str]) -> Iterator[str]:
    for position, name in enumerate(names):
        if name in taken or name in names[:position]:
            yield f"{where}[{position}].name: found {name!r} twice; give each {what} a name of its own."


def _wrong_shots(intent: IntentScope, scope: Scope) -> Iterator[str]:
    """Worked examples that show what is not possible: a call of another tool, or with other arguments than it takes."""
    for place, shot in enumerate(intent.shots):
        for number, call in enumerate(shot.calls):
            where = f"shots[{place}].calls[{number}]"
            if len(call) != 1:
                yield f"{where}: found {len(call)} tools; write each call as one tool with its arguments."
            for tool, arguments in call.items():
                if tool not in intent.tools:
                    yield f"{where}: found {tool!r}, which is no tool of this intent; {_allowed(tool, intent.tools)}"
                elif tool in scope.specs:
                    yield from _wrong_arguments(f"{where}.{tool}", scope.specs[tool].arguments, arguments)


def _allowed(tool: str, tools: tuple[str, ...]) -> str:
    return nearest(tool, [*tools]) if tools else "it has none."


def _wrong_arguments(where: str, model: type[BaseModel], arguments: dict[str, JsonValue]) -> Iterator[str]:
    try:
        model.model_validate_json(json.dumps(arguments))
    except ValidationError as error:
        yield from (f"{where}.{_problem(detail, model)}" for detail in error.errors())


def _unreachable(intent: IntentScope) -> Iterator[str]:
    answers = "answer" in intent.outcomes
    if answers and not intent.tools and intent.reply is None:
        yield "outcomes: 'answer' cannot be reached without tools or a reply; add one of them, or remove it."
    if not answers and intent.tools:
        yield "tools: they are never called, because outcomes lacks 'answer'; add it, or remove the tools."
    if Identity[intent.identity.upper()] > Identity.ANONYMOUS and not {"clarify", "handoff"} & set(intent.outcomes):
        yield f"outcomes: identity {intent.identity!r} needs 'clarify' or 'handoff' for customers who are not known."
    if not {"handoff", "decline"} & set(intent.outcomes):
        yield "outcomes: add 'handoff' or 'decline', for when no answer can be given."
