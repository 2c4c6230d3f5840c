"""Judgements and preferences as they are read from files."""

from collections import Counter
from pathlib import Path

import pytest
from pydantic import ValidationError

from evals.cases import Expectation
from evals.labels import (
    Judgement,
    JudgementLabel,
    LabelError,
    Preference,
    Target,
    majority,
    read_judgements,
    read_preferences,
)

JUDGEMENT = (
    '{"schema": "judgement/1", "target": {"turn_id": "t1"}, "evaluator": {"name": "answered"}, "kind": "human", '
    '"label": "fail", "corrected": {"intents": ["order.status"]}, "critique": "Another order.", "labeller": "p7"}'
)
PREFERENCE = (
    '{"schema": "preference/1", "request": "what does it cost?", "a": {"text": "49 EUR."}, "b": {"text": "A lot."}, '
    '"preferred": "a", "evaluator": {"name": "better"}, "kind": "human"}'
)


def written(folder: Path, *lines: str) -> Path:
    path = folder / "labels.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_judgements_are_read_line_by_line(tmp_path: Path) -> None:
    [judgement] = read_judgements(written(tmp_path, "", JUDGEMENT, " "))
    assert (judgement.label, judgement.evaluator.version, judgement.target.turn_id) == ("fail", "1", "t1")
    assert judgement.corrected == Expectation(intents=("order.status",))
    assert Judgement.model_validate_json(judgement.model_dump_json(by_alias=True)) == judgement


def test_preferences_know_their_better_side(tmp_path: Path) -> None:
    lines = [PREFERENCE.replace('"preferred": "a"', f'"preferred": "{side}"') for side in ("a", "b", "tie")]
    one, other, tie = read_preferences(written(tmp_path, *lines))
    assert one.chosen == other.rejected == one.a
    assert one.rejected == other.chosen == one.b
    assert (tie.chosen, tie.rejected) == (None, None)
    assert Preference.model_validate_json(one.model_dump_json(by_alias=True)) == one


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "line 2 is no judgement/1: the line: Invalid JSON"),
        (JUDGEMENT.replace('"fail"', '"bad"'), "line 2 is no judgement/1: label: Input should be"),
        (JUDGEMENT.replace("judgement/1", "judgement/2"), "line 2 is no judgement/1: schema: Input should be"),
        (JUDGEMENT.replace('{"turn_id": "t1"}', "{}"), "name the case_id, turn_id or event_id that is judged."),
    ],
)
def test_a_line_that_is_none_is_named(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(LabelError) as refused:
        list(read_judgements(written(tmp_path, JUDGEMENT, line)))
    assert message in str(refused.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(LabelError, match=r"none\.jsonl: the file cannot be read \(No such file"):
        list(read_judgements(tmp_path / "none.jsonl"))
    (tmp_path / "bytes.jsonl").write_bytes(b"\xff\xfe{}")
    with pytest.raises(LabelError, match="not text in UTF-8"):
        list(read_preferences(tmp_path / "bytes.jsonl"))


def test_what_is_judged_is_told_apart_by_run_and_repeat() -> None:
    keys = {
        Target(case_id="c1").key,
        Target(case_id="c1", run_id="r1").key,
        Target(case_id="c1", run_id="r1", repeat=1).key,
        Target(turn_id="t1").key,
        Target(event_id="e1", turn_id="t1").key,
    }
    assert len(keys) == 5
    with pytest.raises(ValidationError):
        Target(run_id="r1")


@pytest.mark.parametrize(
    ("votes", "label"), [("ppf", "pass"), ("pf", "unsure"), ("ppffu", "unsure"), ("ffu", "fail"), ("u", "unsure")]
)
def test_most_votes_decide_and_a_draw_is_unsure(votes: str, label: JudgementLabel) -> None:
    words: dict[str, JudgementLabel] = {"p": "pass", "f": "fail", "u": "unsure"}
    assert majority(Counter(words[vote] for vote in votes)) == label
