"""Runs that were spread over machines by `--shard`, put together into the run that they are parts of."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from chains.errors import HopdeskError
from chains.record import digest
from evals.results import Run
from evals.run_folder import RECORDS, RESULTS, RUN, TIMINGS, run_of, sort_files, whole_lines, write_run

_OF_ITS_OWN = frozenset({"started", "shard", "cases", "note"})


class MergeError(HopdeskError):
    """Runs that are no parts of one run."""


def is_in_shard(case_id: str, shard: str | None) -> bool:
    """Whether a case is of a shard such as `1/4`; which one it is of depends on its id alone."""
    if shard is None:
        return True
    which, _, count = shard.partition("/")
    return int(digest(case_id)[:12], 16) % int(count) == int(which) - 1


def merge_runs(folders: Sequence[Path], into: Path) -> Run:
    """Put the shards of one run together; its results and records have the bytes of a run without shards.

    Raises `MergeError` where the folders differ in more than their shard, a shard is missing or not finished, or there
    is a run in the target already.
    """
    runs = {folder: run_of(folder) for folder in folders}
    _check(runs)
    if (into / RUN).exists():
        raise MergeError(f"{into}: there is a run in this folder; name another -o.")
    into.mkdir(parents=True, exist_ok=True)
    for name in (RESULTS, RECORDS, TIMINGS):
        sort_files([folder / name for folder in folders], into / name)
    merged = next(iter(runs.values())).model_copy(
        update={
            "shard": None,
            "cases": sum(run.cases for run in runs.values()),
            "started": min(run.started for run in runs.values()),
        }
    )
    write_run(into, merged)
    return merged


def _check(runs: dict[Path, Run]) -> None:
    (first, expected), *others = runs.items()
    for folder, run in others:
        if differing := differences(expected, run):
            raise MergeError(f"{folder}: this run differs from that in {first} by {', '.join(differing)}.")
    shards = [run.shard for run in runs.values()]
    if None in shards:
        whole = next(folder for folder, run in runs.items() if run.shard is None)
        raise MergeError(f"{whole}: this run is no shard of another; there is nothing to merge it with.")
    count = int(str(expected.shard).partition("/")[2])
    wanted = [f"{which}/{count}" for which in range(1, count + 1)]
    if sorted(map(str, shards)) != sorted(wanted):
        missing = [shard for shard in wanted if shard not in shards]
        said = f"the shards {', '.join(missing)} are missing" if missing else "a shard is there twice, or is another's"
        raise MergeError(f"To merge {count} shards each of them is needed once; {said}.")
    for folder, run in runs.items():
        if sum(1 for _ in whole_lines(folder / RESULTS)) != run.cases * run.repeats:
            raise MergeError(f"{folder}: this run is not finished; go on with it by --resume.")


def differences(one: Run, other: Run) -> list[str]:
    """The fields by which two runs differ in what was evaluated on what."""
    fields: Iterable[str] = (name for name in Run.model_fields if name not in _OF_ITS_OWN)
    return [name.rstrip("_") for name in fields if getattr(one, name) != getattr(other, name)]
