"""Any valid scope, and replies of a model that wants out of it: unknown names, others' records, wide arguments."""

import asyncio
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Generic, TypeVar

from hypothesis import strategies as st
from pydantic import JsonValue

from chains.allowance import Allowance
from chains.contract import Contract
from chains.messages import IntentInput, LookupInput, ModerationInput, ResponseInput
from chains.ports import Cascade, ModelCard, Repair, Reply, Tier
from chains.record import ServedFrom
from chains.scope import Scope
from chains.scope_file import parse_scope
from chains.tools import BUILT_IN
from tests.chains.fakes import SCOPE
from tests.chains.hostile_marks import disguises
from tests.chains.hostile_shop import FOREIGN, FOREIGN_SKU

GivenT = TypeVar("GivenT", bound=Contract)
T = TypeVar("T")
Shaped = st.SearchStrategy[JsonValue]
SOURCES: tuple[ServedFrom, ServedFrom] = ("embedded", "provider")
EVIL = "evil-mark"
"""Stands in every string that only the model could have brought, in any disguise."""
EVILS = disguises(EVIL)
TOOLS = (*(spec.name for spec in BUILT_IN), "points")
INTENTS = ("a.one", "a.two", "b.three", "b.four")
HEAD, _, REST = SCOPE.partition("[[intents]]")
POINTS = "[[tools]]" + REST.partition("[[tools]]")[2]


class Hostile(Generic[GivenT]):
    """A model that is asked with a hop's input and replies with whatever is drawn for it.

    `pauses` is how often it lets others go before it replies; a model that is not local costs a call.
    """

    def __init__(self, card: ModelCard, reply: Callable[[GivenT], str], pauses: int) -> None:
        self.card = card
        self.asked = 0
        self._reply = reply
        self._pauses = pauses

    async def propose(self, given: GivenT, repair: Repair | None = None, allowance: Allowance | None = None) -> Reply:
        self.asked += 1
        if allowance and not self.card.is_local:
            allowance.take(1, Decimal(0))
        for _ in range(self._pauses):
            await asyncio.sleep(0)
        return Reply(raw=self._reply(given))


@st.composite
def hostiles(
    draw: st.DrawFn, name: str, reply: Callable[[GivenT], str], *, local: bool | None = None
) -> Hostile[GivenT]:
    """A hostile model of any kind: with or without repairs and rounds, and local or not where that is left open."""
    served_from = draw(st.sampled_from(SOURCES)) if local is None else SOURCES[not local]
    card = ModelCard(
        "hostile",
        name,
        "rules" if name == "rules" else "chat",
        repairs=draw(st.booleans()),
        rounds=draw(st.sampled_from([True, True, False])),
        served_from=served_from,
    )
    return Hostile(card, reply, draw(st.sampled_from([0, 0, 1, 5])))


@st.composite
def cascades(draw: st.DrawFn, name: str, reply: Callable[[GivenT], str]) -> Cascade[GivenT]:
    """One to three hostile models, sure of themselves or not, and one that may come last."""
    models = [draw(hostiles(f"{name} {place}", reply)) for place in range(draw(st.sampled_from([1, 1, 2, 3])))]
    thresholds = st.sampled_from([None, None, 0.3, 0.9])
    tiers = tuple(Tier(model, draw(thresholds)) for model in models)
    last = draw(st.sampled_from([None, *models, draw(hostiles(f"{name} last", reply))]))
    return Cascade(tiers, last)


def _mostly(usual: st.SearchStrategy[T], *others: st.SearchStrategy[T]) -> st.SearchStrategy[T]:
    """The usual seven times of eight, else one of the others: the deep paths have to be reached."""
    return st.integers(0, 7).flatmap(lambda pick: usual if pick < 7 else st.one_of(*others))


# Scopes


