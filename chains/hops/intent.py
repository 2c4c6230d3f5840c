"""Intent: which of the scope's intents a request has, and how sure that is."""

from dataclasses import dataclass
from typing import Literal

from chains.allowance import Allowance
from chains.attempt import Asked, ask
from chains.messages import Intent, IntentInput
from chains.ports import Cascade
from chains.scope import Scope, Thresholds
from chains.trail import Trail
from moderation import Failure, HopContract


@dataclass(frozen=True)
class Decision:
    """What follows from an intent's scores; `intents` are one or two to serve, or two or three to choose from."""

    kind: Literal["serve", "choose", "out_of_scope", "foreign_language", "rephrase", "unsure"]
    intents: tuple[str, ...] = ()
    language: str | None = None


def known_intents(value: Intent, scope: Scope) -> tuple[Failure, ...]:
    """Every intent named is one of the scope's."""
    named = (*value.ranked, *((value.second,) if value.second else ()))
    return tuple(
        Failure(path="ranked", code="unknown_intent", msg="name only intents of the scope")
        for score in named
        if score.intent not in scope.by_id
    )


def best_first(value: Intent, _scope: Scope) -> tuple[Failure, ...]:
    """The ranking falls, names nothing twice, and a second request is another intent than the first."""
    scores = [score.score for score in value.ranked]
    names = [score.intent for score in value.ranked]
    if scores != sorted(scores, reverse=True) or len(set(names)) != len(names):
        return (Failure(path="ranked", code="not_ranked", msg="rank the intents best first, each once"),)
    if value.second and value.second.intent == names[0]:
        return (Failure(path="second", code="same_intent", msg="a second request has another intent"),)
    return ()


CONTRACT: HopContract[Intent, Scope] = HopContract(
    hop="intent",
    output=Intent,
    shape="The reply is JSON that ranks one to five intents, with scores from 0 to 1.",
    then="asked once more, then the next model, then `[fallback]` and a question back or a hand-off",
    checks=(known_intents, best_first),
)
GUARD = CONTRACT.guard()


async def name_intents(
    given: IntentInput, models: Cascade[IntentInput], scope: Scope, trail: Trail, allowance: Allowance
) -> Decision:
    """Ask the models and decide by the scope's thresholds; no valid reply means what the scope says it does."""
    intent = await ask(Asked("intent", given, Intent, models, GUARD, scope), trail, allowance)
    if intent is None:
        return Decision("rephrase" if scope.fallback.intent == "clarify" else "unsure")
    return decide(intent, scope)


def decide(intent: Intent, scope: Scope) -> Decision:
    """What to do with these scores: a pure function of the scores and the scope."""
    thresholds = scope.thresholds
    if intent.language and intent.language not in (scope.site.locale, *scope.site.also_reads):
        return Decision("foreign_language", language=intent.language)
    if thresholds.out_of_scope is not None and intent.out_of_scope >= thresholds.out_of_scope:
        return Decision("out_of_scope")
    first = intent.ranked[0]
    if intent.second and intent.second.score >= thresholds.second:
        return Decision("serve", _drop_courtesy((first.intent, intent.second.intent), scope))
    if _is_close(intent, thresholds):
        return Decision("choose", tuple(score.intent for score in intent.ranked[:3]))
    return Decision("serve", (first.intent,))


def _is_close(intent: Intent, thresholds: Thresholds) -> bool:
    """Whether the customer has to be asked: the best intent is weak, or the next one is nearly as good."""
    if len(intent.ranked) < 2:
        return False
    first, second = intent.ranked[:2]
    return first.score < thresholds.confidence or first.score - second.score < thresholds.margin


def _drop_courtesy(intents: tuple[str, ...], scope: Scope) -> tuple[str, ...]:
    """A greeting beside a request is no request of its own."""
    rest = tuple(name for name in intents if not scope.by_id[name].is_courtesy)
    return rest or intents[:1]
