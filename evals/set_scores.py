"""Retrieval and sets: how much of what was wanted was found and how high it stood, and which products were shown.

Recall@k and NDCG@k (Järvelin and Kekäläinen 2002, binary relevance) look at what the lookup hop found:
products in the order of the searches, and policy paragraphs in theirs. The sets look at what the customer was shown.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from evals.cases import Expectation
from evals.observed import Observed, Scorer, Setting, error_score
from evals.results import Score
from evals.scoring import cards_of

_DISCOUNTS = tuple(1 / math.log2(place + 2) for place in range(100))
K = 5  # as many as a customer is ever shown, and one more
_What = Literal["products", "passages"]


@dataclass(frozen=True)
class Wanted:
    """What a search should bring: all of these, or `any_of` them."""

    ids: frozenset[str]
    any_of: bool = False


def recall_at(k: int, found: tuple[str, ...], wanted: Wanted) -> float:
    """The share of what is wanted among the first k found (0..1); where any of it will do, 1 or 0."""
    hits = len(wanted.ids & set(found[:k]))
    return float(hits > 0) if wanted.any_of else hits / len(wanted.ids)


def ndcg_at(k: int, found: tuple[str, ...], wanted: Wanted) -> float:
    """NDCG@k of a ranking (0..1), where each wanted id counts 1; where any of them will do, only the first counts."""
    relevant = set(wanted.ids)
    ranking = list(dict.fromkeys(found))
    if wanted.any_of:
        first = next((one for one in ranking if one in relevant), None)
        ranking = [one for one in ranking if one == first or one not in relevant]
        relevant = {first or ""}
    gained = sum(_DISCOUNTS[place] for place, one in enumerate(ranking[:k]) if one in relevant)
    return gained / sum(_DISCOUNTS[: min(k, len(relevant))])


def _retrieval(what: _What, measure: Callable[[int, tuple[str, ...], Wanted], float], name: str) -> Scorer:
    def scorer(observed: Observed, setting: Setting) -> Score | None:
        """The measure of the acceptable result that was found best; it passes where there is nothing better."""
        wanted = [one for expected in observed.case.expect if (one := _wanted(what, expected, setting.parents))]
        if not wanted or not observed.reached("lookup"):
            return None
        if (failed := error_score(name, "lookup", observed)) is not None:
            return failed
        found = _found(what, observed, setting.parents)
        value = max(measure(K, found, one) for one in wanted)
        return Score(scorer=name, hop="lookup", label="pass" if value >= 1 else "fail", value=value)

    return scorer


def _wanted(what: _What, expected: Expectation, parents: Mapping[str, str]) -> Wanted | None:
    """What a search has to bring for an acceptable result; None where it names nothing of the kind."""
    if what == "passages":
        passages = [fact.passage for fact in expected.facts if fact.passage]
        return Wanted(frozenset(passages[0]), any_of=True) if passages else None
    shown = [fact for fact in expected.facts if fact.all_products or fact.products]
    if shown:
        [*_, last] = shown
        return Wanted(_products(last.all_products or last.products or (), parents), any_of=not last.all_products)
    stated = {fact.record for fact in expected.facts if fact.record and fact.record != "order"}
    stated |= {fact.absent.record for fact in expected.facts if fact.absent}
    return Wanted(_products(tuple(stated), parents)) if stated else None


def _found(what: _What, observed: Observed, parents: Mapping[str, str]) -> tuple[str, ...]:
    """What the lookup found, in its order, each once: of a search its ranking, else the records as they were read."""
    record = observed.last("lookup")
    found = [call.result for call in (record.tool_calls if record else ()) if call.result]
    if what == "passages":
        return tuple(dict.fromkeys(passage.id for one in found for passage in one.passages))
    ranked = [sku for one in found for query in one.queries for sku in query.records]
    read = [item.id for one in found for item in one.records if item.kind in {"product", "variant"}]
    return tuple(dict.fromkeys(parents.get(sku, sku) for sku in (*ranked, *read)))


def _products(skus: tuple[str, ...], parents: Mapping[str, str]) -> frozenset[str]:
    return frozenset(parents.get(sku, sku) for sku in skus)


_Sets = Callable[[frozenset[str], frozenset[str]], bool]


def _products_shown(name: str, holds: _Sets, wrong: Literal["omitted", "beside"]) -> Scorer:
    def scorer(observed: Observed, setting: Setting) -> Score | None:
        """Whether the products shown stand so to those expected; the value is how many are omitted, or too many."""
        expected = [
            _products(fact.all_products, setting.parents)
            for expectation in observed.case.expect
            for fact in expectation.facts
            if fact.all_products is not None
        ]
        if not expected or not observed.reached("response"):
            return None
        if (failed := error_score(name, "response", observed)) is not None:
            return failed
        shown = _products(tuple(card.sku for card in cards_of(observed.run)), setting.parents)
        missed = {one: (one - shown if wrong == "omitted" else shown - one) for one in expected}
        best = min(expected, key=lambda one: (not holds(shown, one), len(missed[one])))
        critique = f"{wrong}: {', '.join(sorted(missed[best]))}" if missed[best] else None
        return Score(
            scorer=name,
            hop="response",
            label="pass" if holds(shown, best) else "fail",
            value=float(len(missed[best])),
            critique=critique,
        )

    return scorer


SET_SCORERS: dict[str, Scorer] = {
    "products_recall": _retrieval("products", recall_at, "products_recall"),
    "products_ndcg": _retrieval("products", ndcg_at, "products_ndcg"),
    "passages_recall": _retrieval("passages", recall_at, "passages_recall"),
    "passages_ndcg": _retrieval("passages", ndcg_at, "passages_ndcg"),
    "products_equal": _products_shown("products_equal", lambda shown, wanted: shown == wanted, "omitted"),
    "products_superset": _products_shown("products_superset", lambda shown, wanted: shown >= wanted, "omitted"),
    "products_subset": _products_shown("products_subset", lambda shown, wanted: shown <= wanted, "beside"),
}
