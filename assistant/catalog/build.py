"""Builds a catalog in one call: read products, fields and policies, embed, write the file, make it the one in use."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import numpy as np

from assistant.catalog.columns import build_columns
from assistant.catalog.importing import Imported, ImportReport, read_products
from assistant.catalog.index import (
    SCHEMA,
    Contents,
    Meta,
    activate,
    active,
    file_name,
    read_index,
    write_index,
)
from assistant.catalog.lexicon import Section, build_lexicon
from assistant.catalog.policies import Policy, read_policies
from assistant.catalog.products import Product, canonical_json, items
from assistant.catalog.readers import SqlSource
from assistant.catalog.shop_words import ShopWords, read_shop_words
from assistant.catalog.vectors import DIMENSIONS, Progress, TextEncoder, Vectors, embed, product_text, silent
from assistant.catalog.vocabulary import CategoryWords
from assistant.catalog.words import category_words, field_label
from chains.errors import CatalogError
from chains.facts import Passage
from chains.values import Flag, Quantity, Terms, Text, Value


def build_catalog(
    products: Path | SqlSource,
    fields_path: Path | None,
    policies_dir: Path | None,
    out_dir: Path,
    encoder: TextEncoder,
    *,
    mapping_path: Path | None = None,
    strict: bool = False,
    threads: int = 2,
    progress: Progress = silent,
) -> tuple[Path, ImportReport]:
    """Import a catalog into a folder, make it the one in use there, and return its file and what was imported.

    `products` is a .csv, .json or .jsonl file, or a query; `mapping_path` a mapping file (see `mapping`);
    `fields_path` a field file (see `shop_words`); `policies_dir` a folder of Markdown files. `progress(done, total)`
    is called as texts are embedded, from any thread: nearly all of the time goes there. Texts that the catalog in use
    holds already are not embedded again, and a catalog that is there already is not written again.

    Raises CatalogError where a source cannot be used, no row is good, or with `strict` any row is bad.
    """
    imported_at = datetime.now(UTC)
    imported = read_products(products, mapping_path, strict=strict)
    shop = Shop(imported.products, read_shop_words(fields_path), read_policies(policies_dir) if policies_dir else ())
    path = out_dir / file_name(shop.version)
    if not _is_there(path, shop.version, encoder):
        texts = shop.texts()
        vectors = embed(texts, encoder, _known_vectors(out_dir, encoder), threads, progress)
        path = write_catalog(shop, texts, vectors, encoder.fingerprint, out_dir)
    activate(path, imported_at)
    return path, _report(imported, shop.version)


@dataclass(frozen=True)
class Shop:
    """All that a catalog is made from; products are in the order of their SKUs."""

    products: Sequence[Product]
    names: ShopWords
    policies: Sequence[Policy]

    @cached_property
    def version(self) -> str:
        """The sha256 (hex) of the content; the order of the source's rows does not matter."""
        digest = hashlib.sha256(f"{SCHEMA}\n{self.names.model_dump_json()}\n".encode())
        for product in self.products:
            digest.update(f"{canonical_json(product)}\n".encode())
        for topic, passage in self.passages:
            digest.update(f"{topic} {passage.model_dump_json()}\n".encode())
        return digest.hexdigest()

    @property
    def passages(self) -> list[tuple[str, Passage]]:
        """Every passage with its topic."""
        return [(policy.topic, passage) for policy in self.policies for passage in policy.passages]

    @cached_property
    def categories(self) -> Mapping[str, CategoryWords]:
        """The categories that have products."""
        return {key: category_words(key, self.names) for key in {product.category for product in self.products}}

    def texts(self) -> list[str]:
        """Return the texts to embed: one per product, then one per passage, then one per passage's title."""
        products = [product_text(product, self.categories[product.category].singular) for product in self.products]
        bodies = [f"{passage.title}. {passage.text}" for _, passage in self.passages]
        return [*products, *bodies, *(passage.title for _, passage in self.passages)]


