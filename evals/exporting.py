"""Training data from the records of language models: what they were asked, and which replies were right.

A question is exactly what the model was given at inference: the messages and functions of the record. Where the scope,
prompt and catalog that made it are at hand, it is written once more from the typed input and has to come out the same.
A repaired reply answers the question of the first attempt, so that what is learned is to be right at once.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import cycle
from typing import Literal

from pydantic import BaseModel, JsonValue
from pydantic_core import to_json

from chains.errors import AllowanceSpent
from chains.language import Json
from chains.messages import HopName, IntentInput, LookupInput, ModerationInput, ResponseInput
from chains.ports import Cascade
from chains.prompt_files import as_json
from chains.prompted.base import Prompted
from chains.record import HopRecord, digest
from chains.scope import Scope
from chains.turn import Chain
from evals.cases import Expectation
from evals.labels import Preference
from evals.observed import output_of
from evals.verdicts import Verdict, Verdicts, named
from moderation import Verdict as Moderated
from moderation.pii import find

LEAST_EXAMPLES = 100
"""Below it fine-tuning is not justified: OpenAI's guide sees first improvements from 50 to 100 examples on."""

LeftOut = Literal[
    "of the test split",
    "of the dev split",
    "with the text of a test case",
    "without a reply",
    "without their first attempt",
    "not as their prompt is written today",
    "with personal data",
    "judged by nobody",
    "wrong and not corrected",
    "the same as another",
    "with function calls, which pairs cannot hold",
    "without the records that were preferred",
]
_Standing = Literal["right", "wrong", "mended", "refused", "unknown"]
"""`mended` is a valid reply after a `refused` one: better than that, and not known to be right."""


@dataclass(frozen=True)
class Question:
    """What a language model was asked, as the provider got it."""

    hop: HopName
    messages: tuple[Json, ...]
    tools: tuple[Json, ...] | None

    @property
    def key(self) -> str:
        """Its content address."""
        return digest(to_json([self.hop, self.messages, self.tools]).decode())


@dataclass(frozen=True)
class Reply:
    """One reply to a question, as an assistant's message, and how it stands."""

    event_id: str
    message: Json
    standing: _Standing
    text: str


Answered = tuple[Question, list[Reply]]
_Pair = tuple[Question, Reply, Reply]

Rewrite = Callable[[HopRecord], Question | None]
"""Writes a record's question anew from its typed input; None where what made it is not at hand."""


