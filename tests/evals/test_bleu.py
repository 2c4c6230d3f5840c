"""BLEU by sacrebleu: a figure from 0 to 1, and no verdict."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest

from chains.errors import HopdeskError
from chains.outcomes import Decline, Withdrawn
from evals.bleu import bleu, load_bleu
from evals.cases import Case, Expectation
from evals.observed import Observed, Setting
from evals.running import run_case
from evals.scorers import SCORERS, score_all
from tests.chains.fakes import shop_chain, shop_scope

pytest.importorskip("sacrebleu")
SETTING = Setting(shop_scope())
CASE = Case(id="c1", text="Which lamp is red?", split="dev", expect=(Expectation(),), ideal="The desk lamp is red.")


@pytest.fixture(scope="module")
def price() -> Observed:
    return Observed.of(asyncio.run(run_case(CASE, shop_chain())))


@pytest.fixture(autouse=True)
def _anew() -> Iterator[None]:
    load_bleu.cache_clear()
    yield
    load_bleu.cache_clear()


def value(said: str, ideal: str = "The desk lamp is red.") -> float:
    case = CASE.model_copy(update={"ideal": ideal})
    score = bleu(Observed(case, Decline(reason="out_of_scope", text=said), ()), SETTING)
    assert score is not None
    assert score.label == "unsure"
    assert score.value is not None
    return score.value


def test_equal_words_are_one_and_no_common_word_is_nothing() -> None:
    assert value("The desk lamp\nis  red.") == pytest.approx(1)
    assert value("Nothing of that kind here!") == pytest.approx(0, abs=0.1)
    assert 0.2 < value("The desk lamp is blue.") < 0.9


def test_short_replies_are_not_nothing() -> None:
    assert value("It is red.", "It is red.") == pytest.approx(1)
    assert value("Red", "Red") == pytest.approx(1)


def test_it_is_that_of_its_definition() -> None:
    # 1-grams 4/5, 2-grams 2/4, 3-grams 1/3, 4-grams none: smoothed to 1 / (2 * 2), as sacrebleu's `exp` has it
    assert value("a b c x e", "a b c d e") == pytest.approx((4 / 5 * 2 / 4 * 1 / 3 * 1 / 4) ** 0.25)


def test_where_there_is_nothing_to_compare_there_is_no_score(price: Observed) -> None:
    assert bleu(replace(price, case=CASE.model_copy(update={"ideal": None})), SETTING) is None
    assert bleu(replace(price, outcome=Withdrawn(reason="superseded")), SETTING) is None
    assert bleu(replace(price, outcome=None), SETTING) is None
    failed = bleu(replace(price, outcome=None, error="The model was not reached."), SETTING)
    assert failed is not None
    assert (failed.label, failed.value) == ("error", None)


def test_it_scores_on_request_alone(price: Observed) -> None:
    assert "bleu" not in {score.scorer for score in score_all(price, SETTING)}
    assert [score.scorer for score in score_all(price, SETTING, (*SCORERS, "bleu"))][-1] == "bleu"


def test_without_sacrebleu_it_is_said_what_to_install(price: Observed, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr("evals.bleu.import_module", missing)
    with pytest.raises(HopdeskError, match=r"without sacrebleu; install hopdesk\[evals\]"):
        bleu(price, SETTING)
