"""`hopdesk evals`: how right the assistant is, whether a release may go out, and what its records say."""

import typer

from evals.cli.align import align
from evals.cli.cascade import cascade
from evals.cli.cases import import_, variants
from evals.cli.compare import compare
from evals.cli.export import export
from evals.cli.gate import gate
from evals.cli.harvest import harvest
from evals.cli.judge import judge
from evals.cli.merge import merge
from evals.cli.report import report
from evals.cli.run import run
from evals.cli.show import show
from evals.cli.train import train

app = typer.Typer(help="Judge the assistant by labelled cases and its own records.", no_args_is_help=True)
app.command()(run)
app.command()(merge)
app.command()(compare)
app.command()(show)
app.command()(report)
app.command()(gate)
app.command()(cascade)
app.command()(judge)
app.command()(align)
app.command("import")(import_)
app.command()(harvest)
app.command()(variants)
app.command()(export)
app.add_typer(train, name="train")
