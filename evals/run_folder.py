"""A run's folder on disk: results are appended as they come, and sorted when all are there.

A run that was killed at any moment and resumed ends with the same bytes in `results.jsonl` and `records.jsonl` as one
that was not, for three reasons. Each result has a key that says what it is the result of, so that it is known what
is done. A result is written after its records, and what is on disk without its result is dropped when the folder is
opened. And `without_chance` takes out of the records what differs from one execution to the next:

* a record's `trace_id` is the start of its result's key, and `event_id` and `span_id` are worked out from the key and
  the record's place; `started_ns` and `ended_ns` are the moment at which the turn took place (`now`), because how
  long things took is in `timings.jsonl`; `response_id`, `usage_raw`, `ttft_ms` and `retries`, which are the provider's
  own, are left out;
* records stand in the order of the hops, because those that run side by side end in any order, and what comes after
  moderation names its local layers as upstream, because the others run beside it;
* where moderation refused, what ran beside it is left out: how far it came is chance, and it was not used.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from heapq import merge
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import numpy as np
from pydantic import ValidationError
from ulid import ULID

from chains.contract import Contract
from chains.errors import HopdeskError
from chains.messages import HOPS
from chains.record import HopRecord, Sha256, Upstream
from evals.cases import first_problem
from evals.results import CaseResult, Run, Timing

LineT = TypeVar("LineT", bound=Contract)

RUN, RESULTS, RECORDS, TIMINGS = "run.json", "results.jsonl", "records.jsonl", "timings.jsonl"
JUDGEMENTS, PREFERENCES = "judgements.jsonl", "preferences.jsonl"  # what judges said of them
TRACE_CHARS = 32  # a trace id's, as in OpenTelemetry; 128 bits of the key
_KEY = re.compile(rb'"key":"([0-9a-f]{32})[0-9a-f]{32}"')
_TRACE = re.compile(rb'"trace_id":"([0-9a-f]{32})"')
_PLACE = re.compile(rb'"hop_index":([0-9]+)')
_NO_ERROR = b'"error":null}\n'  # how the line of a result ends that is none
_CHUNK_BYTES = 16 * 1024 * 1024
_LINE_BYTES = 200  # what a line in memory takes besides its text: two objects, and the key that it is sorted by
# Inside a JSON string each quote has a backslash before it, so none of these patterns is found in a text.


class RunError(HopdeskError):
    """The folder of a run cannot be used, or not together with another run."""


@dataclass(frozen=True)
class Done:
    """What one case came to: its result, its records without chance, and how long it took."""

    result: CaseResult
    records: tuple[HopRecord, ...]
    timing: Timing

    def failed_by(self, error_type: str) -> bool:
        """Whether an attempt failed by an error of this name."""
        return any(record.error_type == error_type for record in self.records)


def without_chance(records: Sequence[HopRecord], key: Sha256, *, refused: bool = False) -> tuple[HopRecord, ...]:
    """The records of one result, in the order of the hops, without what differs between two executions.

    `refused`: moderation ended the turn.
    """
    in_use = [record for record in records if record.hop == "moderation" or not refused]
    kept = sorted(in_use, key=lambda record: HOPS.index(record.hop))
    ids = {record.event_id: _event_id(record, key, place) for place, record in enumerate(kept)}
    local = next((ids[r.event_id] for r in reversed(kept) if r.hop == "moderation" and _is_local(r)), None)
    return tuple(_plain(record, key, place, ids, local) for place, record in enumerate(kept))


def _is_local(record: HopRecord) -> bool:
    return record.served_from == "embedded"


def _plain(
    record: HopRecord, key: Sha256, place: int, ids: Mapping[str, str], local_moderation: str | None
) -> HopRecord:
    at_ns = int(record.now.timestamp()) * 1_000_000_000

    def renamed(up: Upstream) -> Upstream:
        if up.event_id not in ids:  # of the record that is run again, which does not change
            return up
        event_id = local_moderation if up.hop == "moderation" and local_moderation else ids[up.event_id]
        return up.model_copy(update={"event_id": event_id})

    return record.model_copy(
        update={
            "event_id": ids[record.event_id],
            "trace_id": key[:TRACE_CHARS],
            "span_id": sha256(f"{key}/{place}".encode()).hexdigest()[:16],
            "hop_index": place,
            "upstream": tuple(renamed(up) for up in record.upstream),
            "started_ns": at_ns,
            "ended_ns": at_ns,
            "response_id": None,
            "usage_raw": None,
            "ttft_ms": None,
            "retries": 0,
        }
    )


def _event_id(record: HopRecord, key: Sha256, place: int) -> str:
    """A ULID of the moment at which the turn took place, whose random part is a digest of key and place."""
    made_ms = int(record.now.timestamp()) * 1000
    return str(ULID.from_bytes(made_ms.to_bytes(6, "big") + sha256(f"{key}:{place}".encode()).digest()[:10]))


class RunFolder:
    """A folder to which results are appended; the keys of those that are there already are `in` it.

    Memory does not grow with the results, but for 32 bytes for each that was there when the folder was opened.
    """

    def __init__(self, path: Path, run: Run) -> None:
        """Open the files for appending; use `create` or `open`."""
        self.path = path
        self.run = run
        self._done = _keys(path / RESULTS)
        self._files = {name: (path / name).open("ab", buffering=0) for name in (RECORDS, TIMINGS, RESULTS)}

    @classmethod
    def create(cls, path: Path, run: Run) -> Self:
        """A new folder; raises `HopdeskError` where there is a run in it, or it cannot be written."""
        if (path / RUN).exists():
            raise HopdeskError(f"{path}: there is a run in this folder; go on with it by --resume, or name another -o.")
        try:
            path.mkdir(parents=True, exist_ok=True)
            for name in (RESULTS, RECORDS, TIMINGS):
                (path / name).unlink(missing_ok=True)
            write_run(path, run)
            return cls(path, run)
        except OSError as error:
            raise HopdeskError(
                f"{path}: the run cannot be written there ({error.strerror}); name another -o."
            ) from None

    @classmethod
    def open(cls, path: Path, *, again: bool = True) -> Self:
        """A folder that was left, to go on with it: without torn lines, and without records whose result is missing.

        Results that are errors are dropped too where `again` is set, so that their cases run again.
        """
        run = run_of(path)
        for name in (RESULTS, RECORDS, TIMINGS):
            (path / name).touch()
        _rewrite(
            path / RESULTS, (line for line in whole_lines(path / RESULTS) if line.endswith(_NO_ERROR) or not again)
        )
        done = _keys(path / RESULTS)
        for name, pattern in ((RECORDS, _TRACE), (TIMINGS, _KEY)):
            lines = whole_lines(path / name)
            _rewrite(path / name, (line for line in lines if _is_in(_found(pattern, line), done)))
        return cls(path, run)

    def __contains__(self, key: Sha256) -> bool:
        return _is_in(key[:TRACE_CHARS].encode(), self._done)

    def __len__(self) -> int:
        """How many results were there when the folder was opened."""
        return len(self._done)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def append(self, done: Done) -> None:
        """Write one result with its records; its own line goes last, so that it is there only where all is."""
        records = b"".join(record.model_dump_json(by_alias=True).encode() + b"\n" for record in done.records)
        self._files[RECORDS].write(records)
        self._files[TIMINGS].write(done.timing.model_dump_json().encode() + b"\n")
        self._files[RESULTS].write(done.result.model_dump_json(by_alias=True).encode() + b"\n")

    def close(self) -> None:
        """Close the files; everything that was appended is on disk already."""
        for file in self._files.values():
            file.close()

    def finish(self) -> Run:
        """Sort results, records and timings by key, write how many cases there are, and close the folder."""
        self.close()
        for name in (RESULTS, RECORDS, TIMINGS):
            sort_file(self.path / name)
        results = sum(1 for _ in whole_lines(self.path / RESULTS))
        self.run = self.run.model_copy(update={"cases": results // self.run.repeats})
        write_run(self.path, self.run)
        return self.run


def run_of(path: Path) -> Run:
    """What a folder is a run of; raises `RunError` where it holds none."""
    try:
        return Run.model_validate_json((path / RUN).read_bytes())
    except OSError as error:
        raise RunError(f"{path}: there is no run in this folder ({error.strerror}); name another.") from None
    except ValidationError as error:
        raise RunError(f"{path / RUN}: this is no run of this version (problems: {error.error_count()}).") from None


def read_results(path: Path) -> Iterator[CaseResult]:
    """The results in a folder, one after the other; a torn last line is left out.

    Raises `RunError` naming the file, and the first line of it that is no result.
    """
    return _read_lines(CaseResult, path / RESULTS)


def read_timings(path: Path) -> Iterator[Timing]:
    """The timings in a folder in the same manner; none where nobody timed the run."""
    return _read_lines(Timing, path / TIMINGS) if (path / TIMINGS).exists() else iter(())


def _read_lines(kind: type[LineT], path: Path) -> Iterator[LineT]:
    try:
        for number, line in enumerate(whole_lines(path), start=1):
            yield _read(kind, line, f"{path} line {number}")
    except OSError as error:
        raise RunError(f"{path}: the run cannot be read ({error.strerror}); run the cases again.") from None


def _read(kind: type[LineT], line: bytes, where: str) -> LineT:
    try:
        return kind.model_validate_json(line)
    except ValidationError as error:
        raise RunError(f"{where}: {first_problem(error)}; run the cases again.") from None


def whole_lines(path: Path) -> Iterator[bytes]:
    """The lines of a file that end in a line break; what a kill left of the last one does not."""
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield line


def sort_file(path: Path) -> None:
    """Sort a run's file by key, and by place within it; the same key twice is the same result, and kept once."""
    sort_files([path], path)


