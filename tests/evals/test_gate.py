"""What passes, what is a regression, and what cannot be told."""

import numpy as np
import pytest

from chains.errors import HopdeskError
from evals.compare import Comparison, compare
from evals.gate import EXIT_CODES, Verdict, decide, power_sentence
from evals.gate_file import GateRules
from tests.evals.paired_runs import by_letters, finished, result

RULES = GateRules(margin=0.1)


def compared(base: str, candidate: str, tags: dict[int, list[str]] | None = None) -> Comparison:
    return compare(by_letters(*base, tags=tags), by_letters(*candidate, tags=tags))


def verdict(base: str, candidate: str, rules: GateRules = RULES, tags: dict[int, list[str]] | None = None) -> Verdict:
    return decide(compared(base, candidate, tags), rules)


def finding(found: Verdict, rule: str) -> tuple[str, str]:
    return next((check.finding, check.says) for check in found.checks if check.rule == rule)


class TestMargin:
    def test_no_flips_on_enough_cases_pass(self) -> None:
        found = verdict("p" * 100, "p" * 100)
        assert (found.finding, found.exit_code) == ("pass", 0)
        assert finding(found, "margin") == (
            "pass",
            "The pass rate changed by +0.0 points (-3.7 to +3.7): a drop by 10 points is ruled out.",
        )

    def test_no_flips_on_few_cases_prove_nothing(self) -> None:
        found = verdict("p" * 100, "p" * 100, GateRules(margin=0.02))
        assert (found.finding, found.exit_code) == ("cannot tell", 2)
        assert "a drop by 2 points cannot be ruled out" in finding(found, "margin")[1]

    def test_a_drop_by_more_than_the_margin_is_a_regression(self) -> None:
        found = verdict("p" * 100, "p" * 60 + "f" * 40)
        assert (found.finding, found.exit_code) == ("regress", 1)
        assert "it dropped by more than 10 points." in finding(found, "margin")[1]

    def test_a_drop_that_is_proven_is_a_regression_within_the_margin_too(self) -> None:
        found = verdict("p" * 400, "p" * 388 + "f" * 12)
        assert found.finding == "regress"
        assert "it dropped (McNemar p = 0.000488)." in finding(found, "margin")[1]

    def test_a_small_drop_within_the_margin_passes(self) -> None:
        assert verdict("p" * 200, "p" * 198 + "f" * 2).finding == "pass"

    def test_what_is_better_passes(self) -> None:
        assert verdict("p" * 80 + "f" * 20, "p" * 100).finding == "pass"

    def test_with_a_margin_of_nothing_only_what_is_proven_better_passes(self) -> None:
        rules = GateRules(margin=0)
        assert verdict("p" * 80 + "f" * 20, "p" * 100, rules).finding == "pass"
        same = verdict("p" * 100, "p" * 100, rules)
        assert same.finding == "cannot tell"
        assert "that it did not rise cannot be ruled out" in finding(same, "margin")[1]

    def test_too_few_cases_decide_nothing_however_bad(self) -> None:
        found = verdict("p" * 29, "f" * 29)
        assert finding(found, "margin") == (
            "cannot tell",
            "29 cases were judged on both sides, and fewer than 30 decide nothing.",
        )

    def test_cases_that_the_candidate_was_not_judged_on_do_not_help_it(self) -> None:
        assert verdict("p" * 200, "p" * 198 + "ee").finding == "pass"
        found = verdict("p" * 200, "p" * 170 + "e" * 15 + "-" * 15)
        assert found.finding == "cannot tell"
        assert "but 30 results that passed before were not judged this time; were they" in finding(found, "margin")[1]

    def test_errors_of_the_base_are_no_reason_to_doubt_the_candidate(self) -> None:
        assert verdict("p" * 100 + "e" * 50, "p" * 150).finding == "pass"


