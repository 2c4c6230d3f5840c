"""A finished run in memory, read from its folder (see `evals.results`)."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from evals.labels import read_judgements
from evals.results import CaseResult, Run, Score
from evals.run_folder import JUDGEMENTS, read_results, read_timings, run_of


@dataclass(frozen=True)
class FinishedRun:
    """A run with its results.

    `latencies_ms` are milliseconds by the key of a result, `hops_ms` the same by hop; empty where nobody timed them.
    """

    run: Run
    results: tuple[CaseResult, ...]
    latencies_ms: Mapping[str, float]
    hops_ms: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


def finished_run(folder: Path) -> FinishedRun:
    """Read a run's folder, with what judges said of it, as `judgements.jsonl` has it, among the scores of its results.

    Raises `RunError` or `LabelError` naming the file, and the first line that is wrong.
    """
    run, timings = run_of(folder), [*read_timings(folder)]
    return FinishedRun(
        run=run,
        results=_judged(tuple(read_results(folder)), folder / JUDGEMENTS, run.run_id),
        latencies_ms={one.key: one.latency_ms for one in timings},
        hops_ms={one.key: one.hops for one in timings if one.hops},
    )


def _judged(results: tuple[CaseResult, ...], path: Path, run_id: str) -> tuple[CaseResult, ...]:
    """The results with the verdicts of judges; of two by the same judge on one result the last one counts."""
    if not path.exists():
        return results
    scores: dict[tuple[str | None, int], dict[str, Score]] = defaultdict(dict)
    for one in read_judgements(path):
        if one.kind == "llm" and one.target.run_id == run_id:
            scores[one.target.case_id, one.target.repeat][one.evaluator.name] = Score(
                scorer=one.evaluator.name,
                version=one.evaluator.version,
                hop=one.target.hop,
                label=one.label,
                critique=one.critique,
            )
    return tuple(
        result.model_copy(update={"scores": (*result.scores, *scores[result.case_id, result.repeat].values())})
        for result in results
    )
