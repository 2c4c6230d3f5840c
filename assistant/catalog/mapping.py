"""The mapping file: which column or JSON key of a shop's own data gives which part of a product.

    [csv]
    delimiter = ";"                  # absent: ","

    [product]
    sku = "article_no"               # every entry names a column or key; "specs.ram" reaches into nested JSON
    name = "title"
    category = "group"               # its text becomes a key: "Office Chairs" is office_chairs
    price = "price"
    price_unit = "major"             # "major": 899.00, "minor": 89900
    currency = "EUR"                 # one ISO 4217 code for all rows; or currency_from = "column"
    brand = "maker"                  # these and the rest may be absent: description, stock, url

    [categories]                     # only where the text should become another key
    "Notebooks & Laptops" = "laptops"

    [attributes.memory]
    from = "RAM"
    unit = "GB"                      # the unit of bare numbers: 16 is 16 GB
    [attributes.ports]
    from = "connections"
    type = "terms"                   # quantity, flag, text or terms; absent: as the value looks
    separator = ","                  # between terms, absent: "|"

    [variants]                       # rows whose parent is not empty are variants of that SKU
    parent = "parent_article"
    name = "variant"                 # absent: as product.name

Empty cells count as absent. Columns that are not named are left out. Without a mapping file, CSV and SQL rows have
the columns sku, name, brand, category, description, price_minor, currency, stock, url, parent, and one column
`attr.KEY` per attribute; JSON rows have the native form (see `products`).
"""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from babel.numbers import get_currency_precision
from pydantic import AfterValidator, Field, StringConstraints

from assistant.catalog.lexicon import plain_letters
from assistant.catalog.products import parse_attribute
from assistant.catalog.readers import Table
from assistant.catalog.toml_file import found, nearest, read_toml
from assistant.catalog.units import unit_of
from chains.contract import Contract
from chains.errors import CatalogError
from chains.tools import FieldKey
from chains.values import UNITS, Flag, Quantity, Terms, Text, Value

ColumnName = Annotated[str, StringConstraints(min_length=1, max_length=200)]
_NUMBER = re.compile(r"[+-]?(0|[1-9][0-9]{0,13})(\.[0-9]{1,6})?")
_YES, _NO = frozenset({"true", "yes", "y", "1"}), frozenset({"false", "no", "n", "0"})


