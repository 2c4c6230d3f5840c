"""What `hopdesk scope check` says of a scope: its tables, overlapping intents and warnings."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from chains.scope import Scope
from chains.scope_file import LoadedScope
from chains.tools import Identity

if TYPE_CHECKING:
    from assistant.embedded.head import HeldOut

FEW_EXAMPLES = 10
FEW_OUT_OF_SCOPE = 10
_MOST_PARTS = 2  # of one answer; each part needs a call of its own
_LOCAL = {"rules", "embedded"}
_SHOWN_EXAMPLES = 2


@dataclass(frozen=True)
class Overlap:
    """Examples of one intent that a model which had not seen them takes for another, surest first."""

    intent: str
    taken_for: str
    examples: tuple[str, ...]


def overlaps(held_out: "Sequence[HeldOut]") -> tuple[Overlap, ...]:
    """The pairs of intents that are mixed up, the most mixed up first."""
    wrong = [example for example in held_out if example.prediction.label != example.label]
    wrong.sort(key=lambda example: (example.label, example.prediction.label, -example.prediction.score))
    groups = groupby(wrong, key=lambda example: (example.label, example.prediction.label))
    found = [Overlap(*pair, tuple(example.text for example in examples)) for pair, examples in groups]
    return tuple(sorted(found, key=lambda overlap: -len(overlap.examples)))


def overlap_rows(found: Sequence[Overlap]) -> Iterator[tuple[str, ...]]:
    """Rows of the table of overlaps."""
    for overlap in found:
        shown = "\n".join(f"“{example}”" for example in overlap.examples[:_SHOWN_EXAMPLES])
        yield overlap.intent, overlap.taken_for, str(len(overlap.examples)), shown


def intent_rows(scope: Scope) -> Iterator[tuple[str, ...]]:
    """Per intent: the tools by identity, each level showing what it adds, then outcomes and examples."""
    for intent in scope.intents:
        adds: list[str] = []
        known: tuple[str, ...] = ()
        for level in Identity:
            now = scope.permitted(intent.id, level)
            adds.append("\n".join(tool for tool in now if tool not in known))
            known = now
        yield intent.id, *adds, ", ".join(intent.outcomes), str(len(intent.examples))


def hop_rows(scope: Scope) -> Iterator[tuple[str, ...]]:
    """Per hop: its models in order, and the version of its prompt where a language model is among them."""
    prompts = scope.prompts.model_dump()
    for hop, models in scope.models.model_dump().items():
        yield hop, " then ".join(models), prompts[hop] if _language_models(models) else "none needed"


def limit_rows(scope: Scope) -> Iterator[tuple[str, ...]]:
    """The limits and budgets, with their units."""
    yield "turns in a case", str(scope.limits.turns)
    yield "questions back", str(scope.limits.clarify_rounds)
    yield "products shown", str(scope.limits.products_shown)
    yield "time for a turn", f"{scope.budget.deadline_ms} ms"
    yield "time for a model call", f"{scope.budget.hop_ms} ms"
    yield "function calls", str(scope.budget.calls)
    yield "origins that may embed it", ", ".join(scope.site.origins) or "none"


def warnings(loaded: LoadedScope) -> Iterator[str]:
    """What is allowed and may not be meant, one sentence each."""
    scope = loaded.scope
    for intent in scope.intents:
        if len(intent.examples) < FEW_EXAMPLES:
            yield (
                f"{intent.id}: it has {len(intent.examples)} examples; write {FEW_EXAMPLES} or more, "
                "in the words of customers."
            )
    if len(scope.out_of_scope.examples) < FEW_OUT_OF_SCOPE:
        yield (
            f"out_of_scope.examples: there are {len(scope.out_of_scope.examples)}; write {FEW_OUT_OF_SCOPE} or more "
            "requests that must be declined, close to the shop's subject among them."
        )
    yield from _topics_without_policy(loaded)
    yield from _budgets(scope)


def _topics_without_policy(loaded: LoadedScope) -> Iterator[str]:
    named = loaded.scope.sources.policies
    folder = loaded.path.parent / named if named else None
    for intent in loaded.scope.intents:
        for topic in intent.topics:
            if folder is None:
                yield f"{intent.id}: the topic {topic!r} has no policy, because sources.policies is not set."
            elif not (folder / f"{topic}.md").exists():
                yield f"{intent.id}: the topic {topic!r} has no policy; write {folder / topic}.md."


def _budgets(scope: Scope) -> Iterator[str]:
    budget = scope.budget
    if budget.calls < _MOST_PARTS:
        yield f"budget.calls: {budget.calls} is too few for a message with two requests; allow {_MOST_PARTS} or more."
    slow = [hop for hop, models in scope.models.model_dump().items() if _language_models(models)]
    if len(slow) * budget.hop_ms > budget.deadline_ms:
        yield (
            f"budget: {len(slow)} hops have language models, and {len(slow)} x {budget.hop_ms} ms is more than the "
            f"deadline of {budget.deadline_ms} ms; lower hop_ms or raise deadline_ms."
        )
    if slow and not (budget.tokens and budget.usd):
        yield "budget: language models are named and tokens or usd is 0, so they are never asked."


def _language_models(models: Sequence[str]) -> tuple[str, ...]:
    return tuple(name for name in models if name.partition("@")[0] not in _LOCAL)
