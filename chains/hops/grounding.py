"""Grounding: what the chosen claims amount to, in sentences whose truth code computed."""

from dataclasses import dataclass

from chains.allowance import Allowance
from chains.attempt import Asked, CodeModel, ask
from chains.claims import Draft
from chains.facts import Evidence
from chains.grounding import Statement, ground
from chains.messages import Grounded, GroundingInput
from chains.outcomes import AnswerPart
from chains.ports import Cascade, ModelCard
from chains.rendering import say, say_card
from chains.trail import Trail
from moderation import Failure, HopContract


@dataclass(frozen=True)
class GroundingContext:
    """What the rendered sentences are held against."""

    draft: Draft
    evidence: Evidence


def ground_and_say(given: GroundingInput) -> Grounded:
    """Compute and write every claim of a draft that passed `check_draft`."""
    parts = []
    for place, part in enumerate(given.draft.parts):
        statements = [done for claim in part.claims if isinstance(done := ground(claim, given.evidence), Statement)]
        parts.append(AnswerPart(intent=part.intent, sentences=say(statements, f"{given.seed}:{place}")))
    shown = (given.evidence.record(record) for record in dict.fromkeys(given.draft.products))
    return Grounded(parts=tuple(parts), products=tuple(say_card(record, given.evidence) for record in shown if record))


def every_claim_said(value: Grounded, context: GroundingContext) -> tuple[Failure, ...]:
    """Each claim of the draft became one sentence, in its place."""
    said = [[sentence.claim for sentence in part.sentences] for part in value.parts]
    meant = [[claim.kind for claim in part.claims] for part in context.draft.parts]
    return () if said == meant else (Failure(path="parts", code="claims_lost", msg="say every claim once, in order"),)


def known_facts(value: Grounded, context: GroundingContext) -> tuple[Failure, ...]:
    """Each sentence rests on facts, and each card on a record, that this turn found."""
    facts = {fact.id for fact in context.evidence.facts}
    foreign = any(not facts.issuperset(sentence.facts) for part in value.parts for sentence in part.sentences)
    stray = any(context.evidence.record(card.sku) is None for card in value.products)
    return (Failure(path="parts", code="unknown_fact", msg="use the facts of this turn"),) if foreign or stray else ()


CONTRACT: HopContract[Grounded, GroundingContext] = HopContract(
    hop="grounding",
    output=Grounded,
    shape="Every part of the answer has sentences, each with its claim and its facts.",
    then="hand-off",
    checks=(every_claim_said, known_facts),
)
GUARD = CONTRACT.guard()
MODEL: CodeModel[GroundingInput] = CodeModel(ModelCard("hopdesk", "grounding/1", "ground"), ground_and_say)


async def ground_draft(given: GroundingInput, trail: Trail, allowance: Allowance) -> Grounded | None:
    """The sentences and cards of a draft, or None where they do not hold."""
    context = GroundingContext(given.draft, given.evidence)
    return await ask(Asked("grounding", given, Grounded, Cascade.of(MODEL), GUARD, context), trail, allowance)
