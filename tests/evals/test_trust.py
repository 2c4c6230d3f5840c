"""A judge gates only where people agree with it, and its margin is as much smaller as it misses."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from evals.compare import compare
from evals.finished import FinishedRun
from evals.gate_file import GateRules
from evals.labels import Evaluator, EvaluatorKind, Judgement, JudgementLabel, LabelError, Target
from evals.results import Label, Score
from evals.trust import as_judged
from tests.evals.paired_runs import by_letters

JUDGE, VERSION = "judge.facts", "1@openai/x"
Counts = Mapping[tuple[JudgementLabel, JudgementLabel], int]
GOOD: Counts = {("pass", "pass"): 95, ("pass", "fail"): 5, ("fail", "fail"): 47, ("fail", "pass"): 3}
POOR: Counts = {("pass", "pass"): 60, ("pass", "fail"): 40, ("fail", "fail"): 47, ("fail", "pass"): 3}
FEW: Counts = {("pass", "pass"): 10, ("fail", "fail"): 10}
_LABELS: dict[str, Label] = {"p": "pass", "f": "fail", "u": "unsure", "e": "error"}


def judgement(case: str, label: JudgementLabel, kind: EvaluatorKind, version: str) -> Judgement:
    evaluator = Evaluator(name=JUDGE, version=version)
    return Judgement(target=Target(case_id=case), evaluator=evaluator, kind=kind, label=label)


def write_labels(path: Path, counts: Counts, version: str = VERSION) -> Path:
    """So many targets by what people and the judge say of them."""
    made = []
    for (human, judge), count in counts.items():
        for place in range(count):
            case = f"{human}-{judge}-{place}"
            made += [judgement(case, human, "human", "1"), judgement(case, judge, "llm", version)]
    path.write_text("".join(f"{one.model_dump_json(by_alias=True)}\n" for one in made), encoding="utf-8")
    return path


def judged(letters: str, *versions: str, run_id: str = "base") -> FinishedRun:
    """A run whose results this judge, of each version, gave these labels."""
    run = by_letters(*"p" * len(letters), run_id=run_id)
    scored = [
        result.model_copy(
            update={"scores": tuple(Score(scorer=JUDGE, version=one, label=_LABELS[letter]) for one in versions)}
        )
        for result, letter in zip(run.results, letters, strict=True)
    ]
    return FinishedRun(run.run, tuple(scored), {})


def rules(*labels: Path) -> GateRules:
    return GateRules(margin=0.05, scorer=JUDGE, labels=labels)


def trusted(labels: Sequence[Path], before: str = VERSION, after: str = VERSION) -> tuple[tuple[str, ...], GateRules]:
    base, candidate = judged("p" * 80 + "f" * 20, before), judged("p" * 85 + "f" * 10 + "u" * 4 + "e", after)
    comparison, held_to = as_judged(compare(base, candidate, JUDGE), base, candidate, rules(*labels))
    return comparison.notes, held_to


def test_where_people_agree_it_gates_with_a_smaller_margin(tmp_path: Path) -> None:
    notes, held_to = trusted([write_labels(tmp_path / "labels.jsonl", GOOD)])
    shown = 0.888 + 0.837 - 1  # the low ends of 95/100 and 47/50
    assert held_to.margin == pytest.approx(0.05 * shown, abs=1e-3)
    agrees, rates, shows = notes[-3:]
    assert "passes 95 of 100 (89% to 98%) of what people pass, and fails 47 of 50 (84% to 98%) of what" in agrees
    before, after = (0.8 + 0.94 - 1) / 0.89, (85 / 95 + 0.94 - 1) / 0.89  # Rogan and Gladen's, undoing 95% and 94%
    assert f"{before:.1%} (" in rates
    assert f"before and {after:.1%} (" in rates
    assert rates.endswith("now; the judge's own are 80.0% and 89.5%.")
    assert shows == "At least 73% of a change shows in its verdicts: of 5 points 3.63."


def test_a_scorer_that_is_no_judge_needs_nobody() -> None:
    run, own = by_letters("p"), GateRules(margin=0.05)
    comparison = compare(run, run)
    assert as_judged(comparison, run, run, own) == (comparison, own)


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        (POOR, "passes 60 of 100 .* it may not gate, because both have to be at least 80%; give it a better prompt"),
        (FEW, "passes 10 of 10 .* too few labels to prove that both are at least 80%; label more results"),
        ({("pass", "pass"): 100}, "fails 0 of 0 .* too few labels"),
    ],
)
def test_a_judge_below_the_bar_or_with_few_labels_is_refused(tmp_path: Path, counts: Counts, said: str) -> None:
    with pytest.raises(LabelError, match=said):
        trusted([write_labels(tmp_path / "labels.jsonl", counts)])


def test_only_the_very_judge_that_judged_the_runs_is_believed(tmp_path: Path) -> None:
    other = write_labels(tmp_path / "other.jsonl", GOOD, "1@openai/y")
    with pytest.raises(LabelError, match=r"other\.jsonl: there are no verdicts of 'judge\.facts' in its version"):
        trusted([other])
    own = write_labels(tmp_path / "own.jsonl", POOR)
    with pytest.raises(LabelError, match="may not gate"):
        trusted([own, other])


def test_runs_that_are_not_judged_or_by_two_are_refused(tmp_path: Path) -> None:
    labels = write_labels(tmp_path / "labels.jsonl", GOOD)
    by_one, by_two, by_none = judged("pf", VERSION), judged("pf", VERSION, "2@openai/x"), judged("pf")
    comparison = compare(by_one, by_one, JUDGE)
    with pytest.raises(LabelError, match=r"'base' has no verdicts of 'judge\.facts'; judge it with hopdesk"):
        as_judged(comparison, by_none, by_one, rules(labels))
    with pytest.raises(LabelError, match=r"has verdicts of the versions 1@openai/x, 2@openai/x of 'judge\.facts'"):
        as_judged(comparison, by_one, by_two, rules(labels))


def test_without_verdicts_to_correct_no_rate_is_told(tmp_path: Path) -> None:
    labels = write_labels(tmp_path / "labels.jsonl", GOOD)
    base, unsure = judged("pf", VERSION), judged("uu", VERSION)
    comparison, _ = as_judged(compare(base, unsure, JUDGE), base, unsure, rules(labels))
    assert not any("As people would" in note for note in comparison.notes)
