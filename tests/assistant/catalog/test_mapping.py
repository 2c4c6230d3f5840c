"""Mapping files: other shops' columns, types and units, and what is wrong with a mapping."""

from decimal import Decimal
from pathlib import Path

import pytest

from assistant.catalog.importing import Imported, read_products
from chains.errors import CatalogError
from chains.values import Flag, Quantity, Terms, Text
from tests.assistant.catalog.shop import problems, skus, write_csv, write_lines

MAPPING = """
[csv]
delimiter = ";"
[product]
sku = "no"
name = "title"
category = "group"
price = "price"
price_unit = "major"
currency = "EUR"
stock = "count"
[categories]
"Notebooks & more" = "laptops"
[attributes.memory]
from = "RAM"
unit = "gb"
[attributes.bluetooth]
from = "bt"
type = "flag"
[attributes.ports]
from = "ports"
type = "terms"
separator = ","
[attributes.model]
from = "model"
type = "text"
[attributes.extra]
from = "extra"
[variants]
parent = "of"
name = "kind"
"""
HEADER = ("no", "title", "group", "price", "count", "RAM", "bt", "ports", "model", "extra", "of", "kind", "unused")


def mapped(tmp_path: Path, *rows: tuple[str, ...], mapping: str = MAPPING) -> Imported:
    (tmp_path / "mapping.toml").write_text(mapping, encoding="utf-8")
    source = write_csv(tmp_path / "shop.csv", *rows, header=HEADER, delimiter=";")
    return read_products(source, tmp_path / "mapping.toml")


def test_a_mapping_reads_other_columns_with_types_and_units(tmp_path: Path) -> None:
    imported = mapped(
        tmp_path,
        ("1", "Nova", "Notebooks & more", "899.90", "3", "16", "yes", "USB-C, HDMI,", "2025", "true", "", "", "?"),
        ("2", "", "", "999", "", "32 GB", "0", "", "", "", "1", "32 GB", ""),
        ("3", "Chair", "Büro Stühle", "12", "", "", "", "", "", "a|b", "", "", ""),
    )
    assert not imported.bad_rows
    nova, chair = imported.products
    assert (nova.sku, nova.category, nova.price_minor, nova.currency, nova.stock) == ("1", "laptops", 89990, "EUR", 3)
    assert nova.attributes == {
        "memory": Quantity(value=Decimal(16), unit="GB"),
        "bluetooth": Flag(value=True),
        "ports": Terms(values=("USB-C", "HDMI")),
        "model": Text(value="2025"),
        "extra": Flag(value=True),
    }
    (variant,) = nova.variants
    assert (variant.name, variant.price_minor, variant.stock) == ("32 GB", 99900, None)
    assert variant.attributes["memory"] == Quantity(value=Decimal(32), unit="GB")
    assert chair.category == "buro_stuhle"
    assert chair.attributes == {"extra": Terms(values=("a", "b"))}


@pytest.mark.parametrize(
    ("column", "value", "field"),
    [
        ("price", "12.345", "price"),
        ("price", "1,234.00", "price"),
        ("count", "many", "stock"),
        ("RAM", "lots", "attributes.memory"),
        ("bt", "perhaps", "attributes.bluetooth"),
        ("ports", ",", "attributes.ports"),
        ("group", "???", "category"),
    ],
)
def test_a_mapped_value_that_does_not_fit_is_a_bad_row(tmp_path: Path, column: str, value: str, field: str) -> None:
    good = dict.fromkeys(HEADER, "") | {"no": "1", "title": "Nova", "group": "laptops", "price": "1"}
    bad = good | {"no": "2", column: value}
    imported = mapped(tmp_path, tuple(good.values()), tuple(bad.values()))
    assert skus(imported) == ["1"]
    assert problems(imported) == [("shop.csv line 3", field)]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('from = "RAM"', 'from = "RAMM"', "attributes.memory.from: found \"RAMM\"; did you mean 'RAM'"),
        ('unit = "gb"', 'unit = "gigs"', "mapping.toml"),
        ('unit = "gb"', 'unit = "parsec"', 'attributes.memory.unit: found "parsec"; this unit is unknown'),
        ('sku = "no"', 'sku_column = "no"', "product.sku: this key is missing"),
        ('sku = "no"', 'sku = "no"\nskuu = "no"', "product.skuu: this key is unknown; did you mean 'sku'"),
        ('type = "flag"', 'typ = "flag"', "attributes.bluetooth.typ: this key is unknown; did you mean 'type'"),
        ('currency = "EUR"', "", "give either currency"),
        ("[csv]", "[csv", "not TOML"),
    ],
)
def test_a_mapping_that_cannot_be_meant_is_refused_with_its_key(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    if "gigs" in new:
        assert skus(mapped(tmp_path, ("1", "N", "c", "1", *[""] * 9), mapping=MAPPING.replace(old, new))) == ["1"]
        return
    with pytest.raises(CatalogError) as refused:
        mapped(tmp_path, ("1", "N", "c", "1", *[""] * 9), mapping=MAPPING.replace(old, new))
    assert message in str(refused.value)


def test_a_mapping_reaches_into_nested_json_and_takes_typed_values(tmp_path: Path) -> None:
    (tmp_path / "mapping.toml").write_text(
        """
        [product]
        sku = "id"
        name = "title"
        category = "group"
        price = "offer.price"
        price_unit = "minor"
        currency_from = "offer.currency"
        brand = "maker"
        [attributes.ports]
        from = "specs.ports"
        type = "terms"
        [attributes.memory]
        from = "specs.ram"
        unit = "GB"
        [attributes.note]
        from = "specs.note.deep"
        """,
        encoding="utf-8",
    )
    good = {"id": 7, "title": "Nova", "group": "laptops", "offer": {"price": 100, "currency": "EUR"}}
    rows = [
        good | {"specs": {"ports": ["HDMI"], "ram": 16, "note": "flat"}},
        good | {"id": 8, "offer": {"price": True, "currency": "EUR"}},
        good | {"id": 9, "offer": {"price": 1.5, "currency": "EUR"}},
        good | {"id": 10, "specs": {"ports": 3}},
    ]
    imported = read_products(write_lines(tmp_path / "p.jsonl", rows), tmp_path / "mapping.toml")
    assert skus(imported) == ["7"]
    assert set(imported.products[0].attributes) == {"ports", "memory"}
    assert problems(imported) == [
        ("p.jsonl line 2", "price"),
        ("p.jsonl line 3", "price"),
        ("p.jsonl line 4", "attributes.ports"),
    ]


def test_without_variants_every_row_is_a_product(tmp_path: Path) -> None:
    mapping = MAPPING[: MAPPING.index("[variants]")]
    imported = mapped(tmp_path, ("1", "N", "c", "1", *[""] * 9), mapping=mapping)
    assert imported.products[0].variants == ()
