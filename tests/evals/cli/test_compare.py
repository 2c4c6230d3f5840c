"""`hopdesk evals compare`, on runs that were written before."""

import json
from pathlib import Path

from tests.evals.cli.comparing import BASE, TAGS, WORSE, invoke, written
from tests.evals.paired_runs import by_letters, finished, result, run_of, write


def test_all_that_differs_is_shown(tmp_path: Path) -> None:
    base = write(by_letters(*["pp"] * 25, "fp", tags=TAGS, run_id="base"), tmp_path / "base")
    candidate = by_letters(*["pf"] * 25, "p-", tags=TAGS, run_id="candidate")
    found = invoke("compare", base, write(candidate, tmp_path / "candidate"))
    assert (found.exit_code, found.stderr) == (0, "")
    said = " ".join(found.stdout.split())
    assert "candidate against base: 26 cases judged by 'turn' on both sides" in said
    assert "1 cases better, 25 worse, McNemar p = " in said
    assert "Worse: 25, of which the first 20" in said
    assert "answer -> handoff" in said
    assert "pass^2" in said
    assert "Tags (not corrected" in said
    assert "Not compared: 1" in said


def test_time_cost_and_hops_are_shown_where_they_are_known(tmp_path: Path) -> None:
    base = [result(f"c{place}", "p", cost_usd="0.5", text="long " * 30) for place in range(12)]
    candidate = [result(f"c{place}", "f", cost_usd="0.25", bad=["lookup"]) for place in range(12)]
    latencies = {one.key: 10.0 for one in base}
    folders = [
        write(finished(base, latencies_ms=latencies), tmp_path / "base"),
        write(finished(candidate, run_of("new", cases="b"), latencies_ms=latencies), tmp_path / "new"),
    ]
    said = " ".join(invoke("compare", *folders).stdout.split())
    assert "time a turn x 1.00 1.00 to 1.00 10 ms before, 10 ms now" in said
    assert "cost a turn x 0.50 0.50 to 0.50 0.5 USD before, 0.25 USD now" in said
    assert "lookup 0 12" in said
    assert "long…" in said.replace("long …", "long…")
    assert "did not have the same cases" in said


def test_programs_get_everything(tmp_path: Path) -> None:
    runs = written(tmp_path, BASE, "base"), written(tmp_path, WORSE, "candidate")
    found = json.loads(invoke("compare", *runs, "--json").stdout)
    assert (found["schema"], found["judged_cases"], found["worse"]) == ("comparison/1", 119, 40)
    assert found["worse_flips"][0]["base"]["case_id"] == "c060"


def test_few_cases_with_a_cost_have_no_interval_of_it(tmp_path: Path) -> None:
    base = write(finished([result("c1", "p", cost_usd="0.5")]), tmp_path / "base")
    assert "cost a turn x 1.00 0.5 USD before" in " ".join(invoke("compare", base, base).stdout.split())


def test_another_scorer_is_answered_by_the_nearest(tmp_path: Path) -> None:
    base = written(tmp_path, "p", "base")
    found = invoke("compare", base, base, "--scorer", "trun")
    assert (found.exit_code, found.stdout) == (1, "")
    assert "did you mean 'turn'?" in found.stderr
