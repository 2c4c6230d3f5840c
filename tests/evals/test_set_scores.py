"""Retrieval measured on rankings, and the products shown held against those expected."""

import asyncio
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import ndcg_score

from chains.messages import Plan
from chains.outcomes import Answer, AnswerPart, Clarify, Decline, ProductCard, Sentence
from evals.cases import AbsentFact, Case, Expectation, ExpectedFact
from evals.observed import Observed, Setting
from evals.results import Score
from evals.running import run_case
from evals.set_scores import SET_SCORERS, K, Wanted, ndcg_at, recall_at
from tests.chains.fakes import RETURNS_CALL, call, names, shop_chain, shop_scope

SETTING = Setting(shop_scope())
ABC = Wanted(frozenset("abc"))
ANY = Wanted(frozenset("abc"), any_of=True)


@pytest.mark.parametrize(
    ("found", "wanted", "recall", "ndcg"),
    [
        ("abc", ABC, 1, 1),
        ("cba", ABC, 1, 1),
        ("xyz", ABC, 0, 0),
        ("", ABC, 0, 0),
        ("a", ABC, 1 / 3, 1 / (1 + 1 / math.log2(3) + 1 / 2)),
        ("xa", ANY, 1, 1 / math.log2(3)),
        ("ax", ANY, 1, 1),
        ("abc", ANY, 1, 1),
        ("x", ANY, 0, 0),
        ("uvwxya", ANY, 0, 0),
        ("xyabc", ABC, 1, (1 / 2 + 1 / math.log2(5) + 1 / math.log2(6)) / (1 + 1 / math.log2(3) + 1 / 2)),
    ],
)
def test_recall_and_ndcg_of_the_first_five(found: str, wanted: Wanted, recall: float, ndcg: float) -> None:
    assert recall_at(K, tuple(found), wanted) == pytest.approx(recall)
    assert ndcg_at(K, tuple(found), wanted) == pytest.approx(ndcg)


@given(st.permutations("abcdefgh"), st.sets(st.sampled_from("abcdxyz"), min_size=1), st.booleans())
def test_they_are_shares_and_perfect_together(found: list[str], ids: set[str], any_of: bool) -> None:
    wanted = Wanted(frozenset(ids), any_of=any_of)
    recall, ndcg = recall_at(3, tuple(found), wanted), ndcg_at(3, tuple(found), wanted)
    assert 0 <= recall <= 1
    assert -1e-9 <= ndcg <= 1 + 1e-9
    assert (recall == 0) is (ndcg < 1e-9)


@given(st.permutations("abcdefgh"), st.sets(st.sampled_from("abcdefgh"), min_size=1), st.integers(1, 8))
def test_ndcg_is_that_of_scikit_learn(found: list[str], ids: set[str], k: int) -> None:
    gains, falling = [[float(one in ids) for one in found]], [[float(-place) for place in range(len(found))]]
    assert ndcg_at(k, tuple(found), Wanted(frozenset(ids))) == pytest.approx(ndcg_score(gains, falling, k=k))


def observed(*expect: Expectation, plan: Plan, intent: str = "product.price") -> Observed:
    case = Case(id="c1", text="Which lamps do you have?", split="dev", expect=expect)
    return Observed.of(asyncio.run(run_case(case, shop_chain(intent=names(intent), plan=plan, response="{"))))


def wants(**fact: tuple[str, ...]) -> Expectation:
    return Expectation(facts=(ExpectedFact.model_validate(fact),))


def score(name: str, run: Observed, setting: Setting = SETTING) -> Score | None:
    return SET_SCORERS[name](run, setting)


SEARCH = Plan(calls=(call("search_products", "product.price", query="lamps"),))
ONE = Plan(calls=(call("get_product", "product.price", sku="L-2"),))


