"""The statistics of a comparison, against published figures, scipy and brute force."""

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.stats import binom, bootstrap, norm

from evals.statistics import (
    LEAST_DIFFERING,
    Interval,
    cases_needed,
    difference_interval,
    mcnemar,
    non_inferiority_power,
    pass_hat_k,
    ratio_interval,
    score_interval,
    wilson,
)

Floats = NDArray[np.float64]
FEW = st.integers(0, 12)
CONFIDENCES = st.sampled_from([0.8, 0.9, 0.95, 0.99])


def ends(interval: Interval | None) -> list[float]:
    assert interval is not None
    return [interval.low, interval.high]


class TestMcNemar:
    @given(FEW, FEW)
    def test_it_is_the_share_of_all_coin_tosses_that_are_no_likelier(self, better: int, worse: int) -> None:
        flips = better + worse
        chances = [math.comb(flips, heads) for heads in range(flips + 1)]
        no_likelier = sum(chance for chance in chances if chance <= chances[better])
        assert mcnemar(better, worse) == pytest.approx(no_likelier / 2**flips)

    def test_without_flips_nothing_is_surprising(self) -> None:
        assert mcnemar(0, 0) == 1.0


class TestWilson:
    def test_it_is_the_published_one(self) -> None:
        assert ends(wilson(81, 263)) == pytest.approx([0.2553, 0.3662], abs=1e-4)  # Newcombe 1998, table I, method 3

    @given(st.integers(1, 60), st.data(), CONFIDENCES)
    def test_at_its_ends_the_rate_is_as_many_standard_errors_away(
        self, total: int, data: st.DataObject, confidence: float
    ) -> None:
        passed = data.draw(st.integers(0, total))
        z = norm.ppf((1 + confidence) / 2)
        for end in ends(wilson(passed, total, confidence)):
            if 0 < end < 1:
                assert abs(passed / total - end) == pytest.approx(z * math.sqrt(end * (1 - end) / total), rel=1e-6)

    def test_of_no_cases_nothing_is_known(self) -> None:
        assert ends(wilson(0, 0)) == [0, 1]


def likeliest_falls(better: float, worse: float, cases: int, difference: float) -> float:
    """The share of falls that makes the counts likeliest, given the difference, by search."""

    def unlikely(falls: float) -> float:
        shares = [(better, falls + difference), (worse, falls), (cases - better - worse, 1 - 2 * falls - difference)]
        return -math.fsum(count * math.log(max(share, 1e-300)) for count, share in shares if count)

    found = minimize_scalar(
        unlikely, bounds=(max(0.0, -difference), (1 - difference) / 2), method="bounded", options={"xatol": 1e-12}
    )
    return float(found.x)


class TestScoreInterval:
    def test_it_is_the_published_one(self) -> None:
        low, high = ends(score_interval(0, 1, 44))  # Tango 1998, the contact lenses: -0.118 is the end that counts
        assert low == pytest.approx(-0.118, abs=1e-3)
        assert high > 0

    @given(FEW, FEW, FEW, CONFIDENCES)
    @settings(max_examples=60, deadline=None)
    def test_at_its_ends_the_difference_is_as_many_standard_errors_away(
        self, better: int, worse: int, same: int, confidence: float
    ) -> None:
        cases = better + worse + same
        assume(cases)
        z, estimate = norm.ppf((1 + confidence) / 2), (better - worse) / cases
        for end in ends(score_interval(better, worse, cases, confidence)):
            if -0.999 < end < 0.999 and abs(end - estimate) > 1e-6:
                falls = likeliest_falls(better, worse, cases, end)
                error = math.sqrt((2 * falls + end - end**2) / cases)
                assert abs(estimate - end) == pytest.approx(z * error, rel=1e-4)

    @given(FEW, FEW, FEW)
    def test_swapping_the_runs_turns_it_round(self, better: int, worse: int, same: int) -> None:
        cases = better + worse + same
        there, back = ends(score_interval(better, worse, cases)), ends(score_interval(worse, better, cases))
        assert there == pytest.approx([-back[1], -back[0]], abs=1e-6)

    def test_without_any_flips_it_is_no_point(self) -> None:
        z2 = norm.ppf(0.975) ** 2
        assert ends(score_interval(0, 0, 100)) == pytest.approx([-z2 / (100 + z2), z2 / (100 + z2)], abs=1e-6)

    def test_of_no_cases_nothing_is_known(self) -> None:
        assert ends(score_interval(0, 0, 0)) == [-1, 1]

    def test_where_all_cases_change_one_end_is_that(self) -> None:
        assert score_interval(0, 5, 5).low == -1
        assert score_interval(5, 0, 5).high == 1


