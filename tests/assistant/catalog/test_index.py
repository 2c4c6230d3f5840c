"""The catalog file: named after its content, swapped in one step, and refused when it is not whole."""

import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from assistant.catalog.build import build_catalog
from assistant.catalog.catalog import Catalog
from assistant.catalog.index import POINTER, activate, active
from assistant.catalog.readers import SqlSource
from assistant.embedded.encoder import Encoder
from chains.errors import CatalogError
from chains.tools import SearchProducts
from tests.assistant.catalog.shop import Raw, WordEncoder, built, raw, write_lines

PRODUCTS = [
    raw("A-1", attributes={"memory": "16 GB", "colour": "black"}),
    raw("A-2", variants=[{"sku": "A-2-1", "name": "one"}, {"sku": "A-2-2", "name": "two"}]),
]


def build(folder: Path, products: list[Raw], encoder: WordEncoder | None = None) -> Path:
    source = write_lines(folder / "products.jsonl", products)
    path, _ = build_catalog(source, None, None, folder / "catalog", encoder or WordEncoder())
    return path


def test_the_version_does_not_depend_on_the_order_of_rows_attributes_or_variants(tmp_path: Path) -> None:
    shuffled = [
        raw("A-2", variants=[{"sku": "A-2-2", "name": "two"}, {"sku": "A-2-1", "name": "one"}]),
        raw("A-1", attributes={"colour": "black", "memory": "16.0 gb"}),
    ]
    assert build(tmp_path, PRODUCTS) == build(tmp_path, shuffled)


@pytest.mark.parametrize("change", ["product", "fields", "policy"])
def test_the_version_changes_with_every_part_of_the_content(tmp_path: Path, change: str) -> None:
    versions = set()
    for turn in (0, 1):
        folder = tmp_path / str(turn)
        folder.mkdir()
        changed = change if turn else ""
        catalog = built(
            folder,
            [raw("A-1", price_minor=9 if changed == "product" else 8)],
            '[fields.price]\nlabel = "cost"' if changed == "fields" else "",
            {"returns": "# Returns\n\n30 days." if changed == "policy" else "# Returns\n\n14 days."},
        )
        versions.add(catalog.version)
        catalog.close()
    assert len(versions) == 2


def test_a_catalog_that_is_there_is_not_written_again_but_is_newly_imported(tmp_path: Path) -> None:
    path = build(tmp_path, PRODUCTS)
    inode, first = path.stat().st_ino, active(path.parent)
    encoder = WordEncoder()
    assert build(tmp_path, PRODUCTS, encoder) == path
    second = active(path.parent)
    assert first is not None
    assert second is not None
    assert path.stat().st_ino == inode
    assert second.imported_at > first.imported_at
    assert encoder.encoded == []


def test_only_new_texts_are_embedded(tmp_path: Path) -> None:
    build(tmp_path, PRODUCTS)
    encoder = WordEncoder()
    build(tmp_path, [raw("A-1", price_minor=1, attributes={"colour": "black"}), raw("A-3")], encoder)
    assert encoder.encoded == ["Aurel Thing A-3, laptop: "]


def test_the_vectors_of_another_encoder_are_not_taken_over(tmp_path: Path) -> None:
    build(tmp_path, PRODUCTS)
    encoder = WordEncoder("others")
    path = build(tmp_path, [*PRODUCTS, raw("A-9")], encoder)
    assert len(encoder.encoded) == 3
    with pytest.raises(CatalogError, match="another embedded model"):
        Catalog.open(path, WordEncoder())
    assert Catalog.open(path, encoder).get("A-9") is not None


def test_a_reader_keeps_its_catalog_while_another_becomes_active(tmp_path: Path) -> None:
    first = build(tmp_path, PRODUCTS)
    reader = Catalog.open(first.parent, WordEncoder())
    second = build(tmp_path, [raw("B-1")])
    assert first != second
    assert reader.get("A-1") is not None
    assert Catalog.open(first.parent, WordEncoder()).get("A-1") is None
    activate(first)
    assert Catalog.open(first.parent, WordEncoder()).get("A-1") is not None


def test_a_failed_import_leaves_the_active_catalog_and_no_rubbish(tmp_path: Path) -> None:
    class Broken(WordEncoder):
        def encode_many(self, texts: object) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
            raise MemoryError

    path = build(tmp_path, PRODUCTS)
    with pytest.raises(MemoryError):
        build(tmp_path, [raw("B-1")], Broken())
    assert Catalog.open(path.parent, WordEncoder()).get("A-1") is not None
    assert sorted(file.name for file in path.parent.iterdir()) == sorted([path.name, POINTER])


def test_a_file_that_cannot_be_written_is_a_sentence_and_leaves_no_rubbish(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(CatalogError, match="No space left on device"):
        build(tmp_path, PRODUCTS)
    assert list((tmp_path / "catalog").iterdir()) == []


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "catalog").write_text("a file", encoding="utf-8")
    with pytest.raises(CatalogError, match="cannot be written"):
        build(tmp_path, PRODUCTS)


@pytest.mark.parametrize("part", [b"SQLite format", b'"price_minor":', b"hopdesk-catalog/2", b"Thing A-1"])
def test_changed_bytes_are_found_when_the_file_is_opened(tmp_path: Path, part: bytes) -> None:
    path = build(tmp_path, PRODUCTS)
    content = path.read_bytes()
    path.write_bytes(content.replace(part, part[:-1] + b"#"))
    with pytest.raises(CatalogError, match="import the catalog again"):
        Catalog.open(path.parent, WordEncoder())


