"""What every hop of a chain is held to, written down once.

From a `HopContract` the hop's guard is built, evals' scorers are made, and the README's table is written, so that none
of them can list another check than the others.
"""

from dataclasses import dataclass
from typing import Generic

from moderation.contract import C, Check, T
from moderation.guards import Guard


@dataclass(frozen=True)
class CheckInfo:
    """One check as it is listed: its name, its hop, what it holds an output to, and what happens where that fails."""

    name: str
    hop: str
    holds: str
    then: str


@dataclass(frozen=True)
class HopContract(Generic[T, C]):
    """A hop's contract: the model of its output, the checks of their meaning, and what happens where one fails.

    `shape` says in a sentence what a valid output is; a check's own sentence is the first of its docstring.
    """

    hop: str
    output: type[T]
    shape: str
    then: str
    checks: tuple[Check[T, C], ...] = ()

    def guard(self) -> Guard[T, C]:
        """The guard that holds outputs to this contract."""
        return Guard(self.hop, self.output, self.checks)

    def infos(self) -> tuple[CheckInfo, ...]:
        """The contract as it is listed: the shape as `<hop>_valid`, then each check by its function's name."""
        said = {f"{self.hop}_valid": self.shape} | {one.__name__: _first_line(one.__doc__) for one in self.checks}
        return tuple(CheckInfo(name, self.hop, holds, self.then) for name, holds in said.items())


def _first_line(docstring: str | None) -> str:
    return (docstring or "").strip().partition("\n")[0]
