"""What each hop of a result said, for whoever drills down: as JSON, which the page shows as text alone."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from pydantic import JsonValue
from pydantic_core import from_json

from assistant.cli.show_trace import decided
from chains.language import Json
from chains.messages import HOPS
from chains.record import HopRecord, Sha256
from evals.results import CaseResult, HopResult, Score
from evals.run_folder import RECORDS, TRACE_CHARS, RunError, whole_lines

Records = Mapping[Sha256, Sequence[HopRecord]]


def records_of(folder: Path, keys: Collection[Sha256]) -> Records:
    """The records of some results in a run's folder, by key, in the order of the hops.

    Empty where the folder has no records. Raises `RunError` naming the first line that is none.
    """
    found: dict[Sha256, list[HopRecord]] = {}
    by_trace = {key[:TRACE_CHARS]: key for key in keys}
    path = folder / RECORDS
    for number, line in enumerate(whole_lines(path) if path.exists() else (), start=1):
        try:
            if (key := by_trace.get(from_json(line)["trace_id"])) is not None:
                found.setdefault(key, []).append(HopRecord.model_validate_json(line))
        except (ValueError, TypeError, KeyError):  # a `ValidationError` is a `ValueError`
            raise RunError(f"{path} line {number}: this is no hop record; run the cases again.") from None
    return found


def trace_of(result: CaseResult, records: Sequence[HopRecord], took_ms: float | None) -> Json:
    """All that is known of one result: its attempts, what they said, its outcome and its scores."""
    said = [[*decided(record)] for record in records]
    lines = said if len(said) == len(result.hops) else [[] for _ in result.hops]
    return {
        "error": result.error,
        "ms": took_ms,
        "hops": [_attempt(attempt, one) for attempt, one in zip(result.hops, lines, strict=True)],
        "outcome": result.outcome,
        "says": [*told(result.outcome)],
        "scores": [_score(score) for score in result.scores],
    }


def _attempt(attempt: HopResult, said: Iterable[str]) -> Json:
    return {
        "hop": attempt.hop,
        "attempt": attempt.attempt,
        "tier": attempt.tier,
        "model": attempt.model,
        "status": "unsure" if attempt.valid and not attempt.decides else attempt.status,
        "repaired": attempt.repaired,
        "error": attempt.error_type,
        "certainty": attempt.certainty,
        "from": attempt.served_from,
        "usd": attempt.cost_usd,
        "tokens": attempt.usage.input_total + attempt.usage.output,
        "said": [*said],
        "parsed": attempt.parsed,
    }


def _score(score: Score) -> Json:
    return {
        "scorer": score.scorer,
        "hop": score.hop,
        "label": score.label,
        "value": score.value,
        "critique": score.critique,
    }


def told(outcome: JsonValue) -> Iterable[str]:
    """The sentences of an outcome, in the order in which a customer reads them."""
    if not isinstance(outcome, dict):
        return
    for key in ("parts", "answered"):
        for part in _dicts(outcome.get(key)):
            for sentence in _dicts(part.get("sentences")):
                yield str(sentence.get("text", ""))
    for key in ("question", "text"):
        if outcome.get(key):
            yield str(outcome[key])


def _dicts(value: JsonValue) -> Iterable[dict[str, JsonValue]]:
    return (one for one in value if isinstance(one, dict)) if isinstance(value, list) else ()


def parts_at(base: CaseResult, candidate: CaseResult) -> str | None:
    """The first hop at which two results of a case part: its attempts, or what they said, are others.

    `outcome` where only that differs, None where nothing does.
    """
    for hop in HOPS:
        before, after = ([_essence(one) for one in side.hops if one.hop == hop] for side in (base, candidate))
        if before != after:
            return hop
    return "outcome" if base.outcome != candidate.outcome else None


def _essence(attempt: HopResult) -> tuple[object, ...]:
    return attempt.model, attempt.status, attempt.valid, attempt.decides, attempt.parsed