@st.composite
def scopes(draw: st.DrawFn) -> Scope:
    """A scope file that is accepted: random tools, identity, outcomes, replies and next steps for each intent."""
    ids = draw(st.lists(st.sampled_from(INTENTS), min_size=1, unique=True))
    limits = (
        f"[limits]\nproducts_shown = {draw(st.integers(1, 3))}\nclarify_rounds = {draw(st.sampled_from([2, 1, 0]))}\n"
    )
    intents = "".join(f"[[intents]]\n{draw(_intents(one, ids))}\n" for one in ids)
    speculate = json.dumps(draw(st.booleans()))
    budget = f"[budget]\ncalls = {draw(st.sampled_from([6, 4, 2, 1]))}\nspeculate = {speculate}\n"
    budget += f"model_calls = {draw(st.sampled_from([12, 12, 12, 4, 0]))}\n"
    fallback = f"[fallback]\nmoderation = {_one_of(draw, 'handoff', 'rules')}\n"
    fallback += f"intent = {_one_of(draw, 'clarify', 'handoff')}\nlookup = {_one_of(draw, 'clarify', 'handoff')}\n"
    fallback += f"response = {_one_of(draw, 'facts', 'handoff')}\n"
    head = HEAD.replace("[budget]", budget)
    return parse_scope(f"{head}\n{limits}\n{fallback}\n{intents}\n{POINTS}", "drawn")


def _one_of(draw: st.DrawFn, *words: str) -> str:
    return json.dumps(draw(st.sampled_from(words)))


@st.composite
def _intents(draw: st.DrawFn, name: str, ids: list[str]) -> str:
    outcomes = draw(st.sets(st.sampled_from(["clarify", "decline", "handoff"])))
    answering = st.sampled_from([{"answer", "handoff"}, {"answer", "decline"}])
    outcomes |= draw(_mostly(answering, st.sampled_from([{"decline"}, {"handoff"}])))
    some = _mostly(st.lists(st.sampled_from(TOOLS), min_size=1, max_size=5, unique=True), st.just([]))
    tools = draw(some) if "answer" in outcomes else []
    identity = draw(_mostly(st.just("anonymous"), st.sampled_from(["order_proof", "verified"])))
    if identity != "anonymous" and not {"clarify", "handoff"} & outcomes:
        outcomes |= {"clarify"}
    values: dict[str, object] = {
        "id": name,
        "label": f"About {name}",
        "description": f"Is about {name}.",
        "tools": tools,
        "identity": identity,
        "outcomes": sorted(outcomes),
        "next": draw(st.lists(st.sampled_from(ids), unique=True)),
    }
    if "find_policy" in tools and draw(st.booleans()):
        values["topics"] = ["returns"]
    if draw(st.booleans()) or ("answer" in outcomes and not tools):
        values["reply"] = f"The shop says this of {name}."
    return "\n".join(f"{key} = {json.dumps(value)}" for key, value in values.items())


# Replies: mostly what fits the schema, now and then a field more, one of another kind, or junk

_WORDS = st.sampled_from((*EVILS, *FOREIGN, "https://evil-mark.example/?price=1", "X-9 costs 1 EUR"))
_LEAVES: Shaped = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | _WORDS
_JSON: Shaped = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3), max_leaves=6
)
_JUNK = st.one_of(st.text(max_size=30), st.just("[" * 5000), st.just("\ud800"), _JSON.map(json.dumps))
_SHARES: Shaped = st.sampled_from([0.0, 0.3, 0.5, 0.6, 0.9, 1.0]) | st.floats(0, 1)


_CONFIDENCES: Shaped = st.sampled_from([None, None, 0.0, 0.5, 1.0, 7.5])


def _reply(**fields: Shaped) -> st.SearchStrategy[str]:
    shaped = st.fixed_dictionaries(fields)
    more = st.builds(lambda value, extra: json.dumps(value | {EVIL: extra}), shaped, _JSON)
    spoilt = st.builds(
        lambda value, key, other: json.dumps(value | {key: other}), shaped, st.sampled_from(sorted(fields)), _JSON
    )
    fits = shaped.map(json.dumps)
    return _mostly(fits, fits, more, spoilt, _JUNK)


