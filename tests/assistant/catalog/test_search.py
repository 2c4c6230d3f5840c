"""Searches are compared with a plain reading of the same rules, on generated catalogs and conditions."""

import tempfile
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.catalog.catalog import Catalog
from assistant.catalog.importing import native
from assistant.catalog.products import Item, Product, items
from assistant.catalog.ranking import DEPTH, fuse
from assistant.catalog.vectors import DIMENSIONS
from chains.errors import ToolFailed
from chains.tools import Filter, SearchProducts
from chains.values import Flag, Quantity, Terms, Text, in_base
from tests.assistant.catalog.shop import Raw, built, raw

COLOURS, PORTS = ("black", "White", "blue"), ("HDMI", "USB-C", "Ethernet")
WEIGHTS = ("500 g", "0.5 kg", "1.25 kg", "1250 g", "2 kg")
FIRST = [  # every value occurs here, so that any drawn condition is one that the catalog knows
    raw("ALL-1", attributes={"weight": "2 kg", "colour": "black", "ports": list(PORTS), "bluetooth": True}),
    raw("ALL-2", category="phones", brand="Quill", stock=1, attributes={"weight": "500 g", "colour": "White"}),
    raw("ALL-3", attributes={"weight": "1.25 kg", "colour": "blue", "bluetooth": False}),
    raw("ALL-4", attributes={"weight": "heavy", "colour": "2 m", "ports": "HDMI", "bluetooth": "on request"}),
]


@st.composite
def attributes(draw: st.DrawFn) -> Raw:
    return draw(
        st.fixed_dictionaries(
            {},
            optional={
                "weight": st.sampled_from(WEIGHTS),
                "colour": st.sampled_from(COLOURS),
                "ports": st.lists(st.sampled_from(PORTS), min_size=1, max_size=3),
                "bluetooth": st.booleans(),
            },
        )
    )


@st.composite
def shops(draw: st.DrawFn) -> list[Raw]:
    products = list(FIRST)
    for number in range(draw(st.integers(0, 6))):
        sku = f"P-{number}"
        variants = [
            {"sku": f"{sku}-{place}", "name": f"v{place}", "attributes": draw(attributes())}
            | draw(st.fixed_dictionaries({}, optional={"price_minor": st.integers(0, 3), "stock": st.integers(0, 1)}))
            for place in range(draw(st.integers(0, 2)))
        ]
        product = raw(
            sku,
            category=draw(st.sampled_from(("laptops", "phones"))),
            brand=draw(st.sampled_from(("Aurel", "Quill", ""))),
            price_minor=draw(st.integers(0, 3)),
            stock=draw(st.sampled_from((None, 0, 1, 5))),
            attributes=draw(attributes()),
            variants=variants,
        )
        products.append(product)
    return products


FILTERS = st.one_of(
    st.builds(
        Filter,
        field=st.just("weight"),
        op=st.sampled_from(("eq", "ne", "lt", "le", "gt", "ge")),
        value=st.sampled_from((0.5, 1.25, 1.3, 2)),
        unit=st.sampled_from(("kg", "")),
    ),
    st.builds(
        Filter, field=st.just("weight"), op=st.sampled_from(("lt", "ge", "eq")), value=st.just(1250), unit=st.just("g")
    ),
    st.builds(
        Filter, field=st.just("colour"), op=st.sampled_from(("eq", "ne")), value=st.sampled_from(("BLACK", "white"))
    ),
    st.builds(
        Filter, field=st.just("ports"), op=st.sampled_from(("has", "has_not", "eq")), value=st.sampled_from(PORTS)
    ),
    st.builds(Filter, field=st.just("bluetooth"), op=st.sampled_from(("eq", "ne")), value=st.booleans()),
)
CRITERIA = st.builds(
    SearchProducts,
    category=st.sampled_from((None, "laptops", "phones")),
    brand=st.sampled_from((None, "aurel", "Quill")),
    price_min_minor=st.sampled_from((None, 1, 2)),
    price_max_minor=st.sampled_from((None, 2, 1000)),
    filters=st.lists(FILTERS, max_size=2).map(tuple),
    in_stock=st.sampled_from((None, False, True)),
    sort_by=st.sampled_from((None, "price", "weight", "stock")),
    order=st.sampled_from(("asc", "desc")),
    limit=st.sampled_from((1, 3, 20)),
)


