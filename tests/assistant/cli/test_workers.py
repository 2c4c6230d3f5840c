"""`hopdesk serve --workers`: real processes that share a socket and a store, and end with their parent."""

import contextlib
import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import httpx
import pytest
import structlog
import uvicorn
from starlette.testclient import TestClient
from starlette.types import ASGIApp
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess
from uvicorn.supervisors.multiprocess import SIGNALS

from assistant.cli import worker, workers
from assistant.cli.opening import demo_scope
from assistant.cli.sockets import address_of, listen
from assistant.wiring import Site
from chains.errors import HopdeskError
from tests.assistant.cli.conftest import Run
from tests.assistant.reflexes.servers import is_running

COMMAND = (sys.executable, "-c", "from assistant.cli.main import main; main()")
ASKED = json.dumps({"site": "lumen-oak", "text": "Is the Aurel Nova 14 in stock?"}).encode()
PATIENCE_S = 120  # a worker starts within seconds, on a machine that has nothing else to do


def until(done: Callable[[], bool]) -> None:
    ends_at = time.monotonic() + PATIENCE_S
    while not done():
        assert time.monotonic() < ends_at
        time.sleep(0.02)


def children(parent: int, what: str) -> set[int]:
    """The processes that another one started, by a word of their commands."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            ppid = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if ppid == parent and what in (folder / "cmdline").read_text():
                found.add(int(folder.name))
    return found


class Group:
    """A server of two workers in a process group of its own, as a terminal has it."""

    def __init__(self, home: Path, folder: Path) -> None:
        environment = os.environ | {"HOPDESK_HOME": str(home), "HOPDESK_LEDGER": str(folder / "ledger.sqlite")}
        environment.pop("REDIS_URL", None)
        self.log = folder / "log"
        with self.log.open("wb") as said:
            self.parent = subprocess.Popen(
                (*COMMAND, "serve", "--workers", "2", "--port", "0"),
                stdout=said, stderr=said, env=environment, start_new_session=True,
            )  # fmt: skip

    @property
    def said(self) -> str:
        return self.log.read_text()

    @property
    def workers(self) -> set[int]:
        return {pid for pid in children(self.parent.pid, "spawn_main") if is_running(pid)}

    @property
    def valkeys(self) -> set[int]:
        return children(self.parent.pid, "valkey-server")

    def wait_until_announced(self) -> None:
        until(lambda: "Ctrl-C" in self.said or self.parent.poll() is not None)
        assert self.parent.poll() is None, self.said

    def ask(self) -> str:
        address = next(line.split()[-1] for line in self.said.splitlines() if "page to try it" in line)
        request = urllib.request.Request(f"{address}v1/requests", ASKED, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as reply:
            kind: str = json.load(reply)["outcome"]["kind"]
        return kind

    def ask_only(self, asked: int) -> str:
        """What one worker says while the other one is stopped; it may have to start first."""
        (other,) = self.workers - {asked}
        os.kill(other, signal.SIGSTOP)
        try:
            return self.ask()
        finally:
            with contextlib.suppress(ProcessLookupError):  # one that is silent for too long is replaced
                os.kill(other, signal.SIGCONT)


@pytest.fixture
def group(home: Path, demo_site: Site, tmp_path: Path) -> Iterator[Group]:
    served = Group(home, tmp_path)
    yield served
    left = served.workers | served.valkeys
    with contextlib.suppress(ProcessLookupError):
        os.killpg(served.parent.pid, signal.SIGKILL)
    served.parent.wait()
    until(lambda: not any(map(is_running, left)))


def test_every_worker_answers_a_dead_one_is_replaced_and_ctrl_c_ends_all_of_them(group: Group) -> None:
    group.wait_until_announced()
    first, second = group.workers
    assert group.ask_only(first) == "answer"
    assert group.ask_only(second) == "answer"
    os.kill(first, signal.SIGKILL)
    until(lambda: len(group.workers - {first}) == 2)
    (third,) = group.workers - {second}
    assert group.ask_only(third) == "answer"
    (valkey,) = group.valkeys
    os.killpg(group.parent.pid, signal.SIGINT)  # as a terminal sends it: to all of them
    assert group.parent.wait(PATIENCE_S) == 0
    assert not any(map(is_running, (second, third, valkey)))
    assert group.said.count("Serving lumen-oak on") == 1
    assert f'"pid": {first}, "event": "worker_replaced"' in group.said
    assert "Traceback" not in group.said


def test_nothing_outlives_a_parent_that_is_killed(group: Group) -> None:
    group.wait_until_announced()
    left = group.workers | group.valkeys
    assert len(left) == 3
    group.parent.kill()
    group.parent.wait()
    until(lambda: not any(map(is_running, left)))


def test_ctrl_c_while_the_workers_start_is_no_traceback(group: Group) -> None:
    until(lambda: len(group.workers) == 2 or group.parent.poll() is not None)
    left = group.workers | group.valkeys
    os.killpg(group.parent.pid, signal.SIGINT)
    assert group.parent.wait(PATIENCE_S) == 0
    assert not any(map(is_running, left))
    assert "Traceback" not in group.said


# What follows runs in this process, without starting another one.


@pytest.fixture
def handlers() -> Iterator[None]:
    """Puts back how this process takes signals: a supervisor takes all of them for itself."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with listen("127.0.0.1", 0) as opened:
        yield opened


def supervisor(listening: socket.socket, count: int = 0) -> workers._Supervisor:
    return workers._Supervisor(uvicorn.Config("no:app", workers=count, log_config=None), [listening])


class Dead:
    """A worker process that ended."""

    pid = 4711

    def __init__(self, exitcode: int = 1) -> None:
        self.exitcode = exitcode


