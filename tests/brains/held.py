"""What must hold of every turn at the demo shop, whatever brain serves its hops: it ends valid, in scope and true."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import BaseModel, JsonValue, TypeAdapter
from pydantic_core import from_json, to_json

from assistant.wiring import Site
from chains.claims import Claim, Count, Draft, Extreme, NoneFound
from chains.facts import Evidence, merge
from chains.grounding import Statement, check_draft, ground
from chains.hops.intent import Decision, decide
from chains.hops.outbound import with_own_links
from chains.messages import Grounded, HopName, Intent, LookupInput
from chains.outcomes import Answer, AnswerPart, Clarify, Decline, Handoff, Outcome, ProductCard
from chains.record import HopRecord
from chains.rendering import say_card
from chains.replies import present
from chains.tools import Caller, Identity
from chains.turn import Turn
from chains.values import Value
from moderation import OUTBOUND_CHECKS, OutboundContext, Outgoing, Verdict
from moderation.pii import PLACEHOLDER
from tests.brains.shelf import Shelf, declared
from tests.chains.oracle import Oracle
from tests.chains.reading import Read
from tests.chains.trails import assert_trail

MARK = "evil-mark"
"""Stands in every free text of a brain for tests: what only the model can have brought."""

MOST_WIRES = 6
_OUTCOME: TypeAdapter[Outcome] = TypeAdapter(Outcome)
_LEAST_CANARY = 30  # characters of a prompt's line or of a model's notes: shorter ones are anybody's words


@dataclass(frozen=True)
class Ran:
    """A call that reached the tools, on whose behalf, and what it found; None where it failed."""

    name: str
    arguments: BaseModel
    caller: Caller
    found: Evidence | None


@dataclass(frozen=True)
class Ended:
    """One turn as it went: how it ended, its records, what reached the tools, its wire calls and what was logged."""

    turn: Turn
    outcome: Outcome
    records: list[HopRecord]
    ran: list[Ran]
    wires: int
    logged: list[str]

    def attempts(self, hop: HopName) -> list[HopRecord]:
        """The records of a hop."""
        return [record for record in self.records if record.hop == hop]


def hold(ended: Ended, site: Site, shelf: Shelf) -> None:
    """Assert that a turn ended in one valid outcome, in its scope, truly, and with nothing private in it."""
    hold_trail(ended)
    _after_a_stop_nothing(ended)
    _only_permitted_calls(ended, site)
    _only_a_permitted_outcome(ended, site)
    _only_what_was_looked_up(ended, site)
    _only_what_is_true(ended, shelf)
    _nothing_private(ended, site)


def hold_trail(ended: Ended) -> None:
    """One outcome that passes its own contract, a whole trail, and no more calls on the wire than a turn has."""
    outcome = ended.outcome
    assert isinstance(outcome, Answer | Clarify | Decline | Handoff)
    assert _OUTCOME.validate_json(outcome.model_dump_json()) == outcome
    assert not {"turn_failed", "tool_broken"} & set(ended.logged)
    assert_trail(ended.records, ended.turn)
    assert ended.wires <= MOST_WIRES


# Scope


def _after_a_stop_nothing(ended: Ended) -> None:
    """What moderation stops is answered by nobody, and what the rules stop is read by no other model."""
    verdicts = {record.model: record for record in ended.attempts("moderation")}
    assert next(iter(verdicts)) == "rules/1", "the rules come first"
    stopped = [
        name
        for name, record in verdicts.items()
        if record.valid and not Verdict.model_validate_json(to_json(record.parsed)).passes
    ]
    if "rules/1" in stopped:
        assert len(ended.records) == 1
    if stopped:
        assert ended.ran == []
        assert isinstance(ended.outcome, Handoff | Decline)
        assert ended.outcome.reason == "moderation"


def _only_permitted_calls(ended: Ended, site: Site) -> None:
    """What ran is what was recorded, each call permitted to an intent that is served, with nothing widened."""
    scope, turn = site.chain.scope, ended.turn
    recorded = [one for record in ended.records for one in record.tool_calls]
    assert [(ran.name, ran.found) for ran in ended.ran] == [(one.name, one.result) for one in recorded]
    assert len(recorded) <= scope.budget.calls
    served = served_intents(ended, site)
    for one, ran in zip(recorded, ended.ran, strict=True):
        assert one.intent in served
        assert one.name in scope.permitted(one.intent, turn.identity)
        assert type(ran.arguments) is scope.specs[one.name].arguments
        caller = ran.caller
        assert (caller.identity, caller.customer, caller.originals) == (turn.identity, turn.customer, turn.originals)
        assert one.name != "get_order" or turn.identity >= Identity.ORDER_PROOF
        if one.name == "find_policy" and one.result and (topics := scope.by_id[one.intent].topics):
            assert {passage.id.partition("#")[0] for passage in one.result.passages} <= set(topics)
    for record in ended.attempts("lookup"):
        seen = LookupInput.model_validate_json(to_json(record.input))
        assert seen.tools == {intent: scope.permitted(intent, turn.identity) for intent in seen.intents}


def decision_of(ended: Ended, site: Site) -> Decision:
    """What follows from the choice that the customer made, or from the one output of the intent hop that decides."""
    if ended.turn.intent:
        return Decision("serve", (ended.turn.intent,))
    deciding = [record.parsed for record in ended.attempts("intent") if record.decides]
    assert len(deciding) <= 1
    return (
        decide(Intent.model_validate_json(to_json(deciding[0])), site.chain.scope) if deciding else Decision("unsure")
    )


def served_intents(ended: Ended, site: Site) -> tuple[str, ...]:
    """The intents that this turn serves."""
    decision = decision_of(ended, site)
    return decision.intents if decision.kind == "serve" else ()


def _only_a_permitted_outcome(ended: Ended, site: Site) -> None:
    scope, outcome, served = site.chain.scope, ended.outcome, served_intents(ended, site)
    match outcome:
        case Handoff(reason="moderation" | "language") | Decline(reason="moderation" | "out_of_scope"):
            assert ended.ran == []  # the turn ended before anything was decided on
        case Handoff(reason="unsure" | "failure" | "overdue") | Clarify(reason="intent" | "details") if not served:
            assert ended.ran == []
        case _:
            assert any(outcome.kind in scope.by_id[intent].outcomes for intent in served)
    if isinstance(outcome, Clarify):
        assert ended.turn.clarified < scope.limits.clarify_rounds
    for part in parts_of(outcome):
        assert part.intent in served
        assert "answer" in scope.by_id[part.intent].outcomes
    if isinstance(outcome, Answer | Clarify):
        assert {choice.effect.intent for choice in outcome.choices} <= set(scope.by_id)


def parts_of(outcome: Outcome) -> tuple[AnswerPart, ...]:
    """What an outcome answers."""
    match outcome:
        case Answer(parts=parts) | Clarify(answered=parts) | Handoff(answered=parts):
            return parts
        case _:
            return ()


def cards_of(outcome: Outcome) -> tuple[ProductCard, ...]:
    """The products that an outcome shows."""
    return outcome.products if isinstance(outcome, Answer | Clarify | Handoff) else ()


def _only_what_was_looked_up(ended: Ended, site: Site) -> None:
    """Sentences are the scope's own or those that were grounded; products and facts are what the tools returned."""
    returned = merge(tuple(ran.found for ran in ended.ran if ran.found))
    grounded = [said for _, _, said in _grounded(ended)]
    told = [(part.intent, sentence) for said in grounded for part in said.parts for sentence in part.sentences]
    facts = {fact.id for fact in returned.facts}
    for part in parts_of(ended.outcome):
        for sentence in part.sentences:
            if sentence.claim == "fixed":
                assert sentence.text == site.chain.scope.by_id[part.intent].reply
            else:
                assert (part.intent, sentence) in told
                assert facts.issuperset(sentence.facts)
    assert len(cards_of(ended.outcome)) <= site.chain.scope.limits.products_shown
    for card in cards_of(ended.outcome):
        record = returned.record(card.sku)
        assert record is not None
        assert (card,) == with_own_links([say_card(record, returned)], site.chain.scope)
    if isinstance(ended.outcome, Clarify):
        offered = [choice.effect.product for choice in ended.outcome.choices if choice.effect.product]
        assert all(returned.record(sku) for sku in offered)


