"""What judgements and scores say of single records."""

from pathlib import Path

import pytest

from chains.messages import HopName
from chains.record import HopRecord
from evals.cases import Expectation, ExpectedCall, ExpectedFact
from evals.labels import Evaluator, EvaluatorKind, Judgement, JudgementLabel, Target
from evals.results import CaseResult, Label, Score
from evals.run_folder import RESULTS
from evals.verdicts import Verdicts, named
from tests.evals.prompted_records import records_of, says

KEY = "ab" * 32


def judged(
    label: JudgementLabel,
    target: Target,
    kind: EvaluatorKind = "human",
    intents: tuple[str, ...] | None = None,
) -> Judgement:
    corrected = None if intents is None else Expectation(intents=intents)
    return Judgement(target=target, evaluator=Evaluator(name="reader"), kind=kind, label=label, corrected=corrected)


def label_of(record: HopRecord, *judgements: Judgement) -> str | None:
    verdicts = Verdicts()
    for judgement in judgements:
        verdicts.add_judgement(judgement)
    found = verdicts.of(record)
    return found.label if found else None


@pytest.fixture(scope="module")
def records() -> dict[HopName, HopRecord]:
    return {record.hop: record for record in records_of(says("product.price"))}


def test_a_record_is_judged_by_its_event_or_its_turn_and_hop(records: dict[HopName, HopRecord]) -> None:
    intent = records["intent"]
    assert label_of(intent) is None
    assert label_of(intent, judged("fail", Target(event_id=intent.event_id))) == "fail"
    assert label_of(intent, judged("fail", Target(turn_id="t1", hop="intent"))) == "fail"
    assert label_of(intent, judged("fail", Target(turn_id="t1", hop="lookup"))) is None
    assert label_of(intent, judged("fail", Target(turn_id="t2", hop="intent"))) is None
    assert label_of(intent, judged("unsure", Target(event_id=intent.event_id))) is None


def test_people_go_before_judges_and_the_last_word_counts(records: dict[HopName, HopRecord]) -> None:
    intent = records["intent"]
    target = Target(event_id=intent.event_id)
    assert label_of(intent, judged("pass", target), judged("fail", target, "llm")) == "pass"
    assert label_of(intent, judged("fail", target, "llm"), judged("pass", target)) == "pass"
    assert label_of(intent, judged("pass", target), judged("fail", target)) == "fail"
    hop = judged("fail", Target(turn_id="t1", hop="intent"), "llm")
    assert label_of(intent, hop, judged("pass", Target(turn_id="t1"), "human")) == "pass"


def test_a_right_turn_is_right_throughout_and_a_wrong_one_blames_no_hop(records: dict[HopName, HopRecord]) -> None:
    right, wrong = (judged(label, Target(turn_id="t1")) for label in ("pass", "fail"))
    assert label_of(records["lookup"], right) == "pass"
    assert label_of(records["lookup"], wrong) is None
    unused = records["lookup"].model_copy(update={"decides": False})
    assert label_of(unused, right) is None


def test_corrected_intents_of_a_turn_judge_its_intent_hop(records: dict[HopName, HopRecord]) -> None:
    turn = Target(turn_id="t1")
    assert label_of(records["intent"], judged("fail", turn, intents=("returns.policy",))) == "fail"
    assert label_of(records["intent"], judged("fail", turn, intents=("product.price",))) == "pass"
    assert label_of(records["lookup"], judged("fail", turn, intents=("returns.policy",))) is None


@pytest.mark.parametrize(
    ("corrected", "labels"),
    [
        (Expectation(moderation="pass"), {"moderation": "pass"}),
        (Expectation(moderation="block"), {"moderation": "fail"}),
        (Expectation(tools=(ExpectedCall(name="get_product", arguments={"sku": "L-1"}),)), {"lookup": "pass"}),
        (Expectation(tools=(ExpectedCall(name="find_policy"),)), {"lookup": "fail"}),
        (Expectation(facts=(ExpectedFact(record="L-1", field="colour"),)), {}),
        (Expectation(intents=("product.price",), moderation="pass"), {"moderation": "pass", "intent": "pass"}),
        (Expectation(outcome="clarify"), {}),
    ],
)
def test_each_corrected_part_of_a_turn_judges_its_own_hop(
    records: dict[HopName, HopRecord], corrected: Expectation, labels: dict[HopName, str]
) -> None:
    turn = judged("fail", Target(turn_id="t1")).model_copy(update={"corrected": corrected})
    found = {hop: label for hop, record in records.items() if (label := label_of(record, turn))}
    assert found == labels


def test_a_moderation_that_said_nothing_is_not_what_was_right(records: dict[HopName, HopRecord]) -> None:
    turn = judged("fail", Target(turn_id="t1")).model_copy(update={"corrected": Expectation(moderation="pass")})
    assert label_of(records["moderation"].model_copy(update={"parsed": None}), turn) == "fail"


@pytest.mark.parametrize(
    ("scores", "intent", "lookup"),
    [
        ({"turn": "pass"}, "pass", "pass"),
        ({"turn": "fail", "intents": "pass", "tools": "fail"}, "pass", "fail"),
        ({"turn": "error", "intents": "unsure"}, None, None),
    ],
)
def test_the_scores_of_a_run_are_verdicts_of_code(
    records: dict[HopName, HopRecord],
    tmp_path: Path,
    scores: dict[str, Label],
    intent: str | None,
    lookup: str | None,
) -> None:
    made = tuple(Score(scorer=name, label=label) for name, label in scores.items())
    result = CaseResult(key=KEY, run_id="r", case_id="c1", repeat=1, split="train", text="x", scores=made)
    (tmp_path / RESULTS).write_text(result.model_dump_json(by_alias=True) + "\n", encoding="utf-8")
    verdicts = Verdicts()
    verdicts.add_results(tmp_path)
    for hop, label in {"intent": intent, "lookup": lookup}.items():
        found = verdicts.of(records[hop].model_copy(update={"trace_id": KEY[:32]}))  # type: ignore[index]
        assert (found.label if found else None) == label
    target = Target(case_id="c1", run_id="r", repeat=1, hop="intent")
    verdicts.add_judgement(judged("fail", target))
    found = verdicts.of(records["intent"].model_copy(update={"trace_id": KEY[:32]}))
    assert found is not None
    assert found.label == "fail"


def test_the_intents_that_a_record_names(records: dict[HopName, HopRecord]) -> None:
    assert named(records["intent"]) == ("product.price",)
    both = next(r for r in records_of(says("product.price", "returns.policy")) if r.hop == "intent")
    assert named(both) == ("product.price", "returns.policy")
    assert named(records["lookup"]) == ()
