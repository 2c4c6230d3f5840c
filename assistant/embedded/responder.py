"""The embedded responder: chooses, by what the request asks, which of the found facts to state, in which order."""

from assistant.embedded.confidence import BY_MEANING, FOREIGN_NAME, WHOLE_PAGE, answered, quoted, understood
from assistant.embedded.reader import Reader
from assistant.embedded.reading import Condition, Reading
from assistant.embedded.segments import segments
from chains.allowance import Allowance
from chains.claims import (
    Claim,
    Compare,
    Count,
    Draft,
    DraftPart,
    Extreme,
    Meets,
    NoneFound,
    NotFound,
    NotListed,
    Op,
    Quote,
    Stock,
    Value,
)
from chains.facts import Evidence, Fact, FilterOp, Query, Record
from chains.grounding import Statement, ground
from chains.messages import ResponseInput
from chains.ports import ModelCard, Repair, Reply
from chains.values import Flag, Quantity, Terms, Text

_CLAIMS = 6
_QUOTES = 2
_SUMMARY_FACTS = 2
_CHOSEN_FACTS = 4
_COMPARED_FIELDS = 4
_QUESTION_OPS: dict[FilterOp, Op] = {"eq": "eq", "lt": "lt", "le": "le", "gt": "gt", "ge": "ge", "has": "has"}
_YES_NO = ("is", "are", "does", "do", "has", "have", "can", "will", "did", "was", "would", "could", "isn't", "doesn't")


class EmbeddedResponder:
    """Serves the response hop by rules over the reading and the evidence."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.card = ModelCard("hopdesk", "embedded-responder/1", "compose")

    async def propose(
        self,
        given: ResponseInput,
        repair: Repair | None = None,  # noqa: ARG002 - deterministic
        allowance: Allowance | None = None,  # noqa: ARG002 - it costs nothing
    ) -> Reply:
        """Draft the claims for a request."""
        return Reply(raw=self.compose(given).model_dump_json())

    def compose(self, given: ResponseInput) -> Draft:
        """A draft with one part for each intent that something was found for."""
        reading = self._reader.read(given.text, given.products)
        parts: list[DraftPart] = []
        confidence = 1.0 if given.intents else 0.0
        for intent in given.intents:
            evidence = given.evidence.only(given.found.get(intent, ()))
            asks = given.asks.get(intent, ())
            claims = _claims(reading, evidence, asks)
            confidence = min(confidence, _confidence(reading, claims, evidence, asks))
            said = {claim for part in parts for claim in part.claims}
            fresh = tuple(claim for claim in claims if claim not in said) or claims[:1]
            if fresh:
                parts.append(DraftPart(intent=intent, claims=fresh[:_CLAIMS]))
        return Draft(parts=tuple(parts), products=_shown(given.evidence), confidence=confidence)


def _confidence(reading: Reading, claims: tuple[Claim, ...], evidence: Evidence, asks: tuple[str, ...]) -> float:
    """How sure it is (0..1) that claims answer what was asked: as sure as the least sure thing that they rest on.

    An intent that nothing is said of was not answered. What an order says is all said, so nothing can be missed.
    """
    sure = 1.0 if claims else 0.0
    if any(isinstance(claim, NotFound) for claim in claims):
        sure = WHOLE_PAGE
    for query in evidence.queries:
        searched = FOREIGN_NAME if query.named else understood(reading) * (1.0 if query.exact else BY_MEANING)
        sure = min(sure, searched)
    if paragraphs := tuple(passage.text for passage in evidence.passages[:_QUOTES]):
        sure = min(sure, quoted(reading.text, paragraphs))
    if any(record.kind in {"product", "variant"} for record in evidence.records):
        named = asks or reading.fields or reading.conditions or reading.compare or reading.asks_stock
        by_meaning = not named and bool(reading.leftover) and not evidence.queries
        sure = min(sure, answered(reading) * (BY_MEANING if by_meaning else 1.0))
    return sure


def _claims(reading: Reading, evidence: Evidence, asks: tuple[str, ...]) -> tuple[Claim, ...]:
    """What to say of one intent's evidence; each kind of evidence has its own way."""
    claims: list[Claim] = []
    for query in evidence.queries:
        claims += _of_search(reading, query, evidence)
    found = {fact.record for fact in evidence.facts} | {absence.record for absence in evidence.absences}
    searched = {record for query in evidence.queries for record in query.records}
    records = [record for record in evidence.records if record.id in found - searched]
    products = [record for record in records if record.kind == "product" or record.parent not in found]
    compared = any(fact.source == "compare_products" for fact in evidence.facts)
    if not any(record.kind in {"product", "variant"} for record in products):
        claims += [Value(fact=fact.id) for fact in evidence.facts if fact.record not in searched]
    elif compared and len(products) > 1:
        claims += _of_comparison(reading, products, evidence)
    else:
        for record in products:
            claims += _of_product(reading, record, evidence, asks)
    claims += [Quote(passage=passage.id) for passage in evidence.passages[:_QUOTES]]
    return tuple(dict.fromkeys(claims))


