"""How right a run of a case was: intents, function calls, facts and outcome, each yes or no."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from pydantic import JsonValue, TypeAdapter

from chains.claims import Claim, Compare, Extreme, Meets, NoneFound, NotListed, Quote, Stock, Value
from chains.facts import Evidence
from chains.hops.intent import decide
from chains.messages import Grounded, GroundingInput, Intent
from chains.outcomes import Answer, Clarify, Handoff, ProductCard
from chains.scope import Scope
from chains.values import Quantity, in_base
from evals.cases import Expectation, ExpectedCall, ExpectedFact
from evals.observed import output_of, part_of
from evals.running import CaseRun
from moderation import restore

_JSON: TypeAdapter[dict[str, JsonValue]] = TypeAdapter(dict[str, JsonValue])


@dataclass(frozen=True)
class Score:
    """Whether each hop of a case was right; `right` is all of them together."""

    case_id: str
    intents: bool
    tools: bool
    facts: bool
    outcome: bool

    @property
    def right(self) -> bool:
        """Whether the whole turn was right."""
        return self.intents and self.tools and self.facts and self.outcome


def score_run(run: CaseRun, scope: Scope, parents: Mapping[str, str]) -> Score:
    """The best score over the acceptable results. `parents` maps variants to their products."""
    scores = [_score(run, expectation, scope, parents) for expectation in run.case.expect]
    return max(scores, key=lambda score: (score.right, score.intents + score.tools + score.facts + score.outcome))


def _score(run: CaseRun, expected: Expectation, scope: Scope, parents: Mapping[str, str]) -> Score:
    used = _Used.of(run, parents)
    return Score(
        case_id=run.case.id,
        intents=expected.intents is None or set(intents_of(run, scope)) == set(expected.intents),
        tools=all(any(is_called(call, made, used.same) for made in used.calls) for call in expected.tools),
        facts=all(used.has(fact) for fact in expected.facts),
        outcome=expected.outcome in {None, run.outcome.kind},
    )


def intents_of(run: CaseRun, scope: Scope) -> tuple[str, ...]:
    """The intents that the turn served; none where it was refused or asked back about the intent."""
    record = run.last("intent")
    intent = output_of(record, Intent) if record else None
    if intent is None:
        return ()
    decision = decide(intent, scope)
    return decision.intents if decision.kind == "serve" else ()


@dataclass(frozen=True)
class _Used:
    """What a run called, stated and showed."""

    calls: tuple[tuple[str, dict[str, JsonValue]], ...]
    facts: frozenset[tuple[str, str]]
    absent: frozenset[tuple[str, str]]
    passages: frozenset[str]
    none_found: bool
    products: tuple[str, ...]
    same: Callable[[str], str]

    @classmethod
    def of(cls, run: CaseRun, parents: Mapping[str, str]) -> "_Used":
        """Read a run's records."""

        def same(sku: str) -> str:
            return "order" if sku.startswith("order_") else parents.get(sku, sku)

        claims, evidence = _claims(run)
        facts = {fact for claim in claims for fact in _facts_of(claim, evidence)}
        lookup = run.last("lookup")
        shown = cards_of(run)
        return cls(
            calls=tuple((call.name, _restored(call.arguments, run)) for call in (lookup.tool_calls if lookup else ())),
            facts=frozenset((same(fact.record), fact.field) for fact in evidence.facts if fact.id in facts),
            absent=frozenset((same(claim.record), claim.field) for claim in claims if isinstance(claim, NotListed)),
            passages=frozenset(claim.passage for claim in claims if isinstance(claim, Quote)),
            none_found=any(isinstance(claim, NoneFound) for claim in claims),
            products=tuple(same(card.sku) for card in shown),
            same=same,
        )

    def has(self, fact: ExpectedFact) -> bool:
        """Whether what is expected was used."""
        if fact.record is not None and fact.field is not None:
            return (self.same(fact.record), fact.field) in self.facts
        if fact.absent is not None:
            return (self.same(fact.absent.record), fact.absent.field) in self.absent
        if fact.passage is not None:
            return bool(self.passages & set(fact.passage))
        if fact.products is not None:
            return any(self.same(sku) in self.products for sku in fact.products)
        if fact.all_products is not None:
            return {self.same(sku) for sku in fact.all_products} == set(self.products)
        return self.none_found


