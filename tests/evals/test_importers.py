"""Cases made of tables, other tools' files, and what people said of results."""

import contextlib
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chains.errors import HopdeskError
from chains.messages import HopName
from evals.cases import Case, CaseError, Expectation, ExpectedCall, ExpectedFact, as_line, part_of_hop
from evals.happened import as_expected
from evals.importers import FORMATS, Format, Options, import_cases
from tests.evals.test_happened import happened


def written(folder: Path, name: str, *lines: str) -> Path:
    path = folder / name
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def imported(path: Path, kind: Format, **columns: str) -> tuple[Case, ...]:
    return import_cases(path, kind, Options(columns=columns))


class TestCsv:
    def test_columns_are_known_by_their_names(self, tmp_path: Path) -> None:
        path = written(
            tmp_path,
            "table.csv",
            "id,text,intents,outcome,mention,tags,split,ideal,notes",
            'q1,"what, ""exactly""?",a.one | b.two,answer,49 EUR|lamp,hard,dev,It is 49 EUR.,nothing',
            ",hi,,,,,,,",
        )
        one, other = import_cases(path, "csv", Options(tags=("imported",)))
        assert one == Case(
            id="q1",
            text='what, "exactly"?',
            tags=("hard", "imported"),
            split="dev",
            expect=(Expectation(intents=("a.one", "b.two"), outcome="answer", mention=("49 EUR", "lamp")),),
            ideal="It is 49 EUR.",
            source=f"{path} line 2",
        )
        assert (other.id, other.split, other.expect) == ("table-3", "train", (Expectation(),))

    def test_columns_can_be_mapped(self, tmp_path: Path) -> None:
        path = written(tmp_path, "table.csv", "Frage,Antwort", "was kostet sie?,49 EUR")
        [case] = imported(path, "csv", text="Frage", ideal="Antwort")
        assert (case.text, case.ideal) == ("was kostet sie?", "49 EUR")

    def test_a_byte_order_mark_is_no_part_of_a_name(self, tmp_path: Path) -> None:
        path = tmp_path / "table.csv"
        path.write_bytes(b"\xef\xbb\xbfquestion\r\nhi\r\n")
        assert [case.text for case in imported(path, "csv")] == ["hi"]

    @pytest.mark.parametrize(
        ("lines", "message"),
        [
            (("a,b", "1,2"), "line 2: there is no request; say which column holds it with --map text=COLUMN."),
            (("text,outcome", "hi,perhaps"), "line 2: expect.0.outcome: Input should be"),
            (("text,split", "hi,later"), "line 2: split: Input should be"),
            (("id,text", "1,a", "1,b"), "the cases 1 and 2 have the id '1'; give each its own."),
            (("text", '"a'), "this cannot be read as CSV in UTF-8"),
        ],
    )
    def test_what_cannot_be_a_case_is_named(self, tmp_path: Path, lines: tuple[str, ...], message: str) -> None:
        path = written(tmp_path, "table.csv", *lines)
        with pytest.raises(CaseError) as refused:
            imported(path, "csv")
        assert str(refused.value).startswith(str(path))
        assert message in str(refused.value)

    def test_a_column_that_is_not_there_is_named(self, tmp_path: Path) -> None:
        path = written(tmp_path, "table.csv", "a,b", "1,2")
        with pytest.raises(CaseError, match=r"there is no column 'c'; there are: a, b\."):
            imported(path, "csv", text="c")
        with pytest.raises(CaseError, match=r"there is no column 'c'; there are: none\."):
            imported(written(tmp_path, "empty.csv"), "csv", text="c")


class TestJsonLines:
    def test_cases_stay_what_they_are(self, tmp_path: Path) -> None:
        case = Case(id="c1", text="hi", split="dev", expect=(Expectation(intents=()),), source="a")
        assert imported(written(tmp_path, "a.jsonl", as_line(case), ""), "jsonl") == (case,)

    def test_flat_objects_become_cases(self, tmp_path: Path) -> None:
        path = written(tmp_path, "a.jsonl", '{"question": "hi", "intents": ["a.b"], "tags": "x|y"}')
        [case] = imported(path, "jsonl")
        assert (case.id, case.text, case.tags) == ("a-1", "hi", ("x", "y"))
        assert case.expect == (Expectation(intents=("a.b",)),)

    @pytest.mark.parametrize("line", ["[]", "{", "1", "[" * 5000, '{"text": 1}', '{"expect": [], "text": "hi"}'])
    def test_a_line_that_is_none_is_named(self, tmp_path: Path, line: str) -> None:
        with pytest.raises(CaseError, match=r"a\.jsonl line 2: "):
            imported(written(tmp_path, "a.jsonl", '{"text": "hi"}', line), "jsonl")

    def test_a_file_that_is_not_there_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(CaseError, match=r"none\.jsonl: the file cannot be read .*No such file"):
            imported(tmp_path / "none.jsonl", "jsonl")


