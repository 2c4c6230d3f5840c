"""What the catalog's own words say about whether a text is in scope, and which intent it has.

A text that names two or three things of the catalog (a category, a field, a value) is hardly about the weather, however
unusual its sentence. How much that counts is estimated from the scope's examples, in scope and out.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from assistant.embedded.reading import Reading

_MOST = 3  # as many things as are told apart; more say no more
_PRIOR = 1.0  # Laplace smoothing
_SMOOTHING = 3.0  # examples' worth of the share among all
# Half weight, because the words already say some of it: in cross-validation on the demo shop's examples accuracy is
# .812 without, .832 at .3, .834 at .5 and .831 at 1.
_SHAPE_WEIGHT = 0.5


def things_named(reading: Reading) -> int:
    """How many kinds of thing of the catalog a text names (0 to 3): a product, a category, fields or their values."""
    fields = {*reading.fields, *(condition.field for condition in reading.conditions)}
    return min(bool(reading.products or reading.brands) + bool(reading.category) + len(fields), _MOST)


@dataclass(frozen=True)
class CatalogEvidence:
    """Log odds of being out of scope by the number of things named (length 4), to be added to a score's own."""

    log_odds: tuple[float, ...]

    @classmethod
    def of(cls, inside: Iterable[int], outside: Iterable[int]) -> "CatalogEvidence":
        """Estimate from the numbers of things named in the examples inside and outside the scope."""
        counts = [[_PRIOR] * (_MOST + 1), [_PRIOR] * (_MOST + 1)]
        for place, numbers in enumerate((inside, outside)):
            for number in numbers:
                counts[place][number] += 1
        shares = [[count / sum(row) for count in row] for row in counts]
        return cls(tuple(math.log(out / within) for within, out in zip(*shares, strict=True)))

    def adjust(self, out_of_scope: float, named: int) -> float:
        """A score in 0..1 in the light of how many things are named."""
        bounded = min(max(out_of_scope, 1e-6), 1 - 1e-6)
        logit = math.log(bounded / (1 - bounded)) + self.log_odds[named]
        return 1 / (1 + math.exp(-logit))


def shape(reading: Reading) -> str:
    """What kind of thing a request points at, and whether it says or asks something about it; one of 13 words."""
    about = bool(reading.conditions or reading.superlative or reading.foreign_currency)
    names = len({mention.span for mention in reading.products})
    if names > 1 or reading.wants_comparison:
        return "several" if names > 1 else "comparison"
    asked = "+" if about or reading.fields else ""
    if names:
        return f"product{asked}"
    if reading.unknown_product:
        return "unknown product"
    if reading.refers_to_context:
        return f"this{asked}"
    if reading.category:
        return "category with conditions" if about else f"category{asked}"
    return "conditions" if about else f"nothing{asked}"


@dataclass(frozen=True)
class ShapeEvidence:
    """How much more likely an intent is for a request of a shape: its share among the intent's examples to that of all.

    `log_ratios` holds the natural logarithm by intent and shape; a shape that no example has says nothing.
    """

    log_ratios: Mapping[str, Mapping[str, float]]

    @classmethod
    def of(cls, shapes: Mapping[str, Sequence[str]]) -> "ShapeEvidence":
        """Estimate from the shapes of each intent's examples, smoothed towards the share among all of them."""
        of_all = Counter(shape for of_intent in shapes.values() for shape in of_intent)
        total = of_all.total()
        ratios: dict[str, dict[str, float]] = {}
        for intent, of_intent in shapes.items():
            counts = Counter(of_intent)
            smoothed = len(of_intent) + _SMOOTHING
            ratios[intent] = {
                name: math.log((counts[name] + _SMOOTHING * count / total) / smoothed / (count / total))
                for name, count in of_all.items()
            }
        return cls(ratios)

    def adjust(self, scores: Iterable[tuple[str, float]], shape: str) -> tuple[tuple[str, float], ...]:
        """Probabilities in the light of a shape, best first, adding up to 1."""
        weighted = {
            intent: score * math.exp(_SHAPE_WEIGHT * self.log_ratios[intent].get(shape, 0.0))
            for intent, score in scores
        }
        total = sum(weighted.values())
        return tuple(sorted(((i, w / total) for i, w in weighted.items()), key=lambda item: (-item[1], item[0])))
