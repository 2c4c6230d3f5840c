import asyncio
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from assistant.language import wire
from assistant.language.litellm_model import LitellmModel
from chains.errors import ModelMisconfigured
from tests.assistant.language.asking import SILENCED, asked, reached
from tests.model_server import FAULTS, Reply, redirect, serving

pytestmark = [pytest.mark.usefixtures("warm"), *SILENCED]
VENDORS = ("openai/m", "hosted_vllm/m", "azure/m", "anthropic/m", "gemini/m", "mistral/m", "cohere_chat/m", "groq/m")


@contextmanager
def listening() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as other:
        other.setblocking(False)
        yield other


def heard_nothing(other: socket.socket) -> bool:
    try:
        other.accept()
    except BlockingIOError:
        return True
    return False


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_another_host_is_told_nothing(status: int, stream: bool) -> None:
    with listening() as other:
        elsewhere = f"http://localhost:{other.getsockname()[1]}/v1/chat/completions"
        with serving(redirect(status, elsewhere)) as served:
            for name in ("openai/m", "hosted_vllm/m"):
                model = LitellmModel(reached(served.base_url, name, stream=stream), {})
                with pytest.raises(ModelMisconfigured, match="redirects to another one"):
                    asyncio.run(model.once(asked(), 10))
            assert served.count == 2
        assert heard_nothing(other)


@pytest.mark.parametrize("name", VENDORS)
def test_no_client_of_any_vendor_goes_where_it_is_sent_on_to(name: str) -> None:
    """One that answers every path, because each vendor has paths of its own."""
    sent = 0

    async def redirecting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        head = await reader.readuntil(b"\r\n\r\n")
        fields = dict(line.lower().split(": ", 1) for line in head.decode().split("\r\n")[1:] if line)
        await reader.readexactly(int(fields.get("content-length", 0)))
        sent += 1
        writer.write(
            f"HTTP/1.1 307 On\r\nLocation: {elsewhere}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
        )
        await writer.drain()
        writer.close()

    async def scenario() -> None:
        async with await asyncio.start_server(redirecting, "127.0.0.1", 0) as server:
            base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            model = LitellmModel(reached(base_url, name, api_key_env="KEY", structure="plain"), {"KEY": "sk-secret"})
            with pytest.raises(ModelMisconfigured):
                await model.once(asked(), 10)

    with listening() as other:
        elsewhere = f"http://localhost:{other.getsockname()[1]}/"
        asyncio.run(scenario())
        assert heard_nothing(other)
    assert sent == 1


def test_other_users_of_httpx_may_follow_redirects() -> None:
    wire.litellm()
    with serving(Reply("hi")) as target, serving(redirect(307, f"{target.base_url}/chat/completions")) as served:
        with httpx.Client(follow_redirects=True) as client:
            asked_again = client.post(f"{served.base_url}/chat/completions", json={"model": "m"})
        assert asked_again.status_code == 200
        with wire.no_redirects(), httpx.Client(follow_redirects=True) as client:
            assert client.post(f"{served.base_url}/chat/completions", json={"model": "m"}).status_code == 307


def child(code: str, *flags: str) -> str:
    """The output of a Python of its own, in which nothing may be said on stderr."""
    done = subprocess.run([sys.executable, *flags, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


WARNINGS_ARE_ERRORS = ("-W", "error")


def test_importing_the_adapter_and_describing_a_model_does_not_import_litellm() -> None:
    code = (
        "import sys; from assistant.language.litellm_model import LitellmModel as M;"
        "from chains.scope import LanguageModelSettings as S; m = M(S(name='openai/gpt-4.1-mini'), {});"
        "print(m.structure, m.takes_functions, m.price_of(1000000, 0) > 0, m.price_table_sha256 is not None,"
        " 'litellm' in sys.modules, 'openai' in sys.modules)"
    )
    assert child(code, *WARNINGS_ARE_ERRORS) == "json_schema True True True False False\n"


COLD = """
import asyncio, sys, threading
from assistant.language import wire
from assistant.language.litellm_model import LitellmModel
from chains.scope import LanguageModelSettings

async def scenario():
    model, beats = LitellmModel(LanguageModelSettings(name="openai/m"), {}), 0
    loads = [asyncio.create_task(model.load()) for _ in range(2)]
    while not all(load.done() for load in loads):
        await asyncio.sleep(0.001)
        beats += 1
    before = threading.active_count()
    await model.load()
    print("litellm" in sys.modules, beats > 10, threading.active_count() == before)

asyncio.run(scenario())
"""


def test_litellm_is_loaded_while_the_event_loop_goes_on() -> None:
    assert child(COLD, *WARNINGS_ARE_ERRORS) == "True True True\n"


QUIET = """
import asyncio, socket
tried = []

def refuse(*given, **named):
    tried.append(given)
    raise OSError("no network")

real = (socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo)
socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = refuse
from assistant.language.litellm_model import LitellmModel
from chains.scope import LanguageModelSettings
from tests.assistant.language.asking import asked

model = LitellmModel(LanguageModelSettings(name="{name}", base_url="{base_url}", stream={stream}), {{}})
asyncio.run(model.warm_up())
print(tried)
socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo = real
print(asyncio.run(model.once(asked(), 10)).text)
"""


@pytest.mark.parametrize("name", ["openai/scripted", "hosted_vllm/scripted"])
def test_warming_up_touches_no_network_and_a_process_ends_quietly(name: str) -> None:
    with serving(Reply("{}")) as served:
        code = QUIET.format(name=name, base_url=served.base_url, stream=name.startswith("hosted"))
        assert child(code, *WARNINGS_ARE_ERRORS) == "[]\n{}\n"


EVERY_FAULT = """
import asyncio
from assistant.language.litellm_model import LitellmModel
from chains.errors import ModelFailed
from tests.assistant.language.asking import asked, reached
from tests.model_server import FAULTS, Drip, Hang, Late, serving

async def ask(fault, name, stream):
    with serving(fault) as served:
        try:
            await LitellmModel(reached(served.base_url, name, stream=stream), {}).once(
                asked(), 0.05 if isinstance(fault, (Late, Drip, Hang)) else 10
            )
        except ModelFailed as failed:
            return type(failed).__name__
        return "Completion"

async def scenario():
    for fault in FAULTS.values():
        print({await ask(fault, name, stream) for name in ("openai/m", "hosted_vllm/m") for stream in (False, True)})

asyncio.run(scenario())
"""


def test_no_fault_puts_a_word_on_the_console() -> None:
    assert child(EVERY_FAULT).count("\n") == len(FAULTS)
