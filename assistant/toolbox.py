"""Carries out the function calls of a lookup on one site's catalog, policies, orders and the operator's own sources.

Every call is held against the caller's identity once more here, whoever asks for it.
"""

import asyncio
import hmac
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from pydantic import BaseModel, ValidationError

from assistant.catalog.catalog import Catalog
from assistant.catalog.products import Item
from assistant.facts_of import OWN_FIELDS, ItemFacts, order_evidence, value_of
from assistant.operator_tools import OperatorCall
from assistant.orders import Order, OrderSource
from chains.errors import CatalogError, ToolFailed
from chains.facts import Evidence, Fact, Query, Record, Wording, merge
from chains.scope import Scope
from chains.tools import (
    Caller,
    CheckStock,
    CompareProducts,
    FindPolicy,
    GetOrder,
    GetProduct,
    Identity,
    ListCategories,
    SearchProducts,
)
from chains.values import Money, Quantity, Terms, Value

VARIANTS = 6  # of one product: more would crowd out the rest of the evidence
SHARED_FIELDS = 6  # of a comparison that names none
_TERMS = 60  # those of `chains.values.Terms`


class ShopToolbox:
    """The tools of one site. `orders` is None where it has none; relative paths of its tools start at `base`.

    Raises `ScopeError` or `CatalogError` where one of the operator's tools cannot be used.
    """

    def __init__(self, catalog: Catalog, orders: OrderSource | None, scope: Scope, base: Path) -> None:
        self._catalog, self._orders, self._scope = catalog, orders, scope
        self._own: Mapping[str, OperatorCall] = {
            tool.name: OperatorCall(tool, scope.site.name, base) for tool in scope.tools
        }

    async def run(self, name: str, arguments: BaseModel, caller: Caller) -> Evidence:
        """Carry out one call with validated arguments; raises `ToolFailed` with a sentence."""
        spec = self._scope.specs.get(name)
        if spec is None or type(arguments) is not spec.arguments:
            raise ToolFailed(f"There is no tool {name!r} that takes these arguments.")
        if caller.identity < spec.identity or caller.site != self._scope.site.id:
            raise ToolFailed(f"The tool {name!r} is not open to this customer.")
        try:
            match arguments:
                case SearchProducts():  # it may embed a text, which takes milliseconds of the processor
                    return await asyncio.to_thread(self._search, arguments, caller)
                case FindPolicy():
                    return await asyncio.to_thread(self._find_policy, arguments)
                case GetProduct():
                    return self._product(arguments, caller)
                case CompareProducts():
                    return self._compare(arguments, caller)
                case CheckStock():
                    return self._stock(arguments, caller)
                case ListCategories():
                    return self._category(arguments.category) if arguments.category else self._categories()
                case GetOrder():
                    return await self._order(arguments, caller)
                case _:
                    return await self._own[name].run(arguments, caller)
        except CatalogError as error:
            raise ToolFailed(str(error)) from error
        except ValidationError as error:  # such as a sentence that a very long category name makes too long
            raise ToolFailed(f"What the tool {name!r} found cannot be stated as facts.") from error

    def _search(self, criteria: SearchProducts, caller: Caller) -> Evidence:
        """The first of the result, each with what it was searched and sorted by; the same search has the same id."""
        hits = self._catalog.search(criteria)
        made = self._facts("search_products", caller)
        fields = [condition.field for condition in hits.conditions] + ([criteria.sort_by] if criteria.sort_by else [])
        query = Query(
            id=f"q:{sha256(criteria.model_dump_json().encode()).hexdigest()[:12]}",
            noun=hits.noun,
            records=tuple(item.sku for item in hits.items),
            total=hits.total,
            # words in a name say little about what else fits, so only a search by name counts its result
            exact=criteria.query is None or criteria.all_words,
            named=criteria.all_words,
            in_stock=bool(criteria.in_stock),
            conditions=hits.conditions,
            sort_by=None if hits.mixed else criteria.sort_by,  # months among hours: nothing is the least or the most
            order=criteria.order,
            unlisted=hits.unlisted,
        )
        found = merge(tuple(made.of(item, fields) for item in hits.items))
        return found.model_copy(update={"queries": (query,), "vocabulary": made.words(fields)})

    def _product(self, call: GetProduct, caller: Caller) -> Evidence:
        made = self._facts("get_product", caller)
        item, asked = self._item(call.sku), made.known(call.fields)
        own = made.of(item, asked or ("brand", *item.attributes), asked)
        return _with_words(merge((own, *self._variants(item, asked, made))), made.words(asked))

    def _stock(self, call: CheckStock, caller: Caller) -> Evidence:
        made = self._facts("check_stock", caller)
        item = self._item(call.sku)
        return merge((made.of(item, (), ("stock",)), *self._variants(item, (), made)))

    def _compare(self, call: CompareProducts, caller: Caller) -> Evidence:
        """The same fields of all; where none is named, what tells them apart best."""
        made = self._facts("compare_products", caller)
        items = [self._item(sku) for sku in dict.fromkeys(call.skus)]
        if len(items) < 2:
            raise ToolFailed("A comparison needs two different products; name another one.")
        asked = made.known(call.fields)
        found = merge(tuple(made.of(item, asked or self._shared(items), asked) for item in items))
        return _with_words(found, made.words(asked))

    def _shared(self, items: list[Item]) -> tuple[str, ...]:
        """The fields with a number or a yes or no that all state: those in which they differ first, numbers first."""
        ranked: list[tuple[bool, bool, str]] = []
        for key, field in self._catalog.vocabulary.fields.items():
            values = [value_of(item, key) for item in items]
            if field.kind in {"quantity", "flag"} and key not in OWN_FIELDS and None not in values:
                ranked.append((all(value == values[0] for value in values), field.kind == "flag", key))
        return tuple(key for _, _, key in sorted(ranked)[:SHARED_FIELDS])

    def _variants(self, item: Item, asked: Iterable[str], made: ItemFacts) -> list[Evidence]:
        """The variants of a product, each with the fields in which they differ from it or from one another."""
        variants = [found for sku in item.variants[:VARIANTS] if (found := self._catalog.get(sku))]
        keys = dict.fromkeys(key for one in (item, *variants) for key in one.attributes)
        differing = [key for key in keys if any(value_of(one, key) != value_of(item, key) for one in variants)]
        return [made.of(one, [*differing, *asked]) for one in variants]

    def _item(self, sku: str) -> Item:
        if (item := self._catalog.get(sku)) is None:
            raise ToolFailed(f"There is no product {sku!r}; search_products finds the products that there are.")
        return item

    def _facts(self, tool: str, caller: Caller) -> ItemFacts:
        return ItemFacts(self._catalog.vocabulary, self._catalog.version, tool, caller.now)

    def _categories(self) -> Evidence:
        names = tuple(category.name for category in self._catalog.vocabulary.categories.values())
        return self._shop(("categories", "categories", "It sells {value}.", Terms(values=names[:_TERMS])))

    def _category(self, key: str) -> Evidence:
        """Its brands, its number of products and its range of prices; raises `ToolFailed` for an unknown one."""
        cheapest = self._catalog.search(SearchProducts(category=key, sort_by="price", limit=1))
        dearest = self._catalog.search(SearchProducts(category=key, sort_by="price", order="desc", limit=1))
        words = self._catalog.vocabulary.categories[key]
        low, high = (
            Money(amount_minor=h.items[0].price_minor, currency=h.items[0].currency) for h in (cheapest, dearest)
        )
        noun = words.singular if cheapest.total == 1 else words.name
        brands = self._brands.get(key, ())
        return self._shop(
            (
                f"{key}.count",
                f"number of {words.name}",
                f"It has {{value}} {noun}.",
                Quantity(value=Decimal(cheapest.total)),
            ),
            *(
                [
                    (
                        f"{key}.brands",
                        f"brands of {words.name}",
                        f"It has {words.name} by {{value}}.",
                        Terms(values=brands),
                    )
                ]
                if brands
                else []
            ),
            (f"{key}.lowest_price", f"lowest price of {words.name}", f"Its {words.name} start at {{value}}.", low),
            (f"{key}.highest_price", f"highest price of {words.name}", f"Its {words.name} go up to {{value}}.", high),
        )

    @cached_property
    def _brands(self) -> Mapping[str, tuple[str, ...]]:
        """The brands of each category, by name."""
        pairs = sorted(
            {(product.category, product.brand) for product in self._catalog.vocabulary.products if product.brand}
        )
        found: dict[str, tuple[str, ...]] = {}
        for category, brand in pairs:
            found[category] = (*found.get(category, ()), brand)[:_TERMS]
        return found

    def _shop(self, *told: tuple[str, str, str, Value]) -> Evidence:
        """Facts about the shop itself: field, label, phrase and value of each."""
        return Evidence(
            records=(Record(id="shop", kind="shop", name=self._scope.site.name),),
            facts=tuple(
                Fact(
                    id=f"shop:{field}",
                    record="shop",
                    field=field,
                    label=label,
                    value=value,
                    wording=Wording(phrase=phrase),
                    source="list_categories",
                    version=self._catalog.version,
                )
                for field, label, phrase, value in told
            ),
        )

    def _find_policy(self, call: FindPolicy) -> Evidence:
        return Evidence(passages=self._catalog.find_passages(call.query, call.topics, call.limit))

    async def _order(self, call: GetOrder, caller: Caller) -> Evidence:
        """The customer's own order; one that does not exist and one of somebody else look the same: nothing."""
        if self._orders is None:
            raise ToolFailed("This shop's orders cannot be read here; hand the request to a colleague.")
        if call.order_number is not None:
            original = caller.originals.get(call.order_number)
            if original is None:
                raise ToolFailed(f"The request holds no order number {call.order_number}.")
            order = await self._orders.find(original.strip(" \t#"))
            record, name = call.order_number.strip("[]").lower(), f"order {call.order_number}"
        elif caller.identity is Identity.VERIFIED and caller.customer:
            order = await self._orders.latest(caller.customer)
            record, name = "order_latest", "your latest order"
        else:
            raise ToolFailed("The latest order is read for signed-in customers alone; ask for the order number.")
        if order is None or not _owns(order, caller):
            return Evidence()
        return order_evidence(order, record, name, caller.now)


def _owns(order: Order, caller: Caller) -> bool:
    """Whether the order's address is one that this caller has shown to be theirs."""
    if caller.identity is Identity.VERIFIED:
        shown = [caller.customer] if caller.customer else []
    else:
        shown = [text for placeholder, text in caller.originals.items() if placeholder.startswith("[EMAIL_")]
    address = _comparable(order.email)
    matches = [hmac.compare_digest(_comparable(one), address) for one in shown]  # all of them: time must not tell
    return bool(address) and any(matches)


def _comparable(address: str) -> bytes:
    """An address whatever the case of its ASCII letters; Unicode's folding would join different mailboxes (ß, ss)."""
    return address.strip().encode("utf-8", "surrogatepass").lower()


def _with_words(evidence: Evidence, words: dict[str, tuple[str, ...]]) -> Evidence:
    return evidence.model_copy(update={"vocabulary": words})
