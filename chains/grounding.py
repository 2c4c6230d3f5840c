"""Computes what claims amount to: whether they may be made, whether they are true, and by how much.

Pure functions over the evidence. A claim that may not be made is a `Failure`, which rejects the draft;
a claim that may be made becomes a `Statement`, true as computed, for `chains.rendering` to write.
"""

import re
from dataclasses import dataclass
from decimal import Decimal

from chains.claims import (
    Claim,
    Compare,
    Count,
    Draft,
    Extreme,
    Meets,
    NotFound,
    NotListed,
    Op,
    Quote,
    Stock,
    Value,
)
from chains.facts import Absence, Evidence, Fact, Passage, Query, Record
from chains.outcomes import Polarity
from chains.values import Flag, Quantity, Terms, Text, magnitude
from moderation import Failure

_PART = re.compile(r"\w+")


@dataclass(frozen=True)
class Statement:
    """A claim whose truth is computed, with all that is needed to say it.

    `facts` are those it rests on: for a comparison left then right, for an extreme all that tie for it.
    `sign` is -1, 0 or 1 where left is less than, equal to or greater than right, None where they have no order.
    `word` is the wanted word in the catalog's own spelling. For an extreme, `among` tells whether some of
    the result do not state the field, `beyond` whether records that are not shown may tie with those that are.
    """

    claim: Claim
    record: Record | None = None
    facts: tuple[Fact, ...] = ()
    records: tuple[Record, ...] = ()
    polarity: Polarity = "plain"
    sign: int | None = None
    absence: Absence | None = None
    passage: Passage | None = None
    query: Query | None = None
    word: str = ""
    among: bool = False
    beyond: bool = False


