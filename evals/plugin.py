"""The pytest plugin: `pytest --hopdesk-cases FILE` runs labelled cases as tests, beside whatever else there is.

It costs nothing where it is not used: all that is heavy is imported with the first case, or the first fixture.

    def test_a_price_is_told(hopdesk_run, hopdesk_bench):
        run = hopdesk_run("What does the Aurel Nova 14 cost?")
        assert run.outcome.kind == "answer"
        assert_outcome_safe(run.outcome, hopdesk_bench.scope)   # from evals.assertions
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from evals.case_tests import Bench, Ran
    from evals.cases import Case
    from evals.running import CaseRun

_BENCH = pytest.StashKey["Bench"]()
_OPENED = pytest.StashKey[ExitStack]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the plugin's two options."""
    group = parser.getgroup("hopdesk", "Hopdesk")
    group.addoption(
        "--hopdesk-cases", action="append", default=[], metavar="FILE", help="Labelled cases to run as tests."
    )
    group.addoption(
        "--hopdesk-scope",
        metavar="FILE",
        help="The scope file of the site that they run on; absent: HOPDESK_SCOPES, else the demo shop.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Collect the files of cases, too, unless they are named among the tests already."""
    for file in _files(config):
        if not any(Path(str(argument).partition("::")[0]).resolve() == file for argument in config.args):
            config.args.append(str(file))


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> "CaseFile | None":
    """A file of cases, where it is one of those that are asked for."""
    if file_path.resolve() not in _files(parent.config):
        return None
    made: CaseFile = CaseFile.from_parent(parent, path=file_path)
    return made


def pytest_unconfigure(config: pytest.Config) -> None:
    """Close what was opened."""
    if opened := config.stash.get(_OPENED, None):
        opened.close()


class CaseFile(pytest.File):
    """A file of labelled cases."""

    def collect(self) -> "Iterator[CaseItem]":
        """A test for each case."""
        from chains.errors import HopdeskError
        from evals.cases import load_cases

        try:
            cases = load_cases(self.path)
        except HopdeskError as error:
            raise self.CollectError(str(error)) from None
        for case in cases:
            yield CaseItem.from_parent(self, name=case.id, case=case)


class CaseItem(pytest.Item):
    """One case; it runs in the setup, so that what nothing can be said of is an error and no failure."""

    def __init__(self, *, case: "Case", **about: Any) -> None:
        super().__init__(**about)
        self.case = case
        self.extra_keyword_matches.update(case.tags)
        self._ran: Ran | None = None

    def setup(self) -> None:
        """Run the case."""
        if self.case.proposed:
            pytest.skip("proposed: nobody has said yet what is right")
        self._ran = _bench(self.config).score(self.case)

    def runtest(self) -> None:
        """Hold what came to what is expected."""
        assert self._ran is not None
        _bench(self.config).check(self._ran)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """What was expected and what came, instead of a traceback."""
        from chains.errors import HopdeskError
        from evals.case_tests import CaseFailed

        if isinstance(excinfo.value, CaseFailed | HopdeskError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where the case is and what it is called."""
        return self.path, None, self.case.id


@pytest.fixture(scope="session")
def hopdesk_bench(request: pytest.FixtureRequest) -> "Bench":
    """The site that cases run on: its chain and scope."""
    return _bench(request.config)


@pytest.fixture
def hopdesk_run(hopdesk_bench: "Bench") -> "Callable[..., CaseRun]":
    """Run a request: `hopdesk_run("What does it cost?", page="LAP-9")` gives its outcome and records."""
    from evals.cases import Case, Expectation

    def run(text: str, *, page: str | None = None, customer: str | None = None) -> "CaseRun":
        case = Case(id="test", text=text, page=page, customer=customer, split="dev", expect=(Expectation(),))
        return hopdesk_bench.run(case)

    return run


def _files(config: pytest.Config) -> list[Path]:
    return [Path(config.invocation_params.dir, file).resolve() for file in config.getoption("--hopdesk-cases")]


def _bench(config: pytest.Config) -> "Bench":
    """The bench of this test run, opened when it is first asked for."""
    if _BENCH not in config.stash:
        from evals import case_tests

        opened = config.stash[_OPENED] = ExitStack()
        scope = config.getoption("--hopdesk-scope")
        path = Path(config.invocation_params.dir, scope) if scope else None
        config.stash[_BENCH] = opened.enter_context(case_tests.open_bench(path))
    return config.stash[_BENCH]
