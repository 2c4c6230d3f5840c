"""The embedded lookup planner: turns a reading of the request into function calls.

It knows tools, not intents: what an intent is answered with is the first of the tools that the scope
gives it, and the others are what to fall back on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import JsonValue, StringConstraints, TypeAdapter, ValidationError

from assistant.catalog.vocabulary import FieldWords, Vocabulary
from assistant.embedded.confidence import BY_MEANING, FOREIGN_NAME, UNNAMED, WHOLE_PAGE, answered, understood
from assistant.embedded.fields import FieldFinder
from assistant.embedded.masking import Masker
from assistant.embedded.reader import Reader
from assistant.embedded.reading import Condition, Reading
from chains.allowance import Allowance
from chains.messages import LookupInput, Need, Plan
from chains.ports import ModelCard, Repair, Reply
from chains.scope import OperatorTool, Parameter
from chains.tools import ToolCall
from chains.values import Flag, Money, Quantity, Text

Arguments = dict[str, JsonValue]
_SHOWN = 4
_OF_ALL = frozenset({"price", "stock", "brand"})  # fields that every product has
_CANDIDATES = 4
_QUERY_CHARS = 200
_PUNCTUATION = ".,;:!?\"'()"
_HIGHEST_PRICE_MINOR = 10**10  # the highest limit that `chains.tools.SearchProducts` takes


class EmbeddedPlanner:
    """Serves the lookup hop by rules over the catalog's own vocabulary."""

    def __init__(
        self,
        reader: Reader,
        vocabulary: Vocabulary,
        mask: Masker,
        finder: FieldFinder,
        operator_tools: Mapping[str, OperatorTool],
    ) -> None:
        self._reader = reader
        self._vocabulary = vocabulary
        self._mask = mask
        self._finder = finder
        self._category_of = {product.sku: product.category for product in vocabulary.products}
        self._operator_tools = operator_tools
        self.card = ModelCard("hopdesk", "embedded-planner/1", "plan")

    async def propose(
        self,
        given: LookupInput,
        repair: Repair | None = None,  # noqa: ARG002 - deterministic
        allowance: Allowance | None = None,  # noqa: ARG002 - it costs nothing
    ) -> Reply:
        """Plan the calls for a request."""
        return Reply(raw=self.plan(given).model_dump_json())

    def plan(self, given: LookupInput) -> Plan:
        """The calls for each intent in turn; the first thing that must be asked ends the planning."""
        reading = self._reader.read(given.text, given.products)
        calls: list[ToolCall] = []
        confidence = 1.0
        for intent in given.intents:
            part = self._plan(_Task(intent, given.tools[intent], given, reading))
            calls += [
                ToolCall(name=name, call_id=f"call_{number}", intent=intent, arguments=arguments)
                for number, (name, arguments) in enumerate(part.calls, start=len(calls) + 1)
            ]
            confidence = min(confidence, part.confidence)
            if part.needs:
                return Plan(calls=tuple(calls), needs=part.needs, candidates=part.candidates, confidence=confidence)
        return Plan(calls=tuple(calls), confidence=confidence)

    def _plan(self, task: "_Task") -> "_Part":
        """Dispatch on the tool that the scope prefers for this intent."""
        preferred = task.tools[0] if task.tools else ""
        match preferred:
            case "get_order":
                return _order(task)
            case "find_policy":
                return self._policy(task)
            case "list_categories":
                return self._range(task)
            case "search_products":
                return self._search(task)
            case "get_product" | "check_stock" | "compare_products":
                return self._product(task, preferred)
            case _:
                return self._operator(task, preferred)

    def _product(self, task: "_Task", preferred: str) -> "_Part":
        """Calls about the products that the text or the page points at."""
        reading = task.reading
        focus = _focus(reading, task.given.products)
        if focus.ambiguous:
            return _Part(
                tuple(("get_product", {"sku": sku, "fields": ["price"]}) for sku in focus.skus[:_CANDIDATES])
                if "get_product" in task.tools
                else (),
                needs="product",
                candidates=focus.skus[:_CANDIDATES],
                confidence=focus.confidence,
            )
        asked = self._fields(task, focus)
        fields: list[JsonValue] = [*asked.keys]
        confidence = min(focus.confidence, asked.confidence) * answered(reading)
        compares = preferred == "compare_products" or (reading.wants_comparison and "compare_products" in task.tools)
        if len(focus.skus) > 1 and compares:
            compared: Arguments = {"skus": [*focus.skus[:_CANDIDATES]], "fields": fields}
            return _Part((("compare_products", compared),), confidence=confidence)
        if focus.skus and preferred == "check_stock":
            stock = tuple(("check_stock", Arguments(sku=sku)) for sku in focus.skus[:2])
            return _Part(stock, confidence=focus.confidence * answered(reading))
        if focus.skus and "get_product" in task.tools:
            read = tuple(("get_product", Arguments(sku=sku, fields=fields)) for sku in focus.skus[:2])
            return _Part(read, confidence=confidence)
        if "search_products" in task.tools and (self._foreign_name(reading) or _describes(reading)):
            return self._search(task)
        return _Part(needs="product", confidence=understood(reading))

    def _fields(self, task: "_Task", focus: "_Focus") -> "_Fields":
        """The fields asked about, by word or else by meaning; between two products, what says that they fit."""
        reading = task.reading
        always = task.given.asks.get(task.intent, ())
        named = tuple(dict.fromkeys((*always, *_asked_fields(reading, self._vocabulary))))[:8]
        category = self._category_of.get(focus.skus[0]) if focus.skus else None
        if category is None or any(self._has(field, category) for field in named):
            return _Fields(named)
        if not named and not reading.leftover:
            return _Fields()
        if len(focus.skus) > 1:
            fitting = [key for key, field in self._vocabulary.fields.items() if _says_fit(field, category)][:4]
            return _Fields(tuple(fitting) or named, BY_MEANING)
        nearest = self._finder.nearest(self._mask(reading.text), category)
        return _Fields((nearest,), BY_MEANING) if nearest else _Fields(named, WHOLE_PAGE)

    def _has(self, field: str, category: str) -> bool:
        """Whether any product of a category states a field."""
        return field in _OF_ALL or category in self._vocabulary.fields[field].categories

    def _foreign_name(self, reading: Reading) -> str | None:
        """A product's name that the catalog lacks: one that looks like a model, or else words that are no English."""
        strange = [word for word in reading.leftover.split() if self._mask.is_strange(word)]
        return reading.unknown_product or " ".join(strange) or None

    def _search(self, task: "_Task") -> "_Part":
        """A search whose conditions say all that the text says."""
        reading = task.reading
        priced = any(condition.field == "price" for condition in reading.conditions)
        if reading.foreign_currency and not priced:
            return _Part(needs="currency")
        plain = not (reading.conditions or reading.superlative)
        if (name := self._foreign_name(reading)) and (plain or reading.unknown_product):
            named: Arguments = {"query": name[:_QUERY_CHARS], "all_words": True}
            return _Part((("search_products", named),), confidence=FOREIGN_NAME)
        if not _describes(reading) and not reading.leftover:
            return _Part(needs="details")
        return _Part((("search_products", _criteria(reading, self._vocabulary)),), confidence=understood(reading))

    def _range(self, task: "_Task") -> "_Part":
        arguments: Arguments = {"category": task.reading.category} if task.reading.category else {}
        return _Part((("list_categories", arguments),), confidence=answered(task.reading))

    def _policy(self, task: "_Task") -> "_Part":
        """The request as the intent model reads it, spelling mended, within the intent's own policies.

        All of it goes along, so there is nothing that the reading could have missed.
        """
        topics: list[JsonValue] = [*task.given.topics.get(task.intent, ())]
        query = self._mask(task.given.text)[:_QUERY_CHARS]
        return _Part((("find_policy", {"query": query, "topics": topics}),))

    def _operator(self, task: "_Task", name: str) -> "_Part":
        """An operator's tool, its parameters filled from what they are typed to hold."""
        tool = self._operator_tools.get(name)
        if tool is None:
            return _Part(needs="details")
        focus = _focus(task.reading, task.given.products)
        arguments: Arguments = {}
        for parameter in tool.parameters:
            if parameter.type == "sku" and (focus.ambiguous or not focus.skus):
                return _Part(needs="product", candidates=focus.skus[:_CANDIDATES])
            text = _fitting(parameter, task.given.text) if parameter.type == "text" else None
            if parameter.type != "sku" and text is None:
                return _Part(needs="details")
            arguments[parameter.name] = focus.skus[0] if parameter.type == "sku" else text
        return _Part(((name, arguments),), confidence=focus.confidence)


