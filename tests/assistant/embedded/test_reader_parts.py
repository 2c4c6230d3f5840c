"""The parts of the reader: numbers, stems, clauses, names among many."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.catalog.vocabulary import ProductWords, Vocabulary
from assistant.embedded import english
from assistant.embedded.english import english_words
from assistant.embedded.numerals import measures, parse
from assistant.embedded.reader import Reader
from assistant.embedded.segments import MAX_SEGMENTS, segments
from assistant.embedded.tokens import MAX_TOKENS, joined, stem, tokenise
from chains.errors import EmbeddedModelError
from tests.assistant.embedded.reader_shop import SHOP


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("1,299.00", "1299.00"), ("1.299,00", "1299.00"), ("1,5", "1.5"), ("1.5", "1.5"), ("2,000", "2000"),
        ("1.000.000", "1000000"), ("007", "7"), ("3.14159265", "3.141593"),
    ],
)  # fmt: skip
def test_digits_are_read_as_people_write_them(written: str, number: str) -> None:
    assert parse(written) == Decimal(number)


@pytest.mark.parametrize("written", ["1234567890123", "1.2.3", "1,2,3"])
def test_digits_that_are_no_amount_are_refused(written: str) -> None:
    assert parse(written) is None


@pytest.mark.parametrize(
    ("text", "value", "units", "currency"),
    [
        ("twenty-five", 25, (), None), ("two hundred and fifty euros", 250, (), "EUR"), ("a hundred", 100, (), None),
        ("two thousand five hundred", 2500, (), None), ("1.5k", 1500, (), None),
        ("3 grand", 3000, (), None),
        ("€1.299", 1299, (), "EUR"), ("USD 50", 50, (), "USD"), ("50 bucks", 50, (), "USD"),
        ("27\"", 27, ("in",), None),
        ("27 in screen", 27, ("in",), None), ("half a litre", Decimal("0.5"), ("l",), None),
        ("40 m2", 40, ("m²",), None),
        ("one and a half kg", Decimal("1.5"), ("kg",), None), ("16g", 16, ("g", "GB"), None),
        ("20 °C", 20, ("°C",), None),
        ("3 square metres", 3, ("m²",), None), ("€50 EUR", 50, (), "EUR"), ("weighs 3 pounds", 3, ("lb",), None),
        ("3 pounds", 3, (), "GBP"), ("40ish euros", 40, (), "EUR"), ("90 mins", 90, ("min",), None),
    ],
)  # fmt: skip
def test_a_number_is_read_with_what_it_is_said_with(
    text: str, value: int | Decimal, units: tuple[str, ...], currency: str | None
) -> None:
    [measure] = measures(tokenise(text), "EUR")
    assert (measure.value, measure.units, measure.currency) == (value, units, currency)


@pytest.mark.parametrize("text", ["usb4", "the x9", "one of them", "a lamp", "two-ish"[:0]])
def test_names_and_articles_are_no_numbers(text: str) -> None:
    assert measures(tokenise(text), "EUR") == []


def test_a_number_before_in_is_inches_only_where_nothing_else_is_meant() -> None:
    assert measures(tokenise("2 in stock"), "EUR")[0].units == ()
    assert measures(tokenise("27in monitor"), "EUR")[0].units == ("in",)


@pytest.mark.parametrize(
    ("first", "second"),
    [("USB-C", "usb c"), ("Wi-Fi", "wifi"), ("noise cancelling", "Noise-Cancellation"), ("colour", "colors"),
     ("batteries", "battery"), ("touch screen", "touchscreen"), ("charging", "charges"), ("mice", "mouse")],
)  # fmt: skip
def test_spellings_of_one_phrase_have_one_key(first: str, second: str) -> None:
    assert joined(first) == joined(second)


@pytest.mark.parametrize("word", ["bus", "glass", "this", "wired", "corded", "speed", "red", "led", "king"])
def test_endings_that_belong_to_the_word_stay(word: str) -> None:
    assert stem(word) == word


@given(st.text(max_size=60))
def test_tokens_lie_in_order_inside_the_text(text: str) -> None:
    end = 0
    for token in tokenise(text):
        assert end <= token.start < token.end <= len(text)
        assert text[end : token.start] == token.gap
        end = token.end


def test_tokens_are_bounded() -> None:
    assert len(tokenise("a " * 5000)) == MAX_TOKENS


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", ()),
        ("is it in stock?", ("is it in stock?",)),
        ("Is it waterproof? How heavy is it?", ("Is it waterproof?", "How heavy is it?")),
        ("where is my order and do you have cheaper headphones",
         ("where is my order", "do you have cheaper headphones")),
        ("show me laptops; track my parcel please", ("show me laptops", "track my parcel please")),
        ("I want a refund. By the way, do you sell lamps", ("I want a refund", "By the way, do you sell lamps")),
        ("red and blue lamps under 50.00 euros", ("red and blue lamps under 50.00 euros",)),
        ("is it big? is it red? is it new? is it mine?", ("is it big?", "is it red?", "is it new? is it mine?")),
        ("cancel my order and also what is your address", ("cancel my order", "what is your address")),
        ("Hi! Where is it?", ("Hi! Where is it?",)),
    ],
)  # fmt: skip
def test_a_message_is_parted_where_a_new_request_begins(text: str, parts: tuple[str, ...]) -> None:
    assert segments(text) == parts


@given(st.text(max_size=200))
def test_segments_are_few_and_come_from_the_text(text: str) -> None:
    parts = segments(text)
    assert len(parts) <= MAX_SEGMENTS
    assert all(part in text and part == part.strip() for part in parts)


def test_a_missing_tokenizer_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(english, "TOKENIZER_PACKAGE", "no_such_package")
    with pytest.raises(EmbeddedModelError, match="install the package"):
        english.english_words.__wrapped__()


def test_english_words_are_known_and_misspelt_ones_are_not() -> None:
    assert {"battery", "weight", "carried"} <= english_words()
    assert not {"baterry", "wieght", "hedphones"} & english_words()


def test_one_product_is_found_among_many_by_its_name_alone() -> None:
    many = tuple(
        ProductWords(f"GEN-{number}", f"Brand{number % 90:02d} Series{number % 700} {number}", "", "laptops")
        for number in range(3000)
    )
    reader = Reader(Vocabulary("EUR", SHOP.fields, SHOP.categories, SHOP.brands, (*SHOP.products, *many)))
    assert [m.sku for m in reader.read("how heavy is the nova 14").products] == ["LAP-NOVA14"]
    assert [m.sku for m in reader.read("GEN-1234 price").products] == ["GEN-1234"]
