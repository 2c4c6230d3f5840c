"""Scorers: pure functions from a case that ran to a score, pass or fail wherever that can be said.

What a case does not speak of is not scored (None). An error is not a failure: where a model could not be reached, the
label is `error`, and neither pass nor fail is counted. Of several acceptable results the best one counts.

`SCORERS` holds those whose scores are the same whenever the same replies are scored; `TIMED` those of times, which
belong to the timings and not to the results of a run; `ON_REQUEST` those that need more than Hopdesk alone.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Literal

from chains.messages import HopName
from chains.outcomes import Decline, Handoff
from evals import scoring
from evals.bleu import bleu
from evals.cases import Expectation, ModerationLabel
from evals.check_scores import CHECK_SCORERS
from evals.observed import Observed, Scorer, Setting, error_score, expecting, moderation_label, output_of
from evals.results import Score
from evals.set_scores import SET_SCORERS
from moderation import Verdict, combine

_Part = Literal["intents", "tools", "facts", "outcome"]
_HOP_OF: dict[_Part, HopName | None] = {"intents": "intent", "tools": "lookup", "facts": "response", "outcome": None}


def score_all(observed: Observed, setting: Setting, names: Iterable[str] | None = None) -> tuple[Score, ...]:
    """What the named scorers say of a case, or all of `SCORERS`, in their order; raises `KeyError` for another name."""
    scorers = SCORERS.values() if names is None else [(SCORERS | TIMED | ON_REQUEST)[name] for name in names]
    return tuple(score for scorer in scorers if (score := scorer(observed, setting)) is not None)


def turn(observed: Observed, setting: Setting) -> Score | None:
    """Whether intents, calls, facts and ending are those of one acceptable result; for whole turns alone."""
    if not observed.is_turn:
        return None
    return _judged("turn", None, observed, lambda: _whole(observed, setting).right)


def intents(observed: Observed, setting: Setting) -> Score | None:
    """Whether the turn served exactly the expected intents."""
    return _part("intents", observed, setting)


def tools(observed: Observed, setting: Setting) -> Score | None:
    """Whether every expected function call was made."""
    return _part("tools", observed, setting)


def facts(observed: Observed, setting: Setting) -> Score | None:
    """Whether every expected fact was used."""
    return _part("facts", observed, setting)


def outcome(observed: Observed, setting: Setting) -> Score | None:
    """Whether the turn ended as expected; for whole turns alone."""
    return _part("outcome", observed, setting)


def _part(part: _Part, observed: Observed, setting: Setting) -> Score | None:
    """One part of `evals.scoring`'s score: of a turn in the result that fits best as a whole, of a hop alone in any."""
    hop = _HOP_OF[part]
    wanted = [getattr(expected, part) for expected in observed.case.expect]
    spoken_of = any(wanted) or (part == "intents" and () in wanted)  # no intent is one to expect, no fact is not
    if not spoken_of or not observed.reached(hop):
        return None

    def right() -> bool:
        if observed.is_turn:
            return bool(getattr(_whole(observed, setting), part))
        runs = (expecting(observed, place) for place in range(len(observed.case.expect)))
        return any(getattr(scoring.score_run(run, setting.scope, setting.parents), part) for run in runs)

    return _judged(part, hop, observed, right)


@lru_cache(maxsize=1)  # four scorers ask for it, one after the other
def _whole(observed: Observed, setting: Setting) -> scoring.Score:
    return scoring.score_run(observed.run, setting.scope, setting.parents)


def moderation(observed: Observed, setting: Setting) -> Score | None:
    """Whether the request passed, went to a person or was blocked, as expected.

    Where no acceptable result says which, it is held to what they imply: what is to be served or answered has to pass.
    """
    expect = observed.case.expect
    wanted = {expected.moderation for expected in expect if expected.moderation}
    if not wanted and all(expected.intents or expected.outcome for expected in expect):
        wanted = {label for expected in expect for label in _implied(expected)}
    if not wanted or not observed.reached("moderation"):
        return None
    return _judged("moderation", "moderation", observed, lambda: _moderated(observed, setting) in wanted)


def _implied(expected: Expectation) -> tuple[ModerationLabel, ...]:
    """What moderation may come to where a turn is to serve these intents and to end so."""
    if expected.intents or expected.outcome in {"answer", "clarify"}:
        return ("pass",)
    return ("pass", "block") if expected.outcome == "decline" else ("pass", "review")


