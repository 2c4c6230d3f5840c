"""A run as Inspect's log: held to the part of Inspect's schema that is written."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict, JsonValue, TypeAdapter

from chains.errors import HopdeskError
from chains.messages import HopName
from chains.outcomes import Answer, AnswerPart, Clarify, Decline, Handoff, Outcome, ProductCard, Sentence, Withdrawn
from chains.record import Usage
from evals.inspect_log import log_name, write_inspect_log
from evals.results import CaseResult, HopResult, Run, Score
from evals.run_folder import RESULTS, RUN

STARTED = datetime(2026, 11, 21, 12, tzinfo=UTC)
PART = AnswerPart(intent="product.price", sentences=(Sentence(text="It costs 49 EUR.", claim="value"),))
RUN_1 = Run(
    run_id="r1",
    started=STARTED,
    app_version="0.1.0",
    site="shop",
    cases_sha256="c" * 64,
    cases=2,
    repeats=2,
    scope_sha256="5" * 64,
    catalog_sha256="k",
    models={"intent": ("openai/gpt-x",), "lookup": ("embedded",)},
    changes={"prompts.intent": "2"},
)


class Part(BaseModel):
    """Inspect's models as version 0.3.285 has them, without what is never written."""

    model_config = ConfigDict(strict=True, extra="forbid")


class Dataset(Part):
    name: str
    samples: int


class Config(Part):
    epochs: int


class Spec(Part):
    eval_id: str
    run_id: str
    created: str
    task: str
    task_id: str
    task_version: int
    dataset: Dataset
    model: str
    config: Config
    packages: dict[str, str]
    metadata: dict[str, JsonValue]


class Step(Part):
    solver: str
    params: dict[str, JsonValue]


class Plan(Part):
    name: str
    steps: list[Step]


class Metric(Part):
    name: str
    value: float


class EvalScore(Part):
    name: str
    scorer: str
    scored_samples: int
    unscored_samples: int
    metrics: dict[str, Metric]


class Results(Part):
    total_samples: int
    completed_samples: int
    scores: list[EvalScore]


class ModelUsage(Part):
    input_tokens: int
    output_tokens: int
    total_tokens: int
    input_tokens_cache_read: int
    reasoning_tokens: int


class Stats(Part):
    started_at: datetime
    completed_at: datetime
    model_usage: dict[str, ModelUsage]


class Message(Part):
    role: Literal["user", "assistant"]
    content: str


class SampleScore(Part):
    value: str | float
    answer: str
    explanation: str | None
    metadata: dict[str, JsonValue]


class Error(Part):
    message: str
    traceback: str
    traceback_ansi: str


class Sample(Part):
    id: str
    epoch: int
    input: str
    target: str
    messages: list[Message]
    scores: dict[str, SampleScore]
    metadata: dict[str, JsonValue]
    model_usage: dict[str, ModelUsage]
    uuid: str
    error: Error | None = None


class Log(Part):
    version: Literal[2]
    status: Literal["success"]
    eval: Spec
    plan: Plan
    results: Results
    stats: Stats
    samples: list[Sample]


def hop(name: HopName, usage: Usage) -> HopResult:
    return HopResult(
        hop=name,
        attempt=1,
        provider="openai",
        model="openai/gpt-x",
        status="ok",
        valid=True,
        served_from="provider",
        request_key="a" * 64,
        usage=usage,
    )


def result(repeat: int, outcome: Outcome | None, *scores: Score, error: str | None = None) -> CaseResult:
    value: JsonValue = TypeAdapter(Outcome).dump_python(outcome, mode="json") if outcome else None
    return CaseResult(
        key=f"{repeat:064x}",
        run_id="r1",
        case_id="c1",
        repeat=repeat,
        split="dev",
        tags=("hard",),
        text="What does it cost?",
        outcome=value,
        hops=(hop("intent", Usage(input_total=100, cache_read=40, output=7)), hop("lookup", Usage())),
        scores=scores,
        error=error,
    )


def folder_of(path: Path, *results: CaseResult) -> Path:
    (path / RUN).write_text(RUN_1.model_dump_json(by_alias=True), encoding="utf-8")
    text = "".join(f"{one.model_dump_json(by_alias=True)}\n" for one in results)
    (path / RESULTS).write_text(text, encoding="utf-8")
    return path


