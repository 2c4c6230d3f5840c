from dataclasses import replace

import pytest

from chains.claims import Draft, DraftPart, NoneFound, Quote, Value
from chains.errors import ToolFailed
from chains.hops.moderation import rules_model
from chains.messages import ModerationInput, Plan
from chains.outcomes import Answer, AnswerPart, Choice, ChoiceEffect, Clarify, Decline, Handoff, Sentence
from chains.ports import HopModel
from chains.record import HopRecord
from chains.tools import Identity
from chains.turn import Chain
from moderation import PiiPolicy, Verdict
from tests.chains.fakes import (
    ALL_HOPS,
    EMAIL,
    HANDOFF,
    ORDER_NUMBER,
    ORDER_TURN,
    PRICE_PLAN,
    RETURNS_CALL,
    FakeToolbox,
    ask_for,
    call,
    changed,
    draft,
    names,
    order_chain,
    run,
    shop_chain,
    shop_scope,
)
from tests.chains.scripts import ALLOWED, DOWN, Script


def layered(*layers: HopModel[ModerationInput]) -> Chain:
    return shop_chain(moderators=layers)


# Answers


def test_a_question_is_answered_from_facts_through_all_hops() -> None:
    done = run(ask_for(), shop_chain())
    assert isinstance(done.outcome, Answer)
    assert done.said[1] == "It is in stock: 3 left."
    assert "49 EUR" in done.said[0]
    assert [card.sku for card in done.outcome.products] == ["L-1"]
    assert done.hops == ALL_HOPS


def test_an_answer_offers_the_next_steps_of_its_intent_and_not_the_step_just_taken() -> None:
    outcome = run(ask_for(), shop_chain()).outcome
    assert isinstance(outcome, Answer)
    effect = ChoiceEffect(intent="returns.policy", product="L-1", text="Returns")
    assert outcome.choices == (Choice(id="c1", label="Returns", effect=effect),)


def test_two_requests_in_one_text_are_answered_in_two_parts() -> None:
    both = Draft(
        parts=(
            DraftPart(intent="product.price", claims=(Value(fact="L-1:price"),)),
            DraftPart(intent="returns.policy", claims=(Quote(passage="returns#1"),)),
        )
    )
    plan = Plan(calls=(*PRICE_PLAN.calls, RETURNS_CALL))
    chain = shop_chain(intent=names("product.price", second="returns.policy"), plan=plan, response=both)
    done = run(ask_for(), chain)
    assert isinstance(done.outcome, Answer)
    assert [part.intent for part in done.outcome.parts] == ["product.price", "returns.policy"]
    assert [ran.name for ran in done.tools.ran] == ["get_product", "find_policy"]


def test_the_shops_own_address_in_a_policy_may_be_said() -> None:
    chain = shop_chain(
        intent=names("returns.policy"),
        plan=Plan(calls=(RETURNS_CALL,)),
        response=draft(Quote(passage="returns#1"), intent="returns.policy"),
    )
    assert "help@shop.example" in run(ask_for(), chain).said[0]


def test_no_more_products_are_shown_than_the_scope_allows() -> None:
    scope = shop_scope()
    scope = changed(scope, limits=scope.limits.model_copy(update={"products_shown": 1}))
    plan = Plan(calls=(call("search_products", "product.price", query="lamp"),))
    two = draft(Value(fact="L-1:price"), products=("L-1", "L-2"))
    outcome = run(ask_for(), shop_chain(scope=scope, plan=plan, response=two)).outcome
    assert isinstance(outcome, Answer)
    assert [card.sku for card in outcome.products] == ["L-1"]


def test_a_search_without_a_result_is_an_answer() -> None:
    plan = Plan(calls=(call("search_products", "product.price", query="nothing"),))
    done = run(ask_for(), shop_chain(plan=plan, response=draft(NoneFound(query="q:1"))))
    assert isinstance(done.outcome, Answer)
    assert "no lamps" in done.said[0]


