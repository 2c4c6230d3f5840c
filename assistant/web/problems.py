"""Says what is wrong with a request's body: the path and a sentence per problem, and never what was sent."""

import re
from dataclasses import dataclass

from pydantic import ValidationError
from pydantic_core import ErrorDetails

_SHOWN = 8
_NAME = re.compile(r"[A-Za-z0-9_]{1,60}")  # a key is the sender's text too, so only plain ones are named


@dataclass(frozen=True)
class Problem:
    """One problem; `field` is the path in the body, None for the body as a whole."""

    field: str | None
    sentence: str


def describe(error: ValidationError) -> tuple[Problem, ...]:
    """The first problems of a body, in its order."""
    details = error.errors(include_url=False, include_context=False, include_input=False)
    return tuple(_problem(detail) for detail in details[:_SHOWN])


def _problem(detail: ErrorDetails) -> Problem:
    field = ".".join(_step(step) for step in detail["loc"]) or None
    match detail["type"]:
        case "json_invalid":
            # the parser's own words tell the place and never the text
            return Problem(None, f"The body is not JSON that can be read: {detail['msg'].partition(': ')[2]}.")
        case "missing":
            return Problem(field, f"{field}: this key is missing; add it.")
        case "extra_forbidden":
            return Problem(field, f"{field}: this key is unknown; leave it out.")
    message = detail["msg"].removeprefix("Value error, ").removesuffix(".")
    said = f"{message[0].lower()}{message[1:]}."
    return Problem(field, f"{field}: {said}" if field else f"{said[0].upper()}{said[1:]}")


def _step(step: int | str) -> str:
    return str(step) if isinstance(step, int) or _NAME.fullmatch(step) else "(a key of another form)"
