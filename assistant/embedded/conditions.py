"""Turns numbers into conditions: finds the field that a number is about and types its value."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

from babel.numbers import get_currency_precision

from assistant.catalog.vocabulary import FieldWords, Vocabulary
from assistant.embedded.bounds import Bound, BoundOp
from assistant.embedded.lexicon import Lexicon, Phrase
from assistant.embedded.numerals import Measure
from assistant.embedded.reading import Condition
from assistant.embedded.tokens import Token, stems, word_set
from assistant.embedded.wordlists import BOUND_FILLERS, SPENDING, STOPWORDS, USUAL_FIELD
from chains.facts import FilterOp
from chains.values import UNITS, Money, Quantity, convert, dimension

_NEAR = 4  # tokens between a number and the words of its field
_MAX_MINOR = 10**12
_MAX_NUMBER = Decimal(10) ** 12
_BETWEEN = BOUND_FILLERS | word_set(
    "in with has have having should must be or and to for on about around than not no more less least most rate "
    "size levels last lasts run long wide tall high deep thick big only up from between under over at needs "
    "needed i want separate processor different total capacity storage worth internal built good decent"
)
_AFTER_PRICE = word_set("range bracket mark ballpark region area limit budget price")
_TIMES = frozenset(("h", "min", "s", "ms", "days", "months", "years"))
_YEARS = range(1990, 2100)
_YEAR_OPS: dict[str, BoundOp] = {"from": "eq", "in": "eq", "of": "eq", "after": "gt", "before": "lt", "since": "ge"}


@dataclass(frozen=True)
class Numeric:
    """The conditions of one bound, and the tokens and field phrase that it uses up."""

    conditions: tuple[Condition, ...]
    first: int
    after: int
    phrase: Phrase | None = None
    foreign_currency: str | None = None


class Assigner:
    """Assigns numbers to the fields of one catalog by unit, nearby words, category and plausible range."""

    def __init__(self, vocabulary: Vocabulary, lexicon: Lexicon) -> None:
        self._vocabulary = vocabulary
        self._lexicon = lexicon
        self._money = next((field for field in vocabulary.fields.values() if field.kind == "money"), None)
        self._scale = Decimal(10) ** get_currency_precision(vocabulary.currency)
        self._by_dimension: dict[str, list[FieldWords]] = {}
        for field in vocabulary.fields.values():
            measured = dimension(field.unit)
            if field.kind == "quantity" and measured and field.key != "stock":
                self._by_dimension.setdefault(measured, []).append(field)

    def measures(self, unit: str) -> bool:
        """Whether the catalog has a field that is measured in this unit's dimension."""
        return (dimension(unit) or "") in self._by_dimension

    def assign(
        self, tokens: list[Token], found: list[Bound], phrases: list[Phrase], categories: frozenset[str]
    ) -> list[Numeric]:
        """Return what each bound says; numbers that are about no field are left out.

        `categories` are those in question: the named one, or those of the products that the text is about.
        """
        made: list[Numeric] = []
        claimed: set[Phrase] = set()
        text = _Around.of(tokens, found, phrases, claimed)
        for bound in found:
            if numeric := self._numeric(bound, text, categories):
                made.append(numeric)
                if numeric.phrase:
                    claimed.add(numeric.phrase)
        return made

    def _numeric(self, bound: Bound, text: "_Around", categories: frozenset[str]) -> Numeric | None:
        measure = bound.measure
        if measure.value > _MAX_NUMBER:
            return None
        if measure.currency:
            return self._money_of(bound, text)
        if measure.units:
            return self._measured(bound, text, categories)
        return self._bare(bound, text, categories)

    def _money_of(self, bound: Bound, text: "_Around") -> Numeric | None:
        currency, near = bound.measure.currency, text.near(bound, self._money)
        if self._money is None or currency != self._vocabulary.currency:
            return Numeric((), bound.first, bound.after, near, currency)
        return Numeric(self._priced(bound, self._money, text), bound.first, bound.after, near)

    def _priced(self, bound: Bound, money: FieldWords, text: "_Around") -> tuple[Condition, ...]:
        """An amount with nothing that says how it is meant is what the customer wants to spend at most."""
        op = "le" if bound.op == "eq" else bound.op
        return _conditions(money.key, op, [self._minor(m.value) for m in bound.measures], self._as_money,
                           text.span(bound))  # fmt: skip

    def _minor(self, value: Decimal) -> Decimal:
        return (value * self._scale).to_integral_value()

    def _as_money(self, minor: Decimal) -> Money:
        amount = min(int(minor.to_integral_value()), _MAX_MINOR)
        return Money(amount_minor=amount, currency=self._vocabulary.currency)

    def _measured(self, bound: Bound, text: "_Around", categories: frozenset[str]) -> Numeric | None:
        """The field whose dimension is the unit's and for which most speaks; none where two are equally likely."""
        ranked: list[tuple[float, int, FieldWords, str, Phrase | None]] = []
        for unit in bound.measure.units:
            for field in self._by_dimension.get(dimension(unit) or "", ()):
                phrase = text.near(bound, field)
                score = self._score(bound, field, unit, phrase, categories)
                ranked.append((score, -len(ranked), field, unit, phrase))
        ranked.sort(key=lambda rank: rank[:2], reverse=True)
        if not ranked or ranked[0][0] <= 0 or (len(ranked) > 1 and ranked[0][0] - ranked[1][0] < 0.4):
            return None
        _, _, field, unit, phrase = ranked[0]
        if unit in _TIMES and bound.op == "eq" and phrase is None and (unit in ("months", "years") or not categories):
            return None  # "3 years old", "in 2 days"
        if unit == "m²" and bound.op == "eq":  # what is made for a room must cover it
            bound = replace(bound, op="ge")
        return self._quantities(bound, text, field, unit, phrase)

    def _quantities(
        self, bound: Bound, text: "_Around", field: FieldWords, unit: str, phrase: Phrase | None
    ) -> Numeric:
        def as_quantity(value: Decimal) -> Quantity:
            return Quantity(value=_plain(value), unit=unit)

        made = _conditions(field.key, bound.op, [m.value for m in bound.measures], as_quantity, text.span(bound))
        return Numeric(made, bound.first, bound.after, phrase)

    def _score(
        self, bound: Bound, field: FieldWords, unit: str, phrase: Phrase | None, categories: frozenset[str]
    ) -> float:
        score = 0.0
        if phrase:
            score += 6 - min(4, text_distance(bound, phrase)) - 0.5 * (phrase.after <= bound.first)
        if bound.concept and field.key in self._lexicon.concepts.get(bound.concept, ()):
            score += 3
        if bound.concept == field.key:
            score += 4
        if categories:
            score += 3 if field.categories & categories else -4
        score += _usual(field, unit) + 0.01 * min(len(field.categories), 30)
        return score + _plausible(bound.measures, field, unit)

    def _bare(self, bound: Bound, text: "_Around", categories: frozenset[str]) -> Numeric | None:
        """A number without a unit: of the field beside it, of the comparative before it, a year, or a price."""
        if year := self._year(bound, text, categories):
            return year
        fields = [
            (text_distance(bound, phrase), -_plausible(bound.measures, field, field.unit), place, field, phrase)
            for place, field in enumerate(self._vocabulary.fields[key] for key in text.naming)
            if field.kind == "quantity" and field.key != "stock" and (phrase := text.near(bound, field))
        ]
        limit = _NEAR if bound.op != "eq" else 1
        in_place = [found for found in fields if not categories or found[3].categories & categories] or fields
        near = min(in_place, key=lambda found: found[:3], default=None)
        if near and near[0] <= limit and not text.names_price(bound, self._money):
            _, unlikely, _, field, phrase = near
            if dimension(field.unit) is not None and unlikely < 3:
                return self._quantities(bound, text, field, field.unit, phrase)
        if bound.concept and bound.concept != "price":
            for key in self._lexicon.concepts.get(bound.concept, (bound.concept,)):
                known = self._vocabulary.fields.get(key)
                if known and known.kind == "quantity" and dimension(known.unit) and (
                    not categories or known.categories & categories
                ) and _plausible(bound.measures, known, known.unit) > 0:  # fmt: skip
                    return self._quantities(bound, text, known, known.unit, None)
        return self._bare_price(bound, text)

    def _year(self, bound: Bound, text: "_Around", categories: frozenset[str]) -> Numeric | None:
        value = bound.measure.value
        if bound.op not in ("eq", "ge") or value != int(value) or int(value) not in _YEARS or len(bound.measures) > 1:
            return None
        before = text.word(bound.measure.first - 1)
        for key in self._lexicon.concepts["release"]:
            field = self._vocabulary.fields[key]
            near = text.near(bound, field)
            model = text.word(bound.after) in ("model", "models", "version", "edition")
            in_place = not categories or field.categories & categories
            if in_place and field.kind == "quantity" and field.unit == "" and (before in _YEAR_OPS or near or model):
                meant = replace(bound, op=_YEAR_OPS.get(before, bound.op))
                return self._quantities(meant, text, field, "", near)
        return None

    def _bare_price(self, bound: Bound, text: "_Around") -> Numeric | None:
        money, value = self._money, bound.measure.value
        if money is None or text.is_counted(bound):
            return None
        if value in _YEARS and text.word(bound.measure.first - 1) in _YEAR_OPS:
            return None
        spending = bound.op != "eq" or bound.measure.thousands or text.is_spending(bound)
        low, high = (money.low or Decimal(0)) / self._scale, (money.high or Decimal(10**9)) / self._scale
        named = text.names_price(bound, money)
        if bound.op == "eq" and named:  # "price 28", but not "the 28 price"
            near = text.near(bound, money)
            named = near is None or near.after <= bound.first
        if bound.op == "eq" and not named and not text.is_spending(bound):
            return None
        if not (spending or named) or not (named or low / 5 <= value <= high * 20):
            return None
        return Numeric(self._priced(bound, money, text), bound.first, bound.after, text.near(bound, money))


