import re
from collections.abc import Iterator, Mapping
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.catalog.catalog import Catalog
from assistant.orders import Order
from chains.errors import ToolFailed
from chains.facts import Evidence
from chains.tools import (
    Caller,
    GetOrder,
    Identity,
)
from chains.values import Day, Terms, Text
from tests.assistant.shop_desk import NOW, ORDER, Desk, Orders, eur, stated
from tests.assistant.small_shop import small_catalog


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    opened = small_catalog(tmp_path_factory.mktemp("shop"))
    yield opened
    opened.close()


@pytest.fixture
def desk(catalog: Catalog) -> Desk:
    return Desk(catalog)


def proving(number: str = "LO-20417", *emails: str) -> Caller:
    mails = {f"[EMAIL_{place}]": email for place, email in enumerate(emails, start=1)}
    return Caller("lumen", Identity.ORDER_PROOF, NOW, {"[ORDER_1]": number, "[PHONE_1]": "x", **mails})


def verified(customer: str | None, originals: Mapping[str, str] = {}) -> Caller:
    return Caller("lumen", Identity.VERIFIED, NOW, originals, customer)


BY_NUMBER = GetOrder(order_number="[ORDER_1]")


class TestGetOrder:
    def test_number_and_address_that_match_show_the_order(self, desk: Desk) -> None:
        found = desk("get_order", BY_NUMBER, proving("#LO-20417 ", "other@example.org", "jonas@example.ORG"))

        assert [(record.id, record.kind, record.name) for record in found.records] == [
            ("order_1", "order", "order [ORDER_1]")
        ]
        assert stated(found, "order_1") == {
            "status": Text(value="shipped"),
            "expected_on": Day(value=date(2026, 11, 24)),
            "carrier": Text(value="Parcelwing"),
            "tracking_code": Text(value="PW1"),
            "items": Terms(values=("2 x Aurel Nova 14",)),
            "total": eur(180290),
            "placed_on": Day(value=date(2026, 11, 2)),
        }
        assert found.facts[0].wording.phrase == "It has been {value}."
        assert "20417" not in found.model_dump_json()
        assert "example" not in found.model_dump_json().casefold()

    def test_a_verified_customer_needs_no_number(self, desk: Desk) -> None:
        found = desk("get_order", GetOrder(), verified("jonas@example.org"))
        assert [record.name for record in found.records] == ["your latest order"]
        assert "20417" not in found.model_dump_json()

    def test_a_verified_customer_may_name_an_order_of_theirs(self, desk: Desk) -> None:
        found = desk("get_order", BY_NUMBER, verified("jonas@example.org", {"[ORDER_1]": "LO-20417"}))
        assert len(found.records) == 1

    @pytest.mark.parametrize(
        "caller",
        [
            proving("LO-99999", "jonas@example.org"),
            proving("LO-20417", "nora@example.com"),
            proving("LO-20417"),
            proving("LO-20417", ""),
            proving("LO-20417", "jonas@example.org\x00"),
            proving("LO-20417", "jonas@example.org,nora@example.com"),
            proving("' OR 1=1 --", "jonas@example.org"),
            verified("nora@example.com", {"[ORDER_1]": "LO-20417", "[EMAIL_1]": "jonas@example.org"}),
            verified(None, {"[ORDER_1]": "LO-20417", "[EMAIL_1]": "jonas@example.org"}),
        ],
    )
    def test_an_order_that_is_missing_and_one_of_somebody_else_look_the_same(self, desk: Desk, caller: Caller) -> None:
        assert desk("get_order", BY_NUMBER, caller) == Evidence()

    def test_the_latest_order_of_somebody_else_is_not_shown(self, desk: Desk) -> None:
        assert desk("get_order", GetOrder(), verified("nora@example.com")) == Evidence()

    def test_addresses_that_only_unicode_folding_joins_are_different(self, catalog: Catalog) -> None:
        desk = Desk(catalog, Orders(ORDER.model_copy(update={"email": "strasse@example.org"})))
        assert desk("get_order", GetOrder(), verified("straße@example.org")) == Evidence()

    def test_the_latest_order_needs_a_verified_customer(self, desk: Desk) -> None:
        for caller in (proving("LO-20417", "jonas@example.org"), verified(None)):
            with pytest.raises(ToolFailed, match="for signed-in customers alone"):
                desk("get_order", GetOrder(), caller)

    def test_a_placeholder_that_stands_for_nothing_fails(self, desk: Desk) -> None:
        with pytest.raises(ToolFailed, match=r"no order number \[ORDER_2\]"):
            desk("get_order", GetOrder(order_number="[ORDER_2]"), proving("LO-20417", "jonas@example.org"))

    def test_an_anonymous_customer_is_refused(self, desk: Desk) -> None:
        caller = Caller(
            "lumen", Identity.ANONYMOUS, NOW, {"[ORDER_1]": "LO-20417", "[EMAIL_1]": ORDER.email}, ORDER.email
        )
        with pytest.raises(ToolFailed, match="not open to this customer"):
            desk("get_order", BY_NUMBER, caller)

    def test_a_shop_without_orders_says_so(self, catalog: Catalog) -> None:
        with pytest.raises(ToolFailed, match="cannot be read here"):
            Desk(catalog, None)("get_order", BY_NUMBER, proving("LO-20417", "jonas@example.org"))

    def test_what_an_order_does_not_state_is_an_absence(self, catalog: Catalog) -> None:
        bare = Order(
            order_number="LO-20417", email="jonas@example.org", status="paid", placed_on=date(2026, 11, 2),
            total_minor=1, currency="EUR",
        )  # fmt: skip
        found = Desk(catalog, Orders(bare))("get_order", BY_NUMBER, proving("LO-20417", "jonas@example.org"))
        assert [absence.field for absence in found.absences] == ["expected_on", "carrier", "tracking_code", "items"]

    def test_an_order_that_has_arrived_was_expected(self, catalog: Catalog) -> None:
        arrived = ORDER.model_copy(update={"status": "delivered", "delivered_on": date(2026, 11, 23)})
        found = Desk(catalog, Orders(arrived))("get_order", BY_NUMBER, proving("LO-20417", "jonas@example.org"))
        phrases = {fact.field: fact.wording.phrase for fact in found.facts}
        assert phrases["expected_on"] == "It was expected on {value}."
        assert phrases["delivered_on"] == "It was delivered on {value}."