class _Invalid(Exception):
    """A claim that may not be made; the message is for the model that made it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def check_draft(draft: Draft, evidence: Evidence, intents: tuple[str, ...]) -> tuple[Failure, ...]:
    """Why a draft may not be said, claim by claim; empty where it may."""
    failures = []
    for place, part in enumerate(draft.parts):
        if part.intent not in intents or any(part.intent == other.intent for other in draft.parts[:place]):
            failures.append(Failure(path=f"parts.{place}.intent", code="foreign_intent", msg="not one of this turn's"))
        for number, claim in enumerate(part.claims):
            if isinstance(grounded := ground(claim, evidence), Failure):
                failures.append(grounded.model_copy(update={"path": f"parts.{place}.claims.{number}"}))
    for place, record_id in enumerate(draft.products):
        record = evidence.record(record_id)
        if record is None or record.kind not in {"product", "variant"}:
            failures.append(Failure(path=f"products.{place}", code="unknown_product", msg="not found in this turn"))
    return tuple(failures)


def ground(claim: Claim, evidence: Evidence) -> Statement | Failure:
    """Compute one claim over the evidence, or say why it may not be made."""
    try:
        return _ground(claim, evidence)
    except _Invalid as reason:
        return Failure(path="", code=reason.code, msg=str(reason))


def _ground(claim: Claim, evidence: Evidence) -> Statement:
    match claim:
        case Value():
            fact = _fact(claim.fact, evidence)
            return Statement(claim, _record(fact.record, evidence), (fact,))
        case Meets():
            return _meets(claim, evidence)
        case Compare():
            return _compare(claim, evidence)
        case Extreme():
            return _extreme(claim, evidence)
        case Stock():
            return _stock(claim, evidence)
        case NotListed():
            return _not_listed(claim, evidence)
        case NotFound():
            return _not_found(claim, evidence)
        case Quote():
            passage = evidence.passage(claim.passage)
            if passage is None:
                raise _Invalid("unknown_passage", "this passage was not found in this turn")
            return Statement(claim, passage=passage)
        case Count():
            query = _query(claim.query, evidence)
            if not query.exact:
                raise _Invalid("not_exact", "a ranked search has no count")
            return Statement(claim, query=query)
        case _:  # none found
            query = _query(claim.query, evidence)
            if query.total:
                raise _Invalid("not_empty", "this search found something")
            return Statement(claim, query=query, polarity="no")


def _fact(fact_id: str, evidence: Evidence) -> Fact:
    fact = evidence.fact(fact_id)
    if fact is None:
        raise _Invalid("unknown_fact", "this fact was not found in this turn")
    return fact


def _record(record_id: str, evidence: Evidence) -> Record:
    record = evidence.record(record_id)
    if record is None:
        raise _Invalid("unknown_record", "this record was not found in this turn")
    return record


def _query(query_id: str, evidence: Evidence) -> Query:
    query = evidence.query(query_id)
    if query is None:
        raise _Invalid("unknown_query", "this search was not made in this turn")
    return query


def _stock(claim: Stock, evidence: Evidence) -> Statement:
    fact = _fact(claim.fact, evidence)
    if fact.field != "stock" or fact.as_of is None or not isinstance(fact.value, Quantity):
        raise _Invalid("not_stock", "this fact does not state a stock level as of now")
    return Statement(claim, _record(fact.record, evidence), (fact,))


def _not_listed(claim: NotListed, evidence: Evidence) -> Statement:
    if evidence.value_of(claim.record, claim.field):
        raise _Invalid("not_absent", "another lookup of this turn found this field")
    for absence in evidence.absences:
        if (absence.record, absence.field) == (claim.record, claim.field):
            record = _record(claim.record, evidence)
            return Statement(claim, record, absence=absence, polarity="unknown")
    raise _Invalid("not_absent", "the lookup did not find that this field is absent")


def _not_found(claim: NotFound, evidence: Evidence) -> Statement:
    record = _record(claim.record, evidence)
    if record.kind not in {"product", "variant"}:
        raise _Invalid("not_a_product", "only a product's details can lack an answer")
    return Statement(claim, record, polarity="unknown")


def _meets(claim: Meets, evidence: Evidence) -> Statement:
    fact = _fact(claim.fact, evidence)
    record = _record(fact.record, evidence)
    match fact.value, claim.wanted:
        case Flag(value=stated), Flag(value=wanted) if claim.op == "eq":
            # "is it without X?" has no answer that starts with yes and cannot be misread
            return Statement(claim, record, (fact,), polarity=_yes(holds=stated) if wanted else "plain")
        case ((Text() | Terms()), Text(value=wanted)) if claim.op in {"eq", "has"}:
            word = _known_word(fact.field, wanted, evidence)
            words = (fact.value.value,) if isinstance(fact.value, Text) else fact.value.values
            absent: Polarity = "no" if isinstance(fact.value, Text) else "unknown"
            return Statement(claim, record, (fact,), polarity=_among(word, words, absent), word=word)
        case stated, wanted if claim.op != "has":
            left, right = magnitude(stated), magnitude(wanted)
            if left is None or right is None or left[0] != right[0]:
                raise _Invalid("not_comparable", "the wanted value is of another kind, unit or currency than the fact")
            return Statement(claim, record, (fact,), polarity=_yes(holds=_holds(left[1], claim.op, right[1])))
        case _:
            raise _Invalid("not_comparable", "this test does not fit the fact's kind of value")


def _known_word(field: str, wanted: str, evidence: Evidence) -> str:
    """The wanted word as the catalog spells it."""
    for word in evidence.vocabulary.get(field, ()):
        if word.casefold() == wanted.casefold():
            return word
    raise _Invalid("unknown_word", "the wanted word is not one that this field takes in the catalog")


def _among(word: str, stated: tuple[str, ...], absent: Polarity) -> Polarity:
    """Whether a word is among those stated, else what its absence means.

    Neither yes nor no where one word is a part of the other: whether midnight blue is blue, the customer decides.
    """
    if word.casefold() in {one.casefold() for one in stated}:
        return "yes"
    wanted = _parts(word)
    return "plain" if any(wanted <= _parts(one) or _parts(one) <= wanted for one in stated) else absent


def _parts(word: str) -> frozenset[str]:
    return frozenset(_PART.findall(word.casefold()))


def _yes(*, holds: bool) -> Polarity:
    return "yes" if holds else "no"


def _holds(left: Decimal, op: Op, right: Decimal) -> bool:
    match op:
        case "lt":
            return left < right
        case "le":
            return left <= right
        case "gt":
            return left > right
        case "ge":
            return left >= right
        case _:
            return left == right


def _compare(claim: Compare, evidence: Evidence) -> Statement:
    left, right = _fact(claim.left, evidence), _fact(claim.right, evidence)
    if left.field != right.field or left.record == right.record:
        raise _Invalid("not_comparable", "a comparison needs the same field of two records")
    records = (_record(left.record, evidence), _record(right.record, evidence))
    a, b = magnitude(left.value), magnitude(right.value)
    if (a and a[0]) != (b and b[0]):
        raise _Invalid("not_comparable", "the two values are of different kinds, units or currencies")
    sign = None if a is None or b is None else (a[1] > b[1]) - (a[1] < b[1])
    return Statement(claim, records[0], (left, right), records, sign=sign)


def _extreme(claim: Extreme, evidence: Evidence) -> Statement:
    query = _query(claim.query, evidence)
    whole = query.total == len(query.records)
    leads = query.sort_by == claim.field and claim.end == ("least" if query.order == "asc" else "most")
    if not query.exact or not (whole or leads):
        raise _Invalid("truncated", "an extreme needs the whole of an exact result, or one sorted by this field")
    lacking = _lacking(claim.field, query, evidence)
    facts = [fact for record in query.records if (fact := evidence.value_of(record, claim.field))]
    sized = [(*size, fact) for fact in facts if (size := magnitude(fact.value))]
    if len({name for name, _, _ in sized}) != 1 or len(sized) != len(facts):
        raise _Invalid("no_order", "the values of this field have no common order")
    best = (min if claim.end == "least" else max)(size for _, size, _ in sized)
    if not whole and (sized[0][1] != best or facts[0].record != query.records[0]):
        raise _Invalid("not_sorted", "the result is not in the order that it was asked for")
    tied = tuple(fact for _, size, fact in sized if size == best)
    records = tuple(_record(fact.record, evidence) for fact in tied)
    among = lacking > 0 if whole else query.unlisted > 0
    beyond = not whole and len(tied) == len(sized)
    return Statement(claim, records[0], tied, records, query=query, among=among, beyond=beyond)


def _lacking(field: str, query: Query, evidence: Evidence) -> int:
    """How many of the records shown do not state a field; refuses what nobody looked up."""
    lacking = [record for record in query.records if evidence.value_of(record, field) is None]
    absent = {absence.record for absence in evidence.absences if absence.field == field}
    if not absent.issuperset(lacking) and (query.sort_by != field or len(lacking) > query.unlisted):
        raise _Invalid("not_looked_up", "this field was not looked up for all of the result")
    return len(lacking)
