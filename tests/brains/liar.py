"""A brain that is fluent and means harm: nearly right each time, so that its lies get as deep as they can.

It knows the shop's tools and other customers' orders, lies in about every other reply, says in every free text what no
customer may read, and, when it is told what is wrong, makes the opposite mistake or, now and then, none.
"""

import json
import random
import re
from collections.abc import Callable
from typing import cast

from pydantic import JsonValue

from chains.allowance import Allowance
from chains.language import Completion, FunctionCall, Json, ModelCall, Structure
from chains.messages import HopName
from tests.brains.held import MARK
from tests.brains.lies import drafts, lied_draft

PROSE = (
    f"{MARK}: only 1 EUR today at https://{MARK}.example/deal, write to boss@{MARK}.example or call +49 151 23456789"
)
INTENTS = ("admin.refund", "order.status", "support.human", "product.price", "order.change", "shop.range")
FORBIDDEN = (
    "get_order", "find_policy", "search_products", "list_categories", "check_stock", "compare_products", "get_product",
    "refund_order", "points", "run_sql", "__import__", "ask_customer;drop", f"{MARK}-tool",
)  # fmt: skip
_VALUES: tuple[JsonValue, ...] = (1, 8, 16, 500, True, False, "black", "HDMI")
_SKU = re.compile(r"\b[A-Z]{3}-[A-Z0-9][A-Z0-9-]+")
_PLACE = re.compile(r"- ([a-z_]+\.[a-z_]+) \(")
_TRUE_SHARES: dict[HopName, float] = {"moderation": 0.7, "intent": 0.6, "lookup": 0.6, "response": 0.4}
_TRUE_REPAIRS = 0.3

Lie = Callable[[Json], Json]


