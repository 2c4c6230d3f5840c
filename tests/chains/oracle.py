"""Reads rendered sentences like a suspicious customer, and checks every statement in them against the evidence.

Written without `chains.grounding`, `chains.rendering`, `chains.formats` and the arithmetic of `chains.values`: it has
its own table of units, its own fractions and its own grammar of the sentences. The claim that a sentence was made from
serves for one thing alone: to know what was asked, so that a true answer to another question is an objection too.

Known names, words, labels and nouns become tokens such as `⟦R1⟧` before anything is parsed, so that a product
which is called "No 5 (12 GB against 3 GB)" says nothing.
"""

import re
from collections.abc import Iterator, Sequence

from chains.claims import Claim, Compare, Count, Extreme, Meets, NoneFound, NotFound, NotListed, Quote, Stock, Value
from chains.facts import Condition, Fact, Query
from chains.values import Flag, Quantity, Terms, Text
from tests.chains.reading import NUMBER, Read, Reader, capitals, close, fraction, related

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
CONDITION_WORDS = {"under": "lt", "at most": "le", "over": "gt", "at least": "ge"}
CONDITION_WORDS |= {"before": "lt", "no later than": "le", "after": "gt", "no earlier than": "ge"}

SUBJECT = r"(?:[Tt]he |[Yy]our )?(⟦R\d+⟧)"
LABEL = r"(⟦L\d+⟧)"
BOUND = "(" + "|".join(sorted(BOUNDS, key=len, reverse=True)) + ")"


class Oracle(Reader):
    """Holds sentences against one evidence."""

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
                return None if self._says(self._asked(claim.fact), masked, it) else "does not state the fact"
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
                found = re.fullmatch(
                    rf"I did not find an answer to that among the listed details of {SUBJECT}\.", masked
                )
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
        asked = {-1, 0, 1}.intersection(ASKED[claim.op])
        answers = asked if answer else {-1, 0, 1} - asked
        return None if sign in allowed and answers.issuperset(allowed) else "the bound is no reason for the answer"

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
            rf"The {LABEL} of {SUBJECT} is (?:(.+) )?(higher|lower|later|earlier) than that of {SUBJECT} {values}",
            masked,
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
        ranked = ""
        if found := re.fullmatch(rf"(?:I found|Nothing matches:) no {what}( that fit your words)?\.", masked):
            number, (noun, stocked, conditions, ranked) = 0, found.groups()
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
        if not number and bool(ranked) is query.exact:
            return "ranked words are conditions, or the other way round"
        return None if number == query.total else "another number"

    def _extreme(self, claim: Extreme, masked: str) -> str | None:
        head = re.fullmatch(
            rf"Of the (⟦N\d+⟧)( in stock)?(?: \((.+?)\))?(?: that list their {LABEL})?, (.+) \((.+?)(?: each)?\)\.",
            masked,
        )
        if not head:
            return "not an extreme"
        query = self._searched(head[1], head[2], head[3])
        if query is None or query.id != claim.query:
            return "another search"
        tail, listing = head[5], head[4]
        if one := re.fullmatch(rf"the (.+) is {SUBJECT}", tail):
            superlative, names, among = one[1], [one[2]], False
        elif several := re.fullmatch(
            rf"({SUBJECT}(?:, {SUBJECT})*(?: and {SUBJECT})?) (?:is|are) (among )?the (.+)", tail
        ):
            superlative, names, among = several[6], re.findall(r"⟦R\d+⟧", several[1]), bool(several[5])
        else:
            return "names nothing"
        if (claim.field, claim.end) not in self._superlatives(superlative):
            return "another field or the other end"
        if listing and claim.field not in self.fields[listing]:
            return "another field"
        named = [self.records[name].id for name in names]
        return self._is_extreme(claim, query, named, head[6]) or self._is_whole(
            claim, query, named, among=among, listing=bool(listing)
        )

    def _superlatives(self, words: str) -> set[tuple[str, str]]:
        """The fields and ends that a superlative can mean."""
        if found := re.fullmatch(rf"ones? with the (lowest|highest|earliest|latest) {LABEL}", words):
            end = "least" if found[1] in {"lowest", "earliest"} else "most"
            return {(field, end) for field in self.fields[found[2]]}
        least = {
            (f.field, "least") for f in self.evidence.facts if f.wording.least and self.masked(f.wording.least) == words
        }
        most = {
            (f.field, "most") for f in self.evidence.facts if f.wording.most and self.masked(f.wording.most) == words
        }
        return least | most

    def _is_extreme(self, claim: Extreme, query: Query, named: list[str], value: str) -> str | None:
        """Whether those named are the best of those that the result shows, and no others are as good."""
        sizes = self._sizes(query, claim.field)
        lacking = set(query.records) - set(sizes)
        absent = {absence.record for absence in self.evidence.absences if absence.field == claim.field}
        if lacking - absent and not (query.sort_by == claim.field and len(lacking) <= query.unlisted):
            return "not looked up for all"
        if not query.exact or not named or not set(named) <= set(sizes):
            return "nothing to choose from"
        better = -1 if claim.end == "least" else 1
        orders = {record: self.order(sizes[named[0]], size) for record, size in sizes.items()}
        if any(order is None or order == -better for order in orders.values()):
            return "another one is better"
        if set(named) != {record for record, order in orders.items() if order == 0}:
            return "not those that tie"
        return None if self.states(named[0], claim.field, value) else "the value is another"

    def _is_whole(self, claim: Extreme, query: Query, named: list[str], *, among: bool, listing: bool) -> str | None:
        """Whether what holds of those shown holds of the whole result, and is said of no more than that."""
        sizes = self._sizes(query, claim.field)
        if query.total == len(query.records):
            lacking = len(sizes) < len(query.records)
            return None if not among and listing == lacking else "not said of the whole result"
        end = "asc" if claim.end == "least" else "desc"
        if query.sort_by != claim.field or query.order != end or query.records[0] not in named:
            return "the rest of the result is not known"
        if listing != bool(query.unlisted):
            return "says something else of those that do not list it"
        return "more may tie" if not among and len(named) == len(sizes) else None

    def _sizes(self, query: Query, field: str) -> dict[str, Read]:
        facts = {record: self.fact(record, field) for record in query.records}
        return {record: self.truth(fact.value) for record, fact in facts.items() if fact}

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