class BadValue(Exception):
    """A value that a product cannot have; `field` is to blame, and the message says why."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field


def _known_unit(unit: str) -> str:
    if unit_of(unit) is None:
        raise ValueError(f"this unit is unknown; {nearest(unit, tuple(UNITS)[1:])}")
    return unit


class CsvOptions(Contract):
    """How a CSV file is written."""

    delimiter: Annotated[str, StringConstraints(min_length=1, max_length=1)] = ","


class ProductColumns(Contract):
    """Where the parts of a product stand."""

    sku: ColumnName
    name: ColumnName
    category: ColumnName
    price: ColumnName
    price_unit: Literal["major", "minor"]
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] | None = None
    currency_from: ColumnName | None = None
    brand: ColumnName | None = None
    description: ColumnName | None = None
    stock: ColumnName | None = None
    url: ColumnName | None = None


class AttributeColumn(Contract):
    """Where an attribute stands, and how its raw value is read."""

    from_: ColumnName = Field(alias="from")
    type: Literal["quantity", "flag", "text", "terms"] | None = None
    unit: Annotated[str, AfterValidator(_known_unit)] | None = None
    separator: Annotated[str, StringConstraints(min_length=1, max_length=3)] = "|"


class VariantColumns(Contract):
    """Which column makes a row a variant."""

    parent: ColumnName
    name: ColumnName | None = None


class ShopMapping(Contract):
    """The whole mapping file."""

    csv: CsvOptions = CsvOptions()
    product: ProductColumns
    categories: dict[str, FieldKey] = {}
    attributes: dict[FieldKey, AttributeColumn] = {}
    variants: VariantColumns | None = None

    def columns(self) -> Iterator[tuple[str, str]]:
        """Yield every place in the file that names a column, and the column."""
        for key, column in self.product.model_dump(exclude={"price_unit", "currency"}, exclude_none=True).items():
            yield f"product.{key}", column
        yield from ((f"attributes.{key}.from", attribute.from_) for key, attribute in self.attributes.items())
        if self.variants:
            yield from ((f"variants.{key}", column) for key, column in self.variants if column)


def read_mapping(path: Path) -> ShopMapping:
    """Read a mapping file; raises CatalogError with one sentence a line."""
    mapping = read_toml(path, ShopMapping)
    if (mapping.product.currency is None) == (mapping.product.currency_from is None):
        raise CatalogError(f'{path}: product: give either currency = "EUR" or currency_from = "column".')
    return mapping


def check_columns(mapping: ShopMapping, path: Path, table: Table) -> None:
    """Raise CatalogError where a mapping names columns that a table with known columns does not have."""
    columns = table.columns
    if columns is not None:
        missing = [(place, column) for place, column in mapping.columns() if column not in columns]
        if missing:
            hints = (f"{place}: found {found(name)}; {nearest(name, columns)}" for place, name in missing)
            raise CatalogError("\n".join(f"{path}: {hint}." for hint in hints))


def native_mapping(table: Table) -> ShopMapping:
    """Return the mapping of a CSV or SQL table whose columns have the native names; raises CatalogError otherwise."""
    columns = table.columns or ()
    plain = ("sku", "name", "brand", "category", "description", "price_minor", "currency", "stock", "url", "parent")
    required = ("sku", "name", "category", "price_minor", "currency")
    attributes = {column.removeprefix("attr."): column for column in columns if column.startswith("attr.")}
    for column in columns:
        if column not in plain and not column.startswith("attr."):
            hint = "rename it, name it attr.KEY, or write a mapping file"
            raise CatalogError(f"{table.name}: the column {column!r} is unknown; {nearest(column, plain)}; {hint}.")
    if bad := [key for key in attributes if not re.fullmatch(r"[a-z][a-z0-9_]{0,59}", key)]:
        form = "use small letters, digits and underscores, as attr.screen_size"
        raise CatalogError(f"{table.name}: the column attr.{bad[0]} cannot be a field; {form}.")
    if missing := [column for column in required if column not in columns]:
        raise CatalogError(f"{table.name}: the column {missing[0]!r} is missing; add it, or write a mapping file.")
    optional = {name: name for name in ("brand", "description", "stock", "url") if name in columns}
    return ShopMapping(
        product=ProductColumns(
            sku="sku", name="name", category="category", price="price_minor", price_unit="minor",
            currency_from="currency", **optional,
        ),
        attributes={key: AttributeColumn.model_validate({"from": column}) for key, column in attributes.items()},
        variants=VariantColumns(parent="parent") if "parent" in columns else None,
    )  # fmt: skip


def translate(mapping: ShopMapping, raw: Mapping[str, object]) -> tuple[dict[str, object], str | None]:
    """Return a row's native form and, for a variant, its parent's SKU; raises BadValue.

    Attributes are typed values already. A variant's row has only what a variant has: what it leaves empty, it inherits.
    """
    columns, parent = mapping.product, None
    if mapping.variants:
        parent = _text(_lookup(raw, mapping.variants.parent))
    name = mapping.variants.name if mapping.variants and mapping.variants.name and parent else columns.name
    native: dict[str, object] = {"sku": _text(_lookup(raw, columns.sku)), "name": _text(_lookup(raw, name))}
    currency = columns.currency or _text(_lookup(raw, columns.currency_from or ""))
    native["price_minor"] = _price(_lookup(raw, columns.price), columns.price_unit, currency)
    if columns.stock:
        native["stock"] = _whole(_lookup(raw, columns.stock), "stock")
    native["attributes"] = dict(_attributes(mapping, raw))
    if parent is None:
        native["currency"] = currency
        native["category"] = _category(_text(_lookup(raw, columns.category)), mapping)
        for key, column in (("brand", columns.brand), ("description", columns.description), ("url", columns.url)):
            native[key] = _text(_lookup(raw, column)) if column else None
    return {key: value for key, value in native.items() if value is not None}, parent


def _lookup(raw: Mapping[str, object], key: str) -> object:
    """Return a value by its key, or by a path of keys with points between; None if absent or blank."""
    value: object = raw.get(key)
    if key not in raw and "." in key:
        value = raw
        for step in key.split("."):
            value = value.get(step) if isinstance(value, dict) else None
    return None if isinstance(value, str) and not value.strip() else value


def _text(value: object) -> str | None:
    return None if value is None else str(value).strip()


def _number(value: object, field: str) -> Decimal | None:
    match value:
        case None:
            return None
        case bool():
            pass
        case int() | float() | Decimal() if Decimal(str(value)).is_finite():
            return Decimal(str(value))
        case str() if _NUMBER.fullmatch(value.strip()):
            return Decimal(value.strip())
    raise BadValue(field, f"found {found(value)}; give a number such as 1299.95, with a decimal point")


def _whole(value: object, field: str) -> int | None:
    number = _number(value, field)
    if number is not None and number != number.to_integral_value():
        raise BadValue(field, f"found {found(value)}; give a whole number")
    return None if number is None else int(number)


def _price(value: object, unit: str, currency: str | None) -> int | None:
    number = _number(value, "price")
    if number is None or unit == "minor" or currency is None:
        return _whole(number, "price")
    minor = number.scaleb(get_currency_precision(currency))
    if minor != minor.to_integral_value():
        raise BadValue("price", f"found {found(value)}; {currency} has {get_currency_precision(currency)} decimals")
    return int(minor)


def _category(text: str | None, mapping: ShopMapping) -> str | None:
    if text is None or text in mapping.categories:
        return mapping.categories.get(text or "")
    return re.sub(r"[^a-z0-9]+", "_", plain_letters(text)).strip("_")


def _attributes(mapping: ShopMapping, raw: Mapping[str, object]) -> Iterator[tuple[str, Value]]:
    for key, column in mapping.attributes.items():
        value = _lookup(raw, column.from_)
        if value is not None and value != []:
            try:
                yield key, _attribute(column, value)
            except ValueError as error:
                raise BadValue(f"attributes.{key}", str(error)) from None


def _attribute(column: AttributeColumn, value: object) -> Value:
    text = value.strip() if isinstance(value, str) else None
    number = Decimal(text) if text is not None and _NUMBER.fullmatch(text) else value
    kind = column.type or ("quantity" if column.unit else None)
    parsed: Value
    match kind:
        case "flag":
            parsed = Flag(value=_flag(value))
        case "text":
            parsed = Text(value=_words((str(value),))[0])
        case "terms":
            parsed = Terms(values=_words(text.split(column.separator) if text is not None else value))
        case "quantity":
            parsed = _quantity(parse_attribute(number), column.unit, value)
        case None if text is not None and text.casefold() in {"true", "false"}:
            parsed = Flag(value=text.casefold() == "true")
        case None if text is not None and column.separator in text:
            parsed = Terms(values=_words(text.split(column.separator)))
        case _:
            parsed = parse_attribute(number)
    return parsed


def _quantity(value: Value, unit: str | None, raw: object) -> Quantity:
    if not isinstance(value, Quantity):
        raise ValueError(f"found {found(raw)}; give a number, or a number and its unit")  # noqa: TRY004 (bad data)
    return Quantity(value=value.value, unit=unit_of(unit) or "") if unit and not value.unit else value


def _flag(value: object) -> bool:
    word = str(value).strip().casefold()
    if word not in _YES | _NO:
        raise ValueError(f"found {found(value)}; give true or false, yes or no, 1 or 0")
    return word in _YES


def _words(raw: object) -> tuple[str, ...]:
    terms = parse_attribute([word for word in raw if str(word).strip()] if isinstance(raw, list | tuple) else raw)
    if not isinstance(terms, Terms):
        raise ValueError(f"found {found(raw)}; give a list of texts")  # noqa: TRY004 (bad data)
    return terms.values
