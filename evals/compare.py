"""Compares two runs on the same cases: which results flipped, and how sure the difference is. Pure functions.

Results are paired by case and repeat (see `evals.one_a_case`). Only pairs that both sides judged (pass or fail) are
compared; all others are counted apart and named, because an error is not a failure.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from math import fsum
from typing import Literal

from pydantic import Field

from chains.contract import Contract
from chains.messages import HOPS, HopName
from chains.scope_file import nearest
from evals.finished import FinishedRun
from evals.one_a_case import one_a_case
from evals.results import CaseResult, Label, Run
from evals.run_folder import RunError
from evals.statistics import CONFIDENCE, Interval, difference_interval, mcnemar, pass_hat_k, ratio_interval, wilson

LEAST_TAGGED = 5
"""Tags of fewer cases are not shown: nothing can be said of them."""

Found = Label | Literal["missing", "unscored"]
"""What one side says of one case and repeat: `missing` is no result at all, `unscored` none by this scorer."""


class Rate(Contract):
    """A share of passed results (0..1) with its interval.

    Wilson's; where there are repeats, that of the cases (whose passed ones are then the sum of the cases' rates,
    rounded), which is rather too wide than too narrow.
    """

    value: float
    interval: Interval


class Difference(Contract):
    """The candidate's rate less the base's, every case weighing the same (-1..1)."""

    value: float
    interval: Interval


class Amounts(Contract):
    """What a result took on either side, on average; `ratio` is the interval of the candidate's total over the base's.

    `ratio` is None where too few cases of the base have an amount above 0.
    """

    base: float
    candidate: float
    ratio: Interval | None


class Pair(Contract):
    """What both sides say of one repeat of a case."""

    repeat: int
    base: Found
    candidate: Found

    @property
    def is_judged(self) -> bool:
        """Whether both sides passed or failed it."""
        return {self.base, self.candidate} <= {"pass", "fail"}


class ComparedCase(Contract):
    """A case with all its repeats."""

    case_id: str
    tags: tuple[str, ...]
    pairs: tuple[Pair, ...]

    @property
    def judged(self) -> tuple[Pair, ...]:
        """The repeats that both sides judged."""
        return tuple(pair for pair in self.pairs if pair.is_judged)

    @property
    def base_rate(self) -> float:
        """The share of judged repeats that the base passed (0..1)."""
        return sum(pair.base == "pass" for pair in self.judged) / len(self.judged)

    @property
    def candidate_rate(self) -> float:
        """The share of judged repeats that the candidate passed (0..1)."""
        return sum(pair.candidate == "pass" for pair in self.judged) / len(self.judged)

    @property
    def difference(self) -> float:
        """The candidate's rate less the base's (-1..1)."""
        return self.candidate_rate - self.base_rate


class Both(Contract):
    """The two results of one case and repeat."""

    base: CaseResult
    candidate: CaseResult


class TagLine(Contract):
    """The cases of one tag; nothing here is corrected for there being many tags."""

    tag: str
    cases: int
    base: float
    candidate: float
    difference: Difference
    better: int
    worse: int


class FirstBad(Contract):
    """How many failed results went wrong first at a hop."""

    hop: HopName
    base: int
    candidate: int


class PassHatK(Contract):
    """How likely k repeats of a case all pass (0..1), over the cases with as many judged repeats."""

    k: int
    cases: int
    base: float
    candidate: float


class Comparison(Contract):
    """Two runs, paired. `better` and `worse` count in cases, the flips and `judged_pairs` in results.

    `p_value` is McNemar's exact one (over cases: with repeats, whether a case's rate rose or fell). `lost` are the
    results that passed before and were not judged this time; were they all failures, the difference would be worse.
    """

    schema_: Literal["comparison/1"] = Field(default="comparison/1", alias="schema")
    base_run: Run
    candidate_run: Run
    scorer: str
    confidence: float
    cases: tuple[ComparedCase, ...]
    judged_cases: int
    judged_pairs: int
    base: Rate
    candidate: Rate
    difference: Difference
    better: int
    worse: int
    p_value: float
    discordance: float = Field(
        description="mean of the squared differences by case; without repeats, the share of flips"
    )
    better_flips: tuple[Both, ...]
    worse_flips: tuple[Both, ...]
    lost: int
    tags: tuple[TagLine, ...]
    first_bad: tuple[FirstBad, ...]
    pass_hat: tuple[PassHatK, ...]
    latency_ms: Amounts | None
    cost_usd: Amounts
    from_cassette: int = Field(description="replies of both sides that cost nothing and took no time this time")
    notes: tuple[str, ...]

    @property
    def unjudged(self) -> tuple[tuple[str, Pair], ...]:
        """The case and the pair of all that could not be compared."""
        return tuple((case.case_id, pair) for case in self.cases for pair in case.pairs if not pair.is_judged)


_Side = dict[tuple[str, int], CaseResult]


def compare(
    base: FinishedRun, candidate: FinishedRun, scorer: str = "turn", confidence: float = CONFIDENCE
) -> Comparison:
    """Compare a candidate with a base by one scorer.

    Raises `RunError` where they cannot be compared: they ran other hops, neither has the scorer, its scores are of two
    versions, or one has a result twice.
    """
    scores = [score for run in (base, candidate) for result in run.results for score in result.scores]
    known = {score.scorer for score in scores}
    if known and scorer not in known:
        raise RunError(f"Neither run has scores by {scorer!r}; {nearest(scorer, sorted(known))}")
    if len(versions := {score.version for score in scores if score.scorer == scorer}) > 1:
        raise RunError(f"The scores by {scorer!r} are of the versions {', '.join(sorted(versions))}; use one.")
    if base.run.hop != candidate.run.hop:
        ran = [run.hop or "the whole chain" for run in (base.run, candidate.run)]
        raise RunError(f"The base ran {ran[0]} and the candidate {ran[1]}; compare runs of the same part.")
    base, candidate = one_a_case(base, scorer), one_a_case(candidate, scorer)
    before, after = _by_case(base), _by_case(candidate)
    cases = _cases(before, after, scorer)
    judged = [case for case in cases if case.judged]
    differences = [case.difference for case in judged]
    pairs = [(case.case_id, pair) for case in judged for pair in case.judged]
    results = [Both(base=before[name, pair.repeat], candidate=after[name, pair.repeat]) for name, pair in pairs]
    from_cassette = _from_cassette(results)
    return Comparison(
        base_run=base.run,
        candidate_run=candidate.run,
        scorer=scorer,
        confidence=confidence,
        cases=cases,
        judged_cases=len(judged),
        judged_pairs=len(pairs),
        base=rate_of([case.base_rate for case in judged], confidence),
        candidate=rate_of([case.candidate_rate for case in judged], confidence),
        difference=_difference(differences, confidence),
        better=sum(one > 0 for one in differences),
        worse=sum(one < 0 for one in differences),
        p_value=mcnemar(sum(one > 0 for one in differences), sum(one < 0 for one in differences)),
        discordance=_mean([one**2 for one in differences]),
        better_flips=tuple(
            both for both in results if both.base.label(scorer) == "fail" and both.candidate.label(scorer) == "pass"
        ),
        worse_flips=tuple(
            both for both in results if both.base.label(scorer) == "pass" and both.candidate.label(scorer) == "fail"
        ),
        lost=sum(pair.base == "pass" and not pair.is_judged for case in cases for pair in case.pairs),
        tags=_tags(judged, confidence),
        first_bad=_first_bad(results, scorer),
        pass_hat=_pass_hat(judged),
        latency_ms=_latencies(results, base, candidate, confidence),
        cost_usd=_costs(results, confidence),
        from_cassette=from_cassette,
        notes=tuple(_notes(base.run, candidate.run, from_cassette)),
    )


def _by_case(finished: FinishedRun) -> _Side:
    return {(result.case_id, result.repeat): result for result in finished.results}


def _cases(before: _Side, after: _Side, scorer: str) -> tuple[ComparedCase, ...]:
    """All cases of either side by name, with what both say of each repeat."""
    repeats: dict[str, list[int]] = defaultdict(list)
    for name, repeat in sorted(before.keys() | after.keys()):
        repeats[name].append(repeat)
    return tuple(
        ComparedCase(
            case_id=name,
            tags=_tags_of(before.get((name, numbers[0])), after.get((name, numbers[0]))),
            pairs=tuple(
                Pair(
                    repeat=number,
                    base=_found(before.get((name, number)), scorer),
                    candidate=_found(after.get((name, number)), scorer),
                )
                for number in numbers
            ),
        )
        for name, numbers in repeats.items()
    )


def _tags_of(*results: CaseResult | None) -> tuple[str, ...]:
    return tuple(sorted({tag for result in results if result for tag in result.tags}))


def _found(result: CaseResult | None, scorer: str) -> Found:
    if result is None:
        return "missing"
    if result.error is not None:
        return "error"
    return result.label(scorer) or "unscored"


def _mean(figures: Sequence[float]) -> float:
    return fsum(figures) / len(figures) if figures else 0.0


def rate_of(rates: Sequence[float], confidence: float = CONFIDENCE) -> Rate:
    """The mean of one rate (0..1) a case, with its interval; 0 where there are none."""
    return Rate(value=_mean(rates), interval=wilson(round(fsum(rates)), len(rates), confidence))


def _difference(differences: Sequence[float], confidence: float) -> Difference:
    return Difference(value=_mean(differences), interval=difference_interval(differences, confidence))


def _tags(judged: Iterable[ComparedCase], confidence: float) -> tuple[TagLine, ...]:
    tagged: dict[str, list[ComparedCase]] = defaultdict(list)
    for case in judged:
        for tag in case.tags:
            tagged[tag].append(case)
    return tuple(
        TagLine(
            tag=tag,
            cases=len(cases),
            base=_mean([case.base_rate for case in cases]),
            candidate=_mean([case.candidate_rate for case in cases]),
            difference=_difference([case.difference for case in cases], confidence),
            better=sum(case.difference > 0 for case in cases),
            worse=sum(case.difference < 0 for case in cases),
        )
        for tag, cases in sorted(tagged.items())
        if len(cases) >= LEAST_TAGGED
    )


def _first_bad(pairs: Iterable[Both], scorer: str) -> tuple[FirstBad, ...]:
    """The first hop that any scorer calls bad, of the results that failed; nothing where no hop was scored."""
    both = [*pairs]
    before = Counter(first_bad_hop(pair.base) for pair in both if pair.base.label(scorer) == "fail")
    after = Counter(first_bad_hop(pair.candidate) for pair in both if pair.candidate.label(scorer) == "fail")
    return tuple(FirstBad(hop=hop, base=before[hop], candidate=after[hop]) for hop in HOPS if before[hop] or after[hop])


def first_bad_hop(result: CaseResult) -> HopName | None:
    """The first hop in the chain's order with a failed score of its own, or None."""
    bad = {score.hop for score in result.scores if score.label == "fail"}
    return next((hop for hop in HOPS if hop in bad), None)


