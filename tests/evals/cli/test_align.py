"""`hopdesk evals align` on files of judgements."""

import io
import json
from pathlib import Path

from rich.console import Console

from chains.errors import HopdeskError
from evals.alignment import align as compare
from evals.cli.align import align, show
from evals.labels import Judgement, JudgementLabel
from tests.evals.cli.alone import run_alone
from tests.evals.test_alignment import GOOD, labelled


def written(folder: Path, *judgements: Judgement) -> Path:
    path = folder / "judgements.jsonl"
    path.write_text("\n".join(one.model_dump_json(by_alias=True) for one in judgements), encoding="utf-8")
    return path


def poor() -> list[Judgement]:
    counts: dict[tuple[JudgementLabel, JudgementLabel], int] = {("pass", "pass"): 20, ("fail", "pass"): 10}
    return labelled(counts)


def test_a_judge_that_agrees_may_gate(tmp_path: Path) -> None:
    result = run_alone(align, written(tmp_path, *GOOD))
    assert result.exit_code == 0, result.output
    assert "95/100 (89% to 98%)" in result.stdout
    assert result.stdout.rstrip().endswith("yes")


def test_one_that_does_not_may_not_and_the_exit_code_says_so(tmp_path: Path) -> None:
    result = run_alone(align, written(tmp_path, *poor()))
    assert result.exit_code == 1
    assert "answered: a low end is below 80%: label more cases, or give it a better prompt." in result.stdout
    assert run_alone(align, written(tmp_path, *GOOD), "--bar", 0.9).exit_code == 1


def test_programs_get_the_figures(tmp_path: Path) -> None:
    result = run_alone(align, written(tmp_path, *GOOD), "--judge", "answered", "--json")
    [figures] = json.loads(result.stdout)
    assert figures["may_gate"] is True
    assert figures["true_positives"] == {
        "hits": 95, "total": 100, "interval": compare(GOOD, "answered").true_positives.interval.model_dump(),
    }  # fmt: skip


def test_without_a_judge_it_says_what_to_give(tmp_path: Path) -> None:
    result = run_alone(align, written(tmp_path, *(one for one in GOOD if one.kind == "human")))
    assert isinstance(result.exception, HopdeskError)
    assert str(result.exception) == (
        "There are no verdicts of a judge in these files; give them beside those of people."
    )


def test_what_cannot_be_said_is_left_blank() -> None:
    out = io.StringIO()
    nothing = compare([one for one in GOOD if one.kind == "llm"], "answered")
    show((nothing,), Console(file=out, width=140))
    assert "0/0 (0% to 100%)" in out.getvalue()
