"""Cases on embedded models alone: what is swapped for it, and that the run is the one that `evals run` makes."""

from pathlib import Path

from assistant.cli.opening import Unlogged
from assistant.embedded.encoder import Encoder
from assistant.settings import Settings
from assistant.wiring import open_site
from chains.scope import HopModels
from evals.cases import Case, Expectation
from evals.evaluating import LocalCases, local_swaps
from tests.assistant.shops import write_shop
from tests.chains.fakes import changed, shop_scope

HUMAN = Case(id="c1", text="I want to talk to a person", split="dev", expect=(Expectation(intents=("support.human",)),))
WRONG = HUMAN.model_copy(update={"id": "c2", "expect": (Expectation(intents=("product.search",)),)})


def write(folder: Path, old: str, new: str) -> Path:
    """The small shop with a line of its scope file replaced."""
    path = write_shop(folder, site="local")
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def test_only_hops_with_a_language_model_are_swapped() -> None:
    models = HopModels(
        moderation=("rules", "openai/x"), intent=("embedded@0.9", "openai/x"), lookup=("openai/x",)
    )  # fmt: skip
    assert local_swaps(changed(shop_scope(), models=models)) == {
        "models.intent": "embedded",
        "models.lookup": "embedded",
        "models.moderation": "rules",
    }
    assert local_swaps(changed(shop_scope(), models=HopModels(intent=("embedded@0.9",)))) == {}


def test_cases_run_without_asking_a_language_model(home: Path, tmp_path: Path, encoder: Encoder) -> None:
    path = write(tmp_path, '\nintent = ["embedded"]', '\nintent = ["embedded@0.99", "openai/nobody"]')
    site = open_site(path, Settings(home=home), encoder, Unlogged())
    told: list[tuple[int, int]] = []
    cases = LocalCases(site, [HUMAN, WRONG])
    finished = cases.run(lambda *step: told.append(step))
    site.catalog.close()
    assert cases.planned.run == finished.run
    assert (finished.run.changes, finished.run.cases) == ({"models.intent": "embedded"}, 2)
    assert [(one.case_id, one.label("intents")) for one in finished.results] == [("c1", "pass"), ("c2", "fail")]
    assert {hop.provider for one in finished.results for hop in one.hops if hop.hop == "intent"} == {"hopdesk"}
    assert finished.latencies_ms.keys() == {one.key for one in finished.results}
    assert told == [(1, 2), (2, 2)]


def test_a_site_that_names_no_embedded_model_on_a_hop_is_run_on_one(
    home: Path, tmp_path: Path, encoder: Encoder
) -> None:
    path = write(tmp_path, '\nlookup = ["embedded"]', '\nlookup = ["openai/nobody"]')
    text = path.read_text(encoding="utf-8")
    path.write_text(f'{text}\n[fallback]\nlookup = "clarify"\n', encoding="utf-8")
    site = open_site(path, Settings(home=home), encoder, Unlogged())
    finished = LocalCases(site, [HUMAN]).run()
    site.catalog.close()
    assert finished.run.changes == {"models.lookup": "embedded"}
    assert {hop.provider for one in finished.results for hop in one.hops} == {"hopdesk"}
