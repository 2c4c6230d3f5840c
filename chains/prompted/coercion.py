"""Turns the function calls of a language model into the raw JSON of a plan, which the hop's guard then judges.

Arguments are mended where that is safe and loses nothing: "5" becomes 5, a single word a list of one, "Coffee-Machines"
the key coffee_machines, "16 GB" a number and its unit, 849.50 the price in minor units. What cannot be read stays wrong
in its own place, so that the guard refuses it there. No name of a function is changed, and no value made up.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import cast, get_args

from babel.numbers import get_currency_precision
from pydantic import JsonValue
from pydantic_core import from_json

from chains.facts import FilterOp
from chains.language import FunctionCall, Json
from chains.messages import LookupInput
from chains.prompted.functions import ASK_CUSTOMER, NEEDS_RESULTS, permitted, request_key, schema_of
from chains.prompted.json_text import well_formed
from chains.prompted.spelling import Known, Spelling
from chains.tools import BUILT_IN, ToolSpec
from chains.values import UNITS

_BUILT_IN = {spec.name for spec in BUILT_IN}
_MINOR = "_minor"
_WHOLE = re.compile(r"[+-]?[0-9]{1,15}")
_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{1,6})?")
_MEASURE = re.compile(r"([+-]?[0-9]{1,15}(?:\.[0-9]{1,6})?)\s{0,3}([^\s0-9.,]\S{0,11})")
_LARGEST = 10**12  # beyond it an amount or a number is left as it is
_CANDIDATES = 4  # as many as are offered as choices
_SHOWN = 6  # candidates that a plan may have
_MOST_UNKNOWN = 16  # arguments beside those that a tool has; with more of them they are refused without being read
_FLAGS = {"true": True, "false": False}
_OPS = {"=": "eq", "==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
_UNITS = {unit.casefold(): unit for unit in UNITS if len(unit) > 1}
_ORDERS = Known(("asc", "desc"))
_FILTER_OPS = Known(get_args(FilterOp))

MOST_CALLS = 64
"""Calls of one reply that are read; a plan has eight at most."""


def plan_of(
    calls: Sequence[FunctionCall], given: LookupInput, specs: Mapping[str, ToolSpec], spelling: Spelling
) -> str:
    """The raw JSON of a plan from the calls of a model; never raises, whatever they hold.

    Calls are numbered anew, past those of a first round; the same call twice is one call. Products between which the
    customer is to choose are read too, where that is permitted, so that there is something to choose from. Of a reply
    that ran away, what is more than any plan may have is not read.
    """
    reading = _Reading(given, specs, spelling)
    plan: Json = {}
    made: dict[str, Json] = {}
    for call in calls[:MOST_CALLS]:
        arguments = _object_in(call.arguments)
        if call.name == ASK_CUSTOMER:
            plan = _asked(arguments) | plan
            continue
        if call.name == "search_products" and isinstance(arguments, dict):
            arguments, more = _without_wish(arguments)
            plan |= {"more": True} if more and not given.results else {}
        one = reading.call(well_formed(call.name), arguments)
        made.setdefault(json.dumps(one, sort_keys=True), one)  # Python itself takes 1 and true to be the same
    for one in reading.candidates(plan, [*made.values()]):
        made[json.dumps(one, sort_keys=True)] = one
    numbered: list[JsonValue] = [
        one | {"call_id": f"call_{number}"} for number, one in enumerate(made.values(), start=len(given.results) + 1)
    ]
    return json.dumps({"calls": numbered} | plan, allow_nan=False)


def _object_in(text: str) -> JsonValue:
    """The JSON object in a call's arguments; the text itself where there is none that can be written again."""
    raw = well_formed(text)
    if not raw.strip():
        return {}
    try:
        found = from_json(raw, allow_inf_nan=False)
        json.dumps(found, allow_nan=False)  # 1e999 is read as infinity all the same
    except (ValueError, RecursionError):
        return raw
    return found if isinstance(found, dict) else raw


