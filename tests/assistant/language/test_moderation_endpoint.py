"""A provider's moderation endpoint over real sockets: its scores, its faults, and the record of both."""

import asyncio
import json
from dataclasses import dataclass

import pytest

from assistant.language.litellm_model import LitellmModel
from assistant.language.moderation_endpoint import OURS, EndpointModerator, ModerationEndpoint, our_category
from assistant.language.resilient import ResilientModel
from assistant.reflexes import Reflexes
from chains.allowance import Allowance
from chains.errors import ModelMisconfigured
from chains.hops.moderation import UNDECIDED, moderate
from chains.messages import ModerationInput
from chains.record import HopRecord
from chains.scope import Budget, Cache, LanguageModelSettings
from chains.trail import Trail
from moderation import Category, LayerThresholds, ModerationPolicy, Threshold, Verdict
from tests.assistant.language.asking import SILENCED
from tests.chains.scripts import MemoryLog
from tests.chains.trails import FRAME
from tests.model_server import FAULTS, Cut, Drip, Fault, Hang, Raw, Reply, Scores, Script, Served, failing, serving

pytestmark = [pytest.mark.usefixtures("warm"), *SILENCED]
Own = dict[Category, Threshold]
NAME = "openai/omni-scripted"
TEXT = "Where is my parcel?"
DEFAULTS = ModerationPolicy()
NO_CACHE = Cache()
GOOD = Scores({"violence": 0.01, "harassment": 0.2, "self-harm": 0.002})


@dataclass(frozen=True)
class Judged:
    """What one layer came to, and what was seen of it."""

    verdict: Verdict
    record: HopRecord
    allowance: Allowance
    served: Served


def judged(
    script: Script,
    *,
    policy: ModerationPolicy = DEFAULTS,
    caching: Cache = NO_CACHE,
    times: int = 1,
    settings: dict[str, object] | None = None,
    **limits: object,
) -> Judged:
    """Have a text judged by an endpoint behind breaker, purse and retries, as the moderation hop does."""

    async def run(served: Served) -> Judged:
        made = {"name": NAME, "kind": "moderation", "base_url": served.base_url, **(settings or {})}
        reflexes = Reflexes.of(None)
        endpoint = ModerationEndpoint(LanguageModelSettings.model_validate(made), {"OUR_KEY": "sk-ours"})
        await endpoint.warm_up()
        model = ResilientModel(endpoint, reflexes.breakers, reflexes.replies, caching)
        allowance = Allowance(Budget.model_validate({"retries": 0, "hop_ms": 2000, **limits}))
        trail = Trail(FRAME, MemoryLog())
        for _ in range(times):
            given = ModerationInput(text=TEXT, locale="en")
            verdict = await moderate(given, (EndpointModerator(model, policy),), trail, allowance)
        return Judged(verdict, trail.records[-1], allowance, served)

    with serving(script) as served:
        return asyncio.run(run(served))


def test_a_harmless_text_passes_with_the_scores_worth_naming() -> None:
    found = judged(GOOD)
    assert found.verdict == Verdict(action="allow", layer="model", categories={"harassment": 0.2})
    (request,) = found.served.requests
    assert (request.path, request.body) == ("/v1/moderations", {"input": TEXT, "model": "omni-scripted"})
    assert (found.record.op, found.record.provider, found.record.model) == ("classify", "openai", NAME)


@pytest.mark.parametrize(
    ("scores", "action", "categories"),
    [
        ({"harassment": 0.8}, "review", {"harassment": 0.8}),
        ({"hate": 0.97, "harassment": 0.3}, "block", {"hate": 0.97, "harassment": 0.3}),
        ({"harassment/threatening": 0.96}, "block", {"violence": 0.96}),
        ({"violence": 0.2, "violence/graphic": 0.75}, "review", {"violence": 0.75}),
        ({"self-harm/intent": 0.99, "violence": 0.99}, "review", {"self_harm": 0.99, "violence": 0.99}),
        ({"selfharm": 0.4, "health": 0.99}, "review", {"self_harm": 0.4}),
        ({"self-harm": 0.2, "hate": 1}, "block", {"hate": 1.0}),
        ({"illicit": None, "sexual": 0.6}, "review", {"sexual": 0.6}),
    ],
)
def test_scores_become_a_verdict_by_the_thresholds_of_the_layer_model(
    scores: dict[str, float | None], action: str, categories: dict[str, float]
) -> None:
    verdict = judged(Scores({**scores})).verdict
    assert (verdict.action, verdict.categories) == (action, categories)


def test_a_sites_own_thresholds_of_this_layer_decide_and_those_of_another_do_not() -> None:
    never: Own = {"hate": Threshold(review_at="never", block_at="never")}
    early: Own = {"hate": Threshold(review_at=0.1)}
    script = Scores({"hate": 0.45})
    ignoring = ModerationPolicy(thresholds=LayerThresholds(model=never, classifier=early))
    heeding = ModerationPolicy(thresholds=LayerThresholds(model=early, classifier=never))
    assert judged(script, policy=ignoring).verdict.passes
    assert judged(script, policy=heeding).verdict.action == "review"


def test_categories_of_the_provider_that_are_not_ours_decide_nothing_and_stay_in_the_record() -> None:
    found = judged(Scores({"violence": 0.1, "financial": 0.9, "law": 1.0}, flagged=("law",)))
    assert found.verdict.passes
    (message,) = found.record.output_messages or ()
    said = json.loads(str(message["content"]))
    assert {name: said["category_scores"][name] for name in ("violence", "financial", "law")} == {
        "violence": 0.1,
        "financial": 0.9,
        "law": 1.0,
    }
    assert said["flagged"] == ["law"]


