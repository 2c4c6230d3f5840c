"""The figures of a finished run: what the report and the terminal show. Pure functions.

A case is what was drawn at random and its repeats are not, so every share is one of cases: each weighs the same, and
its interval is Wilson's over the cases (see `evals.compare.Rate`). Counts are counts of results.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import fsum
from pathlib import Path

import numpy as np

from chains.messages import HOPS, HopName
from chains.scope_file import nearest
from evals.calibration import Reliability, reliability
from evals.cases import Case, cases_sha256, load_cases
from evals.compare import Rate, rate_of
from evals.finished import FinishedRun
from evals.report.intents import expected_intent, got_intent
from evals.results import CaseResult, HopResult, Label, Run
from evals.run_folder import RunError
from evals.transitions import Transition, hop_label, label_by, transitions

_ON_INTENTS = {"intents", "in_scope"}  # the scorers that know which intents are right
_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True)
class Tally:
    """How many results have each label; `rate` is the share right of those judged, None where there are none."""

    passed: int
    failed: int
    unsure: int
    errors: int
    rate: Rate | None


@dataclass(frozen=True)
class Spread:
    """How amounts are spread: five of their quantiles, and their mean."""

    p5: float
    p25: float
    p50: float
    p75: float
    p95: float
    mean: float


@dataclass(frozen=True)
class HopLine:
    """One hop over all results that reached it.

    `repaired` counts the results in which an output was repaired, `fell_back` those in which the hop's first model did
    not serve: another one did, or what the scope says for that case. `latency_ms` is None where nobody timed the hop.
    """

    hop: HopName
    models: tuple[str, ...]
    prompt: str | None
    reached: int
    tally: Tally
    repaired: int
    fell_back: int
    latency_ms: Spread | None
    cost_usd: Decimal
    tokens: int


@dataclass(frozen=True)
class ScorerLine:
    """All that one scorer said."""

    scorer: str
    hop: HopName | None
    tally: Tally


@dataclass(frozen=True)
class TagLine:
    """The results of one tag, by the main scorer."""

    tag: str
    cases: int
    tally: Tally


@dataclass(frozen=True)
class Confusion:
    """How often an intent was expected and another, or the same, was got.

    `left_out` are the results whose case accepts several, or none that is named, or that did not reach the hop.
    """

    counts: Mapping[tuple[str, str], int]
    left_out: int

    @property
    def names(self) -> tuple[str, ...]:
        """All that was expected or got, in the order of the alphabet, what is no intent last."""
        return tuple(sorted({name for pair in self.counts for name in pair}, key=lambda name: (name[0] == "(", name)))


@dataclass(frozen=True)
class Figures:
    """A run in numbers; `scorer` is the main one. Amounts are one a result: milliseconds and US dollars."""

    run: Run
    scorer: str
    cases: int
    results: int
    headline: Tally
    hops: tuple[HopLine, ...]
    scorers: tuple[ScorerLine, ...]
    tags: tuple[TagLine, ...]
    transitions: Counter[Transition]
    confusion: Confusion | None
    reliability: Reliability | None
    latencies_ms: tuple[float, ...]
    costs_usd: tuple[Decimal, ...]


def scorer_of(finished: FinishedRun, asked: str | None = None) -> str:
    """The main scorer of a run: the one asked for, or `turn` where the whole chain ran and `same` for one hop alone.

    Raises `RunError` where the run has scores and none of them is by it.
    """
    scorer = asked or ("turn" if finished.run.hop is None else "same")
    known = {score.scorer for result in finished.results for score in result.scores}
    if known and scorer not in known:
        raise RunError(f"The run has no scores by {scorer!r}; {nearest(scorer, sorted(known))}")
    return scorer


def figures(finished: FinishedRun, scorer: str, cases: Iterable[Case] = ()) -> Figures:
    """The figures of a run by one scorer; the confusion of intents needs the run's `cases`."""
    results = finished.results
    return Figures(
        run=finished.run,
        scorer=scorer,
        cases=len({result.case_id for result in results}),
        results=len(results),
        headline=_by_scorer(results, scorer),
        hops=tuple(_hop_line(hop, finished) for hop in HOPS if any(_attempts(result, hop) for result in results)),
        scorers=_scorer_lines(results),
        tags=_tag_lines(results, scorer),
        transitions=transitions(results, scorer),
        confusion=_confusion(results, {case.id: case for case in cases}),
        reliability=reliability(_certainties(results)),
        latencies_ms=tuple(
            finished.latencies_ms[result.key] for result in results if result.key in finished.latencies_ms
        ),
        costs_usd=tuple(cost_of(result) for result in results),
    )


def cases_of(run: Run, path: Path) -> tuple[Case, ...]:
    """The cases of a run, read from their file; raises `CaseError`, or `RunError` where they are not the run's."""
    cases = load_cases(path)
    if cases_sha256(cases) != run.cases_sha256:
        raise RunError(f"{path}: the run {run.run_id!r} had other cases than these; name the file that it was given.")
    return cases


