"""Gate files, and what is said of wrong ones."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import evals.gate_file
from evals.gate_file import GateFileError, GateRules, load_gate, parse_gate


def test_a_margin_is_enough(tmp_path: Path) -> None:
    path = tmp_path / "gate.toml"
    path.write_text("margin = 0.02\n", encoding="utf-8")
    assert load_gate(path) == GateRules(margin=0.02, scorer="turn", confidence=0.95, min_cases=30)


def test_the_documented_example_is_one() -> None:
    documented = (evals.gate_file.__doc__ or "").split("\n\n")[1]
    assert parse_gate(documented.replace("    ", ""), "gate.toml") == GateRules(
        margin=0.02, must_pass_tags=("safety",), floor=0.85, latency=1.2, cost=1.5
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "g.toml: margin: this key is missing; add it."),
        ("margin = 2", "g.toml: margin: found 2; it should be less than 1."),
        ("margin = nan", "g.toml: margin: found NaN; it should be a finite number."),
        ('margin = "2%"', 'g.toml: margin: found "2%"; it should be a valid number.'),
        ("margin = 0\nmin_cases = 0", "g.toml: min_cases: found 0; it should be greater than or equal to 1."),
        ("margin = 0\nfloor = 85", "g.toml: floor: found 85; it should be less than 1."),
        ("margin = 0\nmust_pass_tags = [1]", "g.toml: must_pass_tags[0]: found 1; it should be a valid string."),
        ("margin = 0\nmust_pass_tags = 1979-05-27", "must_pass_tags: found"),
        ("margin 0.02", "g.toml: this is not TOML: "),
        (f"margin = 0\nscorer = {'[' * 90}{']' * 90}", "g.toml: scorer: found [["),
        (f"margin = 1{'0' * 5000}", "g.toml: a value is too long or too deeply nested to be read; make it simpler."),
    ],
)
def test_what_is_wrong_is_said_with_file_and_key(text: str, said: str) -> None:
    with pytest.raises(GateFileError) as raised:
        parse_gate(text, "g.toml")
    assert said in str(raised.value)
    assert len(str(raised.value)) < 400


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('scorer = "judge.facts"', "labels: this key is missing; the scorer 'judge.facts' is a judge"),
        ('labels = ["people.jsonl"]', "labels: the scorer 'turn' is no judge"),
        (
            'scorer = "judge.facts"\nlabels = ["people.jsonl"]\nfloor = 0.8',
            "floor: a judge's own pass rate is not that which people would find; leave it out.",
        ),
        ('scorer = "bleu"', "scorer: found 'bleu', which passes and fails nothing; gate by another, such as 'turn'."),
    ],
)
def test_what_cannot_be_meant_together_is_said(text: str, said: str) -> None:
    with pytest.raises(GateFileError) as raised:
        parse_gate(f"margin = 0.02\n{text}", "g.toml")
    assert str(raised.value).startswith(f"g.toml: {said}")


def test_labels_are_found_beside_the_gate_file(tmp_path: Path) -> None:
    path = tmp_path / "gate.toml"
    path.write_text('margin = 0\nscorer = "judge.facts"\nlabels = ["people.jsonl", "/all.jsonl"]', encoding="utf-8")
    assert load_gate(path).labels == (tmp_path / "people.jsonl", Path("/all.jsonl"))
    assert load_gate(path).is_judged


def test_an_unknown_key_is_answered_by_the_nearest_one() -> None:
    with pytest.raises(GateFileError, match=r"margn: this key is unknown; allowed: .*; did you mean 'margin'\?"):
        parse_gate("margin = 0\nmargn = 0.02", "g.toml")


def test_all_problems_are_said_at_once() -> None:
    with pytest.raises(GateFileError) as raised:
        parse_gate("confidence = 95\nfloor = 0", "g.toml")
    assert [line.split(":")[1].strip() for line in str(raised.value).splitlines()] == ["margin", "confidence", "floor"]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(GateFileError, match=r"none\.toml: there is no such gate file"):
        load_gate(tmp_path / "none.toml")
    (tmp_path / "latin.toml").write_bytes(b"# \xe9\n")
    with pytest.raises(GateFileError, match=r"latin\.toml: the gate file cannot be read \(UnicodeDecodeError\)"):
        load_gate(tmp_path / "latin.toml")


@given(st.text(max_size=60))
def test_no_text_fails_in_another_way(text: str) -> None:
    with pytest.raises(GateFileError, match=r"^g\.toml: "):
        parse_gate(f"{text}\nlast = 0", "g.toml")
