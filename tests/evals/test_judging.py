"""What judges are asked of runs on disk, and what is asked no more because it is judged already."""

import asyncio
import json
from collections.abc import Iterable
from pathlib import Path

import pytest
from pydantic_core import to_json

from chains.claims import Value
from chains.errors import ModelDown
from evals.judges import Question, judge
from evals.judging import (
    Line,
    Task,
    done_already,
    ideals_of,
    judgement_tasks,
    observed_results,
    preference_tasks,
    verdict_of,
)
from evals.labels import Judgement, LabelError, Preference
from evals.run_folder import RunError, read_results
from tests.chains.fake_language import FakeLanguage
from tests.chains.fakes import draft, shop_chain
from tests.evals.runs import lines, some_cases, whole_run

PASS = to_json({"verdict": "pass", "critique": "It is."}).decode()
FIRST = to_json({"better": "first", "critique": "It is."}).decode()
SECOND = to_json({"better": "second", "critique": "It is."}).decode()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight cases, two of which moderation refuses."""
    return whole_run(tmp_path_factory.mktemp("judged") / "run", some_cases())


@pytest.fixture(scope="module")
def shorter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same cases, answered without the stock."""
    chain = shop_chain(response=draft(Value(fact="L-1:price")))
    return whole_run(tmp_path_factory.mktemp("shorter") / "run", some_cases(), chain=chain)


def tasks(run: Path, *questions: Question, reply: str | Exception = PASS, repeats: int = 1) -> list[Task]:
    model = FakeLanguage(reply)
    judges = {question: judge(question, model, repeats) for question in questions}
    return [*judgement_tasks(run, judges, {"c0": "It is 49 EUR."})]


def answered(task: Task) -> Line | None:
    return task.line(asyncio.run(task.inquiry.ask()))


def append(path: Path, made: Iterable[Line | None]) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.writelines(one.model_dump_json(by_alias=True) + "\n" for one in made if one)


def test_every_result_comes_with_its_own_records(run: Path) -> None:
    found = [*observed_results(run, {"c0": "It is 49 EUR."})]
    assert [result for result, _ in found] == [*read_results(run)]
    for result, observed in found:
        assert {record.trace_id for record in observed.records} == {result.key[:32]}
        assert observed.case.id == result.case_id
        assert observed.case.ideal == ("It is 49 EUR." if result.case_id == "c0" else None)
        assert (observed.said is None) == (observed.outcome is None)


def test_each_question_is_asked_of_what_it_can_be_asked_of(run: Path) -> None:
    by_question = {
        question: {task.key.split()[-1].split("/")[0] for task in tasks(run, question)}
        for question in ("answered", "facts", "ideal")
    }
    assert by_question["answered"] == {f"c{place}" for place in range(8)}
    assert by_question["facts"] == {"c0", "c1", "c3", "c4", "c5", "c7"}  # the others were refused
    assert by_question["ideal"] == {"c0"}


def test_a_verdict_becomes_a_judgement_of_the_case(run: Path) -> None:
    [task] = [task for task in tasks(run, "facts", repeats=3) if "c4/" in task.key]
    line = answered(task)
    assert isinstance(line, Judgement)
    assert (line.kind, line.label, line.critique) == ("llm", "pass", "It is.")
    assert (line.evaluator.name, line.evaluator.version) == ("judge.facts", "1@fake/model x3")
    assert (line.target.case_id, line.target.repeat, line.target.hop) == ("c4", 0, "response")
    assert line.text == "What does the desk lamp cost?"
    assert verdict_of(line) == "pass"


def test_where_the_judge_gives_no_verdict_there_is_no_line(run: Path, shorter: Path) -> None:
    down = ModelDown("x")
    line = answered(tasks(run, "answered", reply=down)[0])
    assert (line, verdict_of(line)) == (None, "error")
    pair = next(preference_tasks(run, shorter, FakeLanguage(down)))
    concluded = asyncio.run(pair.inquiry.ask())
    assert (pair.line(concluded), concluded.failed_by("ModelDown"), concluded.failed_by("ModelBusy")) == (
        None, True, False,
    )  # fmt: skip


def test_what_is_judged_is_known_by_judge_and_version(run: Path, tmp_path: Path) -> None:
    file = tmp_path / "judgements.jsonl"
    assert done_already(file, pairs=False) == {}
    asked = tasks(run, "answered")
    append(file, map(answered, asked[:3]))
    done = done_already(file, pairs=False)
    assert done == {task.key: "pass" for task in asked[:3]}
    assert not done.keys() & {task.key for task in tasks(run, "answered", repeats=3)}
    assert not done.keys() & {task.key for task in tasks(run, "facts")}
    with pytest.raises(LabelError, match="line 1 is no preference/1"):
        done_already(file, pairs=True)


def test_two_runs_are_compared_where_both_replied_and_differ(run: Path, shorter: Path, tmp_path: Path) -> None:
    model = FakeLanguage(FIRST, SECOND)
    found = [*preference_tasks(run, shorter, model)]
    assert len(found) == 6
    line = answered(found[0])
    assert isinstance(line, Preference)
    assert (line.preferred, verdict_of(line)) == ("a", "a")
    assert line.a.target is not None
    assert line.b.target is not None
    assert line.a.target.case_id == line.b.target.case_id
    assert line.a.target.event_id in {str(record["event_id"]) for record in lines(run / "records.jsonl")}
    assert "stock" in line.a.text
    assert "stock" not in line.b.text
    append(tmp_path / "p.jsonl", [line])
    assert done_already(tmp_path / "p.jsonl", pairs=True) == {found[0].key: "a"}
    assert [*preference_tasks(run, run, model)] == []


def test_a_run_that_is_not_finished_is_refused(run: Path, tmp_path: Path) -> None:
    for name in ("run.json", "records.jsonl", "results.jsonl"):
        (tmp_path / name).write_bytes((run / name).read_bytes())
    text = (tmp_path / "results.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    (tmp_path / "results.jsonl").write_text("".join(text[::-1]), encoding="utf-8")
    with pytest.raises(RunError, match="this run is not finished; go on with it by --resume"):
        [*observed_results(tmp_path, {})]


def test_results_without_records_and_of_another_version(run: Path, tmp_path: Path) -> None:
    (tmp_path / "records.jsonl").touch()
    first = lines(run / "results.jsonl")[0]
    (tmp_path / "results.jsonl").write_text(json.dumps(first) + "\n", encoding="utf-8")
    [(_, observed)] = observed_results(tmp_path, {})
    assert (observed.records, observed.said is None) == ((), False)
    alone = json.dumps({**first, "outcome": None, "error": "The model was not reached."})
    (tmp_path / "results.jsonl").write_text(f"{alone}\n", encoding="utf-8")
    assert tasks(tmp_path, "answered") == []
    (tmp_path / "results.jsonl").write_text(json.dumps({**first, "outcome": {"kind": "song"}}) + "\n", encoding="utf-8")
    with pytest.raises(RunError, match="is of another version; run the cases again"):
        tasks(tmp_path, "answered")


def test_ideal_answers_are_redacted_as_runs_are() -> None:
    cases = [case.model_copy(update={"ideal": ideal}) for case, ideal in zip(some_cases(2), ("Ah", None), strict=True)]
    assert ideals_of(cases, str.upper) == {"c0": "AH"}
