"""The demo shop's own sources, read without its search, its tools and its index: what every fact is held against."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

from pydantic import JsonValue, TypeAdapter

from assistant.catalog.products import Item
from assistant.facts_of import record_of, value_of
from assistant.wiring import Site
from chains.facts import Condition, Evidence, Fact, Query
from chains.record import CalledTool
from chains.turn import Turn
from chains.values import Day, Flag, Money, Quantity, Terms, Text, Value
from tests.chains.reading import Read, Reader

_ORDERS: TypeAdapter[list[dict[str, JsonValue]]] = TypeAdapter(list[dict[str, JsonValue]])
_SIGNS = {"eq": (0,), "lt": (-1,), "le": (-1, 0), "gt": (1,), "ge": (0, 1), "ne": (-1, 1)}
_DAYS = {"expected_on", "delivered_on", "placed_on"}
# units that the independent reader does not know: the scale, and how much of its base unit one is
_MORE_UNITS = {
    "l": ("volume", Decimal(1000)),
    "ml": ("volume", Decimal(1)),
    "W": ("power", Decimal(1)),
    "kW": ("power", Decimal(1000)),
    "Wh": ("energy", Decimal(1)),
    "kWh": ("energy", Decimal(1000)),
    "mAh": ("charge", Decimal(1)),
    "Ah": ("charge", Decimal(1000)),
    "Mbps": ("data rate", Decimal(1)),
    "Gbps": ("data rate", Decimal(1000)),
}


def declared(read: Read) -> Read:
    """A read value in a unit that the independent reader does not know, in the base unit of its scale."""
    if len(read) == 3 and read[1].startswith("undeclared "):
        scale, factor = _MORE_UNITS.get(read[1].removeprefix("undeclared "), (read[1], Decimal(1)))
        return read[0], scale, read[2] * int(factor)
    return read


class Shelf:
    """Every product with its variants, every paragraph and every order of one site."""

    def __init__(self, site: Site) -> None:
        sources = site.loaded.scope.sources
        assert sources.orders is not None
        catalog, base = site.catalog, site.loaded.path.parent
        items = {p.sku: item for p in catalog.vocabulary.products if (item := catalog.get(p.sku))}
        assert len(items) == len(catalog.vocabulary.products)
        self.items = items
        self.families = [
            [item, *(items[sku] for sku in item.variants)] for item in items.values() if item.parent is None
        ]
        self.passages = {passage.id: passage for policy in catalog.policies for passage in policy.passages}
        self.topic_of = {passage.id: policy.topic for policy in catalog.policies for passage in policy.passages}
        self.orders = {str(one["order_number"]): one for one in _orders(base / sources.orders)}
        self._reader = Reader(Evidence())

    def hold(self, evidence: Evidence, turn: Turn, called: tuple[CalledTool, ...]) -> None:
        """Assert that all of an evidence is what the sources state, and the customer's own."""
        for record in evidence.records:
            if record.kind in {"product", "variant"}:
                assert record == record_of(self.items[record.id])
        for fact in evidence.facts:
            self._hold_fact(fact, turn)
        for absence in evidence.absences:
            if absence.record in self.items:
                assert value_of(self.items[absence.record], absence.field) is None, absence
            else:
                assert not self._order(absence.record, turn).get(absence.field), absence
        for passage in evidence.passages:
            assert passage == self.passages[passage.id]
        for one in called:
            for query in one.result.queries if one.result else ():
                self._hold_search(query, one.arguments)

    def _hold_fact(self, fact: Fact, turn: Turn) -> None:
        if fact.record in self.items:
            assert fact.value == value_of(self.items[fact.record], fact.field), fact.id
        elif fact.record == "shop":
            self._hold_shop(fact)
        else:
            stated = self._order(fact.record, turn)
            assert _as_order_states(fact.value) == _in_order(stated, fact.field), fact.id

    def _order(self, record: str, turn: Turn) -> dict[str, JsonValue]:
        """The order of a record; it has to be this customer's."""
        shown = [turn.customer] if turn.customer else []
        shown += [text for name, text in turn.originals.items() if name.startswith("[EMAIL_") and not turn.customer]
        own = [one for one in self.orders.values() if str(one["email"]).casefold() in {s.casefold() for s in shown}]
        assert own, f"{record} is another customer's"
        if record == "order_latest":
            return max(own, key=lambda one: str(one["placed_on"]))
        number = turn.originals[f"[{record.upper()}]"]
        return next(one for one in own if _bare(str(one["order_number"])) == _bare(number))

    def _hold_shop(self, fact: Fact) -> None:
        category, _, what = fact.field.partition(".")
        listed = [family[0] for family in self.families if family[0].category == category]
        match what, fact.value:
            case "count", Quantity(value=number):
                assert number == len(listed), fact
            case "brands", Terms(values=brands):
                assert set(brands) == {item.brand for item in listed if item.brand}, fact
            case "lowest_price" | "highest_price", Money(amount_minor=amount):
                prices = [item.price_minor for family in self.families if family[0] in listed for item in family]
                assert amount == (min if what == "lowest_price" else max)(prices), fact
            case "", Terms(values=names):
                assert len(names) == len({family[0].category for family in self.families}), fact
            case _:
                raise AssertionError(fact)

    def _hold_search(self, query: Query, arguments: dict[str, JsonValue]) -> None:
        """A search by conditions alone, counted and sorted by looking at every product."""
        if not query.exact or arguments.get("query") is not None:
            return
        category = arguments.get("category")
        found = [
            fitting
            for family in self.families
            if category is None or family[0].category == category
            if (fitting := [item for item in family if self._fits(item, query)])
        ]
        assert query.total == len(found), query
        assert {self.items[sku].parent or sku for sku in query.records} <= {
            one[0].parent or one[0].sku for one in found
        }
        assert all(self._fits(self.items[sku], query) for sku in query.records), query
        if query.sort_by:
            self._hold_order(query, found)

    def _hold_order(self, query: Query, found: list[list[Item]]) -> None:
        """The records of a sorted search: the first has the least or the most of all that state the field."""
        field, records = query.sort_by or "", [self.items[sku] for sku in query.records]
        sizes = [self._size(item, field) for family in found for item in family if value_of(item, field)]
        assert query.unlisted == sum(not any(value_of(item, field) for item in family) for family in found), query
        if sizes and records:
            best = (min if query.order == "asc" else max)(sizes)
            assert self._size(records[0], field) == best, query

    def _size(self, item: Item, field: str) -> Decimal:
        value = value_of(item, field)
        assert value is not None
        read = declared(self._reader.truth(value))
        assert len(read) == 3
        return Decimal(read[2].numerator) / Decimal(read[2].denominator)

    def _fits(self, item: Item, query: Query) -> bool:
        if query.in_stock and not (item.stock or 0) > 0:
            return False
        return all(self._meets(value_of(item, one.field), one) for one in query.conditions)

    def _meets(self, stated: Value | None, condition: Condition) -> bool:
        """Whether a stated value meets a condition; what is not stated meets none."""
        wanted = condition.value
        match stated, wanted:
            case None, _:
                return False
            case Flag(value=one), Flag(value=other):
                return (one == other) == (condition.op == "eq")
            case Text() | Terms(), Text(value=word):
                words = [stated.value] if isinstance(stated, Text) else [*stated.values]
                denied = condition.op in {"ne", "has_not"}
                return (word.casefold() in {one.casefold() for one in words}) != denied
            case _:
                truths = declared(self._reader.truth(stated)), declared(self._reader.truth(wanted))
                return self._reader.order(*truths) in _SIGNS[condition.op]


def _orders(path: Path) -> list[dict[str, JsonValue]]:
    return _ORDERS.validate_json(path.read_bytes())


def _bare(number: str) -> str:
    return "".join(sign for sign in number.casefold() if sign.isalnum())


def _as_order_states(value: Value) -> JsonValue:
    match value:
        case Money():
            return [value.amount_minor, value.currency]
        case Terms():
            return [*value.values]
        case Day():
            return value.value.isoformat()
        case Text():
            return value.value
        case _:
            raise AssertionError(value)


def _in_order(order: dict[str, JsonValue], field: str) -> JsonValue:
    """What an order states for a fact's field, as `_as_order_states` writes it."""
    if field == "total":
        return [order["total_minor"], order["currency"]]
    if field == "items":
        lines = json.loads(json.dumps(order["items"]))
        return [f"{line['quantity']} x {line['name']}" for line in lines]
    if field in _DAYS:
        return date.fromisoformat(str(order[field])[:10]).isoformat()
    return order[field]
