"""`hopdesk contacts`: the personal data that the ledger keeps sealed."""

from typing import Annotated

import typer

contacts = typer.Typer(help="Personal data that the ledger keeps sealed.", no_args_is_help=True)


@contacts.callback()
def _group() -> None:
    """Keep `erase` a command of its own though it is the only one."""


@contacts.command()
def erase(
    address: Annotated[str, typer.Argument(help="An e-mail address, telephone number or order number.")],
) -> None:
    """Erase an address from all turns, for good; the audit keeps that it was done and not what it was."""
    import asyncio

    from assistant.cli.opening import open_ledger, read_settings

    with open_ledger(read_settings()) as ledger:
        count = asyncio.run(ledger.erase(address))
    typer.echo(f"Erased in {count} place{'' if count == 1 else 's'}.")