def test_a_greeting_gets_the_fixed_reply_without_any_lookup() -> None:
    done = run(ask_for("Hello"), shop_chain(intent=names("courtesy.hello")))
    assert done.said == ["Hello! What can I do for you?"]
    assert done.hops == ["moderation", "intent"]


def test_a_greeting_beside_a_request_is_passed_over() -> None:
    done = run(ask_for(), shop_chain(intent=names("courtesy.hello", second="product.price")))
    assert isinstance(done.outcome, Answer)
    assert [part.intent for part in done.outcome.parts] == ["product.price"]


def test_a_chosen_intent_is_not_guessed_again() -> None:
    done = run(replace(ask_for(), intent="product.price"), shop_chain(intent=DOWN))
    assert isinstance(done.outcome, Answer)
    assert done.hops == [hop for hop in ALL_HOPS if hop != "intent"]


# Undecided


def test_close_intents_are_offered_as_choices_that_keep_the_request() -> None:
    chain = shop_chain(intent=names("product.price", "returns.policy", score=0.4))
    outcome = run(ask_for("What about it?"), chain).outcome
    assert isinstance(outcome, Clarify)
    assert outcome.reason == "intent"
    assert [(choice.id, choice.label) for choice in outcome.choices] == [("c1", "A price"), ("c2", "Returns")]
    assert outcome.choices[0].effect == ChoiceEffect(intent="product.price", text="What about it?")


def test_the_longest_request_that_a_scope_accepts_can_be_continued_by_a_choice() -> None:
    text = " ".join(f"lamp {number}" for number in range(3000))[:20_000]
    chain = shop_chain(intent=names("product.price", "returns.policy", score=0.4))
    outcome = run(replace(ask_for(), text=text), chain).outcome
    assert isinstance(outcome, Clarify)
    assert outcome.choices[0].effect.text == text


def test_close_intents_go_to_a_person_once_the_rounds_are_used_up() -> None:
    chain = shop_chain(intent=names("product.price", "returns.policy", score=0.4))
    assert run(replace(ask_for(), clarified=2), chain).outcome == Handoff(reason="unsure", text=HANDOFF)


def test_what_is_out_of_scope_is_declined() -> None:
    scope = shop_scope()
    scope = changed(scope, thresholds=scope.thresholds.model_copy(update={"out_of_scope": 0.5}))
    intent = names("product.price").model_copy(update={"out_of_scope": 0.5})
    done = run(ask_for("Write a poem"), shop_chain(scope=scope, intent=intent))
    assert done.outcome == Decline(reason="out_of_scope", text="I only know lamps.")
    assert done.hops == ["moderation", "intent"]


@pytest.mark.parametrize(("language", "text"), [("de", "Ich gebe das an"), ("xx", HANDOFF)])
def test_another_language_goes_to_a_person_in_that_language_where_it_is_known(language: str, text: str) -> None:
    done = run(ask_for("Was kostet die Lampe?"), shop_chain(intent=names("product.price", language=language)))
    assert isinstance(done.outcome, Handoff)
    assert done.outcome.reason == "language"
    assert done.outcome.text.startswith(text)
    assert done.tools.ran == []


# Moderation


IN_DISTRESS = Handoff(
    reason="moderation", text="A person reads this. Please call 116 123.", categories=("self_harm",), urgent=True
)


def test_blocked_text_is_declined_before_anything_else_reads_it() -> None:
    done = run(ask_for("You stupid bitch"), shop_chain())
    assert done.outcome == Decline(reason="moderation", text="Not that.")
    assert done.hops == ["moderation"]


def test_text_to_be_reviewed_goes_to_a_person() -> None:
    review = Verdict(action="review", layer="model", categories={"fraud": 0.7})
    done = run(ask_for(), layered(rules_model(shop_scope().moderation), Script(review)))
    assert done.outcome == Handoff(reason="moderation", text=HANDOFF, categories=("fraud",))
    assert done.hops == ["moderation", "moderation"]


