"""What came of a training: the examples, how both heads do on texts that they had not seen, and the gate's verdicts."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from evals.head_figures import HeadFigures
from evals.promotion import Decision
from evals.summaries import code, table
from evals.summaries import markdown as verdict_in_markdown
from evals.training import Gathered

OUT_OF_SCOPE = "out of scope"


@dataclass(frozen=True)
class TrainingReport:
    """All that there is to say; `known` are the ids of evaluated cases that are examples of the scope already."""

    site: str
    gathered: Gathered
    before: HeadFigures
    after: HeadFigures
    known: tuple[str, ...]
    decision: Decision

    @property
    def notes(self) -> Iterator[str]:
        """What limits what the figures say, one sentence each."""
        if self.known:
            yield (
                f"{len(self.known)} of the cases are examples of the scope already, so of them both heads know the "
                "answer; compare on others."
            )
        if self.decision.baseline is None:
            yield (
                "No run of a language model was there to compare with, so nothing is said of whether a prompt would "
                "do better; give one by --baseline."
            )


def example_rows(gathered: Gathered) -> list[tuple[str, str]]:
    """The intents of the new examples with how many each has, most first."""
    counts = Counter(one.intent or OUT_OF_SCOPE for one in gathered.examples)
    return [(intent, str(count)) for intent, count in counts.most_common()]


def left_out_rows(gathered: Gathered) -> list[tuple[str, str]]:
    """The reasons for which something was left out, with how often, most first."""
    return [(reason, str(count)) for reason, count in gathered.left_out.most_common()]


def figure_rows(before: HeadFigures, after: HeadFigures) -> list[tuple[str, str, str]]:
    """The cross-validated figures of the head in use and of the candidate."""
    return [
        ("intent right, in scope", _percent(before.accuracy), _percent(after.accuracy)),
        ("expected calibration error", _share(before.ece), _share(after.ece)),
        ("AUROC, out of scope", _share(before.auroc), _share(after.auroc)),
        ("texts, of which in scope", _counts(before), _counts(after)),
    ]


def markdown(report: TrainingReport) -> str:
    """The report in Markdown."""
    decision = report.decision
    parts = [
        f"# Training of the intent head of {code(report.site)}: {decision.finding}",
        *report.notes,
        f"## {len(report.gathered.examples)} new examples",
        table(("Intent", "Examples"), [(code(intent), count) for intent, count in example_rows(report.gathered)]),
        *([table(("Left out", ""), left_out_rows(report.gathered))] if report.gathered.left_out else []),
        "## Texts that the head had not seen",
        table(("", "In use", "Candidate"), figure_rows(report.before, report.after)),
    ]
    for held in (decision.incumbent, decision.baseline):
        if held:
            parts += [f"# Against {code(held.against)}", verdict_in_markdown(held.comparison, held.verdict).rstrip()]
    return "\n\n".join(parts) + "\n"


def _counts(figures: HeadFigures) -> str:
    return f"{figures.count:,}, {figures.inside:,}"


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"


def _share(share: float | None) -> str:
    return "" if share is None else f"{share:.3f}"
