"""A counter in a small shop, for tests of planner and responder: real catalog, reader and toolbox, one call away."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from assistant.catalog.catalog import Catalog
from assistant.embedded.encoder import Encoder
from assistant.embedded.fields import FieldFinder
from assistant.embedded.masking import Masker
from assistant.embedded.planner import EmbeddedPlanner
from assistant.embedded.reader import Reader
from assistant.embedded.responder import EmbeddedResponder
from assistant.toolbox import ShopToolbox
from chains.claims import Claim, Draft
from chains.errors import ToolFailed
from chains.facts import Evidence, merge
from chains.grounding import check_draft
from chains.hops.grounding import ground_and_say
from chains.messages import GroundingInput, LookupInput, Plan, ResponseInput
from chains.scope import Scope
from chains.tools import Caller, Identity
from tests.assistant.shop_desk import NOW, SCOPE, Orders
from tests.assistant.small_shop import FIELDS as SMALL_FIELDS
from tests.assistant.small_shop import PRODUCTS as SMALL_PRODUCTS
from tests.assistant.small_shop import small_catalog

HEADPHONES: tuple[Mapping[str, object], ...] = (
    {
        "sku": "HEA-1", "name": "Tonika Velm 700", "brand": "Tonika", "category": "headphones", "price_minor": 19900,
        "currency": "EUR", "stock": 5,
        "attributes": {
            "wireless": True, "noise_cancelling": True, "works_with": ["Windows", "macOS"], "weight": "250 g",
            "battery_life": "30 h", "charging_time": "90 min",
        },
        "variants": [{"sku": "HEA-1-SAND", "name": "Dune", "stock": 1, "attributes": {"colour": "sand"}}],
    },
    {
        "sku": "HEA-2", "name": "Tonika Velm 900", "brand": "Tonika", "category": "headphones", "price_minor": 24900,
        "currency": "EUR", "stock": 0,
        "attributes": {
            "wireless": True, "noise_cancelling": False, "works_with": ["Windows", "Android"], "weight": "230 g",
        },
    },
    {
        "sku": "CAB-1", "name": "Cordel Two", "category": "cables", "price_minor": 990, "currency": "EUR",
        "attributes": {"length": "2 m", "braided": True},
    },
)  # fmt: skip
FIELDS = f"""{SMALL_FIELDS}
[fields.wireless]
yes = "It works without a cable."
no = "It needs a cable."

[categories.headphones]
singular = "pair of headphones"

[categories.mice]
singular = "mouse"

