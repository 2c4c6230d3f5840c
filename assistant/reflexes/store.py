"""The shared short-lived state of several processes, in Redis or Valkey; the only file that imports the client."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from typing import Protocol
from urllib.parse import urlsplit

import structlog

from chains.errors import HopdeskError

OPERATION_S = 0.2
REST_S = 1.0
_CONNECTIONS = 16
_PREFIX = "hopdesk:"
_HELD = "tonumber(redis.call('HGET', KEYS[1], i) or '0')"
# A counter is a hash whose fields 1, 2, ... hold its amounts; Lua scripts run one at a time, so each is atomic.
_ADD_WITHIN = f"""
if redis.call('EXISTS', KEYS[1]) == 0 then return -1 end
local count = #ARGV / 2
for i = 1, count do
  local limit = ARGV[count + i]
  if limit ~= '' and {_HELD} + tonumber(ARGV[i]) > tonumber(limit) then return 0 end
end
for i = 1, count do redis.call('HINCRBY', KEYS[1], i, ARGV[i]) end
return 1
"""
_ADD = """
if redis.call('EXISTS', KEYS[1]) == 1 then
  for i, amount in ipairs(ARGV) do redis.call('HINCRBY', KEYS[1], i, amount) end
end
"""
_SEED = """
if redis.call('EXISTS', KEYS[1]) == 0 then
  for i = 2, #ARGV do redis.call('HSET', KEYS[1], i - 1, ARGV[i]) end
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
end
"""
log = structlog.get_logger(__name__)


class StoreLost(HopdeskError):
    """The shared store cannot be used at this moment; do without it."""


class _Client(Protocol):
    """What is used of redis-py's client, which has no types of its own for this."""

    async def execute_command(self, *command: str | int) -> str | int | None: ...

    async def aclose(self) -> None: ...


class Store:
    """Texts and counters that expire, at a `redis://`, `rediss://` or `unix://` URL.

    Every operation ends within 0.2 s, and all but the constructor raise `StoreLost` and nothing else: where the
    server is away, hangs, refuses the password or the write, or holds something else under the key. After a
    failure the server is left alone for `rest_s` seconds, then one operation tries it again; so a turn that
    comes here several times loses 0.2 s in all. The store may be used from one event loop after another.

    Raises `HopdeskError` for a URL of another kind.
    """

    def __init__(self, url: str, rest_s: float = REST_S, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._where = _without_secrets(url)
        self._rest_s = rest_s
        self._clock = clock
        self._rests_until: float | None = None
        self._client: _Client | None = None
        self._closing: AsyncGenerator[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def lost(self) -> bool:
        """Whether the latest word of the server was a failure."""
        return self._rests_until is not None

    async def get(self, key: str) -> str | None:
        """The text under a key."""
        found = await self._ask("GET", _PREFIX + key)
        return None if found is None else str(found)

    async def put(self, key: str, value: str, ttl_s: float) -> None:
        """Keep a text under a key for `ttl_s` seconds, in the place of what is there."""
        await self._ask("SET", _PREFIX + key, value, "PX", _ms(ttl_s))

    async def drop(self, key: str) -> None:
        """Forget a key."""
        await self._ask("DEL", _PREFIX + key)

    async def add_within(self, key: str, amounts: tuple[int, ...], limits: tuple[int | None, ...]) -> bool | None:
        """Add to a counter if no amount passes its limit then; False, and nothing added, where one would.

        None where there is no such counter: it has to be seeded from the truth. Amounts are below 2**53.
        """
        within = ("" if limit is None else limit for limit in limits)
        said = await self._ask("EVAL", _ADD_WITHIN, 1, _PREFIX + key, *amounts, *within)
        return None if said == -1 else said == 1

    async def seed(self, key: str, amounts: tuple[int, ...], ttl_s: float) -> None:
        """Make a counter that lasts `ttl_s` seconds, unless there is one."""
        await self._ask("EVAL", _SEED, 1, _PREFIX + key, _ms(ttl_s), *amounts)

    async def add(self, key: str, amounts: tuple[int, ...]) -> None:
        """Add to a counter without a limit, such as what is given back; nothing where there is none."""
        await self._ask("EVAL", _ADD, 1, _PREFIX + key, *amounts)

    async def aclose(self) -> None:
        """Close the connections of this event loop; the next operation opens new ones."""
        if self._closing is not None and self._loop is asyncio.get_running_loop():
            await self._closing.aclose()
        self._client = self._closing = self._loop = None

    async def _ask(self, *command: str | int) -> str | int | None:
        """Send a command, unless the server is being left alone; notes whether it is lost or back."""
        import redis.asyncio  # before the time runs, as the first import takes longer than that

        probes = self._may_try()
        try:
            async with asyncio.timeout(OPERATION_S):
                client = await self._connected()
                said = await client.execute_command(*command)
        except (
            redis.RedisError,
            OSError,
            EOFError,
            ValueError,
        ) as error:  # ValueError: not UTF-8, or a bad part of the URL
            if not self.lost:
                log.warning("store_lost", store=self._where, error=type(error).__name__)
            self._rests_until = self._clock() + self._rest_s
            raise StoreLost(
                f"The Redis server at {self._where} cannot be used ({type(error).__name__}); see that it runs."
            ) from error
        if probes:
            self._rests_until = None
            log.info("store_back", store=self._where)
        return said

    def _may_try(self) -> bool:
        """Whether this operation is the one that looks for a lost server; raises `StoreLost` during its rest."""
        if self._rests_until is None:
            return False
        now = self._clock()
        if now < self._rests_until:
            raise StoreLost(f"The Redis server at {self._where} failed a moment ago and is left alone.")
        self._rests_until = now + self._rest_s  # the others wait for what this one finds
        return True

    async def _connected(self) -> _Client:
        loop = asyncio.get_running_loop()
        if self._client is None or self._loop is not loop:
            self._client, self._loop = self._new_client(), loop
            # An event loop that ends closes the generators that were begun in it, and so these connections too;
            # those of an ended loop could not be closed any more.
            self._closing = _until_closed(self._client)
            await anext(self._closing)
        return self._client

    def _new_client(self) -> _Client:
        from redis.asyncio import BlockingConnectionPool, Redis
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff

        return Redis.from_pool(
            BlockingConnectionPool.from_url(
                self._url,
                max_connections=_CONNECTIONS,
                timeout=OPERATION_S,
                socket_timeout=OPERATION_S,
                socket_connect_timeout=OPERATION_S,
                retry=Retry(NoBackoff(), 0),
                decode_responses=True,
                protocol=2,  # no greeting before the first command, and none of RESP3's pushes
                driver_info=None,
            )
        )


async def _until_closed(client: _Client) -> AsyncGenerator[None]:
    try:
        yield
    finally:
        await client.aclose()


def _without_secrets(url: str) -> str:
    """The URL of a server without its user, password and options."""
    try:
        parts = urlsplit(url)
    except ValueError:  # such as half of an IPv6 address
        parts = urlsplit("")
    if parts.scheme not in {"redis", "rediss", "unix"} or not url.startswith(f"{parts.scheme}://"):
        raise HopdeskError(
            "REDIS_URL does not name a Redis server; write it like redis://host:6379/0 or unix:///path/to/socket."
        )
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()


def _ms(ttl_s: float) -> int:
    return max(1, round(ttl_s * 1000))
