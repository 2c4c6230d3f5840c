"""Lookup by a language model: the request as function calls, with functions of its own or described in the prompt."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain, zip_longest
from typing import ClassVar, cast

from pydantic import JsonValue

from chains.errors import PromptError
from chains.facets import Facets, Hints, ProductHint
from chains.language import Completion, FunctionCall, Json, LanguageModel
from chains.messages import LookupInput, Plan
from chains.ports import Repair
from chains.prompt_files import Prompt, as_json
from chains.prompted.base import Prompted, Variables
from chains.prompted.catalog_words import CatalogWords
from chains.prompted.coercion import MOST_CALLS, plan_of
from chains.prompted.found import found_row
from chains.prompted.functions import ASK_CUSTOMER, as_offered, definitions, permitted, plain, reply_schema
from chains.prompted.json_text import json_of, object_of, well_formed
from chains.prompted.spelling import Spelling
from chains.prompted.trimming import Lists
from chains.scope import IntentScope, Scope, Shot
from chains.tools import Identity, ToolCall, ToolResult
from moderation import Failure

_CATALOG_SHARE = 0.25  # of the prompt's tokens that tell of the catalog's fields
_CATALOG_SHARE_OF_MANY = 0.12  # the same where many intents have their functions and descriptions in the prompt
_RESULTS_SHARE = 0.25  # of the prompt's tokens that tell what a first round found
_WITHOUT_CATALOG = frozenset({"find_policy", "get_order"})
_NO_CALLS = "no_calls"  # where the plan of a reply without calls is wrong
_TEXT_CHARS = 500  # of such a reply that are shown again
_NAME_CHARS = 120
_FUNCTION_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SAMPLE_HINT = ProductHint("A-1", "A", "a")


@dataclass(frozen=True)
class _View:
    """What the model sees of the shop for one request; `cut` is how many fields the facets are without."""

    functions: tuple[Json, ...]
    facets: Facets
    cut: int
    hints: tuple[ProductHint, ...]


class PromptedPlanner(Prompted[LookupInput]):
    """Serves the lookup hop by a prompt: the model calls functions, which become the plan's calls.

    `facets` and `hints` are the catalog's. It takes a second round, in which it sees what its first calls found.
    """

    needs: ClassVar[frozenset[str]] = frozenset({"text", "intents", "functions", "first", "results"})
    offers: ClassVar[frozenset[str]] = frozenset(
        {"text", "today", "currency", "intents", "several", "names", "finds_products", "functions", "products",
         "first", "results", "examples", "categories", "fields"}
    )  # fmt: skip

    def __init__(  # noqa: PLR0917 - what a lookup needs, for the composition root alone
        self, model: LanguageModel, prompt: Prompt, scope: Scope, facets: Facets, hints: Hints, prompt_tokens: int
    ) -> None:
        self._scope, self._facets, self._hints = scope, facets, hints
        self._words, self._spelling = CatalogWords(facets), Spelling(facets)
        self._native = model.takes_functions
        super().__init__("lookup", model, prompt, Plan, prompt_tokens, schema=reply_schema(()))
        self.card = replace(self.card, rounds=True)

    def variables(self, given: LookupInput) -> Variables:
        """The request with the intents at hand, and what of the catalog it may mean; examples give way first."""
        return self._told(given, self._look(given, self._hints))

    def samples(self) -> Iterator[Variables]:
        """Each intent alone, with all of its tools, in a first and in a second round."""
        for intent in self._scope.intents:
            tools = self._scope.permitted(intent.id, Identity.VERIFIED)
            given = LookupInput(
                text="?", intents=(intent.id,), tools={intent.id: tools}, now=datetime.min.replace(tzinfo=UTC)
            )
            yield self._told(given, self._look(given, _sample_hints))
            for name in tools[:1]:
                call = ToolCall(name=name, call_id="call_1", intent=intent.id, arguments={})
                second = given.model_copy(update={"results": (ToolResult(call=call, error="?"),)})
                yield self._told(second, self._look(second, _sample_hints))

    def _told(self, given: LookupInput, view: _View) -> Variables:
        names, intents = permitted(given), [self._scope.by_id[intent] for intent in given.intents]
        results = self._results(given)
        values = {
            "text": given.text,
            "today": given.now.date().isoformat(),
            "currency": self._facets.currency,
            "intents": [
                {"id": one.id, "label": one.label, "description": one.description, "asks": given.asks.get(one.id, ())}
                for one in intents
            ],
            "several": len(intents) == 2,
            "names": [*names],
            "finds_products": bool(names.keys() - _WITHOUT_CATALOG),
            "functions": [] if self._native else [function["function"] for function in view.functions],
            "first": {"calls": [self._offered(one.call.model_dump(), given) for one in given.results]},
            "results": [] if self._native else results,
        }
        optional: dict[str, Sequence[object]] = {
            "examples": self._examples(intents, given),
            "fields": [self._words.lines[field.key] for field in view.facets.fields],
            "categories": [
                (plain(key, _NAME_CHARS), plain(name, _NAME_CHARS))
                for key, name in view.facets.categories
                if key.replace("_", " ") != name  # the others are listed where they can be chosen
            ],
            "products": [
                {
                    "sku": plain(hint.sku, _NAME_CHARS),
                    "name": plain(hint.name, _NAME_CHARS),
                    "category": plain(hint.category, _NAME_CHARS),
                    "seen": hint.sku in given.products,
                }
                for hint in view.hints
            ],
        }
        summary: Json = {"text_chars": len(given.text), "intents": [*given.intents], "results": len(results)}
        return Variables(
            values,
            optional,
            summary | {name: len(items) for name, items in optional.items()},
            left_out={"fields": view.cut},
            functions=view.functions if self._native else (),
            must_call=not results,
            answers=results if self._native else (),
            schema=None if self._native else reply_schema(view.functions),
        )

    def messages(self, variables: Variables, kept: Lists) -> tuple[Json, ...]:
        """The prompt filled in: calls in the conversation are function calls where the model can make them."""
        written = super().messages(variables, kept)
        return _with_functions(written, variables.answers, self.prompt) if self._native else written

    def raw_of(self, completion: Completion, given: LookupInput) -> str:
        """The plan in a completion: of its function calls, or of the calls that it wrote as JSON."""
        calls = completion.calls or _written_calls(completion.text)
        if calls is not None:
            return plan_of(calls, given, self._scope.specs, self._spelling)
        if given.results and self._native:  # it has what it needs
            return Plan().model_dump_json()
        return json.dumps({_NO_CALLS: well_formed(completion.text)[:_TEXT_CHARS]})

    def again(self, repair: Repair, given: LookupInput) -> tuple[Json, ...]:
        """The messages that ask once more: the refused calls, and what is wrong with them."""
        shown = self._shown(repair, given)
        listed = "\n".join(_wrong(failure, is_second=bool(given.results)) for failure in shown.failures[:20])
        how = "Call the functions again" if self._native else "Reply again with the JSON alone"
        asked = f"This was refused:\n{listed}\n{how}, with all calls that are needed, corrected."
        refused: Json = {"role": "assistant", "content": shown.raw or "{}"}
        calls = _calls_of(refused) if self._native else []
        made = _as_functions(calls, "again", [{"done": False}] * len(calls)) if calls else (refused,)
        return *made, {"role": "user", "content": asked}

    def _look(self, given: LookupInput, hints: Hints) -> _View:
        if not permitted(given).keys() - _WITHOUT_CATALOG:
            nothing = Facets(self._facets.currency)
            return _View(definitions(given, self._scope.specs, nothing), nothing, 0, ())
        found = hints(given.text, given.products)
        share = _CATALOG_SHARE if len(given.intents) <= 2 else _CATALOG_SHARE_OF_MANY
        about = [hint.category for hint in found]
        facets, cut = self._words.within(given.text, about, int(self._prompt_tokens * share))
        return _View(definitions(given, self._scope.specs, facets), facets, cut, found)

    def _results(self, given: LookupInput) -> tuple[Json, ...]:
        """What each call of the first round found, in a share of the prompt's tokens."""
        each = int(self._prompt_tokens * _RESULTS_SHARE) // max(1, len(given.results))
        return tuple(found_row(result, each) for result in given.results)

    def _examples(self, intents: Sequence[IntentScope], given: LookupInput) -> list[Json]:
        """The intents' worked examples by turns, so that the first of each are the last to give way."""
        by_intent = [[self._example(shot, intent, given) for shot in intent.shots] for intent in intents]
        return [example for example in chain.from_iterable(zip_longest(*by_intent)) if example]

    def _example(self, shot: Shot, intent: IntentScope, given: LookupInput) -> Json | None:
        """An example as the model sees it; None where it calls what is not permitted here."""
        calls: list[Json] = [
            {"name": name, "arguments": arguments, "intent": intent.id}
            for call in shot.calls
            for name, arguments in call.items()
        ]
        if any(call["name"] not in given.tools.get(intent.id, ()) for call in calls):
            return None
        offered: list[JsonValue] = [self._offered(call, given) for call in calls]
        return {"text": shot.text, "reply": {"calls": offered}}

    def _offered(self, call: Mapping[str, JsonValue], given: LookupInput) -> Json:
        """A plan's call as the model would have made it."""
        name, arguments = str(call.get("name")), call.get("arguments")
        spec = self._scope.specs.get(name)
        if not isinstance(arguments, dict):
            arguments = {"unreadable": str(arguments)[:_TEXT_CHARS]}
        elif spec is not None:
            intent = call.get("intent") if len(given.intents) == 2 else None
            arguments = as_offered(spec, arguments, self._facets.currency, None if intent is None else str(intent))
        return {"name": name, "arguments": arguments}

    def _shown(self, repair: Repair, given: LookupInput) -> Repair:
        """A refused plan as the model wrote it, and the places of what is wrong as it knows them."""
        plan = object_of(repair.raw) or {}
        if isinstance(text := plan.get(_NO_CALLS), str):
            return replace(repair, raw=text)
        calls = [self._offered(one, given) for one in cast("list[Json]", plan.get("calls", []))]
        if "needs" in plan:
            calls.append({"name": ASK_CUSTOMER, "arguments": {"need": plan["needs"], "candidates": plan["candidates"]}})
        elif ASK_CUSTOMER in plan:
            calls.append(self._offered({"name": ASK_CUSTOMER, "arguments": plan[ASK_CUSTOMER]}, given))
        failures = tuple(failure.model_copy(update={"path": _place(failure.path)}) for failure in repair.failures)
        return Repair(as_json({"calls": calls}), failures)


