"""What judges are asked of finished runs, and the lines that their verdicts become.

A verdict on a result is a `judgement/1` line, one on two runs' replies to the same case a `preference/1` line. Lines
are appended as they come, so that what is in the file already by the same judge is not asked again.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import to_json

from chains.language import LanguageModel
from chains.messages import HopName
from chains.outcomes import Outcome
from chains.record import HopRecord
from evals.cases import Case, Expectation
from evals.judges import Concluded, Inquiry, Judge, Question, preference, request_of
from evals.labels import (
    Candidate,
    Evaluator,
    Judgement,
    Preference,
    Target,
    read_judgements,
    read_lines,
    read_preferences,
)
from evals.observed import Observed
from evals.results import CaseResult, Score
from evals.run_folder import RECORDS, TRACE_CHARS, RunError, read_results
from evals.running import OUTCOME

_HOP_OF: dict[Question, HopName] = {"facts": "response"}  # the other questions are of whole turns
_AFTER_ALL = "~"  # after the key of any result

Line = Judgement | Preference


@dataclass(frozen=True)
class Task:
    """One thing that a judge is to be asked; `key` says which and by whom, `repeat` which of its case's repeats it is.

    `line` is what its replies become: None where there is no verdict.
    """

    key: str
    judge: str
    repeat: int
    inquiry: Inquiry[Any]
    line: Callable[[Concluded], Line | None]


def judgement_tasks(folder: Path, judges: Mapping[Question, Judge[Any]], ideals: Mapping[str, str]) -> Iterator[Task]:
    """What these judges are to be asked of a run's results, as far as there is something to ask.

    `ideals` are ideal answers by the id of the case.
    """
    for result, observed in observed_results(folder, ideals):
        for question, judge in judges.items():
            inquiry = judge.inquiry(observed)
            if inquiry is not None:
                target = _target(result, hop=_HOP_OF.get(question))
                evaluator = Evaluator(name=judge.name, version=judge.version)
                line = _judged(target, evaluator, request_of(observed))
                yield Task(_key(evaluator, target), judge.name, result.repeat, inquiry, line)


def preference_tasks(first: Path, second: Path, model: LanguageModel) -> Iterator[Task]:
    """What a judge is to be asked of two runs: which reply is better, where both replied to the same and differ."""
    others = {(result.case_id, result.repeat): _replied(result, observed) for result, observed in _all(second)}
    for result, observed in _all(first):
        asked, a = _replied(result, observed)
        asked_there, b = others.get((result.case_id, result.repeat), (None, None))
        if a and b and asked == asked_there and a.text != b.text:
            inquiry = preference(asked, a, b, model)
            evaluator = Evaluator(name=inquiry.asking.name, version=inquiry.asking.version)
            yield Task(_pair_key(evaluator, a, b), evaluator.name, result.repeat, inquiry, _preferred)


def done_already(path: Path, *, pairs: bool) -> dict[str, str]:
    """The verdicts in a file of judgements, or of preferences (`pairs`), by the key of their task.

    Empty where there is no file; raises `LabelError` naming the first line that is none.
    """
    if not path.exists():
        return {}
    if pairs:
        return {_pair_key(one.evaluator, one.a, one.b): one.preferred for one in read_preferences(path)}
    return {_key(one.evaluator, one.target): one.label for one in read_judgements(path)}


def observed_results(folder: Path, ideals: Mapping[str, str]) -> Iterator[tuple[CaseResult, Observed]]:
    """The results of a finished run with what they are judged by; memory does not grow with them.

    Raises `RunError` where the run is not finished, or a file of it cannot be used, and `LabelError` naming the line
    that is no hop record.
    """
    records = groupby(read_lines(folder / RECORDS, HopRecord, "hop/1"), key=lambda record: record.trace_id)
    trace, of_trace = next(records, (_AFTER_ALL, iter(())))
    before = ""
    for result in read_results(folder):
        key = result.key[:TRACE_CHARS]
        if key <= before:  # both files are sorted by key when a run ends
            raise RunError(f"{folder}: this run is not finished; go on with it by --resume.")
        while trace < key:
            trace, of_trace = next(records, (_AFTER_ALL, iter(())))
        yield result, _observed(result, tuple(of_trace) if trace == key else (), ideals.get(result.case_id))
        before = key


def _all(folder: Path) -> Iterator[tuple[CaseResult, Observed]]:
    return observed_results(folder, {})


def _observed(result: CaseResult, records: Sequence[HopRecord], ideal: str | None) -> Observed:
    case = Case(
        id=result.case_id,
        text=result.text,
        tags=result.tags,
        split=result.split,
        expect=(Expectation(),),
        ideal=ideal,
    )
    return Observed(case, _outcome(result), tuple(records), error=result.error)


def _outcome(result: CaseResult) -> Outcome | None:
    if result.outcome is None:
        return None
    try:
        return OUTCOME.validate_json(to_json(result.outcome))
    except ValidationError:
        raise RunError(
            f"The outcome of the case {result.case_id!r} is of another version; run the cases again."
        ) from None


def _replied(result: CaseResult, observed: Observed) -> tuple[str, Candidate | None]:
    """What was asked, and the reply; None where there is none to compare."""
    said = None if observed.failure_until(None) else observed.said
    response = observed.last("response")
    target = _target(result, event_id=response.event_id if response else None)
    return request_of(observed), Candidate(text=said, target=target) if said else None


def _target(result: CaseResult, *, hop: HopName | None = None, event_id: str | None = None) -> Target:
    return Target(case_id=result.case_id, run_id=result.run_id, repeat=result.repeat, hop=hop, event_id=event_id)


def _judged(target: Target, evaluator: Evaluator, text: str) -> Callable[[Concluded], Judgement | None]:
    def line(concluded: Concluded) -> Judgement | None:
        said = concluded.said
        if not isinstance(said, Score) or said.label == "error":
            return None
        return Judgement(
            target=target, evaluator=evaluator, kind="llm", label=said.label, critique=said.critique, text=text
        )

    return line


def _preferred(concluded: Concluded) -> Preference | None:
    return concluded.said if isinstance(concluded.said, Preference) else None


def _key(evaluator: Evaluator, *targets: Target) -> str:
    return " ".join((evaluator.name, evaluator.version, *(target.key for target in targets)))


def _pair_key(evaluator: Evaluator, *candidates: Candidate) -> str:
    return _key(evaluator, *(one.target for one in candidates if one.target))


def verdict_of(line: Line | None) -> str:
    """What a line says, in a word; `error` where there is none."""
    if line is None:
        return "error"
    return line.label if isinstance(line, Judgement) else line.preferred


def ideals_of(cases: Iterable[Case], redacted: Callable[[str], str]) -> dict[str, str]:
    """The ideal answers of cases by their ids, as a run has its texts: redacted."""
    return {case.id: redacted(case.ideal) for case in cases if case.ideal}
