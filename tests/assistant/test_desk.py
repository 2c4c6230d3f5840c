"""The desk: what it answers, how a case goes on, and what it refuses before anything is stored."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest
from pydantic import SecretStr

from assistant.desk import Desk
from assistant.ledger import Ledger
from assistant.requests import OrderForm
from assistant.settings import Settings
from chains.errors import IdempotencyConflict, RequestRefused
from chains.outcomes import Answer, Clarify, Handoff
from tests.assistant.asking import ask, ask_with_key, said
from tests.assistant.ledger.makers import rows

ORDER, EMAIL = "LO-20417", "mara.lindqvist@example.com"
OTHER_EMAIL = "nora.vanhoutte@example.com"
PROOF = f"{ORDER} {EMAIL}"
SECRET = "a secret of the shop's server, long enough for HS256"


def token(claims: Mapping[str, object], secret: str = SECRET) -> str:
    """A customer token as the shop's server signs it; `claims` over those of a good one."""
    good: dict[str, object] = {"sub": EMAIL, "exp": datetime.now(UTC) + timedelta(hours=1)}
    return jwt.encode({name: value for name, value in (good | dict(claims)).items() if value}, secret, "HS256")


@pytest.fixture
def trusting(desk: Desk, settings: Settings) -> Desk:
    """A desk that takes customer tokens."""
    return Desk(desk.sites, desk.ledger, settings.model_copy(update={"customer_secret": SecretStr(SECRET)}))


def refusal(desk: Desk, text: str | None = "Is the Aurel Nova 14 in stock?", **fields: object) -> RequestRefused:
    with pytest.raises(RequestRefused) as caught:
        ask(desk, text, **fields)
    return caught.value


def stored(ledger: Ledger) -> int:
    return len(list(ledger.turns()))


def test_a_question_is_answered_and_stored_as_said(desk: Desk) -> None:
    handled = ask(desk, "How heavy is the Aurel Nova 14?")
    assert isinstance(handled.outcome, Answer)
    assert "1.32 kg" in said(handled.outcome)
    turn = desk.ledger.turn(handled.turn_id)
    assert (turn.outcome, turn.closed_by, turn.case_id) == (handled.outcome, "chain", handled.case_id)
    assert next(desk.ledger.hops(handled.turn_id)).hop == "moderation"


def test_the_scope_is_kept_under_the_hash_that_records_name(desk: Desk) -> None:
    handled = ask(desk, "How heavy is the Aurel Nova 14?")
    (sha256,) = {record.scope_sha256 for record in desk.ledger.hops(handled.turn_id)}
    assert desk.ledger.artefact(sha256) == desk.sites["lumen-oak"].loaded.text


def test_an_order_number_is_put_back_for_the_customer_and_not_in_the_ledger(desk: Desk) -> None:
    handled = ask(desk, f"Where is my order {ORDER}? I am {EMAIL}")
    assert ORDER in said(handled.outcome)
    outcome = desk.ledger.turn(handled.turn_id).outcome
    assert outcome is not None
    assert ORDER not in said(outcome)
    assert "[ORDER_1]" in said(outcome)


def test_a_repeat_gets_the_stored_outcome_with_the_order_number_put_back(desk: Desk) -> None:
    first, second = (ask_with_key(desk, f"Where is my order {ORDER}? I am {EMAIL}") for _ in range(2))
    assert second == first
    assert ORDER in said(second.outcome)
    assert stored(desk.ledger) == 1


def test_a_repeat_names_a_case_that_can_be_continued(desk: Desk) -> None:
    ask_with_key(desk, "Where is my order?")
    repeated = ask_with_key(desk, "Where is my order?")
    assert isinstance(ask(desk, PROOF, case_id=repeated.case_id).outcome, Answer)


def test_a_repeat_of_what_completed_a_request_reads_as_it_did(desk: Desk) -> None:
    asked = ask(desk, f"Where is my order {ORDER}?")
    assert isinstance(asked.outcome, Clarify)
    first, second = (ask_with_key(desk, EMAIL, case_id=asked.case_id) for _ in range(2))
    assert ORDER in said(first.outcome)
    assert second == first


def test_a_repeated_choice_is_no_new_choice(desk: Desk) -> None:
    asked = ask(desk, "How heavy is the Aurel Nova 14?")
    first, second = (ask_with_key(desk, None, choice="c2", case_id=asked.case_id) for _ in range(2))
    assert second == first


def test_a_key_with_another_body_is_a_conflict(desk: Desk) -> None:
    ask_with_key(desk, "How heavy is the Aurel Nova 14?")
    with pytest.raises(IdempotencyConflict) as caught:
        ask_with_key(desk, "How heavy is the Aurel Nova 16?")
    assert (caught.value.status, caught.value.field) == (409, "Idempotency-Key")
    assert stored(desk.ledger) == 1