def test_a_file_cut_short_is_found_when_it_is_opened(tmp_path: Path) -> None:
    path = build(tmp_path, PRODUCTS)
    path.write_bytes(path.read_bytes()[:-5000])
    with pytest.raises(CatalogError, match="import the catalog again"):
        Catalog.open(path.parent, WordEncoder())


def damage(path: Path, statement: str) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute(statement)
    connection.close()


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("UPDATE meta SET value = replace(value, 'catalog/2', 'catalog/0')", "made as 'hopdesk-catalog/0'"),
        ("UPDATE meta SET value = '{}'", "does not say its format"),
        ("DELETE FROM meta", "does not say its format"),
        ("UPDATE meta SET value = replace(value, 'version', 'vision')", "damaged"),
        ("UPDATE arrays SET data = zeroblob(length(data)) WHERE name = 'vectors'", "damaged"),
        ("UPDATE arrays SET dtype = 'nonsense' WHERE name = 'vectors'", "damaged"),
        ("DELETE FROM arrays WHERE name = 'product_of'", "damaged"),
        ("UPDATE products SET body = replace(body, '1000', '1')", "damaged"),
        ("UPDATE items SET parent = NULL", "damaged"),
        ("DELETE FROM meta WHERE key = 'digest'", "damaged"),
        ("DROP TABLE arrays", "damaged"),
    ],
)
def test_a_damaged_file_is_refused_when_opened(tmp_path: Path, statement: str, message: str) -> None:
    path = build(tmp_path, PRODUCTS)
    damage(path, statement)
    with pytest.raises(CatalogError, match=message):
        Catalog.open(path.parent, WordEncoder())


def test_a_file_that_can_no_longer_be_read_is_a_sentence(tmp_path: Path) -> None:
    catalog = Catalog.open(build(tmp_path, PRODUCTS), WordEncoder())
    catalog.close()
    with pytest.raises(CatalogError, match="cannot be read any more"):
        catalog.get("A-1")


def test_a_damaged_active_catalog_does_not_stop_the_next_import(tmp_path: Path) -> None:
    path = build(tmp_path, PRODUCTS)
    path.write_bytes(b"no database")
    assert build(tmp_path, PRODUCTS) == path
    assert Catalog.open(path, WordEncoder()).get("A-1") is not None
    path.write_bytes(b"no database")
    build(tmp_path, [raw("B-1")])
    assert Catalog.open(path.parent, WordEncoder()).get("B-1") is not None


def test_a_missing_catalog_is_told_from_a_damaged_pointer(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="no catalog was imported here"):
        Catalog.open(tmp_path, WordEncoder())
    with pytest.raises(CatalogError, match="no such catalog file"):
        Catalog.open(tmp_path / "catalog-0.sqlite", WordEncoder())
    outside = {"file": "../../etc/passwd", "version": "x", "imported_at": datetime.now(UTC).isoformat()}
    (tmp_path / POINTER).write_text(json.dumps(outside), encoding="utf-8")
    with pytest.raises(CatalogError, match="pointer is damaged"):
        Catalog.open(tmp_path, WordEncoder())


def test_a_folder_with_odd_characters_in_its_name_can_be_used(tmp_path: Path) -> None:
    folder = tmp_path / "a?b#c%41"
    folder.mkdir()
    assert Catalog.open(build(folder, PRODUCTS), WordEncoder()).get("A-1") is not None


def test_threads_can_share_a_catalog(tmp_path: Path) -> None:
    catalog = Catalog.open(build(tmp_path, PRODUCTS), WordEncoder())
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda n: catalog.search(SearchProducts(query=f"thing {n}")).total, range(64)))
    assert len(found) == 64
    assert catalog.imported_at.tzinfo is not None
    catalog.close()


def test_a_catalog_comes_from_a_query_too_and_the_report_counts(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "shop.db") as connection:
        connection.execute("CREATE TABLE p AS SELECT 'A-1' sku, 'N' name, 'c' category, 1 price_minor, 'EUR' currency")
    connection.close()
    source = SqlSource(f"sqlite:///{tmp_path / 'shop.db'}", "SELECT * FROM p")
    seen: list[tuple[int, int]] = []
    path, report = build_catalog(
        source, None, None, tmp_path / "out", WordEncoder(), progress=lambda done, total: seen.append((done, total))
    )
    assert (report.products, report.variants, report.bad_rows) == (1, 0, ())
    assert path.name == f"catalog-{report.version[:16]}.sqlite"
    assert seen == [(1, 1)]


def test_with_the_real_encoder_a_paraphrase_finds_its_product_and_policy(tmp_path: Path) -> None:
    products = [
        raw("LAP-1", name="Terra 15", description="Made for building sites, with reinforced corners."),
        raw("COF-1", name="Brewmaid 3000", category="coffee_machines", description="Espresso with a milk frother."),
    ]
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "returns.md").write_text("# Returns\n\nYou can send an item back within 30 days.")
    encoder = Encoder()
    source = write_lines(tmp_path / "products.jsonl", products)
    path, _ = build_catalog(source, None, tmp_path / "policies", tmp_path / "catalog", encoder)
    catalog = Catalog.open(path, encoder)
    hits = catalog.search(SearchProducts(query="rugged computer for construction work"))
    assert [item.sku for item in hits.items] == ["LAP-1"]
    assert [passage.id for passage in catalog.find_passages("may I give it back after a week?")] == [
        "returns#returns.1"
    ]
    assert catalog.find_passages("the meaning of life") == ()
