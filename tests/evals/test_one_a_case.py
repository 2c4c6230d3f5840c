"""Several results of one case, made into one."""

import pytest

from evals.compare import compare
from evals.finished import FinishedRun
from evals.one_a_case import one_a_case
from evals.results import CaseResult
from evals.run_folder import RunError
from tests.evals.paired_runs import by_letters, finished, result, run_of


def layered(*letters: str, repeat: int = 0) -> list[CaseResult]:
    """A result for each record of the case `c1`: the layers of moderation, each with a key of its own."""
    results = [result("c1", letter, repeat, cost_usd="0.5") for letter in letters]
    return [
        one.model_copy(
            update={
                "key": f"{place}{repeat}".ljust(64, "0"),
                "hops": (one.hops[0].model_copy(update={"hop": "moderation", "tier": place}),),
            }
        )
        for place, one in enumerate(results)
    ]


def alone(results: list[CaseResult], *, timed: int = 0) -> FinishedRun:
    """A run of moderation alone; the first results are timed with 10 ms each."""
    return finished(results, run_of(hop="moderation"), {one.key: 10.0 for one in results[:timed]})


@pytest.mark.parametrize(
    ("letters", "label"),
    [("pp", "pass"), ("pf", "fail"), ("fe", "fail"), ("pe", "error"), ("pu", "unsure"), ("p?", None), ("ep", "error")],
)
def test_a_case_is_as_right_as_its_worst_record(letters: str, label: str | None) -> None:
    [one] = one_a_case(alone(layered(*letters)), "turn").results
    assert one.label("turn") == label


def test_it_has_the_attempts_and_the_time_of_all_its_records_in_the_order_of_the_layers() -> None:
    joined = one_a_case(alone(layered("p", "f", "p")[::-1], timed=3), "turn")
    [one] = joined.results
    assert [hop.tier for hop in one.hops] == [0, 1, 2]
    assert joined.latencies_ms == {one.key: 30}


def test_time_that_was_not_taken_of_each_record_is_not_known() -> None:
    assert one_a_case(alone(layered("p", "p"), timed=1), "turn").latencies_ms == {}


def test_repeats_stay_apart() -> None:
    joined = one_a_case(alone([*layered("p", "p"), *layered("p", "f", repeat=1)]), "turn")
    assert [(one.repeat, one.label("turn")) for one in joined.results] == [(0, "pass"), (1, "fail")]


def test_a_run_with_one_result_a_case_is_as_it_was() -> None:
    run = by_letters("pf", "e")
    assert one_a_case(run, "turn") == run


def test_two_runs_of_a_hop_with_two_layers_are_compared_by_case() -> None:
    found = compare(alone(layered("p", "p"), timed=2), alone(layered("p", "f"), timed=2))
    assert (found.judged_cases, found.worse) == (1, 1)
    [flip] = found.worse_flips
    assert [len(side.hops) for side in (flip.base, flip.candidate)] == [2, 2]
    assert (found.cost_usd.base, found.latency_ms and found.latency_ms.base) == (1, 20)


def test_the_same_record_twice_is_a_shard_merged_badly() -> None:
    [one] = layered("p")
    with pytest.raises(RunError, match=r"has the case 'c1' twice \(repeat 0\); merge its shards again"):
        one_a_case(alone([one, one]), "turn")


def test_a_whole_turn_has_no_two_results() -> None:
    with pytest.raises(RunError, match="twice"):
        one_a_case(finished(layered("p", "p")), "turn")
