"""`hopdesk evals run`: labelled cases through the whole chain, or one hop again over hop records."""

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import typer

from assistant.cli.options import ScopeFile
from evals.cli.options import BudgetTokens, BudgetUsd, CassetteFile, Concurrency, Offline, Yes


class OnRequest(StrEnum):
    """A scorer that is asked for by name."""

    BLEU = "bleu"


def run(  # noqa: PLR0917 - the options of a command, which typer passes by name
    cases: Annotated[Path | None, typer.Option(metavar="FILE", help="Labelled cases, as JSON Lines.")] = None,
    records: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Hop records, as from `hopdesk hops export` or a run's records.jsonl."),
    ] = None,
    hop: Annotated[
        Literal["moderation", "intent", "lookup", "response", "grounding", "outbound"] | None,
        typer.Option(help="With --records: the hop to run again."),
    ] = None,
    scope: ScopeFile = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Swap a value of the scope, as in prompts.intent=2."),
    ] = None,
    repeat: Annotated[int, typer.Option(min=1, max=100, help="How often each case runs.")] = 1,
    shard: Annotated[str | None, typer.Option(metavar="I/N", help="Only this part of the cases, as in 1/4.")] = None,
    scorer: Annotated[
        list[OnRequest] | None, typer.Option(help="Score by this too: bleu, against the ideal answers of the cases.")
    ] = None,
    concurrency: Concurrency = 8,
    cassette: CassetteFile = None,
    cassette_from: Annotated[
        Path | None, typer.Option(metavar="FILE", help="First add the replies in these hop records to the cassette.")
    ] = None,
    *,
    offline: Offline = False,
    budget_usd: BudgetUsd = None,
    budget_tokens: BudgetTokens = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FOLDER", help="Where to; absent: a folder in runs/.")
    ] = None,
    resume: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Go on with a run that stopped, given the same options.")
    ] = None,
    note: Annotated[str, typer.Option(help="A remark to keep with the run.")] = "",
    yes: Yes = False,
) -> None:
    """Run labelled cases through the whole chain, or one hop again with everything before it frozen.

    Exit code 3 means that the budget was spent before all was done; what is done is kept, and --resume goes on.
    """
    if (cases is None) == (records is None) or (records is None) != (hop is None):
        raise typer.BadParameter("Give --cases FILE, or --records FILE together with --hop.")
    if output is not None and resume is not None:
        raise typer.BadParameter("Give either --output or --resume.", param_hint="--resume")
    if cassette is None and cassette_from is not None:
        raise typer.BadParameter("Name the --cassette to add these replies to.", param_hint="--cassette-from")
    if shard is not None and not _is_shard(shard):
        raise typer.BadParameter("Write it as 1/4, the first of four.", param_hint="--shard")

    if scorer and cases is None:
        raise typer.BadParameter("One hop alone has no ideal answer; give --cases.", param_hint="--scorer")

    from evals.bleu import load_bleu
    from evals.cli.consent import Spending, confirm, stoppable
    from evals.cli.running import Wanted, evaluate

    if scorer:
        load_bleu()  # if it is not there, that is said before anything runs
    wanted = Wanted(
        cases=cases,
        records=records,
        hop=hop,
        scope=scope,
        swaps=tuple(set_ or ()),
        repeats=repeat,
        shard=shard,
        scorers=tuple(dict.fromkeys(scorer or ())),
        spending=Spending(concurrency, budget_usd, budget_tokens, None if yes else confirm),
        cassette=cassette,
        cassette_from=cassette_from,
        offline=offline,
        output=output,
        resume=resume,
        note=note,
    )
    with stoppable("Go on with --resume and the folder."):
        evaluate(wanted)


def _is_shard(text: str) -> bool:
    found = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", text)
    return found is not None and 1 <= int(found[1]) <= int(found[2])