[categories.cables]
singular = "cable"
"""
INSIDE: Mapping[str, tuple[str, ...]] = {
    "courtesy.greeting": (
        "hello",
        "hi there",
        "good morning",
        "hey",
        "good evening to you",
        "hello, is anybody there",
    ),
    "product.price": (
        "how much is the Aurel Nova 14",
        "what does the Fjord 13 cost",
        "price of the Quill One",
        "what is the price of this",
        "how much does it cost",
        "how expensive is the Velm 700",
    ),
    "product.question": (
        "does the Aurel Nova 14 have a touchscreen",
        "how much does the Quill One weigh",
        "is the Velm 900 wireless",
        "what ports does it have",
        "how long does the battery of the Fjord 13 last",
        "which colours does the Nova 14 come in",
    ),
    "product.search": (
        "show me laptops under 900 euros",
        "i am looking for black headphones",
        "which laptops have 16 GB of memory",
        "find me a light mouse",
        "do you have wireless headphones",
        "recommend a laptop for travelling",
    ),
    "order.status": (
        "where is my order",
        "has my parcel been shipped yet",
        "when will my package arrive",
        "track my delivery please",
        "my order has not come",
        "where is [ORDER_1]",
    ),
    "policy.returns": (
        "how do i send something back",
        "can i get a refund",
        "what is your return policy",
        "how long can i return things",
        "i would like my money back",
        "do i pay for the return",
    ),
}
OUTSIDE = (
    "will it rain tomorrow",
    "write a poem about spring",
    "who won the election",
    "what is the capital of peru",
    "tell me a joke",
    "how tall is mount everest",
)
OPERATOR_SCOPE = Scope.model_validate_json(
    json.dumps(
        {
            "site": {"id": "lumen", "name": "Lumen & Oak"},
            "sources": {"products": "products.jsonl"},
            "intents": [{"id": "a.b", "label": "b", "description": "b", "outcomes": ["answer"]}],
            "tools": [
                {
                    "name": name,
                    "description": name,
                    "kind": "sql",
                    "source": "sqlite:///none.db",
                    "query": "SELECT 1",
                    "returns": {"answer": "answer"},
                    "parameters": parameters,
                }
                for name, parameters in (
                    ("opening_hours", []),
                    ("search_stores", [{"name": "words", "type": "text"}]),
                    ("spare_parts", [{"name": "product", "type": "sku"}, {"name": "words", "type": "text"}]),
                    ("delivery_days", [{"name": "postcode", "type": "text", "pattern": "^[0-9]{5}$"}]),
                    ("instalments", [{"name": "months", "type": "integer"}]),
                )
            ],
        }
    )
)
CUSTOMER = Caller(
    site="lumen",
    identity=Identity.VERIFIED,
    now=NOW,
    originals={"[ORDER_1]": "LO-20417"},
    customer="jonas@example.org",
)


@dataclass(frozen=True)
class Asked:
    """What a customer asks: a text, the tools of each intent, the products on the page, the fields always asked."""

    text: str
    tools: Mapping[str, tuple[str, ...]]
    page: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()

    @property
    def given(self) -> LookupInput:
        return LookupInput(
            text=self.text,
            intents=tuple(self.tools),
            tools=dict(self.tools),
            asks={intent: self.asks for intent in self.tools if self.asks},
            products=self.page,
            now=NOW,
        )


@dataclass(frozen=True)
class Told:
    """What came of it: the plan, what was found, and the draft (None where nothing was found)."""

    plan: Plan
    evidence: Evidence
    draft: Draft | None

    @property
    def claims(self) -> tuple[Claim, ...]:
        assert self.draft is not None
        return tuple(claim for part in self.draft.parts for claim in part.claims)

    @property
    def said(self) -> list[str]:
        """The sentences of the draft, which must be one that may be said."""
        assert self.draft is not None
        assert check_draft(self.draft, self.evidence, tuple(part.intent for part in self.draft.parts)) == ()
        given = GroundingInput(draft=self.draft, evidence=self.evidence, locale="en", seed="1")
        return [sentence.text for part in ground_and_say(given).parts for sentence in part.sentences]


class Counter:
    """Plans, looks up and drafts, each by the real thing."""

    def __init__(self, folder: Path, encoder: Encoder) -> None:
        self.catalog: Catalog = small_catalog(folder, (*SMALL_PRODUCTS, *HEADPHONES), FIELDS)
        self.vocabulary = self.catalog.vocabulary
        self.reader = Reader(self.vocabulary)
        texts = [text for of_intent in INSIDE.values() for text in of_intent]
        self.mask = Masker(self.reader, self.vocabulary, encoder, texts)
        own = {tool.name: tool for tool in OPERATOR_SCOPE.tools}
        self.finder = FieldFinder(self.vocabulary, encoder)
        self.planner = EmbeddedPlanner(self.reader, self.vocabulary, self.mask, self.finder, own)
        self.responder = EmbeddedResponder(self.reader)
        self.toolbox = ShopToolbox(self.catalog, Orders(), SCOPE, folder)

    def ask(self, asked: Asked) -> Told:
        """Answer a request, as far as its drafted claims."""
        plan = self.planner.plan(asked.given)
        results: list[Evidence] = []
        found: dict[str, tuple[str, ...]] = {}
        for call in plan.calls:
            arguments = SCOPE.specs[call.name].arguments.model_validate_json(json.dumps(call.arguments))
            try:
                result = asyncio.run(self.toolbox.run(call.name, arguments, CUSTOMER))
            except ToolFailed:
                continue
            results.append(result)
            found[call.intent] = (*found.get(call.intent, ()), *result.ids())
        evidence = merge(tuple(results))
        if not evidence.ids():
            return Told(plan, evidence, None)
        given = asked.given
        response = ResponseInput(
            text=given.text,
            intents=given.intents,
            products=given.products,
            asks=given.asks,
            evidence=evidence,
            found=found,
        )
        return Told(plan, evidence, self.responder.compose(response))

    def plan(self, text: str, *tools: str, page: tuple[str, ...] = (), asks: tuple[str, ...] = ()) -> Plan:
        """Plan for one intent."""
        return self.planner.plan(Asked(text, {"a.b": tools}, page, asks).given)

    def tell(self, text: str, *tools: str, page: tuple[str, ...] = (), asks: tuple[str, ...] = ()) -> Told:
        """Answer for one intent."""
        return self.ask(Asked(text, {"a.b": tools}, page, asks))


def calls(plan: Plan) -> list[tuple[str, dict[str, JsonValue]]]:
    """The names and arguments of a plan's calls."""
    return [(call.name, call.arguments) for call in plan.calls]
