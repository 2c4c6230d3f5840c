"""What `hopdesk scope check` says of a scope: its tables, overlapping intents and warnings."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from chains.scope import Budget, LanguageModelSettings, Scope
from chains.scope_file import LoadedScope
from chains.tools import Identity
from moderation import is_own_link

if TYPE_CHECKING:
    from assistant.embedded.head import HeldOut

FEW_EXAMPLES = 10
FEW_OUT_OF_SCOPE = 10
_MOST_PARTS = 2  # of one answer; each part needs a call of its own
_LOCAL = {"rules", "embedded"}
_SHOWN_EXAMPLES = 2
_SHOWN_PAIRS = 10
_SHOWN_HOSTS = 3


@dataclass(frozen=True)
class Overlap:
    """Examples of one intent that a model which had not seen them takes for another, surest first."""

    intent: str
    taken_for: str
    examples: tuple[str, ...]


def overlaps(scope: Scope, held_out: "Sequence[HeldOut]") -> tuple[Overlap, ...]:
    """The pairs of intents that are mixed up, the most mixed up first.

    `held_out` are the scope's examples in their order; the texts shown are the scope's own, as its author knows them.
    """
    texts = [text for intent in scope.intents for text in intent.examples]
    wrong = [
        (held.label, held.prediction.label, -held.prediction.score, text)
        for text, held in zip(texts, held_out, strict=True)
        if held.prediction.label != held.label
    ]
    groups = groupby(sorted(wrong), key=itemgetter(0, 1))
    found = [Overlap(label, other, tuple(text for *_, text in mistakes)) for (label, other), mistakes in groups]
    return tuple(sorted(found, key=lambda overlap: -len(overlap.examples)))


def overlap_rows(found: Sequence[Overlap]) -> Iterator[tuple[str, ...]]:
    """Rows of the table of overlaps: the most mixed up pairs, and a last row for the others."""
    repeated = [overlap for overlap in found if len(overlap.examples) > 1][:_SHOWN_PAIRS]
    for overlap in repeated:
        shown = "\n".join(f"“{example}”" for example in overlap.examples[:_SHOWN_EXAMPLES])
        yield overlap.intent, overlap.taken_for, str(len(overlap.examples)), shown
    if single := len(found) - len(repeated):
        yield "", _count(single, "more pair"), "fewer", ""


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def intent_rows(scope: Scope) -> Iterator[tuple[str, ...]]:
    """Per intent: its tools, each with the identity from which on it may be called, its outcomes and examples."""
    for intent in scope.intents:
        tools = "\n".join(f"{tool}{_from(tool, intent.id, scope)}" for tool in intent.tools)
        yield intent.id, tools or "none", ", ".join(intent.outcomes), str(len(intent.examples))


def _from(tool: str, intent: str, scope: Scope) -> str:
    """The least identity with which a tool may be called for an intent, in words; nothing for everybody."""
    least = next(level for level in Identity if tool in scope.permitted(intent, level))
    return "" if least is Identity.ANONYMOUS else f" (needs {least.name.lower().replace('_', ' ')})"


def hop_rows(scope: Scope) -> Iterator[tuple[str, ...]]:
    """Per hop: its models in order, what serves where they fail, and its prompt's version where it needs one."""
    prompts, fallbacks = scope.prompts.model_dump(), scope.fallback.model_dump()
    for hop, models in scope.models.model_dump().items():
        served = " then ".join(models) if hop != "moderation" else " and ".join(dict.fromkeys(("rules", *models)))
        yield hop, served, fallbacks[hop], prompts[hop] if _language_models(models) else "none needed"


def limit_rows(scope: Scope) -> Iterator[tuple[str, ...]]:
    """The limits and budgets, with their units."""
    yield "turns in a case", str(scope.limits.turns)
    yield "questions back", str(scope.limits.clarify_rounds)
    yield "products shown", str(scope.limits.products_shown)
    yield "time for a turn", f"{scope.budget.deadline_ms} ms"
    yield "time for a model call", f"{scope.budget.hop_ms} ms"
    yield "function calls", str(scope.budget.calls)
    if _slow_hops(scope):
        yield from _spending_rows(scope)
    yield "origins that may embed it", ", ".join(scope.site.origins) or "none"


def _spending_rows(scope: Scope) -> Iterator[tuple[str, ...]]:
    """What the language models may cost."""
    budget = scope.budget
    yield "language model calls in a turn", f"{budget.model_calls}, of which {budget.retries} retries"
    yield "tokens in a turn", f"{budget.tokens:,}"
    yield "money in a turn", f"{budget.usd} USD"
    yield "tokens in a day", "no limit" if budget.tokens_per_day is None else f"{budget.tokens_per_day:,}"
    yield "money in a day", "no limit" if budget.usd_per_day is None else f"{budget.usd_per_day} USD"
    yield "replies used again", f"{', '.join(scope.cache.hops)}, {scope.cache.ttl_s} s" if scope.cache.hops else "none"
    guess = f"yes: one prompt of up to {budget.prompt_tokens:,} tokens more for every request that it does not fit"
    yield "lookup planned early", guess if budget.speculate else "no"


