"""Whether a newly fitted head takes the place of the one in use, and how its examples are put in place.

The release gate decides, with its rules as they are but for the margin, which is 0: against the head in use it is not
enough to be no worse, the candidate has to be better. A language model as the baseline is dearer and slower; against it
the gate's own margin holds, so that the candidate must be proven not to lose by more than that.
"""

import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from chains.errors import HopdeskError
from chains.scope_file import LoadedScope, load_scope
from evals.compare import Comparison, compare
from evals.finished import FinishedRun
from evals.gate import EXIT_CODES, Finding, Verdict, decide, worst_of
from evals.gate_file import GateRules
from evals.merging import differences
from evals.results import Run

EXAMPLES_FILE = "examples.jsonl"
"""What the file is called where the scope names none."""

_HASH_CHARS = 12  # of a kept file's name


class TrainingError(HopdeskError):
    """A head cannot be trained, compared or promoted."""


@dataclass(frozen=True)
class Held:
    """The candidate held against one other run: how they compare, and what the gate says."""

    against: str
    comparison: Comparison
    verdict: Verdict


@dataclass(frozen=True)
class Decision:
    """The candidate held against the head in use and, where there is one, against a language model's run."""

    incumbent: Held
    baseline: Held | None

    @property
    def finding(self) -> Finding:
        """The worst finding of all."""
        return worst_of(held.verdict.finding for held in (self.incumbent, self.baseline) if held)

    @property
    def exit_code(self) -> int:
        """As `hopdesk evals gate` has them."""
        return EXIT_CODES[self.finding]


def decide_on(
    candidate: FinishedRun, incumbent: FinishedRun, baseline: FinishedRun | None, rules: GateRules
) -> Decision:
    """Hold a candidate against the head in use, which it has to beat, and a baseline, to which it must not lose."""
    better = rules.model_copy(update={"margin": 0.0})
    return Decision(
        incumbent=_held("the head in use", incumbent, candidate, better),
        baseline=None if baseline is None else _held(baseline_name(baseline.run), baseline, candidate, rules),
    )


def _held(against: str, base: FinishedRun, candidate: FinishedRun, rules: GateRules) -> Held:
    comparison = compare(base, candidate, rules.scorer, rules.confidence)
    return Held(against, comparison, decide(comparison, rules))


def baseline_name(run: Run) -> str:
    """The language models that named the intents of a run."""
    return ", ".join(name for name in run.models.get("intent", ()) if "/" in name)


def refuse_other_incumbent(recorded: Run, now: Run, folder: Path) -> None:
    """Raise `TrainingError` where a recorded run is not the one that the head in use makes of these cases."""
    if differing := [name for name in differences(recorded, now) if name != "run_id"]:
        raise TrainingError(
            f"{folder}: this is no run of the scope as it is on these cases: it differs by {', '.join(differing)}; "
            "leave out --incumbent, and it is run now."
        )


def refuse_other_baseline(recorded: Run, now: Run, folder: Path) -> None:
    """Raise `TrainingError` where a recorded run is none of a language model on the same cases and site."""
    if not baseline_name(recorded):
        raise TrainingError(
            f"{folder}: no language model named the intents in this run; run the cases with "
            "--set models.intent=provider/model."
        )
    if differing := [name for name in ("site", "cases_sha256", "hop") if getattr(recorded, name) != getattr(now, name)]:
        raise TrainingError(
            f"{folder}: this run is no baseline for these cases: it differs by {', '.join(differing)}; run the "
            "language model on the same cases."
        )


@dataclass(frozen=True)
class Promoted:
    """What was written: the examples file, where the old one is kept, and the line that the scope file lacks."""

    path: Path
    kept: Path | None
    missing_line: str | None


def promote(candidate: LoadedScope, incumbent: LoadedScope) -> Promoted:
    """Write a candidate's examples into the file that its scope names, in one step; the old file is kept beside it.

    The scope file is never written. Raises `TrainingError` where the scope or its examples changed since the incumbent
    was read, or the file cannot be written; then all is as it was.
    """
    if load_scope(incumbent.path).sha256 != incumbent.sha256:
        raise TrainingError(
            f"{incumbent.path}: the scope or its examples changed while the head was fitted; nothing was written, so "
            "run the command again."
        )
    named = candidate.scope.sources.examples
    path = candidate.path.parent / (EXAMPLES_FILE if named is None else named)
    text = "".join(f"{one.model_dump_json()}\n" for one in candidate.examples)
    try:
        kept = _keep(path)
        _replace(path, text.encode())
    except OSError as error:
        raise TrainingError(
            f"{path}: the examples cannot be written ({error.strerror}); nothing was changed."
        ) from None
    return Promoted(path, kept, f'examples = "{EXAMPLES_FILE}"' if named is None else None)


def _keep(path: Path) -> Path | None:
    """Copy a file beside itself under a name that tells its content; None where there is none."""
    if not path.exists():
        return None
    content = path.read_bytes()
    kept = path.with_name(f"{path.stem}-{sha256(content).hexdigest()[:_HASH_CHARS]}{path.suffix}")
    _replace(kept, content)
    return kept


def _replace(path: Path, content: bytes) -> None:
    """Write a file so that a reader finds the old one or the new one, whole."""
    new = path.with_name(f".{path.name}.new")
    try:
        with new.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
