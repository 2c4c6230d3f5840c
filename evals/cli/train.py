"""`hopdesk evals train`: what people corrected becomes further examples, if a gate says that they make it better."""

from pathlib import Path
from typing import Annotated

import typer

from assistant.cli.options import ScopeFile
from evals.cli.options import GateFile

CANNOT_TELL = 2

train = typer.Typer(help="Learn from what people corrected.", no_args_is_help=True)


@train.command("intent")
def intent(
    *,
    sources: Annotated[
        list[Path] | None,
        typer.Option("--from", metavar="FILE", help="Labelled cases to learn from, of the train split."),
    ] = None,
    judgements: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="Judgements of people, judgement/1, with what is right.")
    ] = None,
    cases: Annotated[Path, typer.Option(metavar="FILE", help="The cases to compare on, of the dev split.")],
    rules: GateFile,
    incumbent: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="A run of the scope as it is; absent: it is run now.")
    ] = None,
    baseline: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="A run of a language model on the same cases.")
    ] = None,
    held_out: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="Cases of which no text may be learnt, such as tests.")
    ] = None,
    scope: ScopeFile = None,
    few: Annotated[bool, typer.Option("--few", help="Go on with fewer than 100 new examples.")] = False,
    promote: Annotated[
        bool, typer.Option("--promote", help="Where it passes, write the new examples into the scope's examples file.")
    ] = False,
    report: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a report in Markdown.")] = None,
) -> None:
    """Fit the intent head on what people corrected too, and promote it only if it beats the one in use.

    Both run the cases on the embedded models alone, so nothing is sent or spent. Exit code 0 passes, 1 is worse, and 2
    cannot tell; 2 is also the code where something cannot be used. Nothing is changed without --promote and a pass.
    """
    if not sources and not judgements:
        raise typer.BadParameter("Give --from FILE, --judgements FILE, or both.")

    from assistant.cli.screen import complain
    from chains.errors import HopdeskError
    from evals.cli.training import Wanted, train_intent

    wanted = Wanted(
        sources=tuple(sources or ()),
        judgements=tuple(judgements or ()),
        cases=cases,
        rules=rules,
        incumbent=incumbent,
        baseline=baseline,
        held_out=tuple(held_out or ()),
        scope=scope,
        few=few,
        promote=promote,
        report=report,
    )
    try:
        finding = train_intent(wanted)
    except HopdeskError as error:  # 1 would say that the candidate is worse
        complain(str(error))
        raise typer.Exit(CANNOT_TELL) from None
    raise typer.Exit(finding)
