"""Serves from several processes: uvicorn's supervisor, with what they share in place before they start."""

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import httpx
import uvicorn
from uvicorn.supervisors import Multiprocess

from assistant.cli.worker import PARENT

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
    """Serve on a socket until stopped; workers that die are replaced. `ready` is called when the first one serves."""
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
    announcing = threading.Thread(target=_announce, args=(f"{address}/readyz", ready), daemon=True)
    with _environment(told):
        announcing.start()
        Multiprocess(config, sockets=[listening]).run()


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
