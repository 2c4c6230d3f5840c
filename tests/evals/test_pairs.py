"""Labelled pairs: which outputs of a hop are judged, and what is right, on real runs of the small shop."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from assistant.embedded.cross_validation import HeldOutIntent
from assistant.web.warm_up import warm_up
from chains.claims import Value
from chains.errors import HopdeskError
from chains.messages import Intent, IntentInput, ModerationInput, Plan
from chains.outcomes import Clarify, Decline
from chains.ports import Cascade, Tier
from chains.turn import Chain
from evals.cases import Case, Expectation, ExpectedCall, ExpectedFact
from evals.pairs import TunedHop, embedded_alone, pairs_of_examples, pairs_of_runs, refuse_test_cases
from evals.running import CaseRun, run_case
from evals.thresholds import Pair
from tests.chains.fakes import PRICE_PLAN, draft, names, shop_chain, shop_scope
from tests.chains.scripts import Script

SCOPE = shop_scope()
PRICE = draft(Value(fact="L-1:price"))


@pytest.fixture(scope="module", autouse=True)
def _guards_are_loaded() -> None:
    """So that the first turn keeps its deadline on a busy machine."""
    asyncio.run(warm_up(()))


def sure(intent: Intent, confidence: float | None = 0.9) -> Intent:
    return intent.model_copy(update={"confidence": confidence, "out_of_scope": 0.0})


def chain(intent: Intent | None = None, plan: Plan = PRICE_PLAN) -> Chain:
    return shop_chain(
        intent=sure(names("product.price") if intent is None else intent),
        plan=plan.model_copy(update={"confidence": 0.8}),
        response=PRICE.model_copy(update={"confidence": 0.7}),
    )


def expected(
    outcome: Literal["answer", "clarify", "decline"] = "answer",
    intent: str | None = "product.price",
    sku: str = "L-1",
    field: str = "price",
) -> Case:
    answers = outcome == "answer"
    expectation = Expectation(
        intents=(intent,) if intent else (),
        tools=(ExpectedCall(name="get_product", arguments={"sku": sku}),) if answers else (),
        facts=(ExpectedFact(record="L-1", field=field),) if answers else (),
        outcome=outcome,
    )
    return Case(id="c1", text="What does the desk lamp cost?", split="dev", expect=(expectation,))


def run(case: Case, on: Chain | None = None) -> CaseRun:
    return asyncio.run(run_case(case, on or chain()))


def pairs(hop: TunedHop, *runs: CaseRun) -> tuple[Pair, ...]:
    return pairs_of_runs(hop, runs, SCOPE, {})


@pytest.mark.parametrize(("hop", "certainty"), [("intent", 0.9), ("lookup", 0.8), ("response", 0.7)])
def test_each_hop_gives_its_own_certainty(hop: TunedHop, certainty: float) -> None:
    assert pairs(hop, run(expected())) == (Pair("c1", certainty, right=True),)


def test_a_model_that_does_not_say_how_certain_it_is_gives_none() -> None:
    unsure = shop_chain(intent=names("product.price"))
    assert [pairs(hop, run(expected(), unsure)) for hop in ("intent", "lookup", "response")] == [(), (), ()]


class TestIntent:
    def test_another_intent_than_the_expected_is_wrong(self) -> None:
        [pair] = pairs("intent", run(expected(intent="returns.policy")))
        assert not pair.right

    def test_to_serve_nothing_is_right_where_it_ends_as_expected(self) -> None:
        close = sure(names("product.price", "returns.policy", score=0.4))
        done = run(expected("decline", None), chain(close))
        assert isinstance(done.outcome, Clarify)  # it asks back, and should have declined
        assert not pairs("intent", done)[0].right
        declined = replace(done, outcome=Decline(reason="out_of_scope", text="no"))
        assert pairs("intent", declined)[0].right

    def test_the_turn_that_moderation_ended_is_not_judged(self) -> None:
        done = run(expected())
        stopped = replace(done, records=tuple(r for r in done.records if r.hop == "moderation"))
        assert pairs("intent", stopped) == ()


class TestLookup:
    def test_a_plan_is_judged_where_the_intents_were_right(self) -> None:
        assert pairs("lookup", run(expected(intent="returns.policy"))) == ()
        assert pairs("lookup", run(expected(field="weight"))) == (Pair("c1", 0.8, right=True),)

    def test_other_calls_than_the_expected_are_wrong(self) -> None:
        assert pairs("lookup", run(expected(sku="L-2"))) == (Pair("c1", 0.8, right=False),)

    def test_a_plan_that_does_not_ask_back_where_it_should_is_wrong(self) -> None:
        assert pairs("lookup", run(expected("clarify"))) == (Pair("c1", 0.8, right=False),)

    def test_a_plan_that_asks_back_where_it_should_is_right(self) -> None:
        asking = chain(plan=Plan(needs="product"))
        assert pairs("lookup", run(expected("clarify"), asking)) == (Pair("c1", 0.8, right=True),)


class TestResponse:
    def test_a_draft_is_judged_where_the_calls_were_right(self) -> None:
        assert pairs("response", run(expected(sku="L-2"))) == ()

    def test_other_facts_than_the_expected_are_wrong(self) -> None:
        assert pairs("response", run(expected(field="weight"))) == (Pair("c1", 0.7, right=False),)


class TestExamples:
    @pytest.mark.parametrize(
        ("label", "intent", "right"),
        [
            ("product.price", sure(names("product.price")), True),
            ("returns.policy", sure(names("product.price")), False),
            ("product.price", sure(names("product.price", second="returns.policy")), False),
            ("product.price", sure(names("product.price", "returns.policy", score=0.4)), False),
            (None, sure(names("product.price")), False),
        ],
    )
    def test_an_example_is_right_where_its_intent_alone_is_served(
        self, label: str | None, intent: Intent, right: bool
    ) -> None:
        [pair] = pairs_of_examples([HeldOutIntent("how much", label, intent)], SCOPE)
        assert pair == Pair(f"{label or 'out of scope'}: how much", 0.9, right)

    def test_what_is_out_of_scope_is_right_where_it_is_turned_away(self) -> None:
        scope = SCOPE.model_copy(update={"thresholds": SCOPE.thresholds.model_copy(update={"out_of_scope": 0.5})})
        away = names("product.price").model_copy(update={"confidence": 0.9, "out_of_scope": 0.8})
        assert [pair.right for pair in pairs_of_examples([HeldOutIntent("rain", None, away)], scope)] == [True]
        assert [pair.right for pair in pairs_of_examples([HeldOutIntent("rain", "product.price", away)], scope)] == [
            False
        ]


class TestEmbeddedAlone:
    def test_only_the_models_that_run_here_are_asked(self) -> None:
        here: Script[IntentInput] = Script(names("product.price"))
        away: Script[IntentInput] = Script(names("product.price"), remote=True)
        whole = chain()
        asked: Script[ModerationInput] = Script(names("product.price"), remote=True)
        mixed = replace(whole, intent_model=Cascade.of(away, here), moderators=(*whole.moderators, asked))
        alone = embedded_alone(mixed)
        assert [tier.model for tier in alone.intent_model.tiers] == [here]
        assert alone.moderators == whole.moderators
        assert alone.planner.tiers == whole.planner.tiers

    def test_one_that_is_only_the_fallback_counts(self) -> None:
        here: Script[IntentInput] = Script(names("product.price"))
        away: Script[IntentInput] = Script(names("product.price"), remote=True)
        mixed = replace(chain(), intent_model=Cascade((Tier(away),), here))
        assert embedded_alone(mixed).intent_model == Cascade.of(here)

    def test_a_hop_without_any_is_refused_with_a_sentence(self) -> None:
        away: Script[IntentInput] = Script(names("product.price"), remote=True)
        with pytest.raises(HopdeskError, match=r"begin models.intent with \"embedded\""):
            embedded_alone(replace(chain(), intent_model=Cascade.of(away)))


def test_cases_of_the_test_split_are_refused() -> None:
    cases = [expected(), expected().model_copy(update={"id": "c9", "split": "test"})]
    refuse_test_cases(cases[:1], Path("dev.jsonl"))
    with pytest.raises(HopdeskError, match=r"test.jsonl: the case 'c9' is of the test split"):
        refuse_test_cases(cases, Path("test.jsonl"))
