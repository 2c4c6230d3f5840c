"""Replaying what several models did at one hop, plans that were guessed, and second rounds."""

import asyncio
from dataclasses import replace

import pytest

from chains.messages import LookupInput, Plan
from chains.ports import Cascade, Tier
from chains.record import HopRecord
from chains.replay import Replayed, replay
from chains.scope import Scope
from chains.turn import Chain
from tests.chains.fakes import (
    PRICE_DRAFT,
    PRICE_PLAN,
    ask_for,
    call,
    changed,
    names,
    run,
    shop_chain,
    shop_scope,
)
from tests.chains.scripts import DOWN, MemoryLog, Script, Scripted

UNSURE = names("returns.policy").model_copy(update={"confidence": 0.2})
UNSURE_PLAN = Plan(calls=(call("check_stock", "product.price", sku="L-2"),), confidence=0.2)
UNSURE_DRAFT = PRICE_DRAFT.model_copy(update={"confidence": 0.2})
MORE = PRICE_PLAN.model_copy(update={"more": True})


def tiered(second: Scripted | None = None) -> Chain:
    """A chain each of whose hops asks a model that is unsure and then another, which says `second` where it is given.

    Where neither decides, what was said unsurely serves.
    """
    return shop_chain(
        intent=Cascade(
            (Tier(Script(UNSURE, name="one"), 0.9), Tier(Script(second or names("product.price"), name="two"))),
            Script(DOWN),
        ),
        plan=Cascade(
            (Tier(Script(UNSURE_PLAN, name="one"), 0.9), Tier(Script(second or PRICE_PLAN, name="two"))), Script(DOWN)
        ),
        response=Cascade(
            (Tier(Script(UNSURE_DRAFT, name="one"), 0.9), Tier(Script(second or PRICE_DRAFT, name="two"))), Script(DOWN)
        ),
    )


def again(record: HopRecord, chain: Chain) -> Replayed:
    back = HopRecord.model_validate_json(record.model_dump_json(by_alias=True))
    return asyncio.run(replay(back, chain, MemoryLog()))


def assert_all_run_again(records: list[HopRecord], chain: Chain) -> None:
    """Each record runs again by the model that made it, to what it was."""
    for record in records:
        replayed = again(record, chain)
        new = replayed.record
        assert (replayed.same, replayed.misses) == (True, 0)
        assert (new.model, new.status, new.attempt) == (record.model, record.status, record.attempt)
        assert new.tool_calls == record.tool_calls
        assert new.certainty == record.certainty


def test_the_record_of_each_tier_is_run_again_by_its_own_model_alone() -> None:
    done = run(ask_for(), tiered())
    assert [(r.hop, r.model) for r in done.records if r.hop in {"intent", "lookup", "response"}] == [
        (hop, model) for hop in ("intent", "lookup", "response") for model in ("one", "two")
    ]
    assert_all_run_again(done.records, tiered())


def test_what_was_settled_on_is_settled_on_again() -> None:
    turn = replace(ask_for(), intent="product.price")
    done = run(turn, tiered(second=DOWN))
    assert {r.model for r in done.records if r.decides} >= {"settled/1"}
    assert_all_run_again([r for r in done.records if r.status == "ok"], tiered())


def test_an_intent_that_was_settled_on_is_settled_on_again() -> None:
    done = run(ask_for(), tiered(second=DOWN))
    settled = next(r for r in done.records if r.hop == "intent" and r.decides)
    assert settled.model == "settled/1"
    assert again(settled, tiered()).same


def test_a_settled_output_that_did_not_hold_is_asked_for_again() -> None:
    done = run(replace(ask_for(), intent="product.price"), tiered(second=DOWN))
    settled = next(r for r in done.records if r.model == "settled/1")
    refused = settled.model_copy(update={"parsed": None, "valid": False})
    assert again(refused, tiered()).record.model == "two"


def test_a_plan_that_was_too_unsure_to_carry_out_is_not_carried_out_again() -> None:
    done = run(ask_for(), tiered())
    unsure = next(r for r in done.records if r.hop == "lookup")
    assert (unsure.model, unsure.tool_calls) == ("one", ())
    replayed = again(unsure, tiered())
    assert (replayed.record.tool_calls, replayed.misses) == ((), 0)


def test_where_the_model_is_gone_all_of_them_are_asked() -> None:
    record = next(r for r in run(ask_for(), tiered()).records if r.model == "one")
    gone = shop_chain(intent=Cascade.of(Script(DOWN, name="three"), Script(names("product.price"), name="four")))
    replayed = again(record, gone)
    assert (replayed.record.model, replayed.same) == ("four", False)


# Guesses


def eager(intents: tuple[str, ...] | None = None) -> Scope:
    """A scope that wants plans guessed, of these intents alone where they are given."""
    scope = shop_scope()
    kept = tuple(one for one in scope.intents if intents is None or one.id in intents)
    bare = tuple(one.model_copy(update={"next": ()}) for one in kept)
    return changed(scope, intents=bare, budget=scope.budget.model_copy(update={"speculate": True}))


@pytest.mark.parametrize("intents", [None, ("product.price", "returns.policy")], ids=["many intents", "two intents"])
def test_a_guess_runs_again_and_nothing_of_it_is_carried_out(intents: tuple[str, ...] | None) -> None:
    chain = shop_chain(scope=eager(intents))
    done = run(ask_for(), chain)
    guess, adopted = (r for r in done.records if r.hop == "lookup")
    assert (guess.tool_calls, len(adopted.tool_calls)) == ((), 1)
    assert_all_run_again(done.records, chain)


def test_a_guess_that_failed_is_not_carried_out_by_the_model_that_replays_it() -> None:
    failing = shop_chain(scope=eager(), plan=DOWN)
    guess = next(r for r in run(ask_for(), failing).records if r.hop == "lookup")
    replayed = again(guess, shop_chain(scope=eager()))
    assert (replayed.same, replayed.misses, replayed.record.tool_calls) == (False, 0, ())


# Second rounds


def test_each_round_runs_again_on_what_it_was_given() -> None:
    second = Plan(calls=(call("check_stock", "product.price", sku="L-2"),))
    planner = Script[LookupInput](MORE, round_two=second)
    chain = shop_chain(plan=Cascade.of(planner))
    done = run(ask_for(), chain)
    rounds = [r for r in done.records if r.hop == "lookup"]
    assert [[one.name for one in r.tool_calls] for r in rounds] == [["get_product"], ["check_stock"]]
    assert_all_run_again(done.records, chain)
    assert [given.results != () for given in planner.given] == [False, True, False, True]
