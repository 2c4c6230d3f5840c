import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.pii import for_tools, redact, restore
from moderation.policy import PiiPolicy

POLICY = PiiPolicy(order_pattern=r"(?i)LO-?\d{5}")


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("write to a.b+c@shop.co.uk.", "write to [EMAIL_1]."),
        ("Jürgen: jürgen@müller.de", "Jürgen: [EMAIL_1]"),
        ("call 0151 23456789 or +49 30 901820", "call [PHONE_1] or [PHONE_2]"),
        ("(030) 901820", "[PHONE_1]"),
        ("0151 23456789 10 Uhr", "[PHONE_1] 10 Uhr"),
        ("order 1234567890 0151 23456789 0160 12345678", "order 1234567890 [PHONE_1] [PHONE_2]"),
        ("+49 151 23456789 849 EUR", "[PHONE_1] 849 EUR"),
        ("4111 1111 1111 1111 2024", "[CARD_1] 2024"),
        ("card 2024 4111-1111-1111-1111", "card 2024 [CARD_1]"),
        ("Nr.378282246310005", "Nr.[CARD_1]"),
        ("4222222222222", "[CARD_1]"),
        ("DE89 3704 0044 0532 0130 00 please", "[IBAN_1] please"),
        ("gb82west12345698765432", "[IBAN_1]"),
        ("order lo12345", "order [ORDER_1]"),
        ("LO-12345, again LO-12345 and LO-54321", "[ORDER_1], again [ORDER_1] and [ORDER_2]"),
        ("LO-12345 of a@b.de, 0151 23456789", "[ORDER_1] of [EMAIL_1], [PHONE_1]"),
    ],
)
def test_personal_data_becomes_placeholders(text: str, redacted: str) -> None:
    result = redact(text, POLICY)
    assert result.text == redacted
    assert restore(result.text, result.originals) == text


@pytest.mark.parametrize(
    "text",
    [
        "849 EUR, 1.299,00 EUR, 1,299.00 or $12.50",
        "2024-05-17, 17.05.2024, 05/17/2024 at 10:30-18:00",
        "WH-1000XM5, RTX 4090, i7-13700K, DDR5-6000, MX-3S",
        "EAN 4006381333931, 4012345678901, 00885909950805",
        "EAN 4006381333924, which passes Luhn too",
        "IMEI 490154203237518",
        "50 x 30 x 120 cm, 2560 x 1440, 165 Hz, 20000 mAh",
        "tracking 00340434161094042557",
        "192.168.178.1 and 2001:db8::1",
        "Artikel 7654321, order 1234567890",
        "XLO-123456 and LO-1234",
        "GB82 WEST 1234 5698 7654 33",
        "ZZ82 WEST 1234 5698 7654 32",
        "DE89 3704",
        "4111 1111 1111 1112",
        "9999 9999 9999 9995",
        "user@host and @handle",
        "+000000000000 and 00000000000",
        "model 30211 0531 2000 pieces",
    ],
)
def test_look_alikes_are_left_alone(text: str) -> None:
    assert redact(text, POLICY).text == text


def test_phone_numbers_are_those_of_the_configured_region_or_international() -> None:
    assert redact("415-555-2671", PiiPolicy(region="US")).text == "[PHONE_1]"
    assert redact("415-555-2671", PiiPolicy(region="DE")).text == "415-555-2671"
    assert redact("+1 415-555-2671", PiiPolicy(region="DE")).text == "[PHONE_1]"


def test_only_the_configured_kinds_are_redacted_and_named() -> None:
    text = "a@b.de LO-12345 0151 23456789"
    only_email = redact(text, PiiPolicy(kinds=("email",), order_pattern="LO-[0-9]{5}"))
    assert (only_email.text, only_email.kinds) == ("[EMAIL_1] LO-12345 0151 23456789", ("email",))
    assert redact(text, PiiPolicy()).kinds == ("email", "phone")


@pytest.mark.parametrize("forged", ["[EMAIL_1]", "[ email_1 ]", "\uff3bEMAIL_1\uff3d", "\u3010Email _ 1\u3011"])
def test_a_placeholder_that_the_customer_writes_is_never_restored(forged: str) -> None:
    redacted = redact(f"{forged} a@b.de", POLICY)
    assert redacted.text.endswith(" [EMAIL_1]")
    assert restore(redacted.text, redacted.originals).count("a@b.de") == 1


def test_restoring_is_one_pass_and_leaves_unknown_placeholders() -> None:
    assert restore("[EMAIL_1] [PHONE_9]", {"[EMAIL_1]": "[PHONE_9]", "[PHONE_9]": "x"}) == "[PHONE_9] x"
    assert restore("[PHONE_9]", {}) == "[PHONE_9]"


PIECES = st.sampled_from(
    [
        *(
            "a@b.de",
            "0151 23456789",
            "+49 30 901820",
            "4111111111111111",
            "DE89370400440532013000",
            "LO-12345",
            "lo12345",
        ),
        *("849 EUR", "WH-1000XM5", " ", ", ", "\n", "x", "12", "[", "]", "$1", "\\1", "${name}", "{0}"),
    ]
)
TEXTS = st.lists(PIECES | st.text(max_size=6), max_size=12).map("".join)


@given(
    TEXTS.filter(
        lambda text: not re.search(r"(?:email|phone|card|iban|order|address|nationalid)\s*_", text, re.IGNORECASE)
    )
)
def test_restoring_undoes_redacting(text: str) -> None:
    redacted = redact(text, POLICY)
    assert restore(redacted.text, redacted.originals) == text


@given(TEXTS)
def test_no_original_survives(text: str) -> None:
    redacted = redact(text, POLICY)
    assert not [original for original in redacted.originals.values() if original in redacted.text]


@given(TEXTS)
def test_redacting_twice_finds_nothing_new_and_numbers_from_one(text: str) -> None:
    redacted = redact(text, POLICY)
    for kind in redacted.kinds:
        numbers = sorted(
            int(key[len(kind) + 2 : -1]) for key in redacted.originals if key.startswith(f"[{kind.upper()}_")
        )
        assert numbers == list(range(1, len(numbers) + 1))
    assert len(set(redacted.originals.values())) == len(redacted.originals)


def test_an_original_is_replaced_inside_a_longer_word_too() -> None:
    assert redact("LO-12345 XLO-12345", POLICY).text == "[ORDER_1] X[ORDER_1]"


def test_tools_are_given_what_the_policy_lets_them_have() -> None:
    originals = {"[ORDER_1]": "LO-12345", "[EMAIL_1]": "a@b.de", "[CARD_1]": "4111111111111111", "[PHONE_1]": "1"}
    assert for_tools(originals, POLICY) == {"[ORDER_1]": "LO-12345", "[EMAIL_1]": "a@b.de"}
    assert for_tools(originals, PiiPolicy(for_tools=("phone",))) == {"[PHONE_1]": "1"}
    assert for_tools(originals, PiiPolicy(for_tools=())) == {}


def test_new_kinds_have_placeholders_that_cannot_be_forged() -> None:
    redacted = redact("[NATIONALID_1] [ address_1 ] PESEL 44051401359, Lindenstra\u00dfe 5", POLICY)
    assert redacted.text == "(NATIONALID_1) (address_1) PESEL [NATIONALID_1], [ADDRESS_1]"
