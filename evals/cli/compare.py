"""`hopdesk evals compare`: two runs on the same cases, what flipped, and how sure the difference is."""

from typing import Annotated

import typer

from evals.cli.options import BaseRun, CandidateRun


def compare(
    base: BaseRun,
    candidate: CandidateRun,
    scorer: Annotated[str, typer.Option(help="Whose passes and failures count.")] = "turn",
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the comparison as JSON.")] = False,
) -> None:
    """Compare two runs, paired on the same cases.

    It judges nothing: for a verdict with an exit code there is `hopdesk evals gate`.
    """
    from assistant.cli.screen import out, visible_json
    from evals.cli.show_comparison import show
    from evals.compare import compare as compared
    from evals.finished import finished_run

    comparison = compared(finished_run(base), finished_run(candidate), scorer)
    if as_json:
        typer.echo(visible_json(comparison.model_dump_json(by_alias=True, indent=2)))
    else:
        show(comparison, out())
