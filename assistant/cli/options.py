"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

ScopeFile = Annotated[
    Path | None,
    typer.Option("--scope", metavar="FILE", help="The site's scope file; absent: HOPDESK_SCOPES, else the demo shop."),
]