class Collection:
    """Questions of language models with their replies, collected from records in their order; kept in memory.

    The test split's records are never taken, and neither is any other record with the text of one of them; the dev
    split's only with `dev`. `left_out` counts what was not taken, and why; `compared` how many questions were written
    anew and came out the same.
    """

    def __init__(
        self, scope: Scope, verdicts: Verdicts, rewrite: Rewrite, public: str = "", *, dev: bool = False
    ) -> None:
        """`public` is a text whose addresses and numbers are nobody's personal data, such as the scope file's."""
        self.left_out: Counter[LeftOut] = Counter()
        self.compared = 0
        self._scope = scope
        self._verdicts = verdicts
        self._rewrite = rewrite
        self._read: dict[str, frozenset[str]] = {}
        self._public = self._personal(public)
        self._dev = dev
        self._questions: dict[str, Question] = {}
        self._replies: dict[str, list[Reply]] = {}
        self._first: dict[str, str] = {}
        self._of_event: dict[str, str] = {}
        self._test_texts: set[str] = set()

    def hold_out(self, text: str) -> None:
        """Leave out whatever has this redacted text, because it is a test case's."""
        self._test_texts.add(text)

    def add(self, record: HopRecord) -> None:
        """Take one record, if a language model replied to it and nothing speaks against it."""
        text = str(record.input.get("text", ""))
        if record.split == "test":
            self.hold_out(text)
        if record.input_messages is None:
            return
        refused = self._refused(record, text)
        if refused:
            self.left_out[refused] += 1

    def sft(self) -> Iterator[tuple[HopName, Json]]:
        """A line for each right or corrected reply, with its hop: OpenAI's chat format, only the reply weighing."""
        for question, replies in self._taken():
            messages = {as_json(reply.message): reply for reply in replies if reply.standing == "right"}
            for reply in messages.values():
                yield (
                    question.hop,
                    _line(question, {"messages": [*map(_unweighted, question.messages), _weighted(reply.message)]}),
                )
            self.left_out["the same as another"] += sum(r.standing == "right" for r in replies) - len(messages)
            self.left_out["judged by nobody"] += sum(r.standing in {"mended", "unknown"} for r in replies)
            self.left_out["wrong and not corrected"] += sum(r.standing in {"wrong", "refused"} for r in replies)

    def dpo(self, preferences: Iterable[Preference] = ()) -> Iterator[tuple[HopName, Json]]:
        """A line for each wrong reply beside a right one to the same question, and for each preference; and its hop."""
        written: set[str] = set()
        taken = tuple(self._taken())
        for question, chosen, rejected in (*_judged_pairs(taken), *self._preferred_pairs(taken, preferences)):
            if "tool_calls" in chosen.message or "tool_calls" in rejected.message:
                self.left_out["with function calls, which pairs cannot hold"] += 1
                continue
            line = _line(
                question, {"messages": [*question.messages], "chosen": chosen.message, "rejected": rejected.message}
            )
            key = as_json(line)
            if chosen.message == rejected.message or key in written:
                self.left_out["the same as another"] += 1
                continue
            written.add(key)
            yield question.hop, line

    def _refused(self, record: HopRecord, text: str) -> LeftOut | None:
        """Take a record; or else why it is left out."""
        if record.split == "test":
            return "of the test split"
        if record.split == "dev" and not self._dev:
            return "of the dev split"
        question = Question(record.hop, record.input_messages or (), record.tools)
        if record.attempt == 1:
            again = self._rewrite(record)
            if again is not None and again.key != question.key:
                return "not as their prompt is written today"
            self.compared += again is not None
            self._first[_asked(record)] = question.key
            self._questions.setdefault(question.key, question)
        key = self._first.get(_asked(record))
        if key is None:
            return "without their first attempt"
        if not record.output_messages:
            return "without a reply"
        return self._take(record, key, text)

    def _take(self, record: HopRecord, key: str, text: str) -> LeftOut | None:
        verdict = self._verdicts.of(record)
        reply = Reply(record.event_id, _message(record), _standing(record, verdict), text)
        replies = [reply, *_corrections(record, verdict, text)]
        public = self._public | self._personal(*_passages(record))
        said = _texts([[*self._questions[key].messages], [one.message for one in replies]])
        if self._personal(*said) - public:
            return "with personal data"
        self._replies.setdefault(key, []).extend(replies)
        self._of_event[record.event_id] = key
        return None

    def _taken(self) -> Iterator[Answered]:
        """The questions with their replies, those with the text of a test case left out."""
        for key, replies in self._replies.items():
            if any(reply.text in self._test_texts for reply in replies):
                self.left_out["with the text of a test case"] += len(replies)
            else:
                yield self._questions[key], replies

    def _preferred_pairs(self, taken: Iterable[Answered], preferences: Iterable[Preference]) -> Iterator[_Pair]:
        """Pairs of replies whose records were compared; both must answer one question."""
        known = {question.key: replies for question, replies in taken}
        for preference in preferences:
            if preference.chosen is None or preference.rejected is None:
                continue
            events = [one.target.event_id if one.target else None for one in (preference.chosen, preference.rejected)]
            keys = {self._of_event.get(event or "") for event in events}
            key = keys.pop() if len(keys) == 1 else None
            if key is None or key not in known:
                self.left_out["without the records that were preferred"] += 1
                continue
            chosen, rejected = (next(r for r in known[key] if r.event_id == event) for event in events)
            yield self._questions[key], chosen, rejected

    def _personal(self, *texts: str) -> frozenset[str]:
        """The personal data in texts; a text that stands in many questions is read once."""
        for text in texts:
            if text not in self._read:
                found = find(text, self._scope.moderation.pii)
                self._read[text] = frozenset(text[start:end] for (start, end), _ in found)
        return frozenset().union(*(self._read[text] for text in texts))


def rewriting(chain: Chain) -> Rewrite:
    """Writes questions anew by the chain's own prompts, where these, its scope and its catalog are the record's."""
    cascades: Mapping[
        str,
        tuple[
            Cascade[ModerationInput] | Cascade[IntentInput] | Cascade[LookupInput] | Cascade[ResponseInput],
            type[BaseModel],
        ],
    ] = {
        "moderation": (Cascade.of(*chain.moderators), ModerationInput),
        "intent": (chain.intent_model, IntentInput),
        "lookup": (chain.planner, LookupInput),
        "response": (chain.responder, ResponseInput),
    }

    def rewrite(record: HopRecord) -> Question | None:
        if record.prompt is None or (record.scope_sha256, record.catalog_sha256) != (
            chain.scope_sha256,
            chain.catalog_version,
        ):
            return None
        cascade, kind = cascades[record.hop]
        model = cascade.only(record.model).tiers[0].model
        if not isinstance(model, Prompted) or model.card.name != record.model:
            return None
        if model.prompt.sha256 != record.prompt.template_sha256:
            return None
        try:
            asked = model.question(kind.model_validate_json(to_json(record.input)))
        except AllowanceSpent:
            return None
        return Question(record.hop, asked.input_messages or (), asked.tools)

    return rewrite