def sort_files(sources: Iterable[Path], target: Path) -> None:
    """Write the lines of run files into one, sorted; pieces of 16 MB are sorted in memory and merged from disk."""
    pieces: list[Path] = []
    try:
        for chunk in _chunks(line for source in sources for line in whole_lines(source)):
            pieces.append(target.with_name(f"{target.name}.{len(pieces)}.part"))
            with pieces[-1].open("wb") as file:
                chunk.sort(key=_order)
                file.writelines(chunk)
            chunk.clear()  # before the next one is read
        _rewrite(target, _once(merge(*(whole_lines(piece) for piece in pieces), key=_order)))
    finally:
        for piece in pieces:
            piece.unlink()


def _order(line: bytes) -> tuple[bytes, int]:
    if trace := _TRACE.search(line):
        place = _PLACE.search(line)
        return trace[1], int(place[1]) if place else 0
    return _found(_KEY, line), 0


def _once(lines: Iterable[bytes]) -> Iterator[bytes]:
    before = None
    for line in lines:
        if (order := _order(line)) != before:
            yield line
        before = order


def _chunks(lines: Iterable[bytes]) -> Iterator[list[bytes]]:
    chunk: list[bytes] = []
    size = 0
    for line in lines:
        chunk.append(line)
        size += len(line) + _LINE_BYTES
        if size >= _CHUNK_BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


