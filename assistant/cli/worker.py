"""The app as one of several worker processes builds it: from the environment alone, and no longer than its parent."""

import ctypes
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.applications import Starlette

PARENT = "HOPDESK_PARENT_PID"
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def build() -> "Starlette":
    """The app on a desk of this process, whose sites and ledger stay open until the process ends.

    What cannot be opened is logged as a sentence, and ends the process with exit code 1.
    """
    with _ended_at_once():
        _end_with_parent()
        return _opened()  # imports what takes seconds, too


def _opened() -> "Starlette":
    import structlog

    from assistant.cli.opening import open_desk, read_settings, scope_paths
    from assistant.web.app import build_app
    from chains.errors import HopdeskError

    settings = read_settings(quiet=False)
    stack = ExitStack()
    try:
        desk = stack.enter_context(open_desk(scope_paths(None, settings), settings))
    except HopdeskError as error:
        structlog.get_logger(__name__).error("worker_not_started", problem=str(error))
        sys.exit(1)
    app = build_app(desk, settings)
    app.state.open = stack  # what leaves the stack is closed
    return app


@contextmanager
def _ended_at_once() -> Iterator[None]:
    """Have SIGTERM end this process at once for a while, since no request is under way yet that should end well."""
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _end_with_parent() -> None:
    """Have the system end this process when the one that started it dies, however that dies; Linux alone can."""
    if sys.platform == "linux" and PARENT in os.environ:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != int(os.environ[PARENT]):  # it died before the line above
            os.kill(os.getpid(), signal.SIGTERM)
