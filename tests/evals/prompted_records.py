"""Records of turns whose intents a scripted language model names, on the small shop of the chain's tests."""

import asyncio
import json
from dataclasses import replace

from chains.language import Completion
from chains.ports import Cascade
from chains.prompt_files import load_prompt
from chains.prompted.intent import PromptedIntent
from chains.record import HopRecord
from chains.turn import Chain
from evals.cases import Split
from evals.running import run_case
from tests.chains.fake_language import FakeLanguage
from tests.chains.fakes import changed, shop_chain
from tests.evals.test_running import case

EXAMPLES = ("How much is the floor lamp?", "The price of it, please.")
TEXT = "What does the desk lamp cost?"


def says(intent: str, second: str | None = None) -> Completion:
    """A language model's reply that is sure of one intent, or of two."""
    reply = {
        "reasoning": "",
        "ranked": [{"intent": intent, "score": 0.9}],
        "second": {"intent": second, "score": 0.9} if second else None,
        "out_of_scope": 0.0,
        "language": None,
    }
    return said(json.dumps(reply))


def said(text: str) -> Completion:
    return Completion(text=text, output_messages=({"role": "assistant", "content": text, "reasoning_content": "hm"},))


def prompted_chain(*replies: Completion) -> Chain:
    chain = shop_chain()
    first, *others = chain.scope.intents
    chain = replace(
        chain, scope=changed(chain.scope, intents=(first.model_copy(update={"examples": EXAMPLES}), *others))
    )
    model = PromptedIntent(FakeLanguage(*replies), load_prompt("intent", "1"), chain.scope, 4000)
    return replace(chain, intent_model=Cascade.of(model))


def records_of(*replies: Completion, text: str = TEXT, split: Split = "train", turn: str = "t1") -> list[HopRecord]:
    """All records of one turn; the intent hop's are those of the language model."""
    run = asyncio.run(run_case(case(text, split=split), prompted_chain(*replies)))
    return [record.model_copy(update={"turn_id": turn, "trace_id": turn}) for record in run.records]
