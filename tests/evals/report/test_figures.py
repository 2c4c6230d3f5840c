"""The figures of a run."""

from decimal import Decimal
from pathlib import Path

import pytest

from chains.record import Usage
from evals.cases import CaseError, as_line, cases_sha256
from evals.report.figures import cases_of, cost_of, figures, scorer_of, spread
from evals.run_folder import RunError
from evals.statistics import wilson
from tests.evals.paired_runs import by_letters, finished, run_of
from tests.evals.report.scored import attempt, case, named, result, right, score, timed, wrong


def test_the_headline_counts_errors_apart() -> None:
    headline = figures(by_letters("p", "p", "f", "u", "e"), "turn").headline
    assert (headline.passed, headline.failed, headline.unsure, headline.errors) == (2, 1, 1, 1)
    assert headline.rate is not None
    assert headline.rate.value == pytest.approx(2 / 3)
    assert headline.rate.interval == wilson(2, 3)


def test_repeats_of_a_case_weigh_as_one_case() -> None:
    found = figures(by_letters("pppp", "f"), "turn")
    assert (found.cases, found.results, found.headline.passed) == (2, 5, 4)
    assert found.headline.rate is not None
    assert found.headline.rate.value == 0.5
    assert found.headline.rate.interval == wilson(1, 2)


def test_of_nothing_judged_there_is_no_share() -> None:
    assert figures(by_letters("e", "u"), "turn").headline.rate is None
    assert figures(finished([]), "turn").headline.rate is None


def test_a_hop_counts_what_reached_it() -> None:
    both = figures(timed([right("c1"), wrong("c2"), result("c3", [attempt("moderation")])]), "turn").hops
    assert [(line.hop, line.reached, line.tally.passed, line.tally.failed) for line in both] == [
        ("moderation", 3, 2, 0),
        ("intent", 2, 1, 1),
    ]
    assert both[1].models == ("m",)
    assert both[1].latency_ms is not None
    assert (both[1].latency_ms.p50, both[1].latency_ms.mean) == (9.0, 9.0)


def test_what_was_repaired_fell_back_and_was_spent_is_told_by_hop() -> None:
    spent = Usage(input_total=10, output=5)
    hops = [
        attempt("intent", valid=False, status="invalid", cost_usd="0.1", usage=spent),
        attempt("intent", repaired=True, attempt=2, cost_usd="0.2", usage=spent),
        attempt("lookup", decides=False),
        attempt("lookup", tier=1, model="n"),
        attempt("response", valid=False, status="error"),
    ]
    found = figures(finished([result("c1", hops), right("c2")]), "turn")
    by_hop = {line.hop: line for line in found.hops}
    assert (by_hop["intent"].repaired, by_hop["intent"].fell_back) == (1, 0)
    assert (by_hop["intent"].cost_usd, by_hop["intent"].tokens) == (Decimal("0.3"), 30)
    assert (by_hop["lookup"].fell_back, by_hop["lookup"].models) == (1, ("m", "n"))
    assert by_hop["response"].fell_back == 1
    assert by_hop["intent"].latency_ms is None
    assert found.costs_usd == (Decimal("0.3"), Decimal(0))


def test_scorers_and_tags_have_lines_of_their_own() -> None:
    found = figures(finished([right("c1", tags=("b", "a")), wrong("c2", tags=("a",))]), "turn")
    assert [(line.scorer, line.hop, line.tally.failed) for line in found.scorers] == [
        ("moderation", "moderation", 0),
        ("intents", "intent", 1),
        ("turn", None, 1),
    ]
    assert [(line.tag, line.cases, line.tally.passed, line.tally.failed) for line in found.tags] == [
        ("a", 2, 1, 1),
        ("b", 1, 1, 0),
    ]


def test_transitions_are_those_of_the_scorer() -> None:
    assert figures(finished([right("c1"), wrong("c2")]), "turn").transitions == {("moderation", "intent"): 1}


def test_intents_are_confused_where_one_is_expected_and_the_hop_ran() -> None:
    results = [
        right("c1"),
        wrong("c2"),
        right("c3"),
        right("c4"),
        result("c5", [attempt("moderation")]),
        right("c6", error="It is down."),
    ]
    cases = [case("c1", ["a.b"]), case("c2", ["a.b"]), case("c3", ["a.b", "c.d"]), case("c5", []), case("c6", ["a.b"])]
    confusion = figures(finished(results), "turn", cases).confusion
    assert confusion is not None
    assert confusion.counts == {("a.b", "a.b"): 1, ("a.b", "c.d"): 1}
    assert confusion.left_out == 4
    assert confusion.names == ("a.b", "c.d")


def test_without_cases_nothing_is_known_of_what_was_expected() -> None:
    assert figures(finished([right("c1")]), "turn").confusion is None


def test_certainty_is_held_against_what_the_scorers_of_intents_say() -> None:
    judged = [right("c1"), wrong("c2")]
    others = [
        result("c3", [attempt("intent", certainty=0.5)], [score("check.intent_valid", "pass", "intent")]),
        result("c4", [attempt("intent", certainty=0.5)], [score("intents", "error", "intent")]),
        result("c5", [attempt("intent")], [score("intents", "pass", "intent")]),
        result("c6", [attempt("intent", certainty=0.5, valid=False)], [score("intents", "pass", "intent")]),
    ]
    found = figures(finished([*judged, *others]), "turn").reliability
    assert found is not None
    assert found.count == 2
    assert found.brier == pytest.approx((0.1**2 + 0.6**2) / 2)
    assert figures(finished(others), "turn").reliability is None


def test_a_second_opinion_on_the_scope_counts_for_certainty_too() -> None:
    scores = [score("intents", "pass", "intent"), score("in_scope", "fail", "intent")]
    one = result("c1", [attempt("intent", certainty=1.0, parsed=named("a.b"))], scores)
    found = figures(finished([one]), "turn").reliability
    assert found is not None
    assert found.ece == 1.0


def test_amounts_are_spread() -> None:
    found = spread([float(one) for one in range(101)])
    assert found is not None
    assert (found.p5, found.p25, found.p50, found.p75, found.p95, found.mean) == (5.0, 25.0, 50.0, 75.0, 95.0, 50.0)
    assert spread([]) is None
    assert cost_of(result("c")) == 0


def test_the_main_scorer_is_that_of_the_turn_or_of_the_hop() -> None:
    assert scorer_of(by_letters("p")) == "turn"
    assert scorer_of(finished([], run_of(hop="intent"))) == "same"
    assert scorer_of(finished([right("c1")]), "intents") == "intents"
    with pytest.raises(RunError, match=r"no scores by 'intnets'; allowed: .* did you mean 'intents'"):
        scorer_of(finished([right("c1")]), "intnets")


def test_only_the_cases_of_the_run_are_taken(tmp_path: Path) -> None:
    cases = [case("c1", ["a.b"]), case("c2", [])]
    file = tmp_path / "cases.jsonl"
    file.write_text("".join(f"{as_line(one)}\n" for one in cases), encoding="utf-8")
    run = run_of().model_copy(update={"cases_sha256": cases_sha256(cases)})
    assert cases_of(run, file) == tuple(cases)
    with pytest.raises(RunError, match=r"cases\.jsonl: the run 'base' had other cases"):
        cases_of(run_of(), file)
    with pytest.raises(CaseError, match="cannot be read"):
        cases_of(run, tmp_path / "none.jsonl")