def cards_of(run: CaseRun) -> tuple[ProductCard, ...]:
    """The cards that the turn ended with; else those that grounding made, which never got out."""
    if isinstance(run.outcome, Answer | Clarify | Handoff) and run.outcome.products:
        return run.outcome.products
    record = run.last("grounding")
    grounded = output_of(record, Grounded) if record else None
    return grounded.products if grounded else ()


def _claims(run: CaseRun) -> tuple[tuple[Claim, ...], Evidence]:
    record = run.last("grounding")
    given = part_of(record, GroundingInput) if record else None
    if given is None:
        return (), Evidence()
    return tuple(claim for part in given.draft.parts for claim in part.claims), given.evidence


def _facts_of(claim: Claim, evidence: Evidence) -> tuple[str, ...]:
    match claim:
        case Value(fact=fact) | Meets(fact=fact) | Stock(fact=fact):
            return (fact,)
        case Compare(left=left, right=right):
            return (left, right)
        case Extreme(query=query, field=field):
            found = evidence.query(query)
            return tuple(f"{record}:{field}" for record in (found.records if found else ()))
        case _:
            return ()


def _restored(arguments: dict[str, JsonValue], run: CaseRun) -> dict[str, JsonValue]:
    return _JSON.validate_json(restore(_JSON.dump_json(arguments).decode(), run.originals))


def is_called(expected: ExpectedCall, made: tuple[str, dict[str, JsonValue]], same: Callable[[str], str]) -> bool:
    """Whether a call is the expected one: the name, and each expected argument that the tool takes."""
    name, arguments = made
    return name == expected.name and all(
        _matches(key, value, arguments.get(key), same)
        for key, value in expected.arguments.items()
        if key != "email"  # `get_order` takes the address from the request itself
    )


def _matches(key: str, wanted: JsonValue, got: JsonValue, same: Callable[[str], str]) -> bool:
    match key, wanted, got:
        case "sku", str(), str():
            return same(wanted) == same(got)
        case "skus", list(), list():
            return {same(str(sku)) for sku in wanted} == {same(str(sku)) for sku in got}
        case "filters", list(), list():
            return all(any(_same_filter(one, other) for other in got) for one in wanted) and len(wanted) == len(got)
        case "fields", list(), list():
            return {str(field) for field in wanted} <= {str(field) for field in got}
        case "order_number", str(), str():
            return _plain(wanted) == _plain(got)
        case "category", str(), str():
            return wanted.replace("-", "_") == got.replace("-", "_")
        case "order" | "in_stock", _, None:
            return wanted in {"asc", False}  # the tools' own defaults
        case _:
            return _folded(wanted) == _folded(got)


def _same_filter(one: JsonValue, other: JsonValue) -> bool:
    if not isinstance(one, dict) or not isinstance(other, dict):
        return False
    if one.get("field") != other.get("field") or _op(one) != _op(other):
        return False
    if isinstance(one.get("value"), bool) and isinstance(other.get("value"), bool):
        return True
    left, right = _amount(one), _amount(other)
    if left is not None and right is not None:
        return left == right
    return _folded(one.get("value")) == _folded(other.get("value"))


def _op(condition: dict[str, JsonValue]) -> JsonValue:
    """An operator, with the two spellings of "not X" and of "is X" made one."""
    op, value = condition.get("op"), condition.get("value")
    if isinstance(value, bool):
        return "eq" if (op == "eq") == value else "ne"
    return {"has": "eq", "has_not": "ne"}.get(str(op), str(op))


def _amount(condition: dict[str, JsonValue]) -> Decimal | None:
    value, unit = condition.get("value"), condition.get("unit") or ""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return in_base(Quantity(value=Decimal(str(value)), unit=str(unit)))


def _folded(value: JsonValue) -> JsonValue:
    return value.casefold() if isinstance(value, str) else value


def _plain(number: str) -> str:
    return "".join(char for char in number if char.isalnum()).upper()