def _pass_hat(judged: Sequence[ComparedCase]) -> tuple[PassHatK, ...]:
    """pass^k for each k from 1 to the most judged repeats of a case; nothing where there are no repeats."""
    most = max((len(case.judged) for case in judged), default=0)
    made = []
    for k in range(1, most + 1 if most > 1 else 1):
        enough = [case.judged for case in judged if len(case.judged) >= k]
        made.append(
            PassHatK(
                k=k,
                cases=len(enough),
                base=pass_hat_k([(sum(pair.base == "pass" for pair in pairs), len(pairs)) for pairs in enough], k),
                candidate=pass_hat_k(
                    [(sum(pair.candidate == "pass" for pair in pairs), len(pairs)) for pairs in enough], k
                ),
            )
        )
    return tuple(made)


def _latencies(results: Iterable[Both], base: FinishedRun, candidate: FinishedRun, confidence: float) -> Amounts | None:
    """Milliseconds by case, of the results that were timed on both sides; None where there are none."""
    timed = [
        (both.base.case_id, base.latencies_ms[both.base.key], candidate.latencies_ms[both.candidate.key])
        for both in results
        if both.base.key in base.latencies_ms and both.candidate.key in candidate.latencies_ms
    ]
    return _amounts(timed, confidence) if timed else None


