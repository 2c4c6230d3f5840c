"""What scorers look at: one case with how it ended and the records of its hops, wherever they come from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeAlias, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import to_json

from chains.claims import Draft
from chains.hops.grounding import ground_and_say
from chains.messages import HOPS, GroundingInput, HopName, ResponseInput
from chains.outcomes import Answer, AnswerPart, Clarify, Handoff, Outcome, Withdrawn
from chains.record import HopRecord
from chains.scope import Scope
from evals.cases import Case, ModerationLabel
from evals.results import HopResult, Score
from evals.running import CaseRun
from moderation import Verdict

PartT = TypeVar("PartT", bound=BaseModel)

_OURS = frozenset({"ModelBusy", "ModelDown", "ModelLate", "ModelMisconfigured", "CircuitOpen", "AllowanceSpent"})
_NO_OUTCOME = Withdrawn(reason="cancelled")  # what stands for the outcome where one hop ran alone


@dataclass(frozen=True, eq=False)
class Setting:
    """What a case ran on: the scope, and the products that variants belong to (`parents`: variant to product)."""

    scope: Scope
    parents: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Observed:
    """A case that ran.

    `outcome` is None where one hop ran alone, or where there is none because of `error`. `originals` are what the
    placeholders of the turn stand for; without them personal data is judged by its placeholders.
    """

    case: Case
    outcome: Outcome | None
    records: tuple[HopRecord, ...]
    originals: Mapping[str, str] = field(default_factory=dict)
    error: str | None = None

    @classmethod
    def of(cls, run: CaseRun) -> "Observed":
        """A run of the whole chain."""
        return cls(run.case, run.outcome, run.records, run.originals)

    def last(self, hop: HopName) -> HopRecord | None:
        """The last record of a hop; a valid one where there is one."""
        of_hop = [record for record in self.records if record.hop == hop]
        return next((record for record in reversed(of_hop) if record.valid), of_hop[-1] if of_hop else None)

    @property
    def is_turn(self) -> bool:
        """Whether the whole chain ran, or should have."""
        return self.outcome is not None or self.error is not None

    def reached(self, hop: HopName | None) -> bool:
        """Whether there is something to say of a hop (None: of the turn); a turn answers for hops it never got to."""
        return self.is_turn or (hop is not None and self.last(hop) is not None)

    def failure_until(self, hop: HopName | None) -> str | None:
        """Why nothing can be said of a hop (None: of the turn): what failed in it, or before it, by no fault of theirs.

        A model that could not be reached, was too busy or was not paid for says nothing of how good it is; one that
        was asked and replied badly, or would not reply, does.
        """
        if self.error is not None:
            return self.error
        upto = HOPS[: HOPS.index(hop) + 1] if hop else HOPS
        failed = next((r for r in self.records if r.hop in upto and r.error_type in _OURS), None)
        if failed:
            return f"The {failed.hop} hop's model {failed.model} gave no reply ({failed.error_type})."
        if isinstance(self.outcome, Handoff) and self.outcome.reason in {"failure", "overdue"} and hop is None:
            return f"The turn ended by a handoff because of {self.outcome.reason}."
        return None

    @cached_property
    def run(self) -> CaseRun:
        """The run as `evals.scoring` takes it; a response hop that ran alone is grounded by code, as it would be."""
        records, outcome = self.records, self.outcome
        if outcome is None:
            records, outcome = _grounded(self) or (records, _NO_OUTCOME)
        return CaseRun(self.case, outcome, records, dict(self.originals))

    @cached_property
    def said(self) -> str | None:
        """All that the customer is told, a sentence a line; None where nothing is known of it."""
        outcome = self.run.outcome
        match outcome:
            case Answer():
                texts = [*_sentences(outcome.parts), *(card.name for card in outcome.products)]
            case Clarify():
                texts = [*_sentences(outcome.answered), outcome.question, *(choice.label for choice in outcome.choices)]
            case Handoff():
                texts = [*_sentences(outcome.answered), outcome.text]
            case Withdrawn():
                return None
            case _:
                texts = [outcome.text]
        return "\n".join(texts)


Scorer: TypeAlias = Callable[[Observed, Setting], Score | None]
"""What a case comes to in one respect; None where there is nothing to judge."""


def error_score(scorer: str, hop: HopName | None, observed: Observed) -> Score | None:
    """The score of a case of which nothing can be said, because something failed that is not to be judged."""
    failure = observed.failure_until(hop)
    return Score(scorer=scorer, hop=hop, label="error", critique=failure) if failure else None


def part_of(record: HopRecord, kind: type[PartT]) -> PartT | None:
    """The typed input of a record, or None where it is of another version."""
    return _read(record.input, kind)


def output_of(record: HopRecord | HopResult, kind: type[PartT]) -> PartT | None:
    """The typed output of a hop's attempt, or None where it has none, or one of another version."""
    return _read(record.parsed, kind)


def moderation_label(verdict: Verdict) -> ModerationLabel:
    """What a verdict comes to for the turn."""
    if verdict.passes:
        return "pass"
    return "block" if verdict.action == "block" else "review"


def _read(value: object, kind: type[PartT]) -> PartT | None:
    try:
        return kind.model_validate_json(to_json(value))
    except ValidationError:
        return None


def _grounded(observed: Observed) -> tuple[tuple[HopRecord, ...], Outcome] | None:
    """A response hop's records with the grounding that follows from its draft, and the answer that this makes."""
    record = observed.last("response")
    draft, given = (output_of(record, Draft), part_of(record, ResponseInput)) if record else (None, None)
    if record is None or draft is None or given is None:
        return None
    grounding = GroundingInput(draft=draft, evidence=given.evidence, locale=record.locale, seed=record.turn_id)
    said = ground_and_say(grounding)
    made = record.model_copy(
        update={"hop": "grounding", "input": grounding.model_dump(mode="json"), "parsed": said.model_dump(mode="json")}
    )
    return (*observed.records, made), Answer(parts=said.parts, products=said.products)


def _sentences(parts: tuple[AnswerPart, ...]) -> list[str]:
    return [sentence.text for part in parts for sentence in part.sentences]


def expecting(observed: Observed, place: int) -> CaseRun:
    """The run as if only one of the case's acceptable results were right."""
    case = observed.case.model_copy(update={"expect": (observed.case.expect[place],)})
    return replace(observed.run, case=case)
