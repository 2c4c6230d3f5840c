"""Whether a run that asks language models may begin: its estimate is shown, and where it costs money it is asked."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal

import typer

from assistant.cli.screen import complain, err
from chains.errors import HopdeskError
from chains.scope import Scope
from evals.cli.show_run import show_estimate
from evals.pacing import Estimate, Purse

BUDGET_SPENT = 3
INTERRUPTED = 130  # as shells have it for SIGINT


class Stopped(HopdeskError):
    """The budget was spent before all was done."""


@dataclass(frozen=True)
class Spending:
    """What a run may spend: `confirm` is asked before it costs money; None: nobody is asked."""

    concurrency: int
    budget_usd: float | None
    budget_tokens: int | None
    confirm: Callable[[], bool] | None

    def purse(self) -> Purse:
        """A purse with that much in it."""
        return Purse(None if self.budget_usd is None else Decimal(str(self.budget_usd)), self.budget_tokens)


def check_may_begin(expected: Estimate, spending: Spending, scope: Scope) -> None:
    """Show what a run may cost and ask whether it may; raises `HopdeskError` where it may not."""
    show_estimate(expected, spending.concurrency, err())
    if spending.budget_usd is not None and expected.unpriced:
        raise HopdeskError(
            f"A budget in US dollars needs prices, and nobody knows those of {', '.join(expected.unpriced)}; "
            "set them in language_models, or give --budget-tokens."
        )
    own = {one.name for one in scope.language_models if one.base_url}  # these may be free
    is_own = all(name in own for name in expected.unpriced)
    costs = expected.live > 0 and (expected.most_usd > 0 or not is_own)
    if costs and spending.confirm is not None and not spending.confirm():
        raise HopdeskError("Nothing was run.")


def confirm() -> bool:
    """Whether a run that costs money may begin; where there is nobody to ask it may not."""
    if not sys.stdin.isatty():
        raise typer.BadParameter("This run may cost money; say --yes, or use --offline.", param_hint="--yes")
    return typer.confirm("Go on?", err=True)


@contextmanager
def stoppable(go_on: str) -> Iterator[None]:
    """A run that a spent budget or its user may stop, each with an exit code; `go_on` says how it is taken up again."""
    try:
        yield
    except Stopped as stopped:
        complain(str(stopped))
        raise typer.Exit(BUDGET_SPENT) from None
    except KeyboardInterrupt:
        err().print(f"Stopped; what is done is kept. {go_on}")
        raise typer.Exit(INTERRUPTED) from None
