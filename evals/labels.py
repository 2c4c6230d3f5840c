"""What people, judges and code said of results: `judgement/1` lines, and pairs of answers as `preference/1` lines.

Both are append-only JSON Lines beside the hop records, which are never changed. Texts in them are redacted.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, Self, TypeVar

from pydantic import Field, ValidationError, model_validator

from chains.contract import Contract
from chains.errors import HopdeskError
from chains.messages import HopName
from evals.cases import Expectation, first_problem

JudgementLabel = Literal["pass", "fail", "unsure"]
EvaluatorKind = Literal["code", "llm", "human"]
Preferred = Literal["a", "b", "tie", "unsure"]
JUDGE = "judge."
"""How the name of an evaluator begins that is a language model's."""


class LabelError(HopdeskError):
    """A file of judgements or preferences cannot be used."""


class Evaluator(Contract):
    """Which question was put to whom: the rubric or scorer by name, and its version."""

    name: str = Field(min_length=1, max_length=120)
    version: str = Field(default="1", min_length=1, max_length=240)


class Target(Contract):
    """What is judged: a turn, one hop's attempt of it (`event_id`), or a case of a run; at least one is named."""

    case_id: str | None = None
    turn_id: str | None = None
    event_id: str | None = None
    run_id: str | None = None
    repeat: int = Field(default=0, ge=0)
    hop: HopName | None = None

    @model_validator(mode="after")
    def _is_something(self) -> Self:
        if not (self.case_id or self.turn_id or self.event_id):
            raise ValueError("name the case_id, turn_id or event_id that is judged")
        return self

    @property
    def key(self) -> str:
        """What two judgements of the same thing have in common."""
        return "/".join((self.event_id or self.turn_id or self.case_id or "", self.run_id or "", str(self.repeat)))


class Judgement(Contract):
    """One verdict on one result.

    `corrected` is what would have been right, where the labeller said so: of one hop its part (moderation, `intents`,
    `tools` of the lookup, `facts` of the response), of a turn any of them and the `outcome`. `text` is the redacted
    request, by which a judgement can become a case without its records.
    """

    schema_: Literal["judgement/1"] = Field(default="judgement/1", alias="schema")
    target: Target
    evaluator: Evaluator
    kind: EvaluatorKind
    label: JudgementLabel
    corrected: Expectation | None = None
    critique: str | None = None
    labeller: str | None = Field(default=None, description="who or what said so; a pseudonym will do")
    text: str | None = None


class Candidate(Contract):
    """One of two answers to the same request."""

    text: str = Field(min_length=1)
    target: Target | None = None


class Preference(Contract):
    """Which of two answers to one request is the better one."""

    schema_: Literal["preference/1"] = Field(default="preference/1", alias="schema")
    request: str = Field(min_length=1, description="redacted")
    a: Candidate
    b: Candidate
    preferred: Preferred
    evaluator: Evaluator
    kind: EvaluatorKind
    critique: str | None = None
    labeller: str | None = None

    @property
    def chosen(self) -> Candidate | None:
        """The better answer; None where neither is."""
        return {"a": self.a, "b": self.b}.get(self.preferred)

    @property
    def rejected(self) -> Candidate | None:
        """The other answer; None where neither is the better one."""
        return {"a": self.b, "b": self.a}.get(self.preferred)


def majority(votes: Counter[JudgementLabel]) -> JudgementLabel:
    """The label of more than half of the votes; unsure where there is none."""
    label, count = votes.most_common(1)[0]
    return label if 2 * count > votes.total() else "unsure"


LineT = TypeVar("LineT", bound=Contract)


def read_judgements(path: Path) -> Iterator[Judgement]:
    """The judgements of a file, as they are read; raises `LabelError` naming the first line that is none."""
    return read_lines(path, Judgement, "judgement/1")


def read_preferences(path: Path) -> Iterator[Preference]:
    """The preferences of a file, as they are read; raises `LabelError` naming the first line that is none."""
    return read_lines(path, Preference, "preference/1")


def read_lines(path: Path, kind: type[LineT], name: str) -> Iterator[LineT]:
    """JSON Lines of one contract, one in memory at a time; raises `LabelError` naming the first line that is none."""
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield _read(line, kind, f"{path} line {number} is no {name}")
    except OSError as error:
        raise LabelError(f"{path}: the file cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError:
        raise LabelError(f"{path}: this is not text in UTF-8; save the file as such.") from None


def _read(line: str, kind: type[LineT], where: str) -> LineT:
    try:
        return kind.model_validate_json(line)
    except ValidationError as error:
        raise LabelError(f"{where}: {first_problem(error)}.") from None
