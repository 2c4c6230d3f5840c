"""Columns of a catalog: each field's values by row, in an order that makes every filter a range.

A row is one item, a product or a variant, in the order of products and in each product of `items`. A column keeps
the distinct values of its field once and sorted; what a row holds is the number of a value. So a condition is
decided exactly, on decimals and words, and then carried out on integers.
"""

import json
from array import array
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from assistant.catalog.products import Item
from assistant.catalog.vocabulary import FieldKind
from chains.facts import FilterOp
from chains.values import Flag, Money, Quantity, Terms, Text, Value, dimension, in_base

Rows = NDArray[np.int32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Column:
    """One field: pairs of row and code, by rising row; a terms field has several pairs for a row.

    `numbers` are the sorted values of a money field (minor units), a quantity field (base unit of its dimension) or
    a flag (0 and 1); `words` those of a text or terms field, sorted without regard to case. A code is a place in
    them, or -1 for a value of another kind or dimension, which meets no condition and has no place in an order.
    `unit` is the unit that most rows state.
    """

    key: str
    kind: FieldKind
    rows: Rows
    codes: Rows
    unit: str = ""
    numbers: tuple[Decimal, ...] = ()
    words: tuple[str, ...] = ()

    @cached_property
    def code_of(self) -> Mapping[str, int]:
        """The code of a word, by its folded form."""
        return {word.casefold(): code for code, word in enumerate(self.words)}

    def mask(self, op: FilterOp, wanted: Decimal | str, size: int) -> Mask:
        """Return which of `size` rows meet a condition; a row without the field meets none, not even `ne`.

        A word that the column does not hold is met by no row, and its negation by every row with the field.
        """
        low, high = self._range(op, wanted)
        mask = np.zeros(size, dtype=np.bool_)
        inside = self.rows[(self.codes >= low) & (self.codes < high)]
        if op in {"ne", "has_not"}:
            mask[self.rows[self.codes >= 0]] = True
            mask[inside] = False
        else:
            mask[inside] = True
        return mask

    def _range(self, op: FilterOp, wanted: Decimal | str) -> tuple[int, int]:
        if isinstance(wanted, str):
            code = self.code_of.get(wanted.casefold(), -1)
            return code, code + 1
        left, right = bisect_left(self.numbers, wanted), bisect_right(self.numbers, wanted)
        match op:
            case "lt":
                return 0, left
            case "le":
                return 0, right
            case "gt":
                return right, len(self.numbers)
            case "ge":
                return left, len(self.numbers)
            case _:
                return left, right

    def dense(self, size: int) -> NDArray[np.int64]:
        """Return each row's code, or -1; of several codes of a row the last."""
        dense = np.full(size, -1, dtype=np.int64)
        dense[self.rows] = self.codes
        return dense

    def strays(self, size: int) -> Mask:
        """Return which of `size` rows state a value that has no order among the others, such as months among hours."""
        mask = np.zeros(size, dtype=np.bool_)
        mask[self.rows[self.codes < 0]] = True
        return mask

    def description(self) -> str:
        """Return all but the arrays, as JSON."""
        numbers = [str(number) for number in self.numbers]
        return json.dumps([self.key, self.kind, self.unit, numbers, self.words], ensure_ascii=False)

    @classmethod
    def from_description(cls, text: str, rows: Rows, codes: Rows) -> "Column":
        """Return what `description` was made from; raises ValueError where it is not whole."""
        key, kind, unit, numbers, words = json.loads(text)
        return cls(key, kind, rows, codes, unit, tuple(Decimal(number) for number in numbers), tuple(words))


def build_columns(rows: Iterable[Item]) -> tuple[Column, ...]:
    """Return the columns of all attributes and of category, brand, price and stock, by key."""
    row_of: defaultdict[str, array[int]] = defaultdict(lambda: array("i"))
    values_of: defaultdict[str, list[Value]] = defaultdict(list)
    for row, item in enumerate(rows):
        for key, value in (*_own_values(item), *item.attributes.items()):
            row_of[key].append(row)
            values_of[key].append(value)
    return tuple(_column(key, np.array(row_of[key], dtype=np.int32), values_of[key]) for key in sorted(values_of))


def _own_values(item: Item) -> Iterable[tuple[str, Value]]:
    yield "price", Money(amount_minor=item.price_minor, currency=item.currency)
    yield "category", Text(value=item.category)
    if item.brand:
        yield "brand", Text(value=item.brand)
    if item.stock is not None:
        yield "stock", Quantity(value=Decimal(item.stock))


def _column(key: str, rows: Rows, values: Sequence[Value]) -> Column:
    match kind := _kind(values):
        case "text" | "terms":
            return _word_column(key, kind, rows, values)
        case _:
            return _number_column(key, kind, rows, values)


def _kind(values: Sequence[Value]) -> FieldKind:
    """The kind of most values; a field with any list is one of lists, and its single words are lists of one."""
    counts = Counter(value.kind for value in values)
    words: FieldKind = "terms" if counts["terms"] else "text"
    tally: dict[FieldKind, int] = {
        words: counts["text"] + counts["terms"],
        "quantity": counts["quantity"],
        "flag": counts["flag"],
        "money": counts["money"],
    }
    return max(tally, key=lambda kind: tally[kind])


def _number_column(key: str, kind: FieldKind, rows: Rows, values: Sequence[Value]) -> Column:
    units = Counter(value.unit for value in values if isinstance(value, Quantity))
    by_dimension: Counter[str | None] = Counter()
    for unit, count in units.items():
        by_dimension[dimension(unit)] += count
    measured = by_dimension.most_common(1)[0][0] if by_dimension else None
    numbers = [_number(value, kind, measured) for value in values]
    distinct = sorted({number for number in numbers if number is not None})
    code_of = {number: code for code, number in enumerate(distinct)}
    codes = np.array([-1 if number is None else code_of[number] for number in numbers], dtype=np.int32)
    unit = max((unit for unit in units if dimension(unit) == measured), key=lambda unit: units[unit], default="")
    return Column(key, kind, rows, codes, unit=unit, numbers=tuple(distinct))


def _number(value: Value, kind: FieldKind, measured: str | None) -> Decimal | None:
    match value:
        case Quantity() if kind == "quantity" and dimension(value.unit) == measured:
            return in_base(value)
        case Flag() if kind == "flag":
            return Decimal(value.value)
        case Money() if kind == "money":
            return Decimal(value.amount_minor)
        case _:
            return None


def _word_column(key: str, kind: FieldKind, rows: Rows, values: Sequence[Value]) -> Column:
    pairs = [(row, word) for row, value in zip(rows.tolist(), values, strict=True) for word in _words(value)]
    spelling: dict[str, str] = {}
    for _, word in pairs:
        spelling.setdefault(word.casefold(), word)
    code_of = {folded: code for code, folded in enumerate(sorted(spelling))}
    return Column(
        key,
        kind,
        rows=np.array([row for row, _ in pairs], dtype=np.int32),
        codes=np.array([code_of[word.casefold()] for _, word in pairs], dtype=np.int32),
        words=tuple(spelling[folded] for folded in code_of),
    )


def _words(value: Value) -> tuple[str, ...]:
    match value:
        case Text():
            return (value.value,)
        case Terms():
            return value.values
        case _:
            return ()
