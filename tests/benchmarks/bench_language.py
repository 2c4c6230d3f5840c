"""A turn whose four hops are served by a language model: our own share of the processor, and of the time.

    python -m tests.benchmarks.bench_language [turns]

The model is `tests.model_server` in a process of its own. With no latency the turn is compared, in one run and in
turn with it, to four bare `litellm.acompletion` calls with the very same arguments; with 300 ms a reply its wall time
is told in calls.
"""

import asyncio
import json
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from rich.console import Console
from rich.table import Table

from assistant.cli.opening import Unlogged
from assistant.embedded.encoder import Encoder
from assistant.language.litellm_model import LitellmModel
from assistant.logs import configure_logs
from assistant.settings import Settings
from assistant.web.warm_up import warm_up
from assistant.wiring import Site, open_site
from chains.language import ModelCall
from chains.outcomes import Answer
from chains.turn import Chain, Turn, run_turn
from evals.running import NOW
from tests.model_server import Fault, Json, Late, Reply, serving

ROOT = Path(__file__).parents[2]
SHOP = ROOT / "assistant" / "demo" / "shop"
TEXTS = (
    "How much is the Aurel Nova 14?",
    "what does the nova 14 cost",
    "which of your laptops with 16 GB of memory is the cheapest?",
    "Hi! I saw a 14 inch laptop on your page and would like to know its price before I order, thanks",
)
LATENCY_MS = 300.0
MODEL = "hosted_vllm/bench"
REPLIES = {
    "Judgement": {"reasoning": "A question.", "action": "allow", "categories": [], "reasons": []},
    "Intent": {
        "reasoning": "Asks for a price.",
        "ranked": [{"intent": "product.price", "score": 0.95}],
        "second": None,
        "out_of_scope": 0.01,
        "language": None,
    },
    "Draft": {
        "reasoning": "The price answers it.",
        "parts": [
            {"intent": "product.price", "claims": [{"kind": "value", "fact": "LAP-AURELNOVA14:price"}]},
        ],
        "products": ["LAP-AURELNOVA14"],
    },
}


def reply_to(body: Json) -> Reply:
    """What a good model says to a hop's request."""
    if "tools" in body:
        return Reply(calls=(("get_product", '{"sku":"LAP-AURELNOVA14","fields":["price"]}'),))
    asked = json.dumps(body["response_format"])
    return Reply(json.dumps(next(reply for name, reply in REPLIES.items() if f'"name": "{name}"' in asked)))


def _serve(to_parent: Connection, latency_ms: float) -> None:
    def answer(body: Json) -> Fault:
        return Late(latency_ms, reply_to(body)) if latency_ms else reply_to(body)

    with serving(answer) as served:
        to_parent.send(served.base_url)
        to_parent.poll(None)


@contextmanager
def model_process(latency_ms: float) -> Iterator[str]:
    """The model in a process of its own; its base URL."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, latency_ms), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        process.kill()
        process.join()


def scope_text(base_url: str, *, speculate: bool = False) -> str:
    """The demo shop's scope with one language model on every hop."""
    text = (SHOP / "scope.toml").read_text("utf-8")
    for name in ("products.jsonl", "fields.toml", "policies", "orders.json"):
        text = text.replace(f'"{name}"', f'"{SHOP / name}"')
    text = text.replace('\nmoderation = ["rules", "embedded"]', f'\nmoderation = ["rules", "{MODEL}"]', 1)
    for hop in ("intent", "lookup", "response"):
        text = text.replace(f'\n{hop} = ["embedded"]', f'\n{hop} = ["{MODEL}"]', 1)
    text = text.replace("[budget]\n", f"[budget]\nspeculate = {str(speculate).lower()}\n", 1)
    return text + (
        f'\n[[language_models]]\nname = "{MODEL}"\nbase_url = "{base_url}"\n'
        'structure = "json_schema"\nfunctions = "native"\ninput_usd_per_mtok = 0.1\noutput_usd_per_mtok = 0.4\n'
    )


