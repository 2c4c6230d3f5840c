"""Reads the conditions of `hopdesk catalog search`: `memory>=16GB` is a filter in the catalog's own words."""

import math
import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Literal

import typer
from babel.numbers import get_currency_precision
from pydantic import ValidationError

from assistant.catalog.toml_file import nearest
from assistant.catalog.units import read_measure
from assistant.catalog.vocabulary import FieldKind, Vocabulary
from chains.facts import FilterOp
from chains.tools import Filter, SearchProducts

_CONDITION = re.compile(r"\s*([a-z][a-z0-9_]*)\s*(>=|<=|!=|==|=|>|<)\s*(.+?)\s*")
_NUMBER = re.compile(r"([+-]?[0-9]{1,14}(?:\.[0-9]{1,6})?)(?:\s*([A-Z]{3}))?")  # with a currency perhaps
_OPS: dict[str, FilterOp] = {">=": "ge", "<=": "le", ">": "gt", "<": "lt", "=": "eq", "==": "eq", "!=": "ne"}
_FLAGS = {"yes": True, "true": True, "no": False, "false": False}


def criteria_of(
    vocabulary: Vocabulary,
    *,
    query: str | None,
    category: str | None,
    brand: str | None,
    prices: tuple[float | None, float | None],
    filters: Iterable[str],
    in_stock: bool | None,
    sort_by: str | None,
    order: Literal["asc", "desc"],
    limit: int,
) -> SearchProducts:
    """The search that these options mean; raises `typer.BadParameter` with a sentence."""
    low, high = (None if amount is None else _minor(amount, vocabulary.currency) for amount in prices)
    try:
        return SearchProducts(
            query=query,
            category=category,
            brand=brand,
            price_min_minor=low,
            price_max_minor=high,
            filters=tuple(read_filter(text, vocabulary) for text in filters),
            in_stock=in_stock,
            sort_by=sort_by,
            order=order,
            limit=limit,
        )
    except ValidationError as error:
        detail = error.errors()[0]
        raise typer.BadParameter(f"{detail['loc'][0]}: {detail['msg']}.") from None


def read_filter(text: str, vocabulary: Vocabulary) -> Filter:
    """One condition such as `memory>=16GB`, `colour=black`, `touchscreen=yes` or `ports=HDMI`."""
    parts = _CONDITION.fullmatch(text)
    if parts is None:
        raise typer.BadParameter(f"{text!r} is no condition; write it as memory>=16GB.", param_hint="--filter")
    field, op, value = parts[1], _OPS[parts[2]], parts[3]
    known = vocabulary.fields.get(field)
    if known is None:
        raise typer.BadParameter(
            f"There is no field {field!r}; {nearest(field, tuple(vocabulary.fields))}.", param_hint="--filter"
        )
    amount, unit = _value(value, known.kind)
    try:
        return Filter(field=field, op=op, value=amount, unit=unit)
    except ValidationError:
        raise typer.BadParameter("A filter's value has 200 characters at most.", param_hint="--filter") from None


def _value(text: str, kind: FieldKind) -> tuple[bool | float | str, str]:
    """A value of the field's kind and its unit; what does not fit stays a text, which the search refuses by name."""
    match kind:
        case "flag":
            return _FLAGS.get(text.casefold(), text), ""
        case "quantity" | "money":
            if kind == "quantity" and (measure := read_measure(text)):
                return float(measure[0]), measure[1]
            number = _NUMBER.fullmatch(text)
            return (float(number[1]), number[2] or "") if number else (text, "")
        case "text" | "terms":
            return text, ""


def _minor(amount: float, currency: str) -> int:
    if not math.isfinite(amount):
        raise typer.BadParameter("A price is a number such as 1299.95.")
    return int(Decimal(str(amount)).scaleb(get_currency_precision(currency)).to_integral_value())
