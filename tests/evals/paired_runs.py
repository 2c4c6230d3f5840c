"""Runs made of letters: `p` pass, `f` fail, `u` unsure, `e` error, `-` no result, `?` not scored."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from chains.messages import HopName
from evals.finished import FinishedRun
from evals.results import CaseResult, HopResult, Label, Run, Score, Timing

_LABELS: dict[str, Label] = {"p": "pass", "f": "fail", "u": "unsure", "e": "error"}


def result(
    case_id: str,
    letter: str,
    repeat: int = 0,
    *,
    tags: Sequence[str] = (),
    text: str = "is it heavy",
    cost_usd: str = "0",
    bad: Iterable[HopName] = (),
    critique: str | None = None,
) -> CaseResult:
    """One result by the scorer `turn`; `bad` are the hops that failed by themselves."""
    key = sha256(f"{case_id} {repeat}".encode("utf-8", "surrogatepass")).hexdigest()
    hop = HopResult(
        hop="intent",
        attempt=0,
        provider="p",
        model="m",
        status="ok",
        valid=True,
        served_from="provider",
        request_key=key,
        cost_usd=cost_usd,
    )
    scored = (Score(scorer="turn", label=_LABELS[letter], critique=critique),) if letter in _LABELS else ()
    return CaseResult(
        key=key,
        run_id="r",
        case_id=case_id,
        repeat=repeat,
        split="dev",
        tags=tuple(tags),
        text=text,
        outcome={"kind": "answer" if letter == "p" else "handoff"},
        hops=(hop,),
        scores=(*(Score(scorer="hops", hop=name, label="fail") for name in bad), *scored),
        error="The model could not be reached." if letter == "e" else None,
    )


def run_of(run_id: str = "base", *, hop: HopName | None = None, cases: str = "a", repeats: int = 1) -> Run:
    """A run of the demo shop; `cases` stands for the set of cases."""
    return Run(
        run_id=run_id,
        started=datetime(2026, 11, 21, tzinfo=UTC),
        app_version="0.1.0",
        site="demo",
        hop=hop,
        cases_sha256=sha256(cases.encode()).hexdigest(),
        cases=1,
        repeats=repeats,
        scope_sha256=sha256(b"scope").hexdigest(),
        catalog_sha256="c",
    )


def finished(
    results: Iterable[CaseResult], run: Run | None = None, latencies_ms: Mapping[str, float] | None = None
) -> FinishedRun:
    """A run in memory."""
    return FinishedRun(run or run_of(), tuple(results), latencies_ms or {})


def by_letters(*cases: str, run_id: str = "base", tags: Mapping[int, Sequence[str]] | None = None) -> FinishedRun:
    """A case for each word, with a repeat for each letter; `tags` are those of the cases by place."""
    made = [
        result(f"c{place:03}", letter, repeat, tags=(tags or {}).get(place, ()))
        for place, letters in enumerate(cases)
        for repeat, letter in enumerate(letters)
        if letter != "-"
    ]
    return finished(made, run_of(run_id))


def write(run: FinishedRun, folder: Path) -> Path:
    """The folder that such a run leaves behind."""
    folder.mkdir()
    (folder / "run.json").write_text(run.run.model_dump_json(by_alias=True), encoding="utf-8")
    lines = [one.model_dump_json(by_alias=True) for one in run.results]
    (folder / "results.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    if run.latencies_ms:
        timings = [Timing(key=key, latency_ms=taken).model_dump_json() for key, taken in run.latencies_ms.items()]
        (folder / "timings.jsonl").write_text("".join(f"{line}\n" for line in timings), encoding="utf-8")
    return folder
