"""Decides whether a candidate may replace its base: pass, regress, or cannot tell.

Each rule of the gate file is one check, and the verdict is the worst finding. It passes only what is proven: that the
pass rate did not drop by more than the margin (non-inferiority: the low end of the interval of the difference lies
above -margin). It calls a regression what is proven too: a drop beyond the margin, or a drop at all that McNemar's test
confirms. Of a candidate that is no different the latter is said in at most (1 - confidence) of all comparisons, in
theory half as often, since drops are one of two sides. Cases that must pass are not a matter of statistics, and neither
is what is claimed for them.
"""

from collections.abc import Iterable, Iterator
from typing import Literal

from chains.contract import Contract
from chains.errors import HopdeskError
from evals.compare import Amounts, ComparedCase, Comparison
from evals.gate_file import GateRules
from evals.statistics import Interval, cases_needed, non_inferiority_power

Finding = Literal["pass", "regress", "cannot tell"]

EXIT_CODES: dict[Finding, int] = {"pass": 0, "regress": 1, "cannot tell": 2}
_WORST_FIRST: tuple[Finding, ...] = ("regress", "cannot tell", "pass")
_NAMED = 10  # cases that a sentence names


class Check(Contract):
    """What one rule found, in a sentence."""

    rule: str
    finding: Finding
    says: str


class Verdict(Contract):
    """Whether the candidate may replace the base.

    `power` (0..1) is how likely as many cases, flipping as often as these did, prove that nothing dropped by the margin
    if nothing changed at all; `cases_needed` is how many it takes for 80%, None where the margin is 0.
    """

    finding: Finding
    checks: tuple[Check, ...]
    power: float
    cases_needed: int | None

    @property
    def exit_code(self) -> int:
        """0 for pass, 1 for regress, 2 for cannot tell."""
        return EXIT_CODES[self.finding]


def decide(comparison: Comparison, rules: GateRules) -> Verdict:
    """Hold a comparison to the rules; raises `HopdeskError` where it was made by another scorer or confidence."""
    if (comparison.scorer, comparison.confidence) != (rules.scorer, rules.confidence):
        raise HopdeskError(
            f"The comparison is by {comparison.scorer!r} at a confidence of {comparison.confidence:g}, and the gate is "
            f"for {rules.scorer!r} at {rules.confidence:g}; compare again as the gate file says."
        )
    checks = tuple(_checks(comparison, rules))
    return Verdict(
        finding=worst_of(check.finding for check in checks),
        checks=checks,
        power=non_inferiority_power(comparison.judged_cases, comparison.discordance, rules.margin, rules.confidence),
        cases_needed=cases_needed(comparison.discordance, rules.margin, rules.confidence),
    )


def worst_of(findings: Iterable[Finding]) -> Finding:
    """The finding that decides where there are several."""
    found = {*findings}
    return next(finding for finding in _WORST_FIRST if finding in found)


def power_sentence(comparison: Comparison, verdict: Verdict) -> str:
    """How far so many cases carry, and how many it would take; of a regression, how far they carry for another one."""
    cases = f"{comparison.judged_cases} cases, of which about {comparison.discordance:.1%} flip"
    if verdict.cases_needed is None:
        reach = "no number of cases proves that a candidate which is no different is better."
    else:
        reach = (
            f"a candidate that is no different passes the margin {verdict.power:.0%} of the time; "
            f"80% takes {verdict.cases_needed} cases."
        )
    if verdict.finding == "regress":
        return f"The regression stands, and takes no more cases to be seen. In general: with {cases}, {reach}"
    return f"With {cases}, {reach}"


def _checks(comparison: Comparison, rules: GateRules) -> Iterator[Check]:
    yield _difference(comparison, rules)
    if rules.must_pass_tags:
        yield _must_pass(comparison, rules)
    if rules.floor is not None:
        yield _floor(comparison, rules, rules.floor)
    if rules.latency is not None:
        yield _limit("latency", comparison.latency_ms, rules.latency, comparison.from_cassette)
    if rules.cost is not None:
        yield _limit("cost", comparison.cost_usd, rules.cost, comparison.from_cassette)


def _too_few(comparison: Comparison, rules: GateRules) -> str | None:
    if comparison.judged_cases >= rules.min_cases:
        return None
    return (
        f"{comparison.judged_cases} cases were judged on both sides, and fewer than {rules.min_cases} decide nothing."
    )