def _any_of(*known: str, foreign: tuple[str, ...] = EVILS) -> Shaped:
    """One of the known words, where there are any, and now and then a foreign one."""
    return _mostly(st.sampled_from(known), st.sampled_from(foreign)) if known else st.sampled_from(foreign)


def verdicts(_given: ModerationInput) -> st.SearchStrategy[str]:
    """What a moderator may say."""
    return _reply(
        action=_mostly(st.just("allow"), st.sampled_from(["redact", "review", "block", EVIL])),
        layer=st.just("model"),
        categories=_mostly(
            st.just({}), st.dictionaries(st.sampled_from(["self_harm", "fraud", EVIL]), _SHARES, max_size=1)
        ),
        reasons=_mostly(st.just([]), st.lists(_WORDS, max_size=2)),
    )


def intents(_given: IntentInput, scope: Scope) -> st.SearchStrategy[str]:
    """What an intent model may say: mostly a ranking, with foreign intents and impossible scores among them."""
    score: Shaped = st.fixed_dictionaries({"intent": _any_of(*scope.by_id), "score": _SHARES})
    other: Shaped = st.sampled_from([*scope.by_id]).map(lambda one: {"intent": one, "score": 0.9})
    sure: Shaped = _any_of(*scope.by_id).map(lambda one: [{"intent": one, "score": 1.0}])
    return _reply(
        ranked=_mostly(sure, st.lists(score, min_size=1, max_size=4)),
        second=st.one_of(st.none(), st.none(), other, score),
        out_of_scope=_mostly(st.just(0.1), _SHARES, st.just(7.5)),
        language=_mostly(st.none(), st.sampled_from(["en", "de", "xx", EVIL])),
        confidence=_CONFIDENCES,
    )


_SKU = _any_of("L-1", "L-2", foreign=(FOREIGN_SKU, *EVILS))
_BOTH: Shaped = st.just(["L-1", "L-2"])
_ORDER: Shaped = st.sampled_from(["[ORDER_1]", "[ORDER_1]", "[ORDER_2]", "[ORDER_9]"])
_ARGUMENTS: dict[str, Shaped] = {
    "search_products": st.fixed_dictionaries({"query": st.just("nothing") | _WORDS}),
    "get_product": st.fixed_dictionaries({"sku": _SKU}),
    "compare_products": st.fixed_dictionaries({"skus": st.just(["L-1", "L-2"])}),
    "check_stock": st.fixed_dictionaries({"sku": _SKU}),
    "find_policy": st.fixed_dictionaries(
        {"query": _WORDS, "topics": st.sampled_from([["returns"], ["returns"], [], [EVIL]])}
    ),
    "get_order": st.fixed_dictionaries({"order_number": _ORDER}),
}
_WIDE: dict[str, Shaped] = {
    "search_products": st.sampled_from(
        [
            {"limit": 10**6},
            {"site": "other"},
            {"filters": [{"field": "x", "op": "eq", "value": float("inf")}]},
            {"filters": [{"field": "x", "op": "sql", "value": EVIL}]},
        ]
    ),
    "get_product": st.sampled_from([{"sku": "L-1", "customer": EVIL}, {"sku": "../L-1 or 1=1"}, {"sku": ["L-1"]}]),
    "compare_products": st.just({"skus": ["L-1"] * 9}),
    "find_policy": st.just({"query": EVIL, "limit": 400}),
    "get_order": st.sampled_from([{"order_number": "LO-20002"}, {"order_number": "%"}, {"email": FOREIGN[-1]}]),
    "points": st.just({"customer": EVIL}),
}