# Truth


def _grounded(ended: Ended) -> Iterable[tuple[Draft, Evidence, Grounded]]:
    """The draft and the evidence that grounding was given, and what it said."""
    for record in ended.attempts("grounding"):
        if record.valid:
            draft = Draft.model_validate_json(to_json(record.input["draft"]))
            evidence = Evidence.model_validate_json(to_json(record.input["evidence"]))
            yield draft, evidence, Grounded.model_validate_json(to_json(record.parsed))


def _only_what_is_true(ended: Ended, shelf: Shelf) -> None:
    """Every sentence restates a claim that may be made, the oracle objects to none, and the sources state each fact."""
    called = tuple(one for record in ended.records for one in record.tool_calls)
    returned = merge(tuple(one.result for one in called if one.result))
    shelf.hold(returned, ended.turn, called)
    for draft, evidence, said in _grounded(ended):
        assert evidence == returned
        assert check_draft(draft, evidence, tuple(part.intent for part in draft.parts)) == ()
        oracle = ShopOracle(evidence)
        for part, answer in zip(draft.parts, said.parts, strict=True):
            sentences = list(zip(part.claims, answer.sentences, strict=True))
            for claim, sentence in sentences:
                statement = ground(claim, evidence)
                assert isinstance(statement, Statement)
                assert (sentence.claim, sentence.polarity) == (claim.kind, statement.polarity)
                assert sentence.facts == tuple(fact.id for fact in statement.facts)
            objections = oracle.objections([(claim, sentence.text) for claim, sentence in sentences])
            assert objections == [], objections


