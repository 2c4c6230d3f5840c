"""Response by a language model: what was found as data, and the claims that it may choose."""

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import ClassVar

from pydantic import BaseModel, JsonValue

from chains.claims import Draft
from chains.facts import Absence, Evidence, Fact, Passage, Query, Record
from chains.language import Completion, Json, LanguageModel
from chains.messages import ResponseInput
from chains.prompt_files import Prompt
from chains.prompted.base import Prompted, Variables
from chains.prompted.json_text import changed, json_of
from chains.prompted.strict import strict_schema
from chains.values import Terms, Text

_WORDS = 24  # of a field's vocabulary; those that the customer's text names come first
_WORD = re.compile(r"\w+")
_SAMPLE = Evidence(
    records=(Record(id="A", kind="product", name="A"),),
    facts=(Fact(id="A:b", record="A", field="b", label="b", value=Text(value="c"), source="s", version="v"),),
    absences=(Absence(record="A", field="d", label="d"),),
    passages=(Passage(id="e", title="e", text="e"),),
    queries=(Query(id="q", noun="n", records=("A",), total=1, exact=True),),
    vocabulary={"b": ("c",)},
)


class PromptedResponder(Prompted[ResponseInput]):
    """Serves the response hop by a prompt: the model chooses claims over what was found, and writes no sentence."""

    needs: ClassVar[frozenset[str]] = frozenset(
        {"text", "intents", "records", "facts", "absences", "passages", "queries"}
    )
    offers: ClassVar[frozenset[str]] = needs | {"products", "vocabulary"}

    def __init__(self, model: LanguageModel, prompt: Prompt, prompt_tokens: int) -> None:
        schema = strict_schema(Draft, ("confidence",))
        super().__init__("response", model, prompt, Draft, prompt_tokens, schema=schema)

    def variables(self, given: ResponseInput) -> Variables:
        """The text, the intents to be answered, and the evidence as rows; records and searches give way last."""
        evidence = given.evidence
        owners = _Owners(given)
        intents = [{"intent": intent, "asks": given.asks.get(intent, ())} for intent in given.intents]
        optional = {
            "vocabulary": _vocabulary(given.text, evidence),
            "absences": [owners.mark(f"{one.record}:{one.field}", _row(one)) for one in evidence.absences],
            "facts": [owners.mark(one.id, _fact(one)) for one in evidence.facts],
            "passages": [owners.mark(one.id, _row(one)) for one in evidence.passages],
            "records": [_row(one, "url") for one in evidence.records],
            "queries": [owners.mark(one.id, _query(one)) for one in evidence.queries],
        }
        summary: Json = {"text_chars": len(given.text), "intents": [*given.intents]}
        counts: Json = {name: len(rows) for name, rows in optional.items()}
        values = {"text": given.text, "intents": intents, "products": given.products}
        return Variables(values, optional, summary | counts)

    def samples(self) -> tuple[Variables, ...]:
        """A short text with a piece of evidence of each kind, none of which may give way."""
        sample = self.variables(ResponseInput(text="?", intents=("a.b",), products=("A",), evidence=_SAMPLE))
        return (replace(sample, values={**sample.values, **sample.optional}, optional={}),)

    def raw_of(self, completion: Completion, given: ResponseInput) -> str:  # noqa: ARG002 - as every model's reply is read
        """The draft in a reply, its confidence unknown."""
        return changed(json_of(completion.text), lambda reply: {**reply, "confidence": None})


class _Owners:
    """Which of two intents each piece of evidence was found for; with one intent there is nothing to say."""

    def __init__(self, given: ResponseInput) -> None:
        self._found = {intent: frozenset(given.found.get(intent, ())) for intent in given.intents}

    def mark(self, piece: str, row: Json) -> Json:
        """The row with the only intent that it was found for, where another one is asked as well."""
        owners = [intent for intent, found in self._found.items() if piece in found]
        return {**row, "for": owners[0]} if len(owners) == 1 < len(self._found) else row


def _row(one: BaseModel, *without: str) -> Json:
    """What is stated of a thing, without defaults."""
    return one.model_dump(mode="json", exclude_defaults=True, exclude=set(without))


def _fact(fact: Fact) -> Json:
    """A fact without what its id says already."""
    row: Json = {"id": fact.id}
    if fact.id != f"{fact.record}:{fact.field}":
        row |= {"record": fact.record, "field": fact.field}
    if fact.label != fact.field:
        row["label"] = fact.label
    row["value"] = {"kind": fact.value.kind, **_row(fact.value)}
    return row | {"as_of": "now"} if fact.as_of else row


def _query(query: Query) -> Json:
    """A search without what is not so of it; the order where it was sorted."""
    conditions: list[JsonValue] = [
        {"field": one.field, "op": one.op, "value": {"kind": one.value.kind, **_row(one.value)}}
        for one in query.conditions
    ]
    order: Json = {"order": query.order} if query.sort_by else {}
    return {**_row(query, "conditions"), **order, **({"conditions": conditions} if conditions else {})}


def _vocabulary(text: str, evidence: Evidence) -> list[Json]:
    """The words that a text or terms field of the evidence takes in the catalog, those that the text names first."""
    asked = set(_words((text,)))
    worded = {fact.field for fact in evidence.facts if isinstance(fact.value, Text | Terms)}
    rows: list[Json] = []
    for field in sorted(worded & evidence.vocabulary.keys()):
        ranked = sorted(evidence.vocabulary[field], key=lambda word: asked.isdisjoint(_words((word,))))
        rows.append({"field": field, "words": [*ranked[:_WORDS]]})
    return rows


def _words(texts: Iterable[str]) -> Iterable[str]:
    return (word for text in texts for word in _WORD.findall(text.casefold()))
