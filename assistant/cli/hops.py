"""`hopdesk hops`: the records of all hops, to export and to run again."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.cli.added import Extended
from assistant.cli.options import ScopeFile

if TYPE_CHECKING:
    from rich.text import Text

    from assistant.ledger import Reader
    from chains.record import HopRecord
    from chains.replay import Replayed

ADDED_TO_HOPS = "hopdesk.hops"
"""The entry point group by which other packages add commands on hop records."""


class HopsCommands(Extended):
    """The commands on hop records, our own and those that other packages add."""

    added = ADDED_TO_HOPS


hops = typer.Typer(cls=HopsCommands, help="Hop records: export them, and run them again.", no_args_is_help=True)
_HOPS = ("moderation", "intent", "lookup", "response", "grounding", "outbound")
_EVENT_ID_CHARACTERS = 26  # those of a ULID
_LONGEST_ATTEMPT_MS = 120_000  # twice the longest deadline; an event's id is made when its attempt ends


@hops.command()
def export(
    site: Annotated[str | None, typer.Option(help="Only this site.")] = None,
    hop: Annotated[str | None, typer.Option(help=f"Only this hop: {', '.join(_HOPS)}.")] = None,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="Only what started since, as 2026-11-20 or 2026-11-20T08:30Z.")
    ] = None,
    turn: Annotated[str | None, typer.Option(metavar="ID", help="Only this turn; the start of its id will do.")] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write into a file.")] = None,
) -> None:
    """Write hop records as JSON Lines, oldest first."""
    since_ns = None if since is None else _nanoseconds(since)

    from pydantic import TypeAdapter, ValidationError

    from assistant.cli.opening import read_ledger, read_settings
    from assistant.cli.screen import visible_json
    from assistant.ledger import HopFilter
    from chains.messages import HopName

    try:
        name = TypeAdapter(HopName | None).validate_python(hop)
    except ValidationError:
        raise typer.BadParameter(f"There is no such hop; known: {', '.join(_HOPS)}.", param_hint="--hop") from None
    with read_ledger(read_settings()) as ledger:
        turn_id = ledger.turn(turn).turn_id if turn else None
        lines = ledger.export(HopFilter(site=site, turn_id=turn_id, hop=name, since_ns=since_ns))
        if output is None:
            for line in lines:
                typer.echo(visible_json(line))
        else:
            _write(lines, output)


@hops.command()
def replay(
    which: Annotated[str, typer.Argument(metavar="EVENT|TURN", help="An event id, or a turn (the start will do).")],
    scope: ScopeFile = None,
) -> None:
    """Run recorded hops again on this version, everything before each one frozen.

    A hop that a language model serves asks that model again, and costs what it costs. Exit code 1 means that an output
    differs or that a model failed.
    """
    import asyncio

    from assistant.cli.opening import Unlogged, open_sites, read_ledger, read_settings, scope_paths
    from assistant.cli.screen import out
    from assistant.web.warm_up import warm_up
    from chains.replay import replay as run_again

    settings = read_settings()
    with read_ledger(settings) as ledger:
        records = _records(ledger, which)
    sites = open_sites(scope_paths([scope] if scope else None, settings), settings, Unlogged())

    async def run() -> "list[Replayed]":
        await warm_up(sites.values())  # so that no hop waits for what is loaded but once
        return [await run_again(record, sites[record.site].chain, Unlogged()) for record in records]

    _check_sites(records, tuple(sites))
    replayed = asyncio.run(run())
    for old, new in zip(records, replayed, strict=True):
        out().print(_compared(old, new), soft_wrap=True)
    if not all(new.same for new in replayed):
        raise typer.Exit(1)


def _nanoseconds(text: str) -> int:
    from datetime import UTC

    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        message = "This is no time; write it as 2026-11-20 or 2026-11-20T08:30Z."
        raise typer.BadParameter(message, param_hint="--since") from None
    return int((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()) * 1_000_000_000


def _write(lines: Iterator[str], output: Path) -> None:
    from chains.errors import HopdeskError

    try:
        with output.open("w", encoding="utf-8") as file:
            count = sum(1 for line in lines if file.write(f"{line}\n"))
    except OSError as error:
        raise HopdeskError(f"{output}: the file cannot be written ({error.strerror}); choose another.") from None
    typer.echo(f"{count} records written to {output}", err=True)


def _records(ledger: "Reader", which: str) -> "tuple[HopRecord, ...]":
    """The record of an event, or all of a turn."""
    if len(which) == _EVENT_ID_CHARACTERS and (event := _event(ledger, which)):
        return (event,)
    records = tuple(ledger.hops(ledger.turn(which).turn_id))
    if not records:
        from chains.errors import ReplayError

        raise ReplayError(f"The turn {which!r} has no hop records, so there is nothing to run again.")
    return records


def _event(ledger: "Reader", event_id: str) -> "HopRecord | None":
    """The record of an event, looked for around the time that its id tells."""
    from ulid import ULID

    from assistant.ledger import HopFilter
    from chains.record import HopRecord

    try:
        made_ms = ULID.from_str(event_id).milliseconds
    except ValueError:
        return None
    around = HopFilter(since_ns=(made_ms - _LONGEST_ATTEMPT_MS) * 1_000_000, until_ns=(made_ms + 1) * 1_000_000)
    for line in ledger.export(around):
        if event_id in line and (record := HopRecord.model_validate_json(line)).event_id == event_id:
            return record
    return None


def _check_sites(records: "tuple[HopRecord, ...]", sites: tuple[str, ...]) -> None:
    from chains.errors import ReplayError

    for record in records:
        if record.site not in sites:
            raise ReplayError(
                f"The record {record.event_id} is of the site {record.site!r}, and {', '.join(sites)} was opened; "
                "name its scope file with --scope."
            )


def _compared(old: "HopRecord", new: "Replayed") -> "Text":
    """`identical`, or the difference of the two outputs line by line."""
    import difflib

    from pydantic_core import to_json
    from rich.text import Text

    from assistant.cli.screen import data

    about = f"{old.hop} attempt {old.attempt} ({old.model} -> {new.record.model})"
    if new.same:
        return Text.assemble(("identical  ", "green"), data(about))
    if new.record.error_type and not old.error_type:
        return Text.assemble(("failed     ", "red"), data(f"{about}: {new.record.error or new.record.error_type}"))
    before, after = (to_json(value, indent=2).decode().splitlines() for value in (old.parsed, new.record.parsed))
    lines = difflib.unified_diff(before, after, "recorded", "replayed", lineterm="", n=1)
    colours = {"+": "green", "-": "red", "@": "cyan"}
    missed = f", {new.misses} calls are not in the record" if new.misses else ""
    title = Text.assemble(("different  ", "yellow"), data(about + missed))
    return Text("\n").join([title, *(data(f"  {line}", colours.get(line[0], "")) for line in lines)])
