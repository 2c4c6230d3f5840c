"""Personal data kind by kind: what is found, and what looks like it and is left alone."""

import pytest

from moderation.pii import redact
from moderation.policy import Country, PiiPolicy

POLICY = PiiPolicy()


@pytest.mark.parametrize(
    "text",
    [
        "anna (at) example dot com",
        "anna [at] example [dot] com",
        "anna(at)example.com",
        "anna AT example DOT co DOT uk",
        "anna@example (dot) com",
        "anna＠example.com",
        "my mail is anna at example dot com",
        "write to anna @ example.com",
    ],
)
def test_addresses_that_are_written_out_are_found(text: str) -> None:
    assert redact(text, POLICY).text.endswith("[EMAIL_1]")


@pytest.mark.parametrize("text", ["look at shop dot com", "pay at checkout. Dot com bubble", "3 @ 4.50 each"])
def test_at_and_dot_are_words_too(text: str) -> None:
    assert redact(text, POLICY).text == text


@pytest.mark.parametrize(
    "text", ["ticket 0301234567", "EAN 0012345678905", "barcode 0012345678905", "item no. 0301234567", "ticket 0984474"]
)
def test_a_number_that_the_text_calls_something_else_is_no_phone(text: str) -> None:
    assert redact(text, POLICY).text == text


def test_short_numbers_are_phones_where_a_country_has_short_ones() -> None:
    assert redact("ring 20 12 34 56", PiiPolicy(region="DK")).text == "ring [PHONE_1]"
    assert redact("+45 20 12 34 56", POLICY).text == "[PHONE_1]"


def test_a_region_without_a_numbering_plan_knows_international_numbers_alone() -> None:
    policy = PiiPolicy(region="ZZ")
    assert redact("0151 23456789 or +49 151 23456789", policy).text == "0151 23456789 or [PHONE_1]"


def test_a_text_of_nothing_but_beginnings_of_numbers_is_looked_at_for_a_while_only() -> None:
    text = "(030) " * 500
    assert redact(text, POLICY).text == text


@pytest.mark.parametrize(
    "text",
    [
        "order 302-0347232-0816245",
        "4111 1111-1111 1111",
        "49 151 14356228",
        "36445913683509 as a GTIN-14",
    ],
)
def test_numbers_that_no_card_is_printed_like_are_no_cards(text: str) -> None:
    assert redact(text, PiiPolicy(kinds=("card",))).text == text


def test_a_grouped_card_number_counts_although_it_has_an_article_numbers_check_digit() -> None:
    assert redact("3644 591368 3509", POLICY).text == "[CARD_1]"


def test_an_iban_beside_another_and_beside_words_is_found_whole() -> None:
    text = "from AT611904300234573201 my account DE89 3704 0044 0532 0130 00 at ING, GB82-WEST-1234-5698-7654-32"
    assert redact(text, POLICY).text == "from [IBAN_1] my account [IBAN_2] at ING, [IBAN_3]"


@pytest.mark.parametrize(
    "text",
    [
        "my SSN is 536-90-4399",
        "social security number: 536904399",
        "NI number AB123456C",
        "AB 12 34 56 C",
        "meine Steuer-ID: 86 095 742 719",
        "Steueridentifikationsnummer 86095742719",
        "Personalausweis L01X00T471",
        "Ausweisnummer L01X00T47",
        "DNI 54362315K",
        "NIE X2482300W",
        "my tax id is 54362315K",
        "2 95 10 99 126 111 93",
        "numéro de sécurité sociale 295109912611193",
        "RSSMRA85T10A562S",
        "codice fiscale rssmra85t10a562s",
        "BSN 111222333",
        "PESEL 44051401359",
        "44051401359 is my PESEL",
        "personnummer 811228-9874",
        "131052-308T",
        "85.07.30-033.28",
        "756.9217.0769.85",
        "AHV-Nummer 7569217076985",
        "CPR 211062-5629",
        "fødselsnummer 151086 95088",
        "NIF 501964843",
        "SVNR 1237 010180",
        "PPS number 6433435F",
        "passport number C01X00T47",
        "my passport is 533380006",
        "NHS number 943 476 5870",
    ],
)
def test_national_ids_are_found_in_their_own_form_or_beside_their_name(text: str) -> None:
    assert redact(text, POLICY).kinds == ("nationalid",)


