"""The file: all inside, and everything that somebody else wrote as text."""

import json
import re
import sys
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chains.errors import HopdeskError
from evals.compare import compare
from evals.finished import FinishedRun
from evals.report import page as page_module
from evals.report.figures import figures
from evals.report.listing import listing
from evals.report.page import Report, page
from tests.evals.paired_runs import by_letters, finished, run_of
from tests.evals.report.scored import HOSTILE, LONG, RTL, attempt, case, report_of, result, right, score, timed, wrong

pytest.importorskip("plotly")


@pytest.fixture(autouse=True)
def _small_plotly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plotly's five megabytes are the browser's to test."""
    monkeypatch.setattr(page_module, "_plotly", lambda: "window.Plotly = null;")


class Read(HTMLParser):
    """The elements of a page, and what its data holds."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)
        self.data: Any = json.loads(re.findall(r'id="data">(.*?)</script>', text, re.DOTALL)[0])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


def against(base: FinishedRun, run: FinishedRun) -> Report:
    comparison = compare(base, run)
    listed = listing(run, "turn", 100, comparison)
    rows, traces = listed.rows({}), listed.traces({}, {}, base)
    return Report(figures(run, "turn"), listed, rows, traces, figures(base, "turn"), comparison)


def test_the_headline_is_the_share_right_with_its_interval_and_what_ran() -> None:
    run = by_letters("p", "p", "p", "f", "e")
    changed = run.run.model_copy(update={"changes": {"thresholds.margin": "0.5"}, "note": "a note", "shard": "1/4"})
    said = Read(page(report_of(replace(run, run=changed)))).text
    assert "75.0% right" in said
    assert "With 95% confidence the true share is 30.1% to 95.4%." in said
    assert changed.cases_sha256[:12] in said
    assert "thresholds.margin 0.5" in said
    assert "a note" in said
    assert "shard 1/4" in said


def test_scripts_are_those_that_the_policy_names_and_nothing_is_loaded() -> None:
    written = page(report_of(timed([wrong("c1")])))
    read = Read(written)
    [policy] = [attrs["content"] for tag, attrs in read.tags if tag == "meta" and "http-equiv" in attrs]
    scripts = re.findall(r"<script>(.*?)</script>", written, re.DOTALL)
    assert len(scripts) == 2
    for script in scripts:
        assert f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'" in (policy or "")
    assert "default-src 'none'" in (policy or "")
    assert "script-src 'unsafe-inline'" not in (policy or "")
    addresses = [attrs[name] for _, attrs in read.tags for name in ("src", "href", "action") if name in attrs]
    assert all(address is not None and address.startswith(("#", "data:")) for address in addresses)


def test_markup_in_data_stays_text() -> None:
    run = run_of().model_copy(
        update={"site": HOSTILE, "run_id": HOSTILE, "note": RTL, "changes": {HOSTILE: HOSTILE}, "models": {}}
    )
    hops = [attempt("intent", model=HOSTILE, parsed={"x": HOSTILE}, error_type=HOSTILE)]
    scores = [score("turn", "fail"), score(HOSTILE, "fail", "intent", critique=HOSTILE)]
    one = result(HOSTILE, hops, scores, text=HOSTILE, tags=(HOSTILE, LONG), outcome={"kind": HOSTILE}, error=None)
    written = page(report_of(finished([one], run)))
    read = Read(written)
    assert {"img", "b"} & {tag for tag, attrs in read.tags if "onerror" in attrs or attrs.get("src") == "x"} == set()
    assert written.count("</script>") == 3
    assert "<img" not in written
    assert "\u202e" not in written
    assert read.data["rows"][0]["text"] == HOSTILE
    assert read.data["traces"][0]["hops"][0]["parsed"] == {"x": HOSTILE}


@given(st.text(max_size=60))
@settings(max_examples=40, deadline=None)
def test_any_text_comes_back_from_the_data(text: str) -> None:
    embedded = page_module._embedded({"text": text})
    assert json.loads(embedded) == {"text": text}
    assert "<" not in embedded
    assert embedded.isascii()