@dataclass(frozen=True)
class _Task:
    """One intent to plan for."""

    intent: str
    tools: tuple[str, ...]
    given: LookupInput
    reading: Reading


@dataclass(frozen=True)
class _Part:
    """What planning for one intent came to, and how sure that is (0..1): 1 where nothing had to be understood."""

    calls: tuple[tuple[str, Arguments], ...] = ()
    needs: Need | None = None
    candidates: tuple[str, ...] = ()
    confidence: float = 1.0


@dataclass(frozen=True)
class _Focus:
    """The products that a request is about."""

    skus: tuple[str, ...] = ()
    ambiguous: bool = False
    confidence: float = 1.0


@dataclass(frozen=True)
class _Fields:
    """The fields to read of a product; none means its whole page."""

    keys: tuple[str, ...] = ()
    confidence: float = 1.0


def _focus(reading: Reading, context: tuple[str, ...]) -> _Focus:
    """Named products first, then what "it" points at, then the product of the page."""
    named = tuple(dict.fromkeys(mention.sku for mention in reading.products if not mention.ambiguous))
    unsure = tuple(dict.fromkeys(mention.sku for mention in reading.products if mention.ambiguous))
    sure = min((mention.score for mention in reading.products), default=1.0)
    if seen := [sku for sku in context if sku in unsure]:  # chosen, shown before, or on the page
        return _Focus(tuple(dict.fromkeys((*named, seen[0]))), confidence=sure)
    if unsure:
        return _Focus((*named, *unsure), ambiguous=True, confidence=sure)
    if reading.context_plural and context:
        return _Focus(tuple(dict.fromkeys((*named, *context))), confidence=sure)
    pointed = context[reading.context_index : reading.context_index + 1] if reading.context_index is not None else ()
    if reading.wants_comparison and len(named) == 1 and context:
        beside = pointed or context[:1]
        return _Focus(tuple(dict.fromkeys((*named, *beside))), confidence=sure if pointed else min(sure, UNNAMED))
    if named:
        return _Focus(named, confidence=sure)
    if reading.unknown_product:
        return _Focus()
    return _Focus(pointed) if pointed else _Focus(context[:1], confidence=UNNAMED)


