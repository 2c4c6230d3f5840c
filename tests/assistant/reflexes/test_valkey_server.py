import asyncio
import contextlib
import os
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from assistant.reflexes import EmbeddedValkey, Store, valkey_server
from chains.errors import HopdeskError
from tests.assistant.reflexes.servers import ask, is_running

OTHER = """
import sys
from pathlib import Path
from assistant.reflexes import EmbeddedValkey

valkey = EmbeddedValkey(Path(sys.argv[1]))
sys.stdin.readline()
url = valkey.start()
print(url, valkey.owns_server, valkey._server and valkey._server.pid, flush=True)
sys.stdin.readline()
valkey.stop()
"""


class Other:
    """Another process of the same installation, which starts the server when told to."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", OTHER, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=Path(__file__).parents[3],
        )

    def go_on(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def said(self) -> list[str]:
        assert self.process.stdout is not None
        said = (line.split() for line in self.process.stdout)
        return next(words for words in said if words[0].startswith("unix:"))  # the others are logs

    def start(self) -> list[str]:
        self.go_on()
        return self.said()

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "valkey"


@pytest.fixture
def valkey(folder: Path) -> Iterator[EmbeddedValkey]:
    made = EmbeddedValkey(folder)
    yield made
    made.stop()


@pytest.fixture
def others(folder: Path) -> Iterator[Callable[[], Other]]:
    with contextlib.ExitStack() as stack:

        def other() -> Other:
            made = Other(folder)
            stack.callback(made.end)
            return made

        yield other


def until(holds: Callable[[], bool]) -> None:
    ends = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.01)


def pid_of(valkey: EmbeddedValkey) -> int:
    assert valkey._server is not None
    return valkey._server.pid


def answers(folder: Path) -> bool:
    try:
        return ask(folder / "valkey.sock", "PING") == "+PONG"
    except OSError:
        return False


def test_a_server_is_started_for_its_user_alone(folder: Path, valkey: EmbeddedValkey) -> None:
    url = valkey.start()
    assert url == f"unix://{folder}/valkey.sock"
    assert valkey.owns_server
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (folder, folder / "valkey.sock")]
    assert modes == [0o700, 0o700]
    assert ask(folder / "valkey.sock", "CONFIG SET dir /tmp").startswith("-ERR")
    assert asyncio.run(Store(url).get("k")) is None


def test_starting_again_finds_the_server_that_runs(valkey: EmbeddedValkey) -> None:
    url = valkey.start()
    pid = pid_of(valkey)
    assert valkey.start() == url
    assert pid_of(valkey) == pid


def test_a_folder_with_any_name_will_do(tmp_path: Path) -> None:
    valkey = EmbeddedValkey(tmp_path / "a b%20ü")
    asyncio.run(Store(valkey.start()).put("k", "v", 9))
    valkey.stop()


def test_stopping_ends_the_server_and_may_be_repeated(folder: Path) -> None:
    valkey = EmbeddedValkey(folder)
    valkey.start()
    pid = pid_of(valkey)
    valkey.stop()
    valkey.stop()
    assert not is_running(pid)
    assert not valkey.owns_server
    assert not answers(folder)


def test_one_that_never_started_can_be_stopped(folder: Path) -> None:
    EmbeddedValkey(folder).stop()
    assert not folder.exists()


def test_a_server_that_does_not_stop_is_killed(
    folder: Path, valkey: EmbeddedValkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(valkey_server, "_STOP_S", 0.02)
    valkey.start()
    pid = pid_of(valkey)
    os.kill(pid, signal.SIGSTOP)
    valkey.stop()
    assert not is_running(pid)


def test_what_was_kept_is_there_after_a_restart(folder: Path) -> None:
    for expected in (None, "v"):
        valkey = EmbeddedValkey(folder)
        store = Store(valkey.start())
        assert asyncio.run(store.get("k")) == expected
        asyncio.run(store.put("k", "v", 60))
        valkey.stop()


def test_a_second_process_uses_the_server_of_the_first_and_leaves_it_running(
    folder: Path, valkey: EmbeddedValkey, others: Callable[[], Other]
) -> None:
    url = valkey.start()
    other = others()
    assert other.start() == [url, "False", "None"]
    other.go_on()
    assert other.process.wait() == 0
    assert answers(folder)


def test_two_processes_that_start_at_once_have_one_server(folder: Path, others: Callable[[], Other]) -> None:
    pair = [others(), others()]
    for other in pair:
        other.go_on()
    said = [other.said() for other in pair]
    assert sorted(line[1] for line in said) == ["False", "True"]
    assert said[0][0] == said[1][0]


def test_many_threads_that_start_at_once_have_one_server(folder: Path) -> None:
    several = [EmbeddedValkey(folder) for _ in range(6)]
    threads = [threading.Thread(target=each.start) for each in several]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [each.owns_server for each in several].count(True) == 1
    for each in several:
        each.stop()


def test_the_server_lives_on_when_the_thread_that_asked_for_it_ends(folder: Path, valkey: EmbeddedValkey) -> None:
    thread = threading.Thread(target=valkey.start)
    thread.start()
    thread.join()
    time.sleep(0.03)
    assert answers(folder)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with its parent")
def test_killing_the_process_that_owns_the_server_leaves_none_and_another_takes_over(
    folder: Path, valkey: EmbeddedValkey, others: Callable[[], Other]
) -> None:
    owner = others()
    url, owns, pid = owner.start()
    assert owns == "True"
    asyncio.run(Store(url).put("k", "v", 60))
    owner.process.kill()
    owner.process.wait()
    until(lambda: not is_running(int(pid)))
    assert valkey.start() == url
    assert valkey.owns_server
    assert asyncio.run(Store(url).get("k")) == "v"


def test_a_killed_server_is_started_again_by_its_watch_with_every_acknowledged_write(
    folder: Path, valkey: EmbeddedValkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(valkey_server, "_WATCH_S", 0.01)
    store = Store(valkey.start(), rest_s=0)
    first = pid_of(valkey)

    async def scenario() -> None:
        watching = asyncio.create_task(valkey.watch())
        for number in range(200):
            await store.put(f"k{number}", str(number), 60)
        os.kill(first, signal.SIGKILL)
        await asyncio.to_thread(until, lambda: not is_running(first) and answers(folder))
        assert [await store.get(f"k{number}") for number in range(200)] == [str(number) for number in range(200)]
        watching.cancel()

    asyncio.run(scenario())


def test_a_server_that_hangs_is_replaced(valkey: EmbeddedValkey, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(valkey_server, "_SILENT_S", 0.02)
    monkeypatch.setattr(valkey_server, "_ANSWER_S", 0.05)
    store = Store(valkey.start())
    first = pid_of(valkey)
    asyncio.run(store.put("k", "v", 60))
    os.kill(first, signal.SIGSTOP)
    with capture_logs() as logs:
        valkey.ensure()
    assert [entry["event"] for entry in logs] == ["valkey_silent", "valkey_started"]
    assert not is_running(first)
    assert asyncio.run(store.get("k")) == "v"


def test_a_server_whose_socket_was_removed_is_replaced(
    folder: Path, valkey: EmbeddedValkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(valkey_server, "_SILENT_S", 0.02)
    valkey.start()
    first = pid_of(valkey)
    (folder / "valkey.sock").unlink()
    valkey.ensure()
    assert answers(folder)
    assert not is_running(first)


def test_a_hanging_server_of_another_process_is_left_to_it(
    folder: Path, valkey: EmbeddedValkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(valkey_server, "_START_S", 0.1)
    monkeypatch.setattr(valkey_server, "_ANSWER_S", 0.02)
    monkeypatch.setattr(valkey_server, "_STOP_S", 0.02)
    owner = EmbeddedValkey(folder)
    owner.start()
    os.kill(pid_of(owner), signal.SIGSTOP)
    with pytest.raises(HopdeskError, match="runs in another process but does not answer"):
        valkey.start()
    assert is_running(pid_of(owner))
    owner.stop()


def aof(folder: Path, kind: str) -> Path:
    return next((folder / "appendonlydir").glob(f"*.{kind}"))


def keep_something(folder: Path) -> None:
    valkey = EmbeddedValkey(folder)
    store = Store(valkey.start())
    asyncio.run(store.put("first", "v", 60))
    asyncio.run(store.put("second", "v", 60))
    valkey.stop()


def test_data_with_a_torn_end_are_read_up_to_there(folder: Path, valkey: EmbeddedValkey) -> None:
    keep_something(folder)
    file = aof(folder, "incr.aof")
    file.write_bytes(file.read_bytes()[:-5])
    store = Store(valkey.start())
    assert [asyncio.run(store.get(key)) for key in ("first", "second")] == ["v", None]


@pytest.mark.parametrize("kind", ["incr.aof", "base.rdb", "manifest"])
def test_data_that_cannot_be_read_are_set_aside(folder: Path, valkey: EmbeddedValkey, kind: str) -> None:
    for _ in range(2):
        keep_something(folder)
        aof(folder, kind).write_bytes(b"Dear diary, " * 99)
        with capture_logs() as logs:
            store = Store(valkey.start())
        assert "valkey_data_set_aside" in [entry["event"] for entry in logs]
        assert asyncio.run(store.get("first")) is None
        assert (folder / "appendonlydir.damaged").is_dir()
        valkey._keeper.submit(valkey._end).result()


def test_a_server_that_cannot_start_is_told_with_where_to_look(
    folder: Path, valkey: EmbeddedValkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(valkey_server, "MAX_MEMORY", "plenty")
    with pytest.raises(HopdeskError, match=r"does not start; see .*valkey\.log, or set REDIS_URL"):
        valkey.start()
    assert "maxmemory" in (folder / "valkey.log").read_text()


def test_a_watch_goes_on_where_the_server_cannot_be_started(
    folder: Path, valkey: EmbeddedValkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(valkey_server, "_WATCH_S", 0.01)
    folder.write_text("in the way")

    async def scenario() -> None:
        watching = asyncio.create_task(valkey.watch())
        await asyncio.to_thread(until, lambda: bool(logs))
        folder.unlink()  # noqa: ASYNC240
        await asyncio.to_thread(until, lambda: valkey.owns_server)
        watching.cancel()

    with capture_logs() as logs:
        asyncio.run(scenario())
    assert logs[0]["event"] == "valkey_not_started"
    assert "make it writable for this process" in logs[0]["error"]


def test_the_pauses_of_a_watch_grow_while_it_is_needed_and_shrink_when_it_is_not(
    valkey: EmbeddedValkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    needed = iter([True] * 8 + [False, True])
    pauses: list[float] = []

    async def note(pause_s: float) -> None:
        pauses.append(pause_s)
        if len(pauses) == 11:
            raise TimeoutError

    monkeypatch.setattr(valkey, "_ensure", lambda: next(needed))
    monkeypatch.setattr(asyncio, "sleep", note)
    with pytest.raises(TimeoutError):
        asyncio.run(valkey.watch())
    assert pauses == [0.5, 1, 2, 4, 8, 16, 30, 30, 30, 0.5, 1]


def test_a_home_with_a_long_path_has_its_socket_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    short = Path(tempfile.mkdtemp())
    monkeypatch.setattr(tempfile, "tempdir", str(short))
    folder = tmp_path / ("long" * 30)
    urls, several = set(), [EmbeddedValkey(folder) for _ in range(2)]
    for valkey in several:
        urls.add(valkey.start())
    assert [valkey.owns_server for valkey in several] == [True, False]
    (url,) = urls
    assert len(url) < 100
    assert Path(url.removeprefix("unix://")).parent.parent == short
    assert stat.S_IMODE(Path(url.removeprefix("unix://")).parent.stat().st_mode) == 0o700
    asyncio.run(Store(url).put("k", "v", 9))
    for valkey in several:
        valkey.stop()


def test_a_short_folder_that_others_may_enter_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    path = tmp_path / ("long" * 30)
    valkey_server._short_folder(path / "valkey.sock").chmod(0o755)
    valkey = EmbeddedValkey(path)
    with pytest.raises(HopdeskError, match="is not this user's alone; remove it, or set REDIS_URL"):
        valkey.start()
    valkey.stop()


def test_a_platform_without_a_binary_is_told_what_to_do(
    valkey: EmbeddedValkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(valkey_server, "find_spec", lambda _name: None)
    with pytest.raises(HopdeskError, match="There is no embedded Valkey for this platform; set REDIS_URL"):
        valkey.start()