def test_a_comparison_is_shown_with_its_interval_and_what_changed() -> None:
    base = timed([right(f"c{place}", tags=("t",)) for place in range(12)])
    run = timed([wrong("c0", tags=("t",)), *(right(f"c{place}", tags=("t",)) for place in range(1, 12))], "new")
    run = replace(run, run=run.run.model_copy(update={"prompts": {"intent": "2"}, "cases_sha256": "0" * 64}))
    read = Read(page(against(base, run)))
    assert "Compared with the base" in read.text
    assert "-8.3 pp" in read.text
    assert "1 worse , 0 better" in read.text
    assert "McNemar's exact p = 1" in read.text
    assert "prompts.intent not set → 2" in read.text
    assert "did not have the same cases" in read.text
    assert [row["flip"] for row in read.data["rows"]][:2] == ["worse", None]
    assert read.data["traces"][0]["parts"] == "intent"
    assert read.data["plots"]["latency"]["before"] is not None
    assert "#cases?flip=worse" in str(read.tags)
    assert "#cases?flip=better" not in str(read.tags)


@pytest.mark.parametrize(
    ("before", "after", "tone"),
    [
        ("p" * 40, "f" * 12 + "p" * 28, "fail"),
        ("f" * 12 + "p" * 28, "p" * 40, "pass"),
        ("p" * 40, "f" * 5 + "p" * 35, ""),
    ],
    ids=["worse", "better", "the exact test does not say so"],
)
def test_a_difference_has_a_colour_where_interval_and_test_agree(before: str, after: str, tone: str) -> None:
    written = page(against(by_letters(*before), by_letters(*after, run_id="new")))
    assert f'<div class="difference {tone}">' in written


def test_what_could_not_be_compared_is_counted() -> None:
    read = Read(page(against(by_letters("p", "p"), by_letters("p", "e", run_id="new"))))
    assert "1 results could not be compared" in read.text
    assert "1 of them passed before" in read.text


def test_matrices_link_to_the_cases() -> None:
    run = finished([right("c1"), wrong("c2")])
    cases = {name: case(name, ["a.b"]) for name in ("c1", "c2", "c3")}
    listed = listing(run, "turn", 1)
    found = figures(run, "turn", cases.values())
    read = Read(page(Report(found, listed, listed.rows(cases), listed.traces({}, {}, None))))
    links = {attrs.get("href") for tag, attrs in read.tags if tag == "a"}
    assert {"#cases?from=moderation&to=intent", "#cases?want=a.b&got=c.d", "#cases?hop=intent"} <= links
    assert "Of 2 results the first 1 in this order have their traces in this file" in read.text
    assert len(read.data["traces"]) == 1


def test_a_run_of_nothing_or_of_one_hop_is_shown_as_what_it_is() -> None:
    assert "Nothing was judged" in Read(page(report_of(finished([])))).text
    one = result("c1", [attempt("intent")], [score("same", "pass", "intent")], outcome=None)
    run = finished([one], run_of(hop="intent"))
    listed = listing(run, "same", 10)
    read = Read(page(Report(figures(run, "same"), listed, listed.rows({}), listed.traces({}, {}, None))))
    assert "100.0% right" in read.text
    assert "Where it breaks" not in read.text
    assert "Nobody timed this run." in read.text
    assert "No turn is wrong." in Read(page(report_of(by_letters("p")))).text


def test_a_case_that_expects_no_single_intent_leaves_the_matrix_empty() -> None:
    run = finished([right("c1")])
    found = figures(run, "turn", [case("c1", None)])
    listed = listing(run, "turn", 10)
    assert "No case expects exactly one intent." in Read(page(Report(found, listed, listed.rows({}), []))).text


def test_what_was_paid_for_is_drawn() -> None:
    free, paid = result("c1", [attempt("intent")]), result("c2", [attempt("intent", cost_usd="0.5")])
    read = Read(page(report_of(finished([free, paid]))))
    assert "All results together cost $0.5, which is $0.25 a result." in read.text
    assert sum(read.data["plots"]["cost"]["shares"]) == 1
    assert Read(page(report_of(finished([free])))).data["plots"]["cost"] is None


@pytest.mark.parametrize("amounts", [[5.0], [0.0, 0.0], [0.2, 3.0, 900.0]])
def test_each_amount_is_in_one_bin(amounts: list[float]) -> None:
    for log in (True, False):
        made: Any = page_module._histogram([*amounts, 1.0], amounts, log=log)
        assert sum(made["shares"]) == pytest.approx(1)
        assert sum(made["before"]) == pytest.approx(1)
        assert made["edges"] == sorted(set(made["edges"]))


def test_without_plotly_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setitem(sys.modules, "plotly.offline", None)
    with pytest.raises(HopdeskError, match=r"hopdesk\[evals\]"):
        page(report_of(by_letters("p")))
