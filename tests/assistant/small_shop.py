"""A shop of a few products, imported into a real catalog."""

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assistant.catalog.build import build_catalog
from assistant.catalog.catalog import Catalog

_FULL: Mapping[str, object] = {"memory": "16 GB", "weight": "1.32 kg", "touchscreen": False, "backlit": True}
PRODUCTS: tuple[Mapping[str, object], ...] = (
    {
        "sku": "LAP-1", "name": "Aurel Nova 14", "brand": "Aurel", "category": "laptops", "price_minor": 89900,
        "currency": "EUR", "stock": 12, "url": "/p/nova",
        "attributes": {**_FULL, "ports": ["USB-C", "HDMI"], "colour": "silver"},
        "variants": [
            {"sku": "LAP-1-32", "name": "32 GB", "price_minor": 109900, "stock": 3, "attributes": {"memory": "32 GB"}},
            {"sku": "LAP-1-BLUE", "name": "Midnight blue", "stock": 0, "attributes": {"colour": "midnight blue"}},
        ],
    },
    {
        "sku": "LAP-2", "name": "Northvik Fjord 13", "brand": "Northvik", "category": "laptops", "price_minor": 69900,
        "currency": "EUR", "attributes": {**_FULL, "weight": "1.1 kg", "battery_life": "14 h", "ports": ["USB-C"]},
    },
    {
        "sku": "MOU-1", "name": "Quill One", "category": "mice", "price_minor": 2990, "currency": "EUR", "stock": 40,
        "attributes": {"weight": "90 g", "dpi": 1600, "colour": "black"},
        "variants": [{"sku": f"MOU-1-{n}", "name": f"Edition {n}", "stock": n} for n in range(8)],
    },
)  # fmt: skip
FIELDS = """
[fields.weight]
phrase = "It weighs {value}."
more = "heavier"
less = "lighter"

[categories.laptops]
singular = "laptop"
"""
RETURNS = """# Returns

## Time limit

You can return everything within 30 days.

## Costs

Returns are free of charge.
"""
DELIVERY = """# Delivery

## Costs

Delivery costs 4.90 EUR and is free of charge from 50 EUR.
"""


class WordEncoder:
    """Vectors by words: texts that share words are near."""

    fingerprint = "words"

    def encode(self, text: str) -> NDArray[np.float32]:
        vector = np.full(384, 1e-6, dtype=np.float32)
        for word in text.casefold().split():
            vector[int.from_bytes(sha256(word.strip(".,?:").encode()).digest()[:4]) % 384] += 1
        unit: NDArray[np.float32] = vector / np.linalg.norm(vector)
        return unit

    def encode_many(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.stack([self.encode(text) for text in texts])


def small_catalog(folder: Path, products: Sequence[Mapping[str, object]] = PRODUCTS, fields: str = FIELDS) -> Catalog:
    (folder / "products.jsonl").write_text("\n".join(json.dumps(product) for product in products))
    (folder / "fields.toml").write_text(fields)
    (folder / "policies").mkdir()
    (folder / "policies" / "returns.md").write_text(RETURNS)
    (folder / "policies" / "delivery-costs.md").write_text(DELIVERY)
    path, _ = build_catalog(
        folder / "products.jsonl", folder / "fields.toml", folder / "policies", folder / "index", WordEncoder()
    )
    return Catalog.open(path, WordEncoder())
