"""Every format keeps its good rows and reports its bad ones with place, field and reason."""

import json
import sqlite3
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import assistant.catalog.importing as importing_module
from assistant.catalog.importing import native, read_products
from assistant.catalog.mapping import BadValue
from assistant.catalog.products import Product
from assistant.catalog.readers import SqlSource
from chains.errors import CatalogError
from chains.values import Quantity, Terms
from tests.assistant.catalog.shop import problems, raw, skus, write_csv, write_lines


def test_json_lines_keep_good_rows_and_report_bad_ones(tmp_path: Path) -> None:
    path = tmp_path / "products.jsonl"
    lines = [
        b"\xef\xbb\xbf" + json.dumps(raw("B-2")).encode(),
        b"",
        b"{not json",
        b"[1]",
        b'{"sku": "\xe9"}',
        b"[" * 100_000,
        json.dumps(raw("A-1", stock=None, attributes={"memory": "16 GB", "none": None, "ports": []})).encode(),
        json.dumps(raw("X-1", price_minor="9")).encode(),
        json.dumps(raw("X-2", nmae="typo")).encode(),
        json.dumps(raw("X-3", attributes={"memory": {"gb": 16}})).encode(),
        json.dumps(raw("X-4", attributes=[])).encode(),
        json.dumps(raw("X-5", variants=[1])).encode(),
        json.dumps(raw("X-6", variants=[{"sku": "X-6-1", "name": "v", "colour": "red"}])).encode(),
        json.dumps(raw("X-7", variants=[{"sku": "X-7-1", "name": "v", "attributes": {"a": [1]}}])).encode(),
        json.dumps(raw("X-8", name="nul\x00")).encode(),
        json.dumps(raw("B-2")).encode(),
        json.dumps(raw("X-9", variants=[{"sku": "X-9", "name": "itself"}])).encode(),
        json.dumps(raw("X-10", currency="USD")).encode(),
        b'{"sku": "X-11", "pad": "' + b"x" * 1_000_000 + b'"}',
    ]
    path.write_bytes(b"\n".join(lines))
    imported = read_products(path)
    assert skus(imported) == ["A-1", "B-2"]
    assert imported.products[0].attributes == {"memory": Quantity(value=Decimal(16), unit="GB")}
    assert problems(imported) == [
        ("products.jsonl line 3", ""),
        ("products.jsonl line 4", ""),
        ("products.jsonl line 5", ""),
        ("products.jsonl line 6", ""),
        ("products.jsonl line 8", "price_minor"),
        ("products.jsonl line 9", "nmae"),
        ("products.jsonl line 10", "attributes.memory"),
        ("products.jsonl line 11", "attributes"),
        ("products.jsonl line 12", "variants"),
        ("products.jsonl line 13", "variants.0.colour"),
        ("products.jsonl line 14", "variants.0.attributes.a"),
        ("products.jsonl line 15", "name"),
        ("products.jsonl line 16", "sku"),
        ("products.jsonl line 17", "sku"),
        ("products.jsonl line 18", "currency"),
        ("products.jsonl line 19", ""),
    ]
    reasons = {bad.locator.split()[-1]: bad.reason for bad in imported.bad_rows}
    assert "did you mean 'name'" in reasons["9"]
    assert "U+0000" in reasons["15"]
    assert "stands at products.jsonl line 1 too" in reasons["16"]


def test_a_json_list_is_read_like_lines(tmp_path: Path) -> None:
    path = tmp_path / "products.json"
    path.write_text(json.dumps([raw("A-1"), 7, raw("A-2")]), encoding="utf-8")
    imported = read_products(path)
    assert skus(imported) == ["A-1", "A-2"]
    assert problems(imported) == [("products.json entry 2", "")]


@pytest.mark.parametrize(("text", "message"), [("{", "no JSON"), ("{}", "holds a list")])
def test_a_json_file_without_a_list_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "products.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CatalogError, match=message):
        read_products(path)


def test_csv_with_native_columns_keeps_good_rows_and_joins_variants(tmp_path: Path) -> None:
    path = write_csv(
        tmp_path / "products.csv",
        ("A-1", "Nova", "Lap Tops", "89900", "EUR", "12", "", "16 GB", "USB-C|HDMI"),
        ("A-1-32", "32 GB", "", "", "", "", "A-1", "32 GB", ""),
        ("A-2", "Fjord", "laptops", "12,50", "EUR", "", "", "", ""),
        ("A-3", "Two\nlines", "laptops", "1", "EUR", "", "", "", ""),
        ("A-4", "short"),
        ("A-5-1", "v", "", "", "", "", "A-5", "", ""),
        ("A-6", "Half", "laptops", "1", "EUR", "1.5", "", "", ""),
        ("A-7", "Ok", "laptops", "0", "EUR", "0", "", "2025", ""),
        (),
        ("A-8", "", "laptops", "0", "EUR", "0", "", "", ""),
        ("A-9", "No price", "laptops", "", "EUR", "0", "", "", ""),
    )
    imported = read_products(path)
    assert skus(imported) == ["A-1", "A-7"]
    nova, ok = imported.products
    assert (nova.category, nova.price_minor, nova.stock) == ("lap_tops", 89900, 12)
    assert nova.attributes["ports"] == Terms(values=("USB-C", "HDMI"))
    assert [(variant.sku, variant.price_minor) for variant in nova.variants] == [("A-1-32", None)]
    assert ok.attributes == {"memory": Quantity(value=Decimal(2025))}
    assert problems(imported) == [
        ("products.csv line 4", "price"),
        ("products.csv line 5", "name"),
        ("products.csv line 7", ""),
        ("products.csv line 9", "stock"),
        ("products.csv line 12", "name"),
        ("products.csv line 13", "price_minor"),
        ("products.csv line 8", "parent"),
    ]


