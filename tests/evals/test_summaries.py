"""Summaries for continuous integration, and what hostile texts do in them."""

import re
from xml.etree.ElementTree import fromstring

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.compare import Comparison, compare
from evals.gate import Verdict, decide
from evals.gate_file import GateRules
from evals.summaries import junit, markdown
from tests.evals.paired_runs import by_letters, finished, result

RULES = GateRules(margin=0.1, must_pass_tags=("safety",), min_cases=2)
HOSTILE = "a|b`c`\n# d <script>x</script> @team https://e.example [f](javascript:g) \x1b[31m\x00\ud800\ufffe ]]> &amp;"


def judged(comparison: Comparison) -> tuple[Comparison, Verdict]:
    return comparison, decide(comparison, RULES)


def flipped(base: str, candidate: str) -> tuple[Comparison, Verdict]:
    return judged(compare(by_letters(*base), by_letters(*candidate)))


def one_case(text: str, case_id: str = "c1") -> tuple[Comparison, Verdict]:
    tags = ["safety"] * 5
    base = finished([result(case_id, "p", tags=tags, text=text)])
    return judged(compare(base, finished([result(case_id, "f", tags=tags, text=text, critique=text)])))


class TestJUnit:
    def test_there_is_a_test_case_for_each_check_and_each_case(self) -> None:
        gate, cases = fromstring(junit(*flipped("pppfpp", "pffpe-")))
        assert [test.get("name") for test in gate] == ["margin", "must_pass_tags"]
        assert [test.get("name") for test in cases] == [f"c00{place}" for place in range(6)]
        assert {key: cases.get(key) for key in ("name", "tests", "failures", "errors")} == {
            "name": "turn",
            "tests": "6",
            "failures": "2",
            "errors": "2",
        }
        assert gate.get("errors") == "2"

    def test_a_failure_says_whether_it_is_new(self) -> None:
        _, cases = fromstring(junit(*flipped("pf-", "fff")))
        assert [test[0].get("type") for test in cases] == ["worse", "as before", "new"]
        assert cases[0][0].get("message") == "repeat 0: pass before, fail now"

    def test_an_error_is_no_failure(self) -> None:
        _, cases = fromstring(junit(*flipped("pp", "eu")))
        assert [(test[0].tag, test[0].get("type")) for test in cases] == [("error", "error"), ("error", "unsure")]

    def test_what_got_worse_comes_with_its_text_and_the_critique(self) -> None:
        _, cases = fromstring(junit(*one_case("is it heavy")))
        assert cases[0][0].text == "repeat 0: is it heavy\nturn: fail: is it heavy"

    def test_a_regression_of_the_gate_is_a_failure(self) -> None:
        gate, _ = fromstring(junit(*one_case("is it heavy")))
        assert [test[0].tag for test in gate] == ["error", "failure"]

    @given(st.text(st.characters(), min_size=1, max_size=20))
    @settings(max_examples=60, deadline=None)
    def test_any_text_is_well_formed(self, text: str) -> None:
        _, cases = fromstring(junit(*one_case(text, case_id=text)))
        assert len(cases) == 1

    def test_a_hostile_text_stays_text(self) -> None:
        _, cases = fromstring(junit(*one_case(HOSTILE)))
        text = cases[0][0].text or ""
        assert "<script>x</script>" in text
        assert "]]> &amp;" in text
        assert not {"\x1b", "\x00", "\ufffe"} & {*text}


class TestMarkdown:
    def test_it_begins_with_the_verdict_and_says_why(self) -> None:
        text = markdown(*flipped("p" * 100, "p" * 60 + "f" * 40))
        assert text.startswith("## ❌ Regress\n")
        assert "| margin | regress | The pass rate changed by" in text
        assert "### Worse: 40" in text
        assert "| and 20 more |" in text
        assert "### Better" not in text

    @pytest.mark.parametrize(
        ("base", "candidate", "headline"), [("p" * 99, "p" * 99, "✅ Pass"), ("pp", "pp", "❔ Cannot tell")]
    )
    def test_each_verdict_has_its_headline(self, base: str, candidate: str, headline: str) -> None:
        comparison = compare(by_letters(*base), by_letters(*candidate))
        assert f"## {headline}\n" in markdown(comparison, decide(comparison, GateRules(margin=0.1)))

    def test_tags_and_what_was_not_compared_are_listed(self) -> None:
        tags = {place: ["red"] for place in range(5)}
        both = compare(by_letters(*"pfppppe", tags=tags), by_letters(*"pppppep", tags=tags))
        text = markdown(*judged(both))
        assert "### Tags" in text
        assert "| <code>red</code> | 5 | 80.0% | 100.0% |" in text
        assert "### Better: 1" in text
        assert "### Not compared: 2" in text
        assert "| <code>c005</code> | 0 | pass | error |" in text

    def test_notes_on_the_runs_are_quoted(self) -> None:
        other = by_letters("p").run.model_copy(update={"site": "*else*"})
        text = markdown(*judged(compare(by_letters("p"), finished([result("c000", "p")], other))))
        assert "\n> The base ran the site &#39;demo&#39; and the candidate &#39;&#42;else&#42;&#39;&#46;\n" in text

    def test_a_hostile_text_stays_in_its_cell(self) -> None:
        text = markdown(*one_case(HOSTILE, case_id="c|1"))
        [row] = [line for line in text.splitlines() if "script" in line]
        assert row.count("|") == 4
        shown = re.sub(r"&#\d+;|</?code>", "", row.replace(" | ", " ").strip("| "))
        assert not {*shown} & {*"<>[]()`@#*_:/\\\x1b\x00"}

    @given(st.text(st.characters(), min_size=1, max_size=30))
    @settings(max_examples=60, deadline=None)
    def test_no_text_makes_a_row_of_its_own(self, text: str) -> None:
        plain, hostile = markdown(*one_case("a", "b")), markdown(*one_case(text, text))
        assert len(plain.split("\n")) == len(hostile.split("\n")) == len(hostile.splitlines()) + 1
        assert plain.count("|") == hostile.count("|")
