"""A small shop for tests of the running chain: its scope, its toolbox, scripted models, and a log in memory."""

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeVar

from pydantic import BaseModel, JsonValue

from chains.allowance import Allowance
from chains.claims import Claim, Draft, DraftPart, Stock, Value
from chains.contract import Contract
from chains.errors import ToolFailed
from chains.facts import Absence, Evidence, Fact, Passage, Query, Record, merge
from chains.hops.moderation import rules_model
from chains.messages import Intent, IntentInput, IntentScore, LookupInput, ModerationInput, Plan, ResponseInput
from chains.outcomes import Answer, Clarify, Handoff, Outcome
from chains.ports import Cascade, HopModel
from chains.record import HopRecord, Op, digest
from chains.scope import Scope
from chains.scope_file import parse_scope
from chains.tools import (
    Caller,
    CheckStock,
    CompareProducts,
    FindPolicy,
    GetOrder,
    GetProduct,
    Identity,
    ListCategories,
    SearchProducts,
    ToolCall,
)
from chains.turn import Chain, Turn, run_turn
from chains.values import Money, Quantity, Text
from chains.values import Value as FactValue
from moderation import inbound
from tests.chains.scripts import MemoryLog, Script, Scripted
from tests.chains.trails import assert_trail

GivenT = TypeVar("GivenT", bound=Contract)
ALL_HOPS = ["moderation", "intent", "lookup", "response", "grounding", "outbound"]
HANDOFF = "A colleague will write to you."
NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
ORDER_NUMBER = "LO-10001"
EMAIL = "ada@example.org"
PHONE = "+49 151 23456789"
SCOPE = """
[site]
id = "shop"
name = "Lamp Shop"
origins = ["https://shop.example"]

[sources]
products = "products.csv"

[budget]
hop_ms = 4000
deadline_ms = 8000

[texts]
handoff = "A colleague will write to you."
moderation = "Not that."
self_harm = "A person reads this."
crisis_lines = "Please call 116 123."

[out_of_scope]
text = "I only know lamps."

[moderation.pii]
order_pattern = 'LO-\\d{5}'

[[intents]]
id = "product.price"
label = "A price"
description = "What a product costs."
tools = ["get_product", "search_products", "check_stock"]
outcomes = ["answer", "clarify", "handoff"]
asks = ["price"]
next = ["returns.policy", "product.price"]

[[intents]]
id = "product.compare"
label = "A comparison"
description = "How two products differ."
tools = ["compare_products"]
outcomes = ["answer", "clarify", "handoff"]

[[intents]]
id = "returns.policy"
label = "Returns"
description = "How to send something back."
tools = ["find_policy"]
topics = ["returns"]
outcomes = ["answer", "decline"]

[[intents]]
id = "order.status"
label = "My order"
description = "Where an order is."
tools = ["get_order"]
identity = "order_proof"
outcomes = ["answer", "clarify", "handoff"]

[[intents]]
id = "account.points"
label = "My points"
description = "How many points I have."
tools = ["points"]
identity = "verified"
outcomes = ["answer", "clarify", "handoff"]

[[intents]]
id = "complaint.person"
label = "A complaint"
description = "Something went wrong."
outcomes = ["handoff"]
reply = "I am sorry; a colleague will look into it."

[[intents]]
id = "courtesy.hello"
label = "A greeting"
description = "Says hello."
outcomes = ["answer", "decline"]
reply = "Hello! What can I do for you?"

[[tools]]
name = "points"
description = "Reads the points of a customer."
kind = "sql"
source = "sqlite:///points.db"
query = "SELECT points FROM points"
identity = "verified"
returns = { points = "points" }
"""


def shop_scope(**budget: int) -> Scope:
    """The small shop's scope, with another budget where one is given."""
    scope = parse_scope(SCOPE, "shop.toml")
    return changed(scope, budget=scope.budget.model_copy(update=budget))


def changed(scope: Scope, **fields: object) -> Scope:
    """A scope with other fields; `model_copy` would carry over what the old one had worked out of its intents."""
    return Scope.model_validate({name: getattr(scope, name) for name in Scope.model_fields} | fields)


