"""What the trace says of attempts that are no plain success."""

import io
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import JsonValue
from rich.console import Console

from assistant.cli.show_trace import decided, show_hops
from chains.facts import Evidence, Query
from chains.record import CalledTool, HopRecord, PromptRef, Redaction, Usage
from moderation import Failure

CLAIM = {"kind": "not_found", "record": "R"}


@pytest.mark.parametrize(
    ("changes", "lines"),
    [
        ({"validation_errors": (Failure(path="calls", code="x", msg="name tools"),)}, ["calls: name tools"]),
        ({"validation_errors": (Failure(path="", code="x", msg="no JSON"),)}, ["Plan/1: no JSON"]),
        ({"error_type": "TimeoutError"}, ["TimeoutError"]),
        ({"parsed": {"needs": "product", "candidates": ["A", "B"]}}, ["needs product: A, B"]),
        ({"parsed": {"needs": "details"}}, ["needs details"]),
        ({"parsed": {"steps": 3}}, ["Plan/1 of version 9, which this version cannot read"]),
        (
            {
                "hop": "moderation",
                "parsed": {"action": "block", "layer": "rules", "categories": {"fraud": 0.9}, "reasons": ["It lies."]},
            },
            ["block by rules: fraud 0.90", "It lies."],
        ),
        (
            {
                "hop": "intent",
                "parsed": {
                    "ranked": [{"intent": "a.b", "score": 0.7}], "second": {"intent": "c.d", "score": 0.6},
                    "out_of_scope": 0.1, "language": "de",
                },
            },
            ["a.b 0.70", "also c.d 0.60", "out of scope 0.10, language de"],
        ),
        (
            {
                "hop": "grounding",
                "parsed": {"parts": [{"intent": "a.b", "sentences": [{"text": "x" * 200, "claim": "quote"}]}]},
            },
            ["plain: " + "x" * 90 + "…"],
        ),
        (
            {"hop": "response", "parsed": {"parts": [{"intent": "a.b", "claims": [CLAIM]}], "products": ["R"]}},
            ["not_found R", "shows R"],
        ),
    ],
)  # fmt: skip
def test_an_attempt_says_what_it_came_to(changes: dict[str, Any], lines: Sequence[str]) -> None:
    assert list(decided(_record(**changes))) == lines


def test_calls_are_shown_with_their_arguments_and_what_they_found() -> None:
    arguments: dict[str, JsonValue] = {
        "filters": [{"field": "memory", "op": "ge", "value": 16, "unit": "GB"}],
        "other": {"deep": 1},
    }
    calls: list[JsonValue] = [
        {"name": "search", "call_id": f"call_{number}", "intent": "a.b", "arguments": arguments} for number in range(4)
    ]
    query = Query(id="q:1", noun="laptops", records=(), total=5, exact=True)
    done = (
        CalledTool(name="search", call_id="call_0", intent="a.b", arguments={}, result=Evidence(queries=(query,))),
        CalledTool(name="search", call_id="call_1", intent="a.b", arguments={}, error="It is down."),
        CalledTool(name="search", call_id="call_2", intent="a.b", arguments={}, result=Evidence()),
    )
    record = _record(parsed={"calls": calls}, tool_calls=done)
    call = "search(filters=[memory ge 16 GB], other={deep=1})"
    assert list(decided(record)) == [
        call, "  found 5 matches", call, "  It is down.", call, "  found nothing", call
    ]  # fmt: skip


def shown(*records: HopRecord, timed: bool = True) -> str:
    written = io.StringIO()
    show_hops(records, Console(file=written, width=160), timed=timed)
    return " ".join(written.getvalue().split())


def test_where_a_reply_came_from_is_said_where_it_is_not_its_model() -> None:
    assert "from" not in shown(_record(served_from="provider", model="openai/x"))
    assert "from cache" in shown(_record(served_from="cache", model="openai/x"))


def test_records_without_times_are_shown_without_them() -> None:
    assert shown(_record()).startswith("1 attempts, 1.0 ms hop try ms model")
    assert shown(_record(), timed=False).startswith("1 attempts hop try model")
    assert "ms" not in shown(_record(), timed=False)


def test_what_language_models_cost_is_told_where_one_was_asked() -> None:
    prompt = PromptRef(name="intent", version="1", template_sha256="0", vars={})
    usage = Usage(input_total=1200, output=34)
    paid = _record(prompt=prompt, usage=usage, cost_usd="0.0012", price_table_sha256="0", served_from="provider")
    assert "USD" not in shown(_record())
    assert "1 of them of language models, 1,234 tokens, 0.0012 USD" in shown(_record(), paid)
    assert "1200+34" in shown(paid)
    free = _record(prompt=prompt, usage=usage, served_from="provider")
    assert "unknown" in shown(free)
    assert "and what has no known price" in shown(free)


def test_an_output_that_did_not_decide_is_unsure_and_says_below_which_threshold() -> None:
    said = shown(_record(decides=False, threshold=0.9, certainty=0.85))
    assert "unsure" in said
    assert "0.85 sure, below 0.9" in said


def test_a_model_that_failed_says_why() -> None:
    failed = _record(status="error", valid=False, error_type="ModelLate", error="It took too long.")
    assert "It took too long." in shown(failed)
    assert "ModelLate" in shown(failed.model_copy(update={"error": None}))


def _record(**changes: Any) -> HopRecord:
    plain: dict[str, Any] = {
        "event_id": "e", "trace_id": "t", "span_id": "s", "case_id": "c", "turn_id": "t", "site": "s",
        "app_version": "9", "contract": "Plan/1", "hop": "lookup", "hop_index": 2, "attempt": 1, "op": "plan",
        "input": {}, "identity": "anonymous", "locale": "en", "now": datetime.now(UTC), "provider": "p", "model": "m",
        "output_schema_sha256": "0", "request_key": "0", "valid": True, "started_ns": 0, "ended_ns": 1_000_000,
        "served_from": "embedded", "status": "ok", "redaction": Redaction(policy="p"), "scope_sha256": "0",
        "catalog_sha256": "0",
    }  # fmt: skip
    return HopRecord(**(plain | changes))
