"""What the four prompted models of the hops share: from typed input to messages, and from a completion to a reply."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Generic, TypeVar

from pydantic import BaseModel

from chains.allowance import Allowance
from chains.contract import Contract
from chains.errors import AllowanceSpent, PromptError
from chains.language import Completion, Json, LanguageModel, ModelCall
from chains.messages import HopName
from chains.ports import ModelCard, Repair, Reply
from chains.prompt_files import Prompt, as_json
from chains.prompted.json_text import json_of, storable, without_reasoning
from chains.prompted.strict import strict_schema
from chains.prompted.trimming import Lists, estimate_tokens, fit, message_tokens
from chains.record import PromptRef, digest
from chains.scope import Budget

GivenT = TypeVar("GivenT", bound=Contract)
_REFUSED_CHARACTERS = 6000  # of a refused reply that are shown again; a longer one was cut off or ran away
_FAILURES = 20


@dataclass(frozen=True)
class Variables:
    """What one request puts before the model: what its prompt is filled in with, and what goes beside the prompt.

    `values` are printed always. `optional` are lists that give way where the prompt gets too long, each from its end,
    in the order in which they stand; `left_out` counts what they are without already. `summary` is for the record:
    counts and codes, never a text. `functions` may be called instead of replying with JSON, and with `must_call` they
    have to be; `answers` are what the function calls of a first round found. `schema` goes before the hop's own.
    """

    values: Mapping[str, object]
    optional: Mapping[str, Sequence[object]] = field(default_factory=dict)
    summary: Json = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)
    functions: tuple[Json, ...] = ()
    must_call: bool = True
    answers: tuple[Json, ...] = ()
    schema: Json | None = None


@dataclass(frozen=True)
class _Fitted:
    """A prompt with what follows it, about how many tokens all that is sent has, and how much was left out."""

    messages: tuple[Json, ...]
    tokens: int
    trimmed: Mapping[str, int]


class Prompted(ABC, Generic[GivenT]):
    """A language model with a prompt that serves a hop (`chains.ports.HopModel`).

    A subclass says what a request puts into the prompt (`variables`, whose names are `offers`) and may change how a
    completion becomes the hop's JSON (`raw_of`), how the messages are written (`messages`) and how it is asked once
    more (`again`). `fixed` are variables that are the same for every request of a site; what depends on them alone is
    written once, and each item of fixed `examples` too. A prompt has to name what the hop `needs`. One that the hop
    offers beside its variables is `schema`: the output's JSON schema as text, or nothing where the model is held to
    it natively.

    Raises `PromptError` for a prompt that would fail at every request: one that names what the hop does not offer, or
    not what it needs, that cannot be written for `samples`, or is over `prompt_tokens` even with these.
    """

    offers: ClassVar[frozenset[str]]
    needs: ClassVar[frozenset[str]]

    def __init__(
        self,
        hop: HopName,
        model: LanguageModel,
        prompt: Prompt,
        output: type[BaseModel],
        prompt_tokens: int,
        *,
        fixed: Mapping[str, object] | None = None,
        schema: Json | None = None,
    ) -> None:
        self.card = ModelCard(model.name.partition("/")[0], model.name, "chat", repairs=True, served_from="provider")
        self.prompt = prompt
        self._hop = hop
        self._model = model
        self._output = output
        self._schema = schema if schema is not None else strict_schema(output)
        self._prompt_tokens = prompt_tokens
        offered = {**(fixed or {}), "schema": "" if model.structure == "json_schema" else as_json(self._schema)}
        if unknown := prompt.variables - offered.keys() - self.offers:
            raise PromptError(
                f"The prompt {prompt.name} names {', '.join(sorted(unknown))}; the {hop} hop offers "
                f"{', '.join(sorted(self.offers | offered.keys()))}."
            )
        if missing := self.needs - prompt.variables:
            raise PromptError(
                f"The prompt {prompt.name} does not name {', '.join(sorted(missing))}, without which the {hop} hop "
                "cannot be served; name them as the shipped prompt does."
            )
        self._prepared = prompt.prepare({name: value for name, value in offered.items() if name in prompt.variables})
        self._try_samples()

    @abstractmethod
    def variables(self, given: GivenT) -> Variables:
        """What this request puts before the model."""

    @abstractmethod
    def samples(self) -> Iterable[Variables]:
        """Small requests that every usable prompt can be written for, with something in each of its lists."""

    def messages(self, variables: Variables, kept: Lists) -> tuple[Json, ...]:
        """The prompt filled in, with what was kept of the optional lists."""
        values = {**variables.values, **kept}
        return self._prepared.render({name: value for name, value in values.items() if name in self.prompt.variables})

    def raw_of(self, completion: Completion, given: GivenT) -> str:  # noqa: ARG002 - the hop that calls functions looks at it
        """The hop's JSON in a completion, without the model's private notes."""
        return without_reasoning(json_of(completion.text))

    def again(self, repair: Repair, given: GivenT) -> tuple[Json, ...]:  # noqa: ARG002 - as above
        """The messages that ask once more: the refused reply, and what is wrong with it."""
        listed = "\n".join(
            f"- {failure.path}: {failure.msg} ({failure.code})" for failure in repair.failures[:_FAILURES]
        )
        asked = f"This reply was refused:\n{listed}\nCorrect it, change nothing else, and reply with the JSON alone."
        refused = repair.raw[:_REFUSED_CHARACTERS] or "{}"
        return {"role": "assistant", "content": refused}, {"role": "user", "content": asked}

    async def propose(self, given: GivenT, repair: Repair | None = None, allowance: Allowance | None = None) -> Reply:
        """Ask the model; raises `ModelFailed` where there is no reply, or no room in the prompt for this request."""
        call, reference = self.call(given, repair)
        completion = await self._model.complete(call, allowance or Allowance(Budget()))
        return replace(
            self._unanswered(call, reference),
            raw=self.raw_of(completion, given),
            params=completion.params,
            output_messages=tuple(storable(message) for message in completion.output_messages) or None,
            response_id=storable(completion.response_id),
            response_model=storable(completion.response_model),
            finish_reasons=tuple(storable(reason) for reason in completion.finish_reasons),
            ttft_ms=completion.ttft_ms,
            usage=completion.usage,
            usage_raw=storable(completion.usage_raw),
            cost_usd=completion.cost_usd,
            retries=completion.retries,
            served_from=completion.served_from,
        )

    def question(self, given: GivenT, repair: Repair | None = None) -> Reply:
        """What `propose` asks, as a reply without an answer; raises `AllowanceSpent` like `call`."""
        return self._unanswered(*self.call(given, repair))

    def call(self, given: GivenT, repair: Repair | None = None) -> tuple[ModelCall, PromptRef]:
        """The question as the model gets it, and what the record says of it; nothing is sent.

        Raises `AllowanceSpent` where the prompt is too long even without all that it can do without.
        """
        variables = self.variables(given)
        first, reference = self._asked(variables)
        if repair is None:
            return first, reference
        call, reference = self._asked(variables, self.again(repair, given))
        return replace(call, attempt=2, first=first.messages), reference

    def _try_samples(self) -> None:
        least = max(self._fitted(sample).tokens for sample in self.samples())
        if least > self._prompt_tokens:
            raise PromptError(
                f"The prompt {self.prompt.name} has up to {least} tokens for the shortest request, with all left out "
                f"that it can do without; budget.prompt_tokens is {self._prompt_tokens}: raise it, or write a shorter "
                "version of the prompt."
            )

    def _unanswered(self, call: ModelCall, reference: PromptRef) -> Reply:
        return Reply(
            raw="",
            params=self._model.params(call),
            prompt=reference,
            input_messages=call.messages,
            tools=call.functions or None,
            sent_schema_sha256=digest(as_json(call.schema)) if self._is_held(call.functions) else None,
            price_table_sha256=self._model.price_table_sha256,
        )

    def _is_held(self, functions: tuple[Json, ...]) -> bool:
        """Whether the schema is sent beside the prompt."""
        return self._model.structure == "json_schema" and not functions

    def _fitted(self, variables: Variables, more: tuple[Json, ...] = ()) -> _Fitted:
        """The prompt for a request within the budget, or as near to it as it can be, and `more` at its end."""
        functions = variables.functions
        sent = [*functions, *([self._schema_of(variables)] if self._is_held(functions) else [])]
        beside = message_tokens(more) + sum(estimate_tokens(as_json(one)) for one in sent)
        optional = {name: items for name, items in variables.optional.items() if name in self.prompt.variables}
        room = self._prompt_tokens - beside
        messages, tokens, trimmed = fit(lambda kept: self.messages(variables, kept), optional, room)
        return _Fitted((*messages, *more), tokens + beside, trimmed)

    def _schema_of(self, variables: Variables) -> Json:
        return variables.schema or self._schema

    def _asked(self, variables: Variables, more: tuple[Json, ...] = ()) -> tuple[ModelCall, PromptRef]:
        """The question with these messages at its end."""
        fitted = self._fitted(variables, more)
        if fitted.tokens > self._prompt_tokens:
            raise AllowanceSpent(
                f"The prompt {self.prompt.name} has about {fitted.tokens} tokens with all left out that it can do "
                f"without; budget.prompt_tokens is {self._prompt_tokens}."
            )
        left_out = {name: fitted.trimmed.get(name, 0) + variables.left_out.get(name, 0) for name in variables.optional}
        reference = PromptRef(
            name=self.prompt.hop,
            version=self.prompt.version,
            template_sha256=self.prompt.sha256,
            vars=variables.summary,
            tokens=fitted.tokens,
            trimmed={name: count for name, count in left_out.items() if count},
        )
        call = ModelCall(
            hop=self._hop,
            messages=fitted.messages,
            schema_name=self._output.__name__,
            schema=self._schema_of(variables),
            input_tokens=fitted.tokens,
            functions=variables.functions,
            must_call=variables.must_call,
        )
        return call, reference
