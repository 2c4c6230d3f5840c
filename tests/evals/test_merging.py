"""Shards: each case is of exactly one, and together they are the whole run, byte for byte."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.merging import MergeError, differences, is_in_shard, merge_runs
from evals.run_folder import run_of
from tests.evals.runs import planned, some_cases, whole_run

CASES = some_cases(12)


@given(st.text(), st.integers(1, 9))
def test_every_case_is_of_exactly_one_shard(case_id: str, count: int) -> None:
    assert is_in_shard(case_id, None)
    assert sum(is_in_shard(case_id, f"{which}/{count}") for which in range(1, count + 1)) == 1


def shard(folder: Path, which: str, **changes: object) -> Path:
    cases = [case for case in CASES if is_in_shard(case.id, which)]
    plan = planned(shard=which, cases=len(cases))
    run = plan.run.model_copy(update=changes)
    return whole_run(folder / which.replace("/", "-"), cases, type(plan)(run, plan.sha256))


def test_merged_shards_are_the_run_without_shards(tmp_path: Path) -> None:
    whole = whole_run(tmp_path / "whole", CASES)
    shards = [shard(tmp_path, f"{which}/3") for which in (2, 1, 3)]
    merged = merge_runs(shards, tmp_path / "merged")
    for name in ("results.jsonl", "records.jsonl"):
        assert (tmp_path / "merged" / name).read_bytes() == (whole / name).read_bytes()
    assert merged == run_of(tmp_path / "merged") == run_of(whole)


def test_runs_that_differ_in_more_than_their_shard_are_refused(tmp_path: Path) -> None:
    other = shard(tmp_path, "2/2", scope_sha256="0" * 64, changes={"a": "b"})
    with pytest.raises(MergeError, match=r"differs from that in .* by scope_sha256, changes\."):
        merge_runs([shard(tmp_path, "1/2"), other], tmp_path / "merged")


def test_a_missing_shard_is_named(tmp_path: Path) -> None:
    with pytest.raises(MergeError, match="the shards 2/3, 3/3 are missing"):
        merge_runs([shard(tmp_path, "1/3")], tmp_path / "merged")


def test_a_shard_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    first, second = shard(tmp_path, "1/2"), shard(tmp_path, "2/2")
    again = shard(tmp_path / "again", "1/2")
    with pytest.raises(MergeError, match="a shard is there twice"):
        merge_runs([first, second, again], tmp_path / "merged")


def test_a_run_that_is_no_shard_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MergeError, match="this run is no shard of another"):
        merge_runs([whole_run(tmp_path / "whole", CASES), shard(tmp_path, "1/2")], tmp_path / "merged")


def test_a_shard_that_is_not_finished_is_refused(tmp_path: Path) -> None:
    first, second = shard(tmp_path, "1/2"), shard(tmp_path, "2/2")
    lines = (second / "results.jsonl").read_bytes().splitlines(keepends=True)
    (second / "results.jsonl").write_bytes(b"".join(lines[:-1]))
    with pytest.raises(MergeError, match="this run is not finished; go on with it by --resume"):
        merge_runs([first, second], tmp_path / "merged")


def test_a_run_is_not_written_over(tmp_path: Path) -> None:
    shards = [shard(tmp_path, "1/2"), shard(tmp_path, "2/2")]
    with pytest.raises(MergeError, match="there is a run in this folder"):
        merge_runs(shards, whole_run(tmp_path / "whole", CASES))


def test_runs_differ_by_what_was_evaluated_and_not_by_when() -> None:
    run = planned().run
    assert differences(run, run.model_copy(update={"note": "x", "shard": "1/2", "cases": 3})) == []
    assert differences(run, run.model_copy(update={"schema_": "run/2", "repeats": 2})) == ["schema", "repeats"]
