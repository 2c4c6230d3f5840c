import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from assistant.ledger import Ledger, Vault
from tests.assistant.reflexes.servers import Valkey

PROCESSES, TIMES, LIMIT = 3, 60, 600


class Workers:
    """Several processes that reserve from one site's budget at once."""

    def __init__(self, folder: Path, server: Valkey) -> None:
        ledger, key = folder / "ledger.db", folder / "vault.key"
        Ledger.open(ledger, Vault.from_file(key)).close()
        self._processes = [
            subprocess.Popen(
                [sys.executable, "-m", "tests.assistant.reflexes.hammer", str(ledger), str(key), server.url],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                cwd=Path(__file__).parents[3],
            )
            for _ in range(PROCESSES)
        ]
        assert [self._line(process) for process in self._processes] == [["ready"]] * PROCESSES

    def spend(self, site: str, during: Callable[[], None]) -> tuple[int, int]:
        """What all may have spent in all, and how many turns were granted, while something happens."""
        for number, process in enumerate(self._processes):
            assert process.stdin is not None
            process.stdin.write(f"{number} {site} {TIMES} {LIMIT}\n")
            process.stdin.flush()
        during()
        said = [self._line(process) for process in self._processes]
        return sum(int(line[0]) for line in said), sum(int(line[1]) for line in said)

    def end(self) -> None:
        for process in self._processes:
            process.communicate()

    def _line(self, process: "subprocess.Popen[str]") -> list[str]:
        assert process.stdout is not None
        return process.stdout.readline().split()


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory, one_server: Valkey) -> Iterator[Workers]:
    made = Workers(tmp_path_factory.mktemp("load"), one_server)
    yield made
    made.end()


def nothing(server: Valkey) -> None:
    pass


def stopped_and_continued(server: Valkey) -> None:
    time.sleep(0.02)
    server.hang()
    time.sleep(0.05)
    server.resume()


def stopped(server: Valkey) -> None:
    time.sleep(0.02)
    server.hang()


def killed(server: Valkey) -> None:
    time.sleep(0.02)
    server.kill()


def restarted(server: Valkey) -> None:
    killed(server)
    server.embedded.ensure()


def restarted_empty(server: Valkey) -> None:
    killed(server)
    shutil.rmtree(server.folder / "appendonlydir")
    server.embedded.ensure()


def read_only(server: Valkey) -> None:
    time.sleep(0.02)
    assert server.ask("REPLICAOF 127.0.0.1 1") == "+OK"


def out_of_memory(server: Valkey) -> None:
    time.sleep(0.02)
    server.ask("CONFIG SET maxmemory-policy noeviction")
    assert server.ask("CONFIG SET maxmemory 1") == "+OK"


FAULTS = [
    nothing,
    stopped_and_continued,
    stopped,
    killed,
    restarted,
    restarted_empty,
    read_only,
    out_of_memory,
]


@pytest.mark.parametrize("fault", FAULTS)
def test_no_fault_of_the_store_lets_a_site_pass_its_limit_or_stops_its_turns(
    workers: Workers, server: Valkey, fault: Callable[[Valkey], None]
) -> None:
    spent, granted = workers.spend(fault.__name__, lambda: fault(server))
    assert spent <= LIMIT
    assert spent > LIMIT - 2 * PROCESSES * 10
    assert granted >= LIMIT / 10


def test_a_store_that_refuses_all_along_changes_nothing_about_it(workers: Workers, server: Valkey) -> None:
    server.kill()
    spent, granted = workers.spend("refused", lambda: None)
    assert LIMIT - 2 * PROCESSES * 10 < spent <= LIMIT
    assert granted >= LIMIT / 10
