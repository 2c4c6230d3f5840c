"""Calibration: the error, and the table behind it."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.calibration import reliability

PAIRS = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60)


def test_of_nothing_there_is_no_table() -> None:
    assert reliability([]) is None


def test_certainties_that_keep_their_word_have_no_error() -> None:
    pairs = [(0.5, place < 10) for place in range(20)] + [(0.9, place < 18) for place in range(20)]
    found = reliability(pairs, bins=2)
    assert found is not None
    assert [(one.count, one.right) for one in found.bins] == [(20, 10), (20, 18)]
    assert found.ece == pytest.approx(0)


def test_the_error_is_the_mean_gap_weighted_by_count() -> None:
    pairs = [(0.6, False)] * 30 + [(0.9, True)] * 10
    found = reliability(pairs, bins=4)
    assert found is not None
    assert found.ece == pytest.approx(0.75 * 0.6 + 0.25 * 0.1)
    assert found.brier == pytest.approx(0.75 * 0.36 + 0.25 * 0.01)


def test_bins_hold_about_as_many_outputs_each() -> None:
    found = reliability([(place / 1000, True) for place in range(1000)], bins=10)
    assert found is not None
    assert {one.count for one in found.bins} <= {99, 100, 101}


@given(PAIRS)
def test_every_output_is_in_one_bin_and_figures_are_shares(pairs: list[tuple[float, bool]]) -> None:
    found = reliability(pairs, bins=5)
    assert found is not None
    assert sum(one.count for one in found.bins) == found.count == len(pairs)
    assert 1 <= len(found.bins) <= 5
    assert 0 <= found.ece <= 1 + 1e-9
    assert all(one.least <= one.certainty + 1e-9 and one.certainty <= one.most + 1e-9 for one in found.bins)
    assert all(one.low - 1e-9 <= one.rate <= one.high + 1e-9 for one in found.bins)
    assert all(before.most < after.least for before, after in zip(found.bins, found.bins[1:], strict=False))


@given(PAIRS, st.integers(0, 1000))
def test_the_order_of_the_outputs_does_not_matter(pairs: list[tuple[float, bool]], seed: int) -> None:
    shuffled = random.Random(seed).sample(pairs, len(pairs))
    one, other = reliability(pairs), reliability(shuffled)
    assert one is not None
    assert other is not None
    assert one.ece == pytest.approx(other.ece)
