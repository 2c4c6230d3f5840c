from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from assistant.catalog.products import Product, Variant, canonical_json, items, parse_attribute, visible_prose
from assistant.catalog.units import plain, read_measure, unit_of
from chains.values import UNITS, Flag, Quantity, Terms, Text

NUMBERS = st.decimals(min_value=0, max_value=10**9, places=3, allow_nan=False, allow_infinity=False)


def a_product(**changes: object) -> Product:
    given = {"sku": "A-1", "name": "Nova", "category": "laptops", "price_minor": 100, "currency": "EUR"}
    return Product.model_validate({**given, **changes})


@pytest.mark.parametrize(
    ("text", "number", "unit"),
    [
        ("1.32 kg", "1.32", "kg"),
        ("16 GB", "16", "GB"),
        ("16gb", "16", "GB"),
        ('14"', "14", "in"),
        ("14 inch", "14", "in"),
        ("1.70 litres", "1.7", "l"),
        ("2 L", "2", "l"),
        ("24 Months", "24", "months"),
        ("-5 °C", "-5", "°C"),
        ("100%", "100", "%"),
        ("5g", "5", "g"),
        ("2700 K", "2700", "K"),
        ("40 dB(A)", "40", "dB"),
    ],
)
def test_a_number_with_a_known_unit_is_a_quantity(text: str, number: str, unit: str) -> None:
    assert parse_attribute(text) == Quantity(value=Decimal(number), unit=unit)


@pytest.mark.parametrize(
    "text",
    [
        "1,32 kg",
        "1 500 g",
        "4K",
        "8 K",
        "5G",
        "802.11a",
        "1920 x 1200",
        "3.5 mm audio",
        "Wi-Fi 6",
        "kg",
        "16",
        "2-in-1",
    ],
)
def test_anything_else_stays_a_text(text: str) -> None:
    assert parse_attribute(text) == Text(value=text)


@given(NUMBERS, st.sampled_from([unit for unit in UNITS if unit not in {"", "K"}]), st.sampled_from(["", " ", "  "]))
def test_every_unit_is_read_back_as_written(number: Decimal, unit: str, gap: str) -> None:
    assert parse_attribute(f"{number:f}{gap}{unit}") == Quantity(value=number, unit=unit)


@given(st.one_of(st.integers(), st.floats(), NUMBERS, st.booleans(), st.text(), st.none(), st.lists(st.text())))
def test_a_value_is_read_or_refused_with_a_reason_and_never_breaks(raw: object) -> None:
    value, reason = None, ""
    try:
        value = parse_attribute(raw)
    except ValueError as error:
        reason = str(error)
    match value:
        case None:
            assert reason
        case Flag():
            assert value.value is raw
        case Quantity():
            assert value.unit in UNITS
        case Text():
            assert isinstance(raw, str)
            assert value.value == raw.strip()
        case Terms():
            assert isinstance(raw, list)
            assert set(value.values) == {word.strip() for word in raw}


@given(NUMBERS)
def test_a_number_is_kept_without_exponent_or_trailing_zeros(number: Decimal) -> None:
    assert plain(number) == number
    assert "E" not in str(plain(number))
    assert not (str(plain(number)).endswith("0") and "." in str(plain(number)))


def test_a_bare_number_has_no_unit() -> None:
    assert parse_attribute(2025) == Quantity(value=Decimal(2025))
    assert parse_attribute(0.1 + 0.2) == Quantity(value=Decimal("0.3"))
    assert str(parse_attribute(-0.0)) == str(parse_attribute(0))


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (None, "NoneType"),
        ({}, "dict"),
        ("", "0 characters"),
        ("  ", "0 characters"),
        ("x" * 201, "201 characters"),
        ("a\x00b", "U+0000"),
        ("a\u200bb", "U+200B"),
        ("a\udce9b", "UTF-8"),
        ([], "0 entries"),
        (["a"] * 2 + [str(n) for n in range(60)], "61 entries"),
        ([1], "only texts"),
        (float("nan"), "below 10^14"),
        (10**15, "below 10^14"),
    ],
)
def test_a_value_that_cannot_be_kept_is_refused_with_its_reason(raw: object, reason: str) -> None:
    with pytest.raises(ValueError, match=reason.replace("+", r"\+").replace("^", r"\^")):
        parse_attribute(raw)


def test_a_unit_has_its_usual_spellings_and_no_others() -> None:
    assert unit_of("Inches") == "in"
    assert unit_of("G") is None
    assert unit_of("parsec") is None
    assert read_measure("3 parsec") is None


def test_a_variant_inherits_what_it_does_not_state() -> None:
    memory, colour = parse_attribute("16 GB"), parse_attribute("silver")
    bigger = parse_attribute("32 GB")
    product = a_product(
        stock=4,
        attributes={"memory": memory, "colour": colour},
        variants=(
            Variant(sku="A-1-B", name="blue", stock=0),
            Variant(sku="A-1-32", name="32 GB", price_minor=200, attributes={"memory": bigger}),
        ),
    )
    parent, big, blue = items(product)
    assert (parent.sku, parent.variants, parent.parent) == ("A-1", ("A-1-32", "A-1-B"), None)
    assert (big.name, big.price_minor, big.stock) == ("Nova (32 GB)", 200, 4)
    assert big.attributes == {"memory": bigger, "colour": colour}
    assert (blue.price_minor, blue.stock, blue.parent) == (100, 0, "A-1")


def test_canonical_json_does_not_depend_on_the_order_of_attributes_or_variants() -> None:
    one, two = Variant(sku="V1", name="one"), Variant(sku="V2", name="two")
    memory, colour = parse_attribute("16 GB"), parse_attribute("silver")
    left = a_product(attributes={"memory": memory, "colour": colour}, variants=(one, two))
    right = a_product(attributes={"colour": colour, "memory": memory}, variants=(two, one))
    assert canonical_json(left) == canonical_json(right)
    assert Product.model_validate_json(canonical_json(left)) == left


@pytest.mark.parametrize(
    "changes",
    [
        {"sku": "has blank"},
        {"sku": ""},
        {"name": "tab\there"},
        {"name": " "},
        {"price_minor": -1},
        {"price_minor": 1.5},
        {"stock": -1},
        {"currency": "euro"},
        {"url": "javascript:alert(1)"},
        {"url": "//elsewhere.example"},
        {"url": "/p/a b"},
        {"description": "bell\x07"},
        {"category": "Laptops!"},
        {"category": 3},
        {"attributes": {"price": Text(value="cheap")}},
        {"attributes": {"Bad Key": Text(value="x")}},
        {"variants": tuple(Variant(sku=f"V{n}", name="v") for n in range(101))},
    ],
)
def test_a_product_refuses_what_could_mislead(changes: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        a_product(**changes)


def test_a_description_is_one_paragraph_and_a_category_a_key() -> None:
    assert a_product(description=" two\n\nlines\t here ").description == "two lines here"
    assert a_product(category="coffee-machines").category == "coffee_machines"
    assert a_product(url="https://shop.example/p?x=1").url == "https://shop.example/p?x=1"
    with pytest.raises(ValueError, match="invisible character"):
        visible_prose("a\x1bb")
