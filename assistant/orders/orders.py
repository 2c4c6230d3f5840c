"""What an order is, and the port by which orders are read."""

from datetime import date
from typing import Annotated, Literal, Protocol

from pydantic import BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import from_json

from chains.contract import Contract
from chains.values import Word

OrderStatus = Literal["placed", "paid", "packed", "shipped", "delivered", "cancelled", "returned", "refunded"]


def _day(value: object) -> object:
    """Shops state days as timestamps too: the day is their first ten characters."""
    if not isinstance(value, str):
        return value
    try:
        return date.fromisoformat(value[:10])
    except ValueError:
        raise ValueError("this is not a day such as 2026-03-31") from None


def _list(value: object) -> object:
    """SQL has no lists: its JSON functions give the text of one."""
    entries = from_json(value) if isinstance(value, str) else value
    return tuple(entries) if isinstance(entries, list) else entries


OrderDay = Annotated[date, BeforeValidator(_day)]


class OrderItem(Contract):
    """One line of an order; the price is of one piece, in the order's currency."""

    model_config = ConfigDict(extra="ignore")

    sku: Word
    name: Word
    quantity: int = Field(ge=1, le=100_000)
    price_minor: int = Field(ge=0, le=10**12)


class Order(Contract):
    """One order as its shop states it; whatever else the shop says of it is dropped, not kept."""

    model_config = ConfigDict(extra="ignore")

    order_number: str = Field(min_length=1, max_length=80)
    email: str = Field(min_length=3, max_length=254)
    status: OrderStatus
    placed_on: OrderDay
    expected_on: OrderDay | None = None
    delivered_on: OrderDay | None = None
    carrier: Word | None = None
    tracking_code: Word | None = None
    items: Annotated[tuple[OrderItem, ...], BeforeValidator(_list)] = ()
    total_minor: int = Field(ge=0, le=10**12)
    currency: str = Field(pattern=r"^[A-Z]{3}$", description="ISO 4217 code")


class OrderSource(Protocol):
    """Where a shop's orders are read. Both raise `ToolFailed` with a sentence that holds none of their data."""

    async def find(self, order_number: str) -> Order | None:
        """The order of that number, None where there is none."""
        ...

    async def latest(self, email: str) -> Order | None:
        """The order that a customer placed last, None where they placed none."""
        ...


def problem(error: ValidationError) -> str:
    """Where and why something is not an order, without quoting it: it is a customer's."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(str(step) for step in first["loc"])
    return f"{place + ': ' if place else ''}{first['msg'][0].lower()}{first['msg'][1:]}"