def meets(item: Item, wanted: SearchProducts, unit: str) -> bool:
    """The rules of a search, read plainly for one item."""
    return (
        wanted.category in {None, item.category}
        and (wanted.brand is None or item.brand.casefold() == wanted.brand.casefold())
        and (wanted.price_min_minor is None or item.price_minor >= wanted.price_min_minor)
        and (wanted.price_max_minor is None or item.price_minor <= wanted.price_max_minor)
        and (not wanted.in_stock or (item.stock or 0) > 0)
        and all(meets_filter(item, condition, unit) for condition in wanted.filters)
    )


def meets_filter(item: Item, condition: Filter, unit: str) -> bool:
    match item.attributes.get(condition.field):
        case Quantity() as value if condition.field == "weight":
            have = in_base(value)
            want = in_base(Quantity(value=Decimal(str(condition.value)), unit=condition.unit or unit))
            assert have is not None
            assert want is not None
            return {
                "eq": have == want,
                "ne": have != want,
                "lt": have < want,
                "le": have <= want,
                "gt": have > want,
                "ge": have >= want,
            }[condition.op]
        case Flag(value=value):
            return (value == condition.value) == (condition.op == "eq")
        case Text(value=value) if condition.field == "colour":
            return (value.casefold() == str(condition.value).casefold()) == (condition.op == "eq")
        case Text(value=value) if condition.field == "ports":
            return (str(condition.value) == value) == (condition.op != "has_not")
        case Terms(values=values):
            return (str(condition.value) in values) == (condition.op != "has_not")
        case _:
            return False


def sort_value(item: Item, field: str) -> Decimal | None:
    if field == "price":
        return Decimal(item.price_minor)
    if field == "stock":
        return None if item.stock is None else Decimal(item.stock)
    value = item.attributes.get(field)
    return in_base(value) if isinstance(value, Quantity) else None


def expected(products: Sequence[Raw], wanted: SearchProducts, unit: str) -> tuple[list[str], int, int]:
    """The SKUs in order, the total and how many lack the sorting field."""
    read = sorted((Product.model_validate(native(product)) for product in products), key=lambda product: product.sku)
    matching = [[item for item in items(product) if meets(item, wanted, unit)] for product in read]
    groups = [group for group in matching if group]

    def key(item: Item) -> tuple[bool, Decimal]:
        value = sort_value(item, wanted.sort_by or "")
        return value is None, (value or Decimal(0)) * (1 if wanted.order == "asc" else -1)

    def usual(item: Item) -> tuple[int, int]:
        return 1 if item.stock is None else 0 if item.stock else 2, item.price_minor

    if wanted.sort_by is None:
        chosen = sorted((group[0] for group in groups), key=usual)
        return [item.sku for item in chosen], len(groups), 0
    chosen = sorted((min(group, key=key) for group in groups), key=key)
    return [item.sku for item in chosen], len(groups), sum(key(item)[0] for item in chosen)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(shops(), st.lists(CRITERIA, min_size=5, max_size=12))