def _costs(results: Iterable[Both], confidence: float) -> Amounts:
    """US dollars by case."""
    return _amounts([(both.base.case_id, _cost(both.base), _cost(both.candidate)) for both in results], confidence)


def _cost(result: CaseResult) -> float:
    return float(sum((Decimal(hop.cost_usd) for hop in result.hops), Decimal()))


def _amounts(found: Sequence[tuple[str, float, float]], confidence: float) -> Amounts:
    """Set both sides' amounts against one another, summed by case; each comes with the name of its case."""
    before: dict[str, float] = defaultdict(float)
    after: dict[str, float] = defaultdict(float)
    for name, below, above in found:
        before[name] += below
        after[name] += above
    return Amounts(
        base=_mean([below for _, below, _ in found]),
        candidate=_mean([above for _, _, above in found]),
        ratio=ratio_interval([*before.values()], [*after.values()], confidence),
    )


def _from_cassette(results: Iterable[Both]) -> int:
    attempts = (hop for both in results for one in (both.base, both.candidate) for hop in one.hops)
    return sum(hop.served_from == "cassette" for hop in attempts)


def _notes(base: Run, candidate: Run, from_cassette: int) -> Iterator[str]:
    """What whoever reads the comparison should know of the two runs."""
    if base.site != candidate.site:
        yield f"The base ran the site {base.site!r} and the candidate {candidate.site!r}."
    if base.cases_sha256 != candidate.cases_sha256:
        yield "The two runs did not have the same cases; only those that both judged are compared."
    if base.repeats != candidate.repeats:
        yield f"The base ran each case {base.repeats} times and the candidate {candidate.repeats} times."
    if base.catalog_sha256 != candidate.catalog_sha256:
        yield "The catalogs differ, so the same question may have another right answer."
    if from_cassette:
        yield f"Time and cost say nothing: {from_cassette} replies came from a cassette, at once and for nothing."
