"""Builds the vocabulary of a catalog from its columns and the operator's field file."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from assistant.catalog.columns import Column
from assistant.catalog.shop_words import CategoryEntry, FieldEntry, ShopWords
from assistant.catalog.units import plain
from assistant.catalog.vocabulary import CategoryWords, FieldWords, ProductWords, Vocabulary
from chains.values import UNITS


def build_vocabulary(
    currency: str,
    columns: Mapping[str, Column],
    names: ShopWords,
    products: Iterable[ProductWords],
    topics: tuple[str, ...],
) -> Vocabulary:
    """Return all the words of one catalog.

    Besides the attributes, `fields` has `price` (money; low and high in minor units), `stock` (quantity) and
    `brand` (text). A word of a field is spelled as in the first row that has it.
    """
    category = columns["category"]
    category_of = category.dense(int(category.rows[-1]) + 1)
    return Vocabulary(
        currency=currency,
        fields={
            key: _field(column, names.fields.get(key, FieldEntry()), _categories(column, category, category_of))
            for key, column in columns.items()
            if key != "category"
        },
        categories={key: category_words(key, names) for key in category.words},
        brands=columns["brand"].words if "brand" in columns else (),
        products=tuple(products),
        topics=topics,
    )


def category_words(key: str, names: ShopWords) -> CategoryWords:
    """Return what one category is called; its key stands in for what the field file leaves out."""
    entry = names.categories.get(key, CategoryEntry())
    name = entry.name or key.replace("_", " ")
    return CategoryWords(key, name, entry.singular or name.removesuffix("s"), entry.synonyms)


def field_label(key: str, names: ShopWords) -> str:
    """Return what one field is called; its key stands in for what the field file leaves out."""
    return names.fields.get(key, FieldEntry()).label or key.replace("_", " ")


def _field(column: Column, entry: FieldEntry, categories: frozenset[str]) -> FieldWords:
    has_range = column.kind in {"money", "quantity"} and bool(column.numbers)
    return FieldWords(
        key=column.key,
        label=entry.label or column.key.replace("_", " "),
        kind=column.kind,
        synonyms=entry.synonyms,
        unit=column.unit,
        values=column.words,
        low=_in_unit(column.numbers[0], column.unit) if has_range else None,
        high=_in_unit(column.numbers[-1], column.unit) if has_range else None,
        categories=categories,
        wording=entry.wording,
    )


def _in_unit(base: Decimal, unit: str) -> Decimal:
    return plain((base / UNITS[unit][1]).quantize(Decimal("0.000001")))


def _categories(column: Column, category: Column, category_of: NDArray[np.int64]) -> frozenset[str]:
    counts = np.bincount(category_of[column.rows[column.codes >= 0]], minlength=len(category.words))
    return frozenset(category.words[code] for code in np.flatnonzero(counts))