def _asked(arguments: JsonValue) -> Json:
    """What `ask_customer` puts into a plan; what it cannot say stands where no plan has anything."""
    if not isinstance(arguments, dict) or "need" not in arguments or arguments.keys() - {"need", "candidates"}:
        return {ASK_CUSTOMER: arguments}
    candidates = arguments.get("candidates")
    return {"needs": arguments["need"], "candidates": [] if candidates is None else _listed(candidates, _SHOWN)}


def _without_wish(arguments: Json) -> tuple[Json, bool]:
    """The arguments of a search without the wish for its result, and whether there is one."""
    wish = _flag(arguments.get(NEEDS_RESULTS, False))
    if not isinstance(wish, bool):
        return arguments, False
    return {name: value for name, value in arguments.items() if name != NEEDS_RESULTS}, wish


@dataclass(frozen=True)
class _Reading:
    """What the arguments of one lookup's calls are read by."""

    given: LookupInput
    specs: Mapping[str, ToolSpec]
    spelling: Spelling

    def call(self, name: str, arguments: JsonValue) -> Json:
        """One call of a plan, without its id."""
        spec = self.specs.get(name)
        said: JsonValue = None
        if spec is not None and isinstance(arguments, dict):
            arguments, said = self._apart(spec, arguments)
        intent = self._intent(name, said)
        if spec is not None and isinstance(arguments, dict):
            arguments = self._arguments(spec, arguments, intent)
        return {"name": name, "arguments": arguments} | ({} if intent is None else {"intent": intent})

    def candidates(self, plan: Json, made: Sequence[Json]) -> Iterator[Json]:
        """Calls that read the products between which to choose, without those that are read already."""
        if plan.get("needs") != "product" or "get_product" not in self._permitted:
            return
        read = [one["arguments"].get("sku") for one in made if isinstance(one["arguments"], dict)]
        for sku in cast("list[JsonValue]", plan["candidates"])[:_CANDIDATES]:
            if sku not in read:
                arguments: Json = {"sku": sku, "fields": ["price"]}
                yield {"name": "get_product", "arguments": arguments, "intent": self._permitted["get_product"][0]}

    def _apart(self, spec: ToolSpec, arguments: Json) -> tuple[Json, JsonValue]:
        """The arguments without the one that names the request, and that one; it is offered for two intents alone."""
        key = request_key(spec)
        if len(self.given.intents) != 2 or key not in arguments:
            return arguments, None
        return {name: value for name, value in arguments.items() if name != key}, arguments[key]

    def _intent(self, name: str, said: JsonValue) -> JsonValue:
        """The intent of a call; None where two may call it and the model did not say which, which is not guessed."""
        if said is not None:
            return Known(self.given.intents).spelled(said)
        intents = self._permitted.get(name, self.given.intents[:1])
        return None if len(self.given.intents) == 2 and len(intents) == 2 else intents[0]

    @cached_property
    def _permitted(self) -> Mapping[str, tuple[str, ...]]:
        return permitted(self.given)

    def _arguments(self, spec: ToolSpec, arguments: Json, intent: JsonValue) -> Json:
        schema, own = schema_of(spec), spec.name in _BUILT_IN
        if len(arguments) > len(schema.properties) + _MOST_UNKNOWN:
            return arguments
        read: Json = {}
        for name, given in arguments.items():
            target, value = name, given
            if own and name in {"price_min", "price_max"} and name + _MINOR not in arguments:
                target, value = name + _MINOR, None if given is None else self._minor(given)
            part = schema.properties.get(target, {})
            if "default" in part and (value is None or (value == "" and part["default"] is None)):
                continue  # what is absent is not said
            value = _typed(value, part)
            read[target] = self._known(target, value) if own else value
        if spec.name == "find_policy":
            read["topics"] = [*(self.given.topics.get(intent, ()) if isinstance(intent, str) else ())]
        return read

    def _known(self, name: str, value: JsonValue) -> JsonValue:
        """An argument of a built-in tool in the spelling of the catalog."""
        match name:
            case "category":
                return self.spelling.categories.spelled(value)
            case "sort_by":
                return self.spelling.keys.spelled(value)
            case "fields" if isinstance(value, list):
                return [self.spelling.keys.spelled(one) for one in value]
            case "filters" if isinstance(value, list):
                return [self._filter(one) if isinstance(one, dict) else one for one in value]
            case "order":
                return _ORDERS.spelled(value)
            case "order_number":
                return value.upper() if isinstance(value, str) else value
            case _:
                return value

    def _filter(self, condition: Json) -> Json:
        """A condition with its field and operator as they are spelled, and its value of the field's kind."""
        read = condition | {
            name: known.spelled(condition[name])
            for name, known in (("field", self.spelling.keys), ("op", _FILTER_OPS))
            if name in condition
        }
        if isinstance(op := read.get("op"), str):
            read["op"] = _OPS.get(op.strip(), op)
        if read.get("unit", "") is None:
            del read["unit"]
        field = read.get("field")
        kind = self.spelling.kinds.get(field) if isinstance(field, str) else None
        match kind, read.get("value"):
            case "flag", str() as value:
                read["value"] = _flag(value)
            case "quantity" | "money", str() as value:
                read |= _measured(value, read.get("unit", ""), self.spelling.currency if kind == "money" else None)
            case _:
                pass
        return read

    def _minor(self, amount: JsonValue) -> JsonValue:
        """An amount in minor units; as a text, which no tool takes, where it is none in this currency."""
        value = _number(amount)
        if not isinstance(value, bool) and isinstance(value, int | float) and abs(value) <= _LARGEST:
            minor = Decimal(str(value)).scaleb(get_currency_precision(self.spelling.currency))
            if minor == minor.to_integral_value():
                return int(minor)
        return json.dumps(amount)


