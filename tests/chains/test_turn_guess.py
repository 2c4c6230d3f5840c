"""A plan that is guessed beside the naming of the intent: it saves a call where it fits, and costs nothing else."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from chains.allowance import Allowance
from chains.claims import Quote, Value
from chains.hops.moderation import rules_model
from chains.messages import IntentInput, LookupInput, ModerationInput, Plan
from chains.outcomes import Answer, Handoff
from chains.ports import Cascade, HopModel, Repair, Reply
from chains.scope import Scope
from chains.turn import Chain
from moderation import Verdict
from tests.chains.fakes import (
    ALL_HOPS,
    HANDOFF,
    PRICE_PLAN,
    RETURNS_CALL,
    Done,
    ask_for,
    call,
    changed,
    draft,
    names,
    run,
    shop_chain,
    shop_scope,
)
from tests.chains.scripts import DOWN, Script, Scripted

ANYONES = ("product.price", "product.compare", "returns.policy")  # what a customer who is not known may ask
RETURNS_PLAN = Plan(calls=(RETURNS_CALL,))
QUOTED = draft(Quote(passage="returns#1"), intent="returns.policy")


class Guesser(Script[LookupInput]):
    """A planner that replies one thing before the intent is known, and another when it is asked for good."""

    def __init__(self, guess: Scripted, asked: Scripted, before: Callable[[], Awaitable[object]] | None) -> None:
        super().__init__(guess, before=before)
        self.asked = Script[LookupInput](asked)

    async def propose(
        self, given: LookupInput, repair: Repair | None = None, allowance: Allowance | None = None
    ) -> Reply:
        if len(given.intents) == len(ANYONES):
            return await super().propose(given, repair, allowance)
        return await self.asked.propose(given, repair, allowance)


def guessing(
    guess: Scripted,
    *,
    intent: Scripted | Cascade[IntentInput] | None = None,
    plan: Scripted = DOWN,
    response: Scripted | None = None,
    before: Callable[[], Awaitable[object]] | None = None,
    scope: Scope | None = None,
) -> tuple[Chain, Guesser]:
    """A chain that guesses a plan, and its planner, which plans as `plan` when it is asked for good."""
    planner = Guesser(guess, plan, before)
    scope = scope or eager()
    said = response or draft(Value(fact="L-1:price"))
    return shop_chain(scope=scope, intent=intent, plan=Cascade.of(planner), response=said), planner


def eager() -> Scope:
    scope = shop_scope()
    return changed(scope, budget=scope.budget.model_copy(update={"speculate": True}))


def lookups(done: Done) -> list[tuple[str, str, list[str]]]:
    """Of each lookup the model, the status and the calls that were carried out."""
    return [(r.model, r.status, [c.name for c in r.tool_calls]) for r in done.records if r.hop == "lookup"]


async def never() -> None:
    await asyncio.Event().wait()


def test_a_guess_that_fits_is_carried_out_without_asking_again() -> None:
    chain, planner = guessing(PRICE_PLAN)
    done = run(ask_for(), chain)
    assert isinstance(done.outcome, Answer)
    assert lookups(done) == [("script", "ok", []), ("settled/1", "ok", ["get_product"])]
    assert planner.asked.given == []
    assert done.hops[-4:] == ALL_HOPS[2:]


def test_intent_and_guess_run_side_by_side() -> None:
    both = asyncio.Barrier(2)
    intent = Script[IntentInput](names("product.price"), before=both.wait)
    chain, _ = guessing(PRICE_PLAN, intent=Cascade.of(intent), before=both.wait)
    assert isinstance(run(ask_for(), chain).outcome, Answer)


def test_a_guess_sees_all_that_this_customer_may_ask() -> None:
    chain, planner = guessing(PRICE_PLAN)
    run(replace(ask_for(), products=("L-2",)), chain)
    (seen,) = planner.given
    assert seen.intents == ANYONES
    assert seen.tools == {
        "product.price": ("get_product", "search_products", "check_stock"),
        "product.compare": ("compare_products",),
        "returns.policy": ("find_policy",),
    }
    assert (seen.topics, seen.asks) == ({"returns.policy": ("returns",)}, {"product.price": ("price",)})
    assert seen.products == ("L-2",)


def test_a_guess_with_a_call_that_the_intent_may_not_make_is_left_alone() -> None:
    chain, planner = guessing(PRICE_PLAN, intent=names("returns.policy"), plan=RETURNS_PLAN, response=QUOTED)
    done = run(ask_for(), chain)
    assert isinstance(done.outcome, Answer)
    assert lookups(done) == [("script", "ok", []), ("script", "ok", ["find_policy"])]
    assert [seen.intents for seen in planner.asked.given] == [("returns.policy",)]


def test_a_guess_is_left_alone_where_two_requests_are_served() -> None:
    plan = Plan(calls=(*PRICE_PLAN.calls, RETURNS_CALL))
    chain, _ = guessing(PRICE_PLAN, intent=names("product.price", second="returns.policy"), plan=plan)
    assert lookups(run(ask_for(), chain)) == [("script", "ok", []), ("script", "ok", ["get_product", "find_policy"])]


@pytest.mark.parametrize("guess", [Plan(needs="details"), Plan(calls=PRICE_PLAN.calls, needs="product"), Plan()])
def test_a_guess_that_needs_something_first_is_not_asked_for_it(guess: Plan) -> None:
    chain, _ = guessing(guess, plan=PRICE_PLAN)
    done = run(ask_for(), chain)
    assert isinstance(done.outcome, Answer)
    assert lookups(done) == [("script", "ok", []), ("script", "ok", ["get_product"])]


@pytest.mark.parametrize("guess", [DOWN, "{"])
def test_a_guess_that_fails_costs_nothing_but_itself(guess: Scripted) -> None:
    chain, _ = guessing(guess, plan=PRICE_PLAN)
    done = run(ask_for(), chain)
    assert isinstance(done.outcome, Answer)
    assert lookups(done)[-1] == ("script", "ok", ["get_product"])


def test_a_guessed_search_for_policies_is_held_to_the_intents_own_topics() -> None:
    scope = eager()
    widened = tuple(
        one.model_copy(update={"tools": (*one.tools, "find_policy"), "topics": ("prices",)})
        if one.id == "product.price"
        else one
        for one in scope.intents
    )
    guess = Plan(calls=(call("find_policy", "product.price", query="return", topics=["prices"]),))
    chain, _ = guessing(guess, scope=changed(scope, intents=widened), intent=names("returns.policy"), response=QUOTED)
    done = run(ask_for(), chain)
    assert isinstance(done.outcome, Answer)
    (carried_out,) = [one for record in done.records for one in record.tool_calls]
    assert (carried_out.intent, carried_out.arguments["topics"]) == ("returns.policy", ["returns"])


def test_nothing_is_guessed_where_the_scope_does_not_want_it() -> None:
    chain, planner = guessing(DOWN, scope=shop_scope(), plan=PRICE_PLAN)
    assert isinstance(run(ask_for(), chain).outcome, Answer)
    assert planner.given == []


def test_nothing_is_guessed_where_the_intent_was_chosen() -> None:
    chain, planner = guessing(DOWN, plan=PRICE_PLAN)
    assert isinstance(run(replace(ask_for(), intent="product.price"), chain).outcome, Answer)
    assert planner.given == []


def test_nothing_is_guessed_for_a_customer_who_may_ask_nothing() -> None:
    scope = eager()
    scope = changed(scope, intents=tuple(one for one in scope.intents if one.id not in ANYONES))
    chain, planner = guessing(DOWN, scope=scope, intent=names("courtesy.hello"))
    done = run(ask_for("Hello"), chain)
    assert done.said == ["Hello! What can I do for you?"]
    assert (planner.given, done.hops) == ([], ["moderation", "intent"])


@pytest.mark.parametrize("intent", ["courtesy.hello", "complaint.person"])
def test_a_guess_that_is_not_needed_is_called_off(intent: str) -> None:
    chain, _ = guessing(PRICE_PLAN, intent=names(intent), before=never)
    done = run(ask_for("Hello"), chain)
    assert done.hops == ["moderation", "intent", "lookup"]
    assert (done.records[-1].error_type, done.records[-1].status) == ("Cancelled", "error")
    assert done.tools.ran == []


def test_a_guess_of_a_text_that_moderation_stops_is_called_off_and_nothing_is_looked_up() -> None:
    scope = eager()
    review = Verdict(action="review", layer="model")
    layers: tuple[HopModel[ModerationInput], ...] = (
        rules_model(scope.moderation),
        Script(review, name="provider", remote=True),
    )
    for before in (None, never):
        chain, _ = guessing(PRICE_PLAN, before=before)
        done = run(ask_for(), replace(chain, moderators=layers))
        assert done.outcome == Handoff(reason="moderation", text=HANDOFF)
        assert done.tools.ran == []
        assert "response" not in done.hops
