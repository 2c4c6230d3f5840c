"""Arguments and options that several commands of `hopdesk evals` share."""

from pathlib import Path
from typing import Annotated

import typer

Run = Annotated[Path, typer.Argument(metavar="RUN", help="The folder of the run.")]
BaseRun = Annotated[Path, typer.Argument(metavar="BASE", help="The folder of the run to compare with.")]
CandidateRun = Annotated[Path, typer.Argument(metavar="CANDIDATE", help="The folder of the run in question.")]
GateFile = Annotated[
    Path, typer.Option("--rules", metavar="FILE", help="The gate file (TOML) with the margin and the rules.")
]
MainScorer = Annotated[
    str | None,
    typer.Option("--scorer", help="Whose passes and failures count; absent: turn, or same for one hop alone."),
]
WrittenCases = Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="The cases, as JSON Lines.")]
JsonFigures = Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")]
Concurrency = Annotated[int, typer.Option("--concurrency", min=1, max=256, help="At most so many results at a time.")]
CassetteFile = Annotated[
    Path | None,
    typer.Option("--cassette", metavar="FILE", help="Replies of language models, to be used again and added to."),
]
Offline = Annotated[bool, typer.Option("--offline", help="Ask no live model: what the cassette lacks is an error.")]
BudgetUsd = Annotated[float | None, typer.Option("--budget-usd", min=0, help="Stop before more US dollars are spent.")]
BudgetTokens = Annotated[int | None, typer.Option("--budget-tokens", min=0, help="Stop before more tokens are used.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask before a run that costs money.")]
