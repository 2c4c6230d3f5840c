"""The production checks as assertions: what they let pass, and how they say what is wrong."""

import asyncio

import pytest

from chains.outcomes import (
    Answer,
    AnswerPart,
    Choice,
    Clarify,
    Decline,
    Handoff,
    Outcome,
    ProductCard,
    Sentence,
    Withdrawn,
)
from evals.assertions import assert_checks_pass, assert_outcome_safe, assert_redacted, texts_of
from evals.running import CaseRun, run_case
from tests.chains.fakes import EMAIL, ORDER_NUMBER, order_chain, shop_chain, shop_scope
from tests.evals.test_running import case

SCOPE = shop_scope()


def run(text: str = "What does the desk lamp cost?", plan: str | None = None) -> CaseRun:
    return asyncio.run(run_case(case(text), shop_chain(plan=plan) if plan else shop_chain()))


def test_what_the_chain_says_is_safe_and_holds_to_its_contracts() -> None:
    done = run()
    assert_outcome_safe(done.outcome, SCOPE)
    assert_checks_pass(done, SCOPE)
    assert_redacted(done.records, SCOPE)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("See https://evil.example/x", "foreign_link"),
        ("Write to eve@evil.example", "foreign_email"),
        ("Dear [EMAIL_1]", "placeholder"),
        ("a\u202eb", "control_characters"),
        (" ", "empty"),
    ],
)
def test_what_must_not_leave_is_named(text: str, code: str) -> None:
    with pytest.raises(AssertionError, match=code):
        assert_outcome_safe(Decline(reason="out_of_scope", text=text), SCOPE)


def test_the_customers_own_data_and_the_shops_may_be_said() -> None:
    told = Decline(reason="out_of_scope", text="We wrote to [EMAIL_1]; ask help@shop.example.")
    assert_outcome_safe(told, SCOPE, {"[EMAIL_1]": EMAIL}, public=["help@shop.example"])
    with pytest.raises(AssertionError, match="foreign_email"):
        assert_outcome_safe(told, SCOPE, {"[EMAIL_1]": EMAIL})


def test_an_output_that_was_refused_is_named_by_its_hop() -> None:
    with pytest.raises(AssertionError, match=r"check.lookup_valid \(lookup\)"):
        assert_checks_pass(run(plan="{"), SCOPE)


def test_records_with_personal_data_are_named_without_it() -> None:
    done = asyncio.run(run_case(case(f"Where is {ORDER_NUMBER}? I am {EMAIL}"), order_chain()))
    assert_redacted(done.records, SCOPE)
    leaking = done.records[1].model_copy(update={"input": {"text": f"I am {EMAIL}"}})
    with pytest.raises(AssertionError, match="intent attempt 1: email") as raised:
        assert_redacted([leaking], SCOPE)
    assert EMAIL not in str(raised.value)
    assert_redacted([leaking], SCOPE, public=[EMAIL])


PART = AnswerPart(intent="a.b", sentences=(Sentence(text="part", claim="value"),))
CARD = ProductCard(sku="L-1", name="card", details=(("label", "value"),))
CHOICE = Choice(id="c1", label="choice")


@pytest.mark.parametrize(
    ("outcome", "texts"),
    [
        (Answer(parts=(PART,), products=(CARD,), choices=(CHOICE,)), ["part", "card", "label: value", "choice"]),
        (
            Clarify(reason="intent", question="which?", answered=(PART,), choices=(CHOICE,)),
            ["part", "which?", "choice"],
        ),
        (Decline(reason="moderation", text="no", choices=(CHOICE,)), ["no", "choice"]),
        (
            Handoff(reason="unsure", text="soon", answered=(PART,), products=(CARD,)),
            ["part", "card", "label: value", "soon"],
        ),
        (Withdrawn(reason="cancelled"), []),
    ],
)
def test_every_text_of_an_outcome_is_read(outcome: Outcome, texts: list[str]) -> None:
    assert list(texts_of(outcome)) == texts
