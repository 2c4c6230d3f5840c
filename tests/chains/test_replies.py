from collections.abc import Mapping

import pytest

from chains.facts import Evidence, Record
from chains.hops.intent import Decision
from chains.hops.lookup import Found
from chains.messages import Plan
from chains.outcomes import (
    Answer,
    AnswerPart,
    Choice,
    ChoiceEffect,
    Clarify,
    Decline,
    Handoff,
    Outcome,
    ProductCard,
    Sentence,
    Withdrawn,
)
from chains.replies import beside, missing, moderated, next_choices, present, undecided, without_lookup
from chains.scope import IntentScope, Scope
from moderation import Category, Verdict
from tests.chains.fakes import ORDER_NUMBER, ORDER_PLAN, changed, shop_scope

SCOPE = shop_scope()
TEXTS = SCOPE.texts
PRICE, COMPARE, RETURNS, ORDER, POINTS, COMPLAINT, HELLO = SCOPE.intents
PLAIN = Answer(
    parts=(AnswerPart(intent=PRICE.id, sentences=(Sentence(text="It costs 49 EUR.", claim="value"),)),),
    products=(ProductCard(sku="L-1", name="Desk Lamp"),),
)


def rounds(count: int) -> Scope:
    """The shop's scope with so many questions back."""
    return changed(SCOPE, limits=SCOPE.limits.model_copy(update={"clarify_rounds": count}))


def may(intent: IntentScope, *outcomes: str) -> IntentScope:
    return intent.model_copy(update={"outcomes": outcomes})


def found(plan: Plan, evidence: Evidence | None = None, failed: int = 0) -> Found:
    return Found(evidence or Evidence(), plan, failed=failed)


# Moderation


def in_distress(*categories: Category) -> Handoff:
    said = f"{TEXTS.self_harm} {TEXTS.crisis_lines}"
    return Handoff(reason="moderation", text=said, categories=categories, urgent=True)


@pytest.mark.parametrize(
    ("action", "categories", "outcome"),
    [
        ("block", {}, Decline(reason="moderation", text=TEXTS.moderation)),
        ("block", {"spam": 1.0}, Decline(reason="moderation", text=SCOPE.out_of_scope.text)),
        ("block", {"spam": 0.6, "hate": 1.0}, Decline(reason="moderation", text=TEXTS.moderation)),
        ("block", {"fraud": 1.0}, Decline(reason="moderation", text=TEXTS.moderation)),
        ("review", {"fraud": 0.7}, Handoff(reason="moderation", text=TEXTS.handoff, categories=("fraud",))),
        ("review", {}, Handoff(reason="moderation", text=TEXTS.handoff)),
        ("review", {"self_harm": 0.5, "violence": 0.9}, in_distress("self_harm", "violence")),
        ("block", {"self_harm": 1.0}, in_distress("self_harm")),
    ],
)
def test_a_stopped_turn_ends_by_what_was_found(action: str, categories: dict[str, float], outcome: Outcome) -> None:
    verdict = Verdict.model_validate({"action": action, "layer": "rules", "categories": categories})
    assert moderated(verdict, SCOPE) == outcome


# Undecided intents


@pytest.mark.parametrize(
    ("decision", "outcome"),
    [
        (Decision("out_of_scope"), Decline(reason="out_of_scope", text="I only know lamps.")),
        (Decision("unsure"), Handoff(reason="unsure", text=TEXTS.handoff)),
        (Decision("foreign_language", language="ja"), Handoff(reason="language", text=TEXTS.handoff)),
        (Decision("foreign_language"), Handoff(reason="language", text=TEXTS.handoff)),
    ],
)
def test_an_undecided_turn_ends_by_its_decision(decision: Decision, outcome: Outcome) -> None:
    assert undecided(decision, SCOPE, "text", 0) == outcome


@pytest.mark.parametrize("language", ["da", "de", "es", "fr", "it", "nl", "pl", "pt", "sv"])
def test_a_handoff_speaks_the_customers_language(language: str) -> None:
    outcome = undecided(Decision("foreign_language", language=language), SCOPE, "text", 0)
    assert isinstance(outcome, Handoff)
    assert outcome.text != TEXTS.handoff


@pytest.mark.parametrize(("allowed", "clarified", "kind"), [(2, 1, "clarify"), (2, 2, "handoff"), (0, 0, "handoff")])
def test_a_choice_of_intents_is_offered_while_there_are_rounds_left(allowed: int, clarified: int, kind: str) -> None:
    decision = Decision("choose", (PRICE.id, RETURNS.id))
    assert undecided(decision, rounds(allowed), "text", clarified).kind == kind


