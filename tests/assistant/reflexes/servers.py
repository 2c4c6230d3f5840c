"""A real Valkey to break in many ways, and clocks that are moved by hand."""

import os
import signal
import socket
from pathlib import Path

from assistant.reflexes import EmbeddedValkey


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Valkey:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.embedded = EmbeddedValkey(folder)
        self.url = ""
        self._stopped = False

    @property
    def pid(self) -> int:
        assert self.embedded._server is not None
        return self.embedded._server.pid

    def start(self) -> None:
        self.url = self.embedded.start()

    def stop(self) -> None:
        self.embedded.stop()

    def heal(self) -> None:
        self.resume()
        self.embedded.ensure()
        for command in ("REPLICAOF NO ONE", "CONFIG SET maxmemory 64mb", "FLUSHALL"):
            assert self.ask(command) == "+OK"

    def hang(self) -> None:
        self._stopped = True
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        if self._stopped:
            self._stopped = False
            os.kill(self.pid, signal.SIGCONT)

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        assert self.embedded._server is not None
        self.embedded._server.wait()

    def ask(self, command: str) -> str:
        """The first line of the reply to a command, through no client."""
        return ask(self.folder / "valkey.sock", command)

    def ask_all(self, command: str) -> str:
        """The whole of a longer reply."""
        return ask(self.folder / "valkey.sock", command, lines=True)


def ask(path: Path, command: str, *, lines: bool = False) -> str:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        connection.connect(str(path))
        connection.sendall(f"{command}\r\n".encode())
        said = connection.recv(1 << 16).decode()
    return said if lines else said.partition("\r\n")[0]


def is_running(pid: int) -> bool:
    """Whether a process runs; one that is dead and was not waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