class TestMustPass:
    RULES = GateRules(margin=0.1, must_pass_tags=("safety",))

    def found(self, base: str, candidate: str, tags: dict[int, list[str]] | None = None) -> tuple[str, str]:
        """100 passing cases follow the given ones, of which the first three must pass."""
        tagged = {place: ["safety"] for place in range(3)} if tags is None else tags
        return finding(verdict(base + "p" * 100, candidate + "p" * 100, self.RULES, tagged), "must_pass_tags")

    def test_all_of_them_pass(self) -> None:
        assert self.found("pff", "ppp") == ("pass", "All 3 cases that must pass do.")

    def test_one_that_passed_before_and_fails_is_a_regression(self) -> None:
        assert self.found("ppp", "pfp") == ("regress", "Cases that must pass, and passed before, fail: c001.")

    @pytest.mark.parametrize(("base", "candidate"), [("ppf", "ppf"), ("ppp", "ppe"), ("ppp", "pp-"), ("pp-", "ppf")])
    def test_one_that_failed_already_or_was_not_judged_leaves_it_open(self, base: str, candidate: str) -> None:
        says = "Cases that must pass failed already before, or were not judged: c002."
        assert self.found(base, candidate) == ("cannot tell", says)

    def test_a_tag_that_no_case_has_leaves_it_open(self) -> None:
        assert self.found("ppp", "ppp", {}) == ("cannot tell", "No case has the tag 'safety', which must pass.")

    def test_every_repeat_counts(self) -> None:
        tags = {0: ["safety"]}
        one_fails = compare(by_letters("ppp", tags=tags), by_letters("ppf", tags=tags))
        assert finding(decide(one_fails, self.RULES), "must_pass_tags")[0] == "regress"
        flaky_before = compare(by_letters("pfp", tags=tags), by_letters("ppf", tags=tags))
        assert finding(decide(flaky_before, self.RULES), "must_pass_tags")[0] == "cannot tell"

    def test_few_of_many_are_named(self) -> None:
        tags = {place: ["safety"] for place in range(40)}
        assert self.found("p" * 40, "f" * 40, tags)[1].endswith("c009 and 30 more.")

    def test_it_counts_even_where_there_are_too_few_cases_for_a_rate(self) -> None:
        assert verdict("p", "f", self.RULES, {0: ["safety"]}).finding == "regress"


class TestFloor:
    @pytest.mark.parametrize(
        ("passed", "expected"), [(100, "pass"), (88, "cannot tell"), (82, "cannot tell"), (60, "regress")]
    )
    def test_it_is_held_to_the_interval(self, passed: int, expected: str) -> None:
        letters = "p" * passed + "f" * (100 - passed)
        found = verdict(letters, letters, GateRules(margin=0.1, floor=0.85))
        assert finding(found, "floor")[0] == expected

    def test_few_cases_decide_nothing(self) -> None:
        assert finding(verdict("f", "f", GateRules(margin=0.1, floor=0.85)), "floor")[0] == "cannot tell"


class TestLimits:
    def found(self, rule: str, before: list[str], after: list[str]) -> tuple[str, str]:
        """Costs in dollars; times in milliseconds are the same figures."""
        base = [result(f"c{place}", "p", cost_usd=cost) for place, cost in enumerate(before)]
        candidate = [result(f"c{place}", "p", cost_usd=cost) for place, cost in enumerate(after)]
        both = compare(
            finished(base, latencies_ms={one.key: float(cost) for one, cost in zip(base, before, strict=True)}),
            finished(
                candidate, latencies_ms={one.key: float(cost) for one, cost in zip(candidate, after, strict=True)}
            ),
        )
        return finding(decide(both, GateRules(margin=0.1, latency=1.5, cost=1.5)), rule)

    @pytest.mark.parametrize("rule", ["latency", "cost"])
    def test_they_are_held_to_the_interval(self, rule: str) -> None:
        before = ["2", "4", "3"] * 10
        assert self.found(rule, before, before)[0] == "pass"
        assert self.found(rule, before, ["4", "8", "6"] * 10)[0] == "regress"
        assert self.found(rule, before, ["1", "6", "6"] * 10)[0] == "cannot tell"

    def test_the_ratio_is_said(self) -> None:
        says = "The cost is 2.00 times what it was (2.00 to 2.00); at most 1.5."
        assert self.found("cost", ["1", "2"] * 10, ["2", "4"] * 10)[1] == says

    def test_something_where_there_was_nothing_is_too_much(self) -> None:
        assert self.found("cost", ["0"] * 12, ["1"] * 12)[0] == "regress"
        assert self.found("cost", ["0"] * 12, ["0"] * 12)[0] == "pass"
        assert self.found("cost", ["1"] * 5, ["1"] * 5)[0] == "cannot tell"

    @pytest.mark.parametrize("rule", ["latency", "cost"])
    def test_a_cassettes_replies_prove_neither(self, rule: str) -> None:
        base = finished([result(f"c{place}", "p", cost_usd="2") for place in range(30)])
        cheap = [result(f"c{place}", "p") for place in range(30)]
        taped = [
            one.model_copy(
                update={"hops": tuple(hop.model_copy(update={"served_from": "cassette"}) for hop in one.hops)}
            )
            for one in cheap
        ]
        live = compare(base, finished(cheap))
        both = compare(base, finished(taped))
        rules = GateRules(margin=0.2, latency=1.5, cost=1.5)
        assert finding(decide(live, rules), "cost")[0] == "pass"
        assert finding(decide(both, rules), rule)[0] == "cannot tell"
        assert (live.notes, both.from_cassette) == ((), 30)
        assert both.notes == ("Time and cost say nothing: 30 replies came from a cassette, at once and for nothing.",)

    def test_time_that_nobody_took_is_not_known(self) -> None:
        found = verdict("p" * 100, "p" * 100, GateRules(margin=0.1, latency=1.5))
        assert finding(found, "latency") == ("cannot tell", "The time is not known on both sides.")