@pytest.mark.parametrize("action", ["allow", "review", "block"])
def test_someone_in_distress_gets_a_person_and_a_number_to_call(action: str) -> None:
    verdict = Verdict.model_validate({"action": action, "layer": "model", "categories": {"self_harm": 0.9}})
    done = run(ask_for("I want to end it"), layered(Script(verdict)))
    assert done.outcome == IN_DISTRESS


def test_the_rules_know_distress_too() -> None:
    outcome = run(ask_for("I want to kill myself"), shop_chain()).outcome
    assert outcome == IN_DISTRESS


def test_a_later_layer_is_not_asked_about_blocked_text() -> None:
    second = Script[ModerationInput](ALLOWED, remote=True)
    run(ask_for(), layered(Script(Verdict(action="block", layer="model")), second))
    assert second.given == []


# Questions back


def test_an_order_is_not_looked_up_without_proof() -> None:
    done = run(ask_for("Where is my order?"), order_chain())
    assert isinstance(done.outcome, Clarify)
    assert (done.outcome.reason, done.outcome.form) == ("order_proof", "order")
    assert done.hops == ["moderation", "intent"]


def test_an_order_is_told_to_whom_it_belongs() -> None:
    done = run(ORDER_TURN, order_chain())
    assert done.said == ["Your order [ORDER_1]’s status is shipped."]
    assert done.tools.ran[0].caller.originals == {"[ORDER_1]": ORDER_NUMBER, "[EMAIL_1]": EMAIL}


def test_an_order_that_does_not_exist_reads_the_same_as_one_of_somebody_else() -> None:
    none, theirs = FakeToolbox(), FakeToolbox()
    none.orders.clear()
    theirs.orders[ORDER_NUMBER] = "bob@example.org"
    missing, foreign = run(ORDER_TURN, order_chain(none)), run(ORDER_TURN, order_chain(theirs))
    assert missing.outcome == foreign.outcome
    assert isinstance(missing.outcome, Clarify)
    assert missing.outcome.form == "order"
    assert missing.outcome.question.startswith("I found no order")
    assert [stable(record) for record in missing.records] == [stable(record) for record in foreign.records]


def stable(record: HopRecord) -> dict[str, object]:
    """A record without what differs from one run to the next."""
    random = {"event_id", "span_id", "started_ns", "ended_ns", "upstream", "request_key"}
    return record.model_dump(mode="json", exclude=random)


def test_products_that_fit_equally_are_offered_as_choices() -> None:
    plan = Plan(
        calls=(call("search_products", "product.price", query="lamp"),),
        needs="product",
        candidates=("L-1", "L-2", "L-9"),
    )
    outcome = run(ask_for("How much is the lamp?"), shop_chain(plan=plan)).outcome
    assert isinstance(outcome, Clarify)
    assert outcome.reason == "product"
    assert [choice.label for choice in outcome.choices] == ["Desk Lamp", "Floor Lamp"]
    effect = ChoiceEffect(intent="product.price", product="L-2", text="How much is the lamp?")
    assert outcome.choices[1].effect == effect


NEEDS: list[tuple[Plan, str, str]] = [
    (Plan(needs="product"), "product", "Which product do you mean?"),
    (Plan(needs="currency"), "currency", "Our prices are in EUR. What is your limit in EUR?"),
    (Plan(needs="details"), "details", "Could you tell me a little more about what you are looking for?"),
    (Plan(needs="order_proof"), "order_proof", "Please give me your order number and the e-mail address of the order."),
]


@pytest.mark.parametrize(("plan", "reason", "question"), NEEDS)
def test_what_a_plan_needs_is_asked_for(plan: Plan, reason: str, question: str) -> None:
    outcome = run(ask_for(), shop_chain(plan=plan)).outcome
    assert isinstance(outcome, Clarify)
    assert (outcome.reason, outcome.question, outcome.choices) == (reason, question, ())


@pytest.mark.parametrize("plan", [plan for plan, _, _ in NEEDS])
def test_a_third_question_back_is_a_handoff(plan: Plan) -> None:
    outcome = run(replace(ask_for(), clarified=2), shop_chain(plan=plan)).outcome
    assert outcome == Handoff(reason="limit", text=HANDOFF)