@pytest.mark.parametrize(
    "text",
    [
        "article 536-90-4399",
        "86095742719",
        "86 095 742 719",
        "54362315K",
        "AB123456C",
        "111222333",
        "44051401359",
        "my SSN is 666-90-4399",
        "PESEL 44051401358",
        "DNI 54362315A",
        "codice fiscale RSSMRA85T10A562T",
        "Personalausweis L01X00T472",
        "BG 12 34 56 C",
        "identity card LAMPSHADE",
        "passport cover, 2 pieces, SKU 12345",
        "I sent you my PESEL a week ago, as you had asked, and what about the article 44051401359?",
    ],
)
def test_digits_alone_and_wrong_check_digits_are_left_alone(text: str) -> None:
    policy = PiiPolicy(kinds=("nationalid",))
    assert redact(text, policy).text == text


@pytest.mark.parametrize(
    ("country", "text"), [("US", "536-90-4399"), ("ES", "54362315K"), ("GB", "AB123456C"), ("SE", "811228-9874")]
)
def test_a_countrys_own_form_counts_at_home(country: Country, text: str) -> None:
    assert redact(text, PiiPolicy(region=country)).text == "[NATIONALID_1]"
    assert redact(text, PiiPolicy(countries=(country,))).text == "[NATIONALID_1]"
    assert redact(text, PiiPolicy(kinds=("nationalid",))).text == text


def test_countries_that_are_not_named_are_not_looked_for() -> None:
    text = "RSSMRA85T10A562S and PESEL 44051401359"
    assert redact(text, PiiPolicy(countries=("PL",))).text == "RSSMRA85T10A562S and PESEL [NATIONALID_1]"
    assert redact("Via Roma 10, 00184 Roma", PiiPolicy(countries=("PL",))).kinds == ()


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("Ich wohne Lindenstraße 5, 10115 Berlin.", "Ich wohne [ADDRESS_1]."),
        ("Lindenstraße 5\n10115 Berlin", "[ADDRESS_1]"),
        ("Goethestr. 12a in Berlin", "[ADDRESS_1] in Berlin"),
        ("hauptstr. 5 10115 berlin", "[ADDRESS_1]"),
        ("Am Markt 3, 04109 Leipzig", "[ADDRESS_1]"),
        ("Karl-Marx-Allee 70, 10243 Berlin", "[ADDRESS_1]"),
        ("Mariahilfer Straße 1, 1060 Wien", "[ADDRESS_1]"),
        ("Seeweg 3, CH-8001 Zürich", "[ADDRESS_1]"),
        ("221B Baker Street, London NW1 6XE please", "[ADDRESS_1] please"),
        ("Flat 2, 12 Mill Close, Leeds LS1 4DY", "[ADDRESS_1]"),
        ("742 Evergreen Terrace, Springfield, IL 62704", "[ADDRESS_1]"),
        ("100 5th Ave, Apt 4, New York, NY 10001", "[ADDRESS_1]"),
        ("12 rue de la Paix, 75002 Paris", "[ADDRESS_1]"),
        ("3 bis avenue Jean Jaurès", "[ADDRESS_1]"),
        ("Keizersgracht 123, 1015 CJ Amsterdam", "[ADDRESS_1]"),
        ("Calle Mayor 5, 28013 Madrid", "[ADDRESS_1]"),
        ("Via Roma 10, 00184 Roma RM", "[ADDRESS_1]"),
    ],
)
def test_addresses_are_found_with_their_code_and_town(text: str, redacted: str) -> None:
    assert redact(text, POLICY).text == redacted


@pytest.mark.parametrize(
    "text",
    [
        "2 External Drive 500 GB",
        "Is the Ring 3 better than the Ring 2?",
        "the Abbey Road LP",
        "10115 Berlin",
        "Do you deliver to NW1 6XE?",
        "on the way 2 go",
        "Weg 5",
    ],
)
def test_what_is_no_address_is_left_alone(text: str) -> None:
    assert redact(text, POLICY).text == text


def test_a_pattern_that_takes_too_long_replaces_too_much_rather_than_too_little() -> None:
    slow = PiiPolicy(order_pattern=r"(a|aa)+c", kinds=("order",))
    assert redact("order AB-12345 " + "a" * 60 + "b", slow).text == "order [ORDER_1] " + "a" * 60 + "b"


def test_an_order_number_is_never_empty() -> None:
    assert redact("abc", PiiPolicy(order_pattern=r"\b(?=a)|x")).text == "abc"