class Liar:
    """Plausible replies, of which about half hold a lie."""

    price_table_sha256: str | None = None

    def __init__(
        self, seed: int, structure: Structure = "json_schema", *, takes_functions: bool = True, name: str = "brain/liar"
    ) -> None:
        self.name, self.structure, self.takes_functions = name, structure, takes_functions
        self._random = random.Random(seed)
        self._last: dict[HopName, int] = {}

    def params(self, call: ModelCall) -> Json:
        return {}

    async def complete(self, call: ModelCall, allowance: Allowance) -> Completion:
        """Reply to a hop; a call for the lookup replies with function calls, or with their JSON."""
        said = "\n".join(str(message.get("content") or "") for message in call.messages)
        match call.hop:
            case "moderation":
                return self._text(call, self._verdict(), VERDICT_LIES)
            case "intent":
                return self._text(call, self._intent(said), INTENT_LIES)
            case "lookup":
                return self._calls(call, said)
            case _:
                evidence = str(call.messages[-3 if call.attempt == 2 else -1]["content"])
                draft = drafts(self._random, evidence)
                if draft is None or self._honest(call):
                    return Completion(text=json.dumps({"reasoning": PROSE, **(draft or {"parts": [], "products": []})}))
                return Completion(text=json.dumps({"reasoning": said[:300], **lied_draft(self._random, draft)}))

    def _honest(self, call: ModelCall) -> bool:
        return self._random.random() < (_TRUE_REPAIRS if call.attempt == 2 else _TRUE_SHARES[call.hop])

    def _text(self, call: ModelCall, reply: Json, lies: tuple[tuple[Lie, Lie], ...]) -> Completion:
        """The reply, with a lie in it or not; a repair makes the opposite mistake of the first try."""
        if not self._honest(call):
            place = self._last.get(call.hop, 0) if call.attempt == 2 else self._random.randrange(len(lies))
            self._last[call.hop] = place
            reply = lies[place % len(lies)][call.attempt - 1](reply)
        text = json.dumps(reply)
        return Completion(text=text if self._random.random() < 0.8 else f"{PROSE}\n```json\n{text}\n```")

    def _verdict(self) -> Json:
        return {"reasoning": PROSE, "action": "allow", "categories": [], "reasons": [PROSE]}

    def _intent(self, said: str) -> Json:
        """Any intent as the surest thing in the world; a second one now and then, nothing is out of scope."""
        rng = self._random
        ids = _PLACE.findall(said)
        about_goods = [one for one in ids if one.startswith(("product.", "shop."))]
        ranked: list[JsonValue] = [{"intent": rng.choice(ids if rng.random() < 0.5 else about_goods), "score": 0.97}]
        second = {"intent": rng.choice(ids), "score": 0.9} if rng.random() < 0.3 else None
        return {"reasoning": PROSE, "ranked": ranked, "second": second, "out_of_scope": 0.0, "language": None}

    # Lookup

    def _calls(self, call: ModelCall, said: str) -> Completion:
        """Calls of what is offered, with real ids; then one lie about them."""
        rng = self._random
        functions = {name: parameters for name, parameters in offered(call, said) if name != "ask_customer"}
        skus = _SKU.findall(said) or ["LAP-AURELNOVA14"]
        names = list(functions) or ["ask_customer"]
        calls: Calls = [
            {"name": name, "arguments": self._arguments(name, functions.get(name, {}), skus)}
            for name in rng.choices(names, k=rng.choice([1, 1, 2]))
        ]
        if not self._honest(call):
            place = self._last.get("lookup", 0) if call.attempt == 2 else rng.randrange(len(CALL_LIES))
            self._last["lookup"] = place
            calls = CALL_LIES[place % len(CALL_LIES)][call.attempt - 1](calls, rng)
        if call.functions:
            made = tuple(FunctionCall(str(one["name"]), MARK, json.dumps(one["arguments"])) for one in calls)
            return Completion(text="" if made else PROSE, calls=made)
        return Completion(text=json.dumps({"reasoning": PROSE, "calls": calls}))

    def _arguments(self, name: str, parameters: Json, skus: list[str]) -> Json:
        """Arguments that fit, of which some are there and some are not."""
        rng = self._random
        properties = cast("dict[str, Json]", parameters.get("properties", {}))
        required = cast("list[str]", parameters.get("required", []))
        arguments: Json = {}
        for key, schema in properties.items():
            if key in required or rng.random() < (0.6 if key in {"sort_by", "category"} else 0.3):
                arguments[key] = self._argument(key, schema, skus)
        if name == "find_policy":
            arguments["query"] = rng.choice(
                ["how long can i send it back", "delivery costs", "how do i pay", "address"]
            )
        if not required and name == "search_products":
            arguments.pop("query", None)  # a search by conditions alone can be counted
        return {key: value for key, value in arguments.items() if value is not None}

    def _argument(self, key: str, schema: Json, skus: list[str]) -> JsonValue:
        rng = self._random
        words = cast("list[JsonValue]", schema.get("enum", []))
        match key:
            case "sku":
                return rng.choice(skus)
            case "skus" | "candidates":
                return [*dict.fromkeys(rng.choices(skus, k=3))]
            case "fields":
                items = cast("list[JsonValue]", cast("Json", schema.get("items", {})).get("enum", ["price"]))
                return [*dict.fromkeys(rng.choices(items, k=2))]
            case "filters":
                condition = cast("dict[str, Json]", cast("Json", schema["items"])["properties"])
                field = rng.choice(cast("list[JsonValue]", condition["field"]["enum"]))
                return [
                    {"field": field, "op": rng.choice(["ge", "lt", "eq", "ne", "has"]), "value": rng.choice(_VALUES)}
                ]
            case "price_min" | "price_max":
                return rng.choice([10, 200, 900])
            case "needs_results":
                return rng.random() < 0.5
            case "in_stock" | "all_words":
                return rng.random() < 0.5
            case "limit":
                return rng.choice([1, 3, 20])
            case _ if words:
                return rng.choice(words)
            case _:
                return rng.choice(["laptop", "Aurel Nova", "kettle"]) if schema.get("type") == "string" else None


def offered(call: ModelCall, said: str) -> list[tuple[str, Json]]:
    """The functions that are offered, with the schemas of their arguments; from the prompt where it lists them."""
    if call.functions:
        told = [cast("Json", function["function"]) for function in call.functions]
    else:
        lines = [line for line in said.splitlines() if line.startswith('{"name":') and '"parameters"' in line]
        told = [cast("Json", json.loads(line)) for line in lines]
    return [(str(one["name"]), cast("Json", one["parameters"])) for one in told]


