"""Moderation: whether this request may be dealt with at all."""

from typing import Literal

from chains.allowance import Allowance
from chains.attempt import Asked, CodeModel, ask
from chains.messages import ModerationInput
from chains.ports import Cascade, HopModel, ModelCard
from chains.trail import Trail
from moderation import HopContract, ModerationPolicy, Verdict, combine, judge_by_rules

CONTRACT: HopContract[Verdict, None] = HopContract(
    hop="moderation",
    output=Verdict,
    shape="The reply is JSON with one of four actions, and categories with scores from 0 to 1.",
    then="asked once more, then `review`: a person reads it; `[fallback]` may leave it to the rules",
)
GUARD = CONTRACT.guard()
UNDECIDED = Verdict(action="review", layer="rules", reasons=("This text could not be judged; a person must read it.",))
RULES_ALONE = Verdict(action="allow", layer="rules", reasons=("A layer failed; the rules alone decided.",))


async def moderate(
    given: ModerationInput,
    layers: tuple[HopModel[ModerationInput], ...],
    trail: Trail,
    allowance: Allowance,
    fallback: Literal["handoff", "rules"] = "handoff",
) -> Verdict:
    """The strictest verdict of all layers; one that gives none counts as `fallback` says.

    What runs here is asked in any case: it costs nothing, and perhaps one layer alone knows that a threat is somebody's
    cry for help. Of the others, the first one that stops the text is the last one asked.
    Raises ModerationError for no layers at all: silence is not consent.
    """
    verdicts: list[Verdict] = []
    for layer in layers:
        if not layer.card.is_local and not all(verdict.passes for verdict in verdicts):
            break
        asked = Asked("moderation", given, Verdict, Cascade.of(layer), GUARD, None)
        verdicts.append(await ask(asked, trail, allowance) or _silence(layer, fallback))
    return combine(verdicts)


def _silence(layer: HopModel[ModerationInput], fallback: Literal["handoff", "rules"]) -> Verdict:
    """What a layer comes to that gave no verdict; where it is the rules, nothing is left to rely on."""
    return RULES_ALONE if fallback == "rules" and layer.card.op != "rules" else UNDECIDED


def rules_model(policy: ModerationPolicy) -> CodeModel[ModerationInput]:
    """The rules as a moderation layer: code alone, at no cost, always there."""
    return CodeModel(ModelCard("hopdesk", "rules/1", "rules"), lambda given: judge_by_rules(given.text, policy))