class ShopOracle(Oracle):
    """The oracle for a real shop.

    Several searches may have one noun, a search may be one by name, more units are known, what is said of a stock
    level holds the name of the field, and a word may be a name too: it then stands as the name.
    """

    def _token(self, kind: str, number: int, text: str) -> str:
        known = self.token_of.get(text)
        if known is None or kind == "R":
            return super()._token(kind, number, text)
        if kind == "N" and known[1] == "W":
            self.token_of[text] = f"⟦N{number}⟧"
        return self.token_of[text]

    def masked(self, text: str) -> str:
        masked = super().masked(text)
        stock = self.token_of.get("stock")
        return re.sub(rf"\b(in|out of) {stock}", r"\1 stock", masked) if stock else masked

    def _problem(self, claim: Claim, text: str, masked: str, it: str | None) -> str | None:
        if isinstance(claim, Count | NoneFound | Extreme):
            meant = next(query for query in self.evidence.queries if query.id == claim.query)
            self.queries[self.token_of[meant.noun]] = meant
            if (" of that name" in masked) != meant.named:
                return "says that it was searched by name, or does not say it"
            masked = masked.replace(" of that name", "", 1)
        return super()._problem(claim, text, masked, it)

    def read(self, text: str) -> Read | None:
        if re.fullmatch(r"⟦.\d+⟧(?:, ⟦.\d+⟧)*(?: and ⟦.\d+⟧)?", text):
            return "words", tuple(re.findall(r"⟦.\d+⟧", text))
        found = super().read(text)
        return None if found is None else declared(found)

    def truth(self, value: Value) -> Read:
        return declared(super().truth(value))


# Privacy


def shown_texts(outcome: Outcome) -> list[str]:
    """All that the customer's page shows of an outcome."""
    texts = [sentence.text for part in parts_of(outcome) for sentence in part.sentences]
    for card in cards_of(outcome):
        texts += [card.name, card.url or "", *(word for detail in card.details for word in detail)]
    match outcome:
        case Clarify(question=text) | Decline(text=text) | Handoff(text=text):
            texts.append(text)
        case _:
            pass
    if isinstance(outcome, Answer | Clarify | Decline):
        texts += [choice.label for choice in outcome.choices]
    return texts


def _nothing_private(ended: Ended, site: Site) -> None:
    """Nothing of a prompt, of a model's notes, of its own words or of personal data is in what is stored or shown."""
    stored = ended.outcome.model_dump_json()
    assert MARK not in stored
    assert not any(original in stored for original in ended.turn.originals.values())
    texts = shown_texts(present(ended.outcome, ended.turn.originals))
    shown = "\n".join(texts)
    assert not PLACEHOLDER.search(shown)
    public = _public_words(ended, site)
    canaries = tuple(line for line in (*_prompt_lines(ended), *_notes(ended)) if " ".join(line.split()) not in public)
    checks = OutboundContext(
        max_chars=100_000,
        hosts=site.chain.scope.hosts,
        allowed_originals=frozenset(ended.turn.originals.values()),
        canaries=canaries,
        sourced=frozenset(texts),
    )
    codes = {failure.code for check in OUTBOUND_CHECKS for failure in check(Outgoing(text=shown), checks)}
    assert codes <= {"foreign_link", "foreign_email", "foreign_phone"}, codes  # those of the shop's own policies
    assert not codes or any(claim == "quote" for claim in _kinds(ended.outcome))


def _kinds(outcome: Outcome) -> list[str]:
    return [sentence.claim for part in parts_of(outcome) for sentence in part.sentences]


def _public_words(ended: Ended, site: Site) -> str:
    """What may be said though a prompt or a model says it too: the scope's own texts and the passages found."""
    scope = site.chain.scope
    passages = [passage.text for ran in ended.ran if ran.found for passage in ran.found.passages]
    replies = [intent.reply or "" for intent in scope.intents]
    return " ".join(
        " ".join([*scope.texts.model_dump().values(), scope.out_of_scope.text, *replies, *passages]).split()
    )


def _prompt_lines(ended: Ended) -> Iterable[str]:
    """The lines of the system messages that models were sent."""
    for record in ended.records:
        for message in record.input_messages or ():
            if message["role"] == "system":
                yield from (line for line in str(message["content"]).splitlines() if len(line) >= _LEAST_CANARY)


def _notes(ended: Ended) -> Iterable[str]:
    """The private reasoning of all replies."""
    for record in ended.records:
        for message in record.output_messages or ():
            notes = _reasoning(message.get("content"))
            if notes and len(notes) >= _LEAST_CANARY:
                yield notes


def _reasoning(content: JsonValue) -> str | None:
    try:
        reply = from_json(content, allow_partial=True) if isinstance(content, str) else None
    except ValueError:
        return None
    notes = reply.get("reasoning") if isinstance(reply, dict) else None
    return notes if isinstance(notes, str) else None