class TestDifferenceInterval:
    def test_it_is_scipys_bca_bootstrap_of_the_cases(self) -> None:
        differences = [1.0] * 9 + [-1.0] * 14 + [-0.5] * 4 + [0.0] * 90
        theirs = bootstrap((differences,), np.mean, rng=np.random.default_rng(99)).confidence_interval
        assert ends(difference_interval(differences)) == pytest.approx([theirs.low, theirs.high], abs=0.01)

    def test_the_same_differences_always_give_the_same_interval(self) -> None:
        differences = [1.0] * 12 + [0.0] * 50
        assert difference_interval(differences) == difference_interval(differences)

    def test_repeats_of_a_case_do_not_count_as_cases(self) -> None:
        flips = [1.0, -1.0] * 10
        assert difference_interval(flips + [0.0] * 80) != difference_interval(flips * 3 + [0.0] * 240)
        one, three = ends(difference_interval(flips + [0.0] * 80)), ends(difference_interval(flips * 3 + [0.0] * 240))
        assert (one[1] - one[0]) / (three[1] - three[0]) == pytest.approx(math.sqrt(3), rel=0.15)

    @given(st.integers(0, LEAST_DIFFERING - 1), st.data())
    def test_with_few_flips_it_is_the_score_interval(self, flips: int, data: st.DataObject) -> None:
        better = data.draw(st.integers(0, flips))
        differences = [1.0] * better + [-1.0] * (flips - better) + [0.0] * 40
        assert difference_interval(differences) == score_interval(better, flips - better, 40 + flips)

    def test_where_all_cases_fall_alike_it_is_no_point(self) -> None:
        low, high = ends(difference_interval([-0.5] * 20))
        assert low < -0.5 < high

    def test_of_very_many_cases_it_is_about_the_normal_one(self) -> None:
        differences = [1.0, -1.0, -1.0] * 400 + [0.0] * 9_000
        mean, error = np.mean(differences), np.std(differences) / math.sqrt(len(differences))
        assert ends(difference_interval(differences)) == pytest.approx(
            [mean - 1.96 * error, mean + 1.96 * error], abs=float(error) / 5
        )


class TestRatioInterval:
    def test_it_is_scipys_bca_bootstrap_of_the_pairs(self) -> None:
        rng = np.random.default_rng(5)
        base = rng.gamma(2, 100, 80)
        candidate = base * rng.uniform(0.8, 1.6, 80)

        def ratio(above: Floats, below: Floats, axis: int) -> Floats:
            return np.asarray(above.sum(axis) / below.sum(axis))

        theirs = bootstrap((candidate, base), ratio, paired=True, rng=rng).confidence_interval
        ours = ends(ratio_interval(base.tolist(), candidate.tolist()))
        assert ours == pytest.approx([theirs.low, theirs.high], abs=0.01)

    def test_where_every_case_takes_twice_as_much_it_is_two(self) -> None:
        amounts = [1.0, 2.5, 3.0] * 5
        assert ends(ratio_interval(amounts, [2 * amount for amount in amounts])) == [2, 2]

    def test_where_few_cases_had_an_amount_it_is_unknown(self) -> None:
        assert ratio_interval([0.0] * 90 + [1.0] * 9, [1.0] * 99) is None

    def test_cases_without_an_amount_count(self) -> None:
        low, high = ends(ratio_interval([1.0] * 12 + [0.0] * 40, [0.0] * 40 + [1.0] * 12))
        assert low < 1 < high < math.inf


