"""Litellm, and what it does on the network: the only file that imports it, and not before the first call.

It is kept from following redirects, from asking the network for anything but replies, and from the console.
"""

import asyncio
import difflib
import functools
import logging
import os
import threading
import warnings
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

_loading = threading.Lock()
_straight: ContextVar[bool] = ContextVar("straight", default=False)
_closers: dict[asyncio.AbstractEventLoop, AsyncGenerator[None, None]] = {}


def litellm() -> Any:
    """Litellm, imported on first use; 2 to 3 s of one core."""
    with _loading:  # two threads that import one package may each see half of it
        return _loaded()


async def load() -> None:
    """Import litellm in a thread where that was not done yet, so that the event loop goes on meanwhile."""
    if not _loaded.cache_info().currsize:
        await asyncio.to_thread(litellm)


@contextmanager
def no_redirects() -> Iterator[None]:
    """Whatever is sent by httpx in this context goes to the address that it was sent to, and nowhere else.

    Litellm's clients follow redirects, and would repeat the prompt, and some vendors' keys, to any other host.
    """
    token = _straight.set(True)
    try:
        yield
    finally:
        _straight.reset(token)


async def ask(arguments: Mapping[str, Any]) -> Any:
    """Litellm's reply to one request, or its stream of pieces."""
    return await _asked(litellm().acompletion, arguments)


async def moderate(arguments: Mapping[str, Any]) -> Any:
    """Litellm's reply to one request to a moderation endpoint that speaks as OpenAI's does, which is sent once.

    `base_url`, `api_key` and `timeout` (s) go to a client of litellm's that never repeats a request; the one that it
    would make by itself does so twice.
    """
    litellm()
    from litellm.main import openai_chat_completions

    asked = dict(arguments)
    base_url, api_key, timeout_s = asked.pop("base_url", None), asked.get("api_key"), asked.pop("timeout")
    client = openai_chat_completions._get_openai_client(  # noqa: SLF001 - it keeps clients where `_closer` finds them
        is_async=True, api_key=api_key, api_base=base_url, timeout=timeout_s, max_retries=0
    )
    return await _asked(litellm().amoderation, {**asked, "client": client})


async def _asked(call: Callable[..., Awaitable[Any]], arguments: Mapping[str, Any]) -> Any:
    from litellm._internal_context import is_internal_call

    await _close_with_loop()
    marked = is_internal_call.set(True)  # no background logging of each call: 0.3 ms less, and no text in exceptions
    try:
        return await call(**arguments)
    finally:
        is_internal_call.reset(marked)


def unknown_provider(name: str) -> str | None:
    """A sentence where litellm knows no provider of the kind that a model's name begins with."""
    try:
        litellm().get_llm_provider(model=name)
    except Exception:  # noqa: BLE001  # it raises what it likes where it knows none
        provider, _, bare = name.partition("/")
        known = [str(getattr(one, "value", one)) for one in litellm().provider_list]
        nearest = difflib.get_close_matches(provider, known, 1)
        advice = f"the nearest that it knows is {nearest[0]}/{bare}" if nearest else "change it in language_models"
        return f"The model {name} cannot be asked: litellm knows no provider called {provider}; {advice}."
    return None


def missing_keys(name: str) -> tuple[str, ...]:
    """The environment variables, none of them set, of which any may hold the key of a vendor's model."""
    missing: list[str] = litellm().validate_environment(name)["missing_keys"]
    return tuple(variable for variable in missing if variable.endswith("_API_KEY"))


@cache
def _loaded() -> Any:
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # no download of prices at import
    os.environ["LITELLM_MODE"] = "PRODUCTION"  # no .env of the working folder
    import httpx
    import litellm
    import openai.resources  # noqa: F401  # litellm puts this off until the first call, which takes 0.3 s longer

    litellm.encoding  # noqa: B018  # and this, which being read loads
    litellm.suppress_debug_info = True  # it prints help on the console otherwise
    litellm.telemetry = False
    litellm.disable_hf_tokenizer_download = True
    for name in ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy", "openai"):  # they log prompts at some levels
        logger = logging.getLogger(name)
        logger.setLevel(logging.CRITICAL)
        logger.propagate = False
    # it holds what a model said: litellm writes replies of another shape as JSON
    warnings.filterwarnings("ignore", "Pydantic serializer warnings", UserWarning, r"pydantic\.")
    # it hands a coroutine over from a thread; a call whose time ends in that moment leaves it behind
    warnings.filterwarnings("ignore", r"coroutine '[\w.<>]*acompletion\w*' was never awaited", RuntimeWarning)
    for client in (httpx.AsyncClient, httpx.Client):
        client.send = _sent_straight(client.send)  # type: ignore[method-assign]
    return litellm


def _sent_straight(send: Callable[..., Any]) -> Callable[..., Any]:
    """A client's `send` that follows no redirect within `no_redirects`, whichever client litellm makes for a vendor."""

    @functools.wraps(send)
    def sent(client: Any, request: Any, **options: Any) -> Any:
        return send(client, request, **options | ({"follow_redirects": False} if _straight.get() else {}))

    return sent


async def _close_with_loop() -> None:
    """Close litellm's HTTP clients of this event loop when the loop ends; it keeps them by loop, and never closes any.

    A loop closes the asynchronous generators that were started in it, before it closes itself.
    """
    loop = asyncio.get_running_loop()
    if loop not in _closers:
        _closers[loop] = _closer(loop)
        await anext(_closers[loop])


async def _closer(loop: asyncio.AbstractEventLoop) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        del _closers[loop]
        clients = litellm().in_memory_llm_clients_cache
        for key in [key for key in clients.cache_dict if key.endswith(f"-{id(loop)}")]:
            client = clients.cache_dict[key]
            clients.delete_cache(key)
            await client.close()
