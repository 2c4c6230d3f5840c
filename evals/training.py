"""What people corrected as further examples of a scope's intents: redacted, new, and of no case that is evaluated.

An example needs one right intent, or to be out of scope. What is known to be right of a text comes from labelled cases
of the train split and from people's judgements; everything that is left out is counted, with the reason.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from chains.scope import EXAMPLE_CHARS, LabelledExample, Scope
from evals.cases import Case, Expectation, Split, refuse_test_split
from evals.exporting import LEAST_EXAMPLES
from evals.happened import normalised
from evals.labels import read_judgements
from moderation import ModerationPolicy, inbound
from moderation.pii import PLACEHOLDER, find

LeftOut = Literal[
    "of the dev split",
    "proposed, and confirmed by nobody",
    "judged by no person",
    "not corrected",
    "without the text of the request",
    "without one right intent",
    "with an intent that the scope does not have",
    "with personal data, or unreadable",
    "longer than an example may be",
    "the same as a case that is evaluated or held out",
    "among the scope's examples already",
    "among the scope's examples with another intent",
    "the same as another",
    "labelled in two ways",
]


@dataclass(frozen=True)
class Offered:
    """A labelled text that may become an example; `of` are the ids of cases that it was made of."""

    text: str | None
    expect: tuple[Expectation, ...]
    source: str
    labeller: str | None = None
    of: tuple[str, ...] = ()
    split: Split = "train"
    refused: LeftOut | None = None


@dataclass(frozen=True)
class Gathered:
    """The new examples, in the order in which they were offered, and how many others were left out, and why."""

    examples: tuple[LabelledExample, ...]
    left_out: Counter[LeftOut]

    @property
    def is_enough(self) -> bool:
        """Whether there are so many that fitting a head anew is worth while (see `LEAST_EXAMPLES`)."""
        return len(self.examples) >= LEAST_EXAMPLES


def offered_by_cases(cases: Iterable[Case], where: str) -> Iterator[Offered]:
    """Labelled cases; raises `CaseError` at one of the test split. `where` names their file."""
    for case in cases:
        refuse_test_split((case,), where)
        made_of = (case.id, *((case.synthetic.of,) if case.synthetic else ()))
        refused: LeftOut | None = "proposed, and confirmed by nobody" if case.proposed else None
        yield Offered(case.text, case.expect, case.source or case.id, of=made_of, split=case.split, refused=refused)


def offered_by_judgements(path: Path) -> Iterator[Offered]:
    """What people judged, the last word of each on each target; raises `LabelError` as `read_judgements` does."""
    last = {(one.target.key, one.target.hop, one.labeller, one.kind): one for one in read_judgements(path)}
    for one in last.values():
        target, corrected = one.target, one.corrected
        refused: LeftOut | None = None
        if one.kind != "human":
            refused = "judged by no person"
        elif corrected is None or corrected.intents is None or one.label == "unsure":
            refused = "not corrected"
        yield Offered(
            text=one.text,
            expect=(corrected,) if corrected else (),
            source=target.turn_id or target.event_id or target.case_id or "",
            labeller=one.labeller,
            of=(target.case_id,) if target.case_id else (),
            refused=refused,
        )


def gather(offered: Iterable[Offered], scope: Scope, held_out: Iterable[Case]) -> Gathered:
    """The examples among what is offered that a scope does not have yet.

    `held_out` are the cases that are evaluated, and all others that must not be learnt from: no text of theirs is
    taken, and nothing that was made of one of them. Texts are compared by their words in small letters.
    """
    kept = tuple(held_out)
    ids = {case.id for case in kept}
    texts = {normalised(text) for case in kept if (text := redacted(case.text, scope.moderation))}
    known = _known(scope)
    left_out: Counter[LeftOut] = Counter()
    alike: dict[str, list[LabelledExample]] = defaultdict(list)
    for one in offered:
        example = _example(one, scope)
        if not isinstance(example, LabelledExample):
            left_out[example] += 1
            continue
        words = normalised(example.text)
        if words in texts or ids & set(one.of):
            left_out["the same as a case that is evaluated or held out"] += 1
        elif example.intent in known[words]:
            left_out["among the scope's examples already"] += 1
        elif known[words]:
            left_out["among the scope's examples with another intent"] += 1
        else:
            alike[words].append(example)
    return Gathered(tuple(_agreed(alike.values(), left_out)), +left_out)


def cases_known_to(scope: Scope, cases: Iterable[Case]) -> tuple[str, ...]:
    """The ids of cases whose text is an example of the scope: of what was learnt from them they can say nothing."""
    known = _known(scope)
    return tuple(
        case.id
        for case in cases
        if (text := redacted(case.text, scope.moderation)) is not None and normalised(text) in known
    )


def redacted(text: str, policy: ModerationPolicy) -> str | None:
    """A text as models read it, with placeholders for personal data; None where that cannot be made of it.

    A text that has placeholders was redacted before; where it holds more personal data nonetheless, it is not usable.
    """
    if PLACEHOLDER.search(text):
        return None if find(PLACEHOLDER.sub(" ", text), policy.pii) else text
    return inbound(text, policy).redacted.text or None


def _example(one: Offered, scope: Scope) -> LabelledExample | LeftOut:
    """What an offered text comes to, or why it cannot be an example."""
    if one.split == "dev":
        return "of the dev split"
    if one.refused:
        return one.refused
    if one.text is None:
        return "without the text of the request"
    labels = _labels(one.expect)
    if len(labels) != 1:
        return "without one right intent"
    [intent] = labels
    if intent is not None and intent not in scope.by_id:
        return "with an intent that the scope does not have"
    text = redacted(one.text, scope.moderation)
    if text is None or not normalised(text):
        return "with personal data, or unreadable"
    if len(text) > EXAMPLE_CHARS:
        return "longer than an example may be"
    return LabelledExample(intent=intent, text=text, source=one.source, split="train", labeller=one.labeller)


def _labels(expect: Iterable[Expectation]) -> set[str | None]:
    """The intents that are right, None for out of scope; nothing where any result has no single one.

    Without an intent a text is out of scope where it is declined, but not because moderation refused it.
    """
    labels: set[str | None] = set()
    for one in expect:
        match one.intents:
            case (name,):
                labels.add(name)
            case () if one.outcome in {None, "decline"} and one.moderation in {None, "pass"}:
                labels.add(None)
            case _:
                return set()
    return labels


def _known(scope: Scope) -> defaultdict[str, set[str | None]]:
    """The words of a scope's examples, with the intents that they are examples of."""
    known: defaultdict[str, set[str | None]] = defaultdict(set)
    groups = [*((one.id, one.examples) for one in scope.intents), (None, scope.out_of_scope.examples)]
    for intent, texts in groups:
        for text in texts:
            known[normalised(text)].add(intent)
    return known


def _agreed(groups: Iterable[list[LabelledExample]], left_out: Counter[LeftOut]) -> Iterator[LabelledExample]:
    """The first of each group of texts that are worded alike, where all have the same intent."""
    for group in groups:
        if len({one.intent for one in group}) > 1:
            left_out["labelled in two ways"] += len(group)
        else:
            left_out["the same as another"] += len(group) - 1
            yield group[0]
