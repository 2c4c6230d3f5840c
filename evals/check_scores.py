"""The production checks as scorers: what a hop's guard holds its output to, asked of what the hop put out.

The checks are those of the hops' own contracts, called directly and not through the guards' library. Each scorer is
named as `chains.catalogue` lists its check: `check.true_claims`, `check.no_foreign_link`; `check.intent_valid` and the
like tell whether a hop had a valid output at all.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import BaseModel

from chains.hops import grounding, intent, lookup, moderation, outbound, response
from chains.messages import GroundingInput, HopName, LookupInput, OutboundInput, ResponseInput
from chains.record import HopRecord
from chains.scope import Scope
from evals.observed import Observed, Scorer, Setting, error_score, output_of, part_of
from evals.results import Score
from moderation import Check, Failure, HopContract, Outgoing

OutT = TypeVar("OutT", bound=BaseModel)
ContextT = TypeVar("ContextT")
_UNKNOWN = "…"  # stands for the customer's own data where only its placeholder was kept, as in a replay


def _put_out(record: HopRecord, output: type[OutT]) -> OutT | None:
    return output_of(record, output) if record.valid else None


@dataclass(frozen=True)
class HopChecks(Generic[OutT, ContextT]):
    """A hop's contract, and how what is judged, and what it is held against, follow from a record."""

    hop: HopName
    contract: HopContract[OutT, ContextT]
    context: Callable[[HopRecord, Observed, Scope], ContextT | None]
    judged: Callable[[HopRecord, type[OutT]], OutT | None] = _put_out

    def scorers(self) -> dict[str, Scorer]:
        """A scorer for each check, and one for whether there was a valid output."""
        return {
            f"check.{self.hop}_valid": self._validity(),
            **{f"check.{check.__name__}": self._scorer(check) for check in self.contract.checks},
        }

    def failures(
        self, check: Check[OutT, ContextT], record: HopRecord, observed: Observed, scope: Scope
    ) -> tuple[Failure, ...] | None:
        """What a check says of what a record holds; None where that is nothing that it could judge."""
        value, context = self.judged(record, self.contract.output), self.context(record, observed, scope)
        return None if value is None or context is None else check(value, context)

    def _scorer(self, check: Check[OutT, ContextT]) -> Scorer:
        name = f"check.{check.__name__}"

        def scorer(observed: Observed, setting: Setting) -> Score | None:
            record = observed.last(self.hop)
            found = self.failures(check, record, observed, setting.scope) if record else None
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


def _plan_context(record: HopRecord, _observed: Observed, scope: Scope) -> lookup.PlanContext | None:
    given = part_of(record, LookupInput)
    return lookup.PlanContext(scope, given.tools, scope.budget.calls - len(given.results)) if given else None


def _draft_context(record: HopRecord, _observed: Observed, _scope: Scope) -> response.DraftContext | None:
    given = part_of(record, ResponseInput)
    return response.DraftContext(given.evidence, given.intents) if given else None


def _grounding_context(record: HopRecord, _observed: Observed, _scope: Scope) -> grounding.GroundingContext | None:
    given = part_of(record, GroundingInput)
    return grounding.GroundingContext(given.draft, given.evidence) if given else None


def _leaving_context(record: HopRecord, observed: Observed, scope: Scope) -> outbound.LeavingContext | None:
    given = part_of(record, OutboundInput)
    if given is None:
        return None
    originals = dict(observed.originals) or dict.fromkeys(given.placeholders, _UNKNOWN)
    return outbound.context_of(given, scope, originals)


def _leaving(record: HopRecord, _output: type[Outgoing]) -> Outgoing | None:
    """What the hop was asked to let out, let out or not."""
    given = part_of(record, OutboundInput)
    return outbound.text_of(given) if given else None


MODERATION = HopChecks("moderation", moderation.CONTRACT, lambda _record, _observed, _scope: None)
INTENT = HopChecks("intent", intent.CONTRACT, _scope)
LOOKUP = HopChecks("lookup", lookup.CONTRACT, _plan_context)
RESPONSE = HopChecks("response", response.CONTRACT, _draft_context)
GROUNDING = HopChecks("grounding", grounding.CONTRACT, _grounding_context)
OUTBOUND = HopChecks("outbound", outbound.CONTRACT, _leaving_context, _leaving)
CHECK_SCORERS: dict[str, Scorer] = {
    **MODERATION.scorers(),
    **INTENT.scorers(),
    **LOOKUP.scorers(),
    **RESPONSE.scorers(),
    **GROUNDING.scorers(),
    **OUTBOUND.scorers(),
}
