import asyncio

import pytest

from chains.hops.intent import GUARD, Decision, decide, name_intents
from chains.messages import Intent, IntentInput, IntentScore
from chains.ports import Cascade
from chains.scope import Scope
from chains.trail import Trail
from tests.chains.fakes import changed, shop_scope
from tests.chains.scripts import DOWN, MemoryLog, Script, Scripted, within
from tests.chains.trails import FRAME

SCOPE = shop_scope()
PRICE, COMPARE, RETURNS, ORDER = (intent.id for intent in SCOPE.intents[:4])
HELLO = "courtesy.hello"


def scored(
    *scores: float,
    names: tuple[str, ...] = (PRICE, COMPARE, RETURNS, ORDER),
    second: tuple[str, float] | None = None,
    out_of_scope: float = 0.0,
    language: str | None = None,
) -> Intent:
    """An intent model's output: these scores for these intents."""
    ranked = tuple(IntentScore(intent=name, score=score) for name, score in zip(names, scores, strict=False))
    other = IntentScore(intent=second[0], score=second[1]) if second else None
    return Intent(ranked=ranked, second=other, out_of_scope=out_of_scope, language=language)


def thresholds(**values: float) -> Scope:
    return changed(SCOPE, thresholds=SCOPE.thresholds.model_copy(update=values))


def codes(intent: Intent) -> list[str]:
    return [failure.code for failure in asyncio.run(GUARD.judge(intent.model_dump_json(), SCOPE)).failures]


def decided(reply: Scripted, scope: Scope = SCOPE) -> Decision:
    given, trail = IntentInput(text="Hm", locale="en"), Trail(FRAME, MemoryLog())
    return within(lambda allowance: name_intents(given, Cascade.of(Script(reply)), scope, trail, allowance))


# What a model may say


@pytest.mark.parametrize(
    ("intent", "expected"),
    [
        (scored(0.6, 0.3), []),
        (scored(0.5, 0.5), []),
        (scored(0.6, second=(RETURNS, 0.9)), []),
        (scored(0.6, 0.3, names=(PRICE, "admin.all")), ["unknown_intent"]),
        (scored(0.6, 0.3, names=("a.b", "c.d"), second=("e.f", 1.0)), ["unknown_intent"] * 3),
        (scored(0.3, 0.6), ["not_ranked"]),
        (scored(0.6, 0.3, names=(PRICE, PRICE)), ["not_ranked"]),
        (scored(0.6, 0.3, second=(PRICE, 0.9)), ["same_intent"]),
    ],
)
def test_intents_are_the_scopes_own_and_ranked(intent: Intent, expected: list[str]) -> None:
    assert codes(intent) == expected


# What follows from it


@pytest.mark.parametrize(
    ("intent", "decision"),
    [
        (scored(0.9, 0.05), Decision("serve", (PRICE,))),
        (scored(0.45, 0.3), Decision("serve", (PRICE,))),
        (scored(0.44, 0.3), Decision("choose", (PRICE, COMPARE))),
        (scored(0.5, 0.4, 0.05, 0.01), Decision("choose", (PRICE, COMPARE, RETURNS))),
        (scored(0.1), Decision("serve", (PRICE,))),
        (scored(0.9, second=(RETURNS, 0.55)), Decision("serve", (PRICE, RETURNS))),
        (scored(0.9, second=(RETURNS, 0.54)), Decision("serve", (PRICE,))),
        (scored(0.3, 0.2, second=(RETURNS, 0.9)), Decision("serve", (PRICE, RETURNS))),
        (scored(0.9, out_of_scope=1.0), Decision("serve", (PRICE,))),
        (scored(0.9, language="en"), Decision("serve", (PRICE,))),
        (scored(0.9, language="fr"), Decision("foreign_language", language="fr")),
    ],
)
def test_scores_decide_what_is_served_and_what_is_asked(intent: Intent, decision: Decision) -> None:
    assert decide(intent, SCOPE) == decision


def test_a_language_that_the_site_also_reads_is_served() -> None:
    site = SCOPE.site.model_copy(update={"also_reads": ("de",)})
    german = scored(0.9, language="de")
    assert decide(german, changed(SCOPE, site=site)) == Decision("serve", (PRICE,))
    assert decide(scored(0.9, language="fr"), changed(SCOPE, site=site)).kind == "foreign_language"


@pytest.mark.parametrize(
    ("score", "kind"), [(0.7, "out_of_scope"), (0.71, "out_of_scope"), (0.69, "serve"), (0.0, "serve")]
)
def test_what_reaches_the_threshold_is_out_of_scope(score: float, kind: str) -> None:
    assert decide(scored(0.9, out_of_scope=score), thresholds(out_of_scope=0.7)).kind == kind


def test_another_language_comes_before_out_of_scope() -> None:
    intent = scored(0.9, out_of_scope=1.0, language="de")
    assert decide(intent, thresholds(out_of_scope=0.5)).kind == "foreign_language"


def test_the_margin_and_the_confidence_are_the_scopes() -> None:
    assert decide(scored(0.3, 0.29), thresholds(confidence=0.2, margin=0.0)).kind == "serve"
    assert decide(scored(0.9, 0.5), thresholds(margin=0.5)).kind == "choose"


@pytest.mark.parametrize(
    ("first", "second", "served"),
    [(HELLO, PRICE, (PRICE,)), (PRICE, HELLO, (PRICE,)), (HELLO, "complaint.person", ("complaint.person",))],
)
def test_a_greeting_beside_a_request_is_no_request(first: str, second: str, served: tuple[str, ...]) -> None:
    assert decide(scored(0.9, names=(first,), second=(second, 0.9)), SCOPE) == Decision("serve", served)


def test_of_two_greetings_the_first_is_answered() -> None:
    bye = SCOPE.by_id[HELLO].model_copy(update={"id": "courtesy.bye"})
    scope = changed(SCOPE, intents=(*SCOPE.intents, bye))
    assert decide(scored(0.9, names=(HELLO,), second=("courtesy.bye", 0.9)), scope) == Decision("serve", (HELLO,))


@pytest.mark.parametrize("silent", [DOWN, "[]", scored(0.9, names=("admin.all",))])
def test_no_valid_output_is_unsure(silent: Scripted) -> None:
    assert decided(silent) == Decision("unsure")


def test_where_the_scope_says_so_no_valid_output_is_a_question_to_say_it_again() -> None:
    fallback = SCOPE.fallback.model_copy(update={"intent": "clarify"})
    assert decided(DOWN, changed(SCOPE, fallback=fallback)) == Decision("rephrase")


def test_a_valid_output_is_decided_on() -> None:
    assert decided(scored(0.9)) == Decision("serve", (PRICE,))
