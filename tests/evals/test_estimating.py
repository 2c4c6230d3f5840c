"""What a run would ask, found out without asking."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from assistant.language.moderation_endpoint import EndpointModerator
from assistant.web.warm_up import warm_up
from chains.hops.moderation import rules_model
from chains.messages import IntentInput
from chains.ports import Cascade, Tier
from chains.prompt_files import load_prompt
from chains.prompted.intent import PromptedIntent
from chains.prompted.moderation import PromptedModerator
from chains.scope import LanguageModelSettings, Scope
from chains.turn import Chain
from evals.cassettes import Cassette, EvaluatedModels
from evals.estimating import asks_of_cases, asks_of_records
from evals.pacing import Purse, estimate
from evals.running import run_case
from tests.chains.fakes import names, shop_chain, shop_scope
from tests.chains.scripts import Script
from tests.evals.runs import some_cases
from tests.evals.test_cassettes import REPLY

NAME = "openai/gpt-4.1-mini"
ENDPOINT = "mistral/moderation-scripted"
SCOPE = shop_scope()
CASES = some_cases(2)


@pytest.fixture(scope="module", autouse=True)
def _warm() -> None:
    asyncio.run(warm_up(()))


@pytest.fixture
def models() -> EvaluatedModels:
    return EvaluatedModels(SCOPE, Purse(), None, offline=False)


def prompted(models: EvaluatedModels) -> PromptedIntent:
    return PromptedIntent(models(NAME), load_prompt("intent", "1", None), SCOPE, SCOPE.budget.prompt_tokens)


def with_intent(cascade: Cascade[IntentInput]) -> Chain:
    return replace(shop_chain(scope=SCOPE), intent_model=cascade)


def embedded() -> Script[IntentInput]:
    return Script(names("product.price").model_copy(update={"confidence": 0.8}))


@pytest.mark.parametrize(("threshold", "asked"), [(0.9, 2), (0.5, 0), (None, 0)])
def test_a_model_is_asked_where_the_embedded_one_is_not_sure(
    models: EvaluatedModels, threshold: float | None, asked: int
) -> None:
    cascade = Cascade((Tier(embedded(), threshold), Tier(prompted(models))))
    asks = asks_of_cases(CASES, with_intent(cascade), models)
    assert len(asks) == asked
    for ask in asks:
        assert ask.model.name == NAME
        assert 100 < ask.input_tokens <= SCOPE.budget.prompt_tokens
        assert not ask.on_cassette


def test_all_layers_of_moderation_are_asked(models: EvaluatedModels) -> None:
    layer = PromptedModerator(models(NAME), load_prompt("moderation", "1", None), SCOPE.budget.prompt_tokens)
    chain = shop_chain(scope=SCOPE)
    asks = asks_of_cases(CASES, replace(chain, moderators=(*chain.moderators, layer)), models)
    assert len(asks) == 2


def endpoint(scope: Scope, models: EvaluatedModels) -> EndpointModerator:
    return EndpointModerator(models(ENDPOINT), scope.moderation)


@pytest.fixture
def scored() -> tuple[Scope, EvaluatedModels]:
    """The shop with a moderation endpoint of its own, for which nobody knows a price."""
    own = LanguageModelSettings(name=ENDPOINT, kind="moderation", base_url="http://127.0.0.1:1")
    scope = SCOPE.model_copy(update={"language_models": (own,)})
    return scope, EvaluatedModels(scope, Purse(), None, offline=False)


def test_a_moderation_endpoint_is_asked_once_a_case_however_many_layers_are_embedded(
    scored: tuple[Scope, EvaluatedModels],
) -> None:
    scope, models = scored
    chain = shop_chain(scope=scope)
    layers = (*chain.moderators, rules_model(scope.moderation), endpoint(scope, models))
    asks = asks_of_cases(CASES, replace(chain, moderators=layers), models)
    assert [ask.model.name for ask in asks] == [ENDPOINT] * 2
    assert all(0 < ask.input_tokens < 50 for ask in asks)
    found = estimate(asks, len(CASES), 10, 1.0, 1)
    assert (found.calls, found.live, found.most_usd, found.unpriced) == (10, 10, Decimal(0), (ENDPOINT,))


def test_a_moderation_endpoint_is_asked_where_no_embedded_model_goes_ahead(
    scored: tuple[Scope, EvaluatedModels],
) -> None:
    scope, models = scored
    chain = replace(with_intent(Cascade.of(prompted(models))), moderators=(endpoint(scope, models),))
    asks = asks_of_cases(CASES[:1], chain, models)
    assert [ask.model.name for ask in asks] == [ENDPOINT, NAME]


def test_a_recorded_layer_asks_no_other_one(scored: tuple[Scope, EvaluatedModels]) -> None:
    scope, models = scored
    chain = shop_chain(scope=scope)
    records = asyncio.run(run_case(CASES[0], chain)).records
    [ours] = [record for record in records if record.hop == "moderation"]
    theirs, gone = (ours.model_copy(update={"model": name}) for name in (ENDPOINT, "openai/gone"))
    both = replace(chain, moderators=(*chain.moderators, endpoint(scope, models)))
    asked = [len([*asks_of_records([record], both, models)]) for record in (ours, theirs, gone)]
    assert asked == [0, 1, 1]


def test_without_an_embedded_model_each_hop_is_asked_with_the_longest_prompt(models: EvaluatedModels) -> None:
    asks = asks_of_cases(CASES, with_intent(Cascade.of(prompted(models))), models)
    assert [ask.input_tokens for ask in asks] == [SCOPE.budget.prompt_tokens] * 2


def test_what_is_on_the_cassette_is_free(tmp_path: Path) -> None:
    cassette = Cassette(tmp_path / "c.jsonl")
    models = EvaluatedModels(SCOPE, Purse(), cassette, offline=False)

    chain = with_intent(Cascade((Tier(embedded(), 0.9), Tier(prompted(models)))))
    local = replace(chain, intent_model=Cascade.of(embedded()))
    records = asyncio.run(run_case(CASES[0], local)).records
    given = IntentInput(text=CASES[0].text, locale="en")
    call, _ = prompted(models).call(given)
    assert [ask.on_cassette for ask in asks_of_records(records, chain, models)] == [False]
    model = models(NAME)
    cassette.put(model._key(call), REPLY)  # type: ignore[attr-defined]
    assert [ask.on_cassette for ask in asks_of_records(records, chain, models)] == [True]
    cassette.close()
