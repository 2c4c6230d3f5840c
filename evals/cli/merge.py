"""`hopdesk evals merge`: the shards of a run put together."""

from pathlib import Path
from typing import Annotated

import typer


def merge(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="The folders of all shards of one run.")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FOLDER", help="Where to write the whole run.")],
) -> None:
    """Put the shards of a run together; the result has the bytes of a run without shards."""
    from assistant.cli.screen import data, out
    from evals.merging import merge_runs

    merged = merge_runs(runs, output)
    out().print(data(f"{merged.cases} cases from {len(runs)} shards written to {output}"), soft_wrap=True)
