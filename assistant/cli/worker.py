"""The app as one of several worker processes builds it: from the environment alone, and no longer than its parent."""

import ctypes
import os
import signal
import sys
from contextlib import ExitStack

from starlette.applications import Starlette

from assistant.cli.opening import open_desk, read_settings, scope_paths
from assistant.web.app import build_app

PARENT = "HOPDESK_PARENT_PID"
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def build() -> Starlette:
    """The app on a desk of this process, whose sites and ledger stay open until the process ends."""
    _end_with_parent()
    settings = read_settings(quiet=False)
    stack = ExitStack()
    desk = stack.enter_context(open_desk(scope_paths(None, settings), settings))
    app = build_app(desk, settings)
    app.state.open = stack  # what leaves the stack is closed
    return app


def _end_with_parent() -> None:
    """Have the system end this process when the one that started it dies, however that dies; Linux alone can."""
    if sys.platform == "linux" and PARENT in os.environ:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != int(os.environ[PARENT]):  # it died before the line above
            os.kill(os.getpid(), signal.SIGTERM)