JUDGEMENT = (
    '{"schema": "judgement/1", "target": {"turn_id": "turn-1"}, "evaluator": {"name": "turn"}, "kind": "human", '
    '"label": "%s"%s}'
)
CORRECTED = ', "corrected": {"outcome": "clarify"}'
TEXT = ', "text": "which one?"'


class TestJudgements:
    def judged(self, folder: Path, *lines: str, turns: bool = True) -> tuple[Case, ...]:
        known = {"turn-1": happened()} if turns else {}
        return import_cases(written(folder, "j.jsonl", *lines), "judgements", Options(turns=known))

    def test_a_corrected_value_is_what_is_expected(self, tmp_path: Path) -> None:
        [case] = self.judged(tmp_path, JUDGEMENT % ("fail", CORRECTED + TEXT), turns=False)
        assert case.expect == (Expectation(outcome="clarify"),)
        assert (case.text, case.source, case.proposed) == ("which one?", "turn-1", False)
        assert case.tags == ("judged", "human")

    def test_the_request_is_that_of_the_turn(self, tmp_path: Path) -> None:
        [case] = self.judged(tmp_path, JUDGEMENT % ("fail", CORRECTED))
        assert case.text == "What does the desk lamp cost?"

    def test_what_was_right_is_expected_again(self, tmp_path: Path) -> None:
        [case] = self.judged(tmp_path, JUDGEMENT % ("pass", ""))
        assert case.expect[0].intents == ("product.price",)
        assert case.expect[0].outcome == "answer"

    @pytest.mark.parametrize("hop", ["moderation", "intent", "lookup", "response", "outbound"])
    def test_of_a_hop_that_was_right_its_own_part_is_expected_again(self, tmp_path: Path, hop: HopName) -> None:
        line = (JUDGEMENT % ("pass", "")).replace('"turn_id": "turn-1"', f'"turn_id": "turn-1", "hop": "{hop}"')
        whole = as_expected(happened())
        part = part_of_hop(whole, hop)
        assert [case.expect for case in self.judged(tmp_path, line)] == ([(part,)] if part else [])

    def test_every_part_can_be_corrected(self, tmp_path: Path) -> None:
        expected = Expectation(
            intents=("product.price",),
            tools=(ExpectedCall(name="get_product", arguments={"sku": "L-1"}),),
            facts=(ExpectedFact(record="L-1", field="price"),),
            outcome="answer",
            moderation="pass",
        )
        more = f', "corrected": {expected.model_dump_json()}'
        [case] = self.judged(tmp_path, JUDGEMENT % ("fail", more + TEXT))
        assert case.expect == (expected,)

    @pytest.mark.parametrize(
        ("label", "more", "turns"),
        [("fail", "", True), ("unsure", CORRECTED + TEXT, True), ("pass", "", False), ("fail", CORRECTED, False)],
    )
    def test_what_says_nothing_makes_no_case(self, tmp_path: Path, label: str, more: str, turns: bool) -> None:
        assert self.judged(tmp_path, JUDGEMENT % (label, more), turns=turns) == ()

    def test_several_of_one_turn_have_ids_of_their_own(self, tmp_path: Path) -> None:
        line = JUDGEMENT % ("fail", CORRECTED)
        assert len({case.id for case in self.judged(tmp_path, line, line)}) == 2


def test_the_preferred_answer_is_the_ideal_one(tmp_path: Path) -> None:
    line = (
        '{"schema": "preference/1", "request": "what?", "a": {"text": "49."}, "b": {"text": "A lot."}, '
        '"preferred": "%s", "evaluator": {"name": "better"}, "kind": "human"}'
    )
    path = written(tmp_path, "p.jsonl", *(line % side for side in ("b", "tie", "a")))
    assert [(case.id, case.ideal) for case in imported(path, "preferences")] == [("p-p-1", "A lot."), ("p-p-3", "49.")]


