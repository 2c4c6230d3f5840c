"""Makes several results of one case into one: a hop that ran alone has as many as the case has records of it.

Moderation's layers, a cascade's models and a lookup's rounds each leave a record, and each is run again by itself. Of
a case they are one answer, and it is as right as the worst of them.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from math import fsum

from chains.record import Sha256
from evals.finished import FinishedRun
from evals.results import CaseResult, Label, Run
from evals.run_folder import RunError

_WORST_FIRST: tuple[Label | None, ...] = ("fail", "error", "unsure", None, "pass")


def one_a_case(finished: FinishedRun, scorer: str) -> FinishedRun:
    """The run with one result for each case and repeat: the worst by a scorer, with the attempts and the time of all.

    Raises `RunError` where a result is there twice.
    """
    found: dict[tuple[str, int], list[CaseResult]] = defaultdict(list)
    for result in finished.results:
        found[result.case_id, result.repeat].append(result)
    results, latencies_ms = list[CaseResult](), dict[Sha256, float]()
    for of_case in found.values():
        _refuse_twice(of_case, finished.run)
        result = _joined(of_case, scorer)
        results.append(result)
        if all(one.key in finished.latencies_ms for one in of_case):
            latencies_ms[result.key] = fsum(finished.latencies_ms[one.key] for one in of_case)
    return replace(finished, results=tuple(results), latencies_ms=latencies_ms)


def _joined(of_case: Sequence[CaseResult], scorer: str) -> CaseResult:
    worst = min(of_case, key=lambda result: _WORST_FIRST.index(result.label(scorer)))
    hops = (hop for result in of_case for hop in result.hops)
    in_order = sorted(hops, key=lambda hop: (hop.tier, hop.attempt)) if len(of_case) > 1 else hops
    return worst.model_copy(update={"hops": tuple(in_order)})


def _refuse_twice(of_case: Sequence[CaseResult], run: Run) -> None:
    """A whole turn has one result; where one hop ran alone, those of a case's records have other keys."""
    different = {result.key for result in of_case} if run.hop else of_case[:1]
    if len(of_case) > len(different):
        raise RunError(
            f"The run {run.run_id!r} has the case {of_case[0].case_id!r} twice (repeat {of_case[0].repeat}); "
            "merge its shards again."
        )
