"""Language models as judges: a closed question about one result, a verdict with a critique, and the right to be unsure.

Four questions, each a versioned prompt in `evals/prompts/`: `answered` (is the question answered?), `facts` (are the
facts that were used the right ones?), `ideal` (how do the facts compare with those of the ideal answer? A to E, as in
the "fact" rubric of OpenAI's evals), and `better` (which of two replies?). What a judge says is believed as far as
`evals.alignment` shows that it agrees with people. All texts that it reads are data: they are escaped, and stand
between tags; what it writes goes no further than a label and a critique.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import copy_context
from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Generic, Literal, TypeVar, get_args

from pydantic import ValidationError

from chains.allowance import Allowance
from chains.claims import Draft
from chains.contract import Contract
from chains.errors import ModelFailed, PromptError
from chains.facts import Evidence
from chains.language import LanguageModel, ModelCall
from chains.messages import Grounded, GroundingInput
from chains.prompt_files import Prompt, as_json
from chains.prompted.json_text import json_of, without_reasoning
from chains.prompted.strict import strict_schema
from chains.prompted.trimming import estimate_tokens, message_tokens
from chains.scope import Budget
from evals.cassettes import REPEAT
from evals.labels import JUDGE, Candidate, Evaluator, JudgementLabel, Preference, Preferred, majority
from evals.observed import Observed, output_of, part_of
from evals.results import Score

Question = Literal["answered", "facts", "ideal"]
QUESTIONS: tuple[Question, ...] = get_args(Question)
SHIPPED = Path(__file__).parent / "prompts"
BUDGET = Budget(deadline_ms=60_000, hop_ms=30_000, model_calls=3, prompt_tokens=12_000, usd=5.0)
"""What one reply of a judge may take; what all may cost together is for whoever asks to limit."""
_LEFT_OUT = 60  # facts that were found and not used, of which a judge is told
_CRITIQUE_CHARS = 1000
_REPEATS_APART = 1000  # a judge's repeats are told apart from those of the case that it judges

SaidT = TypeVar("SaidT", bound=Contract)


class Verdict(Contract):
    """A judge's answer to a yes-or-no question."""

    verdict: JudgementLabel
    critique: str


class Comparison(Contract):
    """How a reply's facts compare with an ideal one's: less (A), more (B), the same (C), at odds (D), no matter (E)."""

    choice: Literal["A", "B", "C", "D", "E", "unsure"]
    critique: str


class Better(Contract):
    """Which of two replies is better, in the order in which they were shown."""

    better: Literal["first", "second", "tie", "unsure"]
    critique: str


_OF_CHOICE: dict[str, JudgementLabel] = {"A": "fail", "B": "pass", "C": "pass", "D": "fail", "E": "pass"}


@cache
def load_rubric(name: str, version: str = "1") -> Prompt:
    """A judge's prompt; raises `PromptError` where there is none of that name and version, or it is no prompt."""
    path = SHIPPED / name / f"{version}.txt"
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise PromptError(f"{path}: the judge's prompt cannot be read ({error.strerror}).") from None
    prompt = Prompt("response", f"{name}.{version}", raw.decode(), sha256(raw).hexdigest(), frozenset())
    return replace(prompt, variables=frozenset(given for section in prompt.sections for given in section.names))


class Asking(Generic[SaidT]):
    """One closed question to one model: from what the prompt is filled in with to a reply of the right form."""

    def __init__(self, name: str, model: LanguageModel, said: type[SaidT], version: str = "1") -> None:
        self.name = f"{JUDGE}{name}"
        self.version = f"{version}@{model.name}"
        self._prompt = load_rubric(name, version)
        self._model = model
        self._said = said
        self._schema = strict_schema(said)

    def call(self, values: Mapping[str, object]) -> ModelCall:
        """What the model is asked where the prompt is filled in with these values."""
        schema = "" if self._model.structure == "json_schema" else as_json(self._schema)
        messages = self._prompt.render({**values, "schema": schema})
        return ModelCall(
            hop="response",
            messages=messages,
            schema_name=self._said.__name__,
            schema=self._schema,
            input_tokens=message_tokens(messages) + estimate_tokens(as_json(self._schema)),
        )

    async def ask(self, values: Mapping[str, object], repeat: int = 0) -> SaidT:
        """The judge's reply; raises `ModelFailed` where there is none, `ValidationError` where it has another form."""
        call = self.call(values)
        REPEAT.set(repeat_of(REPEAT.get(), repeat))
        completion = await self._model.complete(call, Allowance(BUDGET))
        return self._said.model_validate_json(without_reasoning(json_of(completion.text)))

    async def ask_apart(self, values: Mapping[str, object], repeat: int) -> SaidT | str:
        """The same in a context of its own, or the kind of failure: what an error says may hold a customer's text."""
        try:
            return await asyncio.create_task(self.ask(values, repeat), context=copy_context())
        except (ModelFailed, ValidationError) as error:
            return type(error).__name__


