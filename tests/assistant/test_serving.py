"""From a scope's lists of names to the models that serve its hops."""

import asyncio
from pathlib import Path
from typing import Literal

import pytest
import structlog

from assistant.reflexes import Reflexes
from assistant.serving import Catalogued, Embedded, LanguageModels, Serving, serve_hops
from chains.errors import PromptError
from chains.facets import Facets
from chains.messages import ModerationInput
from chains.ports import Cascade
from chains.prompted.intent import PromptedIntent
from chains.scope import Fallback, HopModels, LanguageModelSettings, Prompts, Scope
from tests.chains.fakes import changed, shop_chain, shop_scope
from tests.chains.scripts import ALLOWED, Script

CHAIN = shop_chain()
MODERATOR: Script[ModerationInput] = Script(ALLOWED, name="embedded-moderation/1")
LOCAL = Embedded(
    CHAIN.intent_model.tiers[0].model,
    CHAIN.planner.tiers[0].model,
    CHAIN.responder.tiers[0].model,
    lambda _policy: MODERATOR,
)  # the scripted models of a small shop stand for the embedded ones
CATALOGUED = Catalogued(Facets(currency="EUR", categories=(("lamps", "lamps"),)), lambda _text, _skus: ())


def scope_of(**hops: tuple[str, ...]) -> Scope:
    return changed(shop_scope(), models=HopModels(**hops))


def served(scope: Scope, base: Path = Path(), models: LanguageModels | None = None) -> Serving:
    return serve_hops(scope, base, LOCAL, lambda: CATALOGUED, models or language_models(scope))


def language_models(scope: Scope) -> LanguageModels:
    reflexes = Reflexes.of(None)
    return LanguageModels(scope, reflexes.breakers, reflexes.replies)


def tiers(serving: Serving, hop: str) -> list[tuple[str, float | None]]:
    cascade: Cascade[object] = getattr(serving, hop)  # type: ignore[type-var]  # whatever its hop is given
    return [(tier.model.card.name, tier.threshold) for tier in cascade.tiers]


def test_embedded_models_alone_serve_where_no_other_is_named() -> None:
    models = language_models(shop_scope())
    serving = served(shop_scope(), models=models)
    for cascade, local in (
        (serving.intent, LOCAL.intent),
        (serving.planner, LOCAL.planner),
        (serving.responder, LOCAL.responder),
    ):
        (tier,) = cascade.tiers
        assert tier.model is cascade.last is local
        assert tier.threshold is None
    assert [model.card.name for model in serving.moderators] == ["rules/1", "embedded-moderation/1"]
    assert models.bare == ()
    assert serving.prompts == ()


def test_a_list_of_names_is_a_cascade_in_its_order_with_the_thresholds_of_embedded_models() -> None:
    names = ("embedded@0.92", "openai/one", "anthropic/two")
    serving = served(scope_of(intent=names, lookup=("openai/one", "embedded"), response=("embedded@1",)))
    local = LOCAL.intent.card.name
    assert tiers(serving, "intent") == [(local, 0.92), ("openai/one", None), ("anthropic/two", None)]
    assert tiers(serving, "planner") == [("openai/one", None), (LOCAL.planner.card.name, None)]
    assert tiers(serving, "responder") == [(LOCAL.responder.card.name, 1.0)]


@pytest.mark.parametrize("intent", ["clarify", "handoff"])
def test_the_embedded_model_is_asked_last_only_where_the_scope_falls_back_on_it(
    intent: Literal["clarify", "handoff"],
) -> None:
    scope = scope_of(intent=("openai/one",), lookup=("openai/one",), response=("openai/one",))
    serving = served(scope)
    assert (serving.intent.last, serving.planner.last, serving.responder.last) == (
        LOCAL.intent,
        LOCAL.planner,
        LOCAL.responder,
    )
    serving = served(changed(scope, fallback=Fallback(intent=intent, lookup=intent, response="facts")))
    assert (serving.intent.last, serving.planner.last, serving.responder.last) == (None, None, None)


@pytest.mark.parametrize(
    "names", [("openai/one",), ("rules", "openai/one"), ("openai/one", "rules"), ("rules", "openai/one", "rules")]
)
def test_the_rules_moderate_first_whatever_else_does(names: tuple[str, ...]) -> None:
    moderators = served(scope_of(moderation=names)).moderators
    assert [model.card.name for model in moderators] == ["rules/1", "openai/one"]
    assert [model.card.is_local for model in moderators] == [True, False]


