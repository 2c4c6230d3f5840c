import asyncio
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.catalog.catalog import Catalog
from assistant.toolbox import ShopToolbox
from chains.errors import CatalogError, ToolFailed
from chains.facts import Condition
from chains.scope import Scope
from chains.tools import (
    Caller,
    CheckStock,
    CompareProducts,
    Filter,
    FindPolicy,
    GetProduct,
    Identity,
    ListCategories,
    SearchProducts,
)
from chains.values import Flag, Terms, Text
from tests.assistant.shop_desk import NOBODY, NOW, SCOPE, Desk, eur, number, stated
from tests.assistant.small_shop import PRODUCTS, small_catalog


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    opened = small_catalog(tmp_path_factory.mktemp("shop"))
    yield opened
    opened.close()


@pytest.fixture
def desk(catalog: Catalog) -> Desk:
    return Desk(catalog)


class TestGetProduct:
    def test_the_asked_fields_come_with_price_and_stock(self, desk: Desk, catalog: Catalog) -> None:
        found = desk("get_product", GetProduct(sku="LAP-1", fields=("weight", "ports")))

        assert stated(found, "LAP-1") == {
            "price": eur(89900),
            "stock": number("12"),
            "weight": number("1.32", "kg"),
            "ports": Terms(values=("USB-C", "HDMI")),
        }
        weight = found.fact("LAP-1:weight")
        assert weight is not None
        assert (weight.label, weight.wording.phrase) == ("weight", "It weighs {value}.")
        assert (weight.source, weight.version, weight.as_of) == ("get_product", catalog.version, None)
        stock = found.fact("LAP-1:stock")
        assert stock is not None
        assert stock.as_of == NOW
        record = found.record("LAP-1")
        assert record is not None
        assert (record.kind, record.name, record.category, record.url) == (
            "product",
            "Aurel Nova 14",
            "laptops",
            "/p/nova",
        )

    def test_without_fields_all_that_is_stated_comes(self, desk: Desk) -> None:
        found = desk("get_product", GetProduct(sku="LAP-2"))
        assert set(stated(found, "LAP-2")) == {
            "price", "brand", "memory", "weight", "touchscreen", "backlit", "battery_life", "ports",
        }  # fmt: skip
        assert found.absences == ()

    def test_an_asked_field_that_it_lacks_is_an_absence(self, desk: Desk) -> None:
        found = desk("get_product", GetProduct(sku="LAP-1", fields=("battery_life", "weight")))
        assert [(a.record, a.field, a.label) for a in found.absences] == [("LAP-1", "battery_life", "battery life")]
        unknown = desk("get_product", GetProduct(sku="LAP-2", fields=("stock",)))
        assert [absence.field for absence in unknown.absences] == ["stock"]

    def test_a_field_that_no_product_has_fails_and_names_the_nearest(self, desk: Desk) -> None:
        with pytest.raises(ToolFailed, match="no field 'weigth'; did you mean 'weight'"):
            desk("get_product", GetProduct(sku="LAP-1", fields=("weigth",)))

    def test_variants_come_with_the_fields_in_which_they_differ(self, desk: Desk) -> None:
        found = desk("get_product", GetProduct(sku="LAP-1", fields=("weight",)))

        record = found.record("LAP-1-32")
        assert record is not None
        assert (record.kind, record.name, record.parent) == ("variant", "Aurel Nova 14 (32 GB)", "LAP-1")
        assert stated(found, "LAP-1-32") == {
            "price": eur(109900),
            "stock": number("3"),
            "memory": number("32", "GB"),
            "colour": Text(value="silver"),
            "weight": number("1.32", "kg"),
        }
        assert stated(found, "LAP-1-BLUE")["stock"] == number("0")

    def test_a_variant_can_be_read_by_itself(self, desk: Desk) -> None:
        found = desk("get_product", GetProduct(sku="LAP-1-32", fields=("memory", "weight")))
        assert [record.id for record in found.records] == ["LAP-1-32"]
        assert stated(found, "LAP-1-32")["weight"] == number("1.32", "kg")

    def test_no_more_than_six_variants_come(self, desk: Desk) -> None:
        found = desk("get_product", GetProduct(sku="MOU-1"))
        assert sum(record.kind == "variant" for record in found.records) == 6

    def test_the_words_of_asked_word_fields_come_too(self, desk: Desk) -> None:
        found = desk("get_product", GetProduct(sku="MOU-1", fields=("colour", "weight", "ports")))
        assert {field: set(words) for field, words in found.vocabulary.items()} == {
            "colour": {"silver", "midnight blue", "black"},
            "ports": {"USB-C", "HDMI"},
        }

    @pytest.mark.parametrize("sku", ["LAP-9", "lap-1", "LAP-1/../LAP-2"])
    def test_an_unknown_sku_fails(self, desk: Desk, sku: str) -> None:
        with pytest.raises(ToolFailed, match="There is no product"):
            desk("get_product", GetProduct(sku=sku))


