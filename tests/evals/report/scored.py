"""Results with hops, scores and records as the report's tests need them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from chains.messages import HopName
from chains.record import HopRecord, Redaction
from evals.cases import Case, Expectation
from evals.finished import FinishedRun
from evals.report.figures import figures
from evals.report.listing import listing
from evals.report.page import Report
from evals.results import CaseResult, HopResult, Label, Score, Timing
from evals.run_folder import RECORDS, TIMINGS, TRACE_CHARS
from tests.evals.paired_runs import run_of, write

HOSTILE = '</script><img src=x onerror="document.title=1"><b>&amp;</b>'
RTL = "שלום \u202eevil"
LONG = "Donaudampfschiff" * 40


def key_of(case_id: str, repeat: int = 0) -> str:
    return sha256(f"{case_id} {repeat}".encode()).hexdigest()


def named(intent: str, certainty: float = 0.9) -> dict[str, Any]:
    """What an intent hop says."""
    return {"ranked": [{"intent": intent, "score": certainty}], "out_of_scope": 0.05, "confidence": certainty}


def attempt(hop: HopName, **changes: Any) -> HopResult:
    plain: dict[str, Any] = {
        "hop": hop, "attempt": 1, "provider": "p", "model": "m", "status": "ok", "valid": True,
        "served_from": "embedded", "request_key": "0",
    }  # fmt: skip
    return HopResult(**(plain | changes))


def score(scorer: str, label: Label, hop: HopName | None = None, **changes: Any) -> Score:
    return Score(scorer=scorer, label=label, hop=hop, **changes)


def result(case_id: str, hops: Sequence[HopResult] = (), scores: Sequence[Score] = (), **changes: Any) -> CaseResult:
    plain: dict[str, Any] = {
        "key": key_of(case_id, changes.get("repeat", 0)), "run_id": "r", "case_id": case_id, "split": "dev",
        "text": "is it heavy", "outcome": {"kind": "answer"}, "hops": tuple(hops), "scores": tuple(scores),
    }  # fmt: skip
    return CaseResult(**(plain | changes))


def right(case_id: str, **changes: Any) -> CaseResult:
    """A turn of two hops that is right."""
    hops = (attempt("moderation"), attempt("intent", parsed=named("a.b"), certainty=0.9))
    scores = (score("moderation", "pass", "moderation"), score("intents", "pass", "intent"), score("turn", "pass"))
    return result(case_id, hops, scores, **changes)


def wrong(case_id: str, **changes: Any) -> CaseResult:
    """A turn of two hops that names the wrong intent."""
    hops = (attempt("moderation"), attempt("intent", parsed=named("c.d", 0.6), certainty=0.6))
    scores = (
        score("moderation", "pass", "moderation"),
        score("intents", "fail", "intent", critique="It is about c.d."),
        score("turn", "fail"),
    )
    return result(case_id, hops, scores, outcome={"kind": "clarify", "reason": "product"}, **changes)


def case(case_id: str, *intents: Sequence[str] | None) -> Case:
    """A case that accepts any of these sets of intents."""
    expect = tuple(Expectation(intents=None if one is None else tuple(one)) for one in intents)
    return Case(id=case_id, text="is it heavy", split="dev", expect=expect)


def record(case_id: str, hop: HopName, place: int, parsed: Any = None, **changes: Any) -> HopRecord:
    plain: dict[str, Any] = {
        "event_id": "e", "trace_id": key_of(case_id)[:TRACE_CHARS], "span_id": "s", "case_id": "c", "turn_id": "t",
        "site": "s", "app_version": "9", "contract": "Intent/1", "hop": hop, "hop_index": place, "attempt": 1,
        "op": "classify", "input": {}, "identity": "anonymous", "locale": "en",
        "now": datetime(2026, 11, 21, tzinfo=UTC),
        "provider": "p", "model": "m", "output_schema_sha256": "0", "request_key": "0", "valid": True,
        "started_ns": 0, "ended_ns": 0, "served_from": "embedded", "status": "ok", "redaction": Redaction(policy="p"),
        "scope_sha256": "0", "catalog_sha256": "0", "parsed": parsed,
    }  # fmt: skip
    return HopRecord(**(plain | changes))


def records_for(case_id: str, intent: str) -> list[HopRecord]:
    """The records of `right` and `wrong`."""
    allowed = {"action": "allow", "layer": "rules", "categories": {}, "reasons": []}
    return [record(case_id, "moderation", 0, allowed), record(case_id, "intent", 1, named(intent))]


def timed(results: Sequence[CaseResult], run_id: str = "base") -> FinishedRun:
    """A run of which each result took 10 ms, nine of them at the intent."""
    hops_ms: Mapping[str, Mapping[str, float]] = {one.key: {"moderation": 1.0, "intent": 9.0} for one in results}
    return FinishedRun(run_of(run_id), tuple(results), {one.key: 10.0 for one in results}, hops_ms)


def folder(run: FinishedRun, path: Path, records: Sequence[HopRecord] = ()) -> Path:
    """The folder of a run, with records."""
    write(run, path)
    timings = [
        Timing(key=key, latency_ms=took, hops={**run.hops_ms.get(key, {})}) for key, took in run.latencies_ms.items()
    ]
    (path / TIMINGS).write_text("".join(f"{one.model_dump_json()}\n" for one in timings), encoding="utf-8")
    lines = [one.model_dump_json(by_alias=True) for one in records]
    (path / RECORDS).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def report_of(run: FinishedRun, traces: int = 100) -> Report:
    """What a report of a run alone shows."""
    listed = listing(run, "turn", traces)
    return Report(figures(run, "turn"), listed, listed.rows({}), listed.traces({}, {}, None))
