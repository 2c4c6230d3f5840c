import json
import random
import re
from pathlib import Path

import pytest

from assistant.embedded.moderation.examples import (
    CATEGORIES,
    FOLDER,
    Sentence,
    Writer,
    read_sentences,
    written_examples,
)

HARMFUL, HARMLESS = read_sentences(FOLDER / "harmful.jsonl"), read_sentences(FOLDER / "harmless.jsonl")
THREAT = Sentence("I will hurt your {worker}.", frozenset({"violence"}), "threat to staff")
KIND = Sentence("Is it {colour}?", frozenset(), "ordinary")
SLOTS = {"worker": ["driver"], "colour": ["red"]}
PARTS = {
    "opening": ["Hello,"],
    "story": [f"Sentence {number} of the story." for number in range(30)],
    "request": ["Can you help?"],
    "closing": ["Bye"],
}


def writer(seed: int = 0) -> Writer:
    return Writer(SLOTS, PARTS, random.Random(seed))


def test_every_line_says_what_it_is_and_stands_in_the_right_file() -> None:
    assert all(sentence.categories <= set(CATEGORIES) and sentence.categories for sentence in HARMFUL)
    assert all(not sentence.categories and sentence.kind for sentence in HARMLESS)
    texts = [sentence.text for sentence in (*HARMFUL, *HARMLESS)]
    assert len(texts) == len(set(texts))


def test_the_fixed_test_texts_are_not_learnt_from() -> None:
    fixed = Path(__file__).parents[3] / "moderation" / "profane_honest.txt"
    held = set(fixed.read_text(encoding="utf-8").splitlines())
    assert len(held) == 100
    assert held.isdisjoint(sentence.text for sentence in HARMLESS)


@pytest.mark.parametrize("category", CATEGORIES)
def test_every_category_has_at_least_forty_sentences(category: str) -> None:
    assert sum(category in sentence.categories for sentence in HARMFUL) >= 40


def test_the_files_make_the_same_texts_each_time_and_leave_no_slot_open() -> None:
    made = written_examples()
    assert made == written_examples()
    assert len({example.text for example in made}) == len(made) > 6000
    slot = re.compile(r"\{(?:" + "|".join(_slots()) + r")\}", re.IGNORECASE)
    assert not [example.text for example in made if slot.search(example.text)]


def _slots() -> list[str]:
    lines = (FOLDER / "slots.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["slot"] for line in lines]


def test_a_sentence_says_nothing_of_the_harms_that_shade_into_its_own() -> None:
    example = THREAT.example("I will hurt your driver.")
    assert example.categories == {"violence"}
    assert example.unknown == {"harassment", "illegal", "hate"}
    assert KIND.example("Is it red?").unknown == frozenset()


def test_a_sentence_with_slots_is_filled_and_one_without_is_also_misspelt() -> None:
    assert [example.text for example in writer().singles(THREAT)][:3] == ["I will hurt your driver."] * 3
    plain = Sentence("Where is my parcel?", frozenset(), "ordinary")
    spellings = {example.text for seed in range(40) for example in writer(seed).singles(plain)}
    assert {"Where is my parcel?", "WHERE IS MY PARCEL?", "where is my parcel", "Where is my parcel!!!"} <= spellings
    assert all(example.group == plain.text for example in writer().singles(plain))


def test_a_capital_slot_is_filled_with_a_capital() -> None:
    shouted = Sentence("{Worker} away.", frozenset(), "ordinary")
    assert writer().singles(shouted)[0].text == "Driver away."


def test_long_messages_are_honest_but_for_the_sentence_that_hides_in_them() -> None:
    honest, harmful = writer().long_message(), writer().long_message(THREAT)
    assert (honest.categories, honest.kind) == (frozenset(), "long message")
    assert re.fullmatch(r"long message, half [01]", honest.group)
    assert "I will hurt your driver." in harmful.text
    assert (harmful.categories, harmful.group) == (THREAT.categories, THREAT.text)


def test_the_two_halves_of_long_messages_share_no_sentence_of_their_stories() -> None:
    told: dict[str, set[str]] = {}
    for seed in range(30):
        message = writer(seed).long_message()
        told.setdefault(message.group, set()).update(re.findall(r"Sentence \d+ ", message.text))
    first, second = told.values()
    assert first.isdisjoint(second)


def test_a_pair_is_as_harmful_as_its_first_sentence() -> None:
    pair = writer().pair(THREAT, KIND)
    assert {"I will hurt your driver.", "Is it red?"} == set(re.split(r"(?<=[.?]) ", pair.text))
    assert (pair.categories, pair.group) == (THREAT.categories, THREAT.text)