class TestPassHatK:
    @given(st.integers(1, 6), st.data())
    def test_it_is_the_share_of_all_choices_of_k_repeats_that_all_pass(self, repeats: int, data: st.DataObject) -> None:
        k = data.draw(st.integers(1, repeats))
        cases = data.draw(st.lists(st.integers(0, repeats), min_size=1, max_size=4))
        shares = []
        for passed in cases:
            choices = [*itertools.combinations([True] * passed + [False] * (repeats - passed), k)]
            shares.append(sum(all(choice) for choice in choices) / len(choices))
        assert pass_hat_k([(passed, repeats) for passed in cases], k) == pytest.approx(sum(shares) / len(shares))

    def test_of_one_repeat_it_is_the_rate(self) -> None:
        assert pass_hat_k([(1, 4), (4, 4)], 1) == pytest.approx(0.625)

    @pytest.mark.parametrize(("counts", "k"), [([], 1), ([(1, 1)], 2), ([(1, 1)], 0)])
    def test_without_as_many_repeats_there_is_none(self, counts: list[tuple[int, int]], k: int) -> None:
        with pytest.raises(ValueError, match="needs cases"):
            pass_hat_k(counts, k)


def exact_power(cases: int, discordance: float, margin: float) -> float:
    """By enumeration: the chance of each count of flips that proves it by the score interval."""
    power = 0.0
    for flips in range(cases + 1):
        chance = binom.pmf(flips, cases, discordance)
        if chance > 1e-9:
            proving = [
                better for better in range(flips + 1) if score_interval(better, flips - better, cases).low > -margin
            ]
            power += chance * (binom.sf(min(proving) - 1, flips, 0.5) if proving else 0.0)
    return power


class TestPower:
    @pytest.mark.parametrize(
        ("cases", "discordance", "margin"), [(60, 0.1, 0.1), (60, 0.2, 0.15), (120, 0.08, 0.08), (120, 0.3, 0.15)]
    )
    def test_it_is_about_what_counting_all_outcomes_gives(self, cases: int, discordance: float, margin: float) -> None:
        power = non_inferiority_power(cases, discordance, margin)
        assert power == pytest.approx(exact_power(cases, discordance, margin), abs=0.05)

    def test_with_many_flips_and_a_small_margin_it_takes_about_as_many_cases_as_by_the_plain_formula(self) -> None:
        # Connor 1987, with equal rates: the variance is the discordance under either hypothesis
        assert cases_needed(0.4, 0.02) == pytest.approx(0.4 * (2.801585 / 0.02) ** 2, rel=0.01)

    @given(st.floats(0, 1), st.floats(0.005, 0.5), CONFIDENCES)
    def test_so_many_cases_have_the_power_and_one_fewer_has_not(
        self, discordance: float, margin: float, confidence: float
    ) -> None:
        needed = cases_needed(discordance, margin, confidence)
        assert needed is not None
        assert non_inferiority_power(needed, discordance, margin, confidence) >= 0.8 - 1e-9
        assert non_inferiority_power(needed - 1, discordance, margin, confidence) < 0.8 + 1e-9

    @pytest.mark.parametrize(("margin", "needed"), [(0.02, 189), (0.05, 73)])
    def test_without_flips_it_takes_as_many_cases_as_the_score_interval_does(self, margin: float, needed: int) -> None:
        assert cases_needed(0, margin) == needed
        assert score_interval(0, 0, needed).low > -margin >= score_interval(0, 0, needed - 1).low
        assert non_inferiority_power(needed, 0, margin) == 1
        assert non_inferiority_power(needed - 1, 0, margin) == 0

    def test_without_a_margin_more_cases_do_not_help(self) -> None:
        assert cases_needed(0.1, 0) is None
        assert [non_inferiority_power(cases, 0.1, 0) for cases in (100, 10**6)] == pytest.approx([0.025, 0.025])


@pytest.mark.parametrize("interval", [wilson, lambda passed, total, c: score_interval(passed, 1, total, c)])
def test_more_confidence_makes_an_interval_wider(interval: Callable[[int, int, float], Interval]) -> None:
    narrow, wide = interval(8, 20, 0.8), interval(8, 20, 0.99)
    assert wide.low < narrow.low < narrow.high < wide.high
