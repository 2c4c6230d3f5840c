from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from pydantic import JsonValue, ValidationError

from chains.scope import (
    IdentityName,
    IntentScope,
    LanguageModelSettings,
    OperatorTool,
    Parameter,
    Scope,
    Site,
    Sources,
)
from chains.scope_file import load_scope
from chains.tools import BUILT_IN, Identity

DEMO = load_scope(Path(__file__).parents[2] / "assistant" / "demo" / "shop" / "scope.toml").scope

NOTHING: tuple[str, ...] = ()
EVERYONE = ("anonymous", "order_proof", "verified")
# intent -> the tools that anonymous customers, those with an order's number and address, and verified ones may use
MATRIX = {
    "product.question": (("get_product",),) * 3,
    "product.availability": (("check_stock", "get_product", "search_products"),) * 3,
    "product.price": (("get_product", "search_products"),) * 3,
    "product.comparison": (("compare_products", "get_product", "search_products"),) * 3,
    "product.recommendation": (("search_products", "list_categories"),) * 3,
    "product.compatibility": (("get_product", "search_products"),) * 3,
    "order.status": (NOTHING, ("get_order",), ("get_order",)),
    "order.change": (NOTHING,) * 3,
    "aftercare.return": (("find_policy",),) * 3,
    "aftercare.warranty": (("find_policy",),) * 3,
    "delivery.options": (("find_policy",),) * 3,
    "payment.options": (("find_policy",),) * 3,
    "payment.problem": (NOTHING,) * 3,
    "shop.range": (("list_categories", "search_products"),) * 3,
    "shop.contact": (("find_policy",),) * 3,
    "support.complaint": (NOTHING,) * 3,
    "support.human": (NOTHING,) * 3,
    "courtesy.greeting": (NOTHING,) * 3,
}


def test_the_demo_shop_permits_exactly_this() -> None:
    assert DEMO.matrix() == {intent: dict(zip(EVERYONE, tools, strict=True)) for intent, tools in MATRIX.items()}


def test_nobody_may_do_anything_for_an_intent_that_there_is_not() -> None:
    for intent in ("", "order.refund", "ORDER.STATUS", "order.status ", "order"):
        for identity in Identity:
            assert DEMO.permitted(intent, identity) == ()


def tool(name: str, identity: IdentityName = "anonymous") -> OperatorTool:
    return OperatorTool(
        name=name, description="Reads.", kind="http", source="https://x.example", returns={"a": "A"}, identity=identity
    )


def scope_of(*intents: IntentScope, tools: tuple[OperatorTool, ...] = (), origins: tuple[str, ...] = ()) -> Scope:
    return Scope(
        site=Site(id="demo", name="Demo", origins=origins), sources=Sources(products="p"), intents=intents, tools=tools
    )


def intent_of(intent: str, tools: tuple[str, ...], identity: IdentityName = "anonymous") -> IntentScope:
    return IntentScope(
        id=intent, label="L", description="D", tools=tools, identity=identity, outcomes=("answer", "handoff")
    )


NAMES = [spec.name for spec in BUILT_IN]
LEVELS: tuple[IdentityName, ...] = ("anonymous", "order_proof", "verified")


@st.composite
def scopes(draw: DrawFn) -> Scope:
    own = tuple(tool(f"own_{number}", draw(st.sampled_from(LEVELS))) for number in range(draw(st.integers(0, 3))))
    every = [*NAMES, *(one.name for one in own)]
    chosen = st.lists(st.sampled_from(every), unique=True, max_size=5).map(tuple)
    intents = tuple(
        intent_of(f"i.n{number}", draw(chosen), draw(st.sampled_from(LEVELS)))
        for number in range(draw(st.integers(1, 4)))
    )
    return scope_of(*intents, tools=own)


@settings(deadline=None)
@given(scopes(), st.text(max_size=12))
def test_permission_is_never_wider_than_the_intent_and_both_identities(scope: Scope, stranger: str) -> None:
    for intent in scope.intents:
        before: set[str] = set()
        for level in Identity:
            permitted = scope.permitted(intent.id, level)
            assert set(permitted) <= set(intent.tools)
            assert all(scope.specs[name].identity <= level for name in permitted)
            assert not permitted or Identity[intent.identity.upper()] <= level
            assert before <= set(permitted), "what a stranger may do, a known customer may do too"
            before = set(permitted)
            assert scope.matrix()[intent.id][level.name.lower()] == permitted
            if stranger not in scope.by_id:
                assert scope.permitted(stranger, level) == ()
        assert before == set(intent.tools), "a verified customer may do all that the intent lists"


