"""What a language model's adapter offers and needs: one attempt on the wire, a breaker, and a cache of replies."""

from decimal import Decimal
from typing import Protocol

from chains.language import Completion, Described, ModelCall
from chains.scope import LanguageModelSettings


class OneShot(Described, Protocol):
    """A language model that is asked exactly once: no retries, no cache, no purse."""

    @property
    def settings(self) -> LanguageModelSettings:
        """How it is reached."""
        ...

    def price_of(self, input_tokens: int, output_tokens: int) -> Decimal:
        """What so many tokens cost in US dollars; 0 where nobody knows."""
        ...

    async def load(self) -> None:
        """Load what asking it needs, while the event loop goes on; returns at once where that was done before."""
        ...

    async def once(self, call: ModelCall, timeout_s: float) -> Completion:
        """Ask it, with at most one request on the wire; raises `ModelFailed` (one of its kinds)."""
        ...


class Breaker(Protocol):
    """Remembers which models fail, so that they are left alone for a while. Never raises.

    Each request that was allowed ends with its record, or with its release where it tells nothing of the model.
    """

    async def allows(self, model: str) -> bool:
        """Whether a model may be asked now; one that was left alone may let a single request through to try it."""
        ...

    async def record(self, model: str, ok: bool) -> None:  # noqa: FBT001  # the port says ok or not ok
        """Note how one request to a model ended."""
        ...

    def release(self, model: str) -> None:
        """Note that a request was not made or not seen to its end; if it was to try the model, another one may."""
        ...


class ReplyCache(Protocol):
    """Keeps replies for a while; what it gives back is untrusted. Never raises: what is lost is asked again."""

    async def get(self, key: str) -> str | None:
        """The value kept under a key, or None."""
        ...

    async def put(self, key: str, value: str, ttl_s: int) -> None:
        """Keep a value for `ttl_s` seconds."""
        ...

    async def drop(self, key: str) -> None:
        """Forget a key."""
        ...
