"""The list of all results, and the traces of as many as the file is to hold: the worst first."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from chains.language import Json
from chains.record import Sha256
from evals.cases import Case
from evals.compare import Both, Comparison
from evals.finished import FinishedRun
from evals.report.intents import ending, expected_intent, got_intent
from evals.report.traces import Records, parts_at, trace_of
from evals.results import CaseResult
from evals.transitions import bad_hops, label_by, transition

Flip = Literal["worse", "better"]
_TEXT_CHARS = 300  # of a text in the list; a trace holds all of it
_LABELS = ("fail", "error", "unsure", None, "pass")


@dataclass(frozen=True)
class Listing:
    """All results in the order in which they are listed: what got worse, what failed, what got better, the others.

    `flips` are by the key of the candidate's result. `traced` is how many of the first have their traces in the file.
    """

    finished: FinishedRun
    scorer: str
    results: tuple[CaseResult, ...]
    traced: int
    flips: Mapping[Sha256, tuple[Flip, Both]] = field(default_factory=dict)

    @property
    def keys(self) -> tuple[Sha256, ...]:
        """The results whose traces are wanted."""
        return tuple(result.key for result in self.results[: self.traced])

    @property
    def base_keys(self) -> tuple[Sha256, ...]:
        """Those of the base: what flipped, among the results whose traces are wanted."""
        return tuple(self.flips[key][1].base.key for key in self.keys if key in self.flips)

    def rows(self, cases: Mapping[str, Case]) -> list[Json]:
        """A line for each result."""
        return [self._row(result, cases.get(result.case_id)) for result in self.results]

    def _row(self, result: CaseResult, case: Case | None) -> Json:
        step = transition(result, self.scorer)
        kind, reason = ending(result)
        return {
            "id": result.case_id,
            "repeat": result.repeat,
            "text": result.text if len(result.text) <= _TEXT_CHARS else f"{result.text[:_TEXT_CHARS]}…",
            "label": label_by(result, self.scorer) or "unscored",
            "tags": [*result.tags],
            "outcome": " / ".join(part for part in (kind, reason) if part),
            "from": step[0] if step else None,
            "to": step[1] if step else None,
            "bad": [*bad_hops(result)],
            "want": expected_intent(case) if case else None,
            "got": got_intent(result),
            "flip": self.flips[result.key][0] if result.key in self.flips else None,
        }

    def traces(self, records: Records, base_records: Records, base: FinishedRun | None) -> list[Json]:
        """The traces of the first results, in the order of the rows; of a flip the base's is beside it."""
        return [self._trace(result, records, base_records, base) for result in self.results[: self.traced]]

    def _trace(self, result: CaseResult, records: Records, base_records: Records, base: FinishedRun | None) -> Json:
        trace = _trace(result, records, self.finished)
        trace["text"] = result.text
        if base is not None and result.key in self.flips:
            both = self.flips[result.key][1]
            trace["base"] = _trace(both.base, base_records, base)
            trace["parts"] = parts_at(both.base, both.candidate)
        return trace


def _trace(result: CaseResult, records: Records, finished: FinishedRun) -> Json:
    return trace_of(result, records.get(result.key, ()), finished.latencies_ms.get(result.key))


def listing(finished: FinishedRun, scorer: str, traced: int, comparison: Comparison | None = None) -> Listing:
    """Put all results of a run in order, with what flipped against the base; `traced` traces go into the file."""
    flips: dict[Sha256, tuple[Flip, Both]] = {}
    if comparison is not None:
        flips |= {both.candidate.key: ("worse", both) for both in comparison.worse_flips}
        flips |= {both.candidate.key: ("better", both) for both in comparison.better_flips}
    ordered = sorted(finished.results, key=lambda result: _rank(result, scorer, flips))
    return Listing(finished, scorer, tuple(ordered), min(traced, len(ordered)), flips)


def _rank(
    result: CaseResult, scorer: str, flips: Mapping[Sha256, tuple[Flip, Both]]
) -> tuple[bool, bool, int, str, int]:
    flip = flips[result.key][0] if result.key in flips else None
    label = label_by(result, scorer)
    is_judged_wrong = label in {"fail", "error"}
    return flip != "worse", not (is_judged_wrong or flip), _LABELS.index(label), result.case_id, result.repeat