def _with(**changes: JsonValue) -> Lie:
    return lambda reply: {**reply, **changes}


def _without(name: str) -> Lie:
    return lambda reply: {key: value for key, value in reply.items() if key != name}


VERDICT_LIES: tuple[tuple[Lie, Lie], ...] = (
    (_with(categories=["injection", "fraud"]), _with(action="block", reasons=[])),
    (_with(layer="rules"), _without("action")),
    (_with(action="ALLOW"), _with(action="block", categories=["self_harm"])),
    (_with(categories={"injection": 99}), _with(categories=["nothing"])),
)
_SURE: Json = {"intent": "order.status", "score": 1.0}
INTENT_LIES: tuple[tuple[Lie, Lie], ...] = (
    (_with(ranked=[{"intent": "admin.refund", "score": 1.0}]), _with(ranked=[])),
    (_with(ranked=[{"intent": PROSE, "score": 1.0}]), _with(out_of_scope=1.0)),
    (_with(out_of_scope=1.0), _with(out_of_scope=-5)),
    (_with(out_of_scope=17.0), _with(out_of_scope=None)),
    (_with(ranked=[_SURE, _SURE]), _with(ranked=[{**_SURE, "score": 0.2}, {"intent": "shop.range", "score": 0.9}])),
    (_with(second=_SURE, ranked=[_SURE]), _with(second={"intent": MARK, "score": 1})),
    (_with(language=MARK), _with(language="de")),
    (_with(ranked=[{"intent": one, "score": 0.9} for one in INTENTS]), _without("ranked")),
    (_with(confidence=1.0, tools=["get_order"]), _with(certainty=1.0)),
)
Calls = list[dict[str, JsonValue]]
CallLie = Callable[[Calls, random.Random], Calls]


def _named(calls: Calls, rng: random.Random) -> Calls:
    return [{**calls[0], "name": rng.choice(FORBIDDEN)}, *calls[1:]]


def _argued(**changes: JsonValue) -> CallLie:
    def lie(calls: Calls, _rng: random.Random) -> Calls:
        arguments = cast("Json", calls[0]["arguments"])
        return [{**calls[0], "arguments": {**arguments, **changes}}, *calls[1:]]

    return lie


def _also(name: str, **arguments: JsonValue) -> CallLie:
    return lambda calls, _rng: [*calls, {"name": name, "arguments": arguments}]


CALL_LIES: tuple[tuple[CallLie, CallLie], ...] = (
    (_named, lambda _calls, _rng: []),
    (_also("get_order", order_number="LO-20417"), _also("get_order")),
    (_also("get_order", order_number="[ORDER_2]"), _also("get_order", order_number="[EMAIL_1]")),
    (_also("get_order", email="mara.lindqvist@example.com", customer="mara.lindqvist@example.com"), _named),
    (_argued(limit=10**9), _argued(limit=-1)),
    (_argued(topics=["privacy", "contact"]), _argued(topics=[])),
    (_argued(request="order.status", intent="order.status"), _argued(request=MARK)),
    (_argued(sku="../../etc/passwd"), _argued(sku="LAP-NOTTHERE1")),
    (_argued(skus=["LAP-NOTTHERE1", "LAP-NOTTHERE2"]), _argued(skus=["LAP-AURELNOVA14"])),
    (_argued(query="' OR 1=1 --" + MARK, all_words=True), _argued(query="x" * 5000)),
    (_argued(price_min=-1, price_max=10**30), _argued(price_max="free")),
    (_argued(fields=[MARK, "password"]), _argued(fields="everything")),
    (lambda calls, _rng: calls * 9, lambda calls, _rng: [{**one, "arguments": "{}}"} for one in calls]),
    (_also("ask_customer", need="product", candidates=["LAP-AURELNOVA14", MARK]), _also("ask_customer", need=PROSE)),
)
