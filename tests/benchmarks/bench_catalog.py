"""Times the catalog at 50,000 products: import by stage, opening, and searches.

Run as `python -m tests.benchmarks.bench_catalog [--products 50000]`. The products are synthetic and seeded; their
vectors are those of the real encoder.
"""

import argparse
import json
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from assistant.catalog.build import Shop, write_catalog
from assistant.catalog.catalog import Catalog
from assistant.catalog.importing import read_products
from assistant.catalog.index import activate
from assistant.catalog.shop_words import ShopWords
from assistant.catalog.vectors import embed
from assistant.embedded.encoder import Encoder
from chains.tools import Filter, SearchProducts

KINDS = ("laptop", "monitor", "phone", "speaker", "lamp", "chair", "kettle", "keyboard", "charger", "vacuum cleaner")
USES = (
    "office work",
    "travel",
    "gaming",
    "families",
    "small rooms",
    "video editing",
    "building sites",
    "music",
    "cooking",
)
TRAITS = ("quiet", "light", "rugged", "slim", "bright", "fast", "compact", "durable", "affordable", "foldable", "warm")
COLOURS = ("black", "white", "silver", "blue", "red", "green", "oak", "graphite")
PORTS = ("USB-C", "USB-A", "HDMI", "DisplayPort", "Ethernet", "3.5 mm audio")
SERIES = ("Nova", "Fjord", "Terra", "Pulse", "Arc", "Drift", "Ember", "Lumen", "Orbit", "Quill")


def product(number: int, chance: random.Random) -> dict[str, object]:
    """Return one synthetic product in the native form, with two variants for every third."""
    kind, brand = chance.choice(KINDS), f"Brand{chance.randrange(120)}"
    traits, uses = chance.sample(TRAITS, 3), chance.sample(USES, 2)
    price = chance.randrange(990, 299_000, 10)
    attributes = {
        "memory": f"{chance.choice((4, 8, 16, 32, 64))} GB",
        "storage": f"{chance.choice((128, 256, 512, 1024))} GB",
        "weight": f"{chance.randrange(20, 9000) / 1000} kg",
        "battery_life": f"{chance.randrange(2, 40)} h",
        "screen_size": f"{chance.choice((13.3, 14, 15.6, 16, 27))} in",
        "colour": chance.choice(COLOURS),
        "ports": chance.sample(PORTS, 3),
        "bluetooth": chance.random() < 0.5,
        "wireless": chance.random() < 0.5,
        "release_year": chance.randrange(2019, 2027),
    }
    sizes = ("32 GB", "64 GB") if number % 3 == 0 else ()
    return {
        "sku": f"P-{number:06}",
        "name": f"{brand} {chance.choice(SERIES)} {chance.randrange(10, 999)}",
        "brand": brand,
        "category": f"{kind.replace(' ', '_')}s",
        "description": f"A {traits[0]} and {traits[1]} {kind} for {uses[0]} and {uses[1]}. It is {traits[2]} too, and "
        f"it comes with a {chance.choice(COLOURS)} sleeve, a printed manual and two years of service at home.",
        "price_minor": price,
        "currency": "EUR",
        "stock": chance.choice((0, 1, 5, 20, None)),
        "attributes": attributes,
        "variants": [
            {
                "sku": f"P-{number:06}-{size[:2]}",
                "name": size,
                "price_minor": price + 9,
                "attributes": {"memory": size},
            }
            for size in sizes
        ],
    }


def searches(chance: random.Random, *, text: bool) -> Iterator[SearchProducts]:
    """Yield seeded searches without end, with free text or with conditions alone."""
    while True:
        category = f"{chance.choice(KINDS).replace(' ', '_')}s" if chance.random() < 0.5 else None
        query = f"{chance.choice(TRAITS)} {chance.choice(KINDS)} for {chance.choice(USES)} {chance.randrange(999)}"
        memory = Filter(field="memory", op="ge", value=chance.choice((8, 16, 32)), unit="GB")
        port = Filter(field="ports", op="has", value=chance.choice(PORTS))
        yield SearchProducts(
            query=query if text else None,
            category=category,
            price_max_minor=chance.randrange(20_000, 300_000),
            filters=() if text and chance.random() < 0.5 else (memory, port),
            in_stock=chance.random() < 0.5,
            sort_by=chance.choice((None, "price", "weight")),
        )


def milliseconds(
    run: Callable[[SearchProducts], object], criteria: Iterator[SearchProducts], times: int
) -> list[float]:
    """Return how long each of so many searches took."""
    taken = []
    for _, wanted in zip(range(times), criteria, strict=False):
        start = time.perf_counter()
        run(wanted)
        taken.append((time.perf_counter() - start) * 1000)
    return taken


def main() -> None:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--products", type=int, default=50_000)
    count = parser.parse_args().products
    console = Console()
    table = Table("stage", "time", title=f"Catalog of {count:,} products")
    chance = random.Random(7)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "products.jsonl")
        with source.open("w", encoding="utf-8") as lines:
            lines.writelines(f"{json.dumps(product(number, chance))}\n" for number in range(count))
        encoder = Encoder()
        moments = [time.perf_counter()]
        imported = read_products(source)
        moments.append(time.perf_counter())
        shop = Shop(imported.products, ShopWords(), ())
        version, texts = shop.version, shop.texts()
        moments.append(time.perf_counter())
        with Progress(console=console) as bar:
            task = bar.add_task("embedding")
            vectors = embed(texts, encoder, {}, 2, lambda done, total: bar.update(task, completed=done, total=total))
        moments.append(time.perf_counter())
        path = write_catalog(shop, texts, vectors, encoder.fingerprint, Path(folder))
        moments.append(time.perf_counter())
        activate(path)
        moments.append(time.perf_counter())
        catalog = Catalog.open(Path(folder), encoder)
        moments.append(time.perf_counter())
        words = len(catalog.vocabulary.products)
        moments.append(time.perf_counter())
        stages = (
            "read and check",
            "version and texts",
            "embed",
            "write",
            "activate",
            "open",
            f"vocabulary ({words:,} names)",
        )
        for stage, (start, end) in zip(stages, pairwise(moments), strict=True):
            table.add_row(stage, f"{end - start:.2f} s")
        table.add_row("whole import", f"{moments[5] - moments[0]:.1f} s")
        table.add_row("file", f"{path.stat().st_size / 1e6:.0f} MB, version {version[:16]}")
        for name, text in (("search with text, encoding included", True), ("search by conditions", False)):
            milliseconds(catalog.search, searches(random.Random(1), text=text), 20)
            p50, p95 = np.percentile(milliseconds(catalog.search, searches(random.Random(2), text=text), 400), (50, 95))
            table.add_row(name, f"p50 {p50:.1f} ms, p95 {p95:.1f} ms")
        catalog.close()
    console.print(table)


if __name__ == "__main__":
    main()
