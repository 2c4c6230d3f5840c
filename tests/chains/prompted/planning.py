"""A prompted planner of a small catalog, what it is asked, and how that is read, for its tests."""

import asyncio
import json

from pydantic import JsonValue

from chains.facets import Facets, Hints
from chains.hops.lookup import GUARD, PlanContext
from chains.language import Completion, FunctionCall, Json, ModelCall, Structure
from chains.messages import LookupInput, Plan
from chains.ports import Repair
from chains.prompt_files import load_prompt
from chains.prompted.lookup import PromptedPlanner
from chains.scope import Scope
from chains.tools import ToolResult
from moderation import Failure
from tests.chains.fake_language import FakeLanguage
from tests.chains.fakes import call
from tests.chains.prompted.lookups import FACETS, HINTS, SCOPE, looking
from tests.chains.shop import LAPTOPS


def planner(
    *replies: str | Completion,
    native: bool = True,
    structure: Structure = "json_object",
    hints: Hints = lambda _text, _products: HINTS,
    facets: Facets = FACETS,
    scope: Scope = SCOPE,
    tokens: int = 6000,
) -> PromptedPlanner:
    model = FakeLanguage(*replies, takes_functions=native, structure=structure)
    return PromptedPlanner(model, load_prompt("lookup", "1"), scope, facets, hints, tokens)


def second() -> LookupInput:
    """A second round, after a search that found something and a call that failed."""
    first = call("search_products", "product.price", "call_1", query="lamp", price_max_minor=4000)
    other = call("check_stock", "product.price", "call_2", sku="L-9")
    results = (ToolResult(call=first, evidence=LAPTOPS), ToolResult(call=other, error="There is no product."))
    return looking("which lamp?", results=results)


def calling(*calls: FunctionCall) -> Completion:
    return Completion(calls=calls)


def as_text(*calls: tuple[str, object]) -> str:
    return json.dumps({"reasoning": "", "calls": [{"name": name, "arguments": found} for name, found in calls]})


def plan_by(model: PromptedPlanner, given: LookupInput) -> Plan:
    raw = asyncio.run(model.propose(given)).raw
    judged = asyncio.run(GUARD.judge(raw, PlanContext(SCOPE, given.tools, 8)))
    assert judged.value is not None, judged.failures
    return judged.value


def contents(asked: ModelCall) -> list[str]:
    return [str(message["content"]) for message in asked.messages]


def roles(asked: ModelCall) -> list[JsonValue]:
    return [message["role"] for message in asked.messages]


def functions_in(message: Json) -> list[tuple[str, Json]]:
    """Names and arguments of a message's function calls."""
    calls = message["tool_calls"]
    assert isinstance(calls, list)
    found = []
    for one in calls:
        assert isinstance(one, dict)
        function = one["function"]
        assert isinstance(function, dict)
        found.append((str(function["name"]), json.loads(str(function["arguments"]))))
    return found


def repaired(raw: str, *failures: tuple[str, str], native: bool = True, given: LookupInput | None = None) -> ModelCall:
    listed = tuple(Failure(path=path, code=code, msg="It does not fit.") for path, code in failures)
    return planner(native=native).call(given or looking(), Repair(raw, listed))[0]