def _written_calls(text: str) -> tuple[FunctionCall, ...] | None:
    """The calls in a JSON reply, or the one call that it is; None where it holds none."""
    reply = object_of(json_of(well_formed(text))) or {}
    calls = reply.get("calls", [reply] if "name" in reply else None)
    if not isinstance(calls, list):
        return None
    read = calls[:MOST_CALLS]
    return tuple(_written_call(one if isinstance(one, dict) else {"arguments": one}) for one in read)


def _written_call(call: Json) -> FunctionCall:
    name, arguments = call.get("name", ""), call.get("arguments", {})
    return FunctionCall(
        name if isinstance(name, str) else json.dumps(name),
        "",
        arguments if isinstance(arguments, str) else json.dumps(arguments),
    )


def _sample_hints(text: str, products: tuple[str, ...]) -> tuple[ProductHint, ...]:  # noqa: ARG001 - as of any text
    return (_SAMPLE_HINT,)


def _with_functions(messages: Sequence[Json], answers: Sequence[Json], prompt: Prompt) -> tuple[Json, ...]:
    """The same conversation with calls written as JSON as function calls, each answered by its own message.

    `answers` are what the calls of the last message of calls found; those of examples are just done. Raises
    `PromptError` where a prompt does not show these calls.
    """
    last = max((place for place, message in enumerate(messages) if message["role"] == "assistant"), default=None)
    if answers and (last is None or len(_calls_of(messages[last])) != len(answers)):
        raise PromptError(
            f"The prompt {prompt.name} has no section --- assistant --- with {{{{ first | json }}}} alone as its last; "
            "what a first round of function calls found has no place without it."
        )
    made: list[Json] = []
    for place, message in enumerate(messages):
        if calls := _calls_of(message):
            done: list[Json] = [{"done": True} for _ in calls]
            found = answers if answers and place == last else done
            made += _as_functions(calls, f"call_{place}", found)
        else:
            made.append(message)
    return tuple(made)


