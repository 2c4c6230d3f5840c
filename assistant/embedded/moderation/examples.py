"""What the moderation classifier learns from: sentences written for this project, and texts built of them.

The files under `examples/` hold one JSON object a line. `{slot}` in a sentence stands for a value of `slots.jsonl`, and
`{Slot}` for the same with a capital letter. What is random comes from a seed: the same files make the same texts.
"""

import json
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict, cast, get_args

from moderation.verdict import Category

FOLDER = Path(__file__).parent / "examples"
CATEGORIES: tuple[Category, ...] = get_args(Category)

FILLINGS = 4  # texts of a sentence with slots; one without is itself and one careless spelling of it
LONG_HARMLESS, LONG_HARMFUL, PAIRS = 700, 250, 800
LONGEST_STORY = 14  # sentences: about 1,300 characters
NOT_TOLD = frozenset({"looks like spam, honest"})  # "hi", "65w": no sentences of a story

# Harms that shade into one another: where a text shows the one, nothing is learnt about the other.
_NEIGHBOURS: dict[Category, frozenset[Category]] = {
    "harassment": frozenset({"hate", "violence", "sexual"}),
    "hate": frozenset({"harassment", "violence"}),
    "sexual": frozenset({"harassment", "illegal"}),
    "self_harm": frozenset({"violence"}),
    "violence": frozenset({"harassment", "illegal", "hate"}),
    "illegal": frozenset({"fraud", "violence", "injection"}),
    "fraud": frozenset({"illegal", "injection"}),
    "injection": frozenset(CATEGORIES),  # what an injection asks for is often a harm of its own
    "spam": frozenset({"fraud", "illegal", "sexual"}),
}
_SLOT = re.compile(r"\{([A-Za-z]\w*)\}")

Slots = dict[str, list[str]]


@dataclass(frozen=True)
class Example:
    """A text, the categories that it shows, and those of which it says nothing; of all others it is free.

    `kind` tells in words what it is. Texts that were made of the same sentence share their `group`: they must not stand
    on both sides of a cross-validation.
    """

    text: str
    categories: frozenset[Category]
    unknown: frozenset[Category]
    kind: str
    group: str


@dataclass(frozen=True)
class Sentence:
    """One line of `harmful.jsonl` or `harmless.jsonl`, its slots not yet filled."""

    text: str
    categories: frozenset[Category]
    kind: str

    def example(self, text: str, kind: str | None = None) -> Example:
        """A text that was made of this sentence and harmless ones."""
        near = frozenset(name for category in self.categories for name in _NEIGHBOURS[category])
        return Example(text, self.categories, near - self.categories, kind or self.kind, self.text)


@dataclass(frozen=True)
class Writer:
    """Makes texts of sentences. `parts` holds the sentences of a long message by their part in it."""

    slots: Slots
    parts: dict[str, list[str]]
    rng: random.Random

    def singles(self, sentence: Sentence) -> list[Example]:
        """A sentence by itself, in several fillings or spellings."""
        if _SLOT.search(sentence.text):
            texts = [self._filled(sentence.text) for _ in range(FILLINGS)]
            texts[-1] = self._careless(texts[-1])
        else:
            texts = [sentence.text, self._careless(sentence.text)]
        return [sentence.example(text) for text in texts]

    def pair(self, first: Sentence, harmless: Sentence) -> Example:
        """A sentence with a harmless one before or behind it."""
        both = [self._filled(first.text), self._filled(harmless.text)]
        self.rng.shuffle(both)
        return first.example(" ".join(both), kind=f"{first.kind}, beside something harmless")

    def long_message(self, hidden: Sentence | None = None) -> Example:
        """A message of 200 to 1,500 characters, honest throughout but for the one sentence that may hide in it.

        It tells either the even or the odd sentences of the story, so that those of one half are new to the other.
        """
        half = self.rng.randrange(2)
        told = self.rng.sample(self.parts["story"][half::2], self.rng.randint(2, LONGEST_STORY))
        if hidden is not None:
            told.insert(self.rng.randint(0, len(told)), hidden.text)
        parts = [self.rng.choice(self.parts["opening"]), *told]
        parts += [self.rng.choice(self.parts[part]) for part in ("request", "closing")]
        text = self._filled(self.rng.choice((" ", " ", "\n")).join(parts))
        if hidden is None:
            return Example(text, frozenset(), frozenset(), "long message", f"long message, half {half}")
        return hidden.example(text, kind=f"{hidden.kind}, in a long message")

    def _filled(self, text: str) -> str:
        def value(slot: re.Match[str]) -> str:
            chosen = self.rng.choice(self.slots[slot[1].lower()])
            return chosen[0].upper() + chosen[1:] if slot[1][0].isupper() else chosen

        return _SLOT.sub(value, text)

    def _careless(self, text: str) -> str:
        """The text as it is typed on a phone in a hurry: one of four ways."""
        way = self.rng.randrange(4)
        if way == 0:
            return text.upper() if len(text) < 60 else text.lower()
        if way == 1:
            return text.lower().replace("'", "").rstrip(".?!")
        if way == 2:
            return text.rstrip(".?!") + self.rng.choice(("!!!", "...", "??", " pls", " :(", " lol"))
        at = self.rng.randrange(max(1, len(text) - 1))
        return text[:at] + text[at + 1 : at + 2] + text[at : at + 1] + text[at + 2 :]


def written_examples(folder: Path = FOLDER, seed: int = 0) -> tuple[Example, ...]:
    """All texts that the files of a folder make, each once: single sentences, pairs of them and long messages."""
    harmful, harmless = read_sentences(folder / "harmful.jsonl"), read_sentences(folder / "harmless.jsonl")
    slots = {row["slot"]: row["values"] for row in _rows(folder / "slots.jsonl")}
    parts: dict[str, list[str]] = {}
    for row in _rows(folder / "parts_of_long_messages.jsonl"):
        parts.setdefault(row["part"], []).append(row["text"])
    parts["story"] += [sentence.text for sentence in harmless if sentence.kind not in NOT_TOLD]
    rng = random.Random(seed)
    writer = Writer(slots, parts, rng)
    made = [example for sentence in (*harmful, *harmless) for example in writer.singles(sentence)]
    for number in range(PAIRS):
        first = rng.choice(harmful if number % 2 else harmless)
        made.append(writer.pair(first, rng.choice(harmless)))
    made += [writer.long_message() for _ in range(LONG_HARMLESS)]
    made += [writer.long_message(rng.choice(harmful)) for _ in range(LONG_HARMFUL)]
    return tuple({example.text: example for example in made}.values())


class _Row(TypedDict):
    """A line of any of the files; each has its own of these keys."""

    text: str
    categories: list[Category]
    kind: str
    part: str
    slot: str
    values: list[str]


def read_sentences(path: Path) -> tuple[Sentence, ...]:
    """The sentences of `harmful.jsonl` or `harmless.jsonl`."""
    return tuple(Sentence(row["text"], frozenset(row["categories"]), row["kind"]) for row in _rows(path))


def _rows(path: Path) -> Sequence[_Row]:
    return [cast("_Row", json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]
