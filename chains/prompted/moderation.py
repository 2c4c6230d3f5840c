"""Moderation by a language model: a layer beside the rules, never instead of them."""

from typing import ClassVar, Literal

from chains.contract import Contract
from chains.language import Completion, Json, LanguageModel
from chains.messages import ModerationInput
from chains.prompt_files import Prompt
from chains.prompted.base import Prompted, Variables
from chains.prompted.json_text import changed, json_of
from moderation.verdict import Category


class Judgement(Contract):
    """What the model is asked: a verdict whose categories have no scores, because it cannot calibrate them."""

    action: Literal["allow", "review", "block"]
    categories: tuple[Category, ...]
    reasons: tuple[str, ...]


class PromptedModerator(Prompted[ModerationInput]):
    """Serves the moderation hop by a prompt; its replies are `moderation.Verdict`s of the layer `model`."""

    needs: ClassVar[frozenset[str]] = frozenset({"text"})
    offers: ClassVar[frozenset[str]] = needs

    def __init__(self, model: LanguageModel, prompt: Prompt, prompt_tokens: int) -> None:
        super().__init__("moderation", model, prompt, Judgement, prompt_tokens)

    def variables(self, given: ModerationInput) -> Variables:
        """The customer's text."""
        return Variables({"text": given.text}, summary={"text_chars": len(given.text)})

    def samples(self) -> tuple[Variables, ...]:
        """A short text."""
        return (self.variables(ModerationInput(text="?", locale="en")),)

    def raw_of(self, completion: Completion, given: ModerationInput) -> str:  # noqa: ARG002 - a verdict is of the reply alone
        """The verdict in a reply; the layer is set by code, and a category that was named has the score 1."""
        return changed(json_of(completion.text), _verdict)


def _verdict(reply: Json) -> Json:
    named = reply.get("categories")
    scores: Json = {name: 1.0 for name in named if isinstance(name, str)} if isinstance(named, list) else {}
    return {**reply, "layer": "model", "categories": scores if isinstance(named, list) else named}
