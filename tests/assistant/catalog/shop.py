"""A tiny shop and an encoder without a model, for the catalog's tests."""

import csv
import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from assistant.catalog.build import build_catalog
from assistant.catalog.catalog import Catalog
from assistant.catalog.importing import Imported
from assistant.catalog.lexicon import words_of
from assistant.catalog.vectors import DIMENSIONS, Vectors

Raw = dict[str, object]
COLUMNS = ("sku", "name", "category", "price_minor", "currency", "stock", "parent", "attr.memory", "attr.ports")


class WordEncoder:
    """Texts that share words are near each other; every word is a seeded direction. `encoded` keeps what was asked."""

    def __init__(self, fingerprint: str = "words") -> None:
        self._fingerprint = fingerprint
        self.encoded: list[str] = []

    @property
    def fingerprint(self) -> str:
        return self._fingerprint

    def encode(self, text: str) -> Vectors:
        vector: Vectors = self.encode_many([text])[0]
        return vector

    def encode_many(self, texts: Sequence[str]) -> Vectors:
        self.encoded.extend(texts)
        vectors = np.array([sum(map(_direction, words_of(text)), np.zeros(DIMENSIONS)) for text in texts])
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        unit: Vectors = np.asarray(vectors / np.where(norms, norms, 1), dtype=np.float32)
        return unit


def _direction(word: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8])
    return np.random.default_rng(seed).standard_normal(DIMENSIONS)


def raw(sku: str, **changes: object) -> Raw:
    """A product in the native form."""
    given: Raw = {"sku": sku, "name": f"Thing {sku}", "brand": "Aurel", "category": "laptops", "price_minor": 1000}
    return {**given, "currency": "EUR", **changes}


def write_lines(path: Path, products: Iterable[object]) -> Path:
    path.write_text("".join(f"{json.dumps(product)}\n" for product in products), encoding="utf-8")
    return path


def built(
    folder: Path, products: Iterable[object], fields: str = "", policies: dict[str, str] | None = None
) -> Catalog:
    """Build a catalog in a folder and open it."""
    source = write_lines(folder / "products.jsonl", products)
    field_file = folder / "fields.toml"
    field_file.write_text(fields, encoding="utf-8")
    policy_folder = folder / "policies"
    policy_folder.mkdir(exist_ok=True)
    for stem, text in (policies or {}).items():
        (policy_folder / f"{stem}.md").write_text(text, encoding="utf-8")
    build_catalog(source, field_file, policy_folder, folder / "catalog", WordEncoder())
    return Catalog.open(folder / "catalog", WordEncoder())


def write_csv(path: Path, *rows: Iterable[str], header: Iterable[str] = COLUMNS, delimiter: str = ",") -> Path:
    with path.open("w", encoding="utf-8", newline="") as lines:
        csv.writer(lines, delimiter=delimiter).writerows([header, *rows])
    return path


def problems(imported: Imported) -> list[tuple[str, str]]:
    return [(bad.locator, bad.field) for bad in imported.bad_rows]


def skus(imported: Imported) -> list[str]:
    return [product.sku for product in imported.products]