ADDRESSES = st.sampled_from(
    ["a@x.org", "A@X.org", "b@x.org", "a@x.org.evil.com", "ａ@x.org", "", " a@x.org", "ss@x.org", "ß@x.org"]
) | st.text(max_size=12)
NUMBERS = st.sampled_from(["LO-1", "LO-2", "' OR 1=1 --"])


CALLERS = st.builds(
    lambda identity, number, written, customer: Caller(
        "lumen",
        identity,
        NOW,
        {"[ORDER_1]": number, **{f"[EMAIL_{place}]": text for place, text in enumerate(written, start=1)}},
        customer,
    ),
    st.sampled_from(Identity),
    NUMBERS,
    st.lists(ADDRESSES, max_size=3),
    st.none() | ADDRESSES,
)


@given(owner=ADDRESSES, number=NUMBERS, caller=CALLERS, call=st.sampled_from([GetOrder(), BY_NUMBER]))
def test_no_caller_ever_sees_an_order_of_another_address(
    catalog: Catalog, owner: str, number: str, caller: Caller, call: GetOrder
) -> None:
    order = ORDER.model_copy(update={"email": owner, "order_number": number})
    try:
        found = Desk(catalog, Orders(order))("get_order", call, caller)
    except ToolFailed:
        return

    written = [text for name, text in caller.originals.items() if name.startswith("[EMAIL_")]
    shown = written if caller.identity is Identity.ORDER_PROOF else [caller.customer or ""]
    same = re.compile(re.escape(owner.strip()), re.ASCII | re.IGNORECASE)
    theirs = any(one.strip() and same.fullmatch(one.strip()) for one in shown)
    assert bool(found.records) == (theirs and (call.order_number is None or caller.originals["[ORDER_1]"] == number))
    assert theirs or found == Evidence()
