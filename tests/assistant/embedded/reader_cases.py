"""How the reader's tests write what a request says in the words of `reader_shop.SHOP`.

An expectation names every part that is not empty, apart from `fields` and `leftover`, which are compared only where
they are named. `conditions` are written as `field op value`, parted by `;`.
"""

from typing import TypedDict


class Want(TypedDict, total=False):
    """The parts of a reading that a request is expected to fill."""

    products: str
    ambiguous: bool
    unknown_product: str
    refers_to_context: bool
    context_index: int
    context_plural: bool
    category: str
    excluded_categories: str
    brands: str
    excluded_brands: str
    fields: str
    conditions: str
    foreign_currency: str
    superlative: str
    compare: str
    wants_comparison: bool
    in_stock: bool
    asks_stock: bool
    limit: int
    order_numbers: str
    leftover: str


Case = tuple[str, Want]
