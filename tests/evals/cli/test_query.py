"""`hopdesk hops query`, on a file of records and on the ledger."""

import csv
import io
import json
from pathlib import Path

import pytest

from tests.assistant.cli.conftest import Run

pytest.importorskip("duckdb")
QUERY = ("hops", "query")
COUNTED = "select hop, count(*) as n, any_value(input) as given from hops group by hop order by min(started_ns)"


@pytest.fixture
def log(run: Run, tmp_path: Path) -> Path:
    """The records of one turn, in the ledger and in a file."""
    file = tmp_path / "hops.jsonl"
    assert run("ask", "How much memory does the Aurel Nova 14 have?").exit_code == 0
    assert run("hops", "export", "-o", file).exit_code == 0
    return file


def test_a_table_is_printed(run: Run, log: Path) -> None:
    result = run(*QUERY, COUNTED, "--from", log)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.split()[:3] == ["hop", "n", "given"]
    assert "moderation" in result.stdout


def test_without_a_file_the_ledger_is_asked(run: Run, log: Path) -> None:
    assert run(*QUERY, COUNTED).stdout == run(*QUERY, COUNTED, "--from", log).stdout


def test_programs_get_json_with_records_as_such(run: Run, log: Path) -> None:
    rows = json.loads(run(*QUERY, COUNTED, "--from", log, "--json").stdout)
    assert [row["hop"] for row in rows][:3] == ["moderation", "intent", "lookup"]
    assert rows[0]["given"]["text"] == "How much memory does the Aurel Nova 14 have?"
    assert json.loads(run(*QUERY, "select 1 where false", "--from", log, "--json").stdout) == []


def test_csv_has_a_line_a_row(run: Run, log: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(run(*QUERY, COUNTED, "--from", log, "--csv").stdout)))
    assert {row["hop"]: row["n"] for row in rows}["intent"] == "1"
    assert json.loads(rows[0]["given"])["locale"] == "en"


def test_parquet_is_written_and_read_again(run: Run, log: Path, tmp_path: Path) -> None:
    parquet = tmp_path / "hops.parquet"
    written = run(*QUERY, "select * from hops", "--from", log, "--parquet", parquet)
    assert written.stderr == f"7 rows written to {parquet}\n"
    assert (
        run(*QUERY, COUNTED, "--from", parquet, "--csv").stdout == run(*QUERY, COUNTED, "--from", log, "--csv").stdout
    )


def test_numbers_are_readable_and_long_tables_are_cut(run: Run, log: Path) -> None:
    numbers = "select 1234567 as whole, 1234.50 as part, 2.0 as even, null as none, 'x' as word"
    assert run(*QUERY, numbers, "--from", log).stdout.split()[5:] == ["1,234,567", "1,234.5", "2", "x"]
    long = run(*QUERY, "select range as n from range(1001)", "--from", log).stdout
    assert " 999 \n" in long
    assert " 1,000 \n" not in long
    assert "These are the first 1000 rows" in long


def test_it_is_listed_with_the_commands_on_hops_and_nowhere_else(run: Run) -> None:
    assert "Ask hop records in SQL" in run("hops", "--help").stdout
    assert "Ask hop records in SQL" not in run("evals", "--help").stdout


def test_what_cannot_be_asked_is_said(run: Run, log: Path) -> None:
    mistake = run(*QUERY, "select nope from hops", "--from", log)
    assert (mistake.exit_code, mistake.stdout) == (1, "")
    assert "The query cannot be run." in mistake.stderr
    both = run(*QUERY, "select 1", "--csv", "--json")
    assert both.exit_code == 2
    assert "Give one of" in both.stderr
