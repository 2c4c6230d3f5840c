"""The words of one catalog: what its fields, categories, brands and products are called.

Built once from a catalog, and shared by everything that has to find these words in what a customer
writes. Nothing outside this vocabulary can be named in a filter or echoed in an answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from chains.facts import Wording

FieldKind = Literal["money", "quantity", "flag", "text", "terms"]


@dataclass(frozen=True)
class FieldWords:
    """One field of the catalog: its names, its kind, and the values that it takes anywhere.

    `unit` is the unit in which most products state it ("" for plain numbers); `low` and `high` are the
    smallest and largest number in that unit; `values` are the distinct words of a text or terms field;
    `categories` are the keys of the categories whose products have it.
    """

    key: str
    label: str
    kind: FieldKind
    synonyms: tuple[str, ...] = ()
    unit: str = ""
    values: tuple[str, ...] = ()
    low: Decimal | None = None
    high: Decimal | None = None
    categories: frozenset[str] = frozenset()
    wording: Wording = Wording()


@dataclass(frozen=True)
class CategoryWords:
    """One category: its key, how a customer reads it, and what else it is called."""

    key: str
    name: str
    singular: str
    synonyms: tuple[str, ...] = ()


@dataclass(frozen=True)
class ProductWords:
    """One product or variant by its names; `parent` is the product that a variant belongs to."""

    sku: str
    name: str
    brand: str
    category: str
    parent: str | None = None


@dataclass(frozen=True)
class Vocabulary:
    """All the words of one catalog. `currency` is the ISO 4217 code of its prices."""

    currency: str
    fields: Mapping[str, FieldWords]
    categories: Mapping[str, CategoryWords]
    brands: tuple[str, ...]
    products: tuple[ProductWords, ...]
    topics: tuple[str, ...] = ()
