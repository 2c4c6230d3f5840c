"""What `hopdesk evals judge` does: from its options to the lines in a file."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from io import FileIO
from pathlib import Path

from pydantic import TypeAdapter, ValidationError
from rich.console import Console

from assistant.cli.opening import read_settings, scope_paths
from assistant.cli.screen import data, out, table
from chains.errors import HopdeskError
from chains.record import digest
from chains.scope import LanguageModelName, Scope
from chains.scope_file import load_scope
from evals.cases import load_cases
from evals.cassettes import REPEAT, Cassette, EvaluatedModels
from evals.cli.consent import Spending, Stopped, check_may_begin
from evals.cli.show_run import Tally, run_bar, show_scores
from evals.judges import BUDGET, Concluded, Question, judge, repeat_of
from evals.judging import (
    Task,
    done_already,
    ideals_of,
    judgement_tasks,
    preference_tasks,
    verdict_of,
)
from evals.pacing import Ask, Job, Pace, Purse, estimate, run_paced
from evals.planning import repeated
from evals.run_folder import JUDGEMENTS, PREFERENCES
from moderation import inbound


@dataclass(frozen=True)
class Wanted:
    """What was asked for: `questions` of `run`, or, where there is an `other` run, which of them replied better."""

    run: Path
    other: Path | None
    questions: tuple[Question, ...]
    model: str
    repeats: int
    cases: Path | None
    scope: Path | None
    cassette: Path | None
    offline: bool
    spending: Spending
    output: Path | None

    @property
    def file(self) -> Path:
        """Where the verdicts go."""
        return self.output or self.run / (PREFERENCES if self.other else JUDGEMENTS)


@dataclass(frozen=True)
class _Answered:
    """A task with what its replies come to."""

    task: Task
    concluded: Concluded

    def failed_by(self, error_type: str) -> bool:
        """Whether a reply is missing because of an error of this name."""
        return self.concluded.failed_by(error_type)


_Tasks = Callable[[], Iterator[Task]]
"""Reads the tasks anew, one in memory at a time."""


def judge_runs(wanted: Wanted) -> None:
    """Ask what is wanted and not judged yet; raises `Stopped` where the budget was spent, and `HopdeskError`."""
    _check_model(wanted.model)
    scope = load_scope(scope_paths([wanted.scope] if wanted.scope else None, read_settings())[0]).scope
    with ExitStack() as stack:
        cassette = Cassette(wanted.cassette) if wanted.cassette else None
        if cassette is not None:
            stack.callback(cassette.close)
        purse = wanted.spending.purse()
        models = EvaluatedModels(scope, purse, cassette, offline=wanted.offline)
        tasks = _tasks(wanted, models, scope)
        done = done_already(wanted.file, pairs=wanted.other is not None)
        tally, asks = _looked_through(tasks(), done, wanted.model, models)
        if asks and not wanted.offline:
            expected = estimate(asks, 1, 1, BUDGET.hop_ms / 1000, wanted.spending.concurrency)
            check_may_begin(expected, wanted.spending, scope)
        file = stack.enter_context(_opened(wanted.file))
        todo = (task for task in tasks() if task.key not in done)
        _carry_out(wanted, todo, purse, tally, file)


def _check_model(name: str) -> None:
    try:
        TypeAdapter(LanguageModelName).validate_python(name)
    except ValidationError as error:
        said = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise HopdeskError(f"--model {name}: {said}.") from None


def _tasks(wanted: Wanted, models: EvaluatedModels, scope: Scope) -> _Tasks:
    model = models(wanted.model)
    if wanted.other is not None:
        return partial(preference_tasks, wanted.run, wanted.other, model)
    labelled = load_cases(wanted.cases) if wanted.cases else ()
    ideals = ideals_of(labelled, lambda text: inbound(text, scope.moderation).redacted.text)
    judges = {question: judge(question, model, wanted.repeats) for question in wanted.questions}
    return partial(judgement_tasks, wanted.run, judges, ideals)


@dataclass
class _Progress(Tally):
    """The verdicts by judge, and how many there are to be."""

    tasks: int = 0

    def add_verdict(self, judge: str, verdict: str) -> None:
        """Count one verdict."""
        self.results += 1
        self.count(judge, verdict)

    def headline(self, label: str) -> int:
        """How many verdicts of any judge are this one."""
        return sum(labels[label] for labels in self.labels.values())


def _looked_through(
    tasks: Iterator[Task], done: Mapping[str, str], name: str, models: EvaluatedModels
) -> tuple[_Progress, list[Ask]]:
    """How many tasks there are, with the verdicts there are already, and what the others will ask."""
    tally, asks = _Progress(), list[Ask]()
    for task in tasks:
        tally.tasks += 1
        tally.labels.setdefault(task.judge, Counter())
        if task.key in done:
            tally.add_verdict(task.judge, done[task.key])
        else:
            asks += _asks(task, name, models)
    return tally, asks


def _asks(task: Task, name: str, models: EvaluatedModels) -> Iterator[Ask]:
    """What a task asks of the model of this name, and whether the cassette knows the reply."""
    bare = next(one for one in models.bare if one.name == name)
    for call, of_judge in task.inquiry.calls:
        before = REPEAT.set(repeat_of(task.repeat, of_judge))
        yield Ask(bare, call.input_tokens, models.knows(name, call))
        REPEAT.reset(before)


def _opened(path: Path) -> FileIO:
    """A file of lines to be appended to, each in one piece; its last line is ended where it was not."""
    try:
        file = path.open("a+b", buffering=0)
        size = file.seek(0, 2)
        if size and _last_byte(file, size) != b"\n":
            file.write(b"\n")
    except OSError as error:
        raise HopdeskError(
            f"{path}: the verdicts cannot be written ({error.strerror}); name another --output."
        ) from None
    return file


def _last_byte(file: FileIO, size: int) -> bytes:
    file.seek(size - 1)
    return file.read(1)


def _carry_out(wanted: Wanted, todo: Iterator[Task], purse: Purse, tally: _Progress, file: FileIO) -> None:
    with run_bar(tally.tasks - tally.results, purse, tally) as advance:

        def keep(answered: _Answered) -> None:
            line = answered.task.line(answered.concluded)
            if line is not None:
                file.write(line.model_dump_json(by_alias=True, exclude_none=True).encode() + b"\n")
            tally.add_verdict(answered.task.judge, verdict_of(line))
            advance()

        jobs = (Job(digest(task.key), repeated(task.repeat, partial(_answer, task))) for task in todo)
        asyncio.run(run_paced(jobs, Pace(wanted.spending.concurrency), purse, keep))
    if purse.is_spent:
        raise Stopped(
            f"The budget was spent after {tally.results} of {tally.tasks} verdicts (${purse.usd:.4f}, "
            f"{purse.tokens:,} tokens); the same command goes on."
        )
    _show(wanted, tally, out())


async def _answer(task: Task) -> _Answered:
    return _Answered(task, await task.inquiry.ask())


def _show(wanted: Wanted, tally: _Progress, console: Console) -> None:
    """Print the verdicts by judge, and where they are."""
    if not tally.tasks:
        console.print(data(f"There is nothing in {wanted.run} that could be asked; no reply, ideal answer or fact."))
        return
    if wanted.other is None:
        show_scores(tally, console, "verdicts")
    else:
        columns = {"first": "a", "second": "b", "tie": "tie", "unsure": "unsure", "error": "error"}
        rows = ([str(labels[label]) for label in columns.values()] for labels in tally.labels.values())
        console.print(f"Which run replied better, in {tally.tasks} cases in which they differ:")
        console.print(table("", [*columns], rows, numbers=[*columns]))
    console.print(data(f"Written to {wanted.file}"), soft_wrap=True)
