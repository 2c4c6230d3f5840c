"""Serves from several processes: uvicorn's supervisor, with what they share in place before they start."""

import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from multiprocessing import resource_tracker
from pathlib import Path

import httpx
import structlog
import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from assistant.cli.worker import PARENT
from chains.errors import HopdeskError

log = structlog.get_logger(__name__)
_STARTS_WITHIN_S = 300.0
_HEALTHCHECK_S = 30  # reading a model takes seconds in which a worker cannot answer
_POLL_S = 0.2


def serve_from_workers(
    listening: socket.socket,
    address: str,
    workers: int,
    *,
    scopes: Sequence[Path],
    redis_url: str,
    grace_s: int,
    ready: Callable[[], None],
) -> None:
    """Serve on a socket until stopped; workers that die are replaced. `ready` is called when the first one serves.

    Raises `HopdeskError` where a worker cannot start.
    """
    config = uvicorn.Config(
        "assistant.cli.worker:build",
        factory=True,
        workers=workers,
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=grace_s,
        timeout_worker_healthcheck=_HEALTHCHECK_S,
    )
    told = {"HOPDESK_SCOPES": os.pathsep.join(str(path.absolute()) for path in scopes), PARENT: str(os.getpid())}
    if redis_url:
        told["REDIS_URL"] = redis_url
    supervisor = _Supervisor(config, sockets=[listening])
    with _environment(told):
        threading.Thread(target=_announce, args=(f"{address}/readyz", ready), daemon=True).start()
        supervisor.run()
    if any(worker.exitcode == STARTUP_FAILURE for worker in supervisor.processes):
        raise HopdeskError("A worker could not start, so none serves; what it wrote above says why.")


class _Supervisor(Multiprocess):
    """Workers that no Ctrl-C reaches: it goes to all processes of a terminal, and is for this one alone.

    Here SIGINT is blocked, which the workers inherit from their very start, and looked for instead; they are ended
    by SIGTERM, once what they do is done.
    """

    def run(self) -> None:
        """Serve until stopped."""
        resource_tracker.ensure_running()  # the first worker would begin it, and that unblocks SIGINT again
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            super().run()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def handle_signals(self) -> None:
        """Do what the signals ask for that came since the last time."""
        if signal.SIGINT in signal.sigpending():
            self.handle_int()
        super().handle_signals()

    def keep_subprocess_alive(self) -> None:
        """Replace workers that died."""
        before = tuple(self.processes)
        super().keep_subprocess_alive()
        for worker in before:
            if worker not in self.processes:
                log.warning("worker_replaced", pid=worker.pid)


def _announce(probe: str, ready: Callable[[], None]) -> None:
    until = time.monotonic() + _STARTS_WITHIN_S
    while time.monotonic() < until:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(probe, timeout=_STARTS_WITHIN_S, trust_env=False).status_code == 200:
                ready()
                return
        time.sleep(_POLL_S)


@contextlib.contextmanager
def _environment(told: dict[str, str]) -> Iterator[None]:
    """What the workers read from their environment, which they get from this process."""
    before = {name: os.environ.get(name) for name in told}
    os.environ.update(told)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