class TestRetrieval:
    @pytest.mark.parametrize(
        ("plan", "expected", "recall"),
        [
            (SEARCH, wants(all_products=("L-1", "L-2")), 1),
            (ONE, wants(all_products=("L-1", "L-2")), 0.5),
            (ONE, wants(products=("L-1", "L-2")), 1),
            (ONE, wants(products=("L-1",)), 0),
            (ONE, Expectation(facts=(ExpectedFact(record="L-2", field="price"),)), 1),
            (ONE, Expectation(facts=(ExpectedFact(absent=AbsentFact(record="L-1", field="x")),)), 0),
        ],
    )
    def test_products_are_those_of_searches_and_look_ups(
        self, plan: Plan, expected: Expectation, recall: float
    ) -> None:
        run = observed(expected, plan=plan)
        found = score("products_recall", run)
        assert found is not None
        assert (found.value, found.label, found.hop) == (recall, "pass" if recall == 1 else "fail", "lookup")

    def test_the_ranking_counts(self) -> None:
        found = score("products_ndcg", observed(wants(products=("L-2",)), plan=SEARCH))
        assert found is not None
        assert found.value == pytest.approx(1 / math.log2(3))
        assert found.label == "fail"

    def test_variants_count_as_their_product(self) -> None:
        run = observed(wants(all_products=("L-2-RED",)), plan=ONE)
        found = score("products_recall", run, Setting(SETTING.scope, {"L-2-RED": "L-2"}))
        assert found is not None
        assert found.value == 1

    def test_one_of_the_acceptable_paragraphs_is_enough(self) -> None:
        plan = Plan(calls=(RETURNS_CALL,))
        run = observed(wants(passage=("returns#9", "returns#1")), plan=plan, intent="returns.policy")
        assert [(s.value, s.label) for name in ("passages_recall", "passages_ndcg") if (s := score(name, run))] == [
            (1, "pass"), (1, "pass"),
        ]  # fmt: skip
        other = observed(wants(passage=("returns#9",)), plan=plan, intent="returns.policy")
        found = score("passages_recall", other)
        assert found is not None
        assert found.label == "fail"

    def test_what_nobody_wants_is_not_scored(self) -> None:
        run = observed(Expectation(facts=(ExpectedFact(record="order", field="status"),)), plan=ONE)
        assert [score(name, run) for name in SET_SCORERS] == [None] * len(SET_SCORERS)

    def test_a_turn_that_never_looked_found_nothing(self) -> None:
        run = observed(wants(products=("L-1",)), plan=ONE)
        early = replace(run, records=tuple(r for r in run.records if r.hop == "moderation"))
        found = score("products_recall", early)
        assert found is not None
        assert found.value == 0
        assert score("products_recall", replace(early, outcome=None)) is None


def showing(*skus: str, expected: tuple[tuple[str, ...], ...]) -> Observed:
    parts = (AnswerPart(intent="product.price", sentences=(Sentence(text="Here.", claim="count"),)),)
    cards = tuple(ProductCard(sku=sku, name=sku) for sku in skus)
    case = Case(id="c1", text="x", split="dev", expect=tuple(wants(all_products=one) for one in expected))
    return Observed(case, Answer(parts=parts, products=cards), ())


class TestSets:
    @pytest.mark.parametrize(
        ("shown", "wanted", "equal", "superset", "subset"),
        [
            (("a", "b"), (("b", "a"),), ("pass", 0), ("pass", 0), ("pass", 0)),
            (("a",), (("a", "b"),), ("fail", 1), ("fail", 1), ("pass", 0)),
            (("a", "b", "c"), (("a",),), ("fail", 0), ("pass", 0), ("fail", 2)),
            ((), (("a", "b"),), ("fail", 2), ("fail", 2), ("pass", 0)),
            (("a",), ((),), ("fail", 0), ("pass", 0), ("fail", 1)),
            (("a",), (("b", "c"), ("a",)), ("pass", 0), ("pass", 0), ("pass", 0)),
        ],
    )
    def test_what_is_omitted_and_what_is_too_many_is_counted(
        self,
        shown: tuple[str, ...],
        wanted: tuple[tuple[str, ...], ...],
        equal: tuple[str, float],
        superset: tuple[str, float],
        subset: tuple[str, float],
    ) -> None:
        run = showing(*shown, expected=wanted)
        scores = [score(f"products_{name}", run) for name in ("equal", "superset", "subset")]
        assert [(one.label, one.value) for one in scores if one] == [equal, superset, subset]

    def test_they_are_named(self) -> None:
        found = score("products_superset", showing("a", expected=(("a", "c", "b"),)))
        assert found is not None
        assert found.critique == "omitted: b, c"

    def test_other_endings_show_theirs_or_none(self) -> None:
        run = showing(expected=(("a",),))
        asking = Clarify(reason="product", question="Which?", products=(ProductCard(sku="a", name="A"),))
        for outcome, label in ((asking, "pass"), (Decline(reason="out_of_scope", text="no"), "fail")):
            found = score("products_equal", replace(run, outcome=outcome))
            assert found is not None
            assert found.label == label

    def test_an_error_is_no_omission(self) -> None:
        run = replace(showing(expected=(("a",),)), outcome=None, error="The run was stopped.")
        assert {one.label for name in SET_SCORERS if (one := score(name, run))} == {"error"}
        assert score("products_equal", replace(run, error=None)) is None