@pytest.mark.parametrize(
    "names", [("embedded",), ("rules", "embedded"), ("embedded", "rules", "openai/one"), ("openai/one", "embedded")]
)
def test_the_embedded_moderator_comes_after_the_rules_and_before_any_language_model(names: tuple[str, ...]) -> None:
    moderators = served(scope_of(moderation=names)).moderators
    expected = ["rules/1", "embedded-moderation/1", *(["openai/one"] if "openai/one" in names else [])]
    assert [model.card.name for model in moderators] == expected


def test_a_moderation_endpoint_is_a_layer_without_a_prompt() -> None:
    endpoint = LanguageModelSettings(name="openai/omni", kind="moderation")
    serving = served(changed(scope_of(moderation=("rules", "openai/omni")), language_models=(endpoint,)))
    assert [(model.card.name, model.card.op) for model in serving.moderators] == [
        ("rules/1", "rules"),
        ("openai/omni", "classify"),
    ]
    assert serving.prompts == ()


def test_a_model_is_made_once_with_the_settings_that_the_scope_has_of_it() -> None:
    settings = LanguageModelSettings(name="openai/one", base_url="http://127.0.0.1:8000/v1", structure="plain")
    scope = changed(
        scope_of(intent=("openai/one", "openai/two"), response=("openai/one",)), language_models=(settings,)
    )
    models = language_models(scope)
    served(scope, models=models)
    assert [bare.settings for bare in models.bare] == [settings, LanguageModelSettings(name="openai/two")]
    assert models("openai/one") is models("openai/one")


def test_the_prompts_by_which_models_are_asked_are_told_once_each() -> None:
    names = ("openai/one", "openai/two")
    serving = served(scope_of(moderation=names, intent=names, lookup=("embedded",), response=names))
    assert [prompt.name for prompt in serving.prompts] == ["moderation/1", "intent/1", "response/1"]


def test_the_catalog_is_described_only_to_a_planner_that_cannot_see_it() -> None:
    def described() -> Catalogued:
        raise AssertionError("nobody asked")

    scope = scope_of(intent=("openai/one",), response=("openai/one",))
    serve_hops(scope, Path(), LOCAL, described, language_models(scope))
    scope = scope_of(lookup=("openai/one",))
    with pytest.raises(AssertionError, match="nobody asked"):
        serve_hops(scope, Path(), LOCAL, described, language_models(scope))


def test_a_sites_own_prompts_lie_beside_its_scope(tmp_path: Path) -> None:
    (tmp_path / "ours" / "intent").mkdir(parents=True)
    (tmp_path / "ours" / "intent" / "2-short.txt").write_text(
        "--- system ---\nName the intent. {{ intents }} {{ schema }}\n\n--- user ---\n{{ text }}\n"
    )
    scope = changed(scope_of(intent=("openai/one",)), prompts=Prompts(folder="ours", intent="2-short"))
    model = served(scope, tmp_path).intent.tiers[0].model
    assert isinstance(model, PromptedIntent)
    assert model.prompt.name == "intent/2-short"
    assert [prompt.name for prompt in served(scope, tmp_path).prompts] == ["intent/2-short"]
    with pytest.raises(PromptError, match="intent/2-short"):
        served(scope, tmp_path / "elsewhere")


def test_what_cannot_be_asked_is_logged_when_models_are_loaded_and_the_others_are_loaded() -> None:
    scope = scope_of(intent=("openai/one", "hosted_vllm/nowhere", "openai/two"))
    keys = (LanguageModelSettings(name="openai/one", api_key_env="NO_SUCH_KEY_IS_SET"),)
    models = language_models(changed(scope, language_models=keys))
    served(changed(scope, language_models=keys), models=models)
    with structlog.testing.capture_logs() as logs:
        asyncio.run(models.warm_up())
    assert [(line["event"], line["log_level"]) for line in logs] == [("model_misconfigured", "error")] * 2
    assert logs[0]["problem"] == (
        "The environment variable NO_SUCH_KEY_IS_SET, which holds the key of the model openai/one, is not set; "
        "set it or change api_key_env in language_models."
    )
    assert logs[1]["problem"].startswith("The model hosted_vllm/nowhere has no address")
