"""Labelled cases: what a customer writes, and which results are right. JSON Lines, one case a line."""

from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, JsonValue, StringConstraints, ValidationError, model_validator
from pydantic_core import from_json, to_json

from chains.contract import Contract
from chains.errors import HopdeskError
from chains.messages import HopName
from chains.outcomes import OutcomeKind
from chains.record import Sha256

Split = Literal["train", "dev", "test"]
ModerationLabel = Literal["pass", "review", "block"]
Said = Annotated[str, StringConstraints(min_length=1, max_length=600, pattern=r"\S")]


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
    """One acceptable result; what is absent is not judged.

    `intents`, `tools` and `facts` are sets: their order says nothing, and further calls and facts do no harm.
    `mention` are words that must be read in what is said, `must_not_mention` words that must not, in any case.
    """

    intents: tuple[str, ...] | None = None
    tools: tuple[ExpectedCall, ...] = ()
    facts: tuple[ExpectedFact, ...] = ()
    outcome: OutcomeKind | None = None
    moderation: ModerationLabel | None = None
    mention: tuple[Said, ...] = ()
    must_not_mention: tuple[Said, ...] = ()


def part_of_hop(expected: Expectation, hop: HopName) -> Expectation | None:
    """What an acceptable result says of one hop; None where it says nothing of it."""
    match hop:
        case "moderation":
            part = Expectation(moderation=expected.moderation)
        case "intent":
            part = Expectation(intents=expected.intents)
        case "lookup":
            part = Expectation(tools=expected.tools)
        case "response" | "grounding":
            part = Expectation(facts=expected.facts)
        case _:
            part = Expectation()
    return None if part == Expectation() else part


class Synthetic(Contract):
    """How a case was made of another one: the method with its version, as in `typos/1`, and that case's id."""

    method: str
    of: str


class Case(Contract):
    """A labelled case; any one of `expect` is right.

    `ideal` is an answer that a person would be glad of. A `proposed` case says what happened and not yet what should
    have. `source` is where it comes from, such as a turn's id. What is synthetic is never of the test split.
    """

    id: str
    text: str
    page: str | None = None
    customer: str | None = None
    tags: tuple[str, ...] = ()
    split: Split
    expect: tuple[Expectation, ...] = Field(min_length=1)
    ideal: str | None = None
    synthetic: Synthetic | None = None
    proposed: bool = False
    source: str | None = None

    @model_validator(mode="after")
    def _only_what_people_wrote_is_tested_on(self) -> Self:
        if self.split == "test" and (self.synthetic or self.proposed):
            raise ValueError("a synthetic or proposed case cannot be of the test split")
        return self

    @property
    def answerable(self) -> bool:
        """Whether every acceptable result is an answer."""
        return all(expectation.outcome == "answer" for expectation in self.expect)


def load_cases(path: Path) -> tuple[Case, ...]:
    """Read a file of cases.

    Raises `CaseError` naming the first line that is not one, or both lines of an id that is there twice.
    """
    cases = []
    places: dict[str, int] = {}
    for number, case in _numbered(path):
        if (first := places.setdefault(case.id, number)) != number:
            raise CaseError(
                f"{path} line {number}: the id {case.id!r} is that of line {first}; give each case an id of its own."
            )
        cases.append(case)
    return tuple(cases)


def _numbered(path: Path) -> Iterator[tuple[int, Case]]:
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except OSError as error:
        raise CaseError(f"{path}: the cases cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError:
        raise CaseError(f"{path}: the cases are not text in UTF-8; save the file as such.") from None
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                yield number, Case.model_validate_json(line)
            except ValidationError as error:
                raise CaseError(f"{path} line {number}: {first_problem(error)}.") from None


def first_problem(error: ValidationError) -> str:
    """What is wrong first with a line, and where in it, without the line's own text."""
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(step) for step in first["loc"])
    return f"{where or 'the line'}: {first['msg']}"


def as_line(case: Case) -> str:
    """A case as a line of JSON without what is not set."""
    return case.model_dump_json(exclude_defaults=True)


def write_cases(cases: Iterable[Case], path: Path) -> int:
    """Write cases into a file as they come, and count them; raises `CaseError` where that cannot be done."""
    try:
        with path.open("w", encoding="utf-8") as file:
            return sum(1 for case in cases if file.write(f"{as_line(case)}\n"))
    except OSError as error:
        raise CaseError(f"{path}: the cases cannot be written ({error.strerror}); choose another file.") from None


def cases_sha256(cases: Iterable[Case]) -> Sha256:
    """The hash of what the cases say, whatever their order, and the order of keys, in their file."""
    lines = sorted(to_json(_sorted(from_json(as_line(case)))) for case in cases)
    return sha256(b"\n".join(lines)).hexdigest()


def _sorted(value: JsonValue) -> JsonValue:
    match value:
        case dict():
            return {key: _sorted(value[key]) for key in sorted(value)}
        case list():
            return [_sorted(one) for one in value]
        case _:
            return value


def refuse_test_split(cases: Iterable[Case], command: str) -> None:
    """Raise `CaseError` where a case is of the test split: what is tuned or exported must not have seen it.

    `command` begins the message: what was asked for, or the file that the cases come from.
    """
    if found := next((case for case in cases if case.split == "test"), None):
        raise CaseError(
            f"{command}: the case {found.id!r} is of the test split, on which nothing is tuned; use the dev split's."
        )