class TestCompareProducts:
    def test_the_asked_fields_of_all_come_side_by_side(self, desk: Desk) -> None:
        found = desk("compare_products", CompareProducts(skus=("LAP-1", "LAP-2"), fields=("weight", "battery_life")))
        assert stated(found, "LAP-1")["weight"] == number("1.32", "kg")
        assert stated(found, "LAP-2")["battery_life"] == number("14", "h")
        assert [(absence.record, absence.field) for absence in found.absences] == [("LAP-1", "battery_life")]

    def test_without_fields_the_shared_numbers_and_flags_come(self, desk: Desk) -> None:
        found = desk("compare_products", CompareProducts(skus=("LAP-1", "LAP-2")))
        assert set(stated(found, "LAP-2")) == {"price", "memory", "weight", "touchscreen", "backlit"}
        assert stated(found, "LAP-2")["touchscreen"] == Flag(value=False)
        assert found.absences == ()

    def test_without_fields_what_differs_comes_first(self, desk: Desk) -> None:
        found = desk("compare_products", CompareProducts(skus=("LAP-1", "LAP-2")))
        fields = [fact.field for fact in found.facts if fact.record == "LAP-1"]
        assert fields == ["price", "stock", "weight", "memory", "backlit", "touchscreen"]

    def test_a_product_cannot_be_compared_with_itself(self, desk: Desk) -> None:
        with pytest.raises(ToolFailed, match="two different products"):
            desk("compare_products", CompareProducts(skus=("LAP-1", "LAP-1")))


class TestCheckStock:
    def test_the_stock_of_a_product_and_its_variants_is_as_of_now(self, desk: Desk) -> None:
        found = desk("check_stock", CheckStock(sku="LAP-1"))
        levels = {fact.record: fact.value for fact in found.facts if fact.field == "stock"}
        assert levels == {"LAP-1": number("12"), "LAP-1-32": number("3"), "LAP-1-BLUE": number("0")}
        assert {fact.as_of for fact in found.facts if fact.field == "stock"} == {NOW}
        assert {fact.source for fact in found.facts} == {"check_stock"}

    def test_an_unknown_stock_is_an_absence(self, desk: Desk) -> None:
        found = desk("check_stock", CheckStock(sku="LAP-2"))
        assert [(absence.record, absence.field) for absence in found.absences] == [("LAP-2", "stock")]

    def test_a_shop_that_states_no_stock_has_an_absence_too(self, tmp_path: Path) -> None:
        catalog = small_catalog(tmp_path, PRODUCTS[1:2])
        found = Desk(catalog)("check_stock", CheckStock(sku="LAP-2"))
        catalog.close()
        assert [(absence.field, absence.label) for absence in found.absences] == [("stock", "stock")]


class TestSearchProducts:
    def test_the_result_says_what_was_searched_and_whether_it_is_whole(self, desk: Desk) -> None:
        found = desk(
            "search_products",
            SearchProducts(
                category="laptops",
                brand="aurel",
                price_max_minor=90000,
                filters=(Filter(field="ports", op="has", value="hdmi"),),
                in_stock=True,
                sort_by="weight",
                order="desc",
            ),
        )

        (query,) = found.queries
        assert (query.noun, query.records, query.total, query.exact) == ("laptops", ("LAP-1",), 1, True)
        assert (query.in_stock, query.sort_by, query.order, query.unlisted) == (True, "weight", "desc", 0)
        assert query.conditions == (
            Condition(field="brand", label="brand", op="eq", value=Text(value="Aurel")),
            Condition(field="price", label="price", op="le", value=eur(90000)),
            Condition(field="ports", label="ports", op="has", value=Text(value="HDMI")),
        )
        assert set(stated(found, "LAP-1")) == {"price", "stock", "brand", "ports", "weight"}
        assert set(found.vocabulary["ports"]) == {"USB-C", "HDMI"}

    def test_a_truncated_result_keeps_its_total(self, desk: Desk) -> None:
        found = desk("search_products", SearchProducts(sort_by="price", limit=1))
        (query,) = found.queries
        assert (query.records, query.total, query.exact, query.noun) == (("MOU-1",), 3, True, "products")

    def test_the_same_search_has_the_same_id_and_another_has_another(self, desk: Desk) -> None:
        ids = [
            desk("search_products", criteria).queries[0].id
            for criteria in (SearchProducts(category="mice"), SearchProducts(category="mice"), SearchProducts())
        ]
        assert ids[0] == ids[1] != ids[2]

    def test_nothing_found_is_a_query_without_records(self, desk: Desk) -> None:
        found = desk("search_products", SearchProducts(price_max_minor=1))
        assert (found.queries[0].total, found.records, found.facts) == (0, (), ())

    def test_free_text_finds_too(self, desk: Desk) -> None:
        found = desk("search_products", SearchProducts(query="quill"))
        assert found.queries[0].records == ("MOU-1",)

    def test_words_that_the_catalog_lacks_fail(self, desk: Desk) -> None:
        with pytest.raises(ToolFailed, match="no category 'phones'"):
            desk("search_products", SearchProducts(category="phones"))


