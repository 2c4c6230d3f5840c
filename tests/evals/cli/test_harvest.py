"""`hopdesk evals harvest` on files of hop records and on a ledger."""

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from assistant.ledger import Reader
from chains.errors import ReplayError
from chains.outcomes import Decline, Withdrawn
from chains.record import HopRecord
from evals.cases import load_cases
from evals.cli.harvest import _of_ledger, harvest
from evals.harvest import Wanted
from tests.assistant.cli.conftest import Run
from tests.evals.cli.alone import run_alone
from tests.evals.test_happened import happened, line


def log(folder: Path, *texts: str) -> Path:
    """Hop records of turns that asked these things and got no further than moderation."""
    [record, *_] = happened().records
    lines = [
        line(record, turn_id=f"t{place}", input={"text": text, "locale": "en"}) for place, text in enumerate(texts)
    ]
    path = folder / "hops.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.mark.usefixtures("run")
def test_records_become_proposed_cases(tmp_path: Path) -> None:
    hops, cases = (
        log(tmp_path, "where is it", "what does it cost", "Where is it?", "I am ada@example.org"),
        tmp_path / "c",
    )
    result = run_alone(harvest, hops, "-o", cases)
    assert result.exit_code == 0, result.output
    found = load_cases(cases)
    assert {case.text for case in found} == {"where is it", "what does it cost"}
    assert all(case.proposed and case.split == "train" for case in found)
    assert "2 cases of 4 turns written to" in result.stderr
    assert "1 turns left out because something in them may be personal data" in result.stderr


@pytest.mark.usefixtures("run")
def test_filters_and_times_are_kept(tmp_path: Path) -> None:
    hops, cases = log(tmp_path, "where is it"), tmp_path / "c"
    assert run_alone(harvest, hops, "-o", cases, "--since", "2999-01-01T00:00Z").exit_code == 0
    assert load_cases(cases) == ()
    assert run_alone(harvest, hops, "-o", cases, "--since", "2020-01-01", "--hop", "moderation").exit_code == 0
    assert len(load_cases(cases)) == 1
    assert run_alone(harvest, hops, "-o", cases, "--since", "yesterday").exit_code == 2


@pytest.mark.usefixtures("run")
def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    result = run_alone(harvest, tmp_path / "none.jsonl", "-o", tmp_path / "c")
    assert isinstance(result.exception, ReplayError)
    assert "none.jsonl: the hop records cannot be read (No such file or directory)." in str(result.exception)
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    assert "not text in UTF-8" in str(run_alone(harvest, tmp_path / "bytes", "-o", tmp_path / "c").exception)


def test_the_ledger_is_harvested_where_no_file_is_given(run: Run, tmp_path: Path) -> None:
    asked = run("ask", "How do I return a lamp?")
    assert asked.exit_code == 0, asked.output
    result = run_alone(harvest, "-o", tmp_path / "c")
    assert result.exit_code == 0, result.output
    [case] = load_cases(tmp_path / "c")
    assert (case.text, case.expect[0].outcome) == ("How do I return a lamp?", "answer")
    assert case.source
    assert run_alone(harvest, "-o", tmp_path / "c", "--outcome", "decline").exit_code == 0
    assert load_cases(tmp_path / "c") == ()


def test_turns_that_are_open_withdrawn_or_without_records_are_left_out() -> None:
    declined = Decline(reason="out_of_scope", text="no")

    class FakeReader:
        def turns(self, site: str | None, since_ns: int | None) -> list[SimpleNamespace]:
            endings = (None, Withdrawn(reason="cancelled"), declined, declined)
            return [SimpleNamespace(turn_id=f"t{n}", site="shop", outcome=one) for n, one in enumerate(endings)]

        def hops(self, turn_id: str) -> list[HopRecord]:
            return [] if turn_id == "t2" else happened().records

    found = [*_of_ledger(cast("Reader", FakeReader()), Wanted())]
    assert [(turn.turn_id, turn.ending) for turn in found] == [("t3", "decline")]