def _of_search(reading: Reading, query: Query, evidence: Evidence) -> list[Claim]:
    if not query.total:
        return [NoneFound(query=query.id)]
    claims: list[Claim] = []
    if reading.superlative:
        field, end = reading.superlative
        claims += _if_holds(Extreme(query=query.id, field=field, end=end), evidence)
    if query.exact and not claims:
        claims.append(Count(query=query.id))
    if not claims:
        price = evidence.value_of(query.records[0], "price")
        claims += [Value(fact=price.id)] if price else []
    return claims


def _of_comparison(reading: Reading, records: list[Record], evidence: Evidence) -> list[Claim]:
    """The asked fields of the products against each other, or what they can be compared by."""
    first, second = records[0].id, records[1].id
    fields = [fact.field for fact in evidence.facts if fact.record == first]
    looked_up = {*fields, *(absence.field for absence in evidence.absences)}
    asked = [
        field for field in (*((reading.compare[0],) if reading.compare else ()), *reading.fields) if field in looked_up
    ]
    claims: list[Claim] = []
    for field in dict.fromkeys(asked or fields):
        left, right = evidence.value_of(first, field), evidence.value_of(second, field)
        if left and right and field != "stock":
            claims += _if_holds(Compare(left=left.id, right=right.id), evidence)
        elif asked:
            claims += [_statement(fact, reading) for fact in (left, right) if fact]
    claims += [
        NotListed(record=absence.record, field=absence.field)
        for absence in evidence.absences
        if absence.field in asked or not claims
    ]
    for record in records[2:]:
        claims += [Value(fact=fact.id) for field in asked[:1] if (fact := evidence.value_of(record.id, field))]
    return claims[:_COMPARED_FIELDS]


def _of_product(reading: Reading, record: Record, evidence: Evidence, asks: tuple[str, ...]) -> list[Claim]:
    """Tests of what the customer wants, then what they ask to know, then what is not listed.

    Where the intent itself asks about fields (`asks`), it is only these: the other words say which variant is meant.
    """
    chosen = _variant(reading, record, evidence)
    fields = asks or tuple(dict.fromkeys((*reading.fields, *(condition.field for condition in reading.conditions))))
    tested: list[Claim] = []
    told: list[Claim] = []
    for field in fields:
        fact = evidence.value_of(chosen, field) or evidence.value_of(record.id, field)
        if fact is None:
            continue
        conditions = [condition for condition in reading.conditions if condition.field == field]
        tests = [test for condition in conditions if (test := _test(condition, fact))]
        if tests and (_is_yes_no(reading) or field not in reading.fields):
            tested += _tested(tests, evidence)
        else:
            told.append(_statement(fact, reading))
    claims = [*tested, *told]
    lacking = [a for a in evidence.absences if a.record == record.id and not evidence.value_of(chosen, a.field)]
    claims += [NotListed(record=absence.record, field=absence.field) for absence in lacking]
    stock = evidence.value_of(chosen, "stock")
    if not asks and reading.asks_stock and stock and stock.as_of:
        claims.append(Stock(fact=stock.id))
    return claims or _summary(reading, record, chosen, evidence)


