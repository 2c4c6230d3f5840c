"""One training of the intent head, from its options to the examples file."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from assistant.cli.opening import Unlogged, open_sites, read_settings, scope_paths
from assistant.cli.screen import err, out, progress_bar
from assistant.embedded.intent_model import EmbeddedIntent, Examples
from assistant.settings import Settings
from assistant.web.warm_up import warm_up_models
from assistant.wiring import Site, open_loaded
from chains.scope import Scope
from chains.scope_file import load_scope, with_examples
from evals.cases import Case, CaseError, load_cases, refuse_test_split
from evals.cli.show_training import show_gathered, show_promoted, show_report
from evals.evaluating import LocalCases
from evals.exporting import LEAST_EXAMPLES
from evals.finished import FinishedRun, finished_run
from evals.gate_file import GateRules, load_gate
from evals.head_figures import HeadFigures, before_and_after
from evals.pairs import embedded_alone
from evals.promotion import (
    Decision,
    TrainingError,
    decide_on,
    promote,
    refuse_other_baseline,
    refuse_other_incumbent,
)
from evals.training import Gathered, Offered, cases_known_to, gather, offered_by_cases, offered_by_judgements
from evals.training_report import TrainingReport, markdown


@dataclass(frozen=True)
class Wanted:
    """What was asked for."""

    sources: tuple[Path, ...]
    judgements: tuple[Path, ...]
    cases: Path
    rules: Path
    incumbent: Path | None
    baseline: Path | None
    held_out: tuple[Path, ...]
    scope: Path | None
    few: bool
    promote: bool
    report: Path | None


@dataclass(frozen=True)
class _Setup:
    """The rules and cases to compare by, the new examples, and both sites."""

    wanted: Wanted
    rules: GateRules
    cases: tuple[Case, ...]
    gathered: Gathered
    incumbent: Site
    candidate: Site


def train_intent(wanted: Wanted) -> int:
    """Train, compare and perhaps promote; the exit code. Raises `HopdeskError` where something cannot be used."""
    rules, cases = load_gate(wanted.rules), _evaluated(wanted.cases)
    settings = read_settings()
    path = scope_paths([wanted.scope] if wanted.scope else None, settings)[0]
    gathered = _gathered(wanted, load_scope(path).scope, cases)
    show_gathered(gathered, out())
    _refuse_too_few(gathered, few=wanted.few)
    with ExitStack() as stack:
        incumbent, candidate = _opened(path, gathered, settings, stack)
        setup = _Setup(wanted, rules, cases, gathered, incumbent, candidate)
        decision = _compared(setup)
        before, after = _cross_validated(setup)
    known = cases_known_to(incumbent.loaded.scope, cases)
    report = TrainingReport(incumbent.loaded.scope.site.id, gathered, before, after, known, decision)
    show_report(report, out())
    if wanted.report:
        _write(wanted.report, markdown(report))
    passes = decision.finding == "pass"
    promoted = promote(candidate.loaded, incumbent.loaded) if passes and wanted.promote else None
    show_promoted(decision.finding, promoted, out())
    return decision.exit_code


def _evaluated(path: Path) -> tuple[Case, ...]:
    """The cases to compare on; raises `CaseError` where one is of another split than dev."""
    cases = load_cases(path)
    refuse_test_split(cases, str(path))
    if other := next((case for case in cases if case.split != "dev"), None):
        raise CaseError(
            f"{path}: the case {other.id!r} is of the {other.split} split; heads are compared on cases of the dev "
            "split, from which nothing is learnt."
        )
    return cases


def _gathered(wanted: Wanted, scope: Scope, cases: tuple[Case, ...]) -> Gathered:
    held_out = (*cases, *(case for path in wanted.held_out for case in load_cases(path)))
    return gather(_offered(wanted), scope, held_out)


def _offered(wanted: Wanted) -> Iterator[Offered]:
    for path in wanted.sources:
        yield from offered_by_cases(load_cases(path), str(path))
    for path in wanted.judgements:
        yield from offered_by_judgements(path)


def _refuse_too_few(gathered: Gathered, *, few: bool) -> None:
    count = len(gathered.examples)
    if not count:
        raise TrainingError("There is no new example to learn from; label or correct more requests.")
    if not gathered.is_enough and not few:
        raise TrainingError(
            f"There are {count} new examples, and fewer than {LEAST_EXAMPLES} do not justify another head: improve "
            "the prompt or the scope's own examples first, then what the lookup finds, and label more until then; "
            "--few goes on nonetheless."
        )


def _opened(path: Path, gathered: Gathered, settings: Settings, stack: ExitStack) -> tuple[Site, Site]:
    """The site as it is, and with the new examples; the fitted heads stay in the home, by what they rest on."""
    [incumbent] = open_sites((path,), settings, Unlogged()).values()
    stack.callback(incumbent.catalog.close)
    err().print("Fitting the head on all examples.")
    loaded = with_examples(incumbent.loaded, gathered.examples)
    candidate = open_loaded(loaded, settings, incumbent.encoder, Unlogged())
    stack.callback(candidate.catalog.close)
    return incumbent, candidate


def _cross_validated(setup: _Setup) -> tuple[HeadFigures, HeadFigures]:
    incumbent = setup.incumbent
    model = embedded_alone(incumbent.chain).intent_model.tiers[0].model
    assert isinstance(model, EmbeddedIntent)  # the only kind of local intent model
    with progress_bar("Cross-validating both heads") as progress:
        return before_and_after(
            model,
            Examples.of(incumbent.loaded.scope),
            setup.gathered.examples,
            incumbent.catalog.vocabulary,
            encoder=incumbent.encoder,
            progress=progress,
        )


def _compared(setup: _Setup) -> Decision:
    """Both heads on the same cases, and a language model's run beside them where there is one."""
    wanted = setup.wanted
    old, new = (LocalCases(site, setup.cases) for site in (setup.incumbent, setup.candidate))
    baseline = None if wanted.baseline is None else finished_run(wanted.baseline)
    if wanted.baseline is not None and baseline is not None:
        refuse_other_baseline(baseline.run, old.planned.run, wanted.baseline)
    recorded = None if wanted.incumbent is None else finished_run(wanted.incumbent)
    if wanted.incumbent is not None and recorded is not None:
        refuse_other_incumbent(recorded.run, old.planned.run, wanted.incumbent)
    # within the deadline of the first case it would be too late, and neither side shall pay for it alone
    asyncio.run(warm_up_models((setup.incumbent, setup.candidate)))
    before = recorded or _run(old)
    return decide_on(_run(new), before, baseline, setup.rules)


def _run(cases: LocalCases) -> FinishedRun:
    with progress_bar("Running the cases") as progress:
        return cases.run(progress)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise TrainingError(f"{path}: the report cannot be written ({error.strerror}); name another file.") from None