@dataclass(frozen=True)
class _Around:
    """What stands around the bounds of a text: `naming` are the phrases by the field that they name."""

    tokens: list[Token]
    numbers: set[int]
    inside: set[int]
    starts: dict[int, Phrase]
    naming: dict[str, list[Phrase]]
    claimed: set[Phrase]

    @classmethod
    def of(cls, tokens: list[Token], found: list[Bound], phrases: list[Phrase], claimed: set[Phrase]) -> "_Around":
        """The text of these tokens, with the places of its numbers and phrases looked up once."""
        naming: dict[str, list[Phrase]] = {}
        for phrase in phrases:
            for key in {meaning.key for meaning in phrase.of("field")}:
                naming.setdefault(key, []).append(phrase)
        return cls(
            tokens,
            {bound.measure.first for bound in found},
            {place for phrase in phrases for place in range(phrase.first, phrase.after)},
            {phrase.first: phrase for phrase in phrases},
            naming,
            claimed,
        )

    def word(self, index: int) -> str:
        return self.tokens[index].word if 0 <= index < len(self.tokens) else ""

    def span(self, bound: Bound) -> tuple[int, int]:
        return self.tokens[bound.first].start, self.tokens[bound.after - 1].end

    def near(self, bound: Bound, field: FieldWords | None) -> Phrase | None:
        """The nearest phrase that names the field, with no other number and no clause end between."""
        if field is None:
            return None
        best = None
        for phrase in self.naming.get(field.key, ()):
            distance = text_distance(bound, phrase)
            nearer = best is None or distance < text_distance(bound, best)
            if distance <= _NEAR and nearer and phrase not in self.claimed and self._is_beside(bound, phrase):
                best = phrase
        return best

    def _is_beside(self, bound: Bound, phrase: Phrase) -> bool:
        first, after = min(bound.after, phrase.after), max(bound.first, phrase.first)
        places = range(first, min(after + 1, len(self.tokens)))
        if any(sign in self.tokens[place].gap for place in places for sign in ".,;!?"):
            return False
        return all(
            (self.word(place) in _BETWEEN or place in self.inside) and place not in self.numbers
            for place in range(first, after)
        )

    def names_price(self, bound: Bound, money: FieldWords | None) -> bool:
        return self.near(bound, money) is not None or bound.concept == "price"

    def is_spending(self, bound: Bound) -> bool:
        """Whether budget words stand in the tokens before or after the number."""
        before = {token.word for token in self.tokens[max(0, bound.first - 4) : bound.measure.first]}
        after = {token.word for token in self.tokens[bound.after : bound.after + 2]}
        has = bound.measure.thousands and before & {"have", "got"}  # "I have 2k for a laptop"
        return bool(before & SPENDING or after & {"budget", "spend"} or has)

    def is_counted(self, bound: Bound) -> bool:
        """Whether a noun follows which the number counts, and so is no price: "at least 3 people"."""
        if bound.after >= len(self.tokens):
            return False
        token = self.tokens[bound.after]
        if token.word == "of":
            return True  # "two of the cables"
        if (
            any(sign in token.gap for sign in ".,;:!?()\n")
            or token.word in STOPWORDS | _AFTER_PRICE
            or not token.word[0].isalpha()
        ):
            return False
        phrase = self.starts.get(bound.after)
        if phrase is None:
            return True
        return bool(phrase.of("category")) and bound.measure.value < 20