def write_catalog(shop: Shop, texts: Sequence[str], vectors: Vectors, fingerprint: str, out_dir: Path) -> Path:
    """Write the file of a catalog, without making it the one in use.

    `texts` are those of the shop, `vectors` (len(texts), 384) theirs by the encoder with this `fingerprint`.
    """
    products, names, passages = shop.products, shop.names, shop.passages
    rows = [(position, item) for position, product in enumerate(products) for item in items(product)]
    columns = build_columns(item for _, item in rows)
    lexicon = build_lexicon(_sections(product, shop.categories[product.category], names) for product in products)
    arrays = {
        "product_of": np.array([position for position, _ in rows], dtype=np.int32),
        "vectors": vectors[: len(products)],
        "passage_vectors": vectors[len(products) : len(products) + len(passages)],
        "title_vectors": vectors[len(products) + len(passages) :],
        **lexicon.arrays("lexicon"),
        **{f"column.{number}.rows": column.rows for number, column in enumerate(columns)},
        **{f"column.{number}.codes": column.codes for number, column in enumerate(columns)},
    }
    descriptions = tuple(column.description() for column in columns)
    meta = Meta(
        schema_name=SCHEMA,
        version=shop.version,
        encoder=fingerprint,
        built_at=datetime.now(UTC),
        currency=products[0].currency,
        shop_words=names.model_dump_json(),
        columns=descriptions,
    )
    contents = Contents(
        products=((n, p.sku, texts[n], canonical_json(p)) for n, p in enumerate(products)),
        items=((row, position, item.sku, item.name, item.parent) for row, (position, item) in enumerate(rows)),
        passages=((n, topic, p.id, p.title, p.text) for n, (topic, p) in enumerate(passages)),
        arrays=arrays,
    )
    return write_index(out_dir, meta, contents)


def _report(imported: Imported, version: str) -> ImportReport:
    variants = sum(len(product.variants) for product in imported.products)
    return ImportReport(products=len(imported.products), variants=variants, bad_rows=imported.bad_rows, version=version)


def _is_there(path: Path, version: str, encoder: TextEncoder) -> bool:
    """Whether a file is a whole catalog of this version with this encoder's vectors."""
    try:
        stored = read_index(path)
    except CatalogError:
        return False
    stored.connection.close()
    return (stored.meta.version, stored.meta.encoder) == (version, encoder.fingerprint)


def _known_vectors(folder: Path, encoder: TextEncoder) -> Mapping[str, Vectors]:
    """The vectors of the catalog in use by their texts, so that a change of prices embeds nothing again."""
    try:
        pointer = active(folder)
        stored = read_index(folder / pointer.file) if pointer else None
    except CatalogError:
        return {}
    if stored is None:
        return {}
    texts = [text for (text,) in stored.connection.execute("SELECT embedded FROM products ORDER BY position")]
    stored.connection.close()
    if stored.meta.encoder != encoder.fingerprint:
        return {}
    vectors = stored.arrays["vectors"].astype(np.float32, copy=False).reshape(-1, DIMENSIONS)
    return dict(zip(texts, vectors, strict=True))


def _sections(product: Product, category: CategoryWords, names: ShopWords) -> Iterator[Section]:
    """What a product is found by: a word in its name weighs most, one in its description least.

    Attributes and variants do not name it: a charger that lists "laptops" among what it fits is no laptop, and "32 GB"
    in some variants' names would hide the products that have 32 GB without saying so in a name.
    """
    yield Section(f"{product.name} {product.sku}", weight=8)
    yield Section(" ".join(f"{variant.name} {variant.sku}" for variant in product.variants), weight=4, named=False)
    yield Section(product.brand, weight=4)
    yield Section(" ".join((category.name, category.singular, *category.synonyms)), weight=4)
    attributes = dict.fromkeys(pair for item in items(product) for pair in item.attributes.items())
    yield Section(" ".join(_spoken(field_label(key, names), value) for key, value in attributes), weight=2, named=False)
    yield Section(product.description, named=False)


def _spoken(label: str, value: Value) -> str:
    """The words by which a customer may look for a value; a flag that is false is no reason to be found."""
    match value:
        case Quantity():
            return f"{value.value:f} {value.unit}"
        case Text():
            return value.value
        case Terms():
            return " ".join(value.values)
        case Flag(value=True):
            return label
        case _:
            return ""
