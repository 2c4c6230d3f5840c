from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from assistant.embedded.encoder import Encoder
from assistant.embedded.fields import NEAR, FieldFinder
from tests.assistant.embedded.reader_shop import SHOP


@pytest.fixture(scope="module")
def finder(encoder: Encoder) -> FieldFinder:
    return FieldFinder(SHOP, encoder)


@pytest.mark.parametrize(
    ("text", "category", "field"),
    [
        ("how heavy is it", "laptops", "weight"),
        ("how loud is it when it runs", "vacuums", "noise_level"),
        ("is it ok to use in the rain", "headphones", "waterproof"),
    ],
)
def test_a_question_without_a_fields_word_finds_the_field_it_is_about(
    finder: FieldFinder, text: str, category: str, field: str
) -> None:
    assert finder.nearest(text, category) == field


def test_a_field_that_the_category_lacks_is_never_the_one(finder: FieldFinder) -> None:
    assert finder.nearest("how loud is it when it runs", "laptops") is None


def test_without_a_category_every_field_is_looked_at(finder: FieldFinder) -> None:
    assert finder.nearest("how loud is it when it runs", None) == "noise_level"


@pytest.mark.parametrize("text", ["will it keep my sandwich warm", "", "does it hurt my ears"])
def test_a_question_about_no_field_finds_none(finder: FieldFinder, text: str) -> None:
    assert finder.nearest(text, "headphones") is None


def test_a_category_that_no_field_has_finds_none(finder: FieldFinder) -> None:
    assert finder.nearest("how heavy is it", "gardens") is None


def test_price_stock_and_brand_are_not_found_by_meaning(encoder: Encoder) -> None:
    prices = replace(SHOP, fields={"price": SHOP.fields["price"]})
    assert FieldFinder(prices, encoder).nearest("price", None) is None


class Leaning(Encoder):
    """Every field points one way, and every text at a given cosine to it."""

    def __init__(self, cosine: float) -> None:
        self._to = np.array([cosine, np.sqrt(1 - cosine**2)], dtype=np.float32)

    def encode(self, text: str) -> NDArray[np.float32]:
        return self._to

    def encode_many(self, texts: Sequence[str], *_: object, **__: object) -> NDArray[np.float32]:
        return np.array([[1, 0]] * len(texts), dtype=np.float32)


@pytest.mark.parametrize(("cosine", "found"), [(NEAR + 0.01, "weight"), (NEAR - 0.01, None)])
def test_near_is_from_the_threshold_on(cosine: float, found: str | None) -> None:
    one = replace(SHOP, fields={"weight": SHOP.fields["weight"]})
    assert FieldFinder(one, Leaning(cosine)).nearest("anything", "laptops") == found
