"""A finished run in memory, read from its folder (see `evals.results`)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from chains.contract import Contract
from chains.errors import HopdeskError
from evals.results import CaseResult, Run, Timing

ContractT = TypeVar("ContractT", bound=Contract)


class RunError(HopdeskError):
    """The folder of a run cannot be used, or not together with another run."""


@dataclass(frozen=True)
class FinishedRun:
    """A run with its results; `latencies_ms` are milliseconds by the key of a result, empty where nobody timed them."""

    run: Run
    results: tuple[CaseResult, ...]
    latencies_ms: Mapping[str, float]


def finished_run(folder: Path) -> FinishedRun:
    """Read a run's folder; raises `RunError` naming the file, and the first line that is wrong."""
    if not folder.is_dir():
        raise RunError(f"{folder}: there is no such folder; give the one that a run was written to.")
    timings = folder / "timings.jsonl"
    return FinishedRun(
        run=_parsed(Run, _read(folder / "run.json"), str(folder / "run.json")),
        results=tuple(_lines(CaseResult, folder / "results.jsonl")),
        latencies_ms={one.key: one.latency_ms for one in _lines(Timing, timings)} if timings.exists() else {},
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise RunError(f"{path}: the run cannot be read ({error.strerror}); run the cases again.") from None


def _lines(kind: type[ContractT], path: Path) -> Iterator[ContractT]:
    for number, line in enumerate(_read(path).split(b"\n"), start=1):
        if line.strip():
            yield _parsed(kind, line, f"{path} line {number}")


def _parsed(kind: type[ContractT], text: bytes, where: str) -> ContractT:
    try:
        return kind.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        key = ".".join(str(step) for step in first["loc"])
        raise RunError(f"{where}: {key or 'the line'}: {first['msg']}; run the cases again.") from None