def test_csv_in_another_encoding_or_with_a_runaway_cell_loses_only_these_rows(tmp_path: Path) -> None:
    path = tmp_path / "products.csv"
    header = b"sku,name,category,price_minor,currency\n"
    path.write_bytes(header + b"A-1,Caf\xe9,c,1,EUR\nA-2," + b"x" * 100_001 + b",c,1,EUR\nA-3,Tea,c,1,EUR\n")
    imported = read_products(path)
    assert skus(imported) == ["A-3"]
    assert ["UTF-8" in bad.reason or "no CSV" in bad.reason for bad in imported.bad_rows] == [True, True]


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("", "name every column once; found none"),
        ("sku,sku", "name every column once"),
        ("sku,,name", "name every column once"),
        ("sku,naem,category,price_minor,currency", "did you mean 'name'"),
        ("sku,name", "'category' is missing"),
        ("sku,name,category,price_minor,currency,attr.Screen Size", "attr.screen_size"),
        ("x" * 100_001, "no CSV header"),
    ],
)
def test_a_csv_header_that_cannot_be_used_is_refused(tmp_path: Path, header: str, message: str) -> None:
    path = tmp_path / "products.csv"
    path.write_text(f"{header}\n" if header else "", encoding="utf-8")
    with pytest.raises(CatalogError, match=message):
        read_products(path)


@pytest.fixture
def database(tmp_path: Path) -> str:
    path = tmp_path / "shop.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE p (sku, name, category, price_minor, currency, stock)")
        rows = [("A-1", "Nova", "laptops", 100, "EUR", 3), ("A-2", None, "laptops", 100, "EUR", None)]
        connection.executemany("INSERT INTO p VALUES (?, ?, ?, ?, ?, ?)", rows)
    connection.close()
    return f"sqlite:///{path}"


def test_sql_rows_are_read_like_csv(database: str) -> None:
    imported = read_products(SqlSource(database, "SELECT * FROM p ORDER BY sku"))
    assert skus(imported) == ["A-1"]
    assert problems(imported) == [("query row 2", "name")]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("DELETE FROM p", "readonly|query_only|read-only"),
        ("SELECT sku FROM nowhere", "no such table"),
        ("PRAGMA user_version = 7", "readonly|gives no rows"),
        ("SAVEPOINT here", "gives no rows"),
    ],
)
def test_a_query_that_is_no_select_is_refused_and_changes_nothing(database: str, query: str, message: str) -> None:
    with pytest.raises(CatalogError, match=message):
        read_products(SqlSource(database, query))
    assert skus(read_products(SqlSource(database, "SELECT * FROM p"))) == ["A-1"]


@pytest.mark.parametrize(
    "url", ["nonsense", "mysql+nodriver://user:secret@host/shop", "mysql+pymysql://user:secret@host/s"]
)
def test_a_database_that_cannot_be_reached_is_named_without_its_password(url: str) -> None:
    with pytest.raises(CatalogError) as refused:
        read_products(SqlSource(url, "SELECT 1"))
    assert "secret" not in str(refused.value)


def test_strict_refuses_any_bad_row_and_names_the_first(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "products.jsonl", [raw("A-1"), *({"sku": n} for n in range(7))])
    with pytest.raises(CatalogError, match=r"7 bad rows; the first are:\nproducts\.jsonl line 2") as refused:
        read_products(path, strict=True)
    assert len(str(refused.value).splitlines()) == 6
    assert skus(read_products(path)) == ["A-1"]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("empty.jsonl", "", "not one product"),
        ("bad.jsonl", "{}", "because of 1 bad rows"),
        ("products.xlsx", "", "'.xlsx' cannot be read; known: .csv"),
    ],
)
def test_a_source_without_a_good_row_is_an_error(tmp_path: Path, name: str, text: str, message: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(CatalogError, match=message):
        read_products(tmp_path / name)


def test_a_source_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="there is no such file"):
        read_products(tmp_path / "none.jsonl")
    (tmp_path / "folder.jsonl").mkdir()
    with pytest.raises(CatalogError, match="IsADirectoryError"):
        read_products(tmp_path / "folder.jsonl")


def test_a_full_catalog_takes_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing_module, "MAX_PRODUCTS", 1)
    imported = read_products(write_lines(tmp_path / "p.jsonl", [raw("A-1"), raw("A-2")]))
    assert problems(imported) == [("p.jsonl line 2", "sku")]


def test_more_variants_than_a_product_can_have_are_bad_rows(tmp_path: Path) -> None:
    parent = ("A-1", "Nova", "laptops", "1", "EUR", "", "", "", "")
    variants = [(f"V-{n}", "v", "", "", "", "", "A-1", "", "") for n in range(101)]
    imported = read_products(write_csv(tmp_path / "p.csv", parent, *variants))
    assert len(imported.bad_rows) == 101
    assert "more than 100 variants" in imported.bad_rows[0].reason


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from((*Product.model_fields, "other")), JSON))
def test_no_object_breaks_the_native_form(changes: dict[str, object]) -> None:
    prepared: dict[str, object] = {}
    with suppress(BadValue):
        prepared = native({**raw("A-1"), **changes})
    assert None not in prepared.values()
