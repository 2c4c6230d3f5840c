"""The catalog as the assistant reads it: search, single items, and policy passages.

Conditions filter exactly; free text only ranks what is left, by words (BM25) and by meaning (cosine), joined by
reciprocal rank fusion. Everything that a search touches is in memory; single products come from the file.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
from pydantic import ValidationError

from assistant.catalog.columns import Column, Mask
from assistant.catalog.conditions import Terms
from assistant.catalog.index import POINTER, Stored, active, read_index
from assistant.catalog.lexicon import Lexicon
from assistant.catalog.policies import Policy
from assistant.catalog.products import Item, Product, items
from assistant.catalog.ranking import Places, fuse, smallest
from assistant.catalog.shop_words import ShopWords
from assistant.catalog.toml_file import nearest
from assistant.catalog.vectors import DIMENSIONS, TextEncoder, Vectors
from assistant.catalog.vocabulary import ProductWords, Vocabulary
from assistant.catalog.words import build_vocabulary
from chains.errors import CatalogError, ToolFailed
from chains.facts import Condition, Passage
from chains.tools import SearchProducts

# Below these a text without a word in common has nothing to do with the query. Seen with all-MiniLM-L6-v2 on a shop
# of 143 products and 17 policies: what the shop does not sell ("a bicycle") stays below 0.28 and a fitting product is
# above 0.33; a question beside the point ("the meaning of life") stays below 0.11 of every policy.
RELEVANT_COSINE = 0.30
RELEVANT_PASSAGE_COSINE = 0.20
TITLE_WEIGHT = 0.5
BEST_OF_RANKED = 20  # how many of the most relevant are put in order where free text was only ranked

# Sorting keys are 64-bit integers: shelf, price code or value code, and the row as the last resort.
_ROW_BITS, _PRICE_BITS = 30, 30
_ROW = (1 << _ROW_BITS) - 1
_UNLISTED = 1 << _PRICE_BITS


@dataclass(frozen=True)
class Hits:
    """What a search found.

    `items` are the first of the matches, at most the limit asked for; `total` counts all matching products. `exact`
    is False where free text was only ranked, so that no count can be stated. `noun` is what was searched as a
    customer reads it; `conditions` are those carried out, besides category and stock, in the catalog's own words.
    `unlisted` counts the matches that do not state the field they are sorted by; these come last. `mixed` is True
    where some of them state it in a form that has no order among the others, so that there is no first or last.
    """

    items: tuple[Item, ...]
    total: int
    exact: bool
    noun: str
    conditions: tuple[Condition, ...] = ()
    unlisted: int = 0
    mixed: bool = False


@dataclass(frozen=True)
class _Relevance:
    """Which candidates free text leaves (`pool`), and the best of them in order (`ranked`)."""

    pool: Places
    ranked: Places
    exact: bool


class Catalog:
    """One catalog, read-only; safe to share between threads.

    `version` is the sha256 (hex) of its content, `imported_at` when its products were read from their source (UTC).
    """

    def __init__(self, stored: Stored, encoder: TextEncoder, imported_at: datetime) -> None:
        arrays = stored.arrays
        self.version = stored.meta.version
        self.imported_at = imported_at
        self._stored, self._encoder = stored, encoder
        self._names = ShopWords.model_validate_json(stored.meta.shop_words)
        self._columns = _columns(stored)
        self._product_of = arrays["product_of"].astype(np.int64)
        self._first_row = np.flatnonzero(np.diff(self._product_of, prepend=-1))
        self._vectors: Vectors = arrays["vectors"].astype(np.float32, copy=False).reshape(-1, DIMENSIONS)
        self._lexicon = Lexicon.from_arrays("lexicon", arrays)
        self._passage_vectors: Vectors = arrays["passage_vectors"].astype(np.float32).reshape(-1, DIMENSIONS)
        self._title_vectors: Vectors = arrays["title_vectors"].astype(np.float32, copy=False).reshape(-1, DIMENSIONS)
        self.policies = _policies(stored)
        self._usual_keys = _usual_keys(self._product_of, self._columns)
        topics = tuple(policy.topic for policy in self.policies)
        words = build_vocabulary(stored.meta.currency, self._columns, self._names, (), topics)
        self._terms = Terms(words, self._columns)

    @classmethod
    def open(cls, path: Path, encoder: TextEncoder) -> Self:
        """Open the catalog in use in a folder, or one catalog file.

        Raises CatalogError where there is none, where it is damaged, or where another model made its vectors.
        """
        pointer = active(path) if path.is_dir() else None
        if path.is_dir() and pointer is None:
            raise CatalogError(f"{path}: no catalog was imported here ({POINTER} is missing); import one first.")
        stored = read_index(path / pointer.file if pointer else path)
        if stored.meta.encoder != encoder.fingerprint:
            stored.connection.close()
            raise CatalogError(f"{stored.path}: its vectors are of another embedded model; import the catalog again.")
        return cls(stored, encoder, pointer.imported_at if pointer else stored.meta.built_at)

    def close(self) -> None:
        """Let go of the file; the catalog cannot be used after."""
        self._stored.connection.close()

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """All the words of this catalog, with the names of all its products."""
        return replace(self._terms.vocabulary, products=tuple(self._product_words()))

    def get(self, sku: str) -> Item | None:
        """Return the product or variant of a SKU, letter by letter, or None."""
        query = "SELECT body FROM products JOIN items USING (position) WHERE items.sku = ?"
        found = self._items(query, sku)
        return next((item for item in found if item.sku == sku), None)

    def search(self, criteria: SearchProducts, text_vector: Vectors | None = None) -> Hits:
        """Return the products that meet all conditions; raises ToolFailed for words that this catalog lacks.

        A product matches if it or one of its variants meets all conditions together. Its item is the product itself
        where it matches, else its first matching variant by SKU; sorted, the first of them all in that order. A
        product that does not state a field meets no condition on it. `in_stock` of False is no condition.

        The order is that of `sort_by`; else of relevance, where there is a `query`; else what is in stock first, then
        the cheapest. Free text finds exactly those products whose name, SKU, brand and category (with its synonyms)
        hold every word of it, if there are any or `all_words` asks for no others; else all that hold one of its words
        anywhere or are near in meaning, and of these the 20 most relevant take part in `sort_by`. `text_vector` is the
        query's unit vector (384,), encoded here if absent.
        """
        mask, conditions = self._filtered(criteria)
        rows = np.flatnonzero(mask)
        first = np.flatnonzero(np.diff(self._product_of[rows], prepend=-1))  # where each product's rows start
        noun = self._terms.vocabulary.categories[criteria.category].name if criteria.category else "products"
        mixed = self._mixed(criteria.sort_by, mask)
        if criteria.query is None:
            found, unlisted = self._in_order(criteria, rows, first, None)
            return Hits(self._items_at(found), len(first), True, noun, conditions, unlisted, mixed)  # noqa: FBT003
        vector = self._encoder.encode(criteria.query) if text_vector is None else text_vector
        relevance = self._relevance(criteria.query, vector, self._product_of[rows[first]], only_all=criteria.all_words)
        found, unlisted = self._in_order(criteria, rows, first, relevance)
        return Hits(self._items_at(found), len(relevance.pool), relevance.exact, noun, conditions, unlisted, mixed)

    def likeliest(self, text: str, limit: int) -> tuple[str, ...]:
        """Return the SKUs of the products that have words of a text, by those words alone (BM25), best first."""
        scores = self._lexicon.find(text).scores
        pool = np.flatnonzero(scores > 0)
        best = pool[np.argsort(-scores[pool], kind="stable")][:limit]
        return tuple(self.vocabulary.products[row].sku for row in self._first_row[best].tolist())

    def find_passages(self, query: str, topics: Sequence[str] = (), limit: int = 2) -> tuple[Passage, ...]:
        """Return the policy paragraphs nearest to a text, best first; none where nothing has to do with it.

        `topics` are policy files' stems (`delivery-costs`), all if empty; raises ToolFailed for an unknown one. What
        counts is the cosine to the paragraph and, at half the weight, to its title: on the demo shop's dev cases
        that put the right paragraph among the first two for 10 of 11, with BM25 in the place of the title for 8.
        """
        known = self._terms.vocabulary.topics
        for topic in topics:
            if topic not in known:
                raise ToolFailed(f"There is no policy {topic!r}; {nearest(topic, known)}.")
        passages = [(policy.topic, passage) for policy in self.policies for passage in policy.passages]
        within = np.array([not topics or topic in topics for topic, _ in passages], dtype=np.bool_)
        vector = self._encoder.encode(query)
        cosine = self._passage_vectors @ vector
        score = cosine + TITLE_WEIGHT * (self._title_vectors @ vector)
        pool = np.flatnonzero(within & (cosine >= RELEVANT_PASSAGE_COSINE))
        best = pool[np.argsort(-score[pool], kind="stable")][:limit]
        return tuple(passages[place][1] for place in best)

    def addresses(self) -> tuple[str, ...]:
        """The different addresses of the products' pages."""
        query = "SELECT DISTINCT json_extract(body, '$.url') AS url FROM products WHERE url IS NOT NULL ORDER BY url"
        return tuple(str(url) for (url,) in self._stored.connection.execute(query))

    def _filtered(self, criteria: SearchProducts) -> tuple[Mask, tuple[Condition, ...]]:
        size = len(self._product_of)
        mask = np.ones(size, dtype=np.bool_)
        if criteria.category is not None:
            mask &= self._columns["category"].mask("eq", self._terms.category(criteria.category), size)
        if criteria.in_stock:
            stock = self._columns.get("stock")
            mask &= stock.mask("gt", Decimal(0), size) if stock else False
        tests = tuple(self._terms.tests(criteria))
        for test in tests:
            mask &= test.column.mask(test.op, test.wanted, size)
        return mask, tuple(test.condition for test in tests)

    def _relevance(self, query: str, vector: Vectors, products: Places, *, only_all: bool) -> _Relevance:
        """Rank products, given by position; the places of the result are places in `products`."""
        matches = self._lexicon.find(query)
        lexical, all_words = matches.scores[products], matches.all_words[products]
        # gathering rows costs more than multiplying all of them, unless they are few
        few = 4 * len(products) < len(self._vectors)
        cosine = self._vectors[products] @ vector if few else (self._vectors @ vector)[products]
        exact = only_all or bool(all_words.any())
        pool = np.flatnonzero(all_words if exact else (lexical > 0) | (cosine >= RELEVANT_COSINE))
        return _Relevance(pool, pool[fuse(lexical[pool], cosine[pool])], exact)

    def _mixed(self, sort_by: str | None, mask: Mask) -> bool:
        """Return whether any row of a mask states the field to sort by in a form that has no place in the order."""
        return sort_by is not None and bool((mask & self._terms.sortable(sort_by).strays(len(mask))).any())

    def _in_order(
        self, criteria: SearchProducts, rows: Places, first: Places, relevance: _Relevance | None
    ) -> tuple[Places, int]:
        """Return the rows to show, and how many matches do not state what they are sorted by."""
        if criteria.sort_by is None:
            if relevance is not None:
                return rows[first[relevance.ranked[: criteria.limit]]], 0
            return smallest(self._usual_keys[rows[first]], criteria.limit) & _ROW, 0
        column = self._terms.sortable(criteria.sort_by)
        codes = column.dense(len(self._product_of))[rows]
        ordered = codes if criteria.order == "asc" else len(column.numbers) - 1 - codes
        keys = (np.where(codes >= 0, ordered, _UNLISTED) << _ROW_BITS) | rows
        best = np.minimum.reduceat(keys, first) if len(first) else keys
        if relevance is not None:
            best = best[relevance.pool if relevance.exact else relevance.ranked[:BEST_OF_RANKED]]
        return smallest(best, criteria.limit) & _ROW, int(np.count_nonzero(best >> _ROW_BITS == _UNLISTED))

    def _items_at(self, rows: Places) -> tuple[Item, ...]:
        query = "SELECT body FROM products WHERE position = ?"
        found = []
        for row in rows.tolist():
            position = int(self._product_of[row])
            found.append(self._items(query, position)[row - int(self._first_row[position])])
        return tuple(found)

    def _items(self, query: str, key: str | int) -> tuple[Item, ...]:
        """Return the items of the product whose JSON a query finds; none if it finds none."""
        try:
            row = self._stored.connection.execute(query, (key,)).fetchone()
            return tuple(items(Product.model_validate_json(row[0]))) if row else ()
        except (ValidationError, sqlite3.Error) as error:
            message = f"{self._stored.path}: the catalog file cannot be read any more; import the catalog again."
            raise CatalogError(message) from error

    def _product_words(self) -> Iterator[ProductWords]:
        categories, brands = self._words_by_row("category"), self._words_by_row("brand")
        rows = self._stored.connection.execute("SELECT row, sku, name, parent FROM items ORDER BY row")
        for row, sku, name, parent in rows:
            yield ProductWords(sku, name, brands[row], categories[row], parent)

    def _words_by_row(self, key: str) -> list[str]:
        size = len(self._product_of)
        if (column := self._columns.get(key)) is None:
            return [""] * size
        words = (*column.words, "")  # code -1, for absent, finds the last
        return [words[code] for code in column.dense(size).tolist()]


