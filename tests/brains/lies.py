"""Drafts over the evidence of a prompt: as a good responder would write them, and with one lie in them."""

import json
import random
from collections.abc import Callable
from typing import cast

from pydantic import JsonValue

from chains.language import Json
from tests.brains.held import MARK

_WORDS = (f"https://{MARK}.example", "1 EUR", f"{MARK} says that it is free", "")
_OPS = ("eq", "lt", "le", "gt", "ge", "has")


class Rows:
    """The rows of the evidence in a prompt, by kind."""

    def __init__(self, message: str) -> None:
        self._rows: dict[str, list[Json]] = {}
        kind = ""
        for line in message.partition("<evidence>")[2].partition("</evidence>")[0].splitlines():
            if line.endswith(":") and not line.startswith("{"):
                kind = line.removesuffix(":")
            elif line.startswith("{"):
                self._rows.setdefault(kind, []).append(cast("Json", json.loads(line)))

    def of(self, kind: str) -> list[Json]:
        """All rows of a kind."""
        return self._rows.get(kind, [])


def drafts(rng: random.Random, message: str) -> Json | None:
    """A draft whose claims may mostly be made, one part for each intent; None where there is nothing to claim."""
    rows = Rows(message)
    claims = _claims(rng, rows)
    intents = rows.of("intents")
    if not claims or not intents:
        return None
    parts: list[JsonValue] = [
        {"intent": one["intent"], "claims": rng.sample(claims, k=min(len(claims), rng.choice([1, 2, 4])))}
        for one in intents
    ]
    shown = [row["id"] for row in rows.of("records") if row["kind"] in {"product", "variant"}]
    return {"parts": parts, "products": [*shown[:4]]}


def _claims(rng: random.Random, rows: Rows) -> list[JsonValue]:
    """Claims of every kind that the evidence gives rise to, in any order; some of them may still be refused."""
    facts = rows.of("facts")
    claims: list[Json] = []
    for fact in rng.sample(facts, k=min(len(facts), 6)):
        claims.append({"kind": "value", "fact": fact["id"]})
        claims.append(_meets(rng, fact, rows))
        if str(fact["id"]).endswith(":stock"):
            claims.append({"kind": "stock", "fact": fact["id"]})
    by_field: dict[str, list[JsonValue]] = {}
    for fact in facts:
        by_field.setdefault(str(fact["id"]).rpartition(":")[2], []).append(fact["id"])
    for ids in by_field.values():
        if len(ids) > 1:
            left, right = rng.sample(ids, k=2)
            claims.append({"kind": "compare", "left": left, "right": right})
    for query in rows.of("queries"):
        field = query.get("sort_by") or rng.choice(["price", "stock", "weight"])
        end = "most" if query.get("order") == "desc" else "least"
        claims.append({"kind": "extreme", "query": query["id"], "field": field, "end": end})
        claims.append({"kind": "count" if query["total"] else "none_found", "query": query["id"]})
    claims += [{"kind": "not_listed", "record": a["record"], "field": a["field"]} for a in rows.of("absences")]
    claims += [{"kind": "quote", "passage": passage["id"]} for passage in rows.of("passages")]
    claims += [{"kind": "not_found", "record": row["id"]} for row in rows.of("records")[:1] if row["kind"] == "product"]
    rng.shuffle(claims)
    return [*claims]


def _meets(rng: random.Random, fact: Json, rows: Rows) -> Json:
    """A test of a fact against a value near its own, with an operator that fits."""
    value = cast("Json", fact["value"])
    op, wanted = rng.choice(_OPS[:5]), {**value}
    match value["kind"]:
        case "money":
            wanted["amount_minor"] = int(str(value["amount_minor"])) + rng.choice([0, 1, -1, 5000])
        case "quantity":
            wanted["value"] = str(float(str(value["value"])) + rng.choice([0, 1, -0.5]))
            wanted.setdefault("unit", "")
        case "flag":
            op, wanted = "eq", {"kind": "flag", "value": rng.random() < 0.5}
        case "text" | "terms":
            field = str(fact["id"]).rpartition(":")[2]
            words = [word for row in rows.of("vocabulary") if row["field"] == field for word in _list(row["words"])]
            op, wanted = rng.choice(["eq", "has"]), {"kind": "text", "value": rng.choice(words or ["HDMI"])}
        case _:
            pass
    return {"kind": "meets", "fact": fact["id"], "op": op, "wanted": wanted}


def _list(value: JsonValue) -> list[JsonValue]:
    return cast("list[JsonValue]", value)


def lied_draft(rng: random.Random, draft: Json) -> Json:
    """The draft with one thing in it that may not be said."""
    parts = [cast("Json", part) for part in _list(draft["parts"])]
    first = _list(parts[0]["claims"])
    claim = cast("Json", first[0])

    def with_claims(*claims: JsonValue) -> Json:
        return {**draft, "parts": [{**parts[0], "claims": [*claims]}, *parts[1:]]}

    lies: tuple[Callable[[], Json], ...] = (
        lambda: with_claims(*first, {"kind": "value", "fact": "LAP-AURELNOVA16:price"}),
        lambda: with_claims({"kind": "value", "fact": f"{MARK}:price"}),
        lambda: with_claims(*(_swapped(rng, cast("Json", one)) for one in first)),
        lambda: with_claims({**claim, "text": rng.choice(_WORDS), "polarity": "yes"}),
        lambda: with_claims({"kind": "prose", "text": rng.choice(_WORDS)}),
        lambda: with_claims(*(first * 9)),
        with_claims,
        lambda: with_claims({**claim, "op": "le", "wanted": {"kind": "text", "value": rng.choice(_WORDS)}}),
        lambda: with_claims({"kind": "meets", "fact": claim.get("fact", "x"), "op": "eq", "wanted": _lied_value(rng)}),
        lambda: {**draft, "products": ["LAP-AURELNOVA16", f"https://{MARK}.example/p?price=1"]},
        lambda: {**draft, "products": [*_list(draft["products"])] * 5},
        lambda: {**draft, "parts": [{**part, "intent": "order.status"} for part in parts]},
        lambda: {**draft, "parts": [*parts, *parts]},
        lambda: {**draft, "opening": rng.choice(_WORDS), "confidence": 1.0},
    )
    return rng.choice(lies)()


def _swapped(rng: random.Random, claim: Json) -> Json:
    """The claim as another kind, its fields kept: counts of ranked searches, stock of prices, the other end."""
    kinds = {
        "value": {"kind": "stock"},
        "stock": {"kind": "value"},
        "count": {"kind": "none_found"},
        "none_found": {"kind": "count"},
        "extreme": {"end": "most" if claim.get("end") == "least" else "least"},
        "meets": {"op": rng.choice(_OPS)},
        "compare": {"right": claim.get("left")},
        "not_listed": {"field": "price"},
        "not_found": {"record": "LAP-AURELNOVA16"},
        "quote": {"passage": "privacy#privacy.1"},
    }
    return {**claim, **cast("Json", kinds.get(str(claim["kind"]), {}))}


def _lied_value(rng: random.Random) -> Json:
    values: tuple[Json, ...] = (
        {"kind": "money", "amount_minor": 100, "currency": "USD"},
        {"kind": "money", "amount_minor": 10**30, "currency": "EUR"},
        {"kind": "quantity", "value": "NaN", "unit": "GB"},
        {"kind": "quantity", "value": "16", "unit": MARK[:9]},
        {"kind": "flag", "value": True},
        {"kind": "day", "value": "2026-02-31"},
        {"kind": "terms", "values": [MARK]},
    )
    return rng.choice(values)
