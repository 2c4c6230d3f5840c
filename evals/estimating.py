"""What a run would ask language models, found out on a sample of its cases without asking one."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any

from pydantic_core import to_json

from assistant.language.litellm_model import LitellmModel
from chains.contract import Contract
from chains.errors import HopdeskError, ModelFailed
from chains.messages import HopName, IntentInput, LookupInput, ModerationInput, ResponseInput
from chains.ports import Cascade
from chains.prompt_files import PROMPTED_HOPS
from chains.prompted.base import Prompted
from chains.record import HopRecord
from chains.turn import Chain
from evals.cases import Case
from evals.cassettes import EvaluatedModels
from evals.pacing import Ask
from evals.pairs import embedded_alone
from evals.running import run_case

SAMPLE = 12
_INPUTS: dict[str, type[Contract]] = {
    "moderation": ModerationInput,
    "intent": IntentInput,
    "lookup": LookupInput,
    "response": ResponseInput,
}


def asks_of_cases(cases: Sequence[Case], chain: Chain, models: EvaluatedModels) -> list[Ask]:
    """What these cases would ask, going by how the embedded models take them through the chain.

    Where a hop has no embedded model, each case is taken to ask every hop once, with the longest prompt allowed.
    """
    try:
        local = embedded_alone(chain)
    except HopdeskError:
        return [ask for _ in cases for ask in _longest(chain, models)]

    async def run_all() -> list[HopRecord]:
        return [record for case in cases for record in (await run_case(case, local)).records]

    return [*asks_of_records(asyncio.run(run_all()), chain, models)]


def asks_of_records(records: Iterable[HopRecord], chain: Chain, models: EvaluatedModels) -> Iterator[Ask]:
    """What the hops of these records would ask, if they ran again on this chain."""
    bare = {model.name: model for model in models.bare}
    for record in records:
        if record.hop not in _INPUTS:
            continue
        given = _INPUTS[record.hop].model_validate_json(to_json(record.input))
        for model in _asked(record.hop, chain, record.certainty):
            with suppress(ModelFailed):  # a prompt that is too long is never sent
                call, reference = model.call(given)
                yield Ask(bare[model.card.name], reference.tokens, models.knows(model.card.name, call))


def _asked(hop: HopName, chain: Chain, certainty: float | None) -> Iterator[Prompted[Any]]:
    """The language models of a hop that are asked where the embedded one is so certain: one, or moderation's layers."""
    if hop == "moderation":
        yield from (layer for layer in chain.moderators if isinstance(layer, Prompted))
        return
    cascades: dict[str, Cascade[Any]] = {
        "intent": chain.intent_model,
        "lookup": chain.planner,
        "response": chain.responder,
    }
    for tier in cascades[hop].tiers:
        if isinstance(tier.model, Prompted):
            yield tier.model
            return
        if tier.threshold is None or (certainty or 0.0) >= tier.threshold:
            return


def _longest(chain: Chain, models: EvaluatedModels) -> Iterator[Ask]:
    bare: dict[str, LitellmModel] = {model.name: model for model in models.bare}
    for hop in PROMPTED_HOPS:
        for model in _asked(hop, chain, None):
            yield Ask(bare[model.card.name], chain.scope.budget.prompt_tokens, on_cassette=False)
