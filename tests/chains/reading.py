"""The suspicious customer's own table of units, fractions and spelling, for `tests.chains.oracle`."""

import re
from collections.abc import Iterable, Iterator
from datetime import date
from fractions import Fraction

from chains.facts import Evidence, Fact, Query, Record
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
NUMBER = r"-?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"


def fraction(number: str) -> Fraction:
    return Fraction(number.replace(",", ""))


def compared(left: Fraction, right: Fraction) -> int:
    return (left > right) - (left < right)


class Reader:
    """Knows one evidence: its names as tokens, its values, and what is written of them."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self.token_of: dict[str, str] = {}
        self.records: dict[str, Record] = {}
        self.fields: dict[str, set[str]] = {}
        self.queries: dict[str, Query] = {}
        for number, record in enumerate(evidence.records):
            self.records[self._token("R", number, core(record.name))] = record
        labelled = [(fact.label, fact.field) for fact in evidence.facts]
        labelled += [(absence.label, absence.field) for absence in evidence.absences]
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
        if (share := re.fullmatch(f"({NUMBER})(%|°C)", text)) or (
            share := re.fullmatch(f"({NUMBER})(?: (\\S+))?", text)
        ):
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
        if isinstance(left[1], date) and isinstance(right[1], date):
            return compared(Fraction(left[1].toordinal()), Fraction(right[1].toordinal()))
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
    return any(
        not parts - theirs or not theirs - parts
        for theirs in (set(re.split(r"\W+", w.casefold())) - {""} for w in words)
    )