def cost_of(result: CaseResult) -> Decimal:
    """What a result's models cost, in US dollars."""
    return sum((Decimal(attempt.cost_usd) for attempt in result.hops), Decimal())


def spread(amounts: Sequence[float]) -> Spread | None:
    """The quantiles and the mean of some amounts, interpolated linearly; None where there are none."""
    if not amounts:
        return None
    p5, p25, p50, p75, p95 = (float(one) for one in np.quantile(amounts, _QUANTILES))
    return Spread(p5=p5, p25=p25, p50=p50, p75=p75, p95=p95, mean=fsum(amounts) / len(amounts))


def _tally(found: Iterable[tuple[str, Label | None]]) -> Tally:
    """Count labels, each of which comes with the id of its case."""
    labels: Counter[Label] = Counter()
    judged: dict[str, list[bool]] = defaultdict(list)
    for case_id, label in found:
        if label is not None:
            labels[label] += 1
        if label in {"pass", "fail"}:
            judged[case_id].append(label == "pass")
    rates = [sum(of_case) / len(of_case) for of_case in judged.values()]
    return Tally(
        passed=labels["pass"],
        failed=labels["fail"],
        unsure=labels["unsure"],
        errors=labels["error"],
        rate=rate_of(rates) if rates else None,
    )


def _by_scorer(results: Iterable[CaseResult], scorer: str) -> Tally:
    return _tally((result.case_id, label_by(result, scorer)) for result in results)


def _attempts(result: CaseResult, hop: HopName) -> list[HopResult]:
    return [attempt for attempt in result.hops if attempt.hop == hop]


def _hop_line(hop: HopName, finished: FinishedRun) -> HopLine:
    by_result = {result.key: found for result in finished.results if (found := _attempts(result, hop))}
    attempts = [attempt for found in by_result.values() for attempt in found]
    timed = (finished.hops_ms.get(key, {}).get(hop) for key in by_result)
    return HopLine(
        hop=hop,
        models=tuple(sorted({attempt.model for attempt in attempts})),
        prompt=finished.run.prompts.get(hop),
        reached=len(by_result),
        tally=_tally((one.case_id, hop_label(one, hop)) for one in finished.results if one.key in by_result),
        repaired=sum(any(attempt.repaired for attempt in found) for found in by_result.values()),
        fell_back=sum(_fell_back(found) for found in by_result.values()),
        latency_ms=spread([took for took in timed if took is not None]),
        cost_usd=sum((Decimal(attempt.cost_usd) for attempt in attempts), Decimal()),
        tokens=sum(attempt.usage.input_total + attempt.usage.output for attempt in attempts),
    )


def _fell_back(attempts: Iterable[HopResult]) -> bool:
    return not any(attempt.valid and attempt.decides and attempt.tier == 0 for attempt in attempts)


def _scorer_lines(results: Sequence[CaseResult]) -> tuple[ScorerLine, ...]:
    """What each scorer said, in the order in which they are met."""
    said: dict[tuple[str, HopName | None], list[tuple[str, Label]]] = defaultdict(list)
    for result in results:
        for score in result.scores:
            said[score.scorer, score.hop].append((result.case_id, score.label))
    return tuple(ScorerLine(scorer, hop, _tally(found)) for (scorer, hop), found in said.items())


def _tag_lines(results: Sequence[CaseResult], scorer: str) -> tuple[TagLine, ...]:
    tagged: dict[str, list[CaseResult]] = defaultdict(list)
    for result in results:
        for tag in result.tags:
            tagged[tag].append(result)
    return tuple(
        TagLine(tag, len({result.case_id for result in found}), _by_scorer(found, scorer))
        for tag, found in sorted(tagged.items())
    )


def _confusion(results: Iterable[CaseResult], cases: Mapping[str, Case]) -> Confusion | None:
    if not cases:
        return None
    counts: Counter[tuple[str, str]] = Counter()
    left_out = 0
    for result in results:
        wanted = expected_intent(cases[result.case_id]) if result.case_id in cases else None
        got = got_intent(result)
        if wanted is None or got is None or result.error is not None:
            left_out += 1
        else:
            counts[wanted, got] += 1
    return Confusion(counts, left_out)


def _certainties(results: Iterable[CaseResult]) -> Iterable[tuple[float, bool]]:
    """How certain the intent hop was of its last valid output, and whether all scores of the intents passed."""
    for result in results:
        certain = [one.certainty for one in _attempts(result, "intent") if one.valid and one.certainty is not None]
        labels = {score.label for score in result.scores if score.scorer in _ON_INTENTS}
        if certain and labels and labels <= {"pass", "fail"}:
            yield certain[-1], labels == {"pass"}
