"""`hopdesk catalog`: import products, and search in them."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.cli.options import ScopeFile

if TYPE_CHECKING:
    from assistant.catalog.catalog import Hits
    from assistant.catalog.importing import ImportReport

catalog = typer.Typer(help="The catalog: import products, and search in them.", no_args_is_help=True)
_SHOWN_BAD_ROWS = 20


@catalog.command("import")
def import_(
    products: Annotated[Path | None, typer.Argument(help="A .csv, .json or .jsonl file of products.")] = None,
    *,
    site: Annotated[str | None, typer.Option(metavar="ID", help="The site it is for; absent: that of --scope.")] = None,
    scope: ScopeFile = None,
    fields: Annotated[Path | None, typer.Option(metavar="FILE", help="How fields and categories are called.")] = None,
    policies: Annotated[Path | None, typer.Option(metavar="FOLDER", help="The shop's policies as Markdown.")] = None,
    mapping: Annotated[Path | None, typer.Option(metavar="FILE", help="Which column is what; see the manual.")] = None,
    sql: Annotated[str | None, typer.Option(metavar="URL", help="Read from a database instead of a file.")] = None,
    query: Annotated[str | None, typer.Option(metavar="SELECT", help="With --sql: the query.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Import nothing if any row is bad.")] = False,
) -> None:
    """Import a catalog and make it the one in use; without any source, that of the scope file."""
    if (sql is None) != (query is None):
        raise typer.BadParameter("--sql and --query go together.")
    if sql is not None and products is not None:
        raise typer.BadParameter("Give a file or --sql, not both.")
    if site is not None and scope is not None:
        raise typer.BadParameter("Give --site or --scope, not both.")
    if site is not None and products is None and sql is None:
        raise typer.BadParameter("With --site, give a file or --sql; only a scope file names one by itself.")

    from assistant.catalog.build import build_catalog
    from assistant.catalog.readers import SqlSource
    from assistant.cli.opening import read_settings, scope_paths
    from assistant.cli.screen import progress_bar
    from assistant.embedded.encoder import Encoder
    from chains.errors import CatalogError
    from chains.scope_file import load_scope

    settings = read_settings()
    source: Path | SqlSource | None = SqlSource(sql, query) if sql and query else products
    if site is None:
        loaded = load_scope(scope_paths([scope] if scope else None, settings)[0])
        site, base, named = loaded.scope.site.id, loaded.path.parent, loaded.scope.sources
        if source and named.products:
            raise CatalogError(
                f"{loaded.path} names products of its own ({named.products!r}), which would replace these; "
                "take that key out, or import without a file."
            )
        if not source and not named.products:
            raise CatalogError(
                f"{loaded.path} names no products (sources.products); give a file, or --sql and --query."
            )
        source = source or base / str(named.products)
        fields = fields or (base / named.fields if named.fields else None)
        policies = policies or (base / named.policies if named.policies else None)
    _check_site(site)
    started = time.perf_counter()
    with progress_bar("Reading meanings") as progress:
        _, report = build_catalog(
            source or Path(),
            fields,
            policies,
            settings.home / "catalogs" / site,
            Encoder(),
            mapping_path=mapping,
            strict=strict,
            progress=progress,
        )
    _show_report(report, time.perf_counter() - started)


@catalog.command()
def search(
    words: Annotated[str | None, typer.Argument(help="Free text; it only ranks what the conditions leave.")] = None,
    *,
    scope: ScopeFile = None,
    category: Annotated[str | None, typer.Option(help="The key of a category, as laptops.")] = None,
    brand: Annotated[str | None, typer.Option(help="A brand.")] = None,
    min_price: Annotated[float | None, typer.Option(help="In the catalog's currency, as 199.90.")] = None,
    max_price: Annotated[float | None, typer.Option(help="In the catalog's currency.")] = None,
    filters: Annotated[
        list[str] | None,
        typer.Option("--filter", metavar="CONDITION", help="As memory>=16GB; may stand several times."),
    ] = None,
    in_stock: Annotated[bool, typer.Option("--in-stock", help="Only what is in stock.")] = False,
    sort: Annotated[str | None, typer.Option(metavar="FIELD", help="price or a field that is a number.")] = None,
    descending: Annotated[bool, typer.Option("--desc", help="With --sort: the largest first.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=20, help="How many to show.")] = 10,
) -> None:
    """Search the catalog as the assistant does.

    hopdesk catalog search "light for travel" --category laptops --max-price 1200 --filter "memory>=16GB"
    """
    from assistant.cli.conditions import criteria_of
    from assistant.cli.opening import read_settings, scope_paths
    from assistant.cli.screen import progress_bar
    from assistant.embedded.encoder import Encoder
    from assistant.wiring import open_catalog
    from chains.scope_file import load_scope

    settings = read_settings()
    loaded = load_scope(scope_paths([scope] if scope else None, settings)[0])
    encoder = Encoder()
    with progress_bar("Reading meanings") as progress:
        opened = open_catalog(loaded, settings, encoder, progress)
    criteria = criteria_of(
        opened.vocabulary,
        query=words,
        category=category,
        brand=brand,
        prices=(min_price, max_price),
        filters=filters or (),
        in_stock=in_stock or None,
        sort_by=sort,
        order="desc" if descending else "asc",
        limit=limit,
    )
    started = time.perf_counter()
    hits = opened.search(criteria)
    _show_hits(hits, (time.perf_counter() - started) * 1000)
    opened.close()


def _check_site(site: str) -> None:
    """A site's id names a folder, so it is held against the form that scope files hold it to."""
    from pydantic import ValidationError

    from chains.scope import Site

    try:
        Site(id=site, name=site)
    except ValidationError:
        message = "A site's id has small letters, digits and hyphens, as my-shop."
        raise typer.BadParameter(message, param_hint="--site") from None


def _show_report(report: "ImportReport", seconds: float) -> None:
    from assistant.cli.screen import data, err, out, table

    if report.bad_rows:
        rows = ((bad.locator, bad.field, bad.reason) for bad in report.bad_rows[:_SHOWN_BAD_ROWS])
        err().print(table(f"{len(report.bad_rows)} rows were left out", ("where", "field", "reason"), rows))
        if len(report.bad_rows) > _SHOWN_BAD_ROWS:
            err().print(data(f"and {len(report.bad_rows) - _SHOWN_BAD_ROWS} more", "dim"))
    count = f"{report.products} products and {report.variants} variants imported in {seconds:.1f} s"
    out().print(data(f"{count}, version {report.version[:12]}"), soft_wrap=True)


def _show_hits(hits: "Hits", took_ms: float) -> None:
    from assistant.cli.screen import out, table
    from chains.formats import say_money

    rows = (
        (item.name, item.sku, say_money(item.price_minor, item.currency), "" if item.stock is None else str(item.stock))
        for item in hits.items
    )
    count = f"{hits.total} {hits.noun}" if hits.exact else f"{hits.total} {hits.noun} or fewer, ranked"
    title = f"{count}; {took_ms:.1f} ms"
    out().print(table(title, ("product", "sku", "price", "stock"), rows, numbers=("price", "stock")))
