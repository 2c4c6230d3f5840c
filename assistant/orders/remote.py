"""Orders from the shop's own database or service, one reading at a time."""

from pydantic import ValidationError

from assistant.orders.orders import Order, problem
from assistant.readonly import ReadOnlySource, check_names
from chains.errors import ToolFailed

LABEL = "The order source"


class RemoteOrders:
    """Orders by a SELECT or a GET that names `order_number`, and may name `email` to find a customer's latest.

    Each reading fills one of the two and leaves the other NULL (an empty query value), so that
    `WHERE order_number = :order_number OR email = :email ORDER BY placed_on DESC LIMIT 1` serves both. Columns or
    keys are those of `Order`; `items` may be the text of a JSON list. Raises `ScopeError` for other parameters.
    """

    def __init__(self, source: ReadOnlySource) -> None:
        check_names(LABEL, source.names, required=["order_number"], optional=["email"])
        self._source = source

    async def find(self, order_number: str) -> Order | None:
        """The order of that number; raises `ToolFailed`."""
        return _order(await self._source.read({"order_number": order_number, "email": None}))

    async def latest(self, email: str) -> Order | None:
        """The order that a customer placed last; raises `ToolFailed`, also where the source cannot be asked that."""
        if "email" not in self._source.names:
            raise ToolFailed(f"{LABEL} finds orders by their number alone; ask for the order number.")
        return _order(await self._source.read({"order_number": None, "email": email}))


def _order(document: bytes | None) -> Order | None:
    if document is None:
        return None
    try:
        return Order.model_validate_json(document)
    except ValidationError as error:
        raise ToolFailed(f"{LABEL} answered with something that is not an order: {problem(error)}.") from None
