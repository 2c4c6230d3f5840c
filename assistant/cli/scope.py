"""`hopdesk scope`: what a scope file means, and a starter to begin from."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from chains.scope import Scope

scope = typer.Typer(help="Scope files: what one means, and a starter.", no_args_is_help=True)
_STARTER = ("scope.toml", "products.jsonl")


@scope.command()
def check(
    file: Annotated[Path, typer.Argument(help="The scope file.")],
    *,
    matrix: Annotated[
        bool, typer.Option("--matrix", help="Print only the table of intent, identity and tools, as JSON.")
    ] = False,
) -> None:
    """Print what a scope file means, then what may not be meant. Exit code 1 means that it cannot be served."""
    from chains.scope_file import load_scope

    loaded = load_scope(file)
    if matrix:
        from pydantic_core import to_json

        typer.echo(to_json(loaded.scope.matrix(), indent=2).decode())
        return

    import asyncio

    from assistant.cli.models import named_models
    from assistant.cli.opening import Unlogged, open_sites, read_settings
    from assistant.cli.scope_report import foreign_links, model_warnings, overlap_rows, overlaps, warnings
    from assistant.cli.screen import out, table, warn

    console = out()
    _show(loaded.scope, console)
    site = open_sites([file], read_settings(), Unlogged())[loaded.scope.site.id]
    held_out = site.head.cross_validated()
    found = overlaps(loaded.scope, held_out)
    right = sum(example.label == example.prediction.label for example in held_out)
    turned_away = site.chain.scope.thresholds.out_of_scope
    console.print(
        f"The embedded model tells {right} of {len(held_out)} examples right that it had not seen; "
        f"it declines a request whose out-of-scope score is {turned_away:.2f} or more.\n"
    )
    if found:
        columns = ("intent", "taken for", "examples", "such as")
        whole = ("intent", "taken for")
        console.print(table("Intents that overlap", columns, overlap_rows(found), numbers=("examples",), whole=whole))
    of_links = foreign_links(loaded.scope, site.catalog.addresses())
    for warning in (*warnings(loaded), *of_links, *asyncio.run(model_warnings(named_models(loaded.scope)))):
        warn(warning)
    site.catalog.close()


@scope.command()
def init(
    file: Annotated[Path, typer.Argument(help="Where to write the scope file.")] = Path("scope.toml"),
) -> None:
    """Write a commented scope file that runs, and a few products beside it if there are none."""
    from importlib.resources import files

    from chains.errors import ScopeError

    text, products = (files("assistant") / "cli" / "starter" / name for name in _STARTER)
    beside = file.parent / _STARTER[1]
    try:
        if not file.parent.exists():
            file.parent.mkdir(parents=True)
        with file.open("x", encoding="utf-8") as out:
            out.write(text.read_text(encoding="utf-8"))
        if not beside.exists():
            beside.write_text(products.read_text(encoding="utf-8"), encoding="utf-8")
            typer.echo(f"Wrote {beside}")
    except FileExistsError:
        raise ScopeError(f"{file}: this file is there already and is left as it is; name another.") from None
    except OSError as error:
        raise ScopeError(f"{file}: the file cannot be written ({error.strerror}); name another place.") from None
    typer.echo(f"Wrote {file}\nNext: hopdesk scope check {file}, then hopdesk serve --scope {file}")


def _show(found: "Scope", console: "Console") -> None:
    """The permission table, who serves each hop, and the limits."""
    from assistant.cli.scope_report import hop_rows, intent_rows, limit_rows
    from assistant.cli.screen import table

    title = f"{found.site.name} ({found.site.id}): {len(found.intents)} intents"
    columns = ("intent", "tools", "outcomes", "examples")
    console.print(table(title, columns, intent_rows(found), numbers=("examples",), whole=("intent", "tools")), "")
    console.print(table("Hops", ("hop", "served by", "falls back on", "prompt version"), hop_rows(found)), "")
    console.print(table("Limits", ("what", "value"), limit_rows(found), numbers=("value",)), "")