def repeat_of(of_case: int, of_judge: int) -> int:
    """Which repeat a judge's call is on a cassette: one for each of the judge's on each of the case's."""
    return of_case * _REPEATS_APART + of_judge


@dataclass(frozen=True)
class Concluded:
    """What a judge's replies come to; `failures` are the kinds of errors in the place of those that are missing."""

    said: Score | Preference | None
    failures: frozenset[str] = frozenset()

    def failed_by(self, error_type: str) -> bool:
        """Whether a reply is missing because of an error of this name."""
        return error_type in self.failures


@dataclass(frozen=True)
class Inquiry(Generic[SaidT]):
    """What a judge is to be asked of one thing, side by side, and what its replies come to.

    `asks` are the values for its prompt, each with which repeat of the same question it is.
    """

    asking: Asking[SaidT]
    asks: tuple[tuple[Mapping[str, object], int], ...]
    conclude: Callable[[Sequence[SaidT | str]], Score | Preference | None]

    @property
    def calls(self) -> Iterable[tuple[ModelCall, int]]:
        """What the model is asked, and as which repeat."""
        return ((self.asking.call(values), repeat) for values, repeat in self.asks)

    async def ask(self) -> Concluded:
        """Ask, and draw the conclusion."""
        replies = await asyncio.gather(*(self.asking.ask_apart(values, repeat) for values, repeat in self.asks))
        return Concluded(self.conclude(replies), frozenset(_failures(replies)))


@dataclass(frozen=True)
class _Rubric(Generic[SaidT]):
    """What a question needs of a result (None: it cannot be asked), and the label and critique of its reply."""

    said: type[SaidT]
    values: Callable[[Observed], Mapping[str, object] | None]
    label: Callable[[SaidT], tuple[JudgementLabel, str]]


class Judge(Generic[SaidT]):
    """A question that a language model answers of results, `repeats` times each; most of the replies decide.

    As a judge that is asked more often is another one, its version says how often.
    """

    def __init__(self, asking: Asking[SaidT], rubric: _Rubric[SaidT], repeats: int = 1) -> None:
        self.name = asking.name
        self.version = asking.version if repeats == 1 else f"{asking.version} x{repeats}"
        self._asking = asking
        self._rubric = rubric
        self._repeats = repeats

    def inquiry(self, observed: Observed) -> Inquiry[SaidT] | None:
        """What to ask of a result; None where there is nothing to ask, or something failed that is not to be judged."""
        values = None if observed.failure_until(None) else self._rubric.values(observed)
        if values is None:
            return None
        return Inquiry(self._asking, tuple((values, repeat) for repeat in range(self._repeats)), self._concluded)

    def _concluded(self, replies: Sequence[SaidT | str]) -> Score:
        """The verdict; `error` where the judge did not reply."""
        labels = [self._rubric.label(reply) for reply in replies if not isinstance(reply, str)]
        if not labels:
            return self._score("error", None, f"The judge gave no verdict ({', '.join(sorted(_failures(replies)))}).")
        decided = majority(Counter(label for label, _ in labels))
        critique = next((said for label, said in labels if label == decided), "The verdicts differ.")
        share = sum(label == decided for label, _ in labels) / len(labels) if self._repeats > 1 else None
        return self._score(decided, share, critique)

    def _score(self, label: JudgementLabel | Literal["error"], value: float | None, critique: str) -> Score:
        return Score(
            scorer=self.name, version=self.version, label=label, value=value, critique=critique[:_CRITIQUE_CHARS]
        )