def test_an_unknown_site_is_refused_with_those_that_are_served(desk: Desk) -> None:
    error = refusal(desk, site="other")
    assert (error.code, error.status, error.field) == ("unknown_site", 404, "site")
    assert "serves: lumen-oak." in str(error)


def test_an_unknown_case_is_refused(desk: Desk) -> None:
    error = refusal(desk, case_id="NOPE")
    assert (error.code, error.status, error.field) == ("unknown_case", 404, "case_id")


@pytest.mark.parametrize("choice", ["c9", "c1"])
def test_a_choice_that_was_not_offered_is_refused(desk: Desk, choice: str) -> None:
    asked = ask(desk, "Where is my order?")
    error = refusal(desk, None, choice=choice, case_id=asked.case_id)
    assert (error.code, error.status, error.field) == ("unknown_choice", 409, "choice")
    assert stored(desk.ledger) == 1


def test_nothing_can_be_chosen_after_a_handoff(desk: Desk) -> None:
    asked = ask(desk, "Let me speak to a human being.")
    assert isinstance(asked.outcome, Handoff)
    assert refusal(desk, None, choice="c1", case_id=asked.case_id).code == "unknown_choice"


@pytest.mark.parametrize(("text", "code"), [("", "text_empty"), ("word " * 500, "text_too_long")])
def test_a_text_that_cannot_be_read_is_refused_and_not_stored(desk: Desk, text: str, code: str) -> None:
    error = refusal(desk, text)
    assert (error.code, error.status, error.field) == (code, 400, "text")
    assert stored(desk.ledger) == 0


def test_a_choice_settles_intent_and_product_without_reading(desk: Desk) -> None:
    asked = ask(desk, "How heavy is the Aurel Nova 14?")
    assert isinstance(asked.outcome, Answer)
    assert [choice.effect.intent for choice in asked.outcome.choices] == ["product.availability", "delivery.options"]
    chosen = ask(desk, None, choice="c1", case_id=asked.case_id)
    assert isinstance(chosen.outcome, Answer)
    assert re.search(r"\b12\b", said(chosen.outcome))
    assert [card.sku for card in chosen.outcome.products] == ["LAP-AURELNOVA14"]
    assert "intent" not in [record.hop for record in desk.ledger.hops(chosen.turn_id)]


def test_a_choice_among_products_completes_the_question(desk: Desk) -> None:
    asked = ask(desk, "How heavy is the Tonika Home? Mail me at zoe.k@example.com")
    assert isinstance(asked.outcome, Clarify)
    assert [choice.label for choice in asked.outcome.choices] == ["Tonika Home 3", "Tonika Home 5"]
    chosen = ask(desk, None, choice="c2", case_id=asked.case_id)
    assert "4.6 kg" in said(chosen.outcome)
    assert [record.hop for record in desk.ledger.hops(chosen.turn_id)][:3] == ["moderation", "moderation", "lookup"]
    assert rows_of_contacts(desk.ledger, chosen.turn_id) == ["[EMAIL_1]"]


def rows_of_contacts(ledger: Ledger, turn_id: str) -> list[str]:
    path = Path(str(ledger._url.database))
    return [str(row[0]) for row in rows(path, f"SELECT placeholder FROM contacts WHERE turn_id = '{turn_id}'")]


@pytest.mark.parametrize(
    ("text", "form"),
    [
        (PROOF, None),
        (f"it's {ORDER}, {EMAIL}", None),
        (None, OrderForm(order_number=ORDER, email=EMAIL)),
        (None, OrderForm(order_number=f"the one on my bill here says {ORDER} I think", email=EMAIL)),
    ],
)
def test_a_reply_to_a_question_back_completes_the_request_before(
    desk: Desk, text: str | None, form: OrderForm | None
) -> None:
    asked = ask(desk, "where is my order")
    assert isinstance(asked.outcome, Clarify)
    assert (asked.outcome.reason, asked.outcome.form) == ("order_proof", "order")
    answered = ask(desk, text, form=form, case_id=asked.case_id)
    assert isinstance(answered.outcome, Answer)
    assert answered.outcome.parts[0].intent == "order.status"
    assert f"Your order {ORDER} has been shipped." in said(answered.outcome)


def test_a_reply_that_names_a_product_completes_the_question_about_it(desk: Desk) -> None:
    asked = ask(desk, "Does it have bluetooth?")
    assert isinstance(asked.outcome, Clarify)
    answered = ask(desk, "the Aurel Nova 14", case_id=asked.case_id)
    assert isinstance(answered.outcome, Answer)
    assert answered.outcome.parts[0].sentences[0].polarity == "yes"


def test_a_long_reply_to_a_question_back_stands_alone(desk: Desk) -> None:
    asked = ask(desk, "where is my order")
    answered = ask(desk, "Never mind that, how heavy is the Quillon Slate X2 actually?", case_id=asked.case_id)
    assert desk.ledger.turn(answered.turn_id).request["text"] == (
        "Never mind that, how heavy is the Quillon Slate X2 actually?"
    )
    assert "1.29 kg" in said(answered.outcome)


