"""SQL over hop records: the views, and that a query reaches nothing else."""

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from chains.errors import HopdeskError
from chains.record import HopRecord, Usage
from evals.querying import VIEWS, HopLogs, open_logs
from evals.running import run_case
from tests.chains.fakes import shop_chain
from tests.evals.test_running import case

pytest.importorskip("duckdb")


def write(file: Path, *records: HopRecord) -> Path:
    file.write_text("".join(f"{record.model_dump_json(by_alias=True)}\n" for record in records), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def records() -> tuple[HopRecord, ...]:
    """Two turns: one that cost something, and one whose plan was refused."""
    good = asyncio.run(run_case(case("What does the desk lamp cost?"), shop_chain())).records
    bad = asyncio.run(run_case(case("What does the desk lamp cost?"), shop_chain(plan="{"))).records
    spent = {"op": "chat", "cost_usd": "0.00125", "usage": Usage(input_total=100, output=7)}
    paid = [record.model_copy(update=spent) if record.hop == "intent" else record for record in good]
    return (
        *(record.model_copy(update={"turn_id": "t1"}) for record in paid),
        *(record.model_copy(update={"turn_id": "t2"}) for record in bad),
    )


@pytest.fixture
def log(records: tuple[HopRecord, ...], tmp_path: Path) -> Path:
    return write(tmp_path / "hops.jsonl", *records)


@pytest.fixture
def logs(log: Path) -> Iterator[HopLogs]:
    with open_logs([log]) as opened:
        yield opened


def rows(logs: HopLogs, sql: str) -> list[tuple[object, ...]]:
    return list(logs.find(sql).rows)


def test_every_field_of_a_record_is_a_column(logs: HopLogs) -> None:
    columns = {column.name for column in logs.find("select * from hops").columns}
    assert {field.alias or name for name, field in HopRecord.model_fields.items()} <= columns
    assert {"started", "latency_ms", "intent", "prompt_version", "input_tokens", "output_tokens"} <= columns


def test_fields_keep_their_types(logs: HopLogs, records: tuple[HopRecord, ...]) -> None:
    first = records[0]
    [found] = rows(
        logs, f"select now, tags, hop_index, valid, latency_ms from hops where event_id = '{first.event_id}'"
    )
    assert found == (first.now.replace(tzinfo=None), ["hard"], 0, True, pytest.approx(first.latency_ms))


def test_what_has_a_form_of_its_own_is_json(logs: HopLogs) -> None:
    found = logs.find("select parsed, hop from hops where hop = 'intent'")
    assert [column.is_json for column in found.columns] == [True, False]
    assert rows(logs, "select distinct parsed->>'$.ranked[0].intent' from hops where hop = 'intent'") == [
        ("product.price",)
    ]


def test_a_turn_is_one_row_with_its_intent_and_cost(logs: HopLogs) -> None:
    found = rows(
        logs, "select turn_id, intent, last_hop, said, model_calls, cost_usd, input_tokens from turns order by 1"
    )
    assert found[0] == ("t1", "product.price", "outbound", True, 1, Decimal("0.00125"), 100)
    assert found[1][:2] == ("t2", "product.price")
    assert found[1][2] == "lookup"
    assert not found[1][3]


def test_failures_say_what_was_wrong_first(logs: HopLogs) -> None:
    found = rows(logs, "select turn_id, hop, status, code from failures")
    assert found
    assert {row[:3] for row in found} == {("t2", "lookup", "invalid")}
    assert all(row[3] for row in found)


def test_costs_are_told_by_intent_and_turn(logs: HopLogs) -> None:
    found = rows(
        logs, "select intent, turns, model_calls, output_tokens, cost_usd, cost_usd_per_turn from cost_by_intent"
    )
    assert found == [("product.price", 2, 1, 7, Decimal("0.00125"), pytest.approx(0.000625))]


def test_several_files_and_run_folders_are_one_log(log: Path, records: tuple[HopRecord, ...], tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    write(run / "records.jsonl", *records)
    with open_logs([log, run]) as logs:
        assert rows(logs, "select count(*) from hops") == [(2 * len(records),)]


def test_a_name_with_wildcards_is_one_file(records: tuple[HopRecord, ...], tmp_path: Path) -> None:
    write(tmp_path / "a'[1]*.jsonl", *records)
    write(tmp_path / "a'[1]b.jsonl", *records)
    with open_logs([tmp_path / "a'[1]*.jsonl"]) as logs:
        assert rows(logs, "select count(*) from hops") == [(len(records),)]


def test_parquet_that_was_written_reads_back_alike(log: Path, tmp_path: Path) -> None:
    parquet = tmp_path / "hops.parquet"
    with open_logs([log], parquet) as logs:
        before = rows(logs, "select * from hops order by event_id")
        assert logs.write_parquet("select * from hops", parquet) == len(before)
    with open_logs([parquet]) as logs:
        assert rows(logs, "select * from hops order by event_id") == before


def test_an_empty_log_has_no_rows(tmp_path: Path) -> None:
    with open_logs([write(tmp_path / "none.jsonl")]) as logs:
        assert all(rows(logs, f"select * from {view}") == [] for view in VIEWS)


@pytest.mark.parametrize(
    "sql",
    [
        "select * from read_text('{secret}')",
        "select * from '{secret}'",
        "select * from glob('{folder}/*')",
        "with x as (copy (select 1) to '{secret}') select 1",
        "select * from read_json('{log}')",
        "with x as (copy (select 1) to '{log}') select 1",
        "with x as (insert into records select * from records returning 1) select * from x",
        "select * from 'http://127.0.0.1:9/x.csv'",
        "select * from duckdb_secrets()",
        "copy (select 1) to '{secret}'",
        "attach '{folder}/x.db'",
        "install httpfs",
        "set enable_external_access = true",
        "drop table records",
        "select 1; select 2",
        "",
    ],
)
def test_a_query_reads_the_records_and_nothing_else(log: Path, tmp_path: Path, sql: str) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("secret", encoding="utf-8")
    before = log.read_bytes()
    with open_logs([log]) as logs, pytest.raises(HopdeskError):
        list(logs.find(sql.format(secret=secret, folder=tmp_path, log=log)).rows)
    assert secret.read_text(encoding="utf-8") == "secret"
    assert log.read_bytes() == before


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("selec 1", "syntax error"),
        ("select nope from hops", 'column "nope" not found'),
        ("select * from hopps", "hopps"),
        ("select cast(hop as int) from hops", "moderation"),
    ],
)
def test_a_mistake_is_said_with_the_views_that_there_are(logs: HopLogs, sql: str, said: str) -> None:
    with pytest.raises(HopdeskError, match=said) as raised:
        list(logs.find(sql).rows)
    assert "The views are hops, turns, failures, cost_by_intent" in str(raised.value)


def test_files_that_are_no_logs_are_refused_by_name(log: Path, tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("no record\n", encoding="utf-8")
    parquet = tmp_path / "x.parquet"
    parquet.write_bytes(b"none")
    for file, said in ((text, "as JSON Lines"), (parquet, "a Parquet file"), (tmp_path / "gone", "no such file")):
        with pytest.raises(HopdeskError, match=said), open_logs([file]):
            pass
    with pytest.raises(HopdeskError, match="is being read"), open_logs([log], log):
        pass


def test_without_duckdb_it_says_what_to_install(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "duckdb", None)
    with pytest.raises(HopdeskError, match=r"pip install 'hopdesk\[evals\]'"), open_logs([log]):
        pass
