"""`hopdesk evals cascade`: from which certainty on an embedded model decides, and what that saves."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from assistant.cli.options import ScopeFile
from evals.cli.options import JsonFigures

if TYPE_CHECKING:
    from assistant.wiring import Site
    from evals.cases import Case
    from evals.thresholds import Pair

_SEED = 7


def cascade(
    hop: Annotated[Literal["intent", "lookup", "response"], typer.Option(help="The hop to tune.")],
    precision: Annotated[
        float, typer.Option(min=0.5, max=0.999, help="The share that has to be right of what is decided here.")
    ] = 0.98,
    cases: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Labelled cases, as JSON Lines; none of the test split.")
    ] = None,
    *,
    examples: Annotated[
        bool, typer.Option("--examples", help="Use the scope's own examples, cross-validated; for intent alone.")
    ] = False,
    scope: ScopeFile = None,
    as_json: JsonFigures = False,
) -> None:
    """Choose the certainty from which on the embedded model of a hop decides, and no language model is asked.

    It runs the cases on the embedded models alone; nothing is sent anywhere. Exit code 1 means that no threshold is
    good enough.
    """
    if cases is None and not examples:
        raise typer.BadParameter("Give --cases FILE, --examples, or both.")
    if examples and hop != "intent":
        raise typer.BadParameter("The examples are labelled for the hop intent alone.", param_hint="--examples")

    from assistant.cli.opening import Unlogged, open_sites, read_settings, scope_paths
    from assistant.cli.screen import complain, out, visible_json
    from evals.cases import load_cases
    from evals.cli.show_cascade import Tuned, as_figures, show
    from evals.pairs import refuse_test_cases
    from evals.thresholds import choose

    labelled = load_cases(cases) if cases else ()
    if cases:
        refuse_test_cases(labelled, cases)
    settings = read_settings()
    [site] = open_sites(scope_paths([scope] if scope else None, settings)[:1], settings, Unlogged()).values()
    try:
        pairs = (*_of_cases(hop, labelled, site), *(_of_examples(site) if examples else ()))
    finally:
        site.catalog.close()
    named = getattr(site.chain.scope.models, hop)
    tuned = Tuned(hop, precision, pairs, choose(pairs, precision), tuple(name for name in named if "/" in name))
    if as_json:
        typer.echo(visible_json(as_figures(tuned).model_dump_json(indent=2)))
    else:
        show(tuned, out())
    if tuned.chosen is None:
        complain(f"No threshold reaches a precision of {precision:.1%} on at least {tuned.least_count} of these cases.")
        raise typer.Exit(1)


def _of_cases(
    hop: Literal["intent", "lookup", "response"], cases: "tuple[Case, ...]", site: "Site"
) -> "tuple[Pair, ...]":
    """The pairs of labelled cases, run on the embedded models alone."""
    import asyncio

    from assistant.web.warm_up import warm_up
    from evals.pairs import embedded_alone, pairs_of_runs
    from evals.running import run_cases

    if not cases:
        return ()
    asyncio.run(warm_up(()))  # within the deadline of the first case it would be too late
    runs = run_cases(cases, embedded_alone(site.chain))
    parents = {product.sku: product.parent for product in site.catalog.vocabulary.products if product.parent}
    return pairs_of_runs(hop, runs, site.chain.scope, parents)


def _of_examples(site: "Site") -> "tuple[Pair, ...]":
    """The pairs of the scope's own examples, each judged by a model that was fitted without it."""
    from assistant.cli.screen import progress_bar
    from assistant.embedded.cross_validation import cross_validate
    from assistant.embedded.intent_model import Examples
    from evals.pairs import pairs_of_examples

    scope = site.chain.scope
    with progress_bar("Fitting the intent model on parts of its examples") as progress:
        held_out = cross_validate(Examples.of(scope), site.catalog.vocabulary, site.encoder, _SEED, progress)
    return pairs_of_examples(held_out, scope)
