"""Labelled outputs of one embedded model: how certain each was, and whether it was right given all before it.

An intent is right where the intents decided on are the expected ones, or where nothing was to be served and it ended
as it should. A plan is judged where the intents were right: its calls are, and it asks back where that is expected. A
draft is judged where the calls were right too: the facts and how it ended.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal, TypeVar

from assistant.embedded.cross_validation import HeldOutIntent
from chains.contract import Contract
from chains.errors import HopdeskError
from chains.hops.intent import decide
from chains.ports import Cascade
from chains.scope import Scope
from chains.turn import Chain
from evals.cases import Case, refuse_test_split
from evals.running import CaseRun
from evals.scoring import Score, intents_of, score_run
from evals.thresholds import Pair

GivenT = TypeVar("GivenT", bound=Contract)
TunedHop = Literal["intent", "lookup", "response"]


def refuse_test_cases(cases: Iterable[Case], path: Path) -> None:
    """Raise `HopdeskError` where a case of a file is of the test split: what is tuned must not have seen it."""
    refuse_test_split(cases, str(path))


def embedded_alone(chain: Chain) -> Chain:
    """The chain with only those of its models that run here, so that nothing is sent or spent.

    Raises `HopdeskError` where a hop has none.
    """
    return replace(
        chain,
        moderators=tuple(layer for layer in chain.moderators if layer.card.is_local),
        intent_model=_local("intent", chain.intent_model),
        planner=_local("lookup", chain.planner),
        responder=_local("response", chain.responder),
    )


def _local(hop: str, models: Cascade[GivenT]) -> Cascade[GivenT]:
    named = [*(tier.model for tier in models.tiers), *([models.last] if models.last else [])]
    local = next((model for model in named if model.card.is_local), None)
    if local is None:
        raise HopdeskError(f'No embedded model serves the hop {hop!r}; begin models.{hop} with "embedded" to tune it.')
    return Cascade.of(local)


def pairs_of_runs(hop: TunedHop, runs: Iterable[CaseRun], scope: Scope, parents: Mapping[str, str]) -> tuple[Pair, ...]:
    """A pair for each run that reached the hop with all before it right. `parents` maps variants to their products."""
    found = []
    for run in runs:
        score, record = score_run(run, scope, parents), run.last(hop)
        if record is not None and record.certainty is not None and _is_judged(hop, score):
            found.append(Pair(run.case.id, record.certainty, _is_right(hop, run, score, scope)))
    return tuple(found)


def _is_judged(hop: TunedHop, score: Score) -> bool:
    return hop == "intent" or (score.intents and (hop == "lookup" or score.tools))


def _is_right(hop: TunedHop, run: CaseRun, score: Score, scope: Scope) -> bool:
    if hop == "intent":
        return score.intents and (score.outcome or bool(intents_of(run, scope)))
    if hop == "response":
        return score.facts and score.outcome
    endings = {run.outcome.kind, *(expected.outcome for expected in run.case.expect)}
    return score.tools and (score.outcome or "clarify" not in endings)


def pairs_of_examples(held_out: Iterable[HeldOutIntent], scope: Scope) -> tuple[Pair, ...]:
    """A pair for each of the scope's own examples, as judged by a model that was fitted without it."""
    found = []
    for one in held_out:
        decision = decide(one.intent, scope)
        served = decision.kind == "serve" and decision.intents == (one.label,)
        right = decision.kind == "out_of_scope" if one.label is None else served
        found.append(Pair(f"{one.label or 'out of scope'}: {one.text}", one.intent.certainty or 0.0, right))
    return tuple(found)
