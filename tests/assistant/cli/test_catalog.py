"""`hopdesk catalog`: imports that say what they left out, and searches in the catalog's own words."""

import json
import sqlite3
from pathlib import Path

import pytest
import typer

from assistant.cli.conditions import criteria_of, read_filter
from assistant.wiring import Site
from chains.tools import Filter
from tests.assistant.cli.conftest import Run
from tests.assistant.shops import write_shop

GOOD = {"sku": "A-1", "name": "Lamp", "category": "lamps", "price_minor": 4990, "currency": "EUR"}


def test_a_scope_s_own_catalog_is_imported(run: Run, tmp_path: Path) -> None:
    result = run("catalog", "import", "--scope", write_shop(tmp_path))
    assert result.exit_code == 0
    assert "7 products and 0 variants imported" in result.stdout


def test_bad_rows_are_listed_with_place_field_and_reason(run: Run, tmp_path: Path) -> None:
    rows = [json.dumps(GOOD), "no json \x1b[2J", json.dumps(GOOD | {"sku": "A-2", "price_minor": "[red]cheap"})]
    source = tmp_path / "products.jsonl"
    source.write_text("\n".join(rows + ["[]"] * 30), encoding="utf-8")
    result = run("catalog", "import", source, "--site", "import-test")
    assert result.exit_code == 0
    assert "1 products and 0 variants imported" in result.stdout
    for shown in ("32 rows were left out", "products.jsonl line 3", "price_minor", "[red]cheap", "and 12 more"):
        assert shown in result.stderr
    assert "\x1b" not in result.stderr
    strict = run("catalog", "import", source, "--site", "import-test", "--strict")
    assert strict.exit_code == 1
    assert "nothing was imported, because of 32 bad rows" in strict.stderr


def test_products_come_from_a_database(run: Run, tmp_path: Path) -> None:
    database = tmp_path / "shop.db"
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TABLE p (sku, name, category, price_minor, currency)")
        connection.execute("INSERT INTO p VALUES ('A-1', 'Lamp', 'lamps', 4990, 'EUR')")
    connection.close()
    url = f"sqlite:///{database}"
    result = run("catalog", "import", "--sql", url, "--query", "SELECT * FROM p", "--site", "import-sql")
    assert "1 products" in result.stdout
    broken = run("catalog", "import", "--sql", url, "--query", "SELECT * FROM nothing", "--site", "import-sql")
    assert broken.exit_code == 1
    assert "the query cannot be run" in broken.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("x.csv", "--sql", "sqlite://", "--query", "SELECT 1"), "not both"),
        (("--sql", "sqlite://"), "--sql and --query go together"),
        (("x.csv", "--site", "a", "--scope", "b.toml"), "--site or --scope, not both"),
        (("--site", "a"), "With --site, give a file or --sql"),
        (("x.csv", "--site", "../a"), "small letters, digits and hyphens"),
    ],
)
def test_options_that_do_not_go_together_are_refused(run: Run, arguments: tuple[str, ...], said: str) -> None:
    result = run("catalog", "import", *arguments)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.replace("│", " ").split())


def test_a_source_that_is_not_there_is_said(run: Run, tmp_path: Path) -> None:
    result = run("catalog", "import", tmp_path / "nope.csv", "--site", "import-test")
    assert result.exit_code == 1
    assert "there is no such file; check the path." in result.stderr


def test_a_search_prints_what_it_found_and_how_long_it_took(run: Run) -> None:
    result = run(
        "catalog", "search", "--category", "laptops", "--max-price", "1200", "--filter", "memory>=16GB", "--in-stock",
        "--sort", "price", "--desc", "--limit", "3",
    )  # fmt: skip
    assert result.exit_code == 0
    assert result.stdout.startswith("7 laptops; ") or " laptops; " in result.stdout
    assert " ms\n" in "\n".join(line.rstrip() for line in result.stdout.splitlines()) + "\n"
    assert len([line for line in result.stdout.splitlines() if "LAP-" in line]) == 3
    ranked = run("catalog", "search", "something for long train rides")
    assert "or fewer, ranked" in ranked.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--filter", "memory"), 2, "is no condition"),
        (("--filter", "memry>=16GB"), 2, "did you mean 'memory'?"),
        (("--filter", "memory>=" + "x" * 300), 2, "A filter's value has 200 characters at most"),
        (("--filter", "memory>=lots"), 1, "The filter memory ge 'lots' cannot be applied"),
        (("--max-price", "nan"), 2, "A price is a number"),
        (("--max-price", "-5"), 2, "price_max_minor"),
        (("--category", "spaceships"), 1, "There is no category 'spaceships'"),
    ],
)
def test_a_search_that_cannot_be_meant_is_said(run: Run, arguments: tuple[str, ...], code: int, said: str) -> None:
    result = run("catalog", "search", *arguments)
    assert result.exit_code == code
    assert said in " ".join(result.stderr.replace("│", " ").split())


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("memory>=16GB", Filter(field="memory", op="ge", value=16.0, unit="GB")),
        (" memory < 32 ", Filter(field="memory", op="lt", value=32.0)),
        ("colour=black", Filter(field="colour", op="eq", value="black")),
        ("colour != black", Filter(field="colour", op="ne", value="black")),
        ("ports==HDMI", Filter(field="ports", op="eq", value="HDMI")),
        ("touchscreen=Yes", Filter(field="touchscreen", op="eq", value=True)),
        ("touchscreen=maybe", Filter(field="touchscreen", op="eq", value="maybe")),
        ("price<=899.50", Filter(field="price", op="le", value=899.5)),
        ("price>100 EUR", Filter(field="price", op="gt", value=100.0, unit="EUR")),
    ],
)
def test_conditions_are_read_by_the_kind_of_their_field(demo_site: Site, text: str, read: Filter) -> None:
    assert read_filter(text, demo_site.catalog.vocabulary) == read


def test_prices_are_in_the_currency_s_own_decimals(demo_site: Site) -> None:
    criteria = criteria_of(
        demo_site.catalog.vocabulary, query="x", category=None, brand="Aurel", prices=(0.5, 19.99), filters=(),
        in_stock=None, sort_by=None, order="asc", limit=5,
    )  # fmt: skip
    assert (criteria.price_min_minor, criteria.price_max_minor, criteria.brand) == (50, 1999, "Aurel")
    with pytest.raises(typer.BadParameter, match="query"):
        criteria_of(
            demo_site.catalog.vocabulary, query="x" * 300, category=None, brand=None, prices=(None, None), filters=(),
            in_stock=None, sort_by=None, order="asc", limit=5,
        )  # fmt: skip
