"""The shop's tools as tests call them, and how tests read what they found."""

import asyncio
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from pydantic import BaseModel

from assistant.catalog.catalog import Catalog
from assistant.orders import Order, OrderItem, OrderSource
from assistant.toolbox import ShopToolbox
from chains.facts import Evidence
from chains.scope import Scope
from chains.tools import Caller, Identity
from chains.values import Money, Quantity

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
SCOPE = Scope.model_validate_json(
    json.dumps(
        {
            "site": {"id": "lumen", "name": "Lumen & Oak"},
            "sources": {"products": "products.jsonl"},
            "intents": [{"id": "a.b", "label": "b", "description": "b", "outcomes": ["answer"]}],
        }
    )
)
NOBODY = Caller(site="lumen", identity=Identity.ANONYMOUS, now=NOW, originals={})
ORDER = Order(
    order_number="LO-20417",
    email="Jonas@Example.org",
    status="shipped",
    placed_on=date(2026, 11, 2),
    expected_on=date(2026, 11, 24),
    carrier="Parcelwing",
    tracking_code="PW1",
    items=(OrderItem(sku="LAP-1", name="Aurel Nova 14", quantity=2, price_minor=89900),),
    total_minor=180290,
    currency="EUR",
)


@dataclass(frozen=True)
class Orders:
    """A source that has one order, and finds it for everybody: the worst case."""

    order: Order | None = ORDER

    async def find(self, order_number: str) -> Order | None:
        return self.order if self.order and order_number == self.order.order_number else None

    async def latest(self, email: str) -> Order | None:
        return self.order


@dataclass(frozen=True)
class Desk:
    """Calls the tools of the shop on behalf of somebody."""

    catalog: Catalog
    orders: OrderSource | None = Orders()

    def __call__(self, name: str, arguments: BaseModel, caller: Caller = NOBODY) -> Evidence:
        box = ShopToolbox(self.catalog, self.orders, SCOPE, Path())
        return asyncio.run(box.run(name, arguments, caller))


def stated(evidence: Evidence, record: str) -> dict[str, object]:
    return {fact.field: fact.value for fact in evidence.facts if fact.record == record}


def eur(minor: int) -> Money:
    return Money(amount_minor=minor, currency="EUR")


def number(value: str, unit: str = "") -> Quantity:
    return Quantity(value=Decimal(value), unit=unit)
