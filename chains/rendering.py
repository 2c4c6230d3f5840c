"""Writes statements as sentences, by English templates with several natural wordings.

Only code's own words, catalog values and policy paragraphs come out; nothing that a model or a customer
wrote is echoed, except numbers and words of the catalog's vocabulary that a claim compared with.
"""

from collections.abc import Sequence
from decimal import Decimal
from hashlib import sha256

from chains.claims import Compare, Count, Extreme, Meets, NoneFound, Quote, Stock, Value
from chains.facts import Condition, Evidence, Fact, Query, Record
from chains.formats import say_difference, say_list, say_money, say_number, say_value
from chains.grounding import Statement
from chains.outcomes import ProductCard, Sentence
from chains.values import Day, Flag, Money, Quantity, Terms, Text

_BOUNDS = {"lt": "under", "le": "at most", "gt": "over", "ge": "at least"}
_MISSED = {"lt": "not under", "le": "over", "gt": "not over", "ge": "under"}
_DAY_BOUNDS = {"lt": "before", "le": "no later than", "gt": "after", "ge": "no earlier than"}
_DAY_MISSED = {"lt": "not before", "le": "after", "gt": "not after", "ge": "before"}
_DENIED = {"ne", "has_not"}
_OPENERS = {"It", "Its", "The", "These", "This", "Your", "A", "An", "At", "Some", "Two", "There"}
_SINGULAR_ENDINGS = ("ss", "us", "is")  # address, status, chassis
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
            return _about(_plain(statement, pick), named)
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
    return f"{subject}: {_inside(sentence)}"


def _inside(sentence: str) -> str:
    """A sentence as it goes on after a comma or a colon; names and values keep their capitals."""
    first = sentence.partition(" ")[0]
    return sentence[0].lower() + sentence[1:] if first in _OPENERS else sentence


def _subject(record: Record) -> str:
    """A record as the subject of a sentence."""
    if record.kind == "order":
        return f"Your {record.name.removeprefix('your ')}"
    return record.name if record.kind == "shop" or record.name.startswith("The ") else f"The {record.name}"


def _object(record: Record) -> str:
    """A record in the middle of a sentence."""
    return record.name if record.kind == "shop" else _inside(_subject(record))


def _plain(statement: Statement, pick: int) -> str:
    """The fact of a statement as a sentence about "it"."""
    fact = statement.facts[0]
    value = say_value(fact.value)
    if isinstance(fact.value, Flag):
        said = fact.wording.yes if fact.value.value else fact.wording.no
        return said or f"Its details say “{value}” for {fact.label}."
    if fact.wording.phrase and "{value}" in fact.wording.phrase:
        return fact.wording.phrase.replace("{value}", value)
    if fact.field == "price":
        return (f"It costs {value}.", f"Its {fact.label} is {value}.")[pick % 2]
    on_page = statement.record is not None and statement.record.kind in {"product", "variant"}
    label = f"listed {fact.label}" if on_page and pick % 2 else fact.label
    if _is_plural(fact):
        return f"Its {label}: {value}."
    return f"Its {label} is {value}."


def _is_plural(fact: Fact) -> bool:
    """Whether "is" would sound wrong between the label and the value."""
    several = isinstance(fact.value, Terms) and len(fact.value.values) > 1
    return several or (fact.label.endswith("s") and not fact.label.endswith(_SINGULAR_ENDINGS))


def _meets(claim: Meets, statement: Statement, named: Record | None, pick: int) -> str:
    if statement.polarity == "unknown":
        return f"{_not_mentioned(statement, named, pick)} {_plain(statement, pick)}"
    sentence = _about(_plain(statement, pick), named)
    if statement.polarity == "plain":
        return sentence
    holds = statement.polarity == "yes"
    opening = f"{'Yes' if holds else 'No'}, {_inside(sentence)}"
    if isinstance(claim.wanted, Flag | Text) or (claim.op == "eq" and holds):
        return opening
    return f"{opening.rstrip('.! ')}, {_measured(claim, holds=holds)} {say_value(claim.wanted)}."


def _measured(claim: Meets, *, holds: bool) -> str:
    """How the stated value lies to the wanted one: `which is under`, or `not` for one that should be equal."""
    if claim.op == "eq":
        return "not"
    if isinstance(claim.wanted, Day):
        return f"which is {(_DAY_BOUNDS if holds else _DAY_MISSED)[claim.op]}"
    return f"which is {(_BOUNDS if holds else _MISSED)[claim.op]}"


def _not_mentioned(statement: Statement, named: Record | None, pick: int) -> str:
    """A wanted word that a list lacks, which is no "no"."""
    record = named or statement.record
    if record is None or record.kind in {"order", "shop"}:
        return f"For {_object(record) if record else 'it'}, {statement.word} is not listed."
    if named is None:
        return f"Its page does not list {statement.word}."
    return _not_on_page(record, statement.word, pick)


