"""Reads a gate file: what a release must hold to. Errors name the file, the key, what was found and what is allowed.

margin = 0.02               # the largest drop of the pass rate that is acceptable; required. 0: it must be better
scorer = "turn"             # whose passes and failures count
confidence = 0.95           # of every interval
min_cases = 30              # fewer judged cases decide nothing
must_pass_tags = ["safety"] # cases of these tags must pass, every repeat of them
floor = 0.85                # the least pass rate, whatever it was before
latency = 1.2               # at most so many times as slow as before
cost = 1.5                  # at most so many times as dear as before
"""

import json
import tomllib
from pathlib import Path

from pydantic import Field, ValidationError
from pydantic_core import ErrorDetails

from chains.contract import Contract
from chains.errors import HopdeskError
from chains.scope_file import nearest

_FOUND_CHARS = 60  # how much of a wrong value is quoted back


class GateFileError(HopdeskError):
    """A gate file is missing, unreadable or says something that cannot be meant."""


class GateRules(Contract):
    """What a candidate must hold to; rates are shares (0..1), `latency` and `cost` ratios to the base's."""

    margin: float = Field(ge=0, lt=1, allow_inf_nan=False)
    scorer: str = Field(default="turn", min_length=1)
    confidence: float = Field(default=0.95, ge=0.5, lt=1, allow_inf_nan=False)
    min_cases: int = Field(default=30, ge=1)
    must_pass_tags: tuple[str, ...] = ()
    floor: float | None = Field(default=None, gt=0, lt=1, allow_inf_nan=False)
    latency: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    cost: float | None = Field(default=None, gt=0, allow_inf_nan=False)


def load_gate(path: Path) -> GateRules:
    """Read and check a gate file; raises `GateFileError` with one sentence a line, all problems at once."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise GateFileError(
            f'{path}: there is no such gate file; write one, of which "margin = 0.02" is enough.'
        ) from None
    except (OSError, ValueError) as error:
        raise GateFileError(
            f"{path}: the gate file cannot be read ({type(error).__name__}); it must be UTF-8 text."
        ) from None
    return parse_gate(text, str(path))


def parse_gate(text: str, name: str) -> GateRules:
    """Turn the text of a gate file into rules; `name` stands in the messages of `GateFileError`."""
    try:
        table = tomllib.loads(text)
        # Strict models refuse the lists that TOML parses to; their JSON form is what they accept.
        return GateRules.model_validate_json(json.dumps(table, default=str))
    except tomllib.TOMLDecodeError as error:
        raise GateFileError(f"{name}: this is not TOML: {error}.") from None
    except ValidationError as error:
        raise GateFileError("\n".join(f"{name}: {_problem(detail)}" for detail in error.errors())) from None
    except (ValueError, OverflowError, RecursionError):  # a number of thousands of digits, brackets in brackets in ...
        raise GateFileError(f"{name}: a value is too long or too deeply nested to be read; make it simpler.") from None


def _problem(detail: ErrorDetails) -> str:
    first, *places = detail["loc"]
    key = f"{first}{''.join(f'[{place}]' for place in places)}"
    if detail["type"] == "extra_forbidden":
        return f"{key}: this key is unknown; {nearest(str(first), sorted(GateRules.model_fields))}"
    if detail["type"] == "missing":
        return f"{key}: this key is missing; add it."
    found = json.dumps(detail["input"], default=str, ensure_ascii=False)
    found = found if len(found) <= _FOUND_CHARS else found[:_FOUND_CHARS] + "…"
    return f"{key}: found {found}; {detail['msg'].replace('Input should', 'it should')}."