def test_conditions_and_orders_agree_with_a_plain_reading_of_the_rules(
    products: list[Raw], searches: list[SearchProducts]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        catalog = built(Path(folder), products)
        unit = catalog.vocabulary.fields["weight"].unit
        for wanted in searches:
            hits = catalog.search(wanted)
            skus, total, unlisted = expected(products, wanted, unit)
            assert hits.exact
            assert ([item.sku for item in hits.items], hits.total, hits.unlisted) == (
                skus[: wanted.limit],
                total,
                unlisted,
            )
        catalog.close()


SHOP = [
    raw(
        "LAP-1",
        name="Aurel Nova 14",
        description="For students and office work.",
        stock=3,
        attributes={"memory": "16 GB", "colour": "silver", "ports": ["HDMI"], "backlit": True, "note": "x" * 190},
        variants=[{"sku": "LAP-1-32", "name": "32 GB", "price_minor": 1500, "attributes": {"memory": "32 GB"}}],
    ),
    raw("LAP-2", name="Fjord 15", brand="Northvik", price_minor=500, stock=0, description="A rugged case."),
    raw(
        "CHA-1", name="Tank 20", brand="Ampella", category="chargers", attributes={"fits": ["Aurel Nova 14", "laptop"]}
    ),
]
FIELDS = """
[fields.memory]
label = "working memory"
[categories.laptops]
name = "laptops"
synonyms = ["notebook"]
"""


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    opened = built(tmp_path, SHOP, FIELDS)
    yield opened
    opened.close()


def skus(catalog: Catalog, **wanted: object) -> list[str]:
    return [item.sku for item in catalog.search(SearchProducts.model_validate(wanted)).items]


def test_a_variant_stands_for_its_product_where_only_it_matches(catalog: Catalog) -> None:
    hits = catalog.search(SearchProducts(filters=(Filter(field="memory", op="ge", value=32),)))
    assert [(item.sku, item.parent, item.price_minor, item.stock) for item in hits.items] == [
        ("LAP-1-32", "LAP-1", 1500, 3)
    ]


def test_conditions_come_back_in_the_words_of_the_catalog(catalog: Catalog) -> None:
    wanted = SearchProducts(
        category="laptops",
        brand="AUREL",
        price_max_minor=1000,
        filters=(Filter(field="memory", op="ge", value=16), Filter(field="ports", op="eq", value="hdmi")),
    )
    hits = catalog.search(wanted)
    assert hits.noun == "laptops"
    assert [(found.field, found.label, found.op) for found in hits.conditions] == [
        ("brand", "brand", "eq"),
        ("price", "price", "le"),
        ("memory", "working memory", "ge"),
        ("ports", "ports", "has"),
    ]
    assert hits.conditions[0].value == Text(value="Aurel")
    assert hits.conditions[2].value == Quantity(value=Decimal(16), unit="GB")
    assert hits.conditions[3].value == Text(value="HDMI")


def test_a_filter_on_price_is_in_the_currency_itself(catalog: Catalog) -> None:
    assert skus(catalog, category="laptops", filters=(Filter(field="price", op="lt", value=10, unit="EUR"),)) == [
        "LAP-2"
    ]
    assert skus(catalog, filters=(Filter(field="price", op="eq", value=15.0),)) == ["LAP-1-32"]


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"category": "laptop"}, "no category 'laptop'; did you mean 'laptops'"),
        ({"brand": "Aurell"}, "did you mean 'Aurel'"),
        ({"sort_by": "colour"}, "no number"),
        ({"sort_by": "wheels"}, "no field 'wheels'"),
        ({"filters": (Filter(field="memroy", op="eq", value=1),)}, "did you mean 'memory'"),
        ({"filters": (Filter(field="memory", op="has", value=1),)}, "it is a number"),
        ({"filters": (Filter(field="memory", op="eq", value=True),)}, "it is a number"),
        ({"filters": (Filter(field="memory", op="eq", value=1, unit="kg"),)}, "its unit is 'GB'"),
        ({"filters": (Filter(field="memory", op="eq", value=1, unit="parsec"),)}, "its unit is 'GB'"),
        ({"filters": (Filter(field="stock", op="eq", value=1, unit="kg"),)}, "it has no unit"),
        ({"filters": (Filter(field="memory", op="eq", value=0.1234567),)}, "too fine"),
        ({"filters": (Filter(field="backlit", op="eq", value="yes"),)}, "yes or no"),
        ({"filters": (Filter(field="colour", op="lt", value="silver"),)}, "it is a word"),
        ({"filters": (Filter(field="ports", op="has", value=3),)}, "a list of words"),
        ({"filters": (Filter(field="ports", op="has", value="HDMY"),)}, "did you mean 'HDMI'"),
        ({"filters": (Filter(field="colour", op="eq", value="c" * 200),)}, "c…"),
        ({"filters": (Filter(field="price", op="le", value=9, unit="USD"),)}, "Prices are in EUR"),
        ({"filters": (Filter(field="price", op="le", value=9.999),)}, "no sum of money"),
        ({"filters": (Filter(field="price", op="has", value=9),)}, "an amount of money"),
    ],
)
def test_what_the_catalog_does_not_know_is_refused_with_a_sentence(
    catalog: Catalog, wanted: dict[str, object], message: str
) -> None:
    with pytest.raises(ToolFailed, match=message) as refused:
        catalog.search(SearchProducts.model_validate(wanted))
    assert len(str(refused.value)) < 600