def log_of(path: Path, *results: CaseResult) -> Log:
    file = write_inspect_log(folder_of(path, *results), path)
    assert file.name == log_name(RUN_1) == "2026-11-21T12-00-00+00-00_hopdesk-shop_r1.json"
    text = file.read_text(encoding="utf-8")
    assert [*json.loads(text)] == [*Log.model_fields]  # the order is a part of the format
    return Log.model_validate_json(text)


def test_a_run_is_a_log_of_one_sample_a_case_and_repeat(tmp_path: Path) -> None:
    right = Score(scorer="turn", label="pass")
    wrong = Score(scorer="turn", label="fail", hop="lookup", critique="No call.")
    log = log_of(tmp_path, result(0, Answer(parts=(PART,)), right), result(1, Answer(parts=(PART,)), wrong))
    assert [(sample.id, sample.epoch, sample.scores["turn"].value) for sample in log.samples] == [
        ("c1", 1, "C"),
        ("c1", 2, "I"),
    ]
    assert log.samples[0].messages[1] == Message(role="assistant", content="It costs 49 EUR.")
    assert log.samples[1].scores["turn"].explanation == "No call."
    [score] = log.results.scores
    assert (score.scored_samples, score.metrics["accuracy"].value) == (2, 0.5)
    assert (log.eval.model, log.eval.dataset.samples) == ("embedded, openai/gpt-x", 1)
    assert log.plan.steps[0].params == {"prompts.intent": "2"}


def test_an_error_is_no_failure(tmp_path: Path) -> None:
    unsaid = Score(scorer="turn", label="error")
    log = log_of(tmp_path, result(0, None, unsaid, error="The model was down."))
    [sample] = log.samples
    assert sample.error is not None
    assert (sample.error.message, sample.scores["turn"].value) == ("The model was down.", "N")
    assert len(sample.messages) == 1
    assert (log.results.total_samples, log.results.completed_samples) == (1, 0)
    assert log.results.scores[0].metrics == {}
    assert log.results.scores[0].unscored_samples == 1


def test_numbers_keep_their_mean_and_tokens_are_told_by_model(tmp_path: Path) -> None:
    scores = [Score(scorer="recall", label="pass", value=value) for value in (0.5, 1.0)]
    log = log_of(tmp_path, *(result(n, None, score) for n, score in enumerate(scores)))
    assert [sample.scores["recall"].value for sample in log.samples] == [0.5, 1.0]
    assert log.results.scores[0].metrics["mean"].value == 0.75
    usage = log.stats.model_usage["openai/gpt-x"]
    assert (usage.input_tokens, usage.input_tokens_cache_read, usage.total_tokens) == (120, 80, 214)


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (Answer(parts=(PART,), products=(ProductCard(sku="L-1", name="Desk Lamp"),)), "It costs 49 EUR.\nDesk Lamp"),
        (Clarify(reason="product", question="Which one?", answered=(PART,)), "It costs 49 EUR.\nWhich one?"),
        (Decline(reason="out_of_scope", text="I only know lamps."), "I only know lamps."),
        (Handoff(reason="unsure", text="A colleague will write."), "A colleague will write."),
    ],
)
def test_the_assistants_message_is_what_the_customer_reads(tmp_path: Path, outcome: Outcome, said: str) -> None:
    assert log_of(tmp_path, result(0, outcome)).samples[0].messages[1].content == said


def test_a_turn_that_was_withdrawn_says_nothing(tmp_path: Path) -> None:
    assert len(log_of(tmp_path, result(0, Withdrawn(reason="cancelled"))).samples[0].messages) == 1


def test_where_there_is_no_run_or_no_place_it_is_said(tmp_path: Path) -> None:
    with pytest.raises(HopdeskError, match="no run"):
        write_inspect_log(tmp_path, tmp_path / "x.json")
    with pytest.raises(HopdeskError, match="cannot be written"):
        write_inspect_log(folder_of(tmp_path), Path("/dev/null/x.json"))


def test_a_run_without_results_is_an_empty_log(tmp_path: Path) -> None:
    log = log_of(tmp_path)
    assert (log.samples, log.results.scores, log.eval.dataset.samples) == ([], [], 0)
