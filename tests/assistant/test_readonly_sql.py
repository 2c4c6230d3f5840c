import asyncio
import sqlite3
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from assistant.readonly import check_names
from assistant.readonly_sql import ReadOnlySql, _before, _plain
from chains.errors import CatalogError, ScopeError, ToolFailed

LABEL = "The order source"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    connection = sqlite3.connect(tmp_path / "shop.db")
    connection.execute("CREATE TABLE orders (number TEXT, total INTEGER, weight REAL, raw BLOB)")
    connection.execute("INSERT INTO orders VALUES ('LO-1', 100, 1.5, x'ff'), ('LO-2', 200, NULL, NULL)")
    connection.commit()
    connection.close()
    return tmp_path


def source(base: Path, query: str | None, timeout_s: float = 5) -> ReadOnlySql:
    return ReadOnlySql(LABEL, "sqlite:///shop.db", query, base, timeout_s)


def read(base: Path, query: str, timeout_s: float = 5, **values: str | int | float | None) -> bytes | None:
    return asyncio.run(source(base, query, timeout_s).read(values))


BY_NUMBER = "SELECT number, total, weight FROM orders WHERE number = :number"


def test_a_row_is_read_as_json(shop: Path) -> None:
    assert read(shop, BY_NUMBER, number="LO-1") == b'{"number":"LO-1","total":100,"weight":1.5}'
    assert read(shop, BY_NUMBER, number="LO-2") == b'{"number":"LO-2","total":200,"weight":null}'


def test_no_row_is_none(shop: Path) -> None:
    assert read(shop, BY_NUMBER, number="LO-3") is None


@pytest.mark.parametrize("value", ["' OR 1=1", "LO-1' --", "x'; DROP TABLE orders; --", "%", "\x00"])
def test_a_value_is_never_part_of_the_statement(shop: Path, value: str) -> None:
    assert read(shop, BY_NUMBER, number=value) is None
    assert read(shop, "SELECT count(*) AS n FROM orders") == b'{"n":2}'


def test_a_number_out_of_the_databases_range_is_a_sentence(shop: Path) -> None:
    with pytest.raises(ToolFailed, match="could not be read"):
        read(shop, "SELECT :n AS n", n=2**80)


def test_a_text_that_has_no_form_in_the_database_is_a_sentence(shop: Path) -> None:
    with pytest.raises(ToolFailed, match="UnicodeEncodeError"):
        read(shop, BY_NUMBER, number="\ud800")


def test_bytes_that_are_no_text_are_a_sentence(shop: Path) -> None:
    with pytest.raises(ToolFailed, match="could not be read"):
        read(shop, "SELECT raw FROM orders WHERE number = 'LO-1'")


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM orders",
        "UPDATE orders SET total = 0",
        "INSERT INTO orders VALUES ('x', 1, 1, NULL)",
        "DROP TABLE orders",
        "PRAGMA user_version = 3",
        "ATTACH DATABASE 'other.db' AS other",
        "SELECT 1; DELETE FROM orders",
        "/* SELECT */ DELETE FROM orders",
        "-- SELECT\nDELETE FROM orders",
        "SELECT '--'; DELETE FROM orders",
        "selection",
        "",
        None,
    ],
)
def test_only_one_select_is_accepted(shop: Path, query: str | None) -> None:
    with pytest.raises(ScopeError, match="needs one SELECT"):
        source(shop, query)


@pytest.mark.parametrize(
    "query",
    ["select 1 AS n", " SELECT 1 AS n ; ", "WITH x AS (SELECT 1 AS n) SELECT n FROM x", "-- why\nSELECT 1 AS n"],
)
def test_a_select_in_any_dress_is_accepted(shop: Path, query: str) -> None:
    assert read(shop, query) == b'{"n":1}'


def test_a_statement_that_writes_behind_a_with_fails_and_changes_nothing(shop: Path) -> None:
    with pytest.raises(ToolFailed, match="OperationalError"):
        read(shop, "WITH x AS (SELECT 1) DELETE FROM orders RETURNING number")
    assert read(shop, "SELECT count(*) AS n FROM orders") == b'{"n":2}'


def test_an_endless_query_ends_when_its_time_is_up(shop: Path) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) AS c FROM n"
    with pytest.raises(ToolFailed, match=r"did not answer within 0\.05 s"):
        read(shop, endless, timeout_s=0.05)


def test_an_error_holds_none_of_the_values(shop: Path) -> None:
    with pytest.raises(ToolFailed) as failure:
        read(shop, "SELECT x FROM missing WHERE n = :number", number="LO-20417")
    assert str(failure.value) == "The order source could not be read (OperationalError); try again later."


def test_the_names_are_those_of_the_statement(shop: Path) -> None:
    assert source(shop, "SELECT :a AS a, :b AS b, '--' AS c").names == {"a", "b"}


def test_a_missing_database_is_refused_at_once_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="is no file"):
        source(tmp_path, BY_NUMBER)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("url", "said"), [("shop.db", "no SQL URL"), ("oracle://shop", "'oracle'")])
def test_other_urls_are_refused(tmp_path: Path, url: str, said: str) -> None:
    with pytest.raises(ScopeError, match=said):
        ReadOnlySql(LABEL, url, BY_NUMBER, tmp_path, 1)


def test_postgresql_without_its_driver_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(CatalogError, match="install psycopg"):
        ReadOnlySql(LABEL, "postgresql+psycopg://shop.example/orders", BY_NUMBER, tmp_path, 1)


def test_postgresql_transactions_are_read_only_and_end_in_time() -> None:
    assert _before("postgresql", 2.5) == ("SET TRANSACTION READ ONLY", "SET LOCAL statement_timeout = 2500")


def test_what_opens_a_transaction_is_said_before_the_query(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "assistant.readonly_sql._before", lambda dialect, timeout_s: ("PRAGMA case_sensitive_like = 1",)
    )
    assert read(shop, "SELECT 'a' LIKE 'A' AS same") == b'{"same":0}'


def test_decimals_stay_numbers() -> None:
    assert [_plain(Decimal("3.00")), _plain(Decimal("19.99")), _plain("x")] == [3, 19.99, "x"]


def test_parameters_that_are_missing_or_unknown_are_refused() -> None:
    check_names(LABEL, frozenset({"a", "b"}), required=["a"], optional=["b", "c"])
    with pytest.raises(ScopeError, match="never uses its parameter 'a'"):
        check_names(LABEL, frozenset({"b"}), required=["a"], optional=["b"])
    with pytest.raises(ScopeError, match="names 'c', which is not"):
        check_names(LABEL, frozenset({"a", "c"}), required=["a"])