def _difference(comparison: Comparison, rules: GateRules) -> Check:
    """Whether a drop by the margin can be ruled out, or a drop is proven."""
    if few := _too_few(comparison, rules):
        return Check(rule="margin", finding="cannot tell", says=few)
    interval = comparison.difference.interval
    changed = f"The pass rate changed by {_points(comparison.difference.value)} points ({_span(interval)})"
    drop = f"a drop by {100 * rules.margin:g} points" if rules.margin else "that it did not rise"
    lost = f"{comparison.lost} results that passed before were not judged this time"

    def check(finding: Finding, says: str) -> Check:
        return Check(rule="margin", finding=finding, says=f"{changed}{says}.")

    if interval.high < -rules.margin:
        return check("regress", f": it dropped by more than {100 * rules.margin:g} points")
    if interval.high < 0 and comparison.p_value < 1 - rules.confidence:
        return check("regress", f": it dropped (McNemar p = {comparison.p_value:.3g})")
    if interval.low <= -rules.margin:
        return check("cannot tell", f": {drop} cannot be ruled out")
    if _low_with_lost(comparison) <= -rules.margin:
        return check("cannot tell", f", but {lost}; were they failures, {drop} could not be ruled out")
    return check("pass", f": {drop} is ruled out")


def _low_with_lost(comparison: Comparison) -> float:
    """The low end of the difference if everything that passed before and was not judged this time had failed."""
    judged, lost = comparison.judged_pairs, comparison.lost
    return (judged * comparison.difference.interval.low - lost) / (judged + lost)


def _must_pass(comparison: Comparison, rules: GateRules) -> Check:
    """Whether every case with one of the tags passes, in every repeat."""
    tagged = [case for case in comparison.cases if {*case.tags} & {*rules.must_pass_tags}]
    unused = {*rules.must_pass_tags} - {tag for case in tagged for tag in case.tags}
    broken = [case.case_id for case in tagged if _is_broken(case)]
    unproven = [case.case_id for case in tagged if any(pair.candidate != "pass" for pair in case.pairs)]

    def check(finding: Finding, says: str) -> Check:
        return Check(rule="must_pass_tags", finding=finding, says=says)

    if broken:
        return check("regress", f"Cases that must pass, and passed before, fail: {_names(broken)}.")
    if unproven:
        return check(
            "cannot tell", f"Cases that must pass failed already before, or were not judged: {_names(unproven)}."
        )
    if unused:
        return check("cannot tell", f"No case has the tag {', '.join(map(repr, sorted(unused)))}, which must pass.")
    return check("pass", f"All {len(tagged)} cases that must pass do.")


def _is_broken(case: ComparedCase) -> bool:
    """Whether a case that passed before, and never failed, fails at least once."""
    before, after = {pair.base for pair in case.pairs}, {pair.candidate for pair in case.pairs}
    return "pass" in before and "fail" not in before and "fail" in after


def _floor(comparison: Comparison, rules: GateRules, floor: float) -> Check:
    """Whether the candidate's pass rate is proven to be at least this one, or proven to be below it."""
    if few := _too_few(comparison, rules):
        return Check(rule="floor", finding="cannot tell", says=few)
    rate = comparison.candidate
    low, high = rate.interval.low, rate.interval.high
    finding: Finding = "pass" if low >= floor else "regress" if high < floor else "cannot tell"
    says = f"The pass rate is {rate.value:.1%} ({low:.1%} to {high:.1%}), and {floor:.1%} is the least."
    return Check(rule="floor", finding=finding, says=says)


def _limit(rule: Literal["latency", "cost"], amounts: Amounts | None, limit: float, from_cassette: int) -> Check:
    """Whether the candidate's total is proven to be at most so many times the base's, or proven to be more."""
    what = {"latency": "time", "cost": "cost"}[rule]

    def check(finding: Finding, says: str) -> Check:
        return Check(rule=rule, finding=finding, says=says)

    if from_cassette:
        return check("cannot tell", f"The {what} is not that of live models: {from_cassette} replies are a cassette's.")
    if amounts is None:
        return check("cannot tell", f"The {what} is not known on both sides.")
    if not amounts.candidate:
        return check("pass", f"The {what} of the candidate is nothing.")
    if not amounts.base:
        return check("regress", f"The {what} was nothing before and is something now.")
    if amounts.ratio is None:
        return check("cannot tell", f"Too few cases had a {what} before to say how it changed.")
    low, high = amounts.ratio.low, amounts.ratio.high
    finding: Finding = "pass" if high <= limit else "regress" if low > limit else "cannot tell"
    ratio = amounts.candidate / amounts.base
    return check(finding, f"The {what} is {ratio:.2f} times what it was ({low:.2f} to {high:.2f}); at most {limit:g}.")


def _points(share: float) -> str:
    return f"{100 * share:+.1f}"


def _span(interval: Interval) -> str:
    return f"{_points(interval.low)} to {_points(interval.high)}"


def _names(cases: list[str]) -> str:
    more = f" and {len(cases) - _NAMED} more" if len(cases) > _NAMED else ""
    return ", ".join(cases[:_NAMED]) + more
