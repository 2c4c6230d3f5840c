"""Synthetic variants of cases: the same request with typos, in other words around it, or with another limit.

They are marked, they are never made of the test split and so never get into it, and the same seed makes the same ones.
What is expected stays as it is where the request means the same; where a limit changes, the calls' limit changes with
it, and which products that leads to is no longer said.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from random import Random
from typing import Literal, get_args

from pydantic import JsonValue

from evals.cases import Case, Expectation, ExpectedCall, Synthetic, refuse_test_split

Method = Literal["typos", "paraphrase", "constraint"]
METHODS: tuple[Method, ...] = get_args(Method)
_VERSION = "1"
_LETTERS_PER_TYPO = 40
_TRIES = 8
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")  # of a QWERTY keyboard
_WORD = re.compile(r"(?<![\w@.\[\]/-])[A-Za-z]{4,}(?![\w@\[\]/-]|\.\w)")  # no numbers, addresses or placeholders
_AROUND = (
    "Hi, {}",
    "Hello! {}",
    "Quick question: {}",
    "{} Thanks!",
    "{} Thank you in advance.",
    "Hey there, {} cheers",
    "Sorry to bother you. {}",
    "Good evening. {} Kind regards",
)
_FACTORS = (Decimal("0.5"), Decimal("0.8"), Decimal("1.2"), Decimal("1.5"), Decimal(2))
_LIMITS = ("price_min_minor", "price_max_minor")


def variants(
    cases: Iterable[Case], methods: Sequence[Method] = METHODS, each: int = 1, seed: int = 7
) -> Iterator[Case]:
    """Up to `each` variants of each case by each method; cases that are synthetic themselves have none.

    Raises `CaseError` where a case is of the test split.
    """
    for case in cases:
        refuse_test_split((case,), "Synthetic variants")
        if case.synthetic is None:
            for method in methods:
                yield from _by(method, case, each, Random(f"{seed}:{method}:{case.id}"))


def _by(method: Method, case: Case, each: int, random: Random) -> Iterator[Case]:
    """Different variants of a case; fewer than asked for where there are not so many."""
    seen = {case.text}
    for number in range(1, each + 1):
        made = next(
            (one for _ in range(_TRIES) if (one := _MAKERS[method](case, random)) and one.text not in seen), None
        )
        if made is None:
            return
        seen.add(made.text)
        mark = Synthetic(method=f"{method}/{_VERSION}", of=case.id)
        tags = tuple(dict.fromkeys((*case.tags, "synthetic", method)))
        yield made.model_copy(update={"id": f"{case.id}-{method}-{number}", "synthetic": mark, "tags": tags})


def mistyped(text: str, random: Random) -> str:
    """The text as hurried fingers write it: a neighbouring key, a letter dropped, doubled or swapped, here and there.

    First letters stay, as they mostly do; numbers, addresses and placeholders do too. One typo in 40 letters, at least
    one where there is a word of four letters.
    """
    for _ in range(1 + len(text) // _LETTERS_PER_TYPO):
        words = [*_WORD.finditer(text)]
        if words:
            word = random.choice(words)
            text = text[: word.start()] + _slip(word[0], random) + text[word.end() :]
    return text


def _slip(word: str, random: Random) -> str:
    place = random.randrange(1, len(word) - 1)
    before, letter, following, after = word[:place], word[place], word[place + 1], word[place + 2 :]
    slips = (
        before + _neighbour(letter, random) + following + after,
        before + following + after,
        before + letter + letter + following + after,
        before + following + letter + after,
    )
    return random.choice(slips)


def _neighbour(letter: str, random: Random) -> str:
    """A key beside a letter's, or above or below it."""
    row = next(number for number, keys in enumerate(_ROWS) if letter.lower() in keys)
    place = _ROWS[row].index(letter.lower())
    near = [
        (row, place - 1),
        (row, place + 1),
        (row - 1, place),
        (row - 1, place + 1),
        (row + 1, place),
        (row + 1, place - 1),
    ]
    keys = [_ROWS[r][p] for r, p in near if 0 <= r < len(_ROWS) and 0 <= p < len(_ROWS[r])]
    key = random.choice(keys)
    return key.upper() if letter.isupper() else key


def _with_typos(case: Case, random: Random) -> Case:
    return case.model_copy(update={"text": mistyped(case.text, random)})


def _paraphrased(case: Case, random: Random) -> Case:
    """Courtesies around the request, and its ending and capitals as people leave them; a greeting is no request."""
    text = random.choice((case.text, case.text.rstrip(".?! "), case.text.lower()))
    return case.model_copy(update={"text": random.choice(_AROUND).format(text)})


def _constrained(case: Case, random: Random) -> Case | None:
    """The same request with another price limit; None where there is none that the text states once, as a number."""
    limits = sorted({minor for expected in case.expect for minor in _limits(expected)})
    stated = [(minor, place) for minor in limits if (place := _stated(case.text, minor))]
    if len(stated) != len(limits) or not stated:
        return None
    factor = random.choice(_FACTORS)
    changed = {minor: _scaled(minor, factor) for minor, _ in stated}
    text = case.text
    for minor, place in sorted(stated, key=lambda one: -one[1].start()):
        text = text[: place.start()] + str(changed[minor] // 100) + text[place.end() :]
    expect = tuple(_with_limits(expected, changed) for expected in case.expect)
    return case.model_copy(update={"text": text, "expect": expect, "ideal": None})


def _limits(expected: Expectation) -> Iterator[int]:
    for call in expected.tools:
        yield from (value for name in _LIMITS if isinstance(value := call.arguments.get(name), int))


def _stated(text: str, minor: int) -> re.Match[str] | None:
    """Where the text states an amount of whole euros, once."""
    found = [*re.finditer(rf"(?<![\w.,]){minor // 100}(?![\w]|[.,]\d)", text)]
    return found[0] if len(found) == 1 and minor % 100 == 0 else None


def _scaled(minor: int, factor: Decimal) -> int:
    """Another amount of whole tens, or of whole units below 100."""
    unit = 1000 if minor >= 10_000 else 100
    return max(unit, int(minor * factor) // unit * unit)


def _with_limits(expected: Expectation, changed: dict[int, int]) -> Expectation:
    def of(name: str, value: JsonValue) -> JsonValue:
        return changed[value] if name in _LIMITS and isinstance(value, int) else value

    tools = tuple(
        ExpectedCall(name=call.name, arguments={name: of(name, value) for name, value in call.arguments.items()})
        for call in expected.tools
    )
    return expected.model_copy(update={"tools": tools, "facts": (), "mention": (), "outcome": None})


_MAKERS: dict[Method, Callable[[Case, Random], Case | None]] = {
    "typos": _with_typos,
    "paraphrase": _paraphrased,
    "constraint": _constrained,
}