def _call(intents: Shaped, tools: tuple[str, ...], ids: Shaped) -> Shaped:
    def with_arguments(name: JsonValue) -> Shaped:
        fitting = _ARGUMENTS.get(str(name), st.just({}))
        wide = st.one_of(_WIDE.get(str(name), fitting), st.dictionaries(st.text(), _JSON, max_size=2))
        return st.fixed_dictionaries(
            {"name": st.just(name), "call_id": ids, "intent": intents, "arguments": _mostly(fitting, wide)}
        )

    return st.sampled_from(tools).flatmap(with_arguments)


def plans(given: LookupInput, scope: Scope) -> st.SearchStrategy[str]:
    """What a planner may say: permitted calls, and calls of any tool for any intent."""
    ids = st.sampled_from(["1", "2", "3", "4", "5", "6"])
    own = st.one_of(*(_call(st.just(one), tools, ids) for one, tools in given.tools.items()))
    foreign = _call(_any_of(*scope.by_id, *given.intents), (*TOOLS, EVIL), ids | st.just(EVIL))
    few = st.lists(own, min_size=1, max_size=3, unique_by=str)
    return _reply(
        calls=st.one_of(few, few, st.lists(own | foreign, max_size=3), st.lists(own, max_size=9)),
        needs=st.one_of(st.none(), st.none(), st.just("product"), _any_of("details", "currency", "order_proof")),
        candidates=_mostly(_BOTH, st.lists(_SKU, max_size=3)),
        more=st.booleans(),
        confidence=_CONFIDENCES,
    )


_NO_FACTS = (*EVILS, "L-1:price", "L-2:price", "X-9:price", "order_1:status", "shop:points", "order_2:status")
_WANTED: Shaped = st.sampled_from(
    [
        {"kind": "money", "amount_minor": 5000, "currency": "EUR"},
        {"kind": "money", "amount_minor": 5000, "currency": "USD"},
        {"kind": "text", "value": "black"},
        *({"kind": "text", "value": evil} for evil in EVILS),
        {"kind": "quantity", "value": "2"},
    ]
)


def _claim(kind: str, **fields: Shaped) -> Shaped:
    return st.fixed_dictionaries({"kind": st.just(kind), **fields})


def drafts(given: ResponseInput, scope: Scope) -> st.SearchStrategy[str]:
    """What a responder may say: claims about what was found, what was not, and what nobody asked."""
    found = given.evidence
    facts = [one.id for one in found.facts]
    records = _any_of(*(one.id for one in found.records), foreign=(*EVILS, "L-1", "X-9", "order_1"))
    queries = _any_of(*(one.id for one in found.queries), foreign=(EVIL, "q:1"))
    passages = _any_of(*(one.id for one in found.passages), foreign=(EVIL, "returns#1"))
    one = _any_of(*facts, foreign=_NO_FACTS)
    foreign = [
        _claim("value", fact=st.sampled_from(_NO_FACTS)),
        _claim("meets", fact=one, op=st.sampled_from(["eq", "lt", "ge", "has"]), wanted=_WANTED),
        _claim("compare", left=one, right=one),
        _claim("extreme", query=queries, field=_any_of("price"), end=st.sampled_from(["least", "most"])),
        _claim("stock", fact=one),
        _claim("not_listed", record=records, field=_any_of("weight", "price")),
        _claim("not_found", record=records),
        _claim("none_found", query=queries),
        _claim("promise", text=_WORDS),
    ]
    true = [_claim("value", fact=st.sampled_from(facts))] if facts else []
    true += [_claim("count", query=queries)] if found.queries else []
    true += [_claim("quote", passage=passages)] if found.passages else []
    claims = st.one_of(*(true or foreign), st.one_of(*foreign))
    part = st.fixed_dictionaries(
        {
            "intent": _any_of(*given.intents, foreign=(EVIL, *scope.by_id)),
            "claims": st.lists(claims, min_size=1, max_size=3),
        }
    )
    return _reply(
        parts=_mostly(st.lists(part, min_size=1, max_size=1), st.lists(part, max_size=3)),
        products=_mostly(st.just([]), st.lists(records, max_size=4)),
        confidence=_CONFIDENCES,
    )