def _usual_keys(product_of: Places, columns: Mapping[str, Column]) -> Places:
    """Return per row a key of the usual order: in stock, stock unknown, out of stock; then by price; then by row."""
    size = len(product_of)
    price = columns["price"].dense(size)
    shelf = np.ones(size, dtype=np.int64)
    if stock := columns.get("stock"):
        shelf[stock.mask("gt", Decimal(0), size)] = 0
        shelf[stock.mask("eq", Decimal(0), size)] = 2
    return (shelf << (_ROW_BITS + _PRICE_BITS)) | (price << _ROW_BITS) | np.arange(size)


def _columns(stored: Stored) -> Mapping[str, Column]:
    columns: dict[str, Column] = {}
    for number, description in enumerate(stored.meta.columns):
        rows, codes = (stored.arrays[f"column.{number}.{part}"].astype(np.int32) for part in ("rows", "codes"))
        column = Column.from_description(description, rows, codes)
        columns[column.key] = column
    return columns


def _policies(stored: Stored) -> tuple[Policy, ...]:
    query = "SELECT topic, id, title, text FROM passages ORDER BY position"
    passages: dict[str, list[Passage]] = {}
    for topic, name, title, text in stored.connection.execute(query):
        passages.setdefault(topic, []).append(Passage(id=name, title=title, text=text))
    return tuple(Policy(topic, tuple(found)) for topic, found in passages.items())