def test_the_stricter_of_tool_and_intent_holds() -> None:
    lax = scope_of(intent_of("a.b", ("get_order", "own"), "anonymous"), tools=(tool("own", "verified"),))
    assert lax.matrix()["a.b"] == {"anonymous": (), "order_proof": ("get_order",), "verified": ("get_order", "own")}
    strict = scope_of(intent_of("a.b", ("get_product",), "verified"))
    assert strict.matrix()["a.b"] == {"anonymous": (), "order_proof": (), "verified": ("get_product",)}


def test_specs_are_the_built_in_tools_and_the_operators() -> None:
    scope = scope_of(intent_of("a.b", ("own",)), tools=(tool("own", "verified"),))
    assert list(scope.specs) == [*NAMES, "own"]
    assert scope.specs["own"].identity is Identity.VERIFIED


def test_hosts_are_those_of_the_sites_own_origins() -> None:
    origins = ("https://shop.example", "http://localhost:8080", "http://[::1]:8080")
    assert scope_of(intent_of("a.b", ()), origins=origins).hosts == {"shop.example", "localhost", "::1"}
    assert scope_of(intent_of("a.b", ())).hosts == set()


@pytest.mark.parametrize(
    "origin",
    ["shop.example", "https://shop.example/", "https://*.example", "javascript://x", "http://[x", "https://a b"],
)
def test_what_is_no_origin_is_refused(origin: str) -> None:
    with pytest.raises(ValidationError):
        Site(id="demo", name="Demo", origins=(origin,))


def test_a_courtesy_is_answered_by_its_fixed_reply_alone() -> None:
    courtesies = [intent.id for intent in DEMO.intents if intent.is_courtesy]
    assert courtesies == ["courtesy.greeting"]
    assert DEMO.by_id["courtesy.greeting"].primary == "courtesy"


@pytest.mark.parametrize("name", ["json", "copy", "schema", "model_config", "model_dump", "model_x", "dict"])
def test_a_parameter_cannot_have_a_name_that_its_model_needs(name: str) -> None:
    with pytest.raises(ValidationError, match="this name is reserved"):
        Parameter(name=name, type="text")


@pytest.mark.parametrize("pattern", ["(", "(?=a)b", "[", "a{2,1}"])
def test_a_parameters_pattern_must_be_one_that_can_be_checked(pattern: str) -> None:
    with pytest.raises(ValidationError, match="not a regular expression"):
        Parameter(name="hall", type="text", pattern=pattern)


@pytest.mark.parametrize("name", ["openai/gpt-4.1-mini", "ollama_chat/qwen3:1.7b", "a/b/c"])
def test_a_language_model_is_named_by_its_provider_and_itself(name: str) -> None:
    assert LanguageModelSettings(name=name).name == name


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "gpt-4.1-mini"},
        {"name": "openai/ gpt"},
        {"name": "o/" + "x" * 199},
        {"name": "o/x", "base_url": "localhost:8080"},
        {"name": "o/x", "api_key_env": "sk-1234"},
        {"name": "o/x", "hedge_after_ms": 10},
        {"name": "o/x", "input_usd_per_mtok": float("nan")},
        {"name": "o/x", "temperature": 3},
        {"name": "o/x", "api_key": "sk-1234"},
    ],
)
def test_what_cannot_be_said_of_a_language_model_is_refused(wrong: dict[str, JsonValue]) -> None:
    with pytest.raises(ValidationError):
        LanguageModelSettings.model_validate(wrong)


def test_without_a_word_about_language_models_a_scope_needs_none() -> None:
    scope = scope_of(intent_of("a.b", ()))
    assert (scope.language_models, scope.cache.hops, scope.budget.speculate) == ((), (), False)
    assert set(scope.models.model_dump().values()) == {("rules", "embedded"), ("embedded",)}
    fallbacks = {"moderation": "handoff", "intent": "embedded", "lookup": "embedded", "response": "embedded"}
    assert scope.fallback.model_dump() == fallbacks


@pytest.mark.parametrize("model", ["embedded", "embedded@0.9", "embedded@.95", "embedded@1", "rules", "openai/gpt-x"])
def test_a_model_is_named_like_this(model: str) -> None:
    assert DEMO.models.model_validate_json(f'{{"intent": ["{model}"]}}').intent == (model,)


@pytest.mark.parametrize("model", ["", "embeded", "embedded@", "embedded@2", "embedded@0,9", "openai/", "openai/gpt x"])
def test_what_names_no_model_is_refused(model: str) -> None:
    with pytest.raises(ValidationError):
        DEMO.models.model_validate_json(f'{{"intent": ["{model}"]}}')
