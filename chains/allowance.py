"""What one turn may still spend on models: time, calls on the wire, retries, tokens and money."""

import asyncio
from dataclasses import dataclass
from decimal import Decimal

from chains.errors import AllowanceSpent
from chains.scope import Budget

_FALLBACK_S = 0.4  # kept back from language models, so that the plainer answer is still in time


@dataclass(frozen=True)
class Taken:
    """A reservation for one call on the wire: the most tokens and US dollars that it can come to."""

    tokens: int
    usd: Decimal


class Allowance:
    """The purse of one turn, shared by all its calls, those running side by side too.

    Every call on the wire takes from it before it is made, and settles to what it really cost. A call whose end
    nobody saw, such as a cancelled one, stays at the most that it can have cost.
    """

    def __init__(self, budget: Budget, *, funded: bool = True) -> None:
        """Start the clock; `funded=False` leaves no call on the wire, only time, until `fund` is called."""
        self._budget = budget
        self._ends_at = asyncio.get_running_loop().time() + budget.deadline_ms / 1000
        self._calls_left = budget.model_calls if funded else 0
        self._retries_left = budget.retries
        self.calls = 0
        self.tokens = 0
        self.usd = Decimal(0)

    def fund(self) -> None:
        """Allow the calls on the wire that the budget allows."""
        self._calls_left = self._budget.model_calls

    def time_left_s(self) -> float:
        """How long the turn still has, in seconds; negative when it is overdue."""
        return self._ends_at - asyncio.get_running_loop().time()

    def hop_s(self, *, local: bool) -> float:
        """How long the next call of a model may take; what is not `local` leaves time for something plainer.

        Raises `AllowanceSpent` where that is no time at all.
        """
        left = self.time_left_s() - (0.0 if local else _FALLBACK_S)
        if left <= 0:
            raise AllowanceSpent("The turn has no time left for this model.")
        return min(left, self._budget.hop_ms / 1000)

    def take(self, tokens: int, usd: Decimal) -> Taken:
        """Reserve one call on the wire; raises `AllowanceSpent` where the turn cannot afford it."""
        if self._calls_left <= 0:
            raise AllowanceSpent("The turn has no model calls left.")
        if self.tokens + tokens > self._budget.tokens:
            raise AllowanceSpent("The turn has too few tokens left for this call.")
        if self.usd + usd > Decimal(str(self._budget.usd)):
            raise AllowanceSpent("The turn has too little money left for this call.")
        self._calls_left -= 1
        self.calls += 1
        self.tokens += tokens
        self.usd += usd
        return Taken(tokens, usd)

    def settle(self, taken: Taken, tokens: int, usd: Decimal) -> None:
        """Put what a call really cost in the place of what was reserved for it."""
        self.tokens += tokens - taken.tokens
        self.usd += usd - taken.usd

    def retry(self) -> bool:
        """Whether one more retry may be made; it is counted."""
        if self._retries_left <= 0:
            return False
        self._retries_left -= 1
        return True
