"""Intent by a language model: the scope's intents and examples as a prompt."""

from collections.abc import Iterator
from itertools import zip_longest
from typing import ClassVar

from chains.language import Completion, Json, LanguageModel
from chains.messages import Intent, IntentInput
from chains.prompt_files import Prompt
from chains.prompted.base import Prompted, Variables
from chains.prompted.json_text import changed, json_of
from chains.prompted.strict import strict_schema
from chains.scope import IntentScope, Scope

_INSIDE, _OUTSIDE = 24, 6  # worked examples; what is over the prompt's budget gives way from the end
_OUTSIDE_EVERY = 4


class PromptedIntent(Prompted[IntentInput]):
    """Serves the intent hop by a prompt. No `confidence` is asked for: a model's own word of it is not calibrated."""

    needs: ClassVar[frozenset[str]] = frozenset({"text"})
    offers: ClassVar[frozenset[str]] = frozenset({"text", "on_product", "previous_intent"})

    def __init__(self, model: LanguageModel, prompt: Prompt, scope: Scope, prompt_tokens: int) -> None:
        self._examples = worked_examples(scope)
        intents = [{"id": one.id, "label": one.label, "description": one.description} for one in scope.intents]
        super().__init__(
            "intent",
            model,
            prompt,
            Intent,
            prompt_tokens,
            fixed={"shop": scope.site.name, "intents": intents, "examples": self._examples},
            schema=strict_schema(Intent, ("confidence",), intent=tuple(scope.by_id)),
        )

    def variables(self, given: IntentInput) -> Variables:
        """The text, whether a product's page is open, and what the case was about before."""
        values = {"text": given.text, "on_product": given.on_product, "previous_intent": given.previous_intent}
        summary: Json = {
            "text_chars": len(given.text),
            "on_product": given.on_product,
            "previous_intent": given.previous_intent,
        }
        return Variables(values, {"examples": self._examples}, summary)

    def samples(self) -> Iterator[Variables]:
        """A short text, with and without what may be known beside it."""
        yield self.variables(IntentInput(text="?", locale="en"))
        yield self.variables(IntentInput(text="?", locale="en", on_product=True, previous_intent="?"))

    def raw_of(self, completion: Completion, given: IntentInput) -> str:  # noqa: ARG002 - as every model's reply is read
        """The ranking in a reply, its confidence unknown."""
        return changed(json_of(completion.text), lambda reply: {**reply, "confidence": None})


def worked_examples(scope: Scope) -> tuple[Json, ...]:
    """Texts of the scope with the replies that are wanted, always the same ones, as `text` and `reply`.

    The first example of each intent, then the second of each, and now and then one that is out of scope.
    """
    rounds = zip_longest(*([(intent, text) for text in intent.examples] for intent in scope.intents))
    inside = [pair for one in rounds for pair in one if pair][:_INSIDE]
    outside = iter(scope.out_of_scope.examples[:_OUTSIDE])
    return tuple(_interleaved(inside, outside, scope))


def _interleaved(inside: list[tuple[IntentScope, str]], outside: Iterator[str], scope: Scope) -> Iterator[Json]:
    for place, (intent, text) in enumerate(inside, start=1):
        about = f"The customer asks about: {intent.label}"
        yield {"text": text, "reply": _reply(about + _stop(about), intent.id, 0.95, 0.02)}
        if place % _OUTSIDE_EVERY == 0 and (other := next(outside, None)) is not None:
            yield {"text": other, "reply": _reply("Not among this shop's intents.", scope.intents[0].id, 0.05, 0.97)}


def _stop(sentence: str) -> str:
    """The full stop that a sentence is without."""
    return "" if sentence.endswith((".", "?", "!")) else "."


def _reply(reasoning: str, intent: str, score: float, out_of_scope: float) -> Json:
    return {
        "reasoning": reasoning,
        "ranked": [{"intent": intent, "score": score}],
        "second": None,
        "out_of_scope": out_of_scope,
        "language": None,
    }