PROMPTFOO = """
tests:
  - description: the price
    vars: {question: what does it cost, page: L-1}
    assert:
      - {type: icontains, value: 49 EUR}
      - {type: contains-all, value: [desk, lamp]}
      - {type: not-contains, value: free}
      - {type: factuality, value: It is 49 EUR.}
      - {type: latency, threshold: 100}
  - vars: {whatever: hi}
"""


class TestPromptfoo:
    def test_tests_become_cases(self, tmp_path: Path) -> None:
        pytest.importorskip("yaml")
        one, other = imported(written(tmp_path, "tests.yaml", PROMPTFOO), "promptfoo")
        assert (one.text, one.ideal) == ("what does it cost", "It is 49 EUR.")
        assert one.expect == (Expectation(mention=("49 EUR", "desk", "lamp"), must_not_mention=("free",)),)
        assert (other.id, other.text, other.expect) == ("tests-2", "hi", (Expectation(),))

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("a.json", '[{"vars": {"q": "hi"}}]'),
            ("a.json", '{"tests": [{"vars": {"q": "hi"}}]}'),
            ("a.jsonl", '{"vars": {"q": "hi"}}'),
        ],
    )
    def test_they_are_read_as_json_too(self, tmp_path: Path, name: str, text: str) -> None:
        assert [case.text for case in imported(written(tmp_path, name, text), "promptfoo")] == ["hi"]

    @pytest.mark.parametrize(
        ("name", "text", "message"),
        [
            ("a.json", '{"prompts": []}', "there is no list of tests in it"),
            ("a.json", "{", "there is no list of tests in it"),
            ("a.yaml", "a: [", "there is no list of tests in it"),
            ("a.json", '[{"vars": {"a": "x", "b": "y"}}]', "test 1: it is not clear which variable is the request"),
            ("a.json", '[{"vars": "x"}]', "test 1: it is not clear which variable"),
            ("a.json", '[{"vars": {"q": 1}}]', "test 1: text: Input should be a valid string"),
        ],
    )
    def test_what_is_none_is_named(self, tmp_path: Path, name: str, text: str, message: str) -> None:
        with pytest.raises(CaseError, match=message):
            imported(written(tmp_path, name, text), "promptfoo")

    def test_the_request_can_be_named(self, tmp_path: Path) -> None:
        path = written(tmp_path, "a.json", '[{"vars": {"a": "x", "b": "y"}}]')
        assert [case.text for case in imported(path, "promptfoo", text="b")] == ["y"]
        with pytest.raises(CaseError, match="not clear which variable"):
            imported(path, "promptfoo", text="c")

    def test_without_pyyaml_it_says_what_to_install(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "yaml", None)
        with pytest.raises(CaseError, match=r"install hopdesk\[evals\]"):
            imported(written(tmp_path, "tests.yaml", PROMPTFOO), "promptfoo")


class TestInspect:
    def test_samples_become_cases(self, tmp_path: Path) -> None:
        path = written(
            tmp_path,
            "s.jsonl",
            '{"id": 7, "input": "what?", "target": "49"}',
            '{"input": [{"role": "system", "content": "x"}, {"role": "user", "content": "why?"}], "target": ["a"]}',
            '{"input": "who?"}',
        )
        assert [(case.id, case.text, case.ideal) for case in imported(path, "inspect")] == [
            ("7", "what?", "49"), ("s-2", "why?", "a"), ("s-3", "who?", None),
        ]  # fmt: skip

    def test_an_array_will_do(self, tmp_path: Path) -> None:
        assert len(imported(written(tmp_path, "s.json", '[{"input": "a"}, {"input": "b"}]'), "inspect")) == 2

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ('{"a": 1}', "this is no JSON array of samples"),
            ("[1]", "this is no JSON array of samples"),
            ('[{"input": []}]', "sample 1: there is no request of a user"),
            ('[{"input": [{"role": "user", "content": [1]}]}]', "sample 1: there is no request of a user"),
            ('[{"target": "x"}]', "sample 1: there is no request of a user"),
        ],
    )
    def test_what_is_none_is_named(self, tmp_path: Path, text: str, message: str) -> None:
        with pytest.raises(CaseError, match=message):
            imported(written(tmp_path, "s.json", text), "inspect")


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode), st.sampled_from(FORMATS))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_file_holds_it_is_read_or_refused(tmp_path: Path, content: bytes, kind: Format) -> None:
    for name in ("f.jsonl", "f.json", "f.yaml"):
        (tmp_path / name).write_bytes(content)
        with contextlib.suppress(HopdeskError):
            import_cases(tmp_path / name, kind, Options())
