"""What a catalog can be searched by, in its own words: what a planner that cannot see the catalog has to know."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class FieldFacet:
    """One attribute: its key, name and kind, the unit it is stated in, and what values it takes.

    `kind` is money, quantity, flag, text or terms. `low` and `high` are numbers as text, in `unit`; `values` are some
    of the words of a text or terms field; `categories` are the keys of the categories whose products have it.
    """

    key: str
    label: str
    kind: str
    unit: str = ""
    low: str | None = None
    high: str | None = None
    values: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()


@dataclass(frozen=True)
class Facets:
    """One catalog's facets. `categories` are pairs of key and name; `currency` is the ISO 4217 code of its prices."""

    currency: str
    categories: tuple[tuple[str, str], ...] = ()
    fields: tuple[FieldFacet, ...] = ()
    brands: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()


@dataclass(frozen=True)
class ProductHint:
    """A product that a text may mean."""

    sku: str
    name: str
    category: str


Hints = Callable[[str, tuple[str, ...]], tuple[ProductHint, ...]]
"""Text and the products of the page and of the last answer -> products that the text may mean, likeliest first."""
