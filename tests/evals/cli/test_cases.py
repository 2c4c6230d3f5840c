"""`hopdesk evals import` and `hopdesk evals variants`."""

from pathlib import Path

import pytest

from chains.errors import ReplayError
from evals.cases import CaseError, load_cases
from evals.cli.cases import import_, variants
from tests.evals.cli.alone import run_alone
from tests.evals.test_happened import happened, line
from tests.evals.test_importers import JUDGEMENT

DEV = Path(__file__).parents[3] / "evals" / "cases" / "demo-dev.jsonl"
TEST = DEV.with_name("demo-test.jsonl")


def test_a_table_becomes_cases(tmp_path: Path) -> None:
    table, cases = tmp_path / "t.csv", tmp_path / "cases.jsonl"
    table.write_text("Q,A\nwhat?,49\nwhy?,so\n", encoding="utf-8")
    result = run_alone(
        import_, table, "-o", cases, "--map", "text=Q", "--map", "ideal=A", "--tag", "faq", "--split", "dev"
    )
    assert result.exit_code == 0, result.output
    assert "2 cases written to" in result.stderr
    assert [(case.text, case.ideal, case.split, case.tags) for case in load_cases(cases)] == [
        ("what?", "49", "dev", ("faq",)), ("why?", "so", "dev", ("faq",)),
    ]  # fmt: skip


def test_judgements_find_their_turns_in_hop_records(tmp_path: Path) -> None:
    judged, hops, cases = tmp_path / "j.jsonl", tmp_path / "hops.jsonl", tmp_path / "cases.jsonl"
    judged.write_text(JUDGEMENT % ("pass", ""), encoding="utf-8")
    hops.write_text("\n".join(line(record) for record in happened().records), encoding="utf-8")
    assert run_alone(import_, judged, "--from", "judgements", "--hops", hops, "-o", cases).exit_code == 0
    assert [case.text for case in load_cases(cases)] == ["What does the desk lamp cost?"]


def test_hop_records_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    result = run_alone(import_, tmp_path / "j.jsonl", "--hops", tmp_path / "none.jsonl", "-o", tmp_path / "out")
    assert isinstance(result.exception, ReplayError)
    assert "none.jsonl: the hop records cannot be read (No such file or directory)." in str(result.exception)


@pytest.mark.parametrize(("mapped", "said"), [("text", "Write it as text=Question."), ("x=y", "There is no field 'x'")])
def test_a_mapping_that_cannot_be_meant_is_refused(tmp_path: Path, mapped: str, said: str) -> None:
    result = run_alone(import_, tmp_path / "t.csv", "-o", tmp_path / "out", "--map", mapped)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.replace("│", " ").split())


def test_variants_are_written_and_marked(tmp_path: Path) -> None:
    made = tmp_path / "variants.jsonl"
    result = run_alone(variants, DEV, "-o", made, "--by", "typos", "--each", 2)
    assert result.exit_code == 0, result.output
    cases = load_cases(made)
    assert 130 <= len(cases) <= 150
    assert all(case.synthetic and case.split == "dev" for case in cases)


def test_none_are_made_of_the_test_split(tmp_path: Path) -> None:
    result = run_alone(variants, TEST, "-o", tmp_path / "variants.jsonl")
    assert isinstance(result.exception, CaseError)
    assert not (tmp_path / "variants.jsonl").exists()
