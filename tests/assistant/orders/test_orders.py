import asyncio
import json
import sqlite3
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.orders import Order, OrderItem, OrderSource, open_orders
from assistant.orders.json_file import JsonFileOrders
from assistant.orders.remote import RemoteOrders
from chains.errors import CatalogError, ScopeError, ToolFailed
from chains.scope import Sources
from tests.assistant.http_shop import json_answer, serving

FIRST: Mapping[str, object] = {
    "order_number": "LO-20417",
    "email": "jonas@example.org",
    "customer_name": "Jonas Weidmann",
    "status": "shipped",
    "placed_on": "2026-11-02",
    "expected_on": "2026-11-24",
    "carrier": "Parcelwing",
    "tracking_code": "PW1",
    "items": [{"sku": "LAP-1", "name": "Aurel Nova 14", "quantity": 1, "price_minor": 89900, "image": "x.png"}],
    "total_minor": 90390,
    "currency": "EUR",
}
SECOND: Mapping[str, object] = {**FIRST, "order_number": "LO-20500", "placed_on": "2026-11-09", "status": "paid"}
OTHER: Mapping[str, object] = {**FIRST, "order_number": "LO-20501", "email": "nora@example.com"}
EITHER = "SELECT * FROM orders WHERE order_number = :order_number OR email = :email ORDER BY placed_on DESC LIMIT 1"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "orders.json").write_text(json.dumps([SECOND, FIRST, OTHER]))
    connection = sqlite3.connect(tmp_path / "shop.db")
    connection.execute(f"CREATE TABLE orders ({', '.join(FIRST)})")
    for order in (SECOND, FIRST, OTHER):
        row = [json.dumps(value) if isinstance(value, list) else value for value in order.values()]
        connection.execute(f"INSERT INTO orders VALUES ({', '.join('?' * len(row))})", row)
    connection.commit()
    connection.close()
    return tmp_path


def opened(base: Path, orders: str, query: str | None = None) -> OrderSource:
    source = open_orders(Sources(products="p.jsonl", orders=orders, orders_query=query), base)
    assert source is not None
    return source


def find(source: OrderSource, number: str) -> Order | None:
    return asyncio.run(source.find(number))


def latest(source: OrderSource, email: str) -> Order | None:
    return asyncio.run(source.latest(email))


def test_a_scope_without_orders_has_no_source(tmp_path: Path) -> None:
    assert open_orders(Sources(products="p.jsonl"), tmp_path) is None


@pytest.mark.parametrize(("where", "query"), [("orders.json", None), ("sqlite:///shop.db", EITHER)])
def test_files_and_databases_find_the_same_orders(shop: Path, where: str, query: str | None) -> None:
    source = opened(shop, where, query)

    found = find(source, "LO-20417")

    assert found == Order(
        order_number="LO-20417",
        email="jonas@example.org",
        status="shipped",
        placed_on=date(2026, 11, 2),
        expected_on=date(2026, 11, 24),
        carrier="Parcelwing",
        tracking_code="PW1",
        items=(OrderItem(sku="LAP-1", name="Aurel Nova 14", quantity=1, price_minor=89900),),
        total_minor=90390,
        currency="EUR",
    )
    assert find(source, "LO-1") is None
    assert latest(source, "nobody@example.org") is None
    newest = latest(source, "jonas@example.org")
    assert newest is not None
    assert newest.order_number == "LO-20500"


def test_a_json_file_is_searched_whatever_the_spelling(shop: Path) -> None:
    source = opened(shop, "orders.json")
    for spelling in ("lo-20417", "LO 20417", "#LO20417"):
        found = find(source, spelling)
        assert found is not None
        assert found.order_number == "LO-20417"
    assert latest(source, "JONAS@example.org") == latest(source, "jonas@example.org")


@pytest.mark.parametrize("attempt", ["' OR 1=1 --", "LO-20417' OR '1'='1", "%", "*", ""])
def test_what_is_no_order_number_finds_no_order(shop: Path, attempt: str) -> None:
    for source in (opened(shop, "orders.json"), opened(shop, "sqlite:///shop.db", EITHER)):
        assert find(source, attempt) is None
        assert latest(source, attempt) is None


