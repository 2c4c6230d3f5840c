from pathlib import Path

import pytest
from pydantic import JsonValue, ValidationError

from chains.messages import HOPS
from evals.cases import (
    Case,
    CaseError,
    Expectation,
    ExpectedCall,
    ExpectedFact,
    Split,
    Synthetic,
    as_line,
    cases_sha256,
    load_cases,
    part_of_hop,
    refuse_test_split,
    write_cases,
)

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


def test_a_file_of_another_encoding_is_named(tmp_path: Path) -> None:
    (tmp_path / "cases.jsonl").write_bytes(b"\xff\xfe")
    with pytest.raises(CaseError, match="not text in UTF-8"):
        load_cases(tmp_path / "cases.jsonl")


def test_an_id_that_is_there_twice_is_named_with_both_lines(tmp_path: Path) -> None:
    with pytest.raises(CaseError, match=r"cases\.jsonl line 4: the id 'c1' is that of line 2; give each case"):
        load_cases(written(tmp_path, "", LINE, LINE.replace('"c1"', '"c2"'), LINE))


def test_what_can_be_expected_beside_the_hops_is_read(tmp_path: Path) -> None:
    line = (
        '{"id": "c1", "text": "hi", "split": "train", "expect": [{"moderation": "pass", "mention": ["49 EUR"], '
        '"must_not_mention": ["free"]}], "ideal": "It is 49 EUR.", "proposed": true, "source": "t1"}'
    )
    [case] = load_cases(written(tmp_path, line))
    expected = Expectation(moderation="pass", mention=("49 EUR",), must_not_mention=("free",))
    assert case.expect == (expected,)
    assert (expected.intents, expected.outcome) == (None, None)
    assert (case.ideal, case.proposed, case.source) == ("It is 49 EUR.", True, "t1")


@pytest.mark.parametrize("mark", ['"proposed": true', '"synthetic": {"method": "typos/1", "of": "c2"}'])
def test_only_what_people_wrote_and_labelled_is_tested_on(tmp_path: Path, mark: str) -> None:
    line = LINE.replace('"dev"', f'"test", {mark}')
    with pytest.raises(CaseError, match="line 1: the line: Value error, a synthetic or proposed case cannot be"):
        load_cases(written(tmp_path, line))


def a_case(name: str, split: Split = "dev", **arguments: JsonValue) -> Case:
    called = ExpectedCall(name="get_product", arguments=arguments)
    return Case(id=name, text="hi", split=split, expect=(Expectation(intents=(), tools=(called,)),))


class TestHash:
    def test_the_order_of_cases_and_keys_does_not_matter(self) -> None:
        one, other = a_case("c1", sku="L-1", fields=["a", {"x": 1, "y": 2}]), a_case("c2")
        same = a_case("c1", fields=["a", {"y": 2, "x": 1}], sku="L-1")
        assert cases_sha256([one, other]) == cases_sha256([other, same])

    def test_whatever_else_differs_makes_another_hash(self) -> None:
        case = a_case("c1", fields=["a", "b"])
        others = [
            a_case("c2", fields=["a", "b"]),
            a_case("c1", "train", fields=["a", "b"]),
            a_case("c1", fields=["b", "a"]),
            case.model_copy(update={"ideal": "Hello."}),
            case.model_copy(update={"synthetic": Synthetic(method="typos/1", of="c0")}),
            case.model_copy(update={"expect": (Expectation(),)}),
        ]
        assert len({cases_sha256([one]) for one in (case, *others)}) == 7
        assert cases_sha256([case]) != cases_sha256([case, case])


def test_written_cases_are_read_as_they_were(tmp_path: Path) -> None:
    cases = (a_case("c1", sku="L-1"), a_case("c2", "train").model_copy(update={"text": "a\u2028b"}))
    assert write_cases(iter(cases), tmp_path / "out.jsonl") == 2
    assert load_cases(tmp_path / "out.jsonl") == cases
    assert as_line(cases[0]).count("null") == 0


def test_cases_that_cannot_be_written_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(CaseError, match="cannot be written"):
        write_cases([], tmp_path / "none" / "out.jsonl")


def test_the_test_split_is_refused_by_name() -> None:
    refuse_test_split([a_case("c1"), a_case("c2", "train")], "hopdesk evals variants")
    with pytest.raises(CaseError, match=r"^hopdesk evals variants: the case 'c3' is of the test split"):
        refuse_test_split([a_case("c1"), a_case("c3", "test")], "hopdesk evals variants")


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


def test_an_expectation_is_taken_apart_by_hops() -> None:
    whole = Expectation(
        intents=(),
        tools=(ExpectedCall(name="get_product"),),
        facts=(ExpectedFact(none_found=True),),
        outcome="answer",
        moderation="block",
    )
    assert part_of_hop(whole, "moderation") == Expectation(moderation="block")
    assert part_of_hop(whole, "intent") == Expectation(intents=())
    assert part_of_hop(whole, "lookup") == Expectation(tools=whole.tools)
    assert part_of_hop(whole, "response") == part_of_hop(whole, "grounding") == Expectation(facts=whole.facts)
    assert part_of_hop(whole, "outbound") is None
    assert [part_of_hop(Expectation(outcome="answer"), hop) for hop in HOPS] == [None] * len(HOPS)
