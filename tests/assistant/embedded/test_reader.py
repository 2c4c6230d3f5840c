"""What the reader finds in requests, and what holds for any text at all."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from assistant.catalog.vocabulary import Vocabulary
from assistant.embedded.reader import Reader
from assistant.embedded.reading import Reading
from chains.values import Flag, Money, Quantity, Text, dimension
from tests.assistant.embedded.reader_cases import Want
from tests.assistant.embedded.reader_checks import comparable
from tests.assistant.embedded.reader_requests import CONTEXT, REQUESTS
from tests.assistant.embedded.reader_shop import SHOP

READER = Reader(SHOP)
WORDS = sorted({word for text, _ in REQUESTS for word in text.split()})
TEXTS = st.one_of(
    st.text(max_size=80),
    st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join),
    st.text(alphabet="0123456789 .,-€$kKgGBbh\"'[]_ORDER<>=+to", max_size=40),
)


@pytest.mark.parametrize(("text", "wanted"), REQUESTS, ids=[text or "empty" for text, _ in REQUESTS])
def test_a_request_is_read_as_meant(text: str, wanted: Want) -> None:
    context = CONTEXT if wanted.get("refers_to_context") else ()
    got, expected = comparable(READER.read(text, context), wanted)
    assert got == expected


@settings(max_examples=300, deadline=None)
@given(text=TEXTS, seen=st.integers(0, 3))
def test_any_text_gives_a_reading_in_the_words_of_the_catalog(text: str, seen: int) -> None:
    reading = READER.read(text, CONTEXT[:seen])
    for start, end in (*(m.span for m in reading.products), *(c.span for c in reading.conditions)):
        assert 0 <= start < end <= len(text)
    for condition in reading.conditions:
        field = SHOP.fields[condition.field]
        match condition.value:
            case Money(currency=currency):
                assert (field.kind, currency) == ("money", SHOP.currency)
            case Quantity(unit=unit):
                assert field.kind == "quantity"
                assert dimension(unit) == dimension(field.unit)
            case Flag():
                assert (field.kind, condition.op) == ("flag", "eq")
            case Text(value=word):
                assert word in field.values
                assert condition.op in (("eq", "ne") if field.kind == "text" else ("has", "has_not"))
            case _:
                pytest.fail(f"no condition has {condition.value}")
    _names_only_what_is_known(reading, seen)


def _names_only_what_is_known(reading: Reading, seen: int) -> None:
    assert {mention.sku for mention in reading.products} <= {product.sku for product in SHOP.products}
    assert {*reading.brands, *reading.excluded_brands} <= set(SHOP.brands)
    assert {*reading.excluded_categories, *filter(None, [reading.category])} <= set(SHOP.categories)
    named = [*reading.fields, *(part[0] for part in (reading.superlative, reading.compare) if part)]
    assert set(named) <= set(SHOP.fields)
    assert reading.context_index is None or 0 <= reading.context_index < seen
    assert reading.limit is None or 1 <= reading.limit <= 20
    assert reading.unknown_product is None or reading.unknown_product in reading.text


@settings(max_examples=150, deadline=None)
@example(text="1k0min")
@given(text=TEXTS)
def test_reading_is_deterministic_and_ignores_the_case_of_ascii_letters(text: str) -> None:
    text = text.encode("ascii", "ignore").decode()
    lower, upper = (
        READER.read(text.lower()),
        Reader(SHOP).read(text.upper()) if len(text) < 3 else READER.read(text.upper()),
    )
    assert _caseless(lower) == _caseless(upper)
    assert Reader.read(READER, text) == READER.read(text)


def _caseless(reading: Reading) -> tuple[object, ...]:
    parts = {
        name: value for name, value in vars(reading).items() if name not in ("text", "unknown_product", "leftover")
    }
    unknown = reading.unknown_product.lower() if reading.unknown_product else None
    return (*parts.items(), unknown, reading.leftover.lower())


@pytest.mark.parametrize(
    "text", ["QC-700", "qc700", "Tonika QC 700", "the tonika qc-700 please", "HEA-QC700", "hea-qc700?"]
)
def test_a_model_number_is_found_however_it_is_spelled(text: str) -> None:
    assert [mention.sku for mention in READER.read(text).products] == ["HEA-QC700"]


@pytest.mark.parametrize("text", ["QC-701", "qc70", "QC-7000", "qc 75", "Tonika QC700X", "nova 15", "view 27d", "V9"])
def test_a_model_number_that_differs_in_any_sign_is_no_product(text: str) -> None:
    reading = READER.read(text)
    assert reading.products == ()
    assert reading.unknown_product is not None


@pytest.mark.parametrize("text", ["tonica qc-700", "aurl nova 14", "klarvox stduio 55", "northvick fjord 13"])
def test_letters_of_a_name_may_be_misspelt(text: str) -> None:
    assert len(READER.read(text).products) == 1


def test_the_page_decides_between_fields_of_one_unit() -> None:
    on_lamp = READER.read("is it under 40 cm", ("LMP-HALO",))
    assert [condition.field for condition in READER.read("is it under 2 hours", ("HEA-QC700",)).conditions] != []
    assert on_lamp.refers_to_context


def test_an_equally_likely_field_is_not_guessed() -> None:
    assert READER.read("under 30 cm").conditions == ()


def test_another_currency_makes_no_condition_and_is_named() -> None:
    reading = READER.read("laptops under £900 with 16 GB ram")
    assert reading.foreign_currency == "GBP"
    assert [condition.field for condition in reading.conditions] == ["memory"]


def test_an_amount_in_the_currency_of_the_catalog_is_kept_in_its_minor_unit() -> None:
    in_yen = Reader(_with_currency("JPY"))
    assert [c.value for c in in_yen.read("under 5000 yen").conditions] == [Money(amount_minor=5000, currency="JPY")]
    assert [c.value for c in READER.read("under 12.50").conditions] == [Money(amount_minor=1250, currency="EUR")]


def _with_currency(currency: str) -> Vocabulary:
    return Vocabulary(currency, SHOP.fields, SHOP.categories, SHOP.brands, SHOP.products)


def test_an_empty_vocabulary_reads_nothing_from_a_request() -> None:
    reading = Reader(Vocabulary("EUR", {}, {}, (), ())).read(
        "the cheapest laptop under 900 euros with 16 GB, is it light?"
    )
    assert (reading.products, reading.category, reading.conditions, reading.superlative) == ((), None, (), None)


def test_a_reading_is_kept_for_the_second_asker() -> None:
    assert READER.read("laptops under 900", CONTEXT) is READER.read("laptops under 900", CONTEXT)


def test_placeholders_of_personal_data_are_left_alone() -> None:
    reading = READER.read("order [ORDER_2] for [NAME_1], [EMAIL_1], call [PHONE_1] under 300")
    assert reading.order_numbers == ("[ORDER_2]",)
    assert "EMAIL" not in reading.leftover


def test_a_very_long_text_is_read_from_its_beginning() -> None:
    reading = READER.read("laptop under 900 euros " + "and so on " * 5000)
    assert reading.category == "laptops"
    assert len(reading.conditions) == 1
