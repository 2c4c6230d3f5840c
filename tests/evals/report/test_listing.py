"""The list of results, and which of them have their traces in the file."""

from evals.compare import compare
from evals.report.listing import listing
from tests.evals.paired_runs import by_letters
from tests.evals.report.scored import case, key_of, records_for, right, timed, wrong


def test_what_got_worse_and_what_failed_comes_first() -> None:
    base = by_letters("p", "f", "f", "p", "p", "u")
    run = by_letters("p", "p", "f", "f", "e", "u", run_id="new")
    listed = listing(run, "turn", 3, compare(base, run))
    assert [one.case_id for one in listed.results] == ["c003", "c002", "c004", "c001", "c005", "c000"]
    assert listed.keys == tuple(one.key for one in listed.results[:3])
    assert listed.base_keys == (key_of("c003"),)
    assert [row["flip"] for row in listed.rows({})] == ["worse", None, None, "better", None, None]


def test_without_a_base_nothing_flipped() -> None:
    listed = listing(by_letters("p", "ff"), "turn", 100)
    assert [(row["id"], row["repeat"]) for row in listed.rows({})] == [("c001", 0), ("c001", 1), ("c000", 0)]
    assert (listed.traced, listed.base_keys) == (3, ())


def test_a_row_says_what_can_be_filtered_by() -> None:
    [row, other] = listing(timed([wrong("c1", tags=("t",), text="x" * 400), right("c2")]), "turn", 0).rows(
        {"c1": case("c1", ["a.b"])}
    )
    assert row == {
        "id": "c1",
        "repeat": 0,
        "text": "x" * 300 + "…",
        "label": "fail",
        "tags": ["t"],
        "outcome": "clarify / product",
        "from": "moderation",
        "to": "intent",
        "bad": ["intent"],
        "want": "a.b",
        "got": "c.d",
        "flip": None,
    }
    assert (other["want"], other["to"], other["text"]) == (None, None, "is it heavy")


def test_an_unscored_result_is_listed_as_such() -> None:
    [row] = listing(by_letters("?"), "turn", 0).rows({})
    assert row["label"] == "unscored"


def test_a_flip_has_the_trace_of_the_base_beside_it() -> None:
    base, run = timed([right("c1"), right("c2")]), timed([wrong("c1", text="x" * 400), right("c2")], "new")
    listed = listing(run, "turn", 2, compare(base, run))
    records, before = {key_of("c1"): records_for("c1", "c.d")}, {key_of("c1"): records_for("c1", "a.b")}
    flipped, same = listed.traces(records, before, base)
    assert flipped["parts"] == "intent"
    assert flipped["text"] == "x" * 400
    assert isinstance(flipped["base"], dict)
    assert "a.b 0.90" in str(flipped["base"]["hops"])
    assert "c.d 0.90" in str(flipped["hops"])
    assert "base" not in same