def warnings(loaded: LoadedScope) -> Iterator[str]:
    """What is allowed and may not be meant, one sentence each."""
    scope = loaded.scope
    for intent in scope.intents:
        if len(intent.examples) < FEW_EXAMPLES:
            yield (
                f"{intent.id}: it has {_count(len(intent.examples), 'example')}; write {FEW_EXAMPLES} or more, "
                "in the words of customers."
            )
    if len(scope.out_of_scope.examples) < FEW_OUT_OF_SCOPE:
        yield (
            f"out_of_scope.examples: there are {len(scope.out_of_scope.examples)}; write {FEW_OUT_OF_SCOPE} or more "
            "requests that must be declined, close to the shop's subject among them."
        )
    yield from _topics_without_policy(loaded)
    yield from _budgets(scope)


def foreign_links(scope: Scope, addresses: Iterable[str]) -> Iterator[str]:
    """A warning where products' pages (distinct addresses) are not on the site's own hosts."""
    foreign = [address for address in addresses if not is_own_link(address, scope.hosts)]
    hosts = sorted({urlsplit(address).hostname or address for address in foreign})
    if hosts:
        shown = ", ".join(hosts[:_SHOWN_HOSTS]) + (" and others" if len(hosts) > _SHOWN_HOSTS else "")
        yield (
            f"site.origins: it does not name {shown}, where the pages of {_count(len(foreign), 'product')} are, so "
            f'these are shown without a link; add "https://{hosts[0]}" if it is the shop\'s own.'
        )


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
    slow = _slow_hops(scope)
    rounds = len({"intent" if hop == "moderation" else hop for hop in slow})  # these two run side by side
    if rounds * budget.hop_ms > budget.deadline_ms:
        yield (
            f"budget: language models answer one after another in {rounds} hops, and {rounds} x {budget.hop_ms} ms is "
            f"more than the deadline of {budget.deadline_ms} ms; lower hop_ms or raise deadline_ms."
        )
    if slow:
        yield from _out_of_reach(budget)
    yield from _orders(scope)
    if budget.speculate and not _language_models(scope.models.lookup):
        yield "budget.speculate: no language model plans the lookup, so there is nothing to gain; leave it out."
    unused = {one.name for one in scope.language_models} - {
        name for models in scope.models.model_dump().values() for name in models
    }
    for name in sorted(unused):
        yield f"language_models: {name!r} is described and no hop names it in [models]."


def _orders(scope: Scope) -> Iterator[str]:
    """Lists of models in which one is hardly ever asked, or stops the others."""
    for hop, names in scope.models.model_dump().items():
        if hop != "moderation" and "embedded" in names[:-1]:  # whose layers are all asked
            later = ", ".join(repr(name) for name in names[names.index("embedded") + 1 :])
            yield (
                f"models.{hop}: 'embedded' without a threshold decides whenever it replies, so {later} is hardly ever "
                "asked; write 'embedded@0.9', or put it last."
            )
    limited = scope.budget.tokens_per_day is not None or scope.budget.usd_per_day is not None
    if limited and _language_models(scope.models.moderation) and scope.fallback.moderation == "handoff":
        yield (
            "fallback.moderation: it is 'handoff', so once the day's budget is spent a person reads every request; "
            "write 'rules' to let the rules decide alone."
        )


def _out_of_reach(budget: Budget) -> Iterator[str]:
    """Budgets with which language models are never asked; those that nobody knows the price of cost no money."""
    for name in ("model_calls", "tokens"):
        if not getattr(budget, name):
            yield f"budget.{name}: it is 0, so the language models are never asked."
    if not budget.usd:
        yield "budget.usd: it is 0, so no language model that has a price is asked."
    for name, turn, day in (
        ("tokens_per_day", budget.tokens, budget.tokens_per_day),
        ("usd_per_day", budget.usd, budget.usd_per_day),
    ):
        if day is not None and day < turn:
            yield (
                f"budget.{name}: {day} is less than one turn may spend, {turn}, so the language models are never "
                "asked; raise it, or lower what one turn may spend."
            )


def _slow_hops(scope: Scope) -> list[str]:
    return [hop for hop, models in scope.models.model_dump().items() if _language_models(models)]


async def model_warnings(named: Iterable[LanguageModelSettings]) -> list[str]:
    """What cannot work of the language models that hops name, or costs nobody knows what; nothing is sent anywhere."""
    from assistant.language.moderation_endpoint import model_of
    from chains.errors import ModelMisconfigured

    found = []
    for settings in named:
        model = model_of(settings)
        try:
            await model.warm_up()
        except ModelMisconfigured as error:
            found.append(str(error))
        else:
            if model.price_table_sha256 is None:
                found.append(
                    f"The price of {settings.name} is not known, so no budget in money limits it; give it "
                    "input_usd_per_mtok and output_usd_per_mtok under [[language_models]]."
                )
    return found


def _language_models(models: Sequence[str]) -> tuple[str, ...]:
    return tuple(name for name in models if name.partition("@")[0] not in _LOCAL)
