"""Orders of a shop, read from where the shop keeps them."""

from assistant.orders.opening import open_orders
from assistant.orders.orders import Order, OrderItem, OrderSource, OrderStatus

__all__ = ["Order", "OrderItem", "OrderSource", "OrderStatus", "open_orders"]