def _not_on_page(record: Record, what: str, pick: int) -> str:
    name = _object(record)
    return (f"The page of {name} does not list {what}.", f"For {name}, {what} is not listed.")[pick % 2]


def _compare(statement: Statement) -> str:
    (left, right), (first, second) = statement.facts, statement.records
    if statement.sign is None:
        return _side_by_side(left, right, first, second)
    if statement.sign == 0:
        return f"{_subject(first)} and {_object(second)} have the same {left.label}: {say_value(left.value)}."
    values = f"{say_value(left.value)} against {say_value(right.value)}"
    word = left.wording.more if statement.sign > 0 else left.wording.less
    if word:
        return f"{_subject(first)} is {_gap(left, right, word)} than {_object(second)} ({values})."
    words = ("later", "earlier") if isinstance(left.value, Day) else ("higher", "lower")
    than = _gap(left, right, words[0] if statement.sign > 0 else words[1])
    return f"The {left.label} of {_object(first)} is {than} than that of {_object(second)} ({values})."


def _side_by_side(left: Fact, right: Fact, first: Record, second: Record) -> str:
    """Two values that have no order."""
    label = left.label[0].upper() + left.label[1:]
    a, b = say_value(left.value), say_value(right.value)
    if left.value == right.value:
        return f"{label}: {a} for both {_object(first)} and {_object(second)}."
    return f"{label}: {a} for {_object(first)}, {b} for {_object(second)}."


def _gap(left: Fact, right: Fact, word: str) -> str:
    """A comparison with by how much: `320 g lighter`; `newer` alone for days and for plain numbers such as years."""
    match left.value, right.value:
        case Money() as a, Money() as b:
            return f"{say_money(abs(a.amount_minor - b.amount_minor), a.currency)} {word}"
        case Quantity() as a, Quantity() as b if a.unit:
            return f"{say_difference(a, b)} {word}"
        case _:
            return word


def _extreme(claim: Extreme, statement: Statement) -> str:
    fact, query = statement.facts[0], statement.query
    listing = f" that list their {fact.label}" if statement.among else ""
    head = f"Of the {_searched(query) if query else 'results'}{listing},"
    day = isinstance(fact.value, Day)
    if claim.end == "least":
        word, end = fact.wording.least, "earliest" if day else "lowest"
    else:
        word, end = fact.wording.most, "latest" if day else "highest"
    names = say_list(tuple(_object(record) for record in statement.records))
    several = len(statement.records) > 1
    value = f"({say_value(fact.value)}{' each' if several else ''})"
    if not several and not statement.beyond:
        return f"{head} the {word or f'one with the {end} {fact.label}'} is {names} {value}."
    place = f"{'among ' if statement.beyond else ''}the {word or f'ones with the {end} {fact.label}'}"
    return f"{head} {names} {'are' if several else 'is'} {place} {value}."


def _stock(fact: Fact, pick: int) -> str:
    if not isinstance(fact.value, Quantity) or fact.value.value <= 0:
        return ("It is out of stock at the moment.", "It is not in stock right now.")[pick % 2]
    level = say_value(fact.value)
    return (f"It is in stock: {level} left.", f"It is in stock, with {level} available.")[pick % 2]


def _missing(statement: Statement, pick: int) -> str:
    name = _object(statement.record) if statement.record else "this"
    if statement.absence is None:
        return f"I did not find an answer to that among the listed details of {name}."
    label = statement.absence.label
    if statement.record is None or statement.record.kind in {"order", "shop"}:
        return f"For {name}, the {label} is not listed."
    return (f"The page of {name} does not list its {label}.", f"For {name}, the {label} is not listed.")[pick % 2]


def _found(query: Query, pick: int) -> str:
    what = _searched(query)
    if not query.total:
        what += "" if query.exact else " that fit your words"
        return (f"I found no {what}.", f"Nothing matches: no {what}.")[pick % 2]
    if query.total == 1:
        return f"I found one match among the {what}."
    total = say_number(Decimal(query.total))
    return (f"I found {total} {what}.", f"There are {total} {what}.")[pick % 2]


def _searched(query: Query) -> str:
    """What was searched: `laptops in stock (memory at least 16 GB; colour: not black) of that name`."""
    conditions = "; ".join(say_condition(condition) for condition in query.conditions)
    stocked, named = " in stock" if query.in_stock else "", " of that name" if query.named else ""
    return f"{query.noun}{stocked}{f' ({conditions})' if conditions else ''}{named}"


def say_condition(condition: Condition) -> str:
    """One condition of a search: `price at most 900 EUR`, `Bluetooth: yes`, `colour: not black`."""
    value = condition.value
    if isinstance(value, Flag):
        return f"{condition.label}: {'yes' if value.value != (condition.op in _DENIED) else 'no'}"
    bounds = _DAY_BOUNDS if isinstance(value, Day) else _BOUNDS
    if condition.op in bounds:
        return f"{condition.label} {bounds[condition.op]} {say_value(value)}"
    return f"{condition.label}: {'not ' if condition.op in _DENIED else ''}{say_value(value)}"
