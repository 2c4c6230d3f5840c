"""`hopdesk evals judge`: language models as judges of what runs replied."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from assistant.cli.options import ScopeFile
from evals.cli.options import BudgetTokens, BudgetUsd, CassetteFile, Concurrency, Offline, Yes


class Rubric(StrEnum):
    """A closed question that a judge answers; `better` is of two runs."""

    ANSWERED = "answered"
    FACTS = "facts"
    IDEAL = "ideal"
    BETTER = "better"


def judge(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a finished run.")],
    other: Annotated[
        Path | None, typer.Argument(metavar="[OTHER]", help="With the rubric better: the run to compare with.")
    ] = None,
    *,
    rubrics: Annotated[
        list[Rubric],
        typer.Option("--rubric", metavar="NAME", help="answered, facts or ideal; of two runs: better."),
    ],
    model: Annotated[str, typer.Option(metavar="NAME", help="The judge, such as openai/gpt-4.1-mini.")],
    repeat: Annotated[int, typer.Option(min=1, max=25, help="How often each is asked; most replies decide.")] = 1,
    cases: Annotated[
        Path | None, typer.Option(metavar="FILE", help="With the rubric ideal: the cases that hold the ideal answers.")
    ] = None,
    scope: ScopeFile = None,
    concurrency: Concurrency = 8,
    cassette: CassetteFile = None,
    offline: Offline = False,
    budget_usd: BudgetUsd = None,
    budget_tokens: BudgetTokens = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="Append to this file; absent: judgements.jsonl or preferences.jsonl in RUN.",
        ),
    ] = None,
    yes: Yes = False,
) -> None:
    """Ask a language model closed questions about what a run replied, or which of two runs replied better.

    Each verdict is one line, as judgement/1 or preference/1; what the file holds already is not asked again. Exit code
    3 means that the budget was spent before all was done; the same command goes on.
    """
    asked = tuple(dict.fromkeys(rubrics))
    if (Rubric.BETTER in asked) != (other is not None) or (other is not None and len(asked) > 1):
        raise typer.BadParameter("Give two runs with better alone, or one with the others.", param_hint="--rubric")
    if Rubric.IDEAL in asked and cases is None:
        raise typer.BadParameter("The rubric ideal needs the cases that hold the ideal answers.", param_hint="--cases")
    if repeat > 1 and other is not None:
        raise typer.BadParameter("Two runs are compared in both orders, once.", param_hint="--repeat")

    from evals.cli.consent import Spending, confirm, stoppable
    from evals.cli.judging import Wanted, judge_runs
    from evals.judges import QUESTIONS

    wanted = Wanted(
        run=run,
        other=other,
        questions=tuple(question for question in QUESTIONS if question in asked),
        model=model,
        repeats=repeat,
        cases=cases,
        scope=scope,
        cassette=cassette,
        offline=offline,
        spending=Spending(concurrency, budget_usd, budget_tokens, None if yes else confirm),
        output=output,
    )
    with stoppable("The same command goes on."):
        judge_runs(wanted)