Keys = np.ndarray[tuple[int], np.dtype[np.bytes_]]


def _keys(path: Path) -> Keys:
    """The starts of the keys in a file of results, sorted; empty where there is no file yet."""
    packed = bytearray()
    if path.exists():
        for line in whole_lines(path):
            packed += _found(_KEY, line)
    return np.sort(np.frombuffer(bytes(packed), dtype=f"S{TRACE_CHARS}"))


def _is_in(key: bytes, keys: Keys) -> bool:
    place = int(np.searchsorted(keys, np.bytes_(key))) if len(keys) else 0
    return place < len(keys) and bool(keys[place] == key)


def _found(pattern: re.Pattern[bytes], line: bytes) -> bytes:
    """The start of the key in a line; empty where a line is damaged."""
    found = pattern.search(line)
    return found[1] if found else b""


def _rewrite(path: Path, lines: Iterable[bytes]) -> None:
    """Replace a file in one step, so that a kill leaves either the old one or the new one."""
    new = path.with_name(f"{path.name}.new")
    with new.open("wb") as file:
        file.writelines(lines)
    new.replace(path)


def write_run(path: Path, run: Run) -> None:
    """Write what a folder is a run of."""
    _rewrite(path / RUN, [run.model_dump_json(by_alias=True, indent=2).encode() + b"\n"])
