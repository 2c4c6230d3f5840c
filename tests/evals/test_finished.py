"""A run read back from its folder."""

from pathlib import Path

import pytest

from evals.finished import finished_run
from evals.labels import Evaluator, EvaluatorKind, Judgement, JudgementLabel, LabelError, Target
from evals.results import Score
from evals.run_folder import RunError
from tests.evals.paired_runs import by_letters, finished, result, write


def test_it_is_what_was_written(tmp_path: Path) -> None:
    one = result("c1", "p", text="line\u2028separator")
    run = finished([one, result("c2", "f")], latencies_ms={one.key: 12.5})
    assert finished_run(write(run, tmp_path / "run")) == run


def test_a_run_that_nobody_timed_has_no_latencies(tmp_path: Path) -> None:
    assert finished_run(write(by_letters("p"), tmp_path / "run")).latencies_ms == {}


def test_what_judges_said_is_among_the_scores(tmp_path: Path) -> None:
    run = by_letters("p", "f")
    folder = write(run, tmp_path / "run")

    def judged(case_id: str, label: JudgementLabel, run_id: str = "base", kind: EvaluatorKind = "llm") -> Judgement:
        evaluator = Evaluator(name="judge.facts", version="1@m")
        target = Target(case_id=case_id, run_id=run_id, hop="response")
        return Judgement(target=target, evaluator=evaluator, kind=kind, label=label, critique="So it is.")

    said = (
        judged("c000", "unsure"), judged("c000", "pass"), judged("c001", "fail", "other"),
        judged("c001", "fail", kind="human"),
    )  # fmt: skip
    lines = "".join(f"{one.model_dump_json(by_alias=True)}\n" for one in said)
    (folder / "judgements.jsonl").write_text(lines, encoding="utf-8")
    first, second = finished_run(folder).results
    made = Score(scorer="judge.facts", version="1@m", hop="response", label="pass", critique="So it is.")
    assert first.scores == (*run.results[0].scores, made)
    assert second == run.results[1]
    (folder / "judgements.jsonl").write_text("{", encoding="utf-8")
    with pytest.raises(LabelError, match="line 1 is no judgement/1"):
        finished_run(folder)


def test_a_folder_without_a_run_is_named(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(RunError, match=r"there is no run in this folder") as raised:
            finished_run(folder)
        assert str(folder) in str(raised.value)


def test_a_run_without_results_is_named(tmp_path: Path) -> None:
    folder = write(by_letters("p"), tmp_path / "run")
    (folder / "results.jsonl").unlink()
    with pytest.raises(RunError, match=r"results\.jsonl: the run cannot be read \(No such file or directory\)"):
        finished_run(folder)


@pytest.mark.parametrize("name", ["results.jsonl", "timings.jsonl"])
@pytest.mark.parametrize(("line", "said"), [("{", "the line: "), ('{"schema":"result/1"}', "key: Field required")])
def test_a_damaged_line_is_named_and_a_torn_last_one_is_left_out(
    tmp_path: Path, name: str, line: str, said: str
) -> None:
    one = result("c1", "p")
    run = finished([one], latencies_ms={one.key: 12.5})
    folder = write(run, tmp_path / "run")
    with (folder / name).open("a", encoding="utf-8") as file:
        file.write(line)
    assert finished_run(folder) == run
    with (folder / name).open("a", encoding="utf-8") as file:
        file.write("\n")
    with pytest.raises(RunError, match=rf"{name} line 2: {said}.*; run the cases again\."):
        finished_run(folder)
