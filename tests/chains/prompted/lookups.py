"""A small catalog's facets, a scope and lookups over it, for tests of the prompted lookup."""

from chains.facets import Facets, FieldFacet, ProductHint
from chains.hops.lookup import GUARD, PlanContext
from chains.language import FunctionCall, Json
from chains.messages import LookupInput, Plan
from chains.scope import Scope, Shot
from chains.tools import Identity, ToolResult
from moderation import Judged
from tests.chains.fakes import NOW, changed, shop_scope

FACETS = Facets(
    currency="EUR",
    categories=(("table_lamps", "table lamps"), ("coffee_machines", "coffee machines")),
    fields=(
        FieldFacet("price", "price", "money", unit="EUR", low="9.90", high="849"),
        FieldFacet("power", "power", "quantity", unit="W", low="3", high="60", categories=("table_lamps",)),
        FieldFacet("memory", "memory", "quantity", unit="GB", low="8", high="64"),
        FieldFacet("dimmable", "dimmable", "flag", categories=("table_lamps",)),
        FieldFacet("material", "material", "text", values=("brass", "oak"), categories=("table_lamps",)),
        FieldFacet("coffee_types", "coffee types", "terms", values=("beans", "pods"), categories=("coffee_machines",)),
    ),
    brands=("Fjellys", "Caldoro"),
    topics=("returns", "warranty"),
)
HINTS = (ProductHint("L-1", "Fjellys Desk", "table_lamps"), ProductHint("L-2", "Fjellys Arch", "table_lamps"))
SHOTS = {
    "product.price": (
        Shot(
            text="any brass lamp below 40?",
            calls=(
                {
                    "search_products": {
                        "category": "table_lamps",
                        "price_max_minor": 4000,
                        "filters": [{"field": "material", "op": "eq", "value": "brass"}],
                    }
                },
            ),
        ),
        Shot(text="price of L-2", calls=({"get_product": {"sku": "L-2", "fields": ["price"]}},)),
    ),
    "returns.policy": (
        Shot(text="how do I send it back", calls=({"find_policy": {"query": "send it back", "topics": ["returns"]}},)),
    ),
    "order.status": (Shot(text="where is [ORDER_1]", calls=({"get_order": {"order_number": "[ORDER_1]"}},)),),
}


def scope_with_shots() -> Scope:
    scope = shop_scope()
    intents = tuple(
        intent.model_copy(update={"shots": SHOTS.get(intent.id, ()), "tools": _tools(intent.id, intent.tools)})
        for intent in scope.intents
    )
    return changed(scope, intents=intents)


def _tools(intent: str, tools: tuple[str, ...]) -> tuple[str, ...]:
    return (*tools, "list_categories", "compare_products") if intent == "product.price" else tools


SCOPE = scope_with_shots()


def looking(
    text: str = "What does it cost?",
    intents: tuple[str, ...] = ("product.price",),
    *,
    identity: Identity = Identity.ANONYMOUS,
    results: tuple[ToolResult, ...] = (),
    products: tuple[str, ...] = (),
    scope: Scope = SCOPE,
) -> LookupInput:
    return LookupInput(
        text=text,
        intents=intents,
        tools={intent: scope.permitted(intent, identity) for intent in intents},
        topics={intent: scope.by_id[intent].topics for intent in intents},
        asks={intent: scope.by_id[intent].asks for intent in intents},
        products=products,
        now=NOW,
        results=results,
    )


def called(name: str, arguments: str, call_id: str = "c") -> FunctionCall:
    return FunctionCall(name, call_id, arguments)


def no_hints(text: str, products: tuple[str, ...]) -> tuple[ProductHint, ...]:
    return ()


def names_of(functions: tuple[Json, ...]) -> list[str]:
    return [str(told(function)["name"]) for function in functions]


def told(function: Json) -> Json:
    inner = function["function"]
    assert isinstance(inner, dict)
    return inner


def properties_of(functions: tuple[Json, ...], name: str) -> dict[str, Json]:
    parameters = next(told(one)["parameters"] for one in functions if told(one)["name"] == name)
    assert isinstance(parameters, dict)
    properties = parameters["properties"]
    assert isinstance(properties, dict)
    return {key: value for key, value in properties.items() if isinstance(value, dict)}


async def judged(raw: str, given: LookupInput, scope: Scope = SCOPE) -> Judged[Plan]:
    """What the hop's guard says of a plan."""
    return await GUARD.judge(raw, PlanContext(scope, given.tools, scope.budget.calls))
