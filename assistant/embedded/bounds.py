"""How a number is meant: as a bound, a range, about, or exactly."""

from dataclasses import dataclass, replace
from typing import Literal

from assistant.embedded.numerals import Measure
from assistant.embedded.reading import End
from assistant.embedded.tokens import Token, word_set
from assistant.embedded.wordlists import AFTER_NUMBER, BEFORE_NUMBER, BOUND_FILLERS, COMPARATIVES, NEGATORS

BoundOp = Literal["eq", "lt", "le", "gt", "ge", "approx", "range"]
_OPS: dict[str, BoundOp] = {"lt": "lt", "le": "le", "gt": "gt", "ge": "ge", "approx": "approx"}
_NEGATED: dict[BoundOp, BoundOp] = {"lt": "ge", "gt": "le", "ge": "lt"}
# What may stand between a negation and the bound which it turns: "doesn't cost me more than".
_BETWEEN = word_set(
    "to want pay spend cost costing me be go going spending any anything costs something too much weigh weighing "
    "take have is it us more really for priced need last get should exceed ideally us"
)
_LATE = frozenset(("at least", "minimum", "min", "max", "maximum", "at most", "tops"))
_ABBREVIATED = frozenset(["max", "min", "approx", "ca"])
_RANGE_WORDS = frozenset(("to", "and", "until", "till"))


@dataclass(frozen=True)
class Bound:
    """One or two numbers (a range) with the words that say how they are meant; tokens `first:after`.

    `concept` and `end` are those of a comparative before the number: "lighter than" is weight, least.
    """

    first: int
    after: int
    op: BoundOp
    measures: tuple[Measure, ...]
    concept: str | None = None
    end: End | None = None

    @property
    def measure(self) -> Measure:
        """The last number, which carries the unit."""
        return self.measures[-1]


def bounds(tokens: list[Token], found: list[Measure], comparatives: dict[str, tuple[str, End]]) -> list[Bound]:
    """Return how each number of a text is meant, in order; `comparatives` are the catalog's own, word to concept."""
    made: list[Bound] = []
    starts = {measure.first for measure in found}
    index = 0
    while index < len(found):
        pair = _range(tokens, found[index], found[index + 1]) if index + 1 < len(found) else None
        if pair:
            made.append(pair)
            index += 2
        else:
            floor = made[-1].after if made else 0
            made.append(_single(tokens, found[index], starts, floor, comparatives))
            index += 1
    return made


def _range(tokens: list[Token], low: Measure, high: Measure) -> Bound | None:
    between = [token.word for token in tokens[low.after : high.first]]
    before = tokens[low.first - 1].word if low.first else ""
    dash = not between and tokens[high.first].gap.strip() in ("-", "–", "—", "‑")
    joined = len(between) == 1 and between[0] in _RANGE_WORDS and (between[0] == "to" or before == "between")
    either = between == ["or"] and bool(high.units) and (not low.units or low.units == high.units)
    if not (dash or joined or either):
        return None
    low = _alike(low, high)
    if low.value >= high.value or (low.units, low.currency) != (high.units, high.currency):
        return None
    first = low.first - 1 if before in ("between", "from") else low.first
    return Bound(first, high.after, "range", (low, high))


def _alike(low: Measure, high: Measure) -> Measure:
    """The lower number with the unit of the higher one: "from 1 to 2 kg", "1-1.5k"."""
    if low.units or low.currency:
        return low
    thousand = high.thousands and not low.thousands and low.value < 100
    value = low.value * 1000 if thousand else low.value
    return replace(low, value=value, units=high.units, currency=high.currency)


def _single(
    tokens: list[Token], measure: Measure, starts: set[int], floor: int, comparatives: dict[str, tuple[str, End]]
) -> Bound:
    before = _before(tokens, measure.first, floor, comparatives)
    after = _after(tokens, measure.after, starts)
    if measure.about:
        return Bound(before.first if before else measure.first, measure.after, "approx", (measure,))
    if after and (before is None or after[0] == before.op):
        first = before.first if before else measure.first
        return Bound(first, after[1], after[0], (measure,))
    if before is None:
        return Bound(measure.first, measure.after, "eq", (measure,))
    return replace(before, after=measure.after, measures=(measure,))


