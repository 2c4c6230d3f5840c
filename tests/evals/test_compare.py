"""Two runs on the same cases."""

import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.compare import Comparison, compare, first_bad_hop
from evals.results import Score
from evals.run_folder import RunError
from evals.statistics import mcnemar, wilson
from tests.evals.paired_runs import by_letters, finished, result, run_of

WORDS = st.lists(st.tuples(st.sampled_from("pfue-?"), st.sampled_from("pfue-?")), min_size=1, max_size=30)


def compared(base: str, candidate: str) -> Comparison:
    """One repeat a case."""
    return compare(by_letters(*base), by_letters(*candidate, run_id="candidate"))


class TestPairing:
    def test_rates_flips_and_the_p_value_are_of_the_same_cases(self) -> None:
        found = compared("ppppff", "pffpfp")
        assert (found.judged_cases, found.judged_pairs) == (6, 6)
        assert [found.base.value, found.candidate.value, found.difference.value] == pytest.approx(
            [4 / 6, 3 / 6, -1 / 6]
        )
        assert (found.base.interval, found.candidate.interval) == (wilson(4, 6), wilson(3, 6))
        assert (found.better, found.worse, found.p_value) == (1, 2, mcnemar(1, 2))
        assert found.discordance == pytest.approx(3 / 6)

    def test_flips_come_with_both_results(self) -> None:
        found = compared("ppf", "pfp")
        [worse], [better] = found.worse_flips, found.better_flips
        assert (worse.base.case_id, better.base.case_id) == ("c001", "c002")
        assert [one.label("turn") for one in (worse.base, worse.candidate)] == ["pass", "fail"]
        assert [one.label("turn") for one in (better.base, better.candidate)] == ["fail", "pass"]

    def test_what_only_one_side_judged_is_counted_apart_and_named(self) -> None:
        found = compared("pppppp-p", "peu?-fp-")
        assert found.judged_cases == 2
        assert [(name, pair.base, pair.candidate) for name, pair in found.unjudged] == [
            ("c001", "pass", "error"),
            ("c002", "pass", "unsure"),
            ("c003", "pass", "unscored"),
            ("c004", "pass", "missing"),
            ("c006", "missing", "pass"),
            ("c007", "pass", "missing"),
        ]
        assert found.lost == 5

    def test_what_failed_before_is_not_lost(self) -> None:
        assert compared("pff", "p-e").lost == 0

    def test_runs_without_a_common_case_say_nothing(self) -> None:
        found = compared("p-", "-p")
        assert (found.judged_cases, found.base.value, found.p_value) == (0, 0.0, 1.0)
        assert (found.difference.interval.low, found.difference.interval.high) == (-1, 1)
        assert (*found.tags, *found.pass_hat, *found.first_bad) == ()

    @given(WORDS)
    @settings(max_examples=50, deadline=None)
    def test_every_pair_is_judged_or_named(self, words: list[tuple[str, str]]) -> None:
        found = compared("".join(one for one, _ in words), "".join(other for _, other in words))
        assert found.judged_pairs + len(found.unjudged) == sum(word != ("-", "-") for word in words)
        assert found.judged_pairs == sum({*word} <= {"p", "f"} for word in words)
        assert len(found.worse_flips) == sum(word == ("p", "f") for word in words)
        assert len(found.better_flips) == sum(word == ("f", "p") for word in words)
        low, high = found.difference.interval.low, found.difference.interval.high
        assert -1 <= low <= found.difference.value <= high <= 1

    def test_the_order_of_the_results_says_nothing(self) -> None:
        base, candidate = by_letters(*"pfpf"), by_letters(*"ppff")
        assert compare(finished(reversed(base.results)), candidate) == compare(finished(base.results), candidate)


class TestRepeats:
    def test_a_case_counts_once_whatever_its_repeats(self) -> None:
        found = compare(by_letters("ppp", "pp", "fff"), by_letters("pff", "pp", "fpf"))
        assert (found.judged_cases, found.judged_pairs) == (3, 8)
        assert found.base.value == pytest.approx(2 / 3)
        assert found.candidate.value == pytest.approx((1 / 3 + 1 + 1 / 3) / 3)
        assert (found.better, found.worse, found.p_value) == (1, 1, 1.0)
        assert (len(found.worse_flips), len(found.better_flips)) == (2, 1)
        assert found.discordance == pytest.approx((4 / 9 + 0 + 1 / 9) / 3)

    def test_a_flip_each_way_is_no_difference_of_a_case(self) -> None:
        found = compare(by_letters("pf"), by_letters("fp"))
        assert (found.difference.value, found.better, found.worse, found.discordance) == (0, 0, 0, 0)

    def test_pass_hat_k_is_over_cases_with_as_many_repeats(self) -> None:
        found = compare(by_letters("ppp", "pf"), by_letters("ppf", "pp"))
        assert [(line.k, line.cases) for line in found.pass_hat] == [(1, 2), (2, 2), (3, 1)]
        assert [line.base for line in found.pass_hat] == pytest.approx([0.75, 0.5, 1])
        assert [line.candidate for line in found.pass_hat] == pytest.approx([(2 / 3 + 1) / 2, (1 / 3 + 1) / 2, 0])
        assert all(one.base >= other.base for one, other in pairwise(found.pass_hat[:2]))

    def test_without_repeats_there_is_none(self) -> None:
        assert compared("pp", "pf").pass_hat == ()


