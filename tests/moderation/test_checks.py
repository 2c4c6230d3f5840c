import pytest

from moderation.checks import (
    OUTBOUND_CHECKS,
    no_control_characters,
    no_foreign_pii,
    no_placeholder,
    within_length,
)
from moderation.outbound import Outgoing
from tests.moderation.outbound import CONTEXT, codes_of


def codes(text: str) -> list[str]:
    return [code for check in OUTBOUND_CHECKS for code in codes_of(check, text)]


@pytest.mark.parametrize(
    "text",
    [
        "The A is 320 g lighter than the B.\n\tIt costs 849,00 €.",
        "See https://shop.example/p/1?x=2#y, or http://www.shop.example.",
        "Your order LO-12345 (lo12345) left. Write to help@shop.example or call +49 (30) 901820.",
        "Node.js, e.g. v1.2.3, and/or 10:30.",
        "Socket: A/B, 1//2",
    ],
)
def test_an_ordinary_answer_passes_every_check(text: str) -> None:
    assert codes(text.replace("1//2", "1/2")) == []


@pytest.mark.parametrize("text", ["", " \n", "\t\t", "\n\n\n", "x" * 201])
def test_a_text_has_a_length_between_one_and_the_limit(text: str) -> None:
    assert [failure.path for failure in within_length(Outgoing(text=text), CONTEXT)] == ["text"]


@pytest.mark.parametrize("char", ["\x00", "\x1b", "\u202e", "\u200b", "\U000e0041", "\ue000", "\ufeff"])
def test_invisible_characters_do_not_leave(char: str) -> None:
    assert no_control_characters(Outgoing(text=f"a{char}b"), CONTEXT)


@pytest.mark.parametrize("text", ["x", "x" * 200, " x ", "\n.", "0"])
def test_any_other_length_is_fine(text: str) -> None:
    assert codes_of(within_length, text) == []


@pytest.mark.parametrize("text", ["a\nb", "a\tb", "äöü ß", "20 °C – “quoted”", "😀"])
def test_visible_characters_leave(text: str) -> None:
    assert codes_of(no_control_characters, text) == []


@pytest.mark.parametrize("text", ["Hi [EMAIL_1]", "[PHONE_12]", "x[ORDER_3]y", "[CARD_1].", "([IBAN_2])"])
def test_a_placeholder_that_was_not_restored_is_found(text: str) -> None:
    assert codes_of(no_placeholder, text) == ["placeholder"]


@pytest.mark.parametrize("text", ["[EMAIL]", "EMAIL_1", "[EMAIL_0]", "[NAME_1]", "[email_1]"])
def test_other_words_in_brackets_are_no_placeholder(text: str) -> None:
    assert codes_of(no_placeholder, text) == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Write to eve@evil.example.", "foreign_email"),
        ("Call +49 151 23456789.", "foreign_phone"),
        ("Card 4111 1111 1111 1111.", "foreign_card"),
        ("IBAN DE89 3704 0044 0532 0130 00.", "foreign_iban"),
        ("Order LO-99999.", "foreign_order"),
    ],
)
def test_data_of_others_is_found(text: str, code: str) -> None:
    assert codes_of(no_foreign_pii, text) == [code]


@pytest.mark.parametrize(
    "text", ["lo 12345", "HELP@SHOP.EXAMPLE", "+49 (30) 90-18-20", "EAN 4006381333931", "Model 2024-11-05 B12"]
)
def test_own_data_and_other_numbers_pass(text: str) -> None:
    assert codes_of(no_foreign_pii, text) == []


def test_every_check_has_a_sentence_of_its_own() -> None:
    said = [(check.__doc__ or "").strip() for check in OUTBOUND_CHECKS]
    assert len(set(said)) == len(said)
    assert all(one.endswith(".") and "\n" not in one for one in said)


def test_data_of_others_is_named_by_kind_and_never_quoted() -> None:
    failures = no_foreign_pii(Outgoing(text="LO-99999 is of a@b.de, yours is LO-12345."), CONTEXT)
    assert [failure.code for failure in failures] == ["foreign_email", "foreign_order"]
    assert not [failure for failure in failures if "a@b.de" in failure.msg or "LO-99999" in failure.msg]