def test_a_database_that_is_asked_by_number_alone_says_so_for_the_latest(shop: Path) -> None:
    source = opened(shop, "sqlite:///shop.db", "SELECT * FROM orders WHERE order_number = :order_number")
    assert find(source, "LO-20417") is not None
    with pytest.raises(ToolFailed, match="by their number alone"):
        latest(source, "jonas@example.org")


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM orders",
        "SELECT * FROM orders WHERE order_number = :order_number AND status = :status",
        "UPDATE orders SET status = 'paid' WHERE order_number = :order_number",
        None,
    ],
)
def test_a_query_that_cannot_be_meant_is_refused(shop: Path, query: str | None) -> None:
    with pytest.raises(ScopeError):
        opened(shop, "sqlite:///shop.db", query)


def test_a_service_finds_an_order_by_its_number() -> None:
    with serving(json_answer(json.dumps(FIRST).encode())) as service:
        found = find(opened(Path(), service.base + "/orders/{order_number}"), "LO-20417")
    assert found is not None
    assert (found.order_number, found.placed_on) == ("LO-20417", date(2026, 11, 2))


def test_a_service_may_be_asked_for_the_latest_order() -> None:
    with serving(json_answer(json.dumps(SECOND).encode())) as service:
        source = opened(Path(), service.base + "/orders?number={order_number}&email={email}")
        assert latest(source, "jonas+1@example.org") is not None
        assert service.asked == ["/orders?number=&email=jonas%2B1%40example.org"]


def test_a_service_that_does_not_know_the_order_finds_none() -> None:
    with serving(json_answer(b"", status=404)) as service:
        assert find(opened(Path(), service.base + "/orders/{order_number}"), "LO-1") is None


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"",
        b"null",
        b"[]",
        b"[" * 100_000,
        b'{"order_number": "LO-20417"}',
        json.dumps({**FIRST, "status": "LO-20417 jonas@example.org"}).encode(),
        json.dumps({**FIRST, "placed_on": "LO-20417"}).encode(),
        json.dumps({**FIRST, "total_minor": "90390"}).encode(),
        json.dumps({**FIRST, "items": "LO-20417"}).encode(),
        json.dumps({**FIRST, "items": [{"sku": "LO-20417"}]}).encode(),
        b'{"order_number": "\xff"}',
    ],
)
def test_what_is_not_an_order_is_a_sentence_without_the_customers_data(body: bytes) -> None:
    with serving(json_answer(body)) as service:
        source = opened(Path(), service.base + "/orders/{order_number}")
        with pytest.raises(ToolFailed, match="something that is not an order") as failure:
            find(source, "LO-20417")
    assert "20417" not in str(failure.value)
    assert "jonas" not in str(failure.value)


def test_timestamps_count_as_their_day_and_lists_may_be_texts() -> None:
    stamped = {**FIRST, "placed_on": "2026-11-02T10:00:00+01:00", "items": json.dumps(FIRST["items"])}
    order = Order.model_validate_json(json.dumps(stamped))
    assert (order.placed_on, order.items[0].sku) == (date(2026, 11, 2), "LAP-1")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{}", "these are not orders"),
        ("[{}]", r"these are not orders: 0\.order_number: field required"),
        (json.dumps([FIRST, {**SECOND, "order_number": "lo-20417"}]), "the same order_number"),
        (None, r"cannot be read \(FileNotFoundError\)"),
    ],
)
def test_a_damaged_file_is_refused_when_it_is_opened(tmp_path: Path, content: str | None, said: str) -> None:
    path = tmp_path / "orders.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(CatalogError, match=said):
        JsonFileOrders(path)


class _Answering:
    def __init__(self, document: bytes) -> None:
        self.document = document

    @property
    def names(self) -> frozenset[str]:
        return frozenset({"order_number"})

    async def read(self, values: Mapping[str, str | int | float | None]) -> bytes | None:
        return self.document


@given(
    st.one_of(
        st.binary(),
        st.text().map(lambda text: json.dumps(text).encode()),
        st.builds(lambda text: json.dumps({**FIRST, "carrier": text, "placed_on": text}).encode(), st.text()),
    )
)
def test_any_answer_is_an_order_or_a_sentence(document: bytes) -> None:
    try:
        found: Order | str | None = find(RemoteOrders(_Answering(document)), "LO-20417")
    except ToolFailed as failure:
        found = str(failure)
    if isinstance(found, str):
        assert found.startswith("The order source answered with something that is not an order")
    else:
        assert isinstance(found, Order)