def test_tags_of_at_least_five_cases_are_compared() -> None:
    tags = {place: ["five"] if place < 5 else ["four"] for place in range(9)}
    found = compare(by_letters(*"ppppfpppp", tags=tags), by_letters(*"pfffppppp", tags=tags))
    [line] = found.tags
    assert (line.tag, line.cases, line.better, line.worse) == ("five", 5, 1, 3)
    assert [line.base, line.candidate, line.difference.value] == pytest.approx([0.8, 0.4, -0.4])


class TestHops:
    def test_failed_results_are_counted_by_the_first_hop_that_went_wrong(self) -> None:
        base = finished([result("c1", "f", bad=["lookup", "response"]), result("c2", "p"), result("c3", "f")])
        candidate = finished(
            [
                result("c1", "f", bad=["response", "intent"]),
                result("c2", "f", bad=["lookup"]),
                result("c3", "p", bad=["grounding"]),
            ]
        )
        found = [(line.hop, line.base, line.candidate) for line in compare(base, candidate).first_bad]
        assert found == [("intent", 0, 1), ("lookup", 1, 1)]

    def test_without_scores_of_hops_there_is_none(self) -> None:
        assert first_bad_hop(result("c1", "f")) is None
        assert compared("ff", "fp").first_bad == ()


class TestAmounts:
    def test_time_and_cost_are_of_the_same_cases(self) -> None:
        names = [f"c{place}" for place in range(12)]
        base = [result(name, "p", cost_usd="0.25") for name in names]
        candidate = [*(result(name, "p", cost_usd="0.5") for name in names), result("new", "p", cost_usd="9")]
        slow = {one.key: 30.0 for one in candidate}
        found = compare(
            finished(base, latencies_ms={one.key: 10.0 for one in base[:11]}), finished(candidate, latencies_ms=slow)
        )
        assert found.latency_ms is not None
        assert found.latency_ms.ratio is not None
        assert (found.latency_ms.base, found.latency_ms.candidate, found.latency_ms.ratio.low) == (10, 30, 3)
        assert found.cost_usd.ratio is not None
        assert (found.cost_usd.base, found.cost_usd.candidate, found.cost_usd.ratio.high) == (0.25, 0.5, 2)

    def test_what_nobody_timed_is_not_compared(self) -> None:
        assert compared("pp", "pp").latency_ms is None


class TestWhatCannotBeCompared:
    def test_runs_of_other_hops(self) -> None:
        alone = finished([result("c1", "p")], run_of(hop="intent"))
        with pytest.raises(RunError, match="The base ran the whole chain and the candidate intent"):
            compare(by_letters("p"), alone)

    def test_a_scorer_that_neither_asked(self) -> None:
        with pytest.raises(RunError, match=r"Neither run has scores by 'trun'; allowed: turn; did you mean 'turn'\?"):
            compare(by_letters("p"), by_letters("p"), "trun")

    def test_scores_of_two_versions_of_a_scorer(self) -> None:
        scores = (Score(scorer="turn", version="2", label="pass"),)
        newer = finished([result("c1", "p").model_copy(update={"scores": scores})])
        with pytest.raises(RunError, match=r"The scores by 'turn' are of the versions 1, 2; use one\."):
            compare(by_letters("p"), newer)

    def test_a_result_that_is_there_twice(self) -> None:
        twice = finished([result("c1", "p"), result("c1", "p")], run_of("again"))
        with pytest.raises(RunError, match=r"'again' has the case 'c1' twice \(repeat 0\)"):
            compare(by_letters("p"), twice)


def test_what_differs_between_the_runs_is_noted() -> None:
    other = run_of("other", cases="b", repeats=2).model_copy(update={"site": "else", "catalog_sha256": "d"})
    found = compare(by_letters("p"), finished([result("c000", "p")], other))
    assert [note.split()[:3] for note in found.notes] == [
        ["The", "base", "ran"],
        ["The", "two", "runs"],
        ["The", "base", "ran"],
        ["The", "catalogs", "differ,"],
    ]
    assert compared("p", "p").notes == ()


def test_it_is_json_and_back() -> None:
    found = compared("ppf", "pfp")
    text = found.model_dump_json(by_alias=True)
    assert json.loads(text)["schema"] == "comparison/1"
    assert Comparison.model_validate_json(text) == found
