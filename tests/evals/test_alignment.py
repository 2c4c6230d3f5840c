"""Whether a judge can be believed, and what its verdicts come to once its errors are known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.alignment import Alignment, Rate, Tally, align, corrected_pass_rate, may_gate
from evals.labels import Evaluator, EvaluatorKind, Judgement, JudgementLabel, LabelError, Target


def judged(case: str, label: JudgementLabel, kind: EvaluatorKind = "llm", version: str = "1") -> Judgement:
    evaluator = Evaluator(name="answered", version=version)
    return Judgement(target=Target(case_id=case), evaluator=evaluator, kind=kind, label=label)


def labelled(counts: dict[tuple[JudgementLabel, JudgementLabel], int]) -> list[Judgement]:
    """So many targets by what people and the judge say of them."""
    made = []
    for (human, judge), count in counts.items():
        for place in range(count):
            case = f"{human}-{judge}-{place}"
            made += [judged(case, human, "human"), judged(case, judge)]
    return made


GOOD = labelled({("pass", "pass"): 95, ("pass", "fail"): 5, ("fail", "fail"): 47, ("fail", "pass"): 3})


class TestAgreement:
    def test_rates_kappa_and_the_bar(self) -> None:
        found = align(GOOD, "answered")
        assert (found.true_positives.share, found.true_negatives.share) == (0.95, 0.94)
        assert found.kappa == pytest.approx(0.88, abs=0.01)  # chance 0.5578, agreed 142/150
        assert found.kappa_interval is not None
        assert found.kappa_interval.low < 0.88 < found.kappa_interval.high
        assert found.may_gate

    def test_the_same_labels_give_the_same_figures(self) -> None:
        assert align(GOOD, "answered") == align(reversed(GOOD), "answered")

    def test_few_labels_prove_nothing_however_well_they_agree(self) -> None:
        found = align(labelled({("pass", "pass"): 10, ("fail", "fail"): 10}), "answered")
        assert (found.true_positives.share, found.true_negatives.share, found.kappa) == (1, 1, 1)
        assert not found.may_gate
        assert align(labelled({("pass", "pass"): 16, ("fail", "fail"): 16}), "answered").may_gate

    def test_a_judge_that_passes_everything_may_not_gate(self) -> None:
        found = align(labelled({("pass", "pass"): 200, ("fail", "pass"): 50}), "answered")
        assert found.true_negatives.share == 0
        assert not found.may_gate
        assert found.kappa == 0
        assert found.corrected is None

    def test_unsure_where_people_are_not_is_no_agreement(self) -> None:
        found = align(labelled({("pass", "pass"): 40, ("pass", "unsure"): 40, ("fail", "fail"): 40}), "answered")
        assert (found.true_positives.share, found.unsure) == (0.5, 40)
        assert found.kappa == 1
        assert not found.may_gate

    def test_targets_that_people_do_not_agree_on_are_left_out(self) -> None:
        lines = [judged("a", "pass"), judged("b", "fail"), judged("b", "pass", "human"), judged("b", "fail", "human")]
        found = align(lines, "answered")
        assert (found.targets, found.unlabelled, found.kappa, found.kappa_interval) == (0, 2, None, None)
        assert found.true_positives.share is None

    def test_the_pass_rate_of_other_verdicts_can_be_corrected(self) -> None:
        counts: dict[JudgementLabel, int] = {"pass": 80, "fail": 20, "unsure": 9}
        found = align(GOOD, "answered", judged=[label for label, count in counts.items() for _ in range(count)])
        assert found.corrected is not None
        assert found.corrected.judged == 0.8
        assert found.corrected.rate == pytest.approx((0.8 - 0.06) / 0.89)
        assert found.true_positives == align(GOOD, "answered").true_positives

    def test_labels_of_another_question_are_left_out(self) -> None:
        other = judged("a", "pass", "human").model_copy(update={"evaluator": Evaluator(name="facts")})
        assert align([judged("a", "pass"), other], "answered").targets == 0

    def test_two_versions_of_a_judge_are_not_put_together(self) -> None:
        with pytest.raises(LabelError, match="versions 1, 2 named 'answered'; give those of one version"):
            align([judged("a", "pass"), judged("b", "pass", version="2")], "answered")

    def test_a_judge_that_said_nothing_is_named(self) -> None:
        with pytest.raises(LabelError, match="no verdicts of a judge named 'answered'"):
            align([judged("a", "pass", "human")], "answered")


def test_the_bar_is_for_the_lower_bounds_of_both_rates() -> None:
    good, poor = Rate.of(95, 100), Rate.of(80, 100)
    assert may_gate(good, good)
    assert not may_gate(good, poor)
    assert not may_gate(poor, good)
    assert may_gate(poor, poor, bar=0.7)
    assert not may_gate(good, Rate.of(0, 0))


class TestCorrection:
    def test_a_perfect_judge_is_believed(self) -> None:
        found = corrected_pass_rate(Tally(700, 1000, 500, 500, 500, 500))
        assert found is not None
        assert (found.rate, found.judged) == (0.7, 0.7)

    def test_the_estimate_undoes_the_errors(self) -> None:
        # A true rate of 0.6 with Se 0.9 and Sp 0.8 shows as 0.6 * 0.9 + 0.4 * 0.2 = 0.62.
        found = corrected_pass_rate(Tally(620, 1000, 90, 100, 80, 100))
        assert found is not None
        assert found.rate == pytest.approx(0.6)
        assert found.interval.low < 0.6 < found.interval.high

    def test_the_estimate_is_that_of_a_published_example(self) -> None:
        # The documentation of epiR's epi.prev: 23 of 150 with Se 96% and Sp 89% come to 5.1 in 100.
        found = corrected_pass_rate(Tally(23, 150, 96, 100, 178, 200))
        assert found is not None
        assert found.rate == pytest.approx(0.051, abs=5e-4)
        assert found.interval.low == 0

    @pytest.mark.parametrize("tally", [Tally(0, 0, 9, 10, 9, 10), Tally(5, 10, 0, 0, 9, 10), Tally(5, 10, 9, 10, 0, 0)])
    def test_without_labels_of_both_kinds_nothing_is_corrected(self, tally: Tally) -> None:
        assert corrected_pass_rate(tally) is None

    def test_a_coin_cannot_be_corrected(self) -> None:
        assert corrected_pass_rate(Tally(5, 10, 50, 100, 50, 100)) is None

    def test_it_covers_what_it_claims(self) -> None:
        random, covered, rounds = np.random.default_rng(1), 0, 600
        for _ in range(rounds):
            true, se, sp = 0.7, 0.9, 0.85
            judged_passes = int(random.binomial(300, true * se + (1 - true) * (1 - sp)))
            tally = Tally(judged_passes, 300, int(random.binomial(60, se)), 60, int(random.binomial(40, sp)), 40)
            found = corrected_pass_rate(tally)
            covered += found is not None and found.interval.low <= true <= found.interval.high
        assert covered / rounds >= 0.93

    @given(st.integers(0, 50), st.integers(0, 30), st.integers(0, 20))
    @settings(max_examples=60)
    def test_every_estimate_is_a_share_within_its_bounds(self, passes: int, right: int, fails: int) -> None:
        found = corrected_pass_rate(Tally(passes, 50, right, 30, fails, 20))
        if found is not None:
            assert 0 <= found.rate <= 1
            assert 0 <= found.interval.low <= found.interval.high <= 1


def test_an_alignment_can_be_stored() -> None:
    found = align(GOOD, "answered")
    assert Alignment.model_validate_json(found.model_dump_json()) == found