def serve(listening: socket.socket, redis_url: str = "unix:///valkey.sock", **more: object) -> None:
    workers.serve_from_workers(
        listening, address_of(listening), 2, scopes=[demo_scope()], redis_url=redis_url, grace_s=9, ready=lambda: None
    )


@pytest.mark.usefixtures("handlers")
@pytest.mark.parametrize("url", ["unix:///valkey.sock", ""])
def test_workers_read_what_they_serve_from_their_environment(
    listening: socket.socket, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("HOPDESK_SCOPES", "other.toml")
    monkeypatch.delenv("REDIS_URL", raising=False)
    seen: list[tuple[str | None, ...]] = []
    names = ("HOPDESK_SCOPES", "REDIS_URL", worker.PARENT)
    monkeypatch.setattr(Multiprocess, "run", lambda _: seen.append(tuple(map(os.environ.get, names))))
    serve(listening, url)
    assert seen == [(str(demo_scope()), url or None, str(os.getpid()))]
    assert tuple(map(os.environ.get, names)) == ("other.toml", None, None)


@pytest.mark.usefixtures("handlers")
def test_a_worker_that_cannot_start_is_said_and_ends_the_server(
    listening: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(one: Multiprocess) -> None:
        one.processes = cast("list[object]", [Dead(STARTUP_FAILURE)])  # type: ignore[assignment]

    monkeypatch.setattr(Multiprocess, "run", stopped)
    with pytest.raises(HopdeskError, match="A worker could not start, so none serves"):
        serve(listening)


@pytest.mark.usefixtures("handlers")
def test_ctrl_c_ends_a_supervisor_and_is_kept_from_its_workers(
    listening: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked: list[bool] = []

    def start(_: Multiprocess) -> None:
        blocked.append(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ()))
        signal.pthread_kill(threading.get_ident(), signal.SIGINT)

    monkeypatch.setattr(Multiprocess, "init_processes", start)
    supervisor(listening).run()
    assert blocked == [True]
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


@pytest.mark.usefixtures("handlers")
def test_a_worker_that_died_is_logged(listening: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    served = supervisor(listening)
    served.processes = cast("list[object]", [Dead(), Dead()])  # type: ignore[assignment]
    monkeypatch.setattr(Multiprocess, "keep_subprocess_alive", lambda one: one.processes.pop(1))
    with structlog.testing.capture_logs() as logs:
        served.handle_signals()  # there are none, so it goes on
        served.keep_subprocess_alive()
    assert not served.should_exit.is_set()
    assert logs == [{"event": "worker_replaced", "pid": 4711, "log_level": "warning"}]


def test_it_is_announced_once_a_worker_is_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_POLL_S", 0.0)
    statuses = [503, None, 200, 200]
    ready: list[int] = []

    def get(probe: str, **_: object) -> object:
        assert probe == "http://here/readyz"
        status = statuses.pop(0)
        if status is None:
            raise httpx.ReadError("a worker died")
        return httpx.Response(status)

    monkeypatch.setattr(httpx, "get", get)
    workers._announce("http://here/readyz", lambda: ready.append(1))
    assert (ready, statuses) == ([1], [200])
    monkeypatch.setattr(workers, "_STARTS_WITHIN_S", 0.0)
    workers._announce("http://here/readyz", lambda: ready.append(1))
    assert ready == [1]


@pytest.mark.usefixtures("run")  # which has the demo shop open already
def test_a_worker_builds_an_app_from_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(worker.PARENT, raising=False)
    before = signal.getsignal(signal.SIGTERM)
    app = worker.build()
    assert signal.getsignal(signal.SIGTERM) == before
    with TestClient(cast("ASGIApp", app)) as client:
        assert client.get("/readyz").status_code == 200
        assert [site["id"] for site in client.get("/v1/sites").json()["sites"]] == ["lumen-oak"]
    app.state.open.close()


@pytest.mark.usefixtures("run")
def test_a_worker_that_cannot_open_its_scope_says_so_and_ends(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("HOPDESK_SCOPES", str(tmp_path / "gone.toml"))
    with pytest.raises(SystemExit) as ended:
        worker.build()
    assert ended.value.code == 1
    said = json.loads(capsys.readouterr().err.splitlines()[-1])
    assert said["event"] == "worker_not_started"
    assert "gone.toml: there is no such scope file" in said["problem"]


def test_a_worker_whose_parent_is_dead_already_ends_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[int, ...]] = []

    class Library:
        def prctl(self, *arguments: int) -> None:
            told.append(arguments)

    monkeypatch.setattr(ctypes, "CDLL", lambda _: Library())
    monkeypatch.setattr(os, "kill", lambda *arguments: told.append(arguments))
    monkeypatch.setenv(worker.PARENT, str(os.getppid()))
    worker._end_with_parent()
    assert told == [(1, signal.SIGTERM, 0, 0, 0)]
    monkeypatch.setenv(worker.PARENT, "1")
    worker._end_with_parent()
    assert told[1:] == [(1, signal.SIGTERM, 0, 0, 0), (os.getpid(), signal.SIGTERM)]


def test_serving_from_workers_shares_a_store_that_runs(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, list[Path], int]] = []

    def served(
        _listening: socket.socket, address: str, count: int, *, scopes: list[Path], redis_url: str, grace_s: int,
        ready: Callable[[], None],
    ) -> None:  # fmt: skip
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(redis_url.removeprefix("unix://"))
        seen.append((count, list(scopes), grace_s))
        ready()

    monkeypatch.setattr(workers, "serve_from_workers", served)
    result = run("serve", "--workers", "2", "--port", "0")
    assert (result.exit_code, result.stdout) == (0, "")
    assert seen == [(2, [demo_scope()], 9)]
    assert result.stderr.count("Serving lumen-oak on http://127.0.0.1:") == 1
