"""Turns rows into products: good rows are kept, bad ones reported with place, field and reason."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from assistant.catalog.mapping import BadValue, ShopMapping, check_columns, native_mapping, read_mapping, translate
from assistant.catalog.products import MAX_VARIANTS, Product, Variant, parse_attribute
from assistant.catalog.readers import BadRow, Row, SqlSource, Table, open_table
from assistant.catalog.toml_file import reason
from chains.contract import Contract
from chains.errors import CatalogError

MAX_PRODUCTS = 250_000
_SHOWN_BAD_ROWS = 5


class ImportReport(Contract):
    """What an import did: how many products and variants were kept, which rows were not, and the catalog's version."""

    products: int
    variants: int
    bad_rows: tuple[BadRow, ...]
    version: str


@dataclass(frozen=True)
class Imported:
    """The products of a source by SKU, and its bad rows in their order."""

    products: tuple[Product, ...]
    bad_rows: tuple[BadRow, ...]


@dataclass
class _Collected:
    """What has been read so far. The first good product decides the currency of the catalog."""

    products: dict[str, Product] = field(default_factory=dict)
    variants: dict[str, list[Variant]] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    currency: str | None = None

    def add(self, product: Product, locator: str) -> None:
        self.currency = self.currency or product.currency
        if product.currency != self.currency:
            message = f"found {product.currency!r}; a catalog has one currency, here {self.currency!r}"
            raise BadValue("currency", message)
        if len(self.products) == MAX_PRODUCTS:
            raise BadValue("sku", f"the catalog is full; {MAX_PRODUCTS} products fit into one")
        self._claim((product.sku, *(variant.sku for variant in product.variants)), locator)
        self.products[product.sku] = product

    def add_variant(self, parent: str, variant: Variant, locator: str) -> None:
        self._claim((variant.sku,), locator)
        self.variants.setdefault(parent, []).append(variant)

    def _claim(self, skus: tuple[str, ...], locator: str) -> None:
        for place, sku in enumerate(skus):
            if sku in self.places or sku in skus[:place]:
                raise BadValue("sku", f"found {sku!r} a second time; it stands at {self.places.get(sku, locator)} too")
        self.places.update(dict.fromkeys(skus, locator))

    def join_variants(self) -> Iterator[BadRow]:
        """Give the products the variants that have rows of their own; yield a bad row for each that finds no place."""
        for parent, variants in self.variants.items():
            product = self.products.get(parent)
            if product is not None and len(product.variants) + len(variants) <= MAX_VARIANTS:
                joined = tuple(sorted((*product.variants, *variants), key=lambda variant: variant.sku))
                self.products[parent] = product.model_copy(update={"variants": joined})
                continue
            why = "no good row has this SKU" if product is None else f"it has more than {MAX_VARIANTS} variants"
            for variant in variants:
                yield BadRow(locator=self.places[variant.sku], field="parent", reason=f"found {parent!r}; {why}")


def read_products(source: Path | SqlSource, mapping_path: Path | None = None, *, strict: bool = False) -> Imported:
    """Read all products of a file (CSV, JSON, JSON Lines by its ending) or of a query.

    Raises CatalogError where the source or the mapping cannot be used, where no row is good, and with `strict` where
    any row is bad.
    """
    mapping = read_mapping(mapping_path) if mapping_path else None
    collected, bad_rows = _Collected(), list[BadRow]()
    with open_table(source, mapping.csv.delimiter if mapping else ",") as table:
        mapping = _mapping_of(table, mapping, mapping_path)
        for row in table.rows:
            if bad := row if isinstance(row, BadRow) else _collect(row, mapping, collected):
                bad_rows.append(bad)
    bad_rows += collected.join_variants()
    if not collected.products or (strict and bad_rows):
        raise CatalogError(_refusal(table.name, bad_rows))
    return Imported(tuple(collected.products[sku] for sku in sorted(collected.products)), tuple(bad_rows))


def _mapping_of(table: Table, mapping: ShopMapping | None, path: Path | None) -> ShopMapping | None:
    if mapping is None or path is None:
        return native_mapping(table) if table.columns is not None else None
    check_columns(mapping, path, table)
    return mapping


def _refusal(name: str, bad_rows: list[BadRow]) -> str:
    if not bad_rows:
        return f"{name}: there is not one product in it; check the source."
    lines = [f"{bad.locator}: {bad.field or 'row'}: {bad.reason}." for bad in bad_rows[:_SHOWN_BAD_ROWS]]
    return "\n".join((f"{name}: nothing was imported, because of {len(bad_rows)} bad rows; the first are:", *lines))


def _collect(row: Row, mapping: ShopMapping | None, collected: _Collected) -> BadRow | None:
    """Add one row, or say why not."""
    try:
        raw, parent = translate(mapping, row.raw) if mapping else (native(row.raw), None)
        if parent is None:
            collected.add(Product.model_validate(raw), row.locator)
        else:
            collected.add_variant(parent, Variant.model_validate(raw), row.locator)
    except BadValue as error:
        return BadRow(locator=row.locator, field=error.field, reason=str(error))
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        allowed = tuple((Variant if "variants" in detail["loc"] else Product).model_fields)
        where = ".".join(str(step) for step in detail["loc"])
        return BadRow(locator=row.locator, field=where, reason=reason(detail, allowed))
    return None


def native(raw: Mapping[str, object]) -> dict[str, object]:
    """Return a row of the native form with typed attributes and without nulls; raises BadValue."""
    known = {key: value for key, value in raw.items() if value is not None}
    if "attributes" in known:
        known["attributes"] = dict(_attributes(known["attributes"], ""))
    variants = known.get("variants", [])
    if not isinstance(variants, list) or not all(isinstance(variant, dict) for variant in variants):
        raise BadValue("variants", "give a list of objects")
    if variants:
        known["variants"] = tuple(_variant(variant, f"variants.{place}.") for place, variant in enumerate(variants))
    else:
        known.pop("variants", None)
    return known


def _variant(raw: Mapping[str, object], where: str) -> dict[str, object]:
    known = {key: value for key, value in raw.items() if value is not None}
    if "attributes" in known:
        known["attributes"] = dict(_attributes(known["attributes"], where))
    return known


def _attributes(raw: object, where: str) -> Iterator[tuple[str, object]]:
    if not isinstance(raw, dict):
        raise BadValue(f"{where}attributes", "give an object of names and values")
    for key, value in raw.items():
        if value is not None and value not in ("", []):
            try:
                yield key, parse_attribute(value)
            except ValueError as error:
                raise BadValue(f"{where}attributes.{key}", str(error)) from None