def fact(record: str, field: str, value: FactValue, source: str = "get_product") -> Fact:
    """A fact as the fake toolbox states it; a stock level is as of now."""
    as_of = NOW if field == "stock" else None
    return Fact(
        id=f"{record}:{field}",
        record=record,
        field=field,
        label=field,
        value=value,
        source=source,
        version="catalog-1",
        as_of=as_of,
    )


def euros(amount: int) -> Money:
    return Money(amount_minor=amount * 100, currency="EUR")


def pieces(count: int) -> Quantity:
    return Quantity(value=Decimal(count))


PRODUCTS: dict[str, Evidence] = {
    sku: Evidence(
        records=(Record(id=sku, kind="product", name=name),),
        facts=(fact(sku, "price", euros(price)), fact(sku, "stock", pieces(stock)), fact(sku, "colour", Text(value=c))),
        absences=(Absence(record=sku, field="weight", label="weight"),),
        vocabulary={"colour": ("black", "white")},
    )
    for sku, name, price, stock, c in (("L-1", "Desk Lamp", 49, 3, "black"), ("L-2", "Floor Lamp", 89, 0, "white"))
}
RETURNS = Passage(id="returns#1", title="Returns", text="Send it back within 30 days. Ask help@shop.example.")
ORDER = Evidence(
    records=(Record(id="order_1", kind="order", name="order [ORDER_1]"),),
    facts=(fact("order_1", "status", Text(value="shipped"), "get_order"),),
)
SHOP = Evidence(
    records=(Record(id="shop", kind="shop", name="Lamp Shop"),),
    facts=(fact("shop", "categories", Text(value="lamps"), "list_categories"),),
)


@dataclass(frozen=True)
class Ran:
    """A call that reached the toolbox."""

    name: str
    arguments: BaseModel
    caller: Caller


class FakeToolbox:
    """Answers from a few records in memory, and remembers what was asked of it.

    `broken` is raised by every call; `orders` maps an order's number to the address that it belongs to.
    """

    def __init__(self, broken: Exception | None = None, extra: Evidence | None = None) -> None:
        self.ran: list[Ran] = []
        self.returned: list[Evidence] = []
        self.orders = {ORDER_NUMBER: EMAIL}
        self._broken = broken
        self._extra = extra

    async def run(self, name: str, arguments: BaseModel, caller: Caller) -> Evidence:
        self.ran.append(Ran(name, arguments, caller))
        if self._broken:
            raise self._broken
        found = self._find(arguments, caller)
        if self._extra:
            found = merge((found, self._extra))
        self.returned.append(found)
        return found

    def _find(self, arguments: BaseModel, caller: Caller) -> Evidence:
        match arguments:
            case SearchProducts():
                return _search(arguments)
            case GetProduct() | CheckStock():
                return _product(arguments.sku)
            case CompareProducts():
                return merge(tuple(_product(sku) for sku in arguments.skus))
            case FindPolicy():
                return Evidence(passages=(RETURNS,))
            case ListCategories():
                return SHOP
            case GetOrder():
                number = caller.originals.get(arguments.order_number or "", "")
                return ORDER if self.orders.get(number, "nobody") in caller.originals.values() else Evidence()
            case _:
                return Evidence(records=SHOP.records, facts=(fact("shop", "points", pieces(12), "points"),))


def _product(sku: str) -> Evidence:
    if sku not in PRODUCTS:
        raise ToolFailed("There is no such product.")
    return PRODUCTS[sku]


def _search(asked: SearchProducts) -> Evidence:
    found = () if asked.query == "nothing" else tuple(PRODUCTS)
    query = Query(id="q:1", noun="lamps", records=found, total=len(found), exact=True)
    return merge((Evidence(queries=(query,)), *(PRODUCTS[sku] for sku in found)))


def names(*ids: str, score: float = 0.9, second: str | None = None, language: str | None = None) -> Intent:
    """What an intent model says: the first intent at `score`, each next one 0.2 below."""
    return Intent(
        ranked=tuple(IntentScore(intent=one, score=max(score - 0.2 * place, 0.0)) for place, one in enumerate(ids)),
        second=IntentScore(intent=second, score=0.9) if second else None,
        out_of_scope=0.1,
        language=language,
    )


def call(name: str, intent: str, call_id: str = "1", **arguments: JsonValue) -> ToolCall:
    return ToolCall(name=name, call_id=call_id, intent=intent, arguments=arguments)


