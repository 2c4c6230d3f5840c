"""The production checks as scorers: what a hop's guard holds its output to, asked of what the hop put out.

The checks are the very functions of the guards, called directly and not through the guards' library. Each scorer is
named after its check: `check.true_claims`, `check.no_foreign_link`; `check.intent_valid` and the like tell whether a
hop had a valid output at all.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Generic, TypeVar

from pydantic import BaseModel

from chains.claims import Draft
from chains.hops import grounding, intent, lookup, response
from chains.messages import (
    Grounded,
    GroundingInput,
    HopName,
    Intent,
    LookupInput,
    OutboundInput,
    Plan,
    ResponseInput,
)
from chains.record import HopRecord
from chains.scope import Scope
from evals.observed import Observed, Scorer, Setting, error_score, output_of, part_of
from evals.results import Score
from moderation import OUTBOUND_CHECKS, Check, Failure, OutboundContext, Outgoing, Verdict, restore

OutT = TypeVar("OutT", bound=BaseModel)
ContextT = TypeVar("ContextT")
ANSWER_CHARS = 12_000  # that of `chains.hops.outbound`
_UNKNOWN = "…"  # stands for the customer's own data where only its placeholder was kept, as in a replay


@dataclass(frozen=True)
class HopChecks(Generic[OutT, ContextT]):
    """A hop's contract: its output, the checks of its guard, and how their context follows from a record."""

    hop: HopName
    output: type[OutT]
    checks: Sequence[Check[OutT, ContextT]]
    context: Callable[[HopRecord, Observed, Scope], ContextT | None]

    def scorers(self) -> dict[str, Scorer]:
        """A scorer for each check, and one for whether there was a valid output."""
        return {
            f"check.{self.hop}_valid": self._validity(),
            **{f"check.{check.__name__}": self._scorer(check) for check in self.checks},
        }

    def failures(
        self, check: Check[OutT, ContextT], record: HopRecord, observed: Observed, scope: Scope
    ) -> tuple[Failure, ...] | None:
        """What a check says of a recorded output; None where the record holds nothing that it could judge."""
        value, context = output_of(record, self.output), self.context(record, observed, scope)
        return None if value is None or context is None else check(value, context)

    def _scorer(self, check: Check[OutT, ContextT]) -> Scorer:
        name = f"check.{check.__name__}"

        def scorer(observed: Observed, setting: Setting) -> Score | None:
            record = observed.last(self.hop)
            found = self.failures(check, record, observed, setting.scope) if record and record.valid else None
            return None if found is None else _score(name, self.hop, found)

        return scorer

    def _validity(self) -> Scorer:
        name = f"check.{self.hop}_valid"

        def scorer(observed: Observed, _setting: Setting) -> Score | None:
            record = observed.last(self.hop)
            if record is None:
                return None
            if record.valid:
                return Score(scorer=name, hop=self.hop, label="pass")
            why = record.error_type or _listed(record.validation_errors)
            return error_score(name, self.hop, observed) or Score(
                scorer=name, hop=self.hop, label="fail", critique=why or None
            )

        return scorer


def _score(name: str, hop: HopName, failures: tuple[Failure, ...]) -> Score:
    return Score(scorer=name, hop=hop, label="fail" if failures else "pass", critique=_listed(failures) or None)


def _listed(failures: tuple[Failure, ...]) -> str:
    return "; ".join(f"{failure.path}: {failure.msg} ({failure.code})" for failure in failures)


def _scope(_record: HopRecord, _observed: Observed, scope: Scope) -> Scope:
    return scope


def _nothing(_record: HopRecord, _observed: Observed, _scope: Scope) -> tuple[()]:
    return ()


def _plan_context(record: HopRecord, _observed: Observed, scope: Scope) -> lookup.PlanContext | None:
    given = part_of(record, LookupInput)
    return lookup.PlanContext(scope, given.tools, scope.budget.calls - len(given.results)) if given else None


def _draft_context(record: HopRecord, _observed: Observed, _scope: Scope) -> response.DraftContext | None:
    given = part_of(record, ResponseInput)
    return response.DraftContext(given.evidence, given.intents) if given else None


def _grounding_context(record: HopRecord, _observed: Observed, _scope: Scope) -> grounding.GroundingContext | None:
    given = part_of(record, GroundingInput)
    return grounding.GroundingContext(given.draft, given.evidence) if given else None


@lru_cache(maxsize=1)  # every check of what leaves asks for it, one after the other
def leaving(observed: Observed, setting: Setting) -> tuple[Outgoing, OutboundContext] | None:
    """What the outbound hop was asked to let out, as the customer reads it, and what it is held against."""
    record, scope = observed.last("outbound"), setting.scope
    given = part_of(record, OutboundInput) if record else None
    if given is None:
        return None
    originals = dict(observed.originals) or dict.fromkeys(given.placeholders, _UNKNOWN)
    context = OutboundContext(
        max_chars=ANSWER_CHARS,
        hosts=scope.hosts,
        allowed_originals=frozenset(originals.values()) | frozenset(given.public),
        pii=scope.moderation.pii,
    )
    return Outgoing(text=restore("\n".join(given.texts), originals)), context


def _outbound(check: Check[Outgoing, OutboundContext]) -> Scorer:
    name = f"check.{check.__name__}"

    def scorer(observed: Observed, setting: Setting) -> Score | None:
        asked = leaving(observed, setting)
        return None if asked is None else _score(name, "outbound", check(*asked))

    return scorer


MODERATION: HopChecks[Verdict, tuple[()]] = HopChecks("moderation", Verdict, (), _nothing)
INTENT = HopChecks("intent", Intent, (intent.known_intents, intent.best_first), _scope)
LOOKUP = HopChecks(
    "lookup",
    Plan,
    (lookup.permitted_calls, lookup.permitted_topics, lookup.valid_arguments, lookup.within_budget),
    _plan_context,
)
RESPONSE = HopChecks("response", Draft, (response.true_claims,), _draft_context)
GROUNDING = HopChecks("grounding", Grounded, (grounding.every_claim_said, grounding.known_facts), _grounding_context)
CHECK_SCORERS: dict[str, Scorer] = {
    **MODERATION.scorers(),
    **INTENT.scorers(),
    **LOOKUP.scorers(),
    **RESPONSE.scorers(),
    **GROUNDING.scorers(),
    **{f"check.{check.__name__}": _outbound(check) for check in OUTBOUND_CHECKS},
}
