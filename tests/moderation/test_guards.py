import asyncio
import logging
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Coroutine
from pathlib import Path
from types import SimpleNamespace
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from moderation.contract import Failure, Judged, assess
from moderation.guards import Guard, GuardError, checks_alone

R = TypeVar("R")


class Reply(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    text: str = Field(max_length=30)
    score: float = 0.0


def no_shouting(value: Reply, _context: int) -> tuple[Failure, ...]:
    return (Failure(path="text", code="shouting", msg="Do not shout."),) if value.text.isupper() else ()


def long_enough(value: Reply, context: int) -> tuple[Failure, ...]:
    return (Failure(path="text", code="too_short", msg="Write more."),) if len(value.text) < context else ()


CHECKS = (no_shouting, long_enough)
GUARD = Guard("reply", Reply, CHECKS)


def run(coroutine: Coroutine[None, None, R]) -> R:
    return asyncio.run(coroutine)


def test_a_value_that_holds_comes_out_typed() -> None:
    assert run(GUARD.judge('{"text": "hello"}', 3)) == Judged(Reply(text="hello"))


def test_what_is_wrong_comes_out_as_failures_and_no_value() -> None:
    judged = run(GUARD.judge('{"text": "HEY"}', 5))
    assert judged.value is None
    assert [failure.code for failure in judged.failures] == ["shouting", "too_short"]


@pytest.mark.parametrize(
    "text", ["${name} {0} {{x}}", "$context", "<a href='x'>&amp;</a>", "%s \\n", "gr.complete_json"]
)
def test_template_signs_in_a_text_pass_unharmed(text: str) -> None:
    reply = Reply(text=text)
    assert run(GUARD.judge(reply.model_dump_json(), 0)).value == reply


RAW = (
    st.text(max_size=40)
    | st.builds(
        lambda text, score: Reply.model_construct(text=text, score=score).model_dump_json(), st.text(), st.floats()
    )
    | st.sampled_from(["", "null", "{}", '{"text": NaN}', '"\ud800"', '{"text": "\\ud800"}', "[" * 1000])
)


@settings(deadline=None)  # the first example imports the library
@given(RAW, st.integers(0, 10))
def test_a_guard_says_what_the_contract_says_without_it(raw: str, context: int) -> None:
    assert run(GUARD.judge(raw, context)) == assess(raw, Reply, CHECKS, context)


def test_checks_alone_say_the_same_and_leave_the_library_out(monkeypatch: pytest.MonkeyPatch) -> None:
    guard = Guard("alone", Reply, CHECKS)
    raws = ['{"text": "hello"}', '{"text": "HEY"}', "null", '{"text": NaN}']
    by_library = [run(guard.judge(raw, 4)) for raw in raws]
    monkeypatch.setattr("moderation.guards._string_guard", lambda *_: pytest.fail("the library was asked"))
    with checks_alone():
        assert [run(Guard("alone", Reply, CHECKS).judge(raw, 4)) for raw in raws] == by_library
    with pytest.raises(pytest.fail.Exception):
        run(Guard("again", Reply, CHECKS).judge(raws[0], 4))


def test_many_calls_at_once_do_not_mix() -> None:
    async def judge_all() -> list[Judged[Reply]]:
        raws = [Reply(text=f"{number}" * 3).model_dump_json() for number in range(50)]
        return await asyncio.gather(*(GUARD.judge(raw, number % 7) for number, raw in enumerate(raws)))

    for number, judged in enumerate(run(judge_all())):
        expected = assess(Reply(text=f"{number}" * 3).model_dump_json(), Reply, CHECKS, number % 7)
        assert judged == expected


def test_two_guards_keep_their_own_contracts() -> None:
    lenient: Guard[Reply, int] = Guard("lenient", Reply)
    assert run(lenient.judge('{"text": "HEY"}', 5)).value == Reply(text="HEY")
    assert run(GUARD.judge('{"text": "HEY"}', 5)).value is None


def test_an_error_in_a_check_reaches_the_caller() -> None:
    def broken(_value: Reply, _context: int) -> tuple[Failure, ...]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(Guard("broken", Reply, [broken]).judge('{"text": "hello"}', 0))


@pytest.mark.parametrize("passed", [True, False])
def test_a_library_that_does_not_run_the_contract_is_an_error(monkeypatch: pytest.MonkeyPatch, passed: bool) -> None:
    async def parse(*_args: object, **_kwargs: object) -> SimpleNamespace:
        return SimpleNamespace(validation_passed=passed)

    guard = Guard("reply", Reply, CHECKS)
    monkeypatch.setitem(guard.__dict__, "_inner", SimpleNamespace(parse=parse, history=[]))
    with pytest.raises(GuardError, match="'reply' gave no verdict"):
        run(guard.judge('{"text": "hello"}', 0))


def test_nothing_of_a_text_stays_in_the_library() -> None:
    run(GUARD.judge('{"text": "my secret"}', 100))
    assert GUARD._inner.history == []
    assert logging.getLogger("guardrails-ai").disabled


def test_no_exporter_thread_is_started() -> None:
    GUARD.warm_up()
    assert not [thread.name for thread in threading.enumerate() if "otel" in thread.name.lower()]


OFFLINE_PROGRAM = """
import asyncio, atexit, sys
seen = []
atexit.register(lambda: print(seen))  # registered first, so that it runs last: an exporter flushes at exit
def watch(event, args):
    if event in {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"}:
        seen.append((event, str(args)))
    if event == "open" and isinstance(args[1], str) and set("wax+") & set(args[1]) and args[0] != "/dev/null":
        seen.append((event, str(args)))
sys.addaudithook(watch)

from pydantic import BaseModel
from moderation.guards import Guard

class Reply(BaseModel):
    text: str

def broken(value, context):
    if value.text == "boom":
        raise RuntimeError("customer text")
    return ()

async def main():
    guard = Guard("reply", Reply, [broken])
    assert (await guard.judge('{"text": "fine"}', None)).value
    assert (await guard.judge('{"text": 1}', None)).failures
    try:
        await guard.judge('{"text": "boom"}', None)
    except RuntimeError:
        seen.append("raised")

asyncio.run(main())
"""


def run_offline(prefix: list[str], home: Path, rc: str | None) -> None:
    if rc is not None:
        (home / ".guardrailsrc").write_text(rc)
    done = subprocess.run(
        [*prefix, sys.executable, "-B", "-W", "error", "-c", OFFLINE_PROGRAM],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "HOME": str(home)},
        cwd=Path(__file__).parents[2],
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "['raised']\n", "")
    assert [path.name for path in home.iterdir()] == ([] if rc is None else [".guardrailsrc"])


@pytest.mark.parametrize("rc", [None, "id=someone\nenable_metrics=true\ntoken=x\n"])
def test_a_guard_opens_no_connection_and_writes_no_file_even_where_the_user_allows_metrics(
    tmp_path: Path, rc: str | None
) -> None:
    run_offline([], tmp_path, rc)


def test_a_guard_works_in_an_empty_network_namespace(tmp_path: Path) -> None:
    unshare = shutil.which("unshare")
    if not unshare or subprocess.run([unshare, "-n", "true"], check=False, capture_output=True).returncode:
        pytest.skip("this machine permits no network namespace")
    run_offline([unshare, "-n"], tmp_path, None)