class TestListCategories:
    def test_the_shop_sells_its_categories(self, desk: Desk) -> None:
        found = desk("list_categories", ListCategories())
        assert [(record.id, record.kind, record.name) for record in found.records] == [("shop", "shop", "Lumen & Oak")]
        assert stated(found, "shop") == {"categories": Terms(values=("laptops", "mice"))}

    def test_a_category_has_brands_a_size_and_a_range_of_prices(self, desk: Desk) -> None:
        found = desk("list_categories", ListCategories(category="laptops"))
        assert stated(found, "shop") == {
            "laptops.count": number("2"),
            "laptops.brands": Terms(values=("Aurel", "Northvik")),
            "laptops.lowest_price": eur(69900),
            "laptops.highest_price": eur(109900),
        }
        assert found.facts[0].wording.phrase == "It has {value} laptops."

    def test_a_category_without_brands_states_none(self, desk: Desk) -> None:
        found = desk("list_categories", ListCategories(category="mice"))
        assert set(stated(found, "shop")) == {"mice.count", "mice.lowest_price", "mice.highest_price"}

    def test_an_unknown_category_fails(self, desk: Desk) -> None:
        with pytest.raises(ToolFailed, match="no category 'phones'"):
            desk("list_categories", ListCategories(category="phones"))

    def test_a_name_too_long_for_a_sentence_fails(self, tmp_path: Path) -> None:
        catalog = small_catalog(tmp_path, fields=f'[categories.laptops]\nname = "{"x" * 200}"')
        with pytest.raises(ToolFailed, match="cannot be stated"):
            Desk(catalog)("list_categories", ListCategories(category="laptops"))
        catalog.close()


class TestFindPolicy:
    def test_the_nearest_paragraphs_come_whole(self, desk: Desk) -> None:
        found = desk("find_policy", FindPolicy(query="within how many days can I return something?", limit=1))
        (passage,) = found.passages
        assert (passage.id, passage.text) == ("returns#time-limit.1", "You can return everything within 30 days.")

    def test_only_the_named_topics_are_looked_in(self, desk: Desk) -> None:
        found = desk("find_policy", FindPolicy(query="free of charge", topics=("delivery-costs",)))
        assert [passage.id for passage in found.passages] == ["delivery-costs#costs.1"]

    def test_an_unknown_topic_fails(self, desk: Desk) -> None:
        with pytest.raises(ToolFailed, match="no policy 'return'; did you mean 'returns'"):
            desk("find_policy", FindPolicy(query="return", topics=("return",)))


class TestEveryCall:
    @pytest.mark.parametrize("name", ["drop_tables", "", "get_order"])
    def test_a_tool_that_does_not_exist_or_takes_other_arguments_fails(self, desk: Desk, name: str) -> None:
        with pytest.raises(ToolFailed, match="There is no tool"):
            desk(name, CheckStock(sku="LAP-1"))

    def test_a_caller_of_another_site_is_refused(self, desk: Desk) -> None:
        with pytest.raises(ToolFailed, match="not open to this customer"):
            desk("list_categories", ListCategories(), Caller("other", Identity.VERIFIED, NOW, {}))

    def test_a_damaged_catalog_is_a_failed_call(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        def damaged(self: Catalog, sku: str) -> None:
            raise CatalogError("The catalog file is damaged; import the catalog again.")

        monkeypatch.setattr(Catalog, "get", damaged)
        with pytest.raises(ToolFailed, match="file is damaged"):
            desk("check_stock", CheckStock(sku="LAP-1"))

    def test_the_operators_own_tools_run_beside_the_built_in_ones(self, catalog: Catalog, tmp_path: Path) -> None:
        connection = sqlite3.connect(tmp_path / "shop.db")
        connection.execute("CREATE TABLE hours (day, opens)")
        connection.execute("INSERT INTO hours VALUES ('monday', '9:00')")
        connection.commit()
        connection.close()
        tool = {
            "name": "opening_times",
            "description": "Opening times of a day.",
            "kind": "sql",
            "source": "sqlite:///shop.db",
            "query": "SELECT opens FROM hours WHERE day = :day",
            "parameters": [{"name": "day", "type": "text", "pattern": "^[a-z]+$"}],
            "returns": {"opens": "opening time"},
        }
        scope = Scope.model_validate_json(json.dumps({**SCOPE.model_dump(mode="json"), "tools": [tool]}))
        box = ShopToolbox(catalog, None, scope, tmp_path)
        arguments = scope.specs["opening_times"].arguments.model_validate({"day": "monday"})

        found = asyncio.run(box.run("opening_times", arguments, NOBODY))

        assert [fact.value for fact in found.facts] == [Text(value="9:00")]