def _moderated(observed: Observed, setting: Setting) -> ModerationLabel:
    """What moderation came to: of a turn by its ending, of the hop alone by its layers' verdicts; silence is review."""
    match observed.outcome:
        case Decline(reason="moderation"):
            return "block"
        case Handoff(reason="moderation"):
            return "review"
        case None:
            return _verdict(observed, setting)
        case _:
            return "pass"


def _verdict(observed: Observed, setting: Setting) -> ModerationLabel:
    records = [record for record in observed.records if record.hop == "moderation"]
    verdicts = [verdict for record in records if (verdict := output_of(record, Verdict))]
    silent = {record.model for record in records} - {record.model for record in records if record.valid}
    if not verdicts or (silent and setting.scope.fallback.moderation != "rules"):
        return "review"
    return moderation_label(combine(verdicts))


def in_scope(observed: Observed, _setting: Setting) -> Score | None:
    """Whether the request was dealt with where it should be, and declined where it should be; for whole turns alone."""
    wanted = {expected.outcome == "decline" for expected in observed.case.expect if expected.outcome}
    if not wanted or not observed.is_turn:
        return None
    return _judged("in_scope", "intent", observed, lambda: isinstance(observed.outcome, Decline) in wanted)


def mention(observed: Observed, _setting: Setting) -> Score | None:
    """Whether all that an acceptable result wants mentioned is said; the value is how many of its words are missing."""
    wanted = [expected.mention for expected in observed.case.expect]
    return _of_words("mention", observed, wanted, lambda word, said: not _says(said, word), "Not said")


def must_not_mention(observed: Observed, _setting: Setting) -> Score | None:
    """Whether nothing is said that must not be; the value is how many such words are."""
    barred = [expected.must_not_mention for expected in observed.case.expect]
    return _of_words("must_not_mention", observed, barred, lambda word, said: _says(said, word), "Said")


def _of_words(
    name: str,
    observed: Observed,
    words: Sequence[tuple[str, ...]],
    is_wrong: Callable[[str, str], bool],
    critique: str,
) -> Score | None:
    """A score of the words of what is said, in the acceptable result that it fits best."""
    if not any(words):
        return None
    if (failed := error_score(name, None, observed)) is not None:
        return failed
    said = observed.said
    if said is None:
        return None
    wrong = min(([word for word in ours if is_wrong(word, said)] for ours in words), key=len)
    return Score(
        scorer=name,
        label="fail" if wrong else "pass",
        value=float(len(wrong)),
        critique=f"{critique}: {', '.join(wrong)}." if wrong else None,
    )


def _says(said: str, words: str) -> bool:
    """Whether these words are said, whole, in any case and with any blanks between them."""
    pattern = r"\s+".join(re.escape(word) for word in words.casefold().split())
    return re.search(rf"(?<!\w){pattern}(?!\w)", said.casefold()) is not None


def cost(observed: Observed, setting: Setting) -> Score | None:
    """What the models cost in US dollars (value), and whether that is within the scope's budget for a turn."""
    if not observed.records:
        return None
    usd = sum((Decimal(record.cost_usd) for record in observed.records), Decimal(0))
    within = usd <= Decimal(str(setting.scope.budget.usd))
    return Score(scorer="cost", label="pass" if within else "fail", value=float(usd))


def latency(observed: Observed, setting: Setting) -> Score | None:
    """Milliseconds from the first hop's start to the last one's end (value), and whether they keep the deadline."""
    if not observed.records:
        return None
    started_ns = min(record.started_ns for record in observed.records)
    ended_ns = max(record.ended_ns for record in observed.records)
    took_ms = (ended_ns - started_ns) / 1_000_000
    within = took_ms <= setting.scope.budget.deadline_ms
    return Score(scorer="latency", label="pass" if within else "fail", value=took_ms)


def _judged(name: str, hop: HopName | None, observed: Observed, right: Callable[[], bool]) -> Score:
    """Pass or fail, unless a failure that is not the hop's own came before it."""
    return error_score(name, hop, observed) or Score(scorer=name, hop=hop, label="pass" if right() else "fail")


_OWN: tuple[Scorer, ...] = (turn, intents, tools, facts, outcome, moderation, in_scope, mention, must_not_mention, cost)
SCORERS: dict[str, Scorer] = {scorer.__name__: scorer for scorer in _OWN} | SET_SCORERS | CHECK_SCORERS
TIMED: dict[str, Scorer] = {"latency": latency}
ON_REQUEST: dict[str, Scorer] = {"bleu": bleu}
