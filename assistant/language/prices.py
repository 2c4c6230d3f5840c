"""What a language model's tokens cost, in exact decimals."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Self

from chains.record import Usage, digest
from chains.scope import LanguageModelSettings

_PER_MILLION = Decimal(1_000_000)


@dataclass(frozen=True)
class Prices:
    """US dollars per token. Cached tokens are part of a call's input tokens, at a price of their own."""

    input: Decimal
    output: Decimal
    cache_read: Decimal
    cache_write: Decimal

    @classmethod
    def of(cls, settings: LanguageModelSettings, known: Mapping[str, object]) -> Self | None:
        """The scope's own prices before those of litellm's map; None where one of the two main prices is unknown.

        `known` is a model's entry in litellm's map. Its prices for very long prompts (above 128,000 tokens and more)
        are left out, because no turn may spend that many tokens on one prompt.
        """
        own_input, own_output = settings.input_usd_per_mtok, settings.output_usd_per_mtok
        given = _listed(known, "input_cost_per_token") if own_input is None else Decimal(str(own_input)) / _PER_MILLION
        made = (
            _listed(known, "output_cost_per_token") if own_output is None else Decimal(str(own_output)) / _PER_MILLION
        )
        if given is None or made is None:
            return None
        cached = known if own_input is None else {}
        read = _listed(cached, "cache_read_input_token_cost")
        write = _listed(cached, "cache_creation_input_token_cost")
        return cls(given, made, given if read is None else read, given if write is None else write)

    def cost(self, usage: Usage) -> Decimal:
        """What a call cost."""
        plain = max(0, usage.input_total - usage.cache_read - usage.cache_write)
        return (
            plain * self.input
            + usage.cache_read * self.cache_read
            + usage.cache_write * self.cache_write
            + usage.output * self.output
        )

    @property
    def sha256(self) -> str:
        """Tells one table of prices from another."""
        return digest(json.dumps({name: plain(price) for name, price in asdict(self).items()}))


def plain(amount: Decimal) -> str:
    """A decimal as the record writes it: without an exponent or needless zeros."""
    return format(amount.normalize(), "f")


def _listed(known: Mapping[str, object], name: str) -> Decimal | None:
    price = known.get(name)
    return Decimal(str(price)) if isinstance(price, int | float) else None
