"""Moderation: whether this request may be dealt with at all."""

from chains.attempt import Asked, CodeModel, ask
from chains.messages import ModerationInput
from chains.ports import HopModel, ModelCard
from chains.trail import Trail
from moderation import Guard, ModerationPolicy, Verdict, combine, judge_by_rules

GUARD: Guard[Verdict, None] = Guard("moderation", Verdict)
UNDECIDED = Verdict(action="review", layer="rules", reasons=("This text could not be judged; a person must read it.",))


async def moderate(
    given: ModerationInput, layers: tuple[HopModel[ModerationInput], ...], trail: Trail, timeout_s: float
) -> Verdict:
    """The strictest verdict of all layers; a layer that gives none counts as `review`, and a block ends the asking."""
    verdicts: list[Verdict] = []
    for layer in layers:
        asked = Asked("moderation", given, Verdict, layer, GUARD, None)
        verdicts.append(await ask(asked, trail, timeout_s) or UNDECIDED)
        if not verdicts[-1].passes:
            break
    return combine(verdicts)


def rules_model(policy: ModerationPolicy) -> CodeModel[ModerationInput]:
    """The rules as a moderation layer: code alone, at no cost, always there."""
    return CodeModel(ModelCard("hopdesk", "rules/1", "rules"), lambda given: judge_by_rules(given.text, policy))