class TestPower:
    def test_it_says_how_many_cases_it_would_take(self) -> None:
        comparison = compared("pf" * 10 + "p" * 180, "fp" * 10 + "p" * 180)
        found = decide(comparison, GateRules(margin=0.02))
        assert found.cases_needed is not None
        assert found.cases_needed > 1963
        says = power_sentence(comparison, found)
        assert says.startswith("With 200 cases, of which about 10.0% flip, a candidate that is no different passes")
        assert says.endswith(f"80% takes {found.cases_needed} cases.")

    def test_without_a_margin_no_number_will_do(self) -> None:
        comparison = compared("p" * 40, "p" * 40)
        found = decide(comparison, GateRules(margin=0))
        assert found.cases_needed is None
        assert "no number of cases proves" in power_sentence(comparison, found)

    def test_a_regression_takes_no_more_cases(self) -> None:
        comparison = compared("p" * 100, "p" * 60 + "f" * 40)
        says = power_sentence(comparison, decide(comparison, GateRules(margin=0.02)))
        assert says.startswith("The regression stands, and takes no more cases to be seen. In general: with 100 cases")


def test_a_comparison_by_another_scorer_or_confidence_is_refused() -> None:
    with pytest.raises(HopdeskError, match=r"at a confidence of 0\.95, and the gate is for 'turn' at 0\.9;"):
        verdict("p", "p", GateRules(margin=0.1, confidence=0.9))


def test_the_verdict_is_the_worst_finding() -> None:
    found = verdict("p" * 100, "p" * 100, GateRules(margin=0.1, floor=0.5, must_pass_tags=("safety",), cost=2))
    assert [check.finding for check in found.checks] == ["pass", "cannot tell", "pass", "pass"]
    assert found.exit_code == EXIT_CODES["cannot tell"] == 2


def false_alarms(draws: int, *, cases: int, flaky: float, margin: float, repeats: int = 1) -> float:
    """How often a run is called worse than itself: each case flips in either run by the same chance of its own."""
    rng = np.random.default_rng(11)
    rules = GateRules(margin=margin)
    chances = np.where(rng.random(cases) < flaky, 0.5, (rng.random(cases) < 0.85) * 1.0)
    alarms = 0
    for _ in range(draws):
        drawn = rng.random((2, cases, repeats)) < chances[None, :, None]
        base, candidate = (["".join("p" if one else "f" for one in row) for row in side] for side in drawn)
        alarms += decide(compare(by_letters(*base), by_letters(*candidate)), rules).finding == "regress"
    return alarms / draws


class TestFalseAlarms:
    """A/A: the same run twice, of which some cases pass or fail by chance. It claims at most 5%."""

    @pytest.mark.parametrize(("flaky", "repeats"), [(0.1, 1), (0.4, 1), (0.4, 3)])
    def test_they_are_no_more_than_claimed(self, flaky: float, repeats: int) -> None:
        assert false_alarms(40, cases=80, flaky=flaky, margin=0.02, repeats=repeats) <= 0.05 + 2 * 0.034

    @pytest.mark.soak
    @pytest.mark.parametrize(("cases", "flaky", "repeats"), [(130, 0.1, 1), (130, 0.4, 1), (130, 0.4, 3), (60, 0.2, 1)])
    def test_they_are_no_more_than_claimed_in_a_thousand(self, cases: int, flaky: float, repeats: int) -> None:
        assert false_alarms(1000, cases=cases, flaky=flaky, margin=0.02, repeats=repeats) <= 0.05


def wrong_passes(draws: int, *, cases: int, better: float, worse: float) -> float:
    """How often a candidate passes that is worse by just the margin, by such shares of cases that rise and fall."""
    rng = np.random.default_rng(12)
    rules = GateRules(margin=worse - better)
    passes = 0
    for _ in range(draws):
        drawn = rng.choice(["pp", "fp", "pf"], size=cases, p=[1 - better - worse, better, worse])
        base, candidate = ("".join(pair[side] for pair in drawn) for side in (0, 1))
        passes += verdict(base, candidate, rules).finding == "pass"
    return passes / draws


class TestWrongPasses:
    """A candidate that is worse by the margin passes by luck alone. It claims at most 5%, and half that in theory."""

    @pytest.mark.parametrize(("better", "worse"), [(0, 0.05), (0.05, 0.15)])
    def test_they_are_no_more_than_claimed(self, better: float, worse: float) -> None:
        assert wrong_passes(40, cases=100, better=better, worse=worse) <= 0.05 + 2 * 0.034

    @pytest.mark.soak
    @pytest.mark.parametrize(("better", "worse"), [(0, 0.05), (0.01, 0.06), (0.05, 0.15)])
    def test_they_are_no_more_than_claimed_in_a_thousand(self, better: float, worse: float) -> None:
        assert wrong_passes(1000, cases=130, better=better, worse=worse) <= 0.05