# Without a lookup


def test_a_person_comes_before_any_question() -> None:
    outcome = without_lookup((ORDER, COMPLAINT), SCOPE, 0)
    assert outcome == Handoff(reason="intent", text="I am sorry; a colleague will look into it.")


def test_a_handoff_without_words_of_its_own_uses_the_sites() -> None:
    silent = COMPLAINT.model_copy(update={"reply": None})
    assert without_lookup((silent,), SCOPE, 0) == Handoff(reason="intent", text=TEXTS.handoff)


def test_an_intent_that_can_only_be_declined_is_declined_in_its_own_words() -> None:
    outcome = without_lookup((may(COMPLAINT, "decline"),), SCOPE, 0)
    assert outcome == Decline(reason="not_permitted", text="I am sorry; a colleague will look into it.")


def test_proof_is_asked_for_only_where_it_opens_a_tool() -> None:
    assert without_lookup((ORDER,), SCOPE, 0).kind == "clarify"
    assert without_lookup((POINTS,), SCOPE, 0) == Handoff(reason="intent", text=TEXTS.handoff)


def test_where_no_question_may_be_asked_the_proof_is_a_handoff() -> None:
    outcome = without_lookup((may(ORDER, "answer", "handoff"),), SCOPE, 0)
    assert outcome == Handoff(reason="unsure", text="I cannot do that here.")


def test_a_fixed_reply_is_an_answer() -> None:
    outcome = without_lookup((HELLO,), SCOPE, 0)
    assert isinstance(outcome, Answer)
    assert outcome.parts[0].sentences[0] == Sentence(text="Hello! What can I do for you?", claim="fixed")


def test_an_intent_with_nothing_to_say_says_that_it_is_not_done_here() -> None:
    outcome = without_lookup((HELLO.model_copy(update={"reply": None}),), SCOPE, 0)
    assert isinstance(outcome, Answer)
    assert outcome.parts[0].sentences[0].text == TEXTS.not_permitted


# Missing


def test_no_valid_plan_and_failed_calls_are_told_apart() -> None:
    assert missing(None, (PRICE,), SCOPE, "text", 0) == Handoff(reason="unsure", text=TEXTS.handoff)
    failed = found(Plan(needs="details"), failed=1)
    assert missing(failed, (PRICE,), SCOPE, "text", 0) == Handoff(reason="failure", text=TEXTS.handoff)


def test_at_most_four_products_are_offered_and_only_those_found() -> None:
    records = tuple(Record(id=f"L-{number}", kind="product", name=f"Lamp {number}") for number in range(6))
    plan = Plan(needs="product", candidates=("L-9", *(record.id for record in records[1:])))
    outcome = missing(found(plan, Evidence(records=records)), (PRICE,), SCOPE, "text", 0)
    assert isinstance(outcome, Clarify)
    assert outcome.question == "Which of these do you mean?"
    assert [choice.effect.product for choice in outcome.choices] == ["L-1", "L-2", "L-3", "L-4"]
    assert [choice.id for choice in outcome.choices] == ["c1", "c2", "c3", "c4"]


@pytest.mark.parametrize(("allowed", "clarified", "kind"), [(2, 0, "clarify"), (1, 1, "handoff"), (0, 0, "handoff")])
def test_an_order_that_was_not_found_is_asked_for_again_while_there_are_rounds(
    allowed: int, clarified: int, kind: str
) -> None:
    assert missing(found(ORDER_PLAN), (ORDER,), rounds(allowed), "text", clarified).kind == kind


# Two requests, one outcome

REPLY = "I am sorry; a colleague will look into it."
UNSURE = Handoff(reason="unsure", text="Unsure.")
DETAILS = Clarify(reason="details", question="Which one?")
PARTS, CARDS = PLAIN.parts, PLAIN.products


@pytest.mark.parametrize(
    ("outcome", "rest", "expected"),
    [
        (PLAIN, None, PLAIN),
        (PLAIN, COMPLAINT, Handoff(reason="intent", text=REPLY, answered=PARTS, products=CARDS)),
        (DETAILS, COMPLAINT, Handoff(reason="intent", text=REPLY)),
        (UNSURE, COMPLAINT, Handoff(reason="intent", text=REPLY)),
        (UNSURE, ORDER, UNSURE),
        (PLAIN, HELLO, PLAIN),
        (PLAIN, may(COMPLAINT, "decline"), PLAIN),
    ],
)
def test_two_requests_end_as_one(outcome: Outcome, rest: IntentScope | None, expected: Outcome) -> None:
    intents = (PRICE, rest) if rest else (PRICE,)
    assert beside(outcome, intents, (PRICE,), SCOPE, 0) == expected


