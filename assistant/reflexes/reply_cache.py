"""Replies of models to be used again: shared through the store, with a small memory of this process behind it."""

import contextlib
import time
from collections import OrderedDict
from collections.abc import Callable

from assistant.reflexes.store import Store, StoreLost

LONGEST_BYTES = 64 * 1024


class RepliesInStore:
    """Keeps texts for a while: in the store, or while that is lost among the latest `limit` of this process.

    Another process cannot drop what is remembered here, so while the store is lost a reply may outlive its
    dropping, up to its time. Texts above 64 KiB, and those that are not Unicode, are not kept. `clock` is in seconds.
    """

    def __init__(self, store: Store | None, limit: int = 256, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._limit = limit
        self._clock = clock
        self._latest: OrderedDict[str, tuple[float, str]] = OrderedDict()

    async def get(self, key: str) -> str | None:
        """The text under a key, or None."""
        if self._store is not None:
            try:
                return await self._store.get(_key(key))
            except StoreLost:
                pass
        ends_at, value = self._latest.get(key, (0.0, ""))
        if ends_at <= self._clock():
            self._latest.pop(key, None)
            return None
        self._latest.move_to_end(key)
        return value

    async def put(self, key: str, value: str, ttl_s: float) -> None:
        """Keep a text for `ttl_s` seconds."""
        if not _fits(value):
            return
        self._latest[key] = (self._clock() + ttl_s, value)
        self._latest.move_to_end(key)
        if len(self._latest) > self._limit:
            self._latest.popitem(last=False)
        if self._store is not None:
            with contextlib.suppress(StoreLost):
                await self._store.put(_key(key), value, ttl_s)

    async def drop(self, key: str) -> None:
        """Forget a text, such as one that turned out to be no good."""
        self._latest.pop(key, None)
        if self._store is not None:
            with contextlib.suppress(StoreLost):
                await self._store.drop(_key(key))


def _fits(value: str) -> bool:
    try:
        return len(value.encode()) <= LONGEST_BYTES
    except UnicodeEncodeError:
        return False


def _key(key: str) -> str:
    return f"reply:{key}"
