"""Thresholds from labelled outputs: the smallest one that is good enough, and what can be claimed of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.thresholds import Pair, Point, choose, point_at, points, right_in_a_row, wrong_above

PAIRS = st.lists(st.tuples(st.floats(0, 1, allow_nan=False), st.booleans()), max_size=20).map(
    lambda found: [Pair(str(place), *one) for place, one in enumerate(found)]
)


def pairs(*found: tuple[float, bool]) -> list[Pair]:
    return [Pair(f"c{place}", certainty, right) for place, (certainty, right) in enumerate(found)]


MIXED = pairs((0.95, True), (0.9, True), (0.8, False), (0.7, True), (0.6, True), (0.3, False))


class TestPoint:
    def test_what_reaches_the_threshold_decides(self) -> None:
        assert point_at(MIXED, 0.7) == Point(0.7, total=6, decided=4, right=3)

    def test_share_and_precision(self) -> None:
        point = point_at(MIXED, 0.7)
        assert [point.share, point.precision] == pytest.approx([4 / 6, 0.75])

    def test_the_interval_is_wilsons(self) -> None:
        point = Point(0.5, total=1000, decided=263, right=81)  # Newcombe 1998, table I, method 3
        assert [*point.interval] == pytest.approx([0.2553, 0.3662], abs=1e-4)

    def test_where_nothing_decides_nothing_is_known(self) -> None:
        point = point_at(MIXED, 1.0)
        assert (point.share, point.precision, point.interval) == (0.0, 1.0, (0.0, 1.0))
        assert not point.proves(0.5)
        assert point_at((), 0.5).share == 0.0


class TestChoose:
    @pytest.mark.parametrize(("precision", "threshold"), [(0.6, 0.3), (0.8, 0.6), (0.9, 0.9)])
    def test_it_is_the_smallest_threshold_with_the_precision(self, precision: float, threshold: float) -> None:
        chosen = choose(MIXED, precision, least_count=1)
        assert chosen is not None
        assert chosen.threshold == threshold

    def test_a_threshold_that_few_outputs_reach_is_left_aside(self) -> None:
        assert choose(MIXED, 0.9, least_count=3) is None
        assert choose([], 0.9) is None

    def test_outputs_of_the_same_certainty_decide_together(self) -> None:
        assert choose(pairs((0.5, True), (0.5, True), (0.5, False)), 0.9, least_count=1) is None

    def test_the_threshold_has_three_decimals_and_lets_its_own_output_decide(self) -> None:
        chosen = choose(pairs((0.98766, True), (0.2, False)), 0.9, least_count=1)
        assert chosen == Point(0.987, total=2, decided=1, right=1)

    @given(PAIRS, st.sampled_from([0.5, 0.9, 0.99]), st.integers(1, 5))
    def test_no_smaller_threshold_would_do(self, found: list[Pair], precision: float, least: int) -> None:
        chosen = choose(found, precision, least)
        tried = [point_at(found, step / 1000) for step in range(1001)]
        good = [point for point in tried if point.decided >= least and point.precision >= precision]
        if chosen is None:
            assert not good
        else:
            assert chosen == point_at(found, chosen.threshold)
            assert chosen.decided == good[0].decided

    @given(PAIRS)
    def test_the_higher_the_threshold_the_fewer_decide(self, found: list[Pair]) -> None:
        made = points(found)
        assert [point.threshold for point in made] == sorted({point.threshold for point in made})
        assert [point.decided for point in made] == sorted({point.decided for point in made}, reverse=True)
        if found:
            assert made[0].decided == made[0].total == len(found)


def test_what_is_wrong_above_a_threshold_comes_surest_first() -> None:
    assert [pair.name for pair in wrong_above(MIXED, 0.2)] == ["c2", "c5"]
    assert [pair.name for pair in wrong_above(MIXED, 0.8)] == ["c2"]


class TestProof:
    @pytest.mark.parametrize(("precision", "needed"), [(0.5, 5), (0.95, 59), (0.98, 149), (0.99, 299)])
    def test_as_many_right_ones_in_a_row_prove_a_precision_and_no_fewer(self, precision: float, needed: int) -> None:
        assert right_in_a_row(precision) == needed
        assert Point(0.5, needed, needed, needed).proves(precision)
        assert not Point(0.5, needed - 1, needed - 1, needed - 1).proves(precision)

    def test_with_a_wrong_one_among_them_it_takes_more(self) -> None:
        assert not Point(0.5, 149, 149, 148).proves(0.98)
        assert Point(0.5, 240, 240, 239).proves(0.98)