def judge(question: Question, model: LanguageModel, repeats: int = 1) -> "Judge[Verdict] | Judge[Comparison]":
    """A judge of that question; the value of its scores is the share of repeats that agree (0..1)."""
    if question == "ideal":
        return Judge(Asking(question, model, Comparison), _IDEAL, repeats)
    return Judge(Asking(question, model, Verdict), _ANSWERED if question == "answered" else _FACTS, repeats)


def preference(request: str, a: Candidate, b: Candidate, model: LanguageModel) -> Inquiry[Better]:
    """Which of two replies is the better one, asked in both orders; a verdict that changes with the order is unsure.

    There is no preference where the judge gave no verdict on one of the orders.
    """
    asking = Asking("better", model, Better)

    def concluded(replies: Sequence[Better | str]) -> Preference | None:
        first, second = replies
        if isinstance(first, str) or isinstance(second, str):
            return None
        ours, theirs = _preferred(first, "a", "b"), _preferred(second, "b", "a")
        same = ours == theirs
        critique = first.critique if same else "The verdict changes with the order of the replies."
        return Preference(
            request=request,
            a=a,
            b=b,
            preferred=ours if same else "unsure",
            evaluator=Evaluator(name=asking.name, version=asking.version),
            kind="llm",
            critique=critique[:_CRITIQUE_CHARS],
        )

    orders = ({"first": a.text, "second": b.text}, {"first": b.text, "second": a.text})
    return Inquiry(asking, tuple(({"request": request, **order}, 0) for order in orders), concluded)


def _preferred(said: Better, first: Preferred, second: Preferred) -> Preferred:
    """The choice by the names of those that were shown first and second."""
    match said.better:
        case "first":
            return first
        case "second":
            return second
        case other:
            return other


def _failures(replies: Iterable[object]) -> set[str]:
    return {reply for reply in replies if isinstance(reply, str)}


def _answered(observed: Observed) -> Mapping[str, object] | None:
    return {"request": request_of(observed), "said": observed.said} if observed.said else None


def _compared(observed: Observed) -> Mapping[str, object] | None:
    if not observed.said or not observed.case.ideal:
        return None
    return {"request": request_of(observed), "said": observed.said, "ideal": observed.case.ideal}


def _used(observed: Observed) -> Mapping[str, object] | None:
    """The facts that the reply rests on, and others that were found; None where it rests on none."""
    record = observed.last("grounding")
    given, said = (part_of(record, GroundingInput), output_of(record, Grounded)) if record else (None, None)
    if given is None or said is None or not observed.said:
        return None
    used = {fact for part in said.parts for sentence in part.sentences for fact in sentence.facts}
    used |= _passages(given.draft)
    rows = _rows(given.evidence)
    return {
        "request": request_of(observed),
        "said": observed.said,
        "used": [row for row in rows if row["id"] in used],
        "left": [row for row in rows if row["id"] not in used][:_LEFT_OUT],
    }


def _passages(draft: Draft) -> set[str]:
    return {claim.passage for part in draft.parts for claim in part.claims if claim.kind == "quote"}


def _rows(evidence: Evidence) -> list[dict[str, object]]:
    names = {record.id: record.name for record in evidence.records}
    facts: list[dict[str, object]] = [
        {"id": fact.id, "of": names.get(fact.record, fact.record), "label": fact.label, "value": fact.value}
        for fact in evidence.facts
    ]
    facts += [{"id": one.id, "title": one.title, "text": one.text} for one in evidence.passages]
    return facts


def request_of(observed: Observed) -> str:
    """The request as the hops had it, redacted; where none had it, the case's own."""
    texts = (record.input.get("text") for record in observed.records)
    return next((text for text in texts if isinstance(text, str)), observed.case.text)


_ANSWERED = _Rubric(Verdict, _answered, lambda said: (said.verdict, said.critique))
_FACTS = _Rubric(Verdict, _used, lambda said: (said.verdict, said.critique))
_IDEAL = _Rubric(
    Comparison, _compared, lambda said: (_OF_CHOICE.get(said.choice, "unsure"), f"{said.choice}: {said.critique}")
)