def _judged_pairs(taken: Iterable[Answered]) -> Iterator[_Pair]:
    """Each wrong or refused reply beside a right one; where none is, each refused one beside a mended one."""
    for question, replies in taken:
        right, mended = ([one for one in replies if one.standing == standing] for standing in ("right", "mended"))
        worse = {"refused", "wrong"} if right else {"refused"}
        rejected = (one for one in replies if one.standing in worse)
        if better := right or mended:
            yield from ((question, one, other) for other, one in zip(rejected, cycle(better), strict=False))


def _asked(record: HopRecord) -> str:
    """What the attempts of one model at one thing have in common."""
    what = [
        record.trace_id,
        record.turn_id,
        record.run_id,
        record.origin,
        record.hop,
        record.tier,
        record.model,
        record.input,
    ]
    return digest(to_json(what).decode())


def _message(record: HopRecord) -> Json:
    """The reply as an assistant's message, without what only its provider knows."""
    said = (record.output_messages or ({},))[-1]
    kept: Json = {"role": "assistant", "content": said.get("content")}
    return kept | ({"tool_calls": said["tool_calls"]} if said.get("tool_calls") else {})


def _standing(record: HopRecord, verdict: Verdict | None) -> _Standing:
    if not record.valid:
        return "refused"
    if verdict is None:
        return "mended" if record.attempt > 1 else "unknown"
    return "right" if verdict.label == "pass" else "wrong"


def _corrections(record: HopRecord, verdict: Verdict | None, text: str) -> Iterator[Reply]:
    """What a labeller put in place of a wrong reply, where that is all that a reply of the hop says.

    Calls and facts that a case expects are only a part of a plan and of a draft, so they are no replies.
    """
    if verdict is None or verdict.corrected is None:
        return
    said: Json | None = None
    if record.hop == "intent":
        said = _corrected_intent(record, verdict.corrected)
    elif record.hop == "moderation":
        said = _corrected_moderation(record, verdict.corrected)
    if said is not None:
        content = str(as_json({"reasoning": verdict.critique or "", **said}))
        yield Reply(f"{record.event_id} corrected", {"role": "assistant", "content": content}, "right", text)


def _corrected_intent(record: HopRecord, corrected: Expectation) -> Json | None:
    if corrected.intents is None or not (names := corrected.intents or named(record)):
        return None
    outside = not corrected.intents
    scores: list[JsonValue] = [{"intent": name, "score": 0.05 if outside else 0.95} for name in names]
    return {
        "ranked": [*scores[:1]],
        "second": scores[1] if len(scores) > 1 and not outside else None,
        "out_of_scope": 0.97 if outside else 0.02,
        "language": None,
    }


def _corrected_moderation(record: HopRecord, corrected: Expectation) -> Json | None:
    """A verdict with that action; what was found stays as the model named it, and without anything none is stricter."""
    if corrected.moderation == "pass":
        return {"action": "allow", "categories": [], "reasons": []}
    said = output_of(record, Moderated)
    if corrected.moderation is None or said is None or not said.categories:
        return None
    if corrected.moderation == "block" and "self_harm" in said.categories:  # a person reads these, whatever it is
        return None
    return {"action": corrected.moderation, "categories": [*said.categories], "reasons": [*said.reasons]}


def _passages(record: HopRecord) -> Iterator[str]:
    """The shop's own policies in a record's input: what they publish is nobody's personal data."""
    evidence = record.input.get("evidence")
    passages = evidence.get("passages") if isinstance(evidence, dict) else None
    for passage in passages if isinstance(passages, list) else ():
        yield str(passage.get("text", "")) if isinstance(passage, dict) else ""


def _texts(value: JsonValue) -> Iterator[str]:
    """All texts in a JSON value."""
    match value:
        case str():
            yield value
        case list():
            yield from (text for one in value for text in _texts(one))
        case dict():
            yield from (text for one in value.values() for text in _texts(one))


def _line(question: Question, parts: Json) -> Json:
    return parts | ({"tools": [*question.tools]} if question.tools else {})


def _unweighted(message: Json) -> Json:
    """A message of the question; worked examples in it are not learned from."""
    return {**message, "weight": 0} if message["role"] == "assistant" else message


def _weighted(message: Json) -> Json:
    return {**message, "weight": 1}
