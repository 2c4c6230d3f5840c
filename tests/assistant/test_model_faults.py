"""Every fault of a model at every hop and attempt: the turn ends once, in time, with few requests and a full record."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal, TypeVar

import pytest

from assistant.language.litellm_model import LitellmModel
from assistant.language.resilient import ResilientModel
from assistant.reflexes import Reflexes
from chains.contract import Contract
from chains.facets import Facets
from chains.hops import grounding, intent, lookup, moderation, outbound, response
from chains.hops.moderation import rules_model
from chains.messages import HopName
from chains.outcomes import Answer, Handoff, Outcome
from chains.ports import Cascade, HopModel
from chains.prompt_files import load_prompt
from chains.prompted.intent import PromptedIntent
from chains.prompted.lookup import PromptedPlanner
from chains.prompted.moderation import PromptedModerator
from chains.prompted.response import PromptedResponder
from chains.record import HopRecord
from chains.scope import LanguageModelSettings, Scope
from chains.turn import Chain, run_turn
from tests.chains.fakes import ask_for, changed, shop_chain, shop_scope
from tests.chains.scripts import MemoryLog
from tests.model_server import FAULTS, Fault, Json, Reply, Served, serving

DEADLINE_MS, HOP_MS, LATE_MS = 2600, 500, 250
MOST_CALLS = 6
_CUT_SHORT = {"Cancelled", "ModelLate", "AllowanceSpent", "TimeoutError"}
PROMPTED: tuple[HopName, ...] = ("moderation", "intent", "lookup", "response")
GivenT = TypeVar("GivenT", bound=Contract)
When = Literal["first", "repair", "always"]
GOOD: dict[HopName, Reply] = {
    "moderation": Reply(json.dumps({"reasoning": "", "action": "allow", "categories": [], "reasons": []})),
    "intent": Reply(
        json.dumps(
            {
                "reasoning": "",
                "ranked": [{"intent": "product.price", "score": 0.9}],
                "second": None,
                "out_of_scope": 0.0,
                "language": None,
            }
        )
    ),
    "lookup": Reply(calls=(("get_product", json.dumps({"sku": "L-1", "fields": ["price"]})),)),
    "response": Reply(
        json.dumps(
            {
                "reasoning": "",
                "parts": [{"intent": "product.price", "claims": [{"kind": "value", "fact": "L-1:price"}]}],
                "products": ["L-1"],
            }
        )
    ),
}  # fmt: skip
FACETS = Facets(currency="EUR", categories=(("lamps", "lamps"),))


def hop_of(body: Json) -> HopName:
    """Which hop a request on the wire serves."""
    if "tools" in body:
        return "lookup"
    text = json.dumps(body["response_format"])
    named: dict[str, HopName] = {"Judgement": "moderation", "Intent": "intent", "Draft": "response"}
    return next(hop for name, hop in named.items() if f'"name": "{name}' in text)


@dataclass
class Scripted:
    """A server that is good but for one hop's first request, its second one, or all of them, by the model's name."""

    hop: HopName
    fault: Fault
    when: When
    asked: Counter[HopName] = field(default_factory=Counter)

    def answer(self, body: Json) -> Fault:
        hop = hop_of(body)
        self.asked[hop] += 1
        if hop != self.hop:
            return GOOD[hop]
        match self.when, self.asked[hop]:
            case ("always", _) | ("first", 1) | ("repair", 2):
                return self.fault
            case "repair", 1:
                return FAULTS["wrong_shape"]
            case _:
                return GOOD[hop]


@dataclass(frozen=True)
class Ended:
    """How a turn ended: its outcome, its records, how long it took, and how often the wire was used."""

    outcome: Outcome
    records: list[HopRecord]
    took_ms: float
    wires: int


class Bench:
    """One server for many turns; each turn's script is found by its model's name."""

    def __init__(self) -> None:
        self.scripts: dict[str, Scripted] = {}
        self.served = Served()

    def answer(self, body: Json) -> Fault:
        return self.scripts[str(body["model"])].answer(body)

    async def run(self, script: Scripted, scope: Scope) -> Ended:
        name = f"turn-{len(self.scripts)}"
        self.scripts[name] = script
        log = MemoryLog()
        chain = replace(prompted_chain(f"openai/{name}", self.served.base_url, scope), log=log)
        started = time.perf_counter()
        outcome = await run_turn(ask_for(), chain)
        took_ms = (time.perf_counter() - started) * 1000
        return Ended(outcome, log.records, took_ms, script.asked.total())


def prompted_chain(name: str, base_url: str, scope: Scope) -> Chain:
    """The lamp shop with a language model on all four hops, and scripted local models to fall back on."""
    settings = LanguageModelSettings(name=name, base_url=base_url, structure="json_schema", functions="native")
    reflexes = Reflexes.of(None)
    model = ResilientModel(LitellmModel(settings), reflexes.breakers, reflexes.replies, scope.cache)
    local = shop_chain(scope=scope)
    tokens = scope.budget.prompt_tokens
    planner = PromptedPlanner(model, load_prompt("lookup", "1"), scope, FACETS, lambda _text, _skus: (), tokens)
    return replace(
        local,
        moderators=(rules_model(scope.moderation), PromptedModerator(model, load_prompt("moderation", "1"), tokens)),
        intent_model=after(PromptedIntent(model, load_prompt("intent", "1"), scope, tokens), local.intent_model),
        planner=after(planner, local.planner),
        responder=after(PromptedResponder(model, load_prompt("response", "1"), tokens), local.responder),
    )


def after(model: HopModel[GivenT], local: Cascade[GivenT]) -> Cascade[GivenT]:
    """A cascade that falls back on the local model."""
    return replace(Cascade.of(model), last=local.tiers[0].model)


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    """Warm, as a server is before it takes its first request."""
    for one in (moderation, intent, lookup, response, grounding, outbound):
        one.GUARD.warm_up()
    asyncio.run(LitellmModel(LanguageModelSettings(name="openai/gpt-4.1-mini")).warm_up())
    bench = Bench()
    with serving(bench.answer) as served:
        bench.served = served
        yield bench


def assert_ended_well(ended: Ended, script: Scripted) -> None:
    """What holds of every turn, whatever its models did."""
    told = f"{script.hop} {script.when}: {[(r.hop, r.attempt, r.status, r.error_type) for r in ended.records]}"
    assert ended.took_ms <= DEADLINE_MS + LATE_MS, told
    assert ended.wires <= MOST_CALLS, told
    asked = [record for record in ended.records if record.provider == "openai"]
    # The records tell of every request on the wire: an attempt is one, and its retries are the others. One that was
    # cancelled, late or out of time may not have got that far.
    cut_short = [record for record in asked if record.error_type in _CUT_SHORT]
    whole = [record for record in asked if record not in cut_short]
    sent = sum(1 + r.retries for r in whole if r.error_type != "CircuitOpen")
    assert sent <= ended.wires <= sent + sum(1 + record.retries for record in cut_short), told
    for record in asked:
        assert record.valid == (record.status == "ok"), told
        assert record.input_messages, told
        assert record.prompt is not None, told
        assert bool(record.error_type) == (record.status in {"error", "refused"}), told
        assert bool(record.validation_errors) == (record.status == "invalid"), told
    assert "SECRET-WORDS" not in str(ended.outcome), told


@pytest.mark.parametrize("when", ["first", "repair", "always"])
@pytest.mark.parametrize("hop", PROMPTED)
def test_every_fault_ends_in_one_outcome_in_time(bench: Bench, hop: HopName, when: When) -> None:
    scope = shop_scope(deadline_ms=DEADLINE_MS, hop_ms=HOP_MS)
    if hop != "moderation":  # so that a good reply that the machine delays does not end as a hand-off
        scope = changed(scope, fallback=scope.fallback.model_copy(update={"moderation": "rules"}))
    scripts = [Scripted(hop, fault, when) for fault in FAULTS.values()]

    async def run_all() -> list[Ended]:
        return [await bench.run(script, scope) for script in scripts]

    for name, ended, script in zip(FAULTS, asyncio.run(run_all()), scripts, strict=True):
        assert_ended_well(ended, script)
        expected = (Handoff,) if hop == "moderation" else (Answer,)
        assert isinstance(ended.outcome, (Answer, *expected)), name
        assert any(record.hop == hop and record.provider == "openai" for record in ended.records), name


@pytest.mark.parametrize("fault", ["hang", "drip", "late"])
def test_a_model_that_never_answers_any_hop_costs_the_customer_nothing_but_time(bench: Bench, fault: str) -> None:
    scope = shop_scope(deadline_ms=DEADLINE_MS, hop_ms=800)
    scope = changed(scope, fallback=scope.fallback.model_copy(update={"moderation": "rules"}))

    class Silent(Scripted):
        def answer(self, body: Json) -> Fault:
            self.asked[hop_of(body)] += 1
            return FAULTS[fault]

    script = Silent("intent", FAULTS[fault], "always")
    ended = asyncio.run(bench.run(script, scope))
    assert_ended_well(ended, script)
    assert isinstance(ended.outcome, Answer)


def test_a_good_model_answers_with_one_request_for_each_hop(bench: Bench) -> None:
    script = Scripted("intent", GOOD["intent"], "always")
    ended = asyncio.run(bench.run(script, shop_scope()))
    assert isinstance(ended.outcome, Answer)
    assert script.asked == Counter(PROMPTED)
    assert [record.hop for record in ended.records if record.provider == "openai"] == list(PROMPTED)
