"""A run read back from its folder."""

from pathlib import Path

import pytest

from evals.finished import RunError, finished_run
from tests.evals.paired_runs import by_letters, finished, result, write


def test_it_is_what_was_written(tmp_path: Path) -> None:
    one = result("c1", "p", text="line\u2028separator")
    run = finished([one, result("c2", "f")], latencies_ms={one.key: 12.5})
    assert finished_run(write(run, tmp_path / "run")) == run


def test_a_run_that_nobody_timed_has_no_latencies(tmp_path: Path) -> None:
    assert finished_run(write(by_letters("p"), tmp_path / "run")).latencies_ms == {}


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"nowhere: there is no such folder"):
        finished_run(tmp_path / "nowhere")


def test_a_folder_without_a_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"run\.json: the run cannot be read"):
        finished_run(tmp_path)


@pytest.mark.parametrize(
    ("line", "said"),
    [("{", r"results\.jsonl line 2: the line: "), ('{"schema":"result/1"}', r"line 2: key: Field required")],
)
def test_a_damaged_line_is_named(tmp_path: Path, line: str, said: str) -> None:
    folder = write(by_letters("p"), tmp_path / "run")
    with (folder / "results.jsonl").open("a", encoding="utf-8") as file:
        file.write(line)
    with pytest.raises(RunError, match=said):
        finished_run(folder)
