"""A run in Inspect AI's log format, so that its viewer opens it (`inspect view`).

Version 2 of the format: one JSON object of `version`, `status`, `eval`, `plan`, `results`, `stats` and `samples`, in
this order. A case is a sample, a repeat an epoch; scores are Inspect's letters: C is right, I is wrong, N is neither,
because nothing could be said.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from statistics import fmean
from typing import TextIO

from pydantic import JsonValue
from pydantic_core import to_json

from chains.errors import HopdeskError
from chains.language import Json
from chains.outcomes import Answer, Clarify, Decline, Handoff, Outcome
from evals.results import CaseResult, HopResult, Label, Run, Score
from evals.run_folder import read_results, run_of
from evals.running import OUTCOME

_VERSION = 2
_LETTERS: dict[Label, str] = {"pass": "C", "fail": "I", "unsure": "N", "error": "N"}


def log_name(run: Run) -> str:
    """The name of a run's log as Inspect names its own: time, task and id. The viewer lists no others."""
    return f"{run.started:%Y-%m-%dT%H-%M-%S}+00-00_hopdesk-{run.site}_{run.run_id}.json"


def write_inspect_log(folder: Path, output: Path) -> Path:
    """Write the log of a run's folder; into a folder it goes under `log_name`. Returns the file.

    Memory does not grow with the results. Raises `HopdeskError` where there is no run, or the file cannot be written.
    """
    run = run_of(folder)
    file = output / log_name(run) if output.is_dir() else output
    totals = _Totals()
    for result in read_results(folder):
        totals.add(result)
    try:
        with file.open("w", encoding="utf-8") as log:
            _write(run, totals, read_results(folder), log)
    except OSError as error:
        raise HopdeskError(f"{file}: the log cannot be written ({error.strerror}); choose another place.") from None
    return file


def _write(run: Run, totals: "_Totals", results: Iterable[CaseResult], log: TextIO) -> None:
    """The head, and then a sample at a time."""
    head: Json = {
        "version": _VERSION,
        "status": "success",
        "eval": _spec(run, totals),
        "plan": {"name": "plan", "steps": [{"solver": f"hopdesk/{run.hop or 'turn'}", "params": {**run.changes}}]},
        "results": totals.results(),
        "stats": {
            "started_at": _time(run.started),
            "completed_at": _time(run.started),
            "model_usage": totals.usage_by_model(),
        },
    }
    log.write(to_json(head).decode().removesuffix("}") + ',"samples":[')
    log.writelines(("," if place else "") + to_json(_sample(result)).decode() for place, result in enumerate(results))
    log.write("]}\n")


class _Totals:
    """What the head of a log says of all results."""

    def __init__(self) -> None:
        self.samples = 0
        self.errors = 0
        self._labels: dict[str, Counter[Label]] = {}
        self._values: dict[str, list[float]] = {}
        self._usage: dict[str, Counter[str]] = {}

    def add(self, result: CaseResult) -> None:
        """Count one result."""
        self.samples += 1
        self.errors += result.error is not None
        for score in result.scores:
            self._labels.setdefault(score.scorer, Counter())[score.label] += 1
            if score.value is not None:
                self._values.setdefault(score.scorer, []).append(score.value)
        for hop in result.hops:
            if hop.usage.input_total:
                self._usage.setdefault(hop.model, Counter()).update(_usage(hop))

    def results(self) -> Json:
        """Each scorer's share of what is right, and the mean of its values where it has any."""
        return {
            "total_samples": self.samples,
            "completed_samples": self.samples - self.errors,
            "scores": [self._score(scorer, labels) for scorer, labels in self._labels.items()],
        }

    def usage_by_model(self) -> Json:
        """Tokens by model."""
        return {model: {**usage} for model, usage in self._usage.items()}

    def _score(self, scorer: str, labels: Counter[Label]) -> Json:
        judged = labels["pass"] + labels["fail"]
        figures = {"accuracy": labels["pass"] / judged} if judged else {}
        if values := self._values.get(scorer):
            figures["mean"] = fmean(values)
        return {
            "name": scorer,
            "scorer": scorer,
            "scored_samples": judged,
            "unscored_samples": labels.total() - judged,
            "metrics": {name: {"name": name, "value": value} for name, value in figures.items()},
        }


def _spec(run: Run, totals: _Totals) -> Json:
    models = sorted({name for names in run.models.values() for name in names}) or ["embedded"]
    return {
        "eval_id": run.run_id,
        "run_id": run.run_id,
        "created": _time(run.started),
        "task": f"hopdesk-{run.site}",
        "task_id": run.run_id,
        "task_version": 0,
        "dataset": {"name": f"cases {run.cases_sha256[:12]}", "samples": totals.samples // run.repeats},
        "model": ", ".join(models),
        "config": {"epochs": run.repeats},
        "packages": {"hopdesk": run.app_version},
        "metadata": run.model_dump(mode="json", by_alias=True),
    }


def _sample(result: CaseResult) -> Json:
    said = _said(result.outcome)
    messages: list[JsonValue] = [{"role": "user", "content": result.text}]
    sample: Json = {
        "id": result.case_id,
        "epoch": result.repeat + 1,
        "input": result.text,
        "target": "",
        "messages": messages + ([{"role": "assistant", "content": said}] if said else []),
        "scores": {score.scorer: _score(score, said) for score in result.scores},
        "metadata": {
            "tags": [*result.tags],
            "split": result.split,
            "outcome": result.outcome,
            "hops": [hop.model_dump(mode="json") for hop in result.hops],
        },
        "model_usage": {hop.model: {**_usage(hop)} for hop in result.hops if hop.usage.input_total},
        "uuid": f"{result.key[:22]}",
    }
    if result.error:
        sample["error"] = {"message": result.error, "traceback": "", "traceback_ansi": ""}
    return sample


def _score(score: Score, said: str) -> Json:
    value: JsonValue = _LETTERS[score.label] if score.value is None else score.value
    about: Json = {"version": score.version, "hop": score.hop, "label": score.label}
    return {"value": value, "answer": said, "explanation": score.critique, "metadata": about}


def _usage(hop: HopResult) -> Counter[str]:
    """Tokens by Inspect's names; its `input_tokens` are without those that were read from a cache."""
    usage = hop.usage
    return Counter(
        input_tokens=usage.input_total - usage.cache_read,
        output_tokens=usage.output,
        total_tokens=usage.input_total + usage.output,
        input_tokens_cache_read=usage.cache_read,
        reasoning_tokens=usage.reasoning,
    )


def _said(outcome: JsonValue) -> str:
    """What the customer reads; empty where there is nothing."""
    if outcome is None:
        return ""
    return "\n".join(_sentences(OUTCOME.validate_json(to_json(outcome))))


def _sentences(outcome: Outcome) -> Iterator[str]:
    parts = outcome.parts if isinstance(outcome, Answer) else ()
    if isinstance(outcome, Clarify | Handoff):
        parts = outcome.answered
    yield from (sentence.text for part in parts for sentence in part.sentences)
    match outcome:
        case Clarify(question=text) | Decline(text=text) | Handoff(text=text):
            yield text
        case Answer(products=products):
            yield from (card.name for card in products)


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
