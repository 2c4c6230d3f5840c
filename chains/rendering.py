"""Writes statements as sentences, by English templates with several natural wordings.

Only code's own words, catalog values and policy paragraphs come out; nothing that a model or a customer
wrote is echoed, except numbers and words of the catalog's vocabulary that a claim compared with.
"""

from collections.abc import Sequence
from hashlib import sha256

from chains.claims import Compare, Count, Extreme, Meets, NoneFound, Quote, Stock, Value
from chains.facts import Condition, Evidence, Fact, Query, Record
from chains.formats import say_difference, say_list, say_money, say_number, say_value
from chains.grounding import Statement
from chains.outcomes import ProductCard, Sentence
from chains.values import Flag, Money, Quantity, Terms, Text

_BOUNDS = {"lt": "under", "le": "at most", "gt": "over", "ge": "at least", "eq": "exactly"}
_CONDITIONS = {**_BOUNDS, "eq": "", "ne": "not", "has": "", "has_not": "not"}
_CARD_DETAILS = 4


def say(statements: Sequence[Statement], seed: str) -> tuple[Sentence, ...]:
    """Write statements in order; the first about a record names it, those right after it say "it".

    `seed` picks among equal wordings: the same seed always picks the same ones.
    """
    sentences = []
    before: str | None = None
    for number, statement in enumerate(statements):
        record = statement.record
        named = None if record is not None and record.id == before else record
        pick = sha256(f"{seed}:{number}".encode()).digest()[0]
        sentences.append(
            Sentence(
                text=_write(statement, named, pick),
                claim=statement.claim.kind,
                polarity=statement.polarity,
                facts=tuple(fact.id for fact in statement.facts),
            )
        )
        before = None if len(statement.records) > 1 or record is None else record.id
    return tuple(sentences)


def say_card(record: Record, evidence: Evidence) -> ProductCard:
    """The product as a card: its name, price and stock, and up to four of the details that were looked up."""
    price, stock = evidence.value_of(record.id, "price"), evidence.value_of(record.id, "stock")
    money = price.value if price and isinstance(price.value, Money) else None
    level = stock.value if stock and isinstance(stock.value, Quantity) else None
    details = [fact for fact in evidence.facts if fact.record == record.id and fact.field not in {"price", "stock"}]
    return ProductCard(
        sku=record.id,
        name=record.name,
        price_minor=money.amount_minor if money else None,
        currency=money.currency if money else None,
        in_stock=level.value > 0 if level else None,
        url=record.url,
        details=tuple((fact.label, say_value(fact.value)) for fact in details[:_CARD_DETAILS]),
    )


def _write(statement: Statement, named: Record | None, pick: int) -> str:
    """One statement as one sentence; `named` is the record to name, None where "it" will do."""
    match statement.claim:
        case Value():
            return _about(_plain(statement.facts[0], pick), named)
        case Meets():
            return _meets(statement.claim, statement, named, pick)
        case Compare():
            return _compare(statement)
        case Extreme():
            return _extreme(statement.claim, statement)
        case Stock():
            return _about(_stock(statement.facts[0], pick), named)
        case Quote():
            return f"{statement.passage.title}: “{statement.passage.text}”" if statement.passage else ""
        case Count() | NoneFound():
            return _found(statement.query, pick) if statement.query else ""
        case _:
            return _missing(statement, pick)


def _about(sentence: str, named: Record | None) -> str:
    """Put the record's name where the sentence says "It" or "Its"."""
    if named is None:
        return sentence
    subject = _subject(named)
    for pronoun, form in (("It ", f"{subject} "), ("Its ", f"{subject}’s ")):
        if sentence.startswith(pronoun):
            return form + sentence[len(pronoun) :]
    return f"{subject}: {sentence[0].lower()}{sentence[1:]}"


def _subject(record: Record) -> str:
    """A record as the subject of a sentence."""
    if record.kind == "order":
        return f"Your {record.name.removeprefix('your ')}"
    return record.name if record.kind == "shop" else f"The {record.name}"


def _object(record: Record) -> str:
    """A record in the middle of a sentence."""
    subject = _subject(record)
    return subject if record.kind == "shop" else subject[0].lower() + subject[1:]


def _plain(fact: Fact, pick: int) -> str:
    """A fact as a sentence about "it"."""
    value = say_value(fact.value)
    if isinstance(fact.value, Flag):
        said = fact.wording.yes if fact.value.value else fact.wording.no
        return said or f"Its page says {value} to {fact.label}."
    if fact.wording.phrase and "{value}" in fact.wording.phrase:
        return fact.wording.phrase.replace("{value}", value)
    if fact.field == "price":
        return (f"It costs {value}.", f"Its price is {value}.")[pick % 2]
    if isinstance(fact.value, Terms) and len(fact.value.values) > 1:
        return (f"Its {fact.label}: {value}.", f"Its listed {fact.label}: {value}.")[pick % 2]
    return (f"Its {fact.label} is {value}.", f"Its listed {fact.label} is {value}.")[pick % 2]