def open_shop(home: Path, base_url: str, *, speculate: bool = False) -> Site:
    """The demo shop on that model."""
    path = home / "scope.toml"
    path.write_text(scope_text(base_url, speculate=speculate), encoding="utf-8")
    return open_site(path, Settings(home=home), Encoder(), Unlogged())


def turn(number: int) -> Turn:
    """A request that is new each time."""
    text = f"{TEXTS[number % 4]} (note {number})"
    return Turn(turn_id=f"turn-{number}", case_id=f"case-{number}", text=text, now=NOW)


@contextmanager
def recorded() -> Iterator[list[dict[str, Any]]]:
    """What litellm is given meanwhile, so that the bare calls are given the same."""
    seen: list[dict[str, Any]] = []
    arguments_of = LitellmModel._arguments

    def remember(model: LitellmModel, call: ModelCall) -> dict[str, Any]:
        seen.append(arguments_of(model, call))
        return arguments_of(model, call)

    with patch.object(LitellmModel, "_arguments", remember):
        yield seen


async def bare_calls(arguments: list[dict[str, Any]]) -> None:
    """The same questions by litellm alone, one after the other."""
    import litellm

    for one in arguments:
        await litellm.acompletion(**json.loads(json.dumps(one)))


def cpu_ms() -> float:
    """Milliseconds of processor that this process has used, all threads."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return (used.ru_utime + used.ru_stime) * 1000


async def answered(number: int, chain: Chain) -> None:
    """One turn, which has to be an answer."""
    outcome = await run_turn(turn(number), chain)
    assert isinstance(outcome, Answer), outcome


async def overhead(site: Site, turns: int) -> dict[str, np.ndarray]:
    """Milliseconds of wall time and processor of each turn and of each four bare calls, taken in turns."""
    await warm_up([site])
    with recorded() as seen:
        await answered(0, site.chain)
    took: dict[str, list[float]] = {"turn": [], "turn cpu": [], "bare": [], "bare cpu": []}
    for number in range(-20, turns):
        for name, work in (("turn", answered(number, site.chain)), ("bare", bare_calls(seen))):
            started, used = time.perf_counter(), cpu_ms()
            await work
            if number >= 0:
                took[name].append((time.perf_counter() - started) * 1000)
                took[f"{name} cpu"].append(cpu_ms() - used)
    return {name: np.array(values) for name, values in took.items()}


async def in_calls(site: Site, turns: int) -> float:
    """The median wall time of a turn, in times of one call."""
    await warm_up([site])
    took = []
    for number in range(-2, turns):
        started = time.perf_counter()
        await answered(number, site.chain)
        took.append((time.perf_counter() - started) * 1000)
    return float(np.median(took[2:])) / LATENCY_MS


def main() -> None:
    """Measure and print."""
    turns = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    configure_logs("WARNING", as_json=False)
    table = Table(title=f"A turn on a language model, four hops, {turns} turns")
    table.add_column("what")
    table.add_column("figure", justify="right")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with model_process(0) as base_url:
            site = open_shop(home, base_url)
            took = asyncio.run(overhead(site, turns))
            site.catalog.close()
        medians = {name: float(np.median(values)) for name, values in took.items()}
        means = {name: float(np.mean(values)) for name, values in took.items()}
        table.add_row("whole turn, p50 / p95", f"{medians['turn']:.1f} / {np.percentile(took['turn'], 95):.1f} ms")
        table.add_row("four bare litellm calls, p50", f"{medians['bare']:.1f} ms")
        table.add_row("ratio of medians", f"{medians['turn'] / medians['bare']:.2f}")
        table.add_row("processor: turn / bare calls, mean", f"{means['turn cpu']:.1f} / {means['bare cpu']:.1f} ms")
        table.add_row("processor beyond litellm's own", f"{means['turn cpu'] - means['bare cpu']:.1f} ms a turn")
        with model_process(LATENCY_MS) as base_url:
            for speculate in (False, True):
                site = open_shop(home, base_url, speculate=speculate)
                calls = asyncio.run(in_calls(site, 20))
                site.catalog.close()
                how = ", speculating" if speculate else ""
                table.add_row(f"a turn at 300 ms a call{how}", f"{calls:.2f} calls' time")
    Console().print(table)


if __name__ == "__main__":
    main()