def _as_functions(calls: Sequence[Json], called: str, found: Sequence[Json]) -> Iterator[Json]:
    """Function calls, and what each found in a message of its own; `called` starts their ids."""
    ids = [f"{called}_{number}" for number in range(1, len(calls) + 1)]
    listed: list[JsonValue] = [
        {
            "id": call_id,
            "type": "function",
            "function": {"name": call["name"], "arguments": as_json(call["arguments"])},
        }
        for call_id, call in zip(ids, calls, strict=True)
    ]
    yield {"role": "assistant", "content": None, "tool_calls": listed}
    for call_id, answer in zip(ids, found, strict=True):
        yield {"role": "tool", "tool_call_id": call_id, "content": as_json(answer)}


def _calls_of(message: Json) -> list[Json]:
    """The calls that an assistant's message holds as JSON, if all of them can be function calls."""
    if message["role"] != "assistant":
        return []
    written = (object_of(str(message["content"])) or {}).get("calls")
    calls = [one for one in written if isinstance(one, dict)] if isinstance(written, list) else []
    return calls if all(_FUNCTION_NAME.fullmatch(str(call.get("name"))) for call in calls) else []


def _place(path: str) -> str:
    """Where something is wrong, as the model knows the place."""
    path = re.sub(r"^(calls\.\d+)\.intent$", r"\1.arguments.request", path)
    return re.sub(r"(\.arguments\.price_(?:min|max))_minor$", r"\1", path)


def _wrong(failure: Failure, *, is_second: bool) -> str:
    if failure.path == _NO_CALLS:
        way = "reply with an empty list of calls if nothing is missing" if is_second else "ask_customer"
        return f"- There are no calls in it. Answer nothing yourself: call what finds the answer, or {way}."
    return f"- {failure.path}: {failure.msg} ({failure.code})"