def _meets(claim: Meets, statement: Statement, named: Record | None, pick: int) -> str:
    fact = statement.facts[0]
    sentence = _about(_plain(fact, pick), named)
    if statement.polarity == "plain":
        return sentence
    lowered = sentence[0].lower() + sentence[1:]
    if statement.polarity == "unknown":
        wanted = claim.wanted.value if isinstance(claim.wanted, Text) else ""
        return f"{wanted} is not listed there: {lowered}"
    opening = "Yes" if statement.polarity == "yes" else "No"
    if isinstance(claim.wanted, Flag | Text) or (claim.op == "eq" and statement.polarity == "yes"):
        return f"{opening}, {lowered}"
    negation = "" if statement.polarity == "yes" else "not "
    return f"{opening}, {lowered.removesuffix('.')}, which is {negation}{_BOUNDS[claim.op]} {say_value(claim.wanted)}."


def _compare(statement: Statement) -> str:
    (left, right), (first, second) = statement.facts, statement.records
    values = f"{say_value(left.value)} against {say_value(right.value)}"
    if statement.sign == 0 or (statement.sign is None and left.value == right.value):
        return f"{_subject(first)} and {_object(second)} have the same {left.label}: {say_value(left.value)}."
    if statement.sign is None:
        label = left.label[0].upper() + left.label[1:]
        return f"{label}: {say_value(left.value)} for {_object(first)}, {say_value(right.value)} for {_object(second)}."
    gap = _gap(left, right)
    word = left.wording.more if statement.sign > 0 else left.wording.less
    if word:
        return f"{_subject(first)} is {gap}{word} than {_object(second)} ({values})."
    direction = "higher" if statement.sign > 0 else "lower"
    return f"The {left.label} of {_object(first)} is {gap}{direction} than that of {_object(second)} ({values})."


def _gap(left: Fact, right: Fact) -> str:
    """By how much two ordered values differ, with a space behind; nothing for days."""
    match left.value, right.value:
        case Money() as a, Money() as b:
            return f"{say_money(abs(a.amount_minor - b.amount_minor), a.currency)} "
        case Quantity() as a, Quantity() as b:
            return f"{say_difference(a, b)} "
        case _:
            return ""


def _extreme(claim: Extreme, statement: Statement) -> str:
    fact = statement.facts[0]
    word = fact.wording.least if claim.end == "least" else fact.wording.most
    word = word or f"one with the {'lowest' if claim.end == 'least' else 'highest'} {fact.label}"
    of_those = f" of those that list their {fact.label}" if statement.among else ""
    names = tuple(_object(record) for record in statement.records)
    value = say_value(fact.value)
    query = statement.query
    stocked = " in stock" if query and query.in_stock else ""
    if len(names) == 1:
        return f"The {word}{stocked}{of_those} is {names[0]} ({value})."
    listed = say_list(names)
    if query and len(names) == len(query.records) < query.total:
        return f"{listed[0].upper()}{listed[1:]} are among the {word}{stocked}{of_those} ({value} each)."
    return f"{listed[0].upper()}{listed[1:]} share the place of the {word}{stocked}{of_those} ({value} each)."


def _stock(fact: Fact, pick: int) -> str:
    if not isinstance(fact.value, Quantity) or not fact.value.value:
        return ("It is out of stock at the moment.", "It is not in stock right now.")[pick % 2]
    level = say_number(fact.value.value)
    return (f"It is in stock: {level} left.", f"It is in stock, with {level} available.")[pick % 2]


def _missing(statement: Statement, pick: int) -> str:
    record = statement.record
    name = _object(record) if record else "this"
    if statement.absence:
        label = statement.absence.label
        return (f"The page of {name} does not list its {label}.", f"For {name}, the {label} is not listed.")[pick % 2]
    return f"I did not find an answer to that among the listed details of {name}."


def _found(query: Query, pick: int) -> str:
    conditions = "; ".join(say_condition(condition) for condition in query.conditions)
    what = f"{query.noun}{' in stock' if query.in_stock else ''}{f' ({conditions})' if conditions else ''}"
    if not query.total:
        return (f"I found no {what}.", f"Nothing matches: no {what}.")[pick % 2]
    if query.total == 1:
        return f"One match among the {what}."
    return (f"I found {query.total} {what}.", f"There are {query.total} {what}.")[pick % 2]


def say_condition(condition: Condition) -> str:
    """One condition of a search: `price at most 900 EUR`, `Bluetooth: yes`, `colour: not black`."""
    word = _CONDITIONS[condition.op]
    if isinstance(condition.value, Flag):
        wanted = condition.value.value == (condition.op != "ne")
        return f"{condition.label}: {'yes' if wanted else 'no'}"
    if word and word != "not":
        return f"{condition.label} {word} {say_value(condition.value)}"
    return f"{condition.label}: {word}{' ' if word else ''}{say_value(condition.value)}"
