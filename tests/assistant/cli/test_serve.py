"""`hopdesk serve`, its address, and the entry point."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import cast

import pytest
import uvicorn
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from assistant.cli.sockets import address_of, listen
from assistant.wiring import Site
from chains.errors import HopdeskError
from tests.assistant.cli.conftest import Run

COMMAND = (sys.executable, "-c", "from assistant.cli.main import main; main()")


def test_it_says_where_it_serves_and_how_to_try_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def serve_until_interrupted(server: uvicorn.Server, sockets: list[socket.socket]) -> None:
        with TestClient(cast("ASGIApp", server.config.app)) as client:
            assert client.get("/readyz").status_code == 200
        raise KeyboardInterrupt

    monkeypatch.setattr(uvicorn.Server, "run", serve_until_interrupted)
    result = run("serve", "--port", "0")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "Serving lumen-oak on http://127.0.0.1:" in result.stderr
    assert '/v1/requests -H \'Content-Type: application/json\' -d \'{"site": "lumen-oak"' in result.stderr


def test_a_port_that_is_taken_is_said(run: Run) -> None:
    with listen("127.0.0.1", 0) as taken:
        result = run("serve", "--port", taken.getsockname()[1])
    assert result.exit_code == 1
    assert "Address already in use" in result.stderr


@pytest.mark.parametrize("port", ["-1", "65536", "many"])
def test_a_port_that_is_none_is_wrong_use(run: Run, port: str) -> None:
    assert run("serve", "--port", port).exit_code == 2


def test_an_address_reads_as_it_is_typed() -> None:
    with listen("0.0.0.0", 0) as everywhere:
        assert address_of(everywhere) == f"http://127.0.0.1:{everywhere.getsockname()[1]}"
    with listen("::1", 0) as six:
        assert address_of(six) == f"http://[::1]:{six.getsockname()[1]}"
    with pytest.raises(HopdeskError, match=r"Cannot listen on 203\.0\.113\.9 port 80"):
        listen("203.0.113.9", 80)


def test_it_serves_in_a_process_of_its_own_and_ends_cleanly(home: Path, demo_site: Site, tmp_path: Path) -> None:
    environment = os.environ | {"HOPDESK_HOME": str(home), "HOPDESK_LEDGER": str(tmp_path / "ledger.sqlite")}
    server = subprocess.Popen((*COMMAND, "serve", "--port", "0"), stderr=subprocess.PIPE, text=True, env=environment)
    assert server.stderr is not None
    with server, server.stderr as said:
        try:
            line = next(line for line in said if "page to try it" in line)
            with urllib.request.urlopen(f"{line.split()[-1]}healthz") as reply:
                assert reply.status == 200
        finally:
            server.send_signal(signal.SIGINT)
        rest = said.read()
        assert server.wait(30) == 0
    assert "Traceback" not in rest


def test_the_entry_point_speaks_for_itself() -> None:
    done = subprocess.run((*COMMAND, "--version"), capture_output=True, text=True, check=True)
    assert done.stdout.startswith("hopdesk ")


HEAVY = (
    "pydantic", "numpy", "sqlalchemy", "starlette", "structlog", "onnxruntime", "guardrails", "litellm", "redis",
    "httpx", "uvicorn",
)  # fmt: skip


@pytest.mark.parametrize(
    "command",
    [(), ("ask",), ("serve",), ("scope", "check"), ("scope", "init"), ("catalog", "import"), ("catalog", "search"),
     ("hops", "export"), ("hops", "replay"), ("trace",), ("contacts", "erase"), ("models", "check"),
     ("prompts", "list"), ("prompts", "show"), ("prompts", "diff"), ("prompts", "render"), ("evals", "cascade")],
)  # fmt: skip
def test_help_loads_nothing_heavy(command: tuple[str, ...]) -> None:
    script = (
        "import sys\nfrom assistant.cli.main import app\n"
        f"app({[*command, '--help']!r}, standalone_mode=False)\n"
        f"loaded = [name for name in {HEAVY!r} if name in sys.modules]\n"
        "assert not loaded, loaded"
    )
    done = subprocess.run((sys.executable, "-c", script), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Usage: hopdesk" in done.stdout or "Usage:" in done.stdout


def test_no_command_shows_the_help(run: Run) -> None:
    assert "Commands" in run().output


def test_the_entry_point_keeps_libraries_from_fighting_over_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    from assistant.cli.main import main

    monkeypatch.setenv("OMP_NUM_THREADS", "")  # so that it is put back however it was
    monkeypatch.delenv("OMP_NUM_THREADS")
    monkeypatch.setattr(sys, "argv", ["hopdesk", "--version"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert os.environ["OMP_NUM_THREADS"] == "1"


def test_a_defect_shows_its_traceback_to_developers_alone(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise KeyError("SECRET")

    monkeypatch.setattr("assistant.cli.opening.scope_paths", fail)
    result = run("ask", "hello")
    assert result.exit_code == 1
    assert result.stderr.startswith("hopdesk: This is a defect of Hopdesk (KeyError)")
    assert "SECRET" not in result.stderr
    monkeypatch.setenv("HOPDESK_LOG_LEVEL", "DEBUG")
    assert isinstance(run("ask", "hello").exception, KeyError)