def _asked_fields(reading: Reading, vocabulary: Vocabulary) -> tuple[str, ...]:
    """The fields that the text asks about or sets a condition on, in the order of mention."""
    extra = [reading.compare[0]] if reading.compare else []
    named = [*reading.fields, *extra, *(condition.field for condition in reading.conditions)]
    return tuple(dict.fromkeys(field for field in named if field in vocabulary.fields))[:8]


def _says_fit(field: FieldWords, category: str) -> bool:
    """Whether a field of a category says what its products fit, charge or work with."""
    words = " ".join((field.label, *field.synonyms)).casefold()
    fits = any(said in words for said in ("compatible", "works with", "fits", "suitable for"))
    return fits and field.kind == "terms" and category in field.categories


def _describes(reading: Reading) -> bool:
    """Whether the text says what kind of product is wanted."""
    return bool(reading.category or reading.conditions or reading.brands or reading.superlative)


def _criteria(reading: Reading, vocabulary: Vocabulary) -> Arguments:
    arguments: Arguments = {}
    if reading.category:
        arguments["category"] = reading.category
    if len(reading.brands) == 1:
        arguments["brand"] = reading.brands[0]
    filters: list[JsonValue] = []
    alternatives = _alternatives(reading)
    for condition in reading.conditions:
        if condition.field in alternatives:
            continue
        if condition.field == "price" and isinstance(condition.value, Money):
            arguments |= _price(condition, min(condition.value.amount_minor, _HIGHEST_PRICE_MINOR))
        elif made := _filter(condition):
            filters.append(made)
    if filters:
        arguments["filters"] = filters[:8]
    if reading.in_stock:
        arguments["in_stock"] = True
    if reading.superlative and _sortable(reading.superlative[0], vocabulary):
        arguments |= {
            "sort_by": reading.superlative[0],
            "order": "asc" if reading.superlative[1] == "least" else "desc",
        }
    either = [
        reading.text[slice(*condition.span)] for condition in reading.conditions if condition.field in alternatives
    ]
    # With a category or conditions, words that are left over would only hide products that fit.
    free = "" if reading.category or reading.conditions or reading.superlative else reading.leftover
    if query := " ".join((*either, free)).strip():
        arguments["query"] = query[:_QUERY_CHARS]
    arguments["limit"] = min(max(reading.limit or _SHOWN, 1), 8)
    return arguments


def _alternatives(reading: Reading) -> set[str]:
    """Fields of which the text names several words to choose from ("red or blue"): no filter says that; they rank."""
    named = [c.field for c in reading.conditions if isinstance(c.value, Text) and c.op == "eq"]
    return {field for field in named if named.count(field) > 1}


def _price(condition: Condition, amount_minor: int) -> Arguments:
    """A price condition as the search's inclusive range."""
    match condition.op:
        case "lt" | "le":
            return {"price_max_minor": amount_minor}
        case "gt" | "ge":
            return {"price_min_minor": amount_minor}
        case "eq":
            return {"price_min_minor": amount_minor, "price_max_minor": amount_minor}
        case _:
            return {}


def _filter(condition: Condition) -> Arguments | None:
    match condition.value:
        case Flag(value=value):
            return {"field": condition.field, "op": condition.op, "value": value}
        case Text(value=word):
            return {"field": condition.field, "op": condition.op, "value": word}
        case Quantity(value=number, unit=unit):
            return {"field": condition.field, "op": condition.op, "value": float(number), "unit": unit}
        case _:
            return None


def _sortable(field: str, vocabulary: Vocabulary) -> bool:
    found = vocabulary.fields.get(field)
    return field == "price" or (found is not None and found.kind in {"quantity", "money"})


def _fitting(parameter: Parameter, text: str) -> str | None:
    """What of a text a parameter takes: all of it, or the first word of the pattern that the parameter states."""
    if parameter.pattern is None:
        return text[:_QUERY_CHARS]
    taken: TypeAdapter[str] = TypeAdapter(Annotated[str, StringConstraints(min_length=1, pattern=parameter.pattern)])
    for word in text.split():
        try:
            return taken.validate_python(word.strip(_PUNCTUATION)[:_QUERY_CHARS])
        except ValidationError:
            continue
    return None


def _order(task: _Task) -> _Part:
    numbers = task.reading.order_numbers
    return _Part((("get_order", {"order_number": numbers[0]} if numbers else {}),))
