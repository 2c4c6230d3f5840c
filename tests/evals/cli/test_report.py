"""`hopdesk evals report`, on runs that were written before."""

from dataclasses import replace
from pathlib import Path

import pytest

from evals.cases import as_line, cases_sha256
from evals.cli.report import report
from tests.evals.cli.alone import run_alone
from tests.evals.report.scored import case, folder, records_for, right, timed, wrong

pytest.importorskip("plotly")


def test_a_file_is_written_with_traces_and_intents(tmp_path: Path) -> None:
    cases = [case("c1", ["a.b"]), case("c2", ["a.b"])]
    (tmp_path / "cases.jsonl").write_text("".join(f"{as_line(one)}\n" for one in cases), encoding="utf-8")
    run = timed([wrong("c1"), right("c2")])
    run = replace(run, run=run.run.model_copy(update={"cases_sha256": cases_sha256(cases)}))
    place = folder(run, tmp_path / "run", records_for("c1", "c.d"))
    html = tmp_path / "report.html"
    found = run_alone(report, place, "--html", html, "--cases", tmp_path / "cases.jsonl", "--traces", 1)
    assert (found.exit_code, found.exception) == (0, None)
    assert "report.html" in found.stdout.replace("\n", "")
    written = html.read_text(encoding="utf-8")
    assert "c.d 0.90" in written
    assert "#cases?want=a.b&amp;got=c.d" in written
    assert "Of 2 results the first 1" in written


def test_a_base_is_compared_with(tmp_path: Path) -> None:
    base = folder(timed([right("c1")]), tmp_path / "base", records_for("c1", "a.b"))
    run = folder(timed([wrong("c1")], "new"), tmp_path / "run", records_for("c1", "c.d"))
    assert run_alone(report, run, base, "--html", tmp_path / "r.html").exit_code == 0
    written = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "Compared with the base" in written
    assert '"a.b 0.90"' in written


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--scorer", "trun"], "did you mean 'turn'"),
        (["--html", "{place}/none/r.html"], "the report cannot be written"),
        (["--cases", "{place}/other.jsonl"], "had other cases than these"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(tmp_path: Path, arguments: list[str], said: str) -> None:
    (tmp_path / "other.jsonl").write_text(f"{as_line(case('c9', []))}\n", encoding="utf-8")
    run = folder(timed([right("c1")]), tmp_path / "run")
    given = [one.format(place=tmp_path) for one in arguments]
    found = run_alone(report, run, "--html", tmp_path / "r.html", *given)
    assert said in str(found.exception)
    assert not (tmp_path / "r.html").exists()