@pytest.mark.parametrize("identity", list(Identity)[:2])
def test_a_third_proof_is_a_handoff(identity: Identity) -> None:
    toolbox = FakeToolbox()
    toolbox.orders.clear()
    outcome = run(replace(ORDER_TURN, identity=identity, clarified=2), order_chain(toolbox)).outcome
    assert outcome == Handoff(reason="limit", text=HANDOFF)


def test_a_plan_that_calls_nothing_and_needs_nothing_goes_to_a_person() -> None:
    assert run(ask_for(), shop_chain(plan=Plan())).outcome == Handoff(reason="unsure", text=HANDOFF)


@pytest.mark.parametrize("identity", list(Identity)[:2])
def test_what_only_a_signed_in_customer_may_ask_goes_to_a_person_and_not_to_a_proof(identity: Identity) -> None:
    outcome = run(replace(ask_for(), identity=identity), shop_chain(intent=names("account.points"))).outcome
    assert outcome == Handoff(reason="intent", text=HANDOFF)


def test_the_operators_own_tool_answers_a_signed_in_customer() -> None:
    chain = shop_chain(
        intent=names("account.points"),
        plan=Plan(calls=(call("points", "account.points"),)),
        response=draft(Value(fact="shop:points"), intent="account.points"),
    )
    done = run(replace(ask_for(), identity=Identity.VERIFIED, customer=EMAIL), chain)
    assert "12" in done.said[0]
    assert done.tools.ran[0].caller.customer == EMAIL


# Two requests of which one cannot be answered


def test_an_intent_for_people_goes_to_a_person_with_its_own_words() -> None:
    done = run(ask_for("The lamp is broken!"), shop_chain(intent=names("complaint.person")))
    assert done.outcome == Handoff(reason="intent", text="I am sorry; a colleague will look into it.")
    assert done.hops == ["moderation", "intent"]


def test_a_person_takes_over_beside_what_was_answered() -> None:
    done = run(ask_for(), shop_chain(intent=names("product.price", second="complaint.person")))
    assert isinstance(done.outcome, Handoff)
    assert done.outcome.reason == "intent"
    assert "49 EUR" in done.said[0]
    assert [card.sku for card in done.outcome.products] == ["L-1"]


def test_a_proof_is_asked_for_beside_what_was_answered() -> None:
    done = run(ask_for(), shop_chain(intent=names("order.status", second="product.price")))
    assert isinstance(done.outcome, Clarify)
    assert done.outcome.form == "order"
    assert "49 EUR" in done.said[0]
    assert done.hops == ALL_HOPS
    assert {ran.name for ran in done.tools.ran} == {"get_product"}


def test_a_failure_is_not_hidden_behind_a_question_about_the_other_request() -> None:
    toolbox = FakeToolbox(ToolFailed("The catalog is not there."))
    chain = shop_chain(intent=names("order.status", second="product.price"), toolbox=toolbox)
    assert run(ask_for(), chain).outcome == Handoff(reason="failure", text=HANDOFF)


def test_a_fixed_reply_is_one_sentence_that_rests_on_no_fact() -> None:
    outcome = run(ask_for("Hello"), shop_chain(intent=names("courtesy.hello"))).outcome
    sentence = Sentence(text="Hello! What can I do for you?", claim="fixed")
    assert outcome == Answer(parts=(AnswerPart(intent="courtesy.hello", sentences=(sentence,)),))


def test_a_site_without_personal_data_rules_publishes_its_policies_all_the_same() -> None:
    scope = shop_scope()
    none = scope.moderation.model_copy(update={"pii": PiiPolicy(kinds=())})
    chain = shop_chain(
        scope=changed(scope, moderation=none),
        intent=names("returns.policy"),
        plan=Plan(calls=(RETURNS_CALL,)),
        response=draft(Quote(passage="returns#1"), intent="returns.policy"),
    )
    assert isinstance(run(ask_for(), chain).outcome, Answer)
