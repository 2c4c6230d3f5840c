"""`hopdesk trace`: a stored turn, hop by hop."""

from typing import Annotated

import typer


def trace(
    turn: Annotated[str, typer.Argument(help="The turn's id, or as much of its start as no other turn shares.")],
) -> None:
    """Print a stored turn as `hopdesk ask --trace` does."""
    from assistant.cli.opening import read_ledger, read_settings
    from assistant.cli.screen import data, out
    from assistant.cli.show_outcome import show_outcome
    from assistant.cli.show_trace import show_hops
    from assistant.web.public import public_outcome

    with read_ledger(read_settings()) as ledger:
        stored = ledger.turn(turn)
        records = tuple(ledger.hops(stored.turn_id))
    console = out()
    console.print(data(f"turn {stored.turn_id}  case {stored.case_id}  site {stored.site}", "dim"), soft_wrap=True)
    console.print(data(f"“{stored.request.get('text', '')}”"))
    if stored.outcome is None:
        console.print(data("open: it has no outcome yet", "yellow"))
    else:
        show_outcome(public_outcome(stored.outcome), console, stored.case_id)
    show_hops(records, console)