def text_distance(bound: Bound, phrase: Phrase) -> int:
    """How many tokens stand between a number and a phrase."""
    return max(phrase.first - bound.after, bound.first - phrase.after, 0)


def _conditions(
    field: str, op: str, values: list[Decimal], make: Callable[[Decimal], Money | Quantity], span: tuple[int, int]
) -> tuple[Condition, ...]:
    """The conditions of one bound; "around 300" is 85% to 115% of it."""
    if op == "range":
        return Condition(field, "ge", make(values[0]), span), Condition(field, "le", make(values[1]), span)
    if op == "approx":
        low, high = values[-1] * Decimal("0.85"), values[-1] * Decimal("1.15")
        return Condition(field, "ge", make(low), span), Condition(field, "le", make(high), span)
    exact: dict[str, FilterOp] = {"eq": "eq", "lt": "lt", "le": "le", "gt": "gt", "ge": "ge"}
    return (Condition(field, exact[op], make(values[-1]), span),)


def _plain(value: Decimal) -> Decimal:
    rounded = round(value, 6)
    return rounded.quantize(Decimal(1)) if rounded == rounded.to_integral_value() else rounded.normalize()


def _usual(field: FieldWords, unit: str) -> float:
    """How usual it is that a number with this unit, and nothing else said, is of this field."""
    names = USUAL_FIELD.get(unit, USUAL_FIELD.get(dimension(unit) or "", ()))
    own = (stems(field.key.replace("_", " ")), stems(field.label))
    for place, name in enumerate(names):
        if any(set(stems(name)) <= set(words) for words in own):
            return 1.5 - 0.5 * place
    return 0.0


def _plausible(measures: tuple[Measure, ...], field: FieldWords, unit: str) -> float:
    """3 within what the catalog's products have, 1 within half and twice that, else -3."""
    if field.low is None or field.high is None or field.unit not in UNITS:
        return 0.0
    worst = 3.0
    for measure in measures:
        in_field = convert(Quantity(value=_plain(measure.value), unit=unit), field.unit)
        value = in_field.value if in_field else Decimal(-1)
        fits = 3.0 if field.low <= value <= field.high else 1.0 if field.low / 2 <= value <= field.high * 2 else -3.0
        worst = min(worst, fits)
    return worst
