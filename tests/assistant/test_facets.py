from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.catalog.build import build_catalog
from assistant.catalog.catalog import Catalog
from assistant.embedded.reader import Reader
from assistant.facets import facets_of, hints_of
from chains.facets import FieldFacet, Hints
from chains.scope_file import load_scope
from chains.tools import CompareProducts, GetProduct, SearchProducts
from tests.assistant.catalog.shop import WordEncoder, built, raw

DEMO = Path(__file__).parents[2] / "assistant" / "demo" / "shop"
PRODUCTS = [
    raw(
        "LAP-1", name="Nova 14", price_minor=89950, stock=3, attributes={"memory": "16 GB", "ports": ["USB-C", "HDMI"]}
    ),
    raw(
        "LAP-2", name="Nova 16", price_minor=129900, attributes={"memory": "32 GB", "colour": "silver", "backlit": True}
    ),
    raw("LAMP-1", name="Fern", brand="fjellys", category="table-lamps", attributes={"colour": "black"}),
    *(
        raw(f"P-{number:02}", name=f"Plum {number}", attributes={"colour": f"shade {number:02}"})
        for number in range(30)
    ),
]
FIELDS = '[categories.table_lamps]\nname = "lamps for tables"\n[fields.memory]\nlabel = "RAM"\n'


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    opened = built(tmp_path_factory.mktemp("shop"), PRODUCTS, FIELDS, {"returns": "# Returns\n\nWithin 30 days.\n"})
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def hints(catalog: Catalog) -> Hints:
    return hints_of(Reader(catalog.vocabulary), catalog)


def skus(hints: Hints, text: str, *products: str) -> list[str]:
    return [hint.sku for hint in hints(text, products)]


# Facets


def test_a_catalogs_words_become_facets_in_order(catalog: Catalog) -> None:
    facets = facets_of(catalog.vocabulary)
    assert facets.currency == "EUR"
    assert facets.categories == (("laptops", "laptops"), ("table_lamps", "lamps for tables"))
    assert facets.brands == ("Aurel", "fjellys")
    assert facets.topics == ("returns",)
    keys = [field.key for field in facets.fields]
    assert keys == sorted(keys)
    assert facets_of(catalog.vocabulary) == facets


def test_a_field_says_its_kind_its_range_and_where_it_is(catalog: Catalog) -> None:
    fields = {field.key: field for field in facets_of(catalog.vocabulary).fields}
    assert fields["memory"] == FieldFacet("memory", "RAM", "quantity", "GB", "16", "32", (), ("laptops",))
    assert fields["backlit"].kind == "flag"
    assert fields["ports"].values == ("HDMI", "USB-C")


def test_prices_are_in_the_currency_itself(catalog: Catalog) -> None:
    price = next(field for field in facets_of(catalog.vocabulary).fields if field.key == "price")
    assert (price.kind, price.unit, price.low, price.high) == ("money", "EUR", "10", "1299")


def test_a_long_list_of_words_is_cut(catalog: Catalog) -> None:
    colours = next(field for field in facets_of(catalog.vocabulary).fields if field.key == "colour")
    assert colours.values[:2] == ("black", "shade 00")
    assert len(colours.values) == 24


# Hints


def test_products_that_the_text_names_go_first_then_those_that_the_customer_sees(hints: Hints) -> None:
    assert skus(hints, "is the Nova 16 in stock", "LAMP-1", "P-01")[:3] == ["LAP-2", "LAMP-1", "P-01"]


def test_what_shares_a_word_with_the_text_follows(hints: Hints) -> None:
    found = hints("anything like a fern", ())
    assert [(hint.sku, hint.name, hint.category) for hint in found] == [("LAMP-1", "Fern", "table_lamps")]


def test_there_are_at_most_eight_and_each_is_named_once(hints: Hints) -> None:
    found = skus(hints, "Plum 1, plum 2, any plum", "P-01", "P-01")
    assert len(found) == len(set(found)) == 8


@pytest.mark.parametrize("text", ["", "   ", "qwertz", "?" * 500])
def test_a_text_that_means_no_product_has_no_hints(hints: Hints, text: str) -> None:
    assert skus(hints, text) == []


def test_a_product_that_is_gone_is_no_hint(hints: Hints) -> None:
    assert skus(hints, "", "GONE-1", "LAP-1") == ["LAP-1"]


# The demo shop's worked examples


def test_the_demo_shops_worked_examples_name_what_its_catalog_has(tmp_path: Path) -> None:
    build_catalog(DEMO / "products.jsonl", DEMO / "fields.toml", DEMO / "policies", tmp_path, WordEncoder())
    catalog = Catalog.open(tmp_path, WordEncoder())
    scope = load_scope(DEMO / "scope.toml").scope
    shots = [shot for intent in scope.intents for shot in intent.shots]
    assert len(shots) >= 10
    for name, written in (pair for shot in shots for one in shot.calls for pair in one.items()):
        arguments = scope.specs[name].arguments.model_validate(written, strict=False)
        match arguments:
            case SearchProducts(all_words=False):
                assert catalog.search(arguments).total > 0
            case GetProduct(sku=sku, fields=fields):
                assert catalog.get(sku) is not None
                assert {*fields} <= catalog.vocabulary.fields.keys()
            case CompareProducts(fields=fields):
                assert all(catalog.get(sku) for sku in arguments.skus)
                assert {*fields} <= catalog.vocabulary.fields.keys()
            case _:
                assert name in {"search_products", "check_stock", "find_policy", "get_order", "list_categories"}
    catalog.close()
