"""What a run would ask language models and moderation endpoints, found out on a sample without asking one."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import chain as together
from typing import Any, TypeAlias

from pydantic_core import to_json

from assistant.language.moderation_endpoint import EndpointModerator
from chains.contract import Contract
from chains.errors import HopdeskError, ModelFailed
from chains.messages import HopName, IntentInput, LookupInput, ModerationInput, ResponseInput
from chains.ports import Cascade
from chains.prompted.base import Prompted
from chains.record import HopRecord
from chains.turn import Chain
from evals.cases import Case
from evals.cassettes import EvaluatedModels
from evals.pacing import Ask
from evals.pairs import embedded_alone
from evals.running import CaseRun, run_case

SAMPLE = 12
_INPUTS: dict[str, type[Contract]] = {
    "moderation": ModerationInput,
    "intent": IntentInput,
    "lookup": LookupInput,
    "response": ResponseInput,
}
_Elsewhere: TypeAlias = Prompted[Any] | EndpointModerator


def asks_of_cases(cases: Sequence[Case], chain: Chain, models: EvaluatedModels) -> list[Ask]:
    """What these cases would ask, going by how the embedded models take them through the chain.

    Where a hop has no embedded model, each case is taken to ask every hop once, with the longest prompt allowed.
    """
    try:
        local = embedded_alone(chain)
    except HopdeskError:
        return [ask for _ in cases for ask in _longest(chain, models)]

    async def run_all() -> list[CaseRun]:
        return [await run_case(case, local) for case in cases]

    return [ask for run in asyncio.run(run_all()) for ask in _asks_of_turn(run.records, chain, models)]


def _asks_of_turn(records: Sequence[HopRecord], chain: Chain, models: EvaluatedModels) -> Iterator[Ask]:
    """What a turn would ask that left these records; each embedded layer of moderation left one, of the same text."""
    first = next((record for record in records if record.hop == "moderation"), None)
    if first is not None:
        yield from _asks(first, _elsewhere(chain.moderators), models)
    yield from asks_of_records((record for record in records if record.hop != "moderation"), chain, models)


def asks_of_records(records: Iterable[HopRecord], chain: Chain, models: EvaluatedModels) -> Iterator[Ask]:
    """What the hops of these records would ask, if they ran again on this chain (see `chains.replay`)."""
    for record in records:
        if record.hop == "moderation":
            same = [layer for layer in chain.moderators if layer.card.name == record.model]
            yield from _asks(record, _elsewhere(same or chain.moderators), models)
        elif record.hop in _INPUTS:
            yield from _asks(record, _first_asked(_cascades(chain)[record.hop], record.certainty), models)


def _asks(record: HopRecord, asked: Iterable[_Elsewhere], models: EvaluatedModels) -> Iterator[Ask]:
    """The questions that models are asked about the input of a record."""
    bare = {model.name: model for model in models.bare}
    given: Any = _INPUTS[record.hop].model_validate_json(to_json(record.input))
    for model in asked:
        with suppress(ModelFailed):  # a prompt that is too long is never sent
            call = model.call(given) if isinstance(model, EndpointModerator) else model.call(given)[0]
            yield Ask(bare[model.card.name], call.input_tokens, models.knows(model.card.name, call))


def _elsewhere(models: Iterable[object]) -> Iterator[_Elsewhere]:
    return (model for model in models if isinstance(model, Prompted | EndpointModerator))


def _first_asked(cascade: Cascade[Any], certainty: float | None) -> Iterator[_Elsewhere]:
    """The language model that is asked where the embedded one is so certain, if one is."""
    for tier in cascade.tiers:
        if isinstance(tier.model, Prompted):
            yield tier.model
            return
        if tier.threshold is None or (certainty or 0.0) >= tier.threshold:
            return


def _cascades(chain: Chain) -> dict[HopName, Cascade[Any]]:
    return {"intent": chain.intent_model, "lookup": chain.planner, "response": chain.responder}


def _longest(chain: Chain, models: EvaluatedModels) -> Iterator[Ask]:
    bare = {model.name: model for model in models.bare}
    cascades = _cascades(chain).values()
    for model in together(_elsewhere(chain.moderators), *(_first_asked(one, None) for one in cascades)):
        yield Ask(bare[model.card.name], chain.scope.budget.prompt_tokens, on_cassette=False)
