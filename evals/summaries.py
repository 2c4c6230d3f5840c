"""What continuous integration shows of a gate: JUnit XML, and Markdown for a job's summary.

Case ids, texts and critiques are somebody else's: what steers a terminal or is no XML is replaced, and no Markdown or
HTML in them takes effect.
"""

import string
from collections.abc import Iterable, Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from assistant.cli.screen import visible
from evals.compare import Both, ComparedCase, Comparison, Pair
from evals.gate import Finding, Verdict, power_sentence
from evals.results import CaseResult

_SHOWN = 20  # rows of a table in Markdown
_TEXT_CHARS = 120  # of a customer's text in a table
_HARMLESS = "-,"
_ESCAPES = {ord(char): f"&#{ord(char)};" for char in string.punctuation if char not in _HARMLESS}
_HEADLINES: dict[Finding, str] = {
    "pass": "✅ Pass",
    "regress": "❌ Regress",
    "cannot tell": "❔ Cannot tell",
}


def junit(comparison: Comparison, verdict: Verdict) -> str:
    """JUnit XML: a suite of the gate's checks, and one with a test case for each case.

    A check fails where it found a regression, and is an error where it cannot tell. A case fails where a repeat of it
    fails in the candidate, and is an error where none fails and one was not judged.
    """
    suites = Element("testsuites", name="hopdesk evals gate")
    _suite(suites, "gate", [_check(check.rule, check.finding, check.says) for check in verdict.checks])
    worse: dict[str, list[Both]] = {}
    for both in comparison.worse_flips:
        worse.setdefault(both.base.case_id, []).append(both)
    _suite(suites, comparison.scorer, [_case(case, worse.get(case.case_id, ())) for case in comparison.cases])
    indent(suites)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(suites, encoding="unicode")}\n'


def _suite(suites: Element, name: str, tests: Sequence[Element]) -> None:
    suite = SubElement(suites, "testsuite", name=visible(name), tests=str(len(tests)))
    for kind in ("failure", "error"):
        suite.set(f"{kind}s", str(sum(test.find(kind) is not None for test in tests)))
    for test in tests:
        test.set("classname", f"hopdesk.{visible(name)}")
        suite.append(test)


def _check(rule: str, finding: Finding, says: str) -> Element:
    test = Element("testcase", name=rule)
    if finding != "pass":
        SubElement(test, "failure" if finding == "regress" else "error", type=finding, message=visible(says))
    return test


def _case(case: ComparedCase, worse: Sequence[Both]) -> Element:
    test = Element("testcase", name=visible(case.case_id))
    failed = [pair for pair in case.pairs if pair.candidate == "fail"]
    unjudged = [pair for pair in case.pairs if pair.candidate not in {"pass", "fail"}]
    if failed:
        kind = "worse" if worse else "as before" if any(pair.base == "fail" for pair in failed) else "new"
        SubElement(test, "failure", type=kind, message=_states(failed)).text = visible(
            "\n\n".join(map(_details, worse))
        )
    elif unjudged:
        SubElement(test, "error", type=unjudged[0].candidate, message=_states(unjudged))
    return test


def _states(pairs: Sequence[Pair]) -> str:
    return "; ".join(f"repeat {pair.repeat}: {pair.base} before, {pair.candidate} now" for pair in pairs)


def _details(both: Both) -> str:
    """A result that got worse: what the customer wrote, and what the scorers say of it."""
    return "\n".join([f"repeat {both.candidate.repeat}: {both.candidate.text}", *_critiques(both.candidate)])


def _critiques(result: CaseResult) -> list[str]:
    failed = [score for score in result.scores if score.label == "fail"]
    return [f"{score.scorer}: fail{f': {score.critique}' if score.critique else ''}" for score in failed]


def markdown(comparison: Comparison, verdict: Verdict) -> str:
    """Markdown: the verdict with its reasons, the figures, what got worse and better, the tags, what was not judged."""
    runs = f"Base {code(comparison.base_run.run_id)}, candidate {code(comparison.candidate_run.run_id)}"
    parts = [
        f"## {_HEADLINES[verdict.finding]}",
        f"{runs}, scorer {code(comparison.scorer)}.",
        table(("Check", "Finding", ""), [(c.rule, c.finding, _plain(c.says)) for c in verdict.checks]),
        *(f"> {_plain(note)}" for note in comparison.notes),
        table(("", "Base", "Candidate", "Difference"), [_figures(comparison)]),
        power_sentence(comparison, verdict),
        *_flips("Worse", comparison.worse_flips),
        *_flips("Better", comparison.better_flips),
        *_tags(comparison),
        *_unjudged(comparison),
    ]
    return "\n\n".join(parts) + "\n"


def _figures(comparison: Comparison) -> tuple[str, ...]:
    difference = comparison.difference
    span = f"{difference.interval.low:+.1%} to {difference.interval.high:+.1%}"
    return (
        f"{comparison.judged_cases} cases, {comparison.confidence:.0%} intervals",
        *(
            f"{rate.value:.1%} ({rate.interval.low:.1%} to {rate.interval.high:.1%})"
            for rate in (comparison.base, comparison.candidate)
        ),
        f"{difference.value:+.1%} ({span}), McNemar p = {comparison.p_value:.3g}",
    )


def _flips(title: str, flips: Sequence[Both]) -> list[str]:
    if not flips:
        return []
    rows = [(code(both.base.case_id), str(both.base.repeat), code(_short(both.base.text))) for both in flips]
    return [f"### {title}: {len(flips)}", table(("Case", "Repeat", "Text"), rows)]


def _tags(comparison: Comparison) -> list[str]:
    if not comparison.tags:
        return []
    rows = [
        (
            code(line.tag),
            str(line.cases),
            f"{line.base:.1%}",
            f"{line.candidate:.1%}",
            f"{line.difference.interval.low:+.1%} to {line.difference.interval.high:+.1%}",
        )
        for line in comparison.tags
    ]
    columns = ("Tag", "Cases", "Base", "Candidate", "Difference, not corrected for many tags")
    return ["### Tags", table(columns, rows)]


def _unjudged(comparison: Comparison) -> list[str]:
    found = comparison.unjudged
    if not found:
        return []
    rows = [(code(name), str(pair.repeat), pair.base, pair.candidate) for name, pair in found]
    return [f"### Not compared: {len(found)}", table(("Case", "Repeat", "Base", "Candidate"), rows)]


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown, of its first rows; the cells are Markdown already."""
    lines = [columns, ["---"] * len(columns), *rows[:_SHOWN]]
    if len(rows) > _SHOWN:
        lines.append([f"and {len(rows) - _SHOWN} more", *[""] * (len(columns) - 1)])
    return "\n".join(_row(line) for line in lines)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _short(text: str) -> str:
    return text if len(text) <= _TEXT_CHARS else text[:_TEXT_CHARS] + "…"


def _plain(text: str) -> str:
    """Text in which nothing is Markdown or HTML: each punctuation mark is an entity, line breaks are spaces."""
    return " ".join(visible(text).split()).translate(_ESCAPES)


def code(text: str) -> str:
    """Somebody else's text, in which names and addresses are not made into mentions or links either."""
    return f"<code>{_plain(text)}</code>"
