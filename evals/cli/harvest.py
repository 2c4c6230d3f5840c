"""`hopdesk evals harvest`: cases from what customers asked."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from assistant.cli.options import ScopeFile
from evals.cli.options import WrittenCases

if TYPE_CHECKING:
    from assistant.ledger import Reader
    from evals.happened import Happened
    from evals.harvest import Harvest, Wanted

_HOPS = Literal["moderation", "intent", "lookup", "response", "grounding", "outbound"]
_OUTCOMES = Literal["answer", "clarify", "decline", "handoff"]
_TIMES = ["%Y-%m-%d", "%Y-%m-%dT%H:%MZ", "%Y-%m-%dT%H:%M:%SZ"]
_STATUSES = Literal["ok", "invalid", "refused", "error"]


def harvest(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE]...", help="Hop records, as `hopdesk hops export` writes; absent: the ledger."),
    ] = None,
    *,
    output: WrittenCases,
    count: Annotated[int, typer.Option("-n", "--count", min=1, max=100_000, help="How many cases at most.")] = 100,
    site: Annotated[str | None, typer.Option(help="Only turns of this site.")] = None,
    hop: Annotated[_HOPS | None, typer.Option(help="Only turns that got to this hop.")] = None,
    outcome: Annotated[_OUTCOMES | None, typer.Option(help="Only turns that ended so.")] = None,
    intent: Annotated[str | None, typer.Option(help="Only turns that served this intent.")] = None,
    status: Annotated[_STATUSES | None, typer.Option(help="Only turns in which an attempt of a hop ended so.")] = None,
    since: Annotated[
        datetime | None, typer.Option(metavar="TIME", formats=_TIMES, help="Only turns since, UTC.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Another seed takes another sample.")] = 7,
    scope: ScopeFile = None,
) -> None:
    """Make cases of what customers asked: sampled, without duplicates, redacted, of the train split.

    What is expected is what happened, and marked as proposed: a person has to confirm or correct it. Every wording is
    as likely to be taken as any other, however often it was asked.
    """
    from assistant.cli.opening import read_ledger, read_settings, scope_paths
    from chains.scope_file import load_scope
    from evals.cases import write_cases
    from evals.harvest import Wanted
    from evals.harvest import harvest as gather

    since_ns = None if since is None else int(since.replace(tzinfo=UTC).timestamp()) * 1_000_000_000
    wanted = Wanted(site=site, hop=hop, outcome=outcome, since_ns=since_ns, intent=intent, status=status)
    settings = read_settings()
    policy = load_scope(scope_paths([scope] if scope else None, settings)[0]).scope.moderation.pii
    if files:
        found = gather(_of_files(files), wanted, count, seed, policy)
    else:
        with read_ledger(settings) as ledger:
            found = gather(_of_ledger(ledger, wanted), wanted, count, seed, policy)
    write_cases(found.cases, output)
    _tell(found, output)


def _of_files(files: list[Path]) -> "Iterator[Happened]":
    from chains.errors import ReplayError
    from evals.happened import read_turns

    for file in files:
        try:
            with file.open(encoding="utf-8") as lines:
                yield from read_turns(lines, str(file))
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is not text in UTF-8"
            raise ReplayError(f"{file}: the hop records cannot be read ({why}).") from None


def _of_ledger(ledger: "Reader", wanted: "Wanted") -> "Iterator[Happened]":
    """The turns of the ledger that have ended by an outcome, and were not withdrawn."""
    from evals.happened import Happened

    for turn in ledger.turns(wanted.site, wanted.since_ns):
        if turn.outcome is None or turn.outcome.kind == "withdrawn":
            continue
        records = [record for record in ledger.hops(turn.turn_id) if record.origin == "live"]
        if records:
            yield Happened(turn.turn_id, turn.site, records, turn.outcome.kind)


def _tell(found: "Harvest", output: Path) -> None:
    left = (
        (found.personal, "left out because something in them may be personal data"),
        (found.unreadable, "left out because their request is not recorded"),
    )
    typer.echo(f"{len(found.cases)} cases of {found.matching} turns written to {output} ({found.seen} seen)", err=True)
    for number, why in left:
        if number:
            typer.echo(f"{number} turns {why}", err=True)
