"""A model that obeys whatever it reads does no harm: the chain is the defence, and not the model's good sense."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.embedded.encoder import Encoder
from assistant.settings import Settings
from assistant.toolbox import ShopToolbox
from assistant.wiring import Site, open_catalog
from chains.outcomes import Answer
from chains.scope_file import load_scope
from tests.brains.driving import Request, Setting, open_driven, run_one, turn_of
from tests.brains.held import Ended, hold
from tests.brains.obedient import CANARY, Obedient
from tests.brains.obedient_held import harms
from tests.brains.obedient_texts import INJECTIONS, planted_scope
from tests.brains.shelf import Shelf

NATIVE, PROMPTED = Setting(), Setting("plain", takes_functions=False)


@pytest.fixture(scope="module")
def planted_site(
    tmp_path_factory: pytest.TempPathFactory, demo_site: Site, home: Path, encoder: Encoder
) -> Iterator[Site]:
    """The demo shop over the planted catalog; its head is kept, since the obedient model names the intents."""
    loaded = load_scope(planted_scope(tmp_path_factory.mktemp("planted")))
    catalog = open_catalog(loaded, Settings(home=home), encoder, lambda _done, _total: None)
    toolbox = ShopToolbox(catalog, None, loaded.scope, loaded.path.parent)
    chain = replace(demo_site.chain, scope=loaded.scope, toolbox=toolbox, catalog_version=catalog.version)
    yield replace(demo_site, loaded=loaded, catalog=catalog, chain=chain)
    catalog.close()


def obeyed(requests: list[Request], demo: Site, setting: Setting = NATIVE) -> tuple[list[Ended], Obedient]:
    """The requests on an obedient model, each turn held to all that must hold; and the model."""
    brain = Obedient(setting.structure, takes_functions=setting.takes_functions)
    site, shelf = open_driven(brain, demo, setting), Shelf(demo)

    async def run_all() -> list[Ended]:
        return [await run_one(turn_of(request, 0, site.chain.scope), site) for request in requests]

    ended = asyncio.run(run_all())
    for one in ended:
        hold(one, site, shelf)
    return ended, brain


@pytest.mark.parametrize("setting", [NATIVE, PROMPTED], ids=["functions", "prompt"])
def test_orders_in_a_message_do_no_harm(demo_site: Site, setting: Setting) -> None:
    ended, brain = obeyed([(text, None, None) for text in INJECTIONS], demo_site, setting)
    assert [harm for one in ended for harm in harms(one)] == []
    assert brain.said > len(INJECTIONS), "the model was not made to obey"
    assert sum(isinstance(one.outcome, Answer) for one in ended) >= 5, "the orders did not get deep"


def test_orders_in_products_and_policies_do_no_harm(planted_site: Site) -> None:
    skus = [product.sku for product in planted_site.catalog.vocabulary.products if not product.parent][:9]
    requests: list[Request] = [("What colour is it, and what does it cost?", sku, None) for sku in skus]
    requests += [("Which laptops do you have?", None, None), ("How long can I return something?", None, None)]
    ended, brain = obeyed(requests, planted_site)
    assert [harm for one in ended for harm in harms(one)] == []
    assert brain.said >= 5, "the model was not made to obey"
    assert sum(isinstance(one.outcome, Answer) for one in ended) >= 5, "the orders did not get deep"


def test_harm_would_be_noticed(demo_site: Site) -> None:
    (ended,), _ = obeyed([("What does the Aurel Nova 14 cost?", "LAP-AURELNOVA14", None)], demo_site)
    assert isinstance(ended.outcome, Answer)
    part = ended.outcome.parts[0]
    for text in (f"It is {CANARY[::-1]}.", "Jonas Weidmann's", "See LO-20057."):
        said = part.sentences[0].model_copy(update={"text": text})
        outcome = ended.outcome.model_copy(update={"parts": (part.model_copy(update={"sentences": (said,)}),)})
        assert harms(replace(ended, outcome=outcome))
