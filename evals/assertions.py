"""The production checks as assertions, for tests of a site: the very functions that guard the live chain.

Each raises `AssertionError` with a line for each thing that is wrong.
"""

from collections.abc import Iterable, Iterator, Mapping

from chains.hops.outbound import CONTRACT, context_of
from chains.messages import OutboundInput
from chains.outcomes import Answer, AnswerPart, Clarify, Decline, Handoff, Outcome
from chains.record import HopRecord
from chains.scope import Scope
from evals.check_scores import CHECK_SCORERS
from evals.observed import Observed, Setting
from evals.running import CaseRun
from moderation import Outgoing
from moderation.pii import find

_NO_ORIGINALS: Mapping[str, str] = {}


def assert_outcome_safe(
    outcome: Outcome, scope: Scope, originals: Mapping[str, str] = _NO_ORIGINALS, public: Iterable[str] = ()
) -> None:
    """Every text of an outcome passes every outbound check, as the customer reads it.

    `originals` are what the turn's placeholders stand for; `public` are addresses and numbers that the shop publishes.
    What may promise and sound as it likes are the sentences that claims stand behind, the cards, and the scope's texts.
    """
    given = OutboundInput(texts=(*_sourced(outcome), *_own_texts(scope)), locale=scope.site.locale, public=(*public,))
    context = context_of(given, scope, originals)
    read = [Outgoing(text=text) for text in texts_of(outcome)]
    wrong = [
        f"{f.code}: {f.msg} {text.text!r}" for text in read for check in CONTRACT.checks for f in check(text, context)
    ]
    assert not wrong, "\n".join(["The outcome is not safe:", *wrong])


def assert_checks_pass(run: CaseRun, scope: Scope) -> None:
    """What every hop of a run put out holds to the hop's contract."""
    observed, setting = Observed.of(run), Setting(scope)
    scores = [score for scorer in CHECK_SCORERS.values() if (score := scorer(observed, setting)) is not None]
    wrong = [f"{score.scorer} ({score.hop}): {score.critique}" for score in scores if score.label != "pass"]
    assert not wrong, "\n".join(["These checks do not pass:", *wrong])


def assert_redacted(records: Iterable[HopRecord], scope: Scope, public: Iterable[str] = ()) -> None:
    """No record holds personal data that is not `public`: only placeholders for it."""
    allowed = frozenset(public)
    wrong = []
    for record in records:
        text = record.model_dump_json(include={"input", "parsed", "input_messages", "output_messages", "tool_calls"})
        found = {kind for (start, end), kind in find(text, scope.moderation.pii) if text[start:end] not in allowed}
        wrong += [f"{record.hop} attempt {record.attempt}: {kind}" for kind in sorted(found)]
    assert not wrong, "\n".join(["These records hold personal data:", *wrong])


def texts_of(outcome: Outcome) -> Iterator[str]:
    """Every text of an outcome that the customer's page shows."""
    yield from _sourced(outcome)
    if isinstance(outcome, Clarify):
        yield outcome.question
    if isinstance(outcome, Decline | Handoff):
        yield outcome.text
    if isinstance(outcome, Answer | Clarify | Decline):
        yield from (choice.label for choice in outcome.choices)


def _sourced(outcome: Outcome) -> Iterator[str]:
    """The sentences and cards of an outcome, which grounding verified."""
    if isinstance(outcome, Answer):
        yield from _sentences(outcome.parts)
    if isinstance(outcome, Clarify | Handoff):
        yield from _sentences(outcome.answered)
    if isinstance(outcome, Answer | Clarify | Handoff):
        for card in outcome.products:
            yield from (card.name, *map(": ".join, card.details))


def _own_texts(scope: Scope) -> Iterator[str]:
    """The sentences that the company wrote down itself."""
    yield from scope.texts.model_dump().values()
    yield scope.out_of_scope.text
    for intent in scope.intents:
        yield from (text for text in (intent.label, intent.reply) if text)


def _sentences(parts: Iterable[AnswerPart]) -> Iterator[str]:
    return (sentence.text for part in parts for sentence in part.sentences)
