"""Labelled cases: what a customer writes, and which results are right. JSON Lines, one case a line."""

from pathlib import Path
from typing import Literal

from pydantic import Field, JsonValue, ValidationError

from chains.contract import Contract
from chains.errors import HopdeskError

Split = Literal["train", "dev", "test"]


class CaseError(HopdeskError):
    """A file of cases cannot be used."""


class ExpectedCall(Contract):
    """A function call that must be made; `arguments` are a subset of those it must have."""

    name: str
    arguments: dict[str, JsonValue] = {}


class AbsentFact(Contract):
    """A field that the answer must say is not listed."""

    record: str
    field: str


class ExpectedFact(Contract):
    """What the answer must use: exactly one of these is set, `record` together with `field`.

    `passage` holds the acceptable paragraphs, of which one must be quoted; of `products` one must be
    shown; `all_products` are exactly those to be shown.
    """

    record: str | None = None
    field: str | None = None
    passage: tuple[str, ...] | None = None
    absent: AbsentFact | None = None
    none_found: bool | None = None
    products: tuple[str, ...] | None = None
    all_products: tuple[str, ...] | None = None


class Expectation(Contract):
    """One acceptable result."""

    intents: tuple[str, ...]
    tools: tuple[ExpectedCall, ...] = ()
    facts: tuple[ExpectedFact, ...] = ()
    outcome: Literal["answer", "clarify", "decline", "handoff"]


class Case(Contract):
    """A labelled case; any one of `expect` is right."""

    id: str
    text: str
    page: str | None = None
    customer: str | None = None
    tags: tuple[str, ...] = ()
    split: Split
    expect: tuple[Expectation, ...] = Field(min_length=1)

    @property
    def answerable(self) -> bool:
        """Whether every acceptable result is an answer."""
        return all(expectation.outcome == "answer" for expectation in self.expect)


def load_cases(path: Path) -> tuple[Case, ...]:
    """Read a file of cases; raises `CaseError` naming the first line that is not one."""
    cases = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise CaseError(f"{path}: the cases cannot be read ({error.strerror}).") from None
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            cases.append(Case.model_validate_json(line))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(str(step) for step in first["loc"])
            raise CaseError(f"{path} line {number}: {where or 'the line'}: {first['msg']}.") from None
    return tuple(cases)
