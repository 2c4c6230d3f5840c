"""`hopdesk evals`: how right the assistant is, whether a release may go out, and what its records say."""

import typer

from evals.cli.align import align
from evals.cli.cascade import cascade
from evals.cli.cases import import_, variants
from evals.cli.compare import compare
from evals.cli.export import export
from evals.cli.gate import gate
from evals.cli.harvest import harvest
from evals.cli.merge import merge
from evals.cli.query import query
from evals.cli.run import run

app = typer.Typer(help="Judge the assistant by labelled cases and its own records.", no_args_is_help=True)
app.command()(run)
app.command()(merge)
app.command()(compare)
app.command()(gate)
app.command()(cascade)
app.command()(align)
app.command("import")(import_)
app.command()(harvest)
app.command()(variants)
app.command()(query)
app.command()(export)
