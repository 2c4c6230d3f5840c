"""Reads rendered sentences like a suspicious customer, and checks every statement in them against the evidence.

Written without `chains.grounding`, `chains.rendering`, `chains.formats` and the arithmetic of `chains.values`: it has
its own table of units, its own fractions and its own grammar of the sentences. The claim that a sentence was made from
serves for one thing alone: to know what was asked, so that a true answer to another question is an objection too.

Known names, words, labels and nouns become tokens such as `⟦R1⟧` before anything is parsed, so that a product
which is called "No 5 (12 GB against 3 GB)" says nothing.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from fractions import Fraction

from chains.claims import Claim, Compare, Count, Extreme, Meets, NoneFound, NotFound, NotListed, Quote, Stock, Value
from chains.facts import Condition, Evidence, Fact, Query, Record
from chains.values import Day, Flag, Money, Quantity, Terms, Text

Read = tuple[str, str, Fraction] | tuple[str, bool] | tuple[str, tuple[str, ...]] | tuple[str, date]
AnyValue = Money | Quantity | Flag | Text | Terms | Day

_POUND_G = Fraction(45359237, 100000)
SCALES: dict[str, dict[str, Fraction]] = {
    "number": {"": Fraction(1)},
    "mass": {
        "mg": Fraction(1, 1000),
        "g": Fraction(1),
        "kg": Fraction(1000),
        "lb": _POUND_G,
        "oz": _POUND_G / 16,
    },
    "length": {
        "mm": Fraction(1),
        "cm": Fraction(10),
        "m": Fraction(1000),
        "in": Fraction(254, 10),
        "ft": 12 * Fraction(254, 10),
    },
    "data": {"MB": Fraction(1), "GB": Fraction(1000), "TB": Fraction(1000_000)},
    "frequency": {"Hz": Fraction(1), "kHz": Fraction(10**3), "MHz": Fraction(10**6), "GHz": Fraction(10**9)},
    "time": {
        "ms": Fraction(1, 1000),
        "s": Fraction(1),
        "min": Fraction(60),
        "h": Fraction(3600),
        "day": Fraction(86400),
        "days": Fraction(86400),
    },
    "age": {"month": Fraction(1), "months": Fraction(1), "year": Fraction(12), "years": Fraction(12)},
    "share": {"%": Fraction(1)},
    "temperature": {"°C": Fraction(1)},
}
UNIT_OF = {unit: (name, factor) for name, units in SCALES.items() for unit, factor in units.items()}
MINOR_DIGITS = {"EUR": 2, "USD": 2, "JPY": 0, "TND": 3}
MONTHS = (
    "January February March April May June July August September October November December".split()  # noqa: SIM905
)
# what a bound says of (stated value - named value)
BOUNDS = {
    "under": (-1,),
    "at most": (-1, 0),
    "over": (1,),
    "at least": (0, 1),
    "not under": (0, 1),
    "not over": (-1, 0),
    "before": (-1,),
    "no later than": (-1, 0),
    "after": (1,),
    "no earlier than": (0, 1),
    "not before": (0, 1),
    "not after": (-1, 0),
}
ASKED = {"eq": (0,), "lt": (-1,), "le": (-1, 0), "gt": (1,), "ge": (0, 1)}
CONDITION_WORDS = {
    "under": "lt",
    "before": "lt",
    "at most": "le",
    "no later than": "le",
    "over": "gt",
    "after": "gt",
    "at least": "ge",
    "no earlier than": "ge",
}

NUMBER = r"-?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
SUBJECT = r"(?:[Tt]he |[Yy]our )?(⟦R\d+⟧)"
LABEL = r"(⟦L\d+⟧)"
BOUND = "(" + "|".join(sorted(BOUNDS, key=len, reverse=True)) + ")"


def fraction(number: str) -> Fraction:
    return Fraction(number.replace(",", ""))


def compared(left: Fraction, right: Fraction) -> int:
    return (left > right) - (left < right)


class Oracle:
    """Holds sentences against one evidence."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self.token_of: dict[str, str] = {}
        self.records: dict[str, Record] = {}
        self.fields: dict[str, set[str]] = {}
        self.queries: dict[str, Query] = {}
        for number, record in enumerate(evidence.records):
            self.records[self._token("R", number, core(record.name))] = record
        labelled = [(found.label, found.field) for found in (*evidence.facts, *evidence.absences)]
        labelled += [(condition.label, condition.field) for query in evidence.queries for condition in query.conditions]
        for number, label in enumerate(dict.fromkeys(label for label, _ in labelled)):
            self.fields[self._token("L", number, label)] = {field for name, field in labelled if name == label}
        for number, word in enumerate(dict.fromkeys(self._words())):
            self._token("W", number, word)
        for number, query in enumerate(evidence.queries):
            self.queries[self._token("N", number, query.noun)] = query
        known = sorted(self.token_of, key=len, reverse=True)
        spelled = [f"[{re.escape(word[0].lower() + word[0].upper())}]{re.escape(word[1:])}" for word in known]
        self.known = re.compile("|".join(spelled) or "(?!)")
        self.folded = {word[0].lower() + word[1:]: token for word, token in self.token_of.items()}

    def _token(self, kind: str, number: int, text: str) -> str:
        token = f"⟦{kind}{number}⟧"
        assert self.token_of.setdefault(text, token) == token, f"{text!r} stands for two things"
        return token

    def _words(self) -> Iterator[str]:
        values = [fact.value for fact in self.evidence.facts]
        values += [condition.value for query in self.evidence.queries for condition in query.conditions]
        for value in values:
            if isinstance(value, Text):
                yield value.value
            if isinstance(value, Terms):
                yield from value.values
        for words in self.evidence.vocabulary.values():
            yield from words

    def masked(self, text: str) -> str:
        """The text with every known name, word, label and noun as a token."""
        return self.known.sub(lambda found: self.folded[found[0][0].lower() + found[0][1:]], text)

    # -- values ------------------------------------------------------------------------------------------------

    def read(self, text: str) -> Read | None:
        """A written value, or None for what is none."""
        if text in {"yes", "no"}:
            return "flag", text == "yes"
        if re.fullmatch(r"⟦W\d+⟧(?:, ⟦W\d+⟧)*(?: and ⟦W\d+⟧)?", text):
            return "words", tuple(re.findall(r"⟦W\d+⟧", text))
        if day := re.fullmatch(rf"(\d{{1,2}}) ({'|'.join(MONTHS)}) (\d{{1,4}})", text):
            try:
                return "day", date(int(day[3]), MONTHS.index(day[2]) + 1, int(day[1]))
            except ValueError:  # 31 June
                return None
        if (share := re.fullmatch(f"({NUMBER})(%|°C)", text)) or (share := re.fullmatch(f"({NUMBER})(?: (\\S+))?", text)):
            unit = share[2] or ""
            if unit in MINOR_DIGITS:
                return "money", unit, fraction(share[1]) * 10 ** MINOR_DIGITS[unit]
            name, factor = UNIT_OF.get(unit, (f"undeclared {unit}", Fraction(1)))
            return "number", name, fraction(share[1]) * factor
        return None

    def truth(self, value: AnyValue) -> Read:
        """A typed value in the same form as a written one."""
        match value:
            case Money():
                return "money", value.currency, Fraction(value.amount_minor)
            case Quantity():
                name, factor = UNIT_OF.get(value.unit, (f"undeclared {value.unit}", Fraction(1)))
                return "number", name, Fraction(value.value) * factor
            case Flag():
                return "flag", value.value
            case Text():
                return "words", (self.masked(value.value),)
            case Terms():
                return "words", tuple(self.masked(word) for word in value.values)
            case Day():
                return "day", value.value

    def order(self, left: Read, right: Read) -> int | None:
        """-1, 0, 1 by size, or None for what has no common order."""
        if left[0] == right[0] == "day":
            return compared(Fraction(left[1].toordinal()), Fraction(right[1].toordinal()))  # type: ignore[union-attr]
        if len(left) == 3 and len(right) == 3 and left[:2] == right[:2]:
            return compared(left[2], right[2])
        return None

    def fact(self, record: str, field: str) -> Fact | None:
        found = [fact for fact in self.evidence.facts if (fact.record, fact.field) == (record, field)]
        return found[0] if found else None

    def states(self, record: str, field: str, written: str) -> bool:
        """Whether the evidence states this value of this field of this record."""
        fact, value = self.fact(record, field), self.read(written)
        return fact is not None and value is not None and self.truth(fact.value) == value

    # -- sentences ---------------------------------------------------------------------------------------------

    def objections(self, said: Sequence[tuple[Claim, str]]) -> list[str]:
        """What is untrue, unreadable or not what was asked in the sentences of one part, in their order."""
        found, it = [], None
        for claim, text in said:
            masked = self.masked(text)
            problem = self._problem(claim, text, masked, it)
            if problem:
                found.append(f"{claim.kind}: {problem}: {text}")
            mentioned = set(re.findall(r"⟦R\d+⟧", masked))
            if mentioned:
                it = self.records[mentioned.pop()].id if len(mentioned) == 1 else None
            elif isinstance(claim, Count | NoneFound | Quote):
                it = None
        return found

    def _problem(self, claim: Claim, text: str, masked: str, it: str | None) -> str | None:
        match claim:
            case Value():
                return self._value(claim, masked, it)
            case Stock():
                return self._stock(claim, masked, it)
            case Meets():
                return self._meets(claim, masked, it)
            case Compare():
                return self._compare(claim, masked)
            case Extreme():
                return self._extreme(claim, masked)
            case NotListed():
                return self._not_listed(claim, masked)
            case NotFound():
                found = re.fullmatch(rf"I did not find an answer to that among the listed details of {SUBJECT}\.", masked)
                record = self.records[found[1]] if found else None
                right = record and record.id == claim.record and record.kind in {"product", "variant"}
                return None if right else "not a product that was asked about"
            case Quote():
                passages = [passage for passage in self.evidence.passages if passage.id == claim.passage]
                return None if [f"{p.title}: “{p.text}”" for p in passages] == [text] else "not the policy's words"
            case Count() | NoneFound():
                return self._count(claim, masked)

    def _abouts(self, sentence: str, it: str | None) -> Iterator[tuple[str, str]]:
        """Whom a sentence can be about, with what it says of "it"."""
        named = re.match(SUBJECT, sentence)
        if not named:
            if it is not None:
                yield from ((it, one) for one in capitals(sentence))
            return
        record, rest = self.records[named[1]].id, sentence[named.end() :]
        if rest.startswith("’s "):
            yield record, f"Its {rest[3:]}"
        elif rest.startswith(": "):
            yield from ((record, one) for one in capitals(rest[2:]))
        elif rest.startswith(" "):
            yield record, f"It {rest[1:]}"

    def _plain_fields(self, sentence: str) -> Iterator[tuple[str, str]]:
        """Which fields a plain sentence can speak of, each with the value that it gives."""
        for fact in self.evidence.facts:
            wording = fact.wording
            if wording.yes and self.masked(wording.yes) == sentence:
                yield fact.field, "yes"
            if wording.no and self.masked(wording.no) == sentence:
                yield fact.field, "no"
            if wording.phrase:
                before, after = self.masked(wording.phrase).split("{value}")
                if found := re.fullmatch(f"{re.escape(before)}(.+){re.escape(after)}", sentence):
                    yield fact.field, found[1]
        if found := re.fullmatch(r"It costs (.+)\.", sentence):
            yield "price", found[1]
        if found := re.fullmatch(rf"Its (?:listed )?{LABEL}(?: is|:) (.+)\.", sentence):
            yield from ((field, found[2]) for field in self.fields[found[1]])
        if found := re.fullmatch(rf"Its details say “(yes|no)” for {LABEL}\.", sentence):
            yield from ((field, found[1]) for field in self.fields[found[2]])

    def _says(self, fact: Fact, sentence: str, it: str | None) -> bool:
        """Whether a sentence states this very fact, and truly."""
        return any(
            (record, field) == (fact.record, fact.field) and self.states(record, field, value)
            for record, plain in self._abouts(sentence, it)
            for field, value in self._plain_fields(plain)
        )

    def _asked(self, fact_id: str) -> Fact:
        return next(fact for fact in self.evidence.facts if fact.id == fact_id)

    def _value(self, claim: Value, masked: str, it: str | None) -> str | None:
        return None if self._says(self._asked(claim.fact), masked, it) else "does not state the fact"

    def _stock(self, claim: Stock, masked: str, it: str | None) -> str | None:
        fact = self._asked(claim.fact)
        if fact.field != "stock" or fact.as_of is None or not isinstance(fact.value, Quantity):
            return "no stock level as of now"
        for record, plain in self._abouts(masked, it):
            level = re.fullmatch(r"It is in stock(?:: (.+) left|, with (.+) available)\.", plain)
            gone = re.fullmatch(r"It is (?:out of stock at the moment|not in stock right now)\.", plain)
            if record != fact.record:
                return "another record's stock"
            if level and fact.value.value > 0 and self.read(level[1] or level[2]) == self.truth(fact.value):
                return None
            if gone and fact.value.value <= 0:
                return None
        return "does not state the stock level"

    def _meets(self, claim: Meets, masked: str, it: str | None) -> str | None:
        fact = self._asked(claim.fact)
        opening = re.match("(Yes|No), ", masked)
        if opening is None:
            return self._no_answer(claim, fact, masked, it)
        body = masked[opening.end() :]
        answer = self._answer(claim, fact)
        if answer is None or answer != (opening[1] == "Yes"):
            return f"the answer is {answer}"
        if any(self._says(fact, one, it) for one in capitals(body)):
            return None
        measured = re.fullmatch(rf"(.+), (?:which is {BOUND}|not) (.+)\.", body)
        if not measured or not any(self._says(fact, one + ".", it) for one in capitals(measured[1])):
            return "does not state the fact"
        wanted = self.read(measured[3])
        if wanted is None or wanted != self.truth(claim.wanted):
            return "names another value than was asked for"
        sign = self.order(self.truth(fact.value), wanted)
        allowed = BOUNDS[measured[2]] if measured[2] else (-1, 1)
        return None if sign in allowed else "the bound does not hold"

    def _answer(self, claim: Meets, fact: Fact) -> bool | None:
        """The true answer to what was asked: yes, no, or None where neither can be said."""
        stated, wanted = fact.value, claim.wanted
        if isinstance(stated, Flag) and isinstance(wanted, Flag):
            return stated.value if wanted.value and claim.op == "eq" else None
        if isinstance(stated, Text | Terms) and isinstance(wanted, Text) and claim.op in {"eq", "has"}:
            words = [stated.value] if isinstance(stated, Text) else list(stated.values)
            if wanted.value.casefold() in {word.casefold() for word in words}:
                return True
            return None if isinstance(stated, Terms) or related(wanted.value, words) else False
        sign = self.order(self.truth(stated), self.truth(wanted))
        return None if sign is None or claim.op == "has" else sign in ASKED[claim.op]

    def _no_answer(self, claim: Meets, fact: Fact, masked: str, it: str | None) -> str | None:
        """A sentence without yes or no: the fact alone, or a word that a list lacks, then the fact."""
        page = rf"(?:The page of {SUBJECT} does not list (⟦W\d+⟧)\.|For {SUBJECT}, (⟦W\d+⟧) is not listed\.) (.+)"
        if found := re.fullmatch(page, masked):
            record, word, rest = self.records[found[1] or found[3]].id, found[2] or found[4], found[5]
        elif found := re.fullmatch(r"Its page does not list (⟦W\d+⟧)\. (.+)", masked):
            record, word, rest = it or "", found[1], found[2]
        else:
            if self._answer(claim, fact) is not None:
                return "yes or no could be said"
            return None if self._says(fact, masked, it) else "does not state the fact"
        if not isinstance(fact.value, Terms) or not isinstance(claim.wanted, Text) or record != fact.record:
            return "nothing that a list could lack"
        listed = {one.casefold() for one in fact.value.values}
        spelled = {text for text, token in self.token_of.items() if token == word}
        if {text.casefold() for text in spelled} != {claim.wanted.value.casefold()}:
            return "another word than was asked for"
        if claim.wanted.value.casefold() in listed:
            return "the word is listed"
        return None if self._says(fact, rest, record) else "does not state the fact"

    def _compare(self, claim: Compare, masked: str) -> str | None:
        left, right = self._asked(claim.left), self._asked(claim.right)
        more = {self.masked(fact.wording.more): fact.field for fact in self.evidence.facts if fact.wording.more}
        less = {self.masked(fact.wording.less): fact.field for fact in self.evidence.facts if fact.wording.less}
        words = "|".join(re.escape(word) for word in sorted({*more, *less}, key=len, reverse=True)) or "(?!)"
        values = r"\((.+) against (.+)\)\."
        sign: int | None = None
        gap: str | None = None
        if found := re.fullmatch(rf"{SUBJECT} is (?:(.+) )?({words}) than {SUBJECT} {values}", masked):
            first, gap, word, second, a, b = found.groups()
            sign = 1 if more.get(word) == left.field else -1 if less.get(word) == left.field else 0
        elif found := re.fullmatch(
            rf"The {LABEL} of {SUBJECT} is (?:(.+) )?(higher|lower|later|earlier) than that of {SUBJECT} {values}", masked
        ):
            label, first, gap, word, second, a, b = found.groups()
            sign = 1 if word in {"higher", "later"} else -1
            if left.field not in self.fields[label]:
                return "another field"
        elif found := re.fullmatch(rf"{SUBJECT} and {SUBJECT} have the same {LABEL}: (.+)\.", masked):
            first, second, label, a = found.groups()
            return self._side_by_side(left, right, (first, second), label, (a, a), same=True)
        elif found := re.fullmatch(rf"{LABEL}: (.+) for both {SUBJECT} and {SUBJECT}\.", masked):
            label, a, first, second = found.groups()
            return self._side_by_side(left, right, (first, second), label, (a, a), same=True)
        elif found := re.fullmatch(rf"{LABEL}: (.+) for {SUBJECT}, (.+) for {SUBJECT}\.", masked):
            label, a, first, b, second = found.groups()
            return self._side_by_side(left, right, (first, second), label, (a, b), same=False)
        else:
            return "not a comparison"
        if [self.records[first].id, self.records[second].id] != [left.record, right.record]:
            return "other records"
        if not self.states(left.record, left.field, a) or not self.states(right.record, right.field, b):
            return "the values are others"
        if self.order(self.truth(left.value), self.truth(right.value)) != sign:
            return "the other way round"
        return None if gap is None or self._apart(left, right, gap) else "the difference is another"

    def _side_by_side(
        self, left: Fact, right: Fact, names: tuple[str, str], label: str, values: tuple[str, str], *, same: bool
    ) -> str | None:
        if [self.records[name].id for name in names] != [left.record, right.record]:
            return "other records"
        if left.field not in self.fields[label] or right.field != left.field:
            return "another field"
        if not self.states(left.record, left.field, values[0]):
            return "the first value is another"
        if same:  # 1 TB and 1000 GB are the same, written once
            return None if self.truth(left.value) == self.truth(right.value) else "they differ"
        if not self.states(right.record, right.field, values[1]):
            return "the second value is another"
        return None

    def _apart(self, left: Fact, right: Fact, gap: str) -> bool:
        a, b = self.truth(left.value), self.truth(right.value)
        if len(a) != 3 or len(b) != 3:
            return False
        apart = abs(a[2] - b[2])
        if points := re.fullmatch(f"(about )?({NUMBER}) percentage points?", gap):
            return a[1] == "share" and close(fraction(points[2]), apart, roughly=bool(points[1]))
        stated = self.read(gap.removeprefix("about "))
        if a[1] == "share" or stated is None or len(stated) != 3 or stated[:2] != a[:2]:
            return False
        return close(stated[2], apart, roughly=gap.startswith("about "))

    def _searched(self, noun: str, stocked: str | None, conditions: str | None) -> Query | None:
        """The search that a sentence names, or None where it says of it what is not so."""
        query = self.queries[noun]
        stated = [self._condition(one) for one in conditions.split("; ")] if conditions else []
        meant = [self._meant(condition) for condition in query.conditions]
        right = stated == meant and bool(stocked) == query.in_stock
        return query if right else None

    def _condition(self, text: str) -> tuple[str, str, Read | None]:
        words = "|".join(sorted(CONDITION_WORDS, key=len, reverse=True))
        if found := re.fullmatch(rf"{LABEL} ({words}) (.+)", text):
            return found[1], CONDITION_WORDS[found[2]], self.read(found[3])
        if found := re.fullmatch(rf"{LABEL}: (not )?(.+)", text):
            return found[1], "denied" if found[2] else "is", self.read(found[3])
        return "", "", None

    def _meant(self, condition: Condition) -> tuple[str, str, Read | None]:
        label, value = self.masked(condition.label), self.truth(condition.value)
        denied = condition.op in {"ne", "has_not"}
        if isinstance(condition.value, Flag):
            return label, "is", ("flag", condition.value.value != denied)
        if denied:
            return label, "denied", value
        return label, "is" if condition.op in {"eq", "has"} else condition.op, value

    def _count(self, claim: Count | NoneFound, masked: str) -> str | None:
        what = r"(⟦N\d+⟧)( in stock)?(?: \((.+)\))?"
        if found := re.fullmatch(rf"(?:I found|Nothing matches:) no {what}\.", masked):
            number, (noun, stocked, conditions) = 0, found.groups()
        elif found := re.fullmatch(rf"I found one match among the {what}\.", masked):
            number, (noun, stocked, conditions) = 1, found.groups()
        elif found := re.fullmatch(rf"(?:I found|There are) ({NUMBER}) {what}\.", masked):
            number, noun, stocked, conditions = int(fraction(found[1])), found[2], found[3], found[4]
        else:
            return "not a count"
        query = self._searched(noun, stocked, conditions)
        if query is None or query.id != claim.query:
            return "another search"
        if number and not query.exact:
            return "a ranked search has no count"
        return None if number == query.total else "another number"

    def _extreme(self, claim: Extreme, masked: str) -> str | None:
        head = re.fullmatch(
            rf"Of the (⟦N\d+⟧)( in stock)?(?: \((.+?)\))?(?: that list their {LABEL})?, (.+) \((.+?)(?: each)?\)\.", masked
        )
        if not head:
            return "not an extreme"
        query = self._searched(head[1], head[2], head[3])
        if query is None or query.id != claim.query:
            return "another search"
        tail, listing = head[5], head[4]
        if one := re.fullmatch(rf"the (.+) is {SUBJECT}", tail):
            superlative, names, among = one[1], [one[2]], False
        elif several := re.fullmatch(rf"({SUBJECT}(?:, {SUBJECT})*(?: and {SUBJECT})?) (?:is|are) (among )?the (.+)", tail):
            superlative, names, among = several[6], re.findall(r"⟦R\d+⟧", several[1]), bool(several[5])
        else:
            return "names nothing"
        if (claim.field, claim.end) not in self._superlatives(superlative):
            return "another field or the other end"
        if listing and claim.field not in self.fields[listing]:
            return "another field"
        return self._is_extreme(claim, query, [self.records[name].id for name in names], head[6], among, bool(listing))

    def _superlatives(self, words: str) -> set[tuple[str, str]]:
        """The fields and ends that a superlative can mean."""
        if found := re.fullmatch(rf"ones? with the (lowest|highest|earliest|latest) {LABEL}", words):
            end = "least" if found[1] in {"lowest", "earliest"} else "most"
            return {(field, end) for field in self.fields[found[2]]}
        least = {(f.field, "least") for f in self.evidence.facts if f.wording.least and self.masked(f.wording.least) == words}
        most = {(f.field, "most") for f in self.evidence.facts if f.wording.most and self.masked(f.wording.most) == words}
        return least | most

    def _is_extreme(
        self, claim: Extreme, query: Query, named: list[str], value: str, among: bool, listing: bool
    ) -> str | None:
        facts = {record: self.fact(record, claim.field) for record in query.records}
        sizes = {record: self.truth(fact.value) for record, fact in facts.items() if fact}
        lacking = [record for record, fact in facts.items() if not fact]
        absent = {absence.record for absence in self.evidence.absences if absence.field == claim.field}
        if set(lacking) - absent and not (query.sort_by == claim.field and len(lacking) <= query.unlisted):
            return "not looked up for all"
        if not query.exact or not named or not set(named) <= set(sizes):
            return "nothing to choose from"
        better = -1 if claim.end == "least" else 1
        orders = {record: self.order(sizes[named[0]], size) for record, size in sizes.items()}
        if any(order is None or order == -better for order in orders.values()):
            return "another one is better"
        if not all(self.states(record, claim.field, value) or orders[record] == 0 for record in named):
            return "the value is another"
        if not self.states(named[0], claim.field, value):
            return "the value is another"
        ties = {record for record, order in orders.items() if order == 0}
        if set(named) != ties:
            return "not those that tie"
        if query.total == len(query.records):
            return None if not among and listing == bool(lacking) else "not said of the whole result"
        wanted_order = "asc" if claim.end == "least" else "desc"
        if query.sort_by != claim.field or query.order != wanted_order or query.records[0] not in ties:
            return "the rest of the result is not known"
        if listing != bool(query.unlisted):
            return "says something else of those that do not list it"
        return "more may tie" if not among and len(ties) == len(sizes) else None

    def _not_listed(self, claim: NotListed, masked: str) -> str | None:
        page = rf"The page of {SUBJECT} does not list its {LABEL}\.|For {SUBJECT}, the {LABEL} is not listed\."
        found = re.fullmatch(page, masked)
        if not found:
            return "not that something is not listed"
        record, fields = self.records[found[1] or found[3]].id, self.fields[found[2] or found[4]]
        if record != claim.record or claim.field not in fields:
            return "another record or field"
        absent = any((one.record, one.field) == (record, claim.field) for one in self.evidence.absences)
        return None if absent and self.fact(record, claim.field) is None else "it is listed"


def core(name: str) -> str:
    """A name without the article or the pronoun that a sentence may change."""
    return name.removeprefix("The ").removeprefix("your ")


def capitals(sentence: str) -> Iterable[str]:
    """A sentence that went on after a comma or a colon, as it can have stood alone."""
    return {sentence, sentence[0].upper() + sentence[1:]} if sentence else ()


def close(stated: Fraction, true: Fraction, *, roughly: bool) -> bool:
    """Equal, or for a rounded number within half of its third digit."""
    return abs(stated - true) <= true / 200 if roughly else stated == true


def related(wanted: str, words: list[str]) -> bool:
    """Whether a word is a part of another, as blue is of midnight blue."""
    parts = set(re.split(r"\W+", wanted.casefold())) - {""}
    return any(not parts - theirs or not theirs - parts for theirs in (set(re.split(r"\W+", w.casefold())) - {""} for w in words))
