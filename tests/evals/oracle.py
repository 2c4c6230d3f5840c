"""A scripted language model for the demonstration: it knows the embedded models' replies, and needs to be told how.

What a prompt does to a real model cannot be shown without one. This model replies as the embedded models did to the
same text, as long as its prompt holds one sentence that each hop's released prompt has. Where the sentence is missing
it makes the mistake that the sentence is there to prevent. So it shows what a worse prompt looks like in a run, a
comparison and a gate; it says nothing of how much a sentence matters to any model that there is.
"""

import json
import re
from pathlib import Path
from typing import cast

from chains.messages import HopName
from chains.prompt_files import escaped
from chains.prompted.functions import as_offered
from chains.tools import BUILT_IN
from evals.replaying import read_all_recorded
from tests.model_answers import Json, Reply

TOLD: dict[HopName, str] = {
    "moderation": "Complaints, anger, swearing",
    "intent": "Asks about an attribute or feature of one named product",
    "lookup": "What the customer demands of products goes into conditions",
    "response": "what answers the question first",
}
"""What a hop's prompt says where it is the released one, as the model reads it."""

_HOP_OF: dict[str, HopName] = {"Judgement": "moderation", "Intent": "intent", "Draft": "response"}
_SPECS = {spec.name: spec for spec in BUILT_IN}
_MESSAGE = re.compile(r"<customer_message>\n(.*?)\n</customer_message>", re.DOTALL)
_INTENT = re.compile(r"^- ([a-z_]+\.[a-z_]+) \(", re.MULTILINE)
_MONEY = re.compile(r"\b(order|pay|pric|cost|refund|return|cheap|eur|€)", re.IGNORECASE)


class Oracle:
    """Answers a request to a hop's model; `records` are those of a run on the embedded models."""

    def __init__(self, records: Path) -> None:
        self._replies: dict[tuple[HopName, str], Json] = {}
        for one in read_all_recorded(records):
            if one.hop in TOLD:
                self._replies[one.hop, escaped(one.input["text"])] = cast("Json", one.parsed) | {"given": one.input}

    def __call__(self, body: Json) -> Reply:
        """The reply to a request as OpenAI's chat completions have it."""
        messages = cast("list[dict[str, str]]", body["messages"])
        hop, system = _hop_of(body), messages[0]["content"]
        asked = [one["content"] for one in messages if one["role"] == "user" and _MESSAGE.search(one["content"])][-1]
        text = _MESSAGE.findall(asked)[-1]
        known = self._replies.get((hop, text))
        if hop == "lookup":
            is_second = any(one["role"] == "tool" and '"done":' not in one["content"] for one in messages)
            return _plan(known, text, is_told=TOLD[hop] in system) if known and not is_second else Reply("done")
        if known is None:  # a hop that the embedded models did not come to
            return Reply("{}")
        if TOLD[hop] in system:
            return _json(known)
        worse = {"moderation": _distrustful, "intent": _confused, "response": _beside_the_point}[hop]
        return _json(worse(known, {"text": text, "system": system, "asked": asked}))


def _hop_of(body: Json) -> HopName:
    if "tools" in body:
        return "lookup"
    schema = json.dumps(body["response_format"])
    return next(hop for name, hop in _HOP_OF.items() if f'"name": "{name}"' in schema)


def _json(reply: Json) -> Reply:
    fields = {name: value for name, value in reply.items() if name not in {"given", "confidence", "layer"}}
    if "action" in fields:
        fields["categories"] = [*cast("Json", fields["categories"])]
    return Reply(json.dumps({"reasoning": "", **fields}))


def _distrustful(known: Json, told: dict[str, str]) -> Json:
    """Nobody told it what customers may write: it takes every mention of money for a trick."""
    if not _MONEY.search(told["text"]):
        return known
    return {"action": "review", "categories": {"fraud": 1.0}, "reasons": ["Speaks of money."]}


def _confused(known: Json, told: dict[str, str]) -> Json:
    """It knows the intents by their names alone, and takes the first of a group for any other of it."""
    best = cast("list[Json]", known["ranked"])[0]
    group = str(best["intent"]).partition(".")[0]
    first = min(name for name in _INTENT.findall(told["system"]) if name.startswith(f"{group}."))
    return {**known, "ranked": [{**best, "intent": first}], "second": None}


def _plan(known: Json, text: str, *, is_told: bool) -> Reply:
    """The plan as function calls; without its rule all that a search has is the customer's words."""
    given, calls = cast("Json", known["given"]), cast("list[Json]", known["calls"])
    several = len(cast("list[str]", given["intents"])) > 1
    made = []
    for call in calls:
        name, arguments = str(call["name"]), cast("Json", call["arguments"])
        request = str(call["intent"]) if several else None
        if name == "search_products" and not is_told:
            arguments = {"query": text}
        made.append((name, json.dumps(as_offered(_SPECS[name], arguments, "EUR", request))))
    if known["needs"]:
        made.append(("ask_customer", json.dumps({"need": known["needs"], "candidates": known["candidates"]})))
    return Reply(calls=tuple(made))


def _beside_the_point(known: Json, told: dict[str, str]) -> Json:
    """It says the first thing that was found, whatever was asked."""
    parts, facts = cast("list[Json]", known["parts"]), _rows(told["asked"], "facts")
    if len(parts) > 1 or not facts:
        return known
    return {"parts": [{**parts[0], "claims": [{"kind": "value", "fact": facts[0]["id"]}]}], "products": []}


def _rows(asked: str, kind: str) -> list[Json]:
    """The rows of one kind among the evidence of a prompt."""
    found = re.search(rf"^{kind}:\n((?:\{{.*\n)+)", asked, re.MULTILINE)
    return [json.loads(line) for line in found[1].splitlines()] if found else []
