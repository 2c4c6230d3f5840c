"""What serves a turn whose language models are down, too slow, too dear or unsure: what the scope says."""

import asyncio
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from chains.allowance import Allowance
from chains.hops.moderation import rules_model
from chains.messages import ModerationInput
from chains.outcomes import Answer, Clarify, Handoff
from chains.ports import Cascade, Tier
from chains.scope import Scope
from chains.turn import Chain, run_turn
from tests.chains.fakes import (
    ALL_HOPS,
    HANDOFF,
    PRICE_DRAFT,
    PRICE_PLAN,
    Done,
    ask_for,
    changed,
    names,
    run,
    shop_chain,
    shop_scope,
)
from tests.chains.scripts import ALLOWED, DOWN, TOKENS, USD, Hanging, Script, Scripted

INTENT = names("product.price", "returns.policy")
REPLIES: dict[str, Scripted] = {
    "moderation": ALLOWED,
    "intent": INTENT,
    "lookup": PRICE_PLAN,
    "response": PRICE_DRAFT,
}


def falling_back(scope: Scope | None = None, **hops: str) -> Scope:
    """The scope with other fallbacks."""
    scope = scope or shop_scope()
    return changed(scope, fallback=scope.fallback.model_copy(update=hops))


def far_and_near(scope: Scope | None = None, **far: Scripted) -> Chain:
    """A chain that asks a provider first and embedded models last; the provider replies well but for what is given."""
    scope = scope or falling_back(moderation="rules")
    said = REPLIES | far
    provider = Script[ModerationInput](said["moderation"], name="far", remote=True)
    return shop_chain(
        scope=scope,
        moderators=(rules_model(scope.moderation), provider),
        intent=Cascade((Tier(Script(said["intent"], name="far", remote=True)),), Script(INTENT, name="near")),
        plan=Cascade((Tier(Script(said["lookup"], name="far", remote=True)),), Script(PRICE_PLAN, name="near")),
        response=Cascade((Tier(Script(said["response"], name="far", remote=True)),), Script(PRICE_DRAFT, name="near")),
    )


def served_by(done: Done) -> dict[str, str]:
    """The model whose output each hop went on with."""
    return {record.hop: record.model for record in done.records if record.decides}


def errors(done: Done, model: str = "far") -> list[str | None]:
    return [record.error_type for record in done.records if record.model == model]


# The scope's fallbacks


def test_a_provider_serves_every_hop_that_it_is_asked_for() -> None:
    done = run(ask_for(), far_and_near())
    assert isinstance(done.outcome, Answer)
    assert {model for hop, model in served_by(done).items() if hop in REPLIES} == {"far"}


@pytest.mark.parametrize("hop", ["intent", "lookup", "response"])
def test_the_embedded_model_serves_a_hop_whose_provider_is_down(hop: str) -> None:
    done = run(ask_for(), far_and_near(None, **{hop: DOWN}))
    assert isinstance(done.outcome, Answer)
    assert served_by(done)[hop] == "near"
    assert errors(done).count("ModelFailed") == 1


def test_without_an_intent_the_customer_is_asked_to_say_it_again_or_handed_on() -> None:
    asking = shop_chain(scope=falling_back(intent="clarify"), intent=DOWN)
    outcome = run(ask_for(), asking).outcome
    question = "I did not understand that. Could you say it in other words?"
    assert outcome == Clarify(reason="details", question=question)
    assert run(replace(ask_for(), clarified=2), asking).outcome == Handoff(reason="unsure", text=HANDOFF)
    handing = shop_chain(scope=falling_back(intent="handoff"), intent=DOWN)
    assert run(ask_for(), handing).outcome == Handoff(reason="unsure", text=HANDOFF)


def test_without_a_plan_the_customer_is_asked_to_say_it_again_or_handed_on() -> None:
    asking = shop_chain(scope=falling_back(lookup="clarify"), plan=DOWN)
    outcome = run(ask_for(), asking).outcome
    question = "I could not look that up. Could you say in other words what you would like to know?"
    assert outcome == Clarify(reason="details", question=question)
    assert run(replace(ask_for(), clarified=2), asking).outcome == Handoff(reason="unsure", text=HANDOFF)
    handing = shop_chain(scope=falling_back(lookup="handoff"), plan=DOWN)
    assert run(ask_for(), handing).outcome == Handoff(reason="unsure", text=HANDOFF)


def test_without_a_draft_the_plain_facts_are_said_or_the_customer_is_handed_on() -> None:
    facts = run(ask_for(), shop_chain(scope=falling_back(response="facts"), response=DOWN))
    assert isinstance(facts.outcome, Answer)
    assert "49 EUR" in facts.said[0]
    handing = run(ask_for(), shop_chain(scope=falling_back(response="handoff"), response=DOWN))
    assert handing.outcome == Handoff(reason="unsure", text=HANDOFF)
    assert handing.hops == ALL_HOPS[:4]


# Time, calls and money


def test_a_provider_that_hangs_on_every_hop_costs_no_answer_and_no_deadline() -> None:
    with capture_logs() as logs:
        hanging = far_and_near(moderation=Hanging(), intent=Hanging(), lookup=Hanging(), response=Hanging())
        done = run(ask_for(), hanging)
    assert isinstance(done.outcome, Answer)
    assert logs == []  # the turn is not overdue
    assert errors(done) == ["TimeoutError", "TimeoutError", "TimeoutError", "AllowanceSpent"]
    assert {hop: model for hop, model in served_by(done).items() if hop in REPLIES} == {
        "moderation": "rules/1",
        "intent": "near",
        "lookup": "near",
        "response": "near",
    }


def test_without_funds_only_local_models_serve() -> None:
    done = run(ask_for(), far_and_near(), funded=False)
    assert isinstance(done.outcome, Answer)
    assert set(errors(done)) == {"AllowanceSpent"}
    assert "far" not in served_by(done).values()


def test_without_funds_a_text_that_only_a_provider_could_judge_goes_to_a_person() -> None:
    done = run(ask_for(), far_and_near(falling_back(moderation="handoff")), funded=False)
    assert done.outcome == Handoff(reason="moderation", text=HANDOFF)


@pytest.mark.parametrize(
    "budget", [{"model_calls": 2}, {"tokens": 3 * TOKENS}, {"usd": float(3 * USD)}], ids=["calls", "tokens", "money"]
)
def test_what_a_turn_has_spent_its_embedded_models_do_without(budget: dict[str, float]) -> None:
    scope = falling_back(moderation="rules")
    spending = changed(scope, budget=scope.budget.model_copy(update=budget))
    done = run(ask_for(), far_and_near(spending))
    assert isinstance(done.outcome, Answer)
    assert "AllowanceSpent" in errors(done)
    assert errors(done).count(None) == 2
    assert served_by(done)["response"] == "near"


def test_what_a_turn_spent_can_be_read_afterwards() -> None:
    async def spending() -> Allowance:
        chain = far_and_near(response=DOWN)
        allowance = Allowance(chain.scope.budget)
        assert isinstance(await run_turn(ask_for(), chain, allowance), Answer)
        return allowance

    spent = asyncio.run(spending())
    assert (spent.calls, spent.tokens, spent.usd) == (4, 4 * TOKENS, 4 * USD)
