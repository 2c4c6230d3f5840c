"""Turns what sources hold into evidence: catalog items and orders become records, facts and absences."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from assistant.catalog.products import Item
from assistant.catalog.toml_file import nearest
from assistant.catalog.vocabulary import FieldWords, Vocabulary
from assistant.orders import Order
from chains.errors import ToolFailed
from chains.facts import Absence, Evidence, Fact, Record, Wording
from chains.values import Day, Money, Quantity, Terms, Text, Value

OWN_FIELDS = ("price", "stock")
"""What is told of every product, asked or not."""

_VOCABULARY_WORDS = 60
_ITEM_CHARACTERS = 200  # those of `chains.values.Word`


@dataclass(frozen=True)
class ItemFacts:
    """Makes evidence of catalog items for one call.

    `source` is the tool's name, `version` the catalog's, `now` the time as of which a stock level holds.
    """

    vocabulary: Vocabulary
    version: str
    source: str
    now: datetime

    def known(self, fields: Iterable[str]) -> tuple[str, ...]:
        """Return the fields without repetitions; raises `ToolFailed` for one that no product has."""
        asked = tuple(dict.fromkeys(fields))
        for field in asked:
            if field not in self.vocabulary.fields:
                known = nearest(field, tuple(self.vocabulary.fields))
                raise ToolFailed(f"There is no field {field!r}; {known}.")
        return asked

    def of(self, item: Item, told: Iterable[str], asked: Iterable[str] = ()) -> Evidence:
        """The item with its price, its stock and the fields told; what is asked and not stated is an absence."""
        fields = tuple(dict.fromkeys((*OWN_FIELDS, *told)))
        stated = [(field, value) for field in fields if (value := value_of(item, field))]
        lacking = [field for field in asked if value_of(item, field) is None]
        return Evidence(
            records=(record_of(item),),
            facts=tuple(self._fact(item, field, value) for field, value in stated),
            absences=tuple(Absence(record=item.sku, field=field, label=self._label(field)) for field in lacking),
        )

    def words(self, fields: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """The words that these fields take anywhere in the catalog, for those that take words."""
        known = (self.vocabulary.fields[field] for field in fields)
        return {field.key: field.values[:_VOCABULARY_WORDS] for field in known if field.kind in {"text", "terms"}}

    def _fact(self, item: Item, field: str, value: Value) -> Fact:
        words = self.vocabulary.fields.get(field)
        return Fact(
            id=f"{item.sku}:{field}",
            record=item.sku,
            field=field,
            label=self._label(field),
            value=value,
            wording=self._wording(words, item.category) if words else Wording(),
            source=self.source,
            version=self.version,
            as_of=self.now if field == "stock" else None,
        )

    def _wording(self, words: FieldWords, category: str) -> Wording:
        """The field's own wording, without comparisons that another field of the category is said by too.

        What is "smaller" of two laptops, the screen or the battery, the field's name has to tell.
        """
        others = [one for one in self.vocabulary.fields.values() if one.key != words.key and category in one.categories]
        taken = {word for one in others for word in _comparisons(one.wording).values()}
        ambiguous = {name: None for name, word in _comparisons(words.wording).items() if word in taken}
        return words.wording.model_copy(update=ambiguous) if ambiguous else words.wording

    def _label(self, field: str) -> str:
        words = self.vocabulary.fields.get(field)  # None for the stock of a shop that states none
        return words.label if words else field


def _comparisons(wording: Wording) -> dict[str, str]:
    """The words by which products are compared, by their place in the wording."""
    words = {"more": wording.more, "less": wording.less, "most": wording.most, "least": wording.least}
    return {name: word for name, word in words.items() if word}


def record_of(item: Item) -> Record:
    """The record of a product or variant."""
    return Record(
        id=item.sku,
        kind="variant" if item.parent else "product",
        name=item.name,
        category=item.category,
        parent=item.parent,
        url=item.url,
    )


def value_of(item: Item, field: str) -> Value | None:
    """What an item states for a field: price, stock, brand or an attribute."""
    match field:
        case "price":
            return Money(amount_minor=item.price_minor, currency=item.currency)
        case "stock":
            return None if item.stock is None else Quantity(value=Decimal(item.stock))
        case "brand":
            return Text(value=item.brand) if item.brand else None
        case _:
            return item.attributes.get(field)


def order_evidence(order: Order, record: str, name: str, now: datetime) -> Evidence:
    """An order as facts, the most telling first; it holds neither the order number nor the customer's address."""
    told = list(_order_values(order))
    return Evidence(
        records=(Record(id=record, kind="order", name=name),),
        facts=tuple(
            Fact(
                id=f"{record}:{field}",
                record=record,
                field=field,
                label=label,
                value=value,
                wording=Wording(phrase=phrase),
                source="get_order",
                version="orders",
                as_of=now,
            )
            for field, label, phrase, value in told
            if value is not None
        ),
        absences=tuple(
            Absence(record=record, field=field, label=label) for field, label, _, value in told if value is None
        ),
    )


def _order_values(order: Order) -> Iterator[tuple[str, str, str, Value | None]]:
    """Field, label, phrase and value of all that an order may state."""
    ended = order.status in {"delivered", "cancelled", "returned", "refunded"}
    lines = dict.fromkeys(f"{item.quantity} x {item.name}"[:_ITEM_CHARACTERS] for item in order.items)
    yield "status", "status", "It has been {value}.", Text(value=order.status)
    if not ended:
        yield "expected_on", "expected delivery date", "It is expected on {value}.", _day(order.expected_on)
    if order.delivered_on or order.status == "delivered":
        yield "delivered_on", "delivery date", "It was delivered on {value}.", _day(order.delivered_on)
    yield "carrier", "carrier", "Its carrier is {value}.", _text(order.carrier)
    yield "tracking_code", "tracking code", "Its tracking code is {value}.", _text(order.tracking_code)
    yield "items", "items", "It contains {value}.", Terms(values=tuple(lines)[:60]) if lines else None
    total = Money(amount_minor=order.total_minor, currency=order.currency)
    yield "total", "total", "It comes to {value} in total.", total
    yield "placed_on", "order date", "It was placed on {value}.", _day(order.placed_on)
    if ended:
        yield "expected_on", "expected delivery date", "It was expected on {value}.", _day(order.expected_on)


def _day(day: date | None) -> Day | None:
    return Day(value=day) if day else None


def _text(text: str | None) -> Text | None:
    return Text(value=text) if text else None
