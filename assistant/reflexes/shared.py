"""What the language models of one process share with those of the others."""

from dataclasses import dataclass
from typing import Self

from assistant.reflexes.breakers import Breakers
from assistant.reflexes.reply_cache import RepliesInStore
from assistant.reflexes.store import Store


@dataclass(frozen=True)
class Reflexes:
    """The breakers and the replies to use again; without a store they are this process's own."""

    breakers: Breakers
    replies: RepliesInStore

    @classmethod
    def of(cls, store: Store | None) -> Self:
        """Breakers and replies on one store."""
        return cls(Breakers(store), RepliesInStore(store))