def _summary(reading: Reading, record: Record, chosen: str, evidence: Evidence) -> list[Claim]:
    """What to say of a product when no word of the question names a field.

    Few facts beside price and stock are those that the planner chose by meaning; many are the whole page.
    """
    facts = [fact for fact in evidence.facts if fact.record == chosen]
    rest = [fact for fact in facts if fact.field not in {"price", "stock", "brand"}]
    if rest and len(rest) <= _CHOSEN_FACTS:
        return [_statement(fact, reading) for fact in rest]
    if reading.leftover:
        return [NotFound(record=record.id)]
    price = [Value(fact=fact.id) for fact in facts if fact.field == "price"]
    stock = [Stock(fact=fact.id) for fact in facts if fact.field == "stock" and fact.as_of]
    return [*price, *(Value(fact=fact.id) for fact in rest[:_SUMMARY_FACTS]), *stock] or [NotFound(record=record.id)]


def _variant(reading: Reading, record: Record, evidence: Evidence) -> str:
    """The variant that the text names, or the only one of which every condition on it holds; else the product."""
    variants = [other.id for other in evidence.records if other.parent == record.id]
    named = [mention.sku for mention in reading.products if mention.sku in variants]
    if len(named) == 1:
        return named[0]
    if _fits(record.id, reading, evidence):
        return record.id
    fitting = [variant for variant in variants if _fits(variant, reading, evidence)]
    return fitting[0] if len(fitting) == 1 else record.id


def _fits(record: str, reading: Reading, evidence: Evidence) -> bool:
    """Whether every condition that can be tested on a record's own facts holds, and there is one."""
    tests = [
        test
        for condition in reading.conditions
        if (fact := evidence.value_of(record, condition.field)) and (test := _test(condition, fact))
    ]
    results = [ground(test, evidence) for test in tests]
    return bool(results) and all(isinstance(done, Statement) and done.polarity == "yes" for done in results)


def _test(condition: Condition, fact: Fact) -> Claim | None:
    """A condition as a question about one fact, or None where it is none ("not black" is no question)."""
    op = _QUESTION_OPS.get(condition.op)
    if op is None:
        return None
    if isinstance(fact.value, Terms | Text):
        op = "has" if isinstance(fact.value, Terms) else "eq"
    return Meets(fact=fact.id, op=op, wanted=condition.value)


def _statement(fact: Fact, reading: Reading) -> Claim:
    """A fact stated outright, or answered with yes or no where the text asks so."""
    if isinstance(fact.value, Flag) and (_is_yes_no(reading) or "?" in reading.text):
        return Meets(fact=fact.id, op="eq", wanted=Flag(value=True))
    if isinstance(fact.value, Quantity) and fact.field == "stock" and fact.as_of:
        return Stock(fact=fact.id)
    return Value(fact=fact.id)


def _is_yes_no(reading: Reading) -> bool:
    """Whether a part of the text opens like a question to be answered with yes or no."""
    return any(part.split(" ", 1)[0].casefold().strip("¿¡,.") in _YES_NO for part in segments(reading.text))


def _tested(tests: list[Claim], evidence: Evidence) -> list[Claim]:
    """The tests that may be made, one for each result: that it has HDMI and that it has USB-C is one sentence."""
    results: dict[str, Claim] = {}
    for test in tests:
        if isinstance(done := ground(test, evidence), Statement):
            results.setdefault(done.polarity, test)
    return list(results.values())


def _if_holds(claim: Claim, evidence: Evidence) -> list[Claim]:
    """The claim if the evidence permits it, so that one claim too many does not cost the whole draft."""
    return [claim] if isinstance(ground(claim, evidence), Statement) else []


def _shown(evidence: Evidence) -> tuple[str, ...]:
    """The products to show: what a search found, or else what was looked up; a variant by itself only."""
    searched = [record for query in evidence.queries for record in query.records]
    looked_up = [record.id for record in evidence.records if record.kind == "product"]
    singles = [r.id for r in evidence.records if r.kind == "variant" and r.parent not in looked_up]
    return tuple(dict.fromkeys((*searched, *looked_up, *singles)))[:8]