PRICE_PLAN = Plan(calls=(call("get_product", "product.price", sku="L-1"),))
RETURNS_CALL = call("find_policy", "returns.policy", "2", query="return", topics=["returns"])
ORDER_PLAN = Plan(calls=(call("get_order", "order.status", order_number="[ORDER_1]"),))


def draft(*claims: Claim, intent: str = "product.price", products: tuple[str, ...] = ()) -> Draft:
    return Draft(parts=(DraftPart(intent=intent, claims=claims),), products=products)


PRICE_DRAFT = draft(Value(fact="L-1:price"), Stock(fact="L-1:stock"), products=("L-1",))
ORDER_DRAFT = draft(Value(fact="order_1:status"), intent="order.status")


def shop_chain(
    *,
    scope: Scope | None = None,
    moderators: tuple[HopModel[ModerationInput], ...] | None = None,
    intent: Scripted | Cascade[IntentInput] | None = None,
    plan: Scripted | Cascade[LookupInput] = PRICE_PLAN,
    response: Scripted | Cascade[ResponseInput] = PRICE_DRAFT,
    toolbox: FakeToolbox | None = None,
) -> Chain:
    """A chain that answers what the desk lamp costs, but for what is given here."""
    scope = scope or shop_scope()
    return Chain(
        scope=scope,
        scope_sha256=digest(SCOPE),
        catalog_version="catalog-1",
        app_version="0",
        moderators=moderators or (rules_model(scope.moderation),),
        intent_model=_cascade(intent or names("product.price", "returns.policy"), "classify"),
        planner=_cascade(plan, "plan"),
        responder=_cascade(response, "compose"),
        toolbox=toolbox or FakeToolbox(),
        log=MemoryLog(),
    )


def _cascade(models: Scripted | Cascade[GivenT], op: Op) -> Cascade[GivenT]:
    return models if isinstance(models, Cascade) else Cascade.of(Script(models, op=op))


def order_chain(toolbox: FakeToolbox | None = None, response: Scripted = ORDER_DRAFT) -> Chain:
    """A chain that says where the order is whose number the text holds."""
    return shop_chain(intent=names("order.status"), plan=ORDER_PLAN, response=response, toolbox=toolbox)


def ask_for(text: str = "What does the desk lamp cost?", scope: Scope | None = None) -> Turn:
    """A turn as the desk makes it: cleaned, redacted, its personal data beside it."""
    came_in = inbound(text, (scope or shop_scope()).moderation)
    return Turn(
        turn_id="turn-1",
        case_id="case-1",
        text=came_in.redacted.text,
        now=NOW,
        originals=came_in.originals,
        pii=came_in.redacted.kinds,
    )


ORDER_TURN = replace(
    ask_for(f"Where is {ORDER_NUMBER}? My address is {EMAIL}, call {PHONE}."), identity=Identity.ORDER_PROOF
)


@dataclass(frozen=True)
class Done:
    """A turn that has run: its outcome, its records, and the chain with its fakes."""

    outcome: Outcome
    log: MemoryLog
    chain: Chain
    tools: FakeToolbox

    @property
    def hops(self) -> list[str]:
        return self.log.hops()

    @property
    def said(self) -> list[str]:
        """The sentences of the outcome."""
        outcome = self.outcome
        parts = outcome.parts if isinstance(outcome, Answer) else ()
        parts = outcome.answered if isinstance(outcome, Clarify | Handoff) else parts
        return [sentence.text for part in parts for sentence in part.sentences]

    @property
    def records(self) -> list[HopRecord]:
        return self.log.records


def run(turn: Turn, chain: Chain, log: MemoryLog | None = None, *, funded: bool = True) -> Done:
    """Run one turn on a log of its own; whatever the path, its trail must hold."""
    log = log or MemoryLog()
    chain = replace(chain, log=log)

    async def running() -> Outcome:
        return await run_turn(turn, chain, None if funded else Allowance(chain.scope.budget, funded=False))

    outcome = asyncio.run(running())
    assert_trail(log.records, turn)
    assert isinstance(chain.toolbox, FakeToolbox)
    return Done(outcome, log, chain, chain.toolbox)