def test_a_proof_is_asked_for_beside_an_answer() -> None:
    outcome = beside(PLAIN, (PRICE, ORDER), (PRICE,), SCOPE, 0)
    assert isinstance(outcome, Clarify)
    assert (outcome.form, outcome.answered, outcome.products) == ("order", PARTS, CARDS)


@pytest.mark.parametrize("outcome", [PLAIN, DETAILS, UNSURE, Decline(reason="not_permitted", text="No.")])
@pytest.mark.parametrize("kinds", [("handoff",), ("decline",), ("clarify", "decline"), ("answer", "handoff")])
def test_an_outcome_is_always_of_a_kind_that_the_intent_permits(outcome: Outcome, kinds: tuple[str, ...]) -> None:
    intent = may(PRICE, *kinds)
    assert beside(outcome, (intent,), (intent,), SCOPE, 0).kind in kinds


def test_what_was_withdrawn_stays_withdrawn() -> None:
    withdrawn = Withdrawn(reason="superseded")
    assert beside(withdrawn, (PRICE,), (PRICE,), SCOPE, 0) == withdrawn


# Next steps


def test_next_steps_are_about_the_one_product_shown_or_about_none() -> None:
    card = ProductCard(sku="L-1", name="Desk Lamp")
    effect = ChoiceEffect(intent=RETURNS.id, product="L-1", text="Returns")
    assert next_choices((card,), (PRICE,), SCOPE) == (Choice(id="c1", label="Returns", effect=effect),)
    for shown in ((), (card, card)):
        assert next_choices(shown, (PRICE,), SCOPE)[0].effect.product is None


def test_what_was_just_served_is_no_next_step() -> None:
    assert next_choices((), (PRICE, RETURNS), SCOPE) == ()


def test_a_next_step_of_both_requests_is_offered_once() -> None:
    both = COMPARE.model_copy(update={"next": (RETURNS.id,)})
    scope = changed(SCOPE, intents=tuple(both if one == COMPARE else one for one in SCOPE.intents))
    assert [choice.label for choice in next_choices((), (PRICE, both), scope)] == ["Returns"]


# What the customer reads

ORIGINALS = {"[ORDER_1]": ORDER_NUMBER, "[EMAIL_1]": "ada@example.org"}
ABOUT = "Your order [ORDER_1] is shipped to [EMAIL_1]."
PRESENTED = (
    AnswerPart(
        intent=ORDER.id,
        sentences=(
            Sentence(text=f"Your order {ORDER_NUMBER} is shipped to [EMAIL_1].", claim="value", facts=("order_1:a",)),
            Sentence(text=ABOUT, claim="value", facts=("L-1:price",)),
        ),
    ),
)
STORED = (
    AnswerPart(
        intent=ORDER.id,
        sentences=(
            Sentence(text=ABOUT, claim="value", facts=("order_1:a",)),
            Sentence(text=ABOUT, claim="value", facts=("L-1:price",)),
        ),
    ),
)


@pytest.mark.parametrize(
    ("stored", "presented"),
    [
        (Answer(parts=STORED), Answer(parts=PRESENTED)),
        (
            Clarify(reason="details", question="[ORDER_1]?", answered=STORED),
            Clarify(reason="details", question="[ORDER_1]?", answered=PRESENTED),
        ),
        (
            Handoff(reason="unsure", text="[ORDER_1]", answered=STORED),
            Handoff(reason="unsure", text="[ORDER_1]", answered=PRESENTED),
        ),
        (Decline(reason="out_of_scope", text="[ORDER_1]"), Decline(reason="out_of_scope", text="[ORDER_1]")),
        (Withdrawn(reason="cancelled"), Withdrawn(reason="cancelled")),
    ],
)
def test_customers_read_their_order_number_in_sentences_about_that_order_alone(
    stored: Outcome, presented: Outcome
) -> None:
    assert present(stored, ORIGINALS) == presented


@pytest.mark.parametrize("originals", [{}, {"[ORDER_2]": "LO-20002"}])
def test_a_placeholder_of_another_turn_stays_one(originals: Mapping[str, str]) -> None:
    assert present(Answer(parts=STORED), originals) == Answer(parts=STORED)
