"""Orders from a JSON file, for a demo or a small shop that exports them."""

from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from assistant.orders.orders import Order, problem
from chains.errors import CatalogError

_ORDERS = TypeAdapter(tuple[Order, ...])


class JsonFileOrders:
    """The orders of a JSON list, read once; raises `CatalogError` where the file cannot be used."""

    def __init__(self, path: Path) -> None:
        try:
            orders = _ORDERS.validate_json(path.read_bytes())
        except OSError as error:
            raise CatalogError(
                f"{path}: the orders cannot be read ({type(error).__name__}); correct the path."
            ) from None
        except ValidationError as error:
            raise CatalogError(f"{path}: these are not orders: {problem(error)}.") from None
        self._by_number = {_bare(order.order_number): order for order in orders}
        self._latest = {order.email.casefold(): order for order in sorted(orders, key=lambda order: order.placed_on)}
        if len(self._by_number) != len(orders):
            raise CatalogError(f"{path}: two orders have the same order_number; give each its own.")

    async def find(self, order_number: str) -> Order | None:
        """The order of that number, whatever its case, blanks and hyphens."""
        return self._by_number.get(_bare(order_number))

    async def latest(self, email: str) -> Order | None:
        """The order that a customer placed last."""
        return self._latest.get(email.casefold())


def _bare(order_number: str) -> str:
    """Customers write LO-20417 as "lo 20417" too: its letters and digits tell it apart."""
    return "".join(character for character in order_number.casefold() if character.isalnum())
