"""`hopdesk evals export`, from records of the demo shop whose intents a scripted language model named."""

import json
import re
from pathlib import Path

import pytest

from assistant.cli.opening import demo_scope
from chains.record import HopRecord
from chains.scope_file import load_scope
from evals.cases import Case, Expectation
from evals.labels import Evaluator, Judgement, Target
from evals.results import Score
from evals.run_folder import RESULTS, RUN
from tests.assistant.cli.conftest import Run
from tests.evals.prompted_records import TEXT, records_of, said, says
from tests.evals.test_inspect_log import RUN_1, result

EXPORT = ("evals", "export")


@pytest.fixture(scope="module")
def records() -> list[HopRecord]:
    return [*records_of(says("product.price")), *records_of(said("{"), says("returns.policy"), turn="t2")]


@pytest.fixture
def files(records: list[HopRecord], tmp_path: Path) -> Path:
    """A folder with records, and a judgement that the first intent is right."""
    lines = [record.model_dump_json(by_alias=True) for record in records]
    (tmp_path / "records.jsonl").write_text("\n".join(lines), encoding="utf-8")
    right = Judgement(
        target=Target(turn_id="t1", hop="intent"), evaluator=Evaluator(name="reader"), kind="human", label="pass"
    )
    (tmp_path / "judgements.jsonl").write_text(right.model_dump_json(by_alias=True), encoding="utf-8")
    return tmp_path


def lines(file: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_right_replies_are_written_with_how_to_train(run: Run, files: Path) -> None:
    done = run(
        *EXPORT, "--sft", "--records", files / "records.jsonl", "--judgements", files / "judgements.jsonl",
        "-o", files / "train.jsonl", "--base-model", "some/model", "--hop", "intent",
    )  # fmt: skip
    assert done.exit_code == 0, done.stderr
    [line] = lines(files / "train.jsonl")
    assert [*line] == ["messages"]
    config = (files / "train.axolotl.yaml").read_text(encoding="utf-8")
    assert 'base_model: "some/model"' in config
    [length] = re.findall(r"(?m)^sequence_len: (\d+)$", config)
    assert int(length) % 1024 == 0
    assert int(length) - 1024 >= load_scope(demo_scope()).scope.budget.prompt_tokens
    assert "left out: judged by nobody" in done.stdout
    told = " ".join(done.stderr.split())
    assert "1 lines written to" in told
    assert "Fine-tuning is not justified: 1 examples are fewer than 100." in told


def test_pairs_are_written(run: Run, files: Path) -> None:
    done = run(*EXPORT, "--dpo", "--records", files / "records.jsonl", "-o", files / "pairs.jsonl")
    assert done.exit_code == 0, done.stderr
    [pair] = lines(files / "pairs.jsonl")
    assert [*pair] == ["messages", "chosen", "rejected"]
    assert "rl: dpo" in (files / "pairs.axolotl.yaml").read_text(encoding="utf-8")


def test_where_there_is_nothing_to_learn_no_file_is_left(run: Run, files: Path) -> None:
    held_out = files / "test-cases.jsonl"
    case = Case(id="c", text=TEXT, split="test", expect=(Expectation(intents=("product.price",)),))
    held_out.write_text(case.model_dump_json(), encoding="utf-8")
    done = run(
        *EXPORT, "--sft", "--records", files / "records.jsonl", "--judgements", files / "judgements.jsonl",
        "--held-out", held_out, "-o", files / "train.jsonl",
    )  # fmt: skip
    assert done.exit_code == 1
    assert "there is nothing to learn from" in " ".join(done.stderr.split())
    assert "left out: with the text of a test case" in done.stdout
    assert not (files / "train.jsonl").exists()


def test_a_run_is_written_as_a_log_for_inspect(run: Run, tmp_path: Path) -> None:
    (tmp_path / RUN).write_text(RUN_1.model_dump_json(by_alias=True), encoding="utf-8")
    (tmp_path / RESULTS).write_text(f"{result(0, None).model_dump_json(by_alias=True)}\n", encoding="utf-8")
    done = run(*EXPORT, "--inspect", "--records", tmp_path, "-o", tmp_path / "log.json")
    assert done.exit_code == 0, done.stderr
    assert "inspect view --log-dir" in " ".join(done.stderr.split())
    assert json.loads((tmp_path / "log.json").read_text(encoding="utf-8"))["version"] == 2


def test_a_runs_own_scores_are_judgements(run: Run, records: list[HopRecord], tmp_path: Path) -> None:
    key = "ab" * 32
    scored = result(0, None, Score(scorer="intents", label="pass")).model_copy(update={"key": key})
    (tmp_path / RESULTS).write_text(f"{scored.model_dump_json(by_alias=True)}\n", encoding="utf-8")
    of_case = [record.model_copy(update={"trace_id": key[:32]}) for record in records if record.turn_id == "t1"]
    text = "\n".join(record.model_dump_json(by_alias=True) for record in of_case)
    (tmp_path / "records.jsonl").write_text(text, encoding="utf-8")
    done = run(*EXPORT, "--sft", "--records", tmp_path, "-o", tmp_path / "train.jsonl", "--scope", demo_scope())
    assert done.exit_code == 0, done.stderr
    assert len(lines(tmp_path / "train.jsonl")) == 1


def test_what_cannot_be_meant_is_said(run: Run, files: Path) -> None:
    both = run(*EXPORT, "--sft", "--dpo", "--records", files, "-o", files / "x.jsonl")
    assert both.exit_code == 2
    assert "Give one of --sft, --dpo and --inspect." in " ".join(both.stderr.replace("│", " ").split())
    nowhere = run(*EXPORT, "--dpo", "--records", files / "records.jsonl", "-o", "/dev/null/x")
    assert nowhere.exit_code == 1
    assert "the file cannot be written" in nowhere.stderr
