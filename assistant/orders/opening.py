"""Picks the order source that a scope names."""

from pathlib import Path

from assistant.orders.json_file import JsonFileOrders
from assistant.orders.orders import OrderSource
from assistant.orders.remote import LABEL, RemoteOrders
from assistant.readonly_http import ReadOnlyHttp
from assistant.readonly_sql import ReadOnlySql
from chains.scope import Sources

TIMEOUT_S = 2.0  # a turn has 8 s by default, and other calls to make


def open_orders(source: Sources, base: Path) -> OrderSource | None:
    """The orders of a site, None where its scope names none.

    `source.orders` is a JSON file (its path starts at `base`), an HTTPS URL template, or an SQL URL that goes with
    `source.orders_query`. Raises `ScopeError` or `CatalogError` where that cannot be used.
    """
    where = source.orders
    if where is None:
        return None
    if "://" not in where:
        return JsonFileOrders(base / where)
    if where.startswith(("https://", "http://")):
        return RemoteOrders(ReadOnlyHttp(LABEL, where, TIMEOUT_S))
    return RemoteOrders(ReadOnlySql(LABEL, where, source.orders_query, base, TIMEOUT_S))