def test_free_text_that_names_products_finds_exactly_these(catalog: Catalog) -> None:
    hits = catalog.search(SearchProducts(query="do you have the aurel nova"))
    assert ([item.sku for item in hits.items], hits.total, hits.exact) == (["LAP-1"], 1, True)
    assert catalog.search(SearchProducts(query="notebooks")).total == 2


def test_free_text_beyond_names_only_ranks(catalog: Catalog) -> None:
    hits = catalog.search(SearchProducts(query="rugged laptop"))
    assert hits.items[0].sku == "LAP-2"
    assert not hits.exact


def test_what_has_nothing_to_do_with_the_text_is_left_out(catalog: Catalog) -> None:
    hits = catalog.search(SearchProducts(query="zebra crossing"))
    assert (hits.items, hits.total, hits.exact) == ((), 0, False)
    assert catalog.search(SearchProducts(query="the")).total == 0


def test_the_likeliest_products_have_the_words_of_a_text(catalog: Catalog) -> None:
    found = catalog.likeliest("a quiet Nova for me", 3)
    assert found[:1] == tuple(item.sku for item in catalog.search(SearchProducts(query="Nova", limit=1)).items)
    assert len(catalog.likeliest("Nova", 1)) == 1
    assert catalog.likeliest("qwertz", 3) == catalog.likeliest("", 3) == ()


def test_free_text_within_conditions_that_nothing_meets_finds_nothing(catalog: Catalog) -> None:
    hits = catalog.search(SearchProducts(query="laptop", price_min_minor=10**9, sort_by="price"))
    assert (hits.items, hits.total) == ((), 0)


def test_found_by_free_text_and_sorted(catalog: Catalog) -> None:
    assert skus(catalog, query="laptop", sort_by="price") == ["LAP-2", "LAP-1"]
    assert skus(catalog, query="rugged office laptop", sort_by="price", order="desc") == ["LAP-1-32", "CHA-1", "LAP-2"]


def test_a_given_vector_takes_the_place_of_the_query_s_own(catalog: Catalog) -> None:
    nowhere = np.zeros(DIMENSIONS, dtype=np.float32)
    assert catalog.search(SearchProducts(query="student"), nowhere).total == 1


def test_without_any_stock_stated_nothing_is_known_to_be_in_stock(tmp_path: Path) -> None:
    catalog = built(tmp_path, [raw("A-1", brand="")])
    assert catalog.search(SearchProducts(in_stock=True)).total == 0
    assert catalog.search(SearchProducts()).total == 1
    with pytest.raises(ToolFailed, match="no field 'brand'"):
        catalog.search(SearchProducts(brand="Aurel"))
    assert catalog.vocabulary.products[0].brand == ""


def test_fusion_prefers_what_both_scores_find() -> None:
    lexical = np.array([0, 3, 2, 0], dtype=np.float32)
    cosine = np.array([0.8, 0.1, 0.9, -0.5], dtype=np.float32)
    assert fuse(lexical, cosine).tolist() == [2, 1, 0]


def test_fusion_keeps_the_best_of_many() -> None:
    scores = np.arange(1000, dtype=np.float32)
    assert fuse(scores).tolist() == list(range(999, 999 - DEPTH, -1))
    assert fuse(np.zeros(0, dtype=np.float32)).tolist() == []


def test_a_field_that_some_state_in_another_dimension_has_no_first_and_no_last(tmp_path: Path) -> None:
    lives = {"HEA-1": "30 h", "HEA-2": "90 min", "PHO-1": "20 h", "KEY-1": "5 months", "KEY-2": None}
    products = [
        raw(sku, category=sku[:3].lower(), attributes={"battery_life": life} if life else {})
        for sku, life in lives.items()
    ]
    catalog = built(tmp_path, products)
    longest = SearchProducts(sort_by="battery_life", order="desc")
    hits = catalog.search(longest)
    assert ([item.sku for item in hits.items][:3], hits.unlisted, hits.mixed) == (["HEA-1", "PHO-1", "HEA-2"], 2, True)
    assert not catalog.search(longest.model_copy(update={"category": "hea"})).mixed
    denied = Filter(field="battery_life", op="ne", value=20, unit="h")
    assert skus(catalog, filters=(denied,)) == ["HEA-1", "HEA-2"]
