import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.embedded.evidence import CatalogEvidence, ShapeEvidence, shape, things_named
from assistant.embedded.reading import Condition, Mention, Reading
from chains.values import Quantity

NOVA = Mention("LAP-1", (0, 4), 1.0)
FJORD = Mention("LAP-2", (9, 14), 1.0)
HEAVY = Condition("weight", "le", Quantity(value=Decimal(2), unit="kg"), (0, 4))
SHAPES = {
    "several": Reading("", products=(NOVA, FJORD)),
    "comparison": Reading("", products=(NOVA,), wants_comparison=True),
    "product": Reading("", products=(NOVA,)),
    "product+": Reading("", products=(NOVA,), fields=("weight",)),
    "unknown product": Reading("", unknown_product="nova 99"),
    "this": Reading("", refers_to_context=True),
    "this+": Reading("", refers_to_context=True, conditions=(HEAVY,)),
    "category with conditions": Reading("", category="laptops", superlative=("price", "least")),
    "category": Reading("", category="laptops"),
    "category+": Reading("", category="laptops", fields=("weight",)),
    "conditions": Reading("", foreign_currency="USD"),
    "nothing": Reading(""),
    "nothing+": Reading("", fields=("weight",)),
}


@pytest.mark.parametrize(("word", "reading"), SHAPES.items())
def test_a_shape_says_what_a_request_points_at(word: str, reading: Reading) -> None:
    assert shape(reading) == word


def test_products_that_one_name_leaves_open_are_one_thing() -> None:
    family = (Mention("HEA-1", (0, 4), 0.6, ambiguous=True), Mention("HEA-2", (0, 4), 0.6, ambiguous=True))
    assert shape(Reading("velm", products=family)) == "product"


@pytest.mark.parametrize(
    ("reading", "named"),
    [
        (Reading(""), 0),
        (Reading("", category="laptops"), 1),
        (Reading("", fields=("weight",), conditions=(HEAVY,)), 1),
        (Reading("", products=(NOVA, FJORD), fields=("weight",)), 2),
        (Reading("", products=(NOVA,), category="laptops", fields=("weight", "price")), 3),
    ],
)
def test_kinds_of_things_are_counted_up_to_three(reading: Reading, named: int) -> None:
    assert things_named(reading) == named


def test_the_log_odds_are_those_of_the_examples_with_one_more_of_each() -> None:
    evidence = CatalogEvidence.of(inside=[2, 2, 1], outside=[0])
    # inside: 1, 2, 3, 1 of 7; outside: 2, 1, 1, 1 of 5
    shares = [(2 / 5) / (1 / 7), (1 / 5) / (2 / 7), (1 / 5) / (3 / 7), (1 / 5) / (1 / 7)]
    assert evidence.log_odds == pytest.approx([math.log(share) for share in shares])


def test_naming_things_of_the_catalog_lowers_the_score_and_naming_none_raises_it() -> None:
    evidence = CatalogEvidence.of(inside=[2, 2, 1], outside=[0, 0, 0])
    assert evidence.adjust(0.5, 2) < 0.5 < evidence.adjust(0.5, 0)


@given(score=st.floats(0, 1), named=st.integers(0, 3), seen=st.lists(st.integers(0, 3)))
def test_an_adjusted_score_stays_a_share_and_keeps_its_order(score: float, named: int, seen: list[int]) -> None:
    evidence = CatalogEvidence.of(seen, [0])
    assert 0 < evidence.adjust(0.0, named) <= evidence.adjust(score, named) <= evidence.adjust(1.0, named) < 1


SEEN = ShapeEvidence.of({"price": ["product", "product", "this"], "search": ["category", "category", "nothing"]})


def test_a_shape_speaks_for_the_intent_whose_examples_have_it() -> None:
    (best, share), (other, rest) = SEEN.adjust([("search", 0.5), ("price", 0.5)], "product")
    assert (best, other) == ("price", "search")
    assert share > 0.5 > rest


def test_a_ratio_is_the_smoothed_share_to_that_among_all() -> None:
    # 2 of 3 examples, smoothed by 3 examples' worth of the share among all, 2 of 6
    assert SEEN.log_ratios["price"]["product"] == pytest.approx(math.log(((2 + 3 / 3) / 6) / (2 / 6)))
    assert SEEN.log_ratios["search"]["product"] == pytest.approx(math.log(((0 + 3 / 3) / 6) / (2 / 6)))


def test_a_shape_that_no_example_has_changes_nothing() -> None:
    assert SEEN.adjust([("price", 0.7), ("search", 0.3)], "comparison") == (("price", 0.7), ("search", 0.3))


@given(share=st.floats(0.001, 0.999), shape=st.sampled_from([*SHAPES]))
def test_adjusted_scores_are_probabilities_best_first(share: float, shape: str) -> None:
    adjusted = SEEN.adjust([("price", share), ("search", 1 - share)], shape)
    scores = [score for _, score in adjusted]
    assert sum(scores) == pytest.approx(1)
    assert scores == sorted(scores, reverse=True)
