"""Response: which facts answer the request. The model chooses claims; it writes no prose."""

from dataclasses import dataclass

from chains.allowance import Allowance
from chains.attempt import Asked, ask
from chains.claims import Claim, Count, Draft, DraftPart, NoneFound, Quote, Stock, Value
from chains.facts import Evidence
from chains.grounding import check_draft
from chains.messages import ResponseInput
from chains.ports import Cascade
from chains.trail import Trail
from moderation import Failure, HopContract

_CARD_CLAIMS = 4


@dataclass(frozen=True)
class DraftContext:
    """What a draft is held against: what was found, and the intents that may be answered."""

    evidence: Evidence
    intents: tuple[str, ...]


def true_claims(value: Draft, context: DraftContext) -> tuple[Failure, ...]:
    """Every claim is one that the evidence permits."""
    return check_draft(value, context.evidence, context.intents)


CONTRACT: HopContract[Draft, DraftContext] = HopContract(
    hop="response",
    output=Draft,
    shape="The reply is JSON that lists claims and no prose.",
    then="asked once more, then the next model, then `[fallback]`: the plain facts or a hand-off",
    checks=(true_claims,),
)
GUARD = CONTRACT.guard()


async def compose(
    given: ResponseInput,
    models: Cascade[ResponseInput],
    trail: Trail,
    allowance: Allowance,
    *,
    plainly: bool = True,
) -> Draft | None:
    """A model's draft if it holds, else the plain facts where `plainly` says so; None where there is nothing to say."""
    context = DraftContext(given.evidence, given.intents)
    draft = await ask(Asked("response", given, Draft, models, GUARD, context), trail, allowance)
    return draft or (plain_draft(given) if plainly else None)


def plain_draft(given: ResponseInput) -> Draft | None:
    """The facts as they were found, without choosing: what is said when no draft holds."""
    evidence = given.evidence
    claims: list[Claim] = [
        NoneFound(query=query.id) if not query.total else Count(query=query.id)
        for query in evidence.queries
        if query.exact or not query.total
    ]
    if evidence.records:
        first = evidence.records[0].id
        facts = [fact for fact in evidence.facts if fact.record == first][:_CARD_CLAIMS]
        claims.extend(Stock(fact=f.id) if f.field == "stock" and f.as_of else Value(fact=f.id) for f in facts)
    claims.extend(Quote(passage=passage.id) for passage in evidence.passages[:1])
    products = tuple(record.id for record in evidence.records if record.kind == "product")
    if not claims:
        return None
    return Draft(parts=(DraftPart(intent=given.intents[0], claims=tuple(claims[:8])),), products=products[:4])
