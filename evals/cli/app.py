"""`hopdesk evals`: how right the assistant is, and from when on its embedded models can be relied upon."""

import typer

from evals.cli.cascade import cascade

app = typer.Typer(help="Judge the assistant by labelled cases.", no_args_is_help=True)
app.command()(cascade)
