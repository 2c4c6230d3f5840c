"""Contracts: untrusted JSON in, a typed value or a list of failures out.

A contract is a pydantic model (the shape) and a row of checks (the meaning). `assess` is the whole rule and is pure;
`guards.Guard` runs the very same function through guardrails-ai.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar, cast

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

T = TypeVar("T", bound=BaseModel)
C = TypeVar("C")

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_SHORTEST_ECHO = 4  # characters: below this a match between a message and a value is chance


class Failure(BaseModel):
    """One thing that is wrong with a value.

    `path` is dotted (`$` is the whole value), `code` is constant snake_case, `msg` is a sentence a model can repair by.
    No part of it repeats the judged value, so a failure can be logged and shown.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    path: str
    code: str
    msg: str


Check: TypeAlias = Callable[[T, C], tuple[Failure, ...]]
"""A pure rule over a parsed value and whatever it must be held against; no failures means it holds."""


@dataclass(frozen=True)
class Judged(Generic[T]):
    """The result of a contract: exactly one of a value and failures (`value is None` means there are failures)."""

    value: T | None
    failures: tuple[Failure, ...] = ()


def assess(raw: str, model: type[T], checks: Sequence[Check[T, C]], context: C) -> Judged[T]:
    """Parse `raw` as JSON into `model`, then hold it against every check."""
    try:
        value = model.model_validate_json(raw)
    except ValidationError as error:
        return Judged(None, tuple(_failure(detail) for detail in error.errors(include_url=False)))
    failures = tuple(failure for check in checks for failure in check(value, context))
    return Judged(None, failures) if failures else Judged(value)


def _failure(detail: ErrorDetails) -> Failure:
    return Failure(path=_path(detail["loc"]), code=detail["type"], msg=_message(detail))


def _path(loc: tuple[int | str, ...]) -> str:
    """Join a location; a key which does not look like a field name is the value's own text and becomes `*`."""
    parts = [str(part) if isinstance(part, int) or _NAME.fullmatch(part) else "*" for part in loc]
    return ".".join(parts) or "$"


def _message(detail: ErrorDetails) -> str:
    """Take pydantic's sentence unless it repeats a part of the input."""
    if detail["type"] == "union_tag_invalid":
        return "The field {discriminator} must be one of {expected_tags}.".format(**detail["ctx"])
    message = detail["msg"]
    if any(len(leaf) >= _SHORTEST_ECHO and leaf in message for leaf in _leaves(detail["input"])):
        return "The value is not acceptable here."
    return message


def _leaves(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in cast("dict[object, object]", value).items():
            yield str(key)
            yield from _leaves(item)
    elif isinstance(value, list):
        for item in cast("list[object]", value):
            yield from _leaves(item)
    else:
        yield str(value)
