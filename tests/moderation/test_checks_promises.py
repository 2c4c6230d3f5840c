"""Promises that no policy makes, sentence by sentence: those that are found, and those that only look alike."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.checks_promises import PROMISES, no_promise, promises_in
from moderation.outbound_policy import OutboundPolicy
from tests.moderation.outbound import codes_of, sourced, under

PROMISED = {
    "promise_refund": (
        "We will refund you.",
        "I'll refund the full amount right away.",
        "You will get your money back.",
        "You are entitled to a full refund.",
        "A refund has been issued.",
        "No worries, we'll pay you back tomorrow.",
        "Your money is on its way.",
        "There is no doubt that you will be refunded.",
        "We will r\u0435fund you.",
        "Did you know you can get a refund any time?",
    ),
    "promise_price": (
        "I can give you a 10% discount.",
        "Get 20 percent off today.",
        "It is 15 EUR off this week.",
        "We will match the price of the other shop.",
        "Use the code LAMP10.",
        "You get a discount on the next order.",
        "You can have it half price.",
        "We'll send you a voucher.",
    ),
    "promise_delivery": (
        "It will arrive tomorrow.",
        "Your parcel will be delivered on Monday.",
        "You'll have it by the weekend.",
        "We ship it today.",
        "The order will be there within two days.",
        "It'll be shipped by noon.",
        "You will receive it before 24 December.",
        "Ask for next-day delivery.",
    ),
    "promise_warranty": (
        "It has a 2-year warranty.",
        "It comes with a lifetime warranty.",
        "That is covered by the warranty.",
        "Your lamp is still under warranty.",
        "The warranty covers water damage.",
        "You get a three year guarantee.",
    ),
    "promise_guarantee": (
        "It is guaranteed to fit.",
        "I promise it works with your phone.",
        "You have my word.",
        "It is 100% safe.",
        "Buying it is risk-free.",
        "It will definitely fit.",
        "We guarantee that.",
        "Not only that, we guarantee it too.",
    ),
    "promise_free": (
        "The return is free of charge.",
        "You get it for free.",
        "We repair it at no extra cost.",
        "There is free shipping on this.",
        "Shipping will cost you nothing.",
        "There are no fees.",
    ),
    "legal_advice": (
        "You can sue them.",
        "By law, they have to take it back.",
        "The seller is legally liable.",
        "You have a legal right to it.",
        "Your statutory rights include a repair.",
        "That is illegal.",
    ),
    "medical_advice": (
        "It relieves back pain.",
        "It is safe to use with a pacemaker.",
        "Stop taking your painkillers.",
        "This lamp cures insomnia.",
        "It is clinically proven.",
        "You may have an allergic reaction.",
        "It has no side effects.",
    ),
}
ALIKE = {
    "promise_refund": (
        "Refunds are described on our returns page.",
        "We cannot refund this order.",
        "We will not refund it.",
        "I have asked a colleague whether you can get a refund.",
        "Would you like us to refund it?",
        "We'll let you know what our refund policy says.",
        "I'll get back to you.",
    ),
    "promise_price": (
        "I cannot give you a discount.",
        "The lamp switches off by itself.",
        "It is 20% off-white cotton.",
        "Do you have a voucher?",
        "Discounts are listed on the offers page.",
        "Turn it off at night.",
        "The price is 49 EUR.",
    ),
    "promise_delivery": (
        "When will it arrive on Monday, in the morning?",
        "It was delivered on 3 May.",
        "I do not know whether it will arrive tomorrow.",
        "Delivery times are on the delivery page.",
        "A colleague will get back to you tomorrow.",
        "We cannot deliver it today.",
    ),
    "promise_warranty": (
        "I cannot say whether the warranty covers this.",
        "The warranty terms are on the product's page.",
        "Please send us the warranty card.",
        "Is it still under warranty?",
        "I will ask about the warranty.",
        "It has no warranty.",
    ),
    "promise_guarantee": (
        "We cannot guarantee that.",
        "I can't promise it.",
        "Please enclose the guarantee certificate.",
        "Nobody can guarantee that.",
        "There is no guarantee.",
        "He promised to call.",
        "I am fairly sure.",
    ),
    "promise_free": (
        "Feel free to write again.",
        "It is sugar-free and hands-free.",
        "It has 20 GB of free space.",
        "The return is not free of charge.",
        "Is delivery for free?",
        "It is a free-standing lamp.",
    ),
    "legal_advice": (
        "I cannot give legal advice.",
        "Our legal notice is at the bottom of the page.",
        "Your statutory rights are not affected.",
        "It takes legal-size paper.",
        "A lawyer can tell you more.",
        "My father-in-law has one.",
    ),
    "medical_advice": (
        "Please ask a doctor about your allergy.",
        "I cannot say whether it is safe with a pacemaker.",
        "Take the tablet to a repair shop.",
        "The case prevents scratches.",
        "It treats wood against moisture.",
        "It reduces noise.",
    ),
}


@pytest.mark.parametrize(("code", "text"), [(code, text) for code, texts in PROMISED.items() for text in texts])
def test_a_promise_is_found(code: str, text: str) -> None:
    assert code in codes_of(no_promise, text)


@pytest.mark.parametrize(("code", "text"), [(code, text) for code, texts in ALIKE.items() for text in texts])
def test_a_look_alike_is_none(code: str, text: str) -> None:
    assert codes_of(no_promise, text) == []


def test_every_kind_has_at_least_five_of_both() -> None:
    assert {one.code for one in PROMISES} == set(PROMISED) == set(ALIKE)
    assert min(len(texts) for table in (PROMISED, ALIKE) for texts in table.values()) >= 5


def test_a_sentence_that_the_shop_itself_says_may_promise() -> None:
    policy = "Returns: “You get a full refund within 30 days. Returns are free of charge.”"
    said = f"Here is our policy.\n{policy}"
    assert codes_of(no_promise, said, sourced(policy)) == []
    assert codes_of(no_promise, said) == ["promise_refund", "promise_free"]


def test_a_passage_that_is_changed_or_cut_is_nobodys() -> None:
    context = sourced("You get a full refund within 30 days, if it is unused.", "refund")
    assert codes_of(no_promise, "You get a full refund within 30 days.", context) == ["promise_refund"]
    assert codes_of(no_promise, "You get a full refund within 90 days, if it is unused.", context) == ["promise_refund"]


def test_what_is_denied_in_one_clause_may_be_promised_in_the_next() -> None:
    assert promises_in("I cannot do that, but we will refund you.") == {"promise_refund"}
    assert promises_in("We do not deliver today and I guarantee it.") == {"promise_guarantee"}


def test_the_check_can_be_turned_off() -> None:
    assert codes_of(no_promise, "We will refund you.", under(OutboundPolicy(off=("no_promise",)))) == []


def test_messages_are_sentences() -> None:
    assert all(re.fullmatch(r"[A-Z].*\.", one.msg) for one in PROMISES)


@given(st.text(max_size=300))
def test_any_text_is_read(text: str) -> None:
    assert promises_in(text) <= {one.code for one in PROMISES}