def _typed(value: JsonValue, schema: Json) -> JsonValue:
    """A value as the type that its property has, where it says the same in that type."""
    options = cast("list[Json]", schema.get("anyOf", [schema]))
    match options[0].get("type"):  # the first; the other alternative is null
        case "array":
            return _listed(value, cast("int", options[0]["maxItems"]))
        case "boolean":
            return _flag(value)
        case "number":
            return _number(value)
        case "integer":
            return _whole(_number(value))
        case _:
            return value


def _listed(value: JsonValue, most: int) -> list[JsonValue]:
    """A list, or a single value as a list of one; one that is too long is cut to one too many, and refused as such."""
    return value[: most + 1] if isinstance(value, list) else [value]


def _flag(value: JsonValue) -> JsonValue:
    return _FLAGS.get(value.strip().casefold(), value) if isinstance(value, str) else value


def _number(value: JsonValue) -> JsonValue:
    """A number that is written as a text; one with separators is no number, because it would be a guess."""
    if not isinstance(value, str) or not _NUMBER.fullmatch(text := value.strip()):
        return value
    return int(text) if _WHOLE.fullmatch(text) else float(text)


def _whole(value: JsonValue) -> JsonValue:
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) <= _LARGEST else value


def _measured(value: str, unit: JsonValue, currency: str | None) -> Json:
    """Number and unit of "16 GB"; nothing to change where it is another text or states another unit than is given."""
    number = _number(value)
    if not isinstance(number, str):
        return {"value": number}
    found = _MEASURE.fullmatch(value.strip())
    stated = None if found is None else _unit(found[2], currency)
    if found is None or stated is None or unit not in {"", stated}:
        return {}
    return {"value": _number(found[1]), "unit": stated}


def _unit(text: str, currency: str | None) -> str | None:
    """A unit as it is spelled; one letter is a unit only in its own case."""
    if currency is not None:
        return currency if text.upper() == currency else None
    return text if text in UNITS else _UNITS.get(text.casefold())
