"""Synthetic variants: what they change, what they leave, and what they are never made of."""

from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from evals.cases import Case, CaseError, Expectation, ExpectedCall, ExpectedFact, Split, Synthetic, load_cases
from evals.variants import METHODS, mistyped, variants

DEV = Path(__file__).parents[2] / "evals" / "cases" / "demo-dev.jsonl"


def case(text: str, split: Split = "dev", **limits: int) -> Case:
    expected = Expectation(
        intents=("product.recommendation",),
        tools=(ExpectedCall(name="search_products", arguments={"category": "phones", **limits}),),
        facts=(ExpectedFact(all_products=("P-1",)),),
        outcome="answer",
    )
    return Case(id="c1", text=text, split=split, tags=("hard",), expect=(expected,))


class TestAll:
    def test_they_are_marked_and_name_their_origin(self) -> None:
        made = [*variants([case("Which phones have you got under 400 euros?", price_max_minor=40000)])]
        assert [one.id for one in made] == ["c1-typos-1", "c1-paraphrase-1", "c1-constraint-1"]
        assert [one.synthetic for one in made] == [Synthetic(method=f"{name}/1", of="c1") for name in METHODS]
        assert {one.split for one in made} == {"dev"}
        assert all({"hard", "synthetic"} < set(one.tags) for one in made)

    def test_the_same_seed_makes_the_same_and_another_one_others(self) -> None:
        cases = load_cases(DEV)
        assert [*variants(cases, seed=1)] == [*variants(cases, seed=1)] != [*variants(cases, seed=2)]

    def test_a_case_has_the_same_ones_whatever_stands_beside_it(self) -> None:
        cases = load_cases(DEV)
        last = [one for one in variants(cases, each=2) if one.synthetic and one.synthetic.of == cases[-1].id]
        assert last == [*variants(cases[-1:], each=2)]

    def test_nothing_is_made_of_the_test_split(self) -> None:
        with pytest.raises(CaseError, match="Synthetic variants: the case 'c1' is of the test split"):
            list(variants([case("Which phones?", "test")]))

    def test_nothing_is_made_of_what_is_made(self) -> None:
        made = [*variants([case("Which phones have you got?")], ("typos",))]
        assert list(variants(made)) == []

    def test_variants_of_a_case_differ_from_it_and_each_other(self) -> None:
        for one in load_cases(DEV)[:20]:
            texts = [made.text for made in variants([one], ("typos", "paraphrase"), each=4)]
            assert len({one.text, *texts}) == len(texts) + 1

    def test_where_there_are_no_more_there_are_fewer(self) -> None:
        assert list(variants([case("OK?")], ("typos",), each=3)) == []


class TestTypos:
    @given(st.text(alphabet="abcdefg hijkl MNOP 0123@.[]_-/", max_size=120), st.integers(0, 1000))
    def test_a_few_letters_slip_and_no_more(self, text: str, seed: int) -> None:
        typos = 1 + len(text) // 40
        assert OSA.distance(text, mistyped(text, Random(seed))) <= typos
        assert mistyped(text, Random(seed)) == mistyped(text, Random(seed))

    @pytest.mark.parametrize(
        "kept", ["LO-10234", "ada@example.org", "[ORDER_1]", "[EMAIL_12]", "16GB", "www.shop.example"]
    )
    def test_numbers_addresses_and_placeholders_stay(self, kept: str) -> None:
        for seed in range(40):
            assert kept in mistyped(f"where is my parcel {kept} please", Random(seed))

    def test_all_kinds_of_slips_are_made(self) -> None:
        made = {mistyped("lamp", Random(seed)) for seed in range(200)}
        assert {"lmp", "laamp", "lmap", "lsmp"} <= made
        assert all(word.startswith("l") for word in made)
        assert any(word != word.lower() for word in {mistyped("LAMP", Random(seed)) for seed in range(20)})

    def test_what_is_expected_stays(self) -> None:
        one = case("Which phones have you got under 400 euros?", price_max_minor=40000)
        assert all(made.expect == one.expect for made in variants([one], ("typos", "paraphrase"), each=3))


class TestConstraints:
    def test_the_limit_changes_in_text_and_calls_alike(self) -> None:
        one = case("phones from 300 to 400 eur", price_min_minor=30000, price_max_minor=40000)
        for made in variants([one], ("constraint",), each=3):
            [call] = made.expect[0].tools
            low, high = call.arguments["price_min_minor"], call.arguments["price_max_minor"]
            assert isinstance(low, int)
            assert isinstance(high, int)
            assert made.text == f"phones from {low // 100} to {high // 100} eur"
            assert low < high
            assert call.arguments["category"] == "phones"

    def test_what_follows_from_the_limit_is_no_longer_expected(self) -> None:
        [made] = variants([case("phones below 400", price_max_minor=40000)], ("constraint",))
        [expected] = made.expect
        assert (expected.facts, expected.outcome, expected.intents) == ((), None, ("product.recommendation",))

    @pytest.mark.parametrize(
        "text",
        ["cheap phones", "phones below 400.50", "400 phones below 400", "model X400", "below 40000", "below 1,400"],
    )
    def test_a_limit_that_is_not_stated_once_and_plainly_is_left(self, text: str) -> None:
        assert list(variants([case(text, price_max_minor=40000)], ("constraint",))) == []
        assert list(variants([case("phones below 400")], ("constraint",))) == []

    def test_small_amounts_stay_above_nothing(self) -> None:
        for made in variants([case("a cable for 1 euro", price_max_minor=100)], ("constraint",), each=4):
            assert "for 0" not in made.text
