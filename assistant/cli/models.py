"""`hopdesk models`: the language models that a scope names."""

from typing import TYPE_CHECKING, Annotated

import typer

from assistant.cli.options import ScopeFile

if TYPE_CHECKING:
    from assistant.language.probing import Probed
    from chains.scope import LanguageModelSettings, Scope

models = typer.Typer(help="Language models: whether they answer, and what they can do.", no_args_is_help=True)


@models.command()
def check(
    scope: ScopeFile = None,
    timeout_s: Annotated[float, typer.Option("--timeout", min=1, help="Seconds to wait for each reply.")] = 20.0,
) -> None:
    """Ask each language model of a scope a few tiny questions, and print what it can do.

    It sends a few words of ours to each model that a hop names, and costs what these cost. Exit code 1: one of them
    does not answer.
    """
    import asyncio

    from assistant.cli.opening import read_settings, scope_paths
    from assistant.cli.screen import out, table, warn
    from assistant.language.probing import probe
    from chains.scope_file import load_scope

    settings = read_settings()
    path = scope_paths([scope] if scope else None, settings)[0]
    named = named_models(load_scope(path).scope)
    if not named:
        typer.echo(f"{path}: no hop names a language model, so nothing was asked.")
        return

    async def probe_all() -> "list[Probed]":
        return list(await asyncio.gather(*(probe(one, timeout_s) for one in named)))

    probed = asyncio.run(probe_all())
    columns = ("model", "reachable", "structured outputs", "functions", "latency", "cost")
    rows = (_row(one) for one in probed)
    out().print(table("Language models", columns, rows, numbers=("latency", "cost"), whole=("model",)))
    for one, given in zip(probed, named, strict=True):
        if one.problem:
            warn(one.problem)
        elif advice := one.advice(given):
            warn(f"{path}: {advice}")
    if any(one.problem for one in probed):
        raise typer.Exit(1)


def named_models(scope: "Scope") -> "tuple[LanguageModelSettings, ...]":
    """The settings of every language model that a hop names, in the order of the hops."""
    from chains.scope import LanguageModelSettings

    own = {one.name: one for one in scope.language_models}
    hops = scope.models
    names = dict.fromkeys((*hops.moderation, *hops.intent, *hops.lookup, *hops.response))
    return tuple(own.get(name) or LanguageModelSettings(name=name) for name in names if "/" in name)


def _row(probed: "Probed") -> tuple[str, ...]:
    if probed.problem:
        return probed.name, "no", "", "", "", ""
    cost = "not known" if probed.cost_usd is None else f"{probed.cost_usd:f} USD"
    structure = probed.structure or "none"
    return probed.name, "yes", structure, "yes" if probed.functions else "no", f"{probed.latency_ms:.0f} ms", cost