def test_a_question_after_an_answer_is_about_the_product_shown(desk: Desk) -> None:
    asked = ask(desk, "How heavy is the Aurel Nova 14?")
    answered = ask(desk, "And how much does it cost?", case_id=asked.case_id)
    assert "899 EUR" in said(answered.outcome)


def test_the_third_turn_is_the_last_of_a_case(desk: Desk) -> None:
    case_id = ask(desk, "How heavy is the Aurel Nova 14?").case_id
    ask(desk, "How much does it cost?", case_id=case_id)
    ask(desk, "Is it in stock?", case_id=case_id)
    error = refusal(desk, "What colour is it?", case_id=case_id)
    assert (error.code, error.status, error.field) == ("case_closed", 409, "case_id")
    assert stored(desk.ledger) == 3


def test_a_person_takes_over_when_the_questions_back_are_used_up(desk: Desk) -> None:
    first = ask(desk, "where is my order")
    second = ask(desk, f"{ORDER} {OTHER_EMAIL}", case_id=first.case_id)
    assert isinstance(second.outcome, Clarify)
    assert "I found no order" in said(second.outcome)
    third = ask(desk, f"LO-20077 {OTHER_EMAIL}", case_id=first.case_id)
    assert isinstance(third.outcome, Handoff)
    assert third.outcome.reason == "limit"


def test_a_customer_token_verifies_whose_latest_order_it_is(trusting: Desk) -> None:
    handled = ask(trusting, "Where is my order?", customer_token=token({}))
    assert isinstance(handled.outcome, Answer)
    assert "1 x Aurel Nova 14 (32 GB / 1 TB)" in said(handled.outcome)
    assert {record.identity for record in trusting.ledger.hops(handled.turn_id)} == {"verified"}


def test_a_customer_token_opens_nobody_elses_order(trusting: Desk) -> None:
    handled = ask(trusting, f"Where is my order {ORDER}?", customer_token=token({"sub": OTHER_EMAIL}))
    assert isinstance(handled.outcome, Clarify)
    assert "I found no order" in said(handled.outcome)


@pytest.mark.parametrize(
    "bad",
    [
        token({"exp": datetime(2026, 1, 1, tzinfo=UTC)}),
        token({"exp": None}),
        token({"sub": None}),
        token({}, "another secret that is just as long as the first"),
        jwt.encode({"sub": EMAIL, "exp": datetime(2100, 1, 1, tzinfo=UTC)}, "", "none"),
        "not.a.token",
    ],
    ids=["expired", "without an end", "of nobody", "of another secret", "unsigned", "no token"],
)
def test_a_token_that_is_not_valid_is_refused(trusting: Desk, bad: str) -> None:
    error = refusal(trusting, customer_token=bad)
    assert (error.code, error.status, error.field) == ("customer_token_invalid", 401, "customer_token")
    assert bad not in str(error)
    assert stored(trusting.ledger) == 0


def test_a_token_is_refused_where_none_are_taken(desk: Desk) -> None:
    error = refusal(desk, customer_token=token({}))
    assert (error.code, error.status, error.field) == ("customer_token_not_taken", 400, "customer_token")


def test_a_question_on_a_products_page_is_about_that_product(desk: Desk) -> None:
    handled = ask(desk, "How many cores has this got?", page_product="LAP-AURELNOVA14")
    assert "8" in said(handled.outcome)
    assert handled.notices == ()


def test_a_page_that_the_catalog_does_not_have_is_left_out_with_a_notice(desk: Desk) -> None:
    handled = ask(desk, "How heavy is the Aurel Nova 14?", page_product="LAP-NONE")
    assert handled.notices == ("page_product: there is no product 'LAP-NONE' in the catalog; it was left out.",)
    assert "1.32 kg" in said(handled.outcome)


def test_nothing_personal_is_in_the_ledgers_file(trusting: Desk) -> None:
    asked = ask_with_key(trusting, f"Where is my order {ORDER}?")
    ask(trusting, EMAIL, case_id=asked.case_id)
    ask(trusting, None, choice="c1", case_id=asked.case_id)
    ask(trusting, f"Track {ORDER} for {EMAIL}, please")
    ask(trusting, "Where is my order?", customer_token=token({}))
    trusting.ledger.close()
    path = Path(str(trusting.ledger._url.database))
    data = b"".join(file.read_bytes() for file in path.parent.iterdir()).lower()
    assert b"get_order" in data
    for secret in (ORDER, ORDER[3:], EMAIL, "lindqvist"):
        assert secret.lower().encode() not in data, secret
    assert rows(path, "SELECT count(*) FROM contacts WHERE ciphertext IS NOT NULL")[0][0] == 5