FAULTY: dict[str, Fault] = {
    "late": Hang(),
    "drip": Drip(),
    "cut": Cut(reply=Reply("{}")),
    "server_error": failing(500, "server_error"),
    "busy": failing(429, "rate_limit_exceeded"),
    "unauthorised": FAULTS["unauthorised"],
    "not_found": FAULTS["not_found"],
    "not_json": FAULTS["not_json"],
    "html": FAULTS["html"],
    "a_list": FAULTS["a_list"],
    "no_body": FAULTS["no_body"],
    "a_completion": Reply('{"action": "allow"}'),
    "no_results": Raw(body=b'{"id": "1", "model": "m", "results": []}'),
    "odd_results": Raw(body=b'{"id": "1", "model": "m", "results": "none"}'),
    "odd_result": Raw(body=b'{"id": "1", "model": "m", "results": [5]}'),
    "null_for_scores": Raw(
        body=b'{"id": "1", "model": "m", "results": [{"flagged": false, "categories": null, "category_scores": null}]}'
    ),
    "no_scores": Scores({}),
    "null_scores": Scores({"violence": None}),
    "scores_of_others": Scores({"law": 0.1}),
    "flagged_without_a_score": Scores({"violence": 0.1}, flagged=("hate",)),
    "nan": Scores({"violence": float("nan"), "hate": 0.1}),
    "infinite": Scores({"violence": float("-inf"), "hate": 0.1}),
    "above_one": Scores({"violence": 1.5}),
    "below_zero": Scores({"violence": -0.1, "hate": 0.2}),
    "text_for_a_score": Scores({"violence": "0.1"}),
    "list_for_a_score": Scores({"violence": [0.1]}),
    "endless_number": Scores({"violence": 10**400}),
    "endless_categories": Scores({"violence": 0.1, **{f"c{number}": 0.1 for number in range(200)}}),
    "redirect": FAULTS["redirect_elsewhere"],
}


@pytest.mark.parametrize("fault", FAULTY)
def test_no_fault_is_consent_and_each_is_in_the_record(fault: str) -> None:
    found = judged(FAULTY[fault], hop_ms=300 if fault in {"late", "drip"} else 3000)
    assert found.verdict == UNDECIDED
    assert found.record.status in {"error", "invalid"}
    assert found.record.parsed is None
    assert (found.record.error_type is None) == (found.record.status == "invalid")
    assert found.record.input_messages == ({"role": "user", "content": TEXT},)
    assert found.served.count == 1
    assert "SECRET-WORDS" not in found.record.model_dump_json()


def test_what_is_no_score_is_refused_by_the_contract_and_what_is_no_reply_is_a_failure() -> None:
    assert judged(FAULTY["nan"]).record.status == "invalid"
    assert judged(FAULTY["server_error"]).record.error_type == "ModelDown"
    assert judged(FAULTY["no_results"]).record.error == (
        f"The model {NAME} replied with no scores; check its base_url and its kind."
    )


def test_what_may_pass_is_tried_again_within_the_retries_of_the_turn() -> None:
    found = judged([failing(500, "server_error"), GOOD], retries=1)
    assert found.verdict.passes
    assert (found.served.count, found.record.retries, found.allowance.calls) == (2, 1, 2)


def test_a_call_costs_what_its_text_has_and_nothing_where_the_endpoint_is_free() -> None:
    found = judged(GOOD, settings={"input_usd_per_mtok": 1.0, "output_usd_per_mtok": 0.0})
    assert found.record.usage.input_total == found.allowance.tokens > 0
    assert found.record.cost_usd == f"{found.allowance.usd.normalize():f}" != "0"
    assert judged(GOOD, model_calls=0).record.error_type == "AllowanceSpent"


def test_an_endpoint_that_fails_again_and_again_is_left_alone() -> None:
    found = judged(failing(500, "server_error"), times=12, model_calls=12)
    assert found.record.error_type == "CircuitOpen"
    assert found.served.count < 12


def test_a_kept_reply_is_held_against_the_thresholds_again() -> None:
    found = judged(Scores({"hate": 0.97}), caching=Cache(hops=("moderation",)), times=2)
    assert found.served.count == 1
    assert (found.record.served_from, found.verdict.action) == ("cache", "block")


def test_the_key_that_the_scope_names_is_sent_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-vendor")
    (own,) = judged(GOOD, settings={"api_key_env": "OUR_KEY"}).served.requests
    (none,) = judged(GOOD).served.requests
    assert (own.headers["authorization"], none.headers["authorization"]) == ("Bearer sk-ours", "Bearer no-key")


def test_a_missing_key_is_told_before_anything_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    endpoint = ModerationEndpoint(LanguageModelSettings(name="openai/omni-moderation-latest", kind="moderation"), {})
    with pytest.raises(ModelMisconfigured, match="needs a key; set OPENAI_API_KEY, or name another variable"):
        asyncio.run(endpoint.warm_up())
    assert endpoint.price_table_sha256 is not None
    monkeypatch.setenv("OPENAI_API_KEY", "sk")
    asyncio.run(endpoint.warm_up())


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("self-harm/intent", "self_harm"),
        ("Violence And Threats", "violence"),
        ("sexual/minors", "sexual"),
        ("health", None),
        ("", None),
    ],
)
def test_a_providers_category_is_ours_however_it_is_spelt(name: str, ours: str | None) -> None:
    assert our_category(name) == ours
    assert all(our_category(known) == OURS[known] for known in OURS)


def test_every_category_that_openais_client_knows_is_one_of_ours() -> None:
    from openai.types.moderation import CategoryScores

    assert {our_category(name) for name in CategoryScores.model_fields} <= set(OURS.values())


def test_an_endpoint_is_no_model_to_talk_to() -> None:
    assert issubclass(ModerationEndpoint, LitellmModel)  # the same keys, prices and failures
