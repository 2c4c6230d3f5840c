"""What is known of how right single hop records are: from judgements, and from the scores of a run."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from chains.messages import HopName
from chains.record import HopRecord
from evals.cases import Expectation, part_of_hop
from evals.labels import EvaluatorKind, Judgement
from evals.observed import moderation_label, output_of
from evals.results import CaseResult
from evals.run_folder import TRACE_CHARS, read_results
from evals.scoring import is_called
from moderation import Verdict as Moderated

_RANK: dict[EvaluatorKind, int] = {"code": 0, "llm": 1, "human": 2}
_SCORER_OF: dict[HopName, str] = {
    "moderation": "moderation",
    "intent": "intents",
    "lookup": "tools",
    "response": "facts",
}
"""The scorer that says whether the hop did what its case expects."""

_Key = tuple[str, ...]


@dataclass(frozen=True)
class Verdict:
    """Whether a record is right; `corrected` is what would have been."""

    label: Literal["pass", "fail"]
    kind: EvaluatorKind = "code"
    corrected: Expectation | None = None
    critique: str | None = None


class Verdicts:
    """Verdicts by what they are of. People go before judges, and judges before code; of equals the last one counts.

    A verdict on a whole turn that is right holds for every output that the turn went on with; of one that is wrong it
    is not known which hop is to blame.
    """

    def __init__(self) -> None:
        self._said: dict[_Key, Verdict] = {}
        self._results: dict[str, _Key] = {}

    def add_judgement(self, judgement: Judgement) -> None:
        """Keep one judgement; unsure ones say nothing."""
        if judgement.label == "unsure":
            return
        target, hop = judgement.target, judgement.target.hop or ""
        if target.event_id:
            key: _Key = ("event", target.event_id)
        elif target.turn_id:
            key = ("turn", target.turn_id, hop)
        else:
            key = ("case", target.run_id or "", target.case_id or "", str(target.repeat), hop)
        self._keep(key, Verdict(judgement.label, judgement.kind, judgement.corrected, judgement.critique))

    def add_results(self, folder: Path) -> None:
        """Keep what the scorers of a run said of its hops, and which of its records are of which repeat."""
        for result in read_results(folder):
            key = ("case", result.run_id, result.case_id, str(result.repeat))
            self._results[result.key[:TRACE_CHARS]] = key
            self._score((*key, ""), result, "turn")
            for hop, scorer in _SCORER_OF.items():
                self._score((*key, hop), result, scorer)

    def of(self, record: HopRecord) -> Verdict | None:
        """What is known of a record; None where nothing is."""
        case = self._results.get(record.trace_id, ("case",))
        of_hop = [("event", record.event_id), ("turn", record.turn_id, record.hop), (*case, record.hop)]
        of_turn = [("turn", record.turn_id, ""), (*case, "")]
        found = [said for key in of_hop if (said := self._said.get(key))]
        whole = (self._said.get(key) for key in of_turn)
        found += [said for verdict in whole if verdict and (said := _of_hop(verdict, record))]
        return max(found, key=lambda verdict: _RANK[verdict.kind], default=None)

    def _keep(self, key: _Key, verdict: Verdict) -> None:
        before = self._said.get(key)
        if before is None or _RANK[before.kind] <= _RANK[verdict.kind]:
            self._said[key] = verdict

    def _score(self, key: _Key, result: CaseResult, scorer: str) -> None:
        match result.label(scorer):
            case "pass" | "fail" as label:
                self._keep(key, Verdict(label))


def _of_hop(verdict: Verdict, record: HopRecord) -> Verdict | None:
    """What a verdict on a whole turn says of one of its records."""
    corrected = part_of_hop(verdict.corrected, record.hop) if verdict.corrected else None
    if corrected is not None and (right := _does(record, corrected)) is not None:
        return Verdict("pass", verdict.kind) if right else replace(verdict, label="fail")
    return verdict if verdict.label == "pass" and record.valid and record.decides else None


def _does(record: HopRecord, expected: Expectation) -> bool | None:
    """Whether a record is what would have been right of its hop; None where that cannot be said of it alone."""
    match record.hop:
        case "intent":
            return set(expected.intents or ()) == set(named(record))
        case "moderation":
            said = output_of(record, Moderated)
            return said is not None and moderation_label(said) == expected.moderation
        case "lookup":
            made = [(call.name, call.arguments) for call in record.tool_calls]
            return all(any(is_called(call, one, str) for one in made) for call in expected.tools)
        case _:
            return None


def named(record: HopRecord) -> tuple[str, ...]:
    """The intents that a record of the intent hop names first; none where it is none, or refused."""
    parsed = record.parsed
    if not isinstance(parsed, dict) or not isinstance(ranked := parsed.get("ranked"), list):
        return ()
    both = (*ranked[:1], parsed.get("second"))
    return tuple(str(one["intent"]) for one in both if isinstance(one, dict))
