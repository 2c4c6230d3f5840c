"""Reads products from files and databases, row by row: good rows are kept, bad ones reported with place and reason."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue, ValidationError
from pydantic_core import from_json

from assistant.catalog.products import Product, Variant, parse_attribute
from assistant.catalog.toml_file import reason
from chains.contract import Contract
from chains.errors import CatalogError

Raw = Mapping[str, object]
MAX_LINE_CHARACTERS = 1_000_000


class BadRow(Contract):
    """A row that was left out: where it stands ("products.csv line 17"), the field to blame, and why."""

    locator: str
    field: str
    reason: str


class ImportReport(Contract):
    """What an import did: how many products and variants were kept, which rows were not, and the catalog's version."""

    products: int
    variants: int
    bad_rows: tuple[BadRow, ...]
    version: str


@dataclass(frozen=True)
class Row:
    """One raw row of a source, in the native form, and where it stands; `bad` says why it cannot be read at all."""

    locator: str
    raw: Raw
    bad: BadRow | None = None
