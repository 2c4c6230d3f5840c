"""`hopdesk evals gate`, on runs that were written before."""

from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree.ElementTree import fromstring

import pytest

from evals.labels import Evaluator, Judgement, Target
from tests.evals.cli.comparing import BASE, WORSE, invoke, written
from tests.evals.paired_runs import finished, result, run_of, write
from tests.evals.test_trust import FEW, GOOD, JUDGE, POOR, VERSION, Counts, write_labels

if TYPE_CHECKING:
    from click.testing import Result


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "gate.toml"
    path.write_text('margin = 0.1\nmust_pass_tags = ["safety"]\n', encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("letters", "code", "word"),
    [((BASE, BASE), 0, "PASS"), ((BASE, WORSE), 1, "REGRESS"), (("p" * 20, "p" * 20), 2, "CANNOT TELL")],
)
def test_the_exit_code_is_the_verdict(
    tmp_path: Path, rules: Path, letters: tuple[str, str], code: int, word: str
) -> None:
    runs = (written(tmp_path, one, f"run-{place}") for place, one in enumerate(letters))
    found = invoke("gate", *runs, "--rules", rules)
    assert (found.exit_code, found.stderr) == (code, "")
    assert found.stdout.splitlines()[0] == word


def test_it_prints_its_reasons_and_its_power(tmp_path: Path, rules: Path) -> None:
    runs = written(tmp_path, BASE, "base"), written(tmp_path, WORSE, "candidate")
    said = " ".join(invoke("gate", *runs, "--rules", rules).stdout.split())
    assert "it dropped by more than 10 points." in said
    assert "All 6 cases that must pass do." in said
    assert "Not compared: 1" in said
    assert "a candidate that is no different passes the margin" in said
    assert "80% takes" in said


def test_summaries_are_written_for_each_verdict(tmp_path: Path, rules: Path) -> None:
    runs = written(tmp_path, BASE, "base"), written(tmp_path, WORSE, "candidate")
    junit, markdown = tmp_path / "junit.xml", tmp_path / "gate.md"
    assert invoke("gate", *runs, "--rules", rules, "--junit", junit, "--markdown", markdown).exit_code == 1
    assert fromstring(junit.read_text(encoding="utf-8"))[1].get("tests") == "120"
    assert markdown.read_text(encoding="utf-8").startswith("## ❌ Regress")


def test_notes_on_the_runs_are_printed(tmp_path: Path, rules: Path) -> None:
    base = written(tmp_path, "p", "base")
    other = write(finished([result("c000", "p")], run_of("other", cases="b")), tmp_path / "other")
    assert "did not have the same cases" in invoke("gate", base, other, "--rules", rules).stdout


def test_what_cannot_be_used_is_no_regression(tmp_path: Path, rules: Path) -> None:
    base = written(tmp_path, BASE, "base")
    missing = invoke("gate", base, tmp_path / "none", "--rules", rules)
    assert (missing.exit_code, missing.stdout) == (2, "")
    assert "there is no run in this folder" in missing.stderr
    rules.write_text("margin = 5", encoding="utf-8")
    wrong = invoke("gate", base, base, "--rules", rules)
    assert (wrong.exit_code, "margin: found 5; it should be less than 1." in wrong.stderr) == (2, True)


def test_a_summary_that_cannot_be_written_is_no_verdict(tmp_path: Path, rules: Path) -> None:
    base = written(tmp_path, BASE, "base")
    found = invoke("gate", base, base, "--rules", rules, "--junit", tmp_path / "none" / "junit.xml")
    assert (found.exit_code, found.stdout) == (2, "")
    assert "the summary cannot be written" in found.stderr


class TestJudge:
    """The scorer is a judge's: people have to agree with it."""

    def judged(self, folder: Path, letters: str, run_id: str) -> Path:
        run = written(folder, "p" * len(letters), run_id)
        lines = [
            Judgement(
                target=Target(case_id=f"c{place:03}", run_id=run_id),
                evaluator=Evaluator(name=JUDGE, version=VERSION),
                kind="llm",
                label="pass" if letter == "p" else "fail",
            ).model_dump_json(by_alias=True)
            for place, letter in enumerate(letters)
        ]
        (run / "judgements.jsonl").write_text("\n".join(lines), encoding="utf-8")
        return run

    def gated(self, tmp_path: Path, counts: Counts, candidate: str = BASE) -> "Result":
        write_labels(tmp_path / "labels.jsonl", counts)
        rules = tmp_path / "judged.toml"
        rules.write_text(f'margin = 0.2\nscorer = "{JUDGE}"\nlabels = ["labels.jsonl"]\n', encoding="utf-8")
        runs = self.judged(tmp_path, BASE, "base"), self.judged(tmp_path, candidate, "candidate")
        return invoke("gate", *runs, "--rules", rules)

    def test_it_gates_where_people_agree_and_the_corrected_rate_is_printed(self, tmp_path: Path) -> None:
        found = self.gated(tmp_path, GOOD)
        assert (found.exit_code, found.stderr) == (0, "")
        assert "As people would have found them, the pass rates are" in found.stdout
        assert "At least 73% of a change shows in its verdicts: of 20 points 14.5." in found.stdout

    def test_it_finds_a_regression(self, tmp_path: Path) -> None:
        assert self.gated(tmp_path, GOOD, "p" * 40 + "f" * 80).exit_code == 1

    @pytest.mark.parametrize(("counts", "said"), [(POOR, "it may not gate"), (FEW, "too few labels to prove")])
    def test_otherwise_it_cannot_tell(self, tmp_path: Path, counts: Counts, said: str) -> None:
        found = self.gated(tmp_path, counts)
        assert (found.exit_code, found.stdout) == (2, "")
        assert said in found.stderr

    def test_labels_that_are_not_there_are_no_verdict(self, tmp_path: Path) -> None:
        rules = tmp_path / "judged.toml"
        rules.write_text(f'margin = 0.2\nscorer = "{JUDGE}"\nlabels = ["none.jsonl"]\n', encoding="utf-8")
        base = self.judged(tmp_path, BASE, "base")
        found = invoke("gate", base, base, "--rules", rules)
        assert (found.exit_code, found.stdout) == (2, "")
        assert "none.jsonl: the file cannot be read" in found.stderr
