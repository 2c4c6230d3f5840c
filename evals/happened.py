"""Turns as their hop records tell them: what was asked, what was done, and so what a case of it would expect."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from pydantic import ValidationError

from chains.claims import Claim, NoneFound, NotListed, Quote
from chains.errors import ReplayError
from chains.facts import Evidence
from chains.messages import Grounded, GroundingInput, HopName, IntentInput, LookupInput, Plan
from chains.outcomes import OutcomeKind
from chains.record import HopRecord, Status
from evals.cases import AbsentFact, Case, Expectation, ExpectedCall, ExpectedFact, ModerationLabel, first_problem
from evals.observed import moderation_label, output_of, part_of
from moderation import Verdict, combine
from moderation.pii import PLACEHOLDER

_LONGEST_TURN_NS = 120 * 1_000_000_000  # twice the longest deadline; records come in the order in which they started
_SERVED = 2  # intents by one turn at most; a lookup for more was a guess
_WORDS = re.compile(r"[^\w]+")


@dataclass
class Happened:
    """One turn's records, in the order in which they were made; `outcome` where it is known from elsewhere."""

    turn_id: str
    site: str
    records: list[HopRecord] = field(default_factory=list)
    outcome: OutcomeKind | None = None

    @property
    def text(self) -> str | None:
        """The redacted request; None where no record holds it."""
        texts = (record.input.get("text") for record in self.records)
        return next((text for text in texts if isinstance(text, str) and text.strip()), None)

    @property
    def intents(self) -> tuple[str, ...] | None:
        """The intents that were served; None where that is not recorded."""
        given = [part_of(record, LookupInput) for record in self.records if record.hop == "lookup"]
        return next((one.intents for one in reversed(given) if one and len(one.intents) <= _SERVED), None)

    def last(self, hop: HopName) -> HopRecord | None:
        """The last valid record of a hop that the turn went on with."""
        found = (r for r in reversed(self.records) if r.hop == hop and r.valid and r.decides)
        return next(found, None)

    @property
    def moderation(self) -> ModerationLabel | None:
        """What moderation came to; None where it is not recorded."""
        verdicts = [v for r in self.records if r.hop == "moderation" and (v := output_of(r, Verdict))]
        return moderation_label(combine(verdicts)) if verdicts else None

    @property
    def ending(self) -> OutcomeKind | None:
        """How the turn ended, as far as that is known: what left was an answer, and a plan with needs asks back."""
        if self.outcome is not None:
            return self.outcome
        if self.moderation in {"block", "review"}:
            return "decline" if self.moderation == "block" else "handoff"
        if self.last("outbound"):
            return "answer"
        plan = output_of(lookup, Plan) if (lookup := self.last("lookup")) else None
        return "clarify" if plan and plan.needs else None

    def has(self, status: Status) -> bool:
        """Whether an attempt of a hop ended so."""
        return any(record.status == status for record in self.records)


def read_turns(lines: Iterable[str], where: str) -> Iterator[Happened]:
    """Turns from `hop/1` lines in the order in which attempts started, as `hopdesk hops export` writes them.

    Only what customers asked: turns of evals and replays are left out. No more turns are in memory than can have been
    under way at one time. Raises `ReplayError` naming the first line that is no record.
    """
    open_turns: dict[str, Happened] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            record = HopRecord.model_validate_json(line)
        except ValidationError as error:
            raise ReplayError(f"{where} line {number} is no hop/1: {first_problem(error)}.") from None
        if record.origin != "live":
            continue
        yield from _ended(open_turns, record.started_ns)
        turn = open_turns.setdefault(record.turn_id, Happened(record.turn_id, record.site))
        turn.records.append(record)
    yield from open_turns.values()


def _ended(open_turns: dict[str, Happened], now_ns: int) -> Iterator[Happened]:
    """The turns that began so long ago that they are over, taken out; the oldest come first."""
    while open_turns:
        turn_id, turn = next(iter(open_turns.items()))
        if turn.records[0].started_ns + _LONGEST_TURN_NS > now_ns:
            return
        del open_turns[turn_id]
        yield turn


def as_expected(turn: Happened) -> Expectation:
    """What happened, as if it was right: a proposal for whoever labels the case."""
    lookup, grounding = turn.last("lookup"), turn.last("grounding")
    ending = turn.ending
    return Expectation(
        intents=() if ending == "decline" else turn.intents,
        tools=_calls(lookup) if lookup else (),
        facts=_facts(grounding) if grounding else (),
        outcome=ending,
        moderation=turn.moderation,
    )


def as_case(turn: Happened, tags: tuple[str, ...] = ()) -> Case | None:
    """A turn as a proposed case of the train split; None where its request is not recorded.

    Whom the shop vouched for is in no record: the tags `verified` and `personal_data` mark turns that depended on it.
    """
    text = turn.text
    if text is None:
        return None
    record = turn.last("intent")
    given = part_of(record, IntentInput) if record else None
    lookup = next((one for r in turn.records if r.hop == "lookup" and (one := part_of(r, LookupInput))), None)
    page = lookup.products[0] if given and given.on_product and lookup and lookup.products else None
    marks = [*(["verified"] if any(r.identity == "verified" for r in turn.records) else [])]
    marks += ["personal_data"] if PLACEHOLDER.search(text) else []
    return Case(
        id=f"h-{turn.turn_id}",
        text=text,
        page=page,
        tags=tuple(dict.fromkeys(("harvested", turn.site, *marks, *tags))),
        split="train",
        expect=(as_expected(turn),),
        proposed=True,
        source=turn.turn_id,
    )


def normalised(text: str) -> str:
    """A text as far as two requests can differ without asking two things: its words, in small letters."""
    return _WORDS.sub(" ", text.casefold()).strip()


def _calls(lookup: HopRecord) -> tuple[ExpectedCall, ...]:
    """The calls that found something; arguments that stand for personal data are left out."""
    return tuple(
        ExpectedCall(
            name=call.name,
            arguments={name: value for name, value in call.arguments.items() if not PLACEHOLDER.search(str(value))},
        )
        for call in lookup.tool_calls
        if call.error is None
    )


def _facts(grounding: HopRecord) -> tuple[ExpectedFact, ...]:
    """The facts that the sentences rest on, the paragraphs that were quoted, and the products shown."""
    given, said = part_of(grounding, GroundingInput), output_of(grounding, Grounded)
    if given is None or said is None:
        return ()
    used = dict.fromkeys(fact for part in said.parts for sentence in part.sentences for fact in sentence.facts)
    facts = [fact for name in used if (fact := given.evidence.fact(name))]
    stated = [ExpectedFact(record=_record(fact.record, given.evidence), field=fact.field) for fact in facts]
    claims = [one for part in given.draft.parts for claim in part.claims if (one := _of_claim(claim))]
    shown = tuple(card.sku for card in said.products)
    return (*stated, *claims, *([ExpectedFact(all_products=shown)] if shown else []))


def _record(name: str, evidence: Evidence) -> str:
    """A record's name in a case; an order is the order, whichever it was."""
    record = evidence.record(name)
    return "order" if record and record.kind == "order" else name


def _of_claim(claim: Claim) -> ExpectedFact | None:
    match claim:
        case Quote(passage=passage):
            return ExpectedFact(passage=(passage,))
        case NotListed(record=record, field=name):
            return ExpectedFact(absent=AbsentFact(record=record, field=name))
        case NoneFound():
            return ExpectedFact(none_found=True)
        case _:
            return None