def _before(tokens: list[Token], first: int, floor: int, comparatives: dict[str, tuple[str, End]]) -> Bound | None:
    """The bound whose words end right before a number, fillers apart."""
    for skipped in range(3):
        end = first - skipped
        if skipped and (end < floor or tokens[end].word not in BOUND_FILLERS):
            return None
        if _breaks(tokens, end):
            return None
        found = _bound_ending_at(tokens, end, floor, comparatives)
        if found and not (skipped and tokens[end].word == "the" and tokens[end - 1].word in ("than", "then")):
            return _turned(tokens, found, floor)
    return None


def _bound_ending_at(
    tokens: list[Token], end: int, floor: int, comparatives: dict[str, tuple[str, End]]
) -> Bound | None:
    if end - floor >= 2 and tokens[end - 1].word in ("than", "then"):
        for length in (3, 2):
            word = " ".join(token.word for token in tokens[max(floor, end - 1 - length + 1) : end - 1])
            known = comparatives.get(word) or COMPARATIVES.get(word)
            if known:
                op: BoundOp = "lt" if known[1] == "least" else "gt"
                return Bound(max(floor, end - length), end, op, (), *known)
    for length in range(min(4, end - floor), 0, -1):
        if any(_breaks(tokens, place) for place in range(end - length + 1, end)):
            continue
        op_name = BEFORE_NUMBER.get(" ".join(token.word for token in tokens[end - length : end]))
        if op_name:
            return Bound(end - length, end, _OPS[op_name], ())
    return None


def _turned(tokens: list[Token], bound: Bound, floor: int) -> Bound:
    """The bound turned round where it is negated: "not over", "can't spend more than", "nothing heavier than"."""
    for place in range(bound.first - 1, max(floor, bound.first - 6) - 1, -1):
        if _breaks(tokens, place + 1):
            return bound
        if tokens[place].word in NEGATORS:
            return replace(bound, first=place, op=_NEGATED.get(bound.op, bound.op))
        if tokens[place].word not in _BETWEEN:
            return bound
    return bound


def _after(tokens: list[Token], after: int, starts: set[int]) -> tuple[BoundOp, int] | None:
    """The bound whose words follow a number: "or less", "max", "+"; "max" before the next number belongs to that."""
    for length in range(min(4, len(tokens) - after), 0, -1):
        if any(sign in tokens[place].gap for place in range(after, after + length) for sign in ".,;!?"):
            continue
        words = " ".join(token.word for token in tokens[after : after + length])
        op = AFTER_NUMBER.get(words)
        belongs = words.startswith(("or ", "and ", "is ")) or words in ("+", "ish", "to spend")
        if op and (belongs or not _goes_on(tokens, after + length, starts)):
            return _OPS[op], after + length
    for start in (after + 1, after + 2):  # "8 cores or more"
        words = " ".join(token.word for token in tokens[start : start + 2])
        if words.startswith("or ") and words in AFTER_NUMBER and not starts & set(range(after, start)):
            return _OPS[AFTER_NUMBER[words]], start + 2
    for length in (2, 1):  # "24 months warranty at least"
        words = " ".join(token.word for token in tokens[after + 1 : after + 1 + length])
        if after + 1 + length > len(tokens):
            continue
        ends = after + 1 + length >= len(tokens) or any(sign in tokens[after + 1 + length].gap for sign in ".,;!?")
        if words in _LATE and ends:
            return _OPS[AFTER_NUMBER[words]], after + 1 + length
    return None


def _goes_on(tokens: list[Token], place: int, starts: set[int]) -> bool:
    if place >= len(tokens):
        return False
    return place in starts or tokens[place].word in ("of", "a", "an", "the") or place + 1 in starts


def _breaks(tokens: list[Token], place: int) -> bool:
    """Whether a sentence or clause ends before this token; "max. 300" does not end one."""
    if place >= len(tokens):
        return False
    gap = tokens[place].gap
    if "." in gap and place and tokens[place - 1].word in _ABBREVIATED:
        return False
    return any(sign in gap for sign in ".,;!?\n")
