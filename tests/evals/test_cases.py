from pathlib import Path

import pytest
from pydantic import ValidationError

from evals.cases import Case, CaseError, Expectation, ExpectedCall, ExpectedFact, load_cases

CASES = Path(__file__).parents[2] / "evals" / "cases"
LINE = (
    '{"id": "c1", "text": "is it silver?", "page": "LAP-1", "split": "dev", "tags": ["hard"], "expect": '
    '[{"intents": ["product.question"], "tools": [{"name": "get_product", "arguments": {"sku": "LAP-1"}}], '
    '"facts": [{"record": "LAP-1", "field": "colour"}], "outcome": "answer"}]}'
)


def written(folder: Path, *lines: str) -> Path:
    path = folder / "cases.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_a_line_is_a_case_and_blank_lines_are_none(tmp_path: Path) -> None:
    expected = Case(
        id="c1",
        text="is it silver?",
        page="LAP-1",
        split="dev",
        tags=("hard",),
        expect=(
            Expectation(
                intents=("product.question",),
                tools=(ExpectedCall(name="get_product", arguments={"sku": "LAP-1"}),),
                facts=(ExpectedFact(record="LAP-1", field="colour"),),
                outcome="answer",
            ),
        ),
    )
    assert load_cases(written(tmp_path, LINE, "", "  ")) == (expected,)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (LINE.replace('"dev"', '"later"'), "line 2: split: Input should be 'train', 'dev' or 'test'."),
        (LINE.replace('"answer"', '"perhaps"'), "line 2: expect.0.outcome: Input should be"),
        (LINE.replace('"page"', '"pages"'), "line 2: pages: Extra inputs are not permitted."),
        ("{", "line 2: the line: Invalid JSON"),
        ("[" * 10_000, "line 2: the line: Invalid JSON"),
    ],
)
def test_a_line_that_is_no_case_is_named(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(CaseError) as refused:
        load_cases(written(tmp_path, LINE, line))
    assert message in str(refused.value)
    assert str(refused.value).startswith(str(tmp_path / "cases.jsonl"))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CaseError, match=r"none\.jsonl: the cases cannot be read \(No such file or directory\)\."):
        load_cases(tmp_path / "none.jsonl")


def test_a_case_needs_an_acceptable_result() -> None:
    with pytest.raises(ValidationError):
        Case(id="c1", text="hi", split="dev", expect=())


@pytest.mark.parametrize(
    ("outcomes", "answerable"),
    [(("answer",), True), (("answer", "answer"), True), (("answer", "clarify"), False), (("decline",), False)],
)
def test_a_case_is_answerable_where_nothing_but_an_answer_is_right(outcomes: tuple[str, ...], answerable: bool) -> None:
    expect = tuple(Expectation.model_validate({"intents": (), "outcome": outcome}) for outcome in outcomes)
    assert Case(id="c1", text="hi", split="dev", expect=expect).answerable is answerable


def test_the_demos_splits_hold_75_cases_each_and_share_none() -> None:
    dev, test = (load_cases(CASES / f"demo-{split}.jsonl") for split in ("dev", "test"))
    sizes = len(dev), len(test)  # numbers alone: a failure must not show what the blind split holds
    different = len({case.id for case in (*dev, *test)})
    assert (sizes, different) == ((75, 75), 150)
