"""Turns the arguments of a search into conditions on columns; nothing outside the catalog's words gets through."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from babel.numbers import get_currency_precision
from pydantic import ValidationError

from assistant.catalog.columns import Column
from assistant.catalog.toml_file import nearest, shorten
from assistant.catalog.vocabulary import FieldWords, Vocabulary
from chains.errors import ToolFailed
from chains.facts import Condition, FilterOp
from chains.tools import Filter, SearchProducts
from chains.values import Flag, Money, Quantity, Text, Value, dimension, in_base

_WORD_OPS: Mapping[FilterOp, FilterOp] = {"eq": "has", "ne": "has_not", "has": "has", "has_not": "has_not"}
_TEXT_OPS: Mapping[FilterOp, FilterOp] = {"eq": "eq", "ne": "ne", "has": "eq", "has_not": "ne"}


@dataclass(frozen=True)
class Test:
    """One condition as a column decides it; `wanted` is in the column's own terms (see `Column`)."""

    column: Column
    op: FilterOp
    wanted: Decimal | str
    condition: Condition


@dataclass(frozen=True)
class Terms:
    """The words of a catalog and its columns: what a search may name."""

    vocabulary: Vocabulary
    columns: Mapping[str, Column]

    def tests(self, criteria: SearchProducts) -> Iterator[Test]:
        """Yield every condition of a search but category and stock; raises ToolFailed with a sentence."""
        if criteria.brand is not None:
            yield self._word_test(self._field("brand"), "eq", criteria.brand)
        for op, amount in (("ge", criteria.price_min_minor), ("le", criteria.price_max_minor)):
            if amount is not None:
                yield self._price_test("ge" if op == "ge" else "le", amount)
        for condition in criteria.filters:
            yield self._test(condition)

    def category(self, key: str) -> str:
        """Return the key of a known category; raises ToolFailed for an unknown one."""
        if key not in self.vocabulary.categories:
            known = nearest(key, tuple(self.vocabulary.categories))
            raise ToolFailed(f"There is no category {key!r}; {known}.")
        return key

    def sortable(self, key: str) -> Column:
        """Return the column of a field that has an order; raises ToolFailed for any other."""
        field = self._field(key)
        if field.kind not in {"money", "quantity"}:
            known = tuple(name for name, other in self.vocabulary.fields.items() if other.kind in {"money", "quantity"})
            raise ToolFailed(f"Products cannot be sorted by {key!r}, which is no number; {nearest(key, known)}.")
        return self.columns[key]

    def _field(self, key: str) -> FieldWords:
        if (field := self.vocabulary.fields.get(key)) is None:
            raise ToolFailed(f"There is no field {key!r}; {nearest(key, tuple(self.vocabulary.fields))}.")
        return field

    def _test(self, condition: Filter) -> Test:
        field, value = self._field(condition.field), condition.value
        match field.kind:
            case "flag" if isinstance(value, bool) and condition.op in {"eq", "ne"}:
                return self._made(field, condition.op, Decimal(value), Flag(value=value))
            case "text" if isinstance(value, str) and condition.op in _TEXT_OPS:
                return self._word_test(field, _TEXT_OPS[condition.op], value)
            case "terms" if isinstance(value, str) and condition.op in _WORD_OPS:
                return self._word_test(field, _WORD_OPS[condition.op], value)
            case "quantity" if isinstance(value, int | float) and not isinstance(value, bool) and _orders(condition):
                return self._quantity_test(field, condition, value)
            case "money" if isinstance(value, int | float) and not isinstance(value, bool) and _orders(condition):
                return self._price_test(condition.op, self._minor(condition, value))
        given = f"{condition.field} {condition.op} {value!r}"
        raise ToolFailed(f"The filter {given} cannot be applied; {_EXPECTED[field.kind]}.")

    def _word_test(self, field: FieldWords, op: FilterOp, wanted: str) -> Test:
        column = self.columns[field.key]
        code = column.code_of.get(" ".join(wanted.split()).casefold())
        if code is None:
            raise ToolFailed(
                f"No product lists {shorten(wanted, 60)!r} as its {field.label}; {nearest(wanted, column.words)}."
            )
        return self._made(field, op, column.words[code], Text(value=column.words[code]))

    def _quantity_test(self, field: FieldWords, condition: Filter, number: float) -> Test:
        unit = condition.unit or field.unit
        try:
            wanted = Quantity(value=Decimal(str(number)), unit=unit)
        except ValidationError:
            message = f"The number {number} for {field.key} is too large or too fine; give 6 decimals at most."
            raise ToolFailed(message) from None
        base = in_base(wanted)
        if base is None or dimension(unit) != dimension(field.unit):
            usual = f"its unit is {field.unit!r}" if field.unit else "it has no unit"
            raise ToolFailed(f"The field {field.key} cannot be compared with a number in {unit!r}; {usual}.")
        return self._made(field, condition.op, base, wanted)

    def _minor(self, condition: Filter, amount: float) -> int:
        """The amount in minor units; a filter on price states it as people do, in the currency itself."""
        currency = self.vocabulary.currency
        if condition.unit not in {"", currency}:
            raise ToolFailed(f"Prices are in {currency} and cannot be compared with an amount in {condition.unit!r}.")
        minor = Decimal(str(amount)).scaleb(get_currency_precision(currency))
        if not minor.is_finite() or minor != minor.to_integral_value() or abs(minor) > 10**12:
            raise ToolFailed(f"The amount {amount} is no sum of money in {currency}; give one with its usual decimals.")
        return int(minor)

    def _price_test(self, op: FilterOp, amount_minor: int) -> Test:
        wanted = Money(amount_minor=amount_minor, currency=self.vocabulary.currency)
        return self._made(self._field("price"), op, Decimal(amount_minor), wanted)

    def _made(self, field: FieldWords, op: FilterOp, wanted: Decimal | str, value: Value) -> Test:
        condition = Condition(field=field.key, label=field.label, op=op, value=value)
        return Test(self.columns[field.key], op, wanted, condition)


def _orders(condition: Filter) -> bool:
    return condition.op in {"eq", "ne", "lt", "le", "gt", "ge"}


_EXPECTED = {
    "flag": "it is a yes or no: use eq with true or false",
    "text": "it is a word: use eq or ne with a text",
    "terms": "it is a list of words: use has or has_not with a text",
    "quantity": "it is a number: use eq, ne, lt, le, gt or ge with a number and its unit",
    "money": "it is an amount of money: use eq, ne, lt, le, gt or ge with a number",
}
