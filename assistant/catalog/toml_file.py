"""Reads an operator's TOML file into a contract, and says what is wrong with one in sentences."""

import json
import tomllib
from difflib import get_close_matches
from itertools import accumulate, takewhile
from pathlib import Path
from typing import TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from chains.contract import Contract
from chains.errors import CatalogError

ContractT = TypeVar("ContractT", bound=Contract)
_FOUND_CHARACTERS = 60  # how much of a wrong value is quoted back
_LISTED_CHARACTERS = 180  # how much of what is allowed is listed


def read_toml(path: Path, contract: type[ContractT]) -> ContractT:
    """Read a TOML file as `contract`; raises CatalogError with one sentence a line, all problems at once."""
    try:
        table = tomllib.loads(read_text(path))
    except tomllib.TOMLDecodeError as error:
        raise CatalogError(f"{path}: this is not TOML: {error}.") from None
    try:
        # Strict contracts refuse the lists that TOML parses to where they want tuples; JSON's lists they take.
        return contract.model_validate_json(json.dumps(table, default=str))
    except ValidationError as error:
        lines = (f"{path}: {_problem(detail, contract)}" for detail in error.errors())
        raise CatalogError("\n".join(lines)) from None


def read_text(path: Path) -> str:
    """Return the text of a UTF-8 file, with or without a byte order mark; raises CatalogError with a sentence."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise CatalogError(f"{path}: there is no such file; check the path.") from None
    except (OSError, UnicodeDecodeError) as error:
        message = f"{path}: the file cannot be read ({type(error).__name__}); it must be UTF-8 text."
        raise CatalogError(message) from None


def nearest(word: str, allowed: tuple[str, ...]) -> str:
    """Return a clause of about 250 characters that names the nearest allowed word and what else is allowed."""
    folded = {known.casefold(): known for known in allowed}
    close = get_close_matches(word.casefold(), list(folded), n=1)
    hint = f"did you mean {shorten(folded[close[0]], _FOUND_CHARACTERS)!r}? " if close else ""
    shown = list(takewhile(lambda end: end <= _LISTED_CHARACTERS, accumulate(len(known) + 2 for known in allowed)))
    rest = f" and {len(allowed) - len(shown)} more" if len(allowed) > len(shown) else ""
    return f"{hint}known: {', '.join(allowed[: len(shown)]) or 'none'}{rest}"


def shorten(text: str, characters: int) -> str:
    """Return a text of at most so many characters and an ellipsis."""
    return text if len(text) <= characters else text[:characters] + "…"


def found(value: object) -> str:
    """Return a wrong value as it is quoted back, shortened."""
    return shorten(json.dumps(value, default=str, ensure_ascii=False), _FOUND_CHARACTERS)


def reason(detail: ErrorDetails, allowed: tuple[str, ...]) -> str:
    """Return what is wrong with one value, as the end of a sentence; `allowed` are the keys beside it."""
    if detail["type"] == "extra_forbidden":
        return f"this key is unknown; {nearest(str(detail['loc'][-1]), allowed)}"
    if detail["type"] == "missing":
        return "this key is missing; add it"
    message = detail["msg"].removeprefix("Value error, ")
    return f"found {found(detail['input'])}; {message[0].lower()}{message[1:]}"


def _problem(detail: ErrorDetails, contract: type[Contract]) -> str:
    where = ".".join(str(step) for step in detail["loc"])
    return f"{where}: {reason(detail, _keys_at(contract, detail['loc'][:-1]))}."


def _keys_at(contract: type[BaseModel], location: tuple[int | str, ...]) -> tuple[str, ...]:
    """Return the keys of the model at a location; a table of tables leads to the model of its entries."""
    model = contract
    for step in location:
        if not isinstance(step, str) or step not in model.model_fields:
            continue
        annotation = model.model_fields[step].annotation
        for kind in (annotation, *get_args(annotation)):
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                model = kind
    return tuple(model.model_fields)
