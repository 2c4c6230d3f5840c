"""A small shop on disk: the starter that `hopdesk scope init` writes, with one more product."""

import json
from pathlib import Path

import assistant.cli

STARTER = Path(assistant.cli.__file__).parent / "starter"


def write_shop(folder: Path, *, name: str = "Nova 9", site: str = "hostile") -> Path:
    """Write the starter with a laptop of this name (SKU LAP-9) under another site's id; the scope file's path."""
    laptop = {
        "sku": "LAP-9", "name": name, "category": "laptops", "price_minor": 99900, "currency": "EUR", "stock": 1,
        "attributes": {"memory": "24 GB"},
    }  # fmt: skip
    products = (STARTER / "products.jsonl").read_text(encoding="utf-8") + json.dumps(laptop) + "\n"
    (folder / "products.jsonl").write_text(products, encoding="utf-8")
    scope = (STARTER / "scope.toml").read_text(encoding="utf-8").replace('id = "my-shop"', f'id = "{site}"')
    path = folder / "scope.toml"
    path.write_text(scope, encoding="utf-8")
    return path
