r"""Decoded views of a text: what it says to whoever undoes a simple encoding, for the rules to read as well.

Read are base64 (both alphabets, with or without padding, in one piece or split), hex (with or without separators, `0x`,
`\x`, `%`), percent encoding, HTML entities, unicode escapes, rot13, text and words written backwards, letters spaced
out, digits and signs for letters, and any two of these one inside the other. Not read are ciphers with a key, other
alphabets (Morse, binary, decimal codes), compression, images, and a message split over several requests.

A view is a suspicion and no judgement: nonsense as a view does no harm, since no rule matches it.
"""

import base64
import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from urllib.parse import unquote

from moderation.hygiene import tidy
from moderation.words import COMMON_WORDS

MOST_VIEWS = 16
"""Views of one text; those of one encoding, all of which fit, come before those of two."""

MOST_CHARS = 150_000
"""Characters that decoders may be given to look for a second encoding inside the first: a few milliseconds of work."""


@dataclass(frozen=True)
class View:
    """A text as it reads once its encoded parts are decoded.

    `encoding` names what was undone: "base64", or "rot13 in base64" where the rot13 was inside. What was not encoded
    stands in `text` as it was, and each decoded part in lines of its own.
    """

    encoding: str
    text: str


@dataclass(frozen=True)
class _Decoder:
    name: str
    decode: Callable[[str], str | None]
    is_cipher: bool = False


@dataclass(frozen=True)
class _Step:
    encoding: str
    text: str
    is_readable: bool
    inside: "tuple[_Decoder, ...]"


def views(text: str) -> tuple[View, ...]:
    """Decode `text` in every way that leaves something that looks like words; deterministic, in linear time."""
    common = _common_words(text)
    steps = _undone(text, "", _DECODERS, common)
    left = MOST_CHARS
    for step in list(steps):
        left -= len(step.text) * len(step.inside)
        if left >= 0:
            steps += _undone(step.text, step.encoding, step.inside, common)
    encodings: dict[str, str] = {}
    for step in steps:
        if step.is_readable:
            encodings.setdefault(tidy(step.text), step.encoding)
    return tuple(View(encoding, plain) for plain, encoding in encodings.items())[:MOST_VIEWS]


def _undone(text: str, outer: str, decoders: "tuple[_Decoder, ...]", common: frozenset[str]) -> list[_Step]:
    """Whatever the decoders make of a text; `common` are the common words of the text that the customer wrote."""
    steps: list[_Step] = []
    for decoder in decoders:
        decoded = decoder.decode(text)
        if decoded is None or decoded == text:
            continue
        if decoder.is_cipher:
            is_readable = _has_more_words(decoded, common)
            inside = tuple(one for one in decoders if not one.is_cipher or _ORDER[one.name] > _ORDER[decoder.name])
        else:
            is_readable, inside = _is_wordy(_changed(text, decoded)), _DECODERS
        steps.append(_Step(f"{decoder.name} in {outer}" if outer else decoder.name, decoded, is_readable, inside))
    return steps


_WORD = re.compile(r"[a-z]+")
_LONG_WORD = 4  # letters: one such word more is no chance, of shorter ones it takes two


def _common_words(text: str) -> frozenset[str]:
    return COMMON_WORDS.intersection(_WORD.findall(text.lower()))


def _has_more_words(text: str, before: frozenset[str]) -> bool:
    new = _common_words(text) - before
    return len(new) > 1 or any(len(word) >= _LONG_WORD for word in new)


def _changed(before: str, after: str) -> str:
    """What is in `after` between the beginning and the end that it has in common with `before`."""
    shortest = min(len(before), len(after))
    start = next((at for at in range(shortest) if before[at] != after[at]), shortest)
    most = shortest - start
    end = next((at for at in range(most) if before[-1 - at] != after[-1 - at]), most)
    return after[start : len(after) - end]


_WORDY = re.compile(r"[A-Z]?[a-z]{3}|[A-Z]{4}|[^\W\d_a-zA-Z]{3}")


def _is_wordy(text: str) -> bool:
    """Four fifths of it letters and blanks, five letters or more, some of them in a row and in one case."""
    letters = sum(char.isalpha() for char in text)
    is_mostly = letters >= 5 and letters + sum(char.isspace() for char in text) >= 0.8 * len(text)
    return is_mostly and _WORDY.search(text) is not None


# --- Bytes ---

_LEAST_READABLE = 6  # characters: shorter ones come about by chance


_CONTROLS_TO_BLANKS = bytes(32 if byte < 32 and byte != 10 else byte for byte in range(256))


def _readable(data: bytes) -> str:
    """The beginning of `data` that is printable UTF-8; empty where that is too short.

    Control characters count as blanks, so that they hide nothing; without zero bytes ASCII in UTF-16 is ASCII.
    """
    text = data.translate(_CONTROLS_TO_BLANKS, b"\0").decode("utf-8", "replace")
    ends = (at for at, char in enumerate(text) if char == "\ufffd" or not (char.isprintable() or char == "\n"))
    text = text[: next(ends, len(text))]
    return text if len(text) >= _LEAST_READABLE else ""


_BASE64 = re.compile(r"[A-Za-z0-9+/_-]+={0,2}")
_BASE64_SPLIT = re.compile(r"[A-Za-z0-9+/_-]+(?:\s[A-Za-z0-9+/_-]+)*={0,2}")
_NOT_PLAIN = re.compile(r"\d|(?<=.)[A-Z]|[+/_]")  # what base64 has and plain words have not
_LEAST_BASE64 = 8  # characters: six bytes
_PROBE = 16  # characters: twelve bytes tell whether it is worth decoding the rest
_STANDARD = str.maketrans("-_", "+/", "=")


def _base64(text: str) -> str | None:
    """Decode each piece by itself."""
    return _base64_by(_BASE64, text)


def _split_base64(text: str) -> str | None:
    """Decode from each piece that looks like no plain word, together with the pieces that only blanks part from it.

    Where plain words follow, some of their letters are decoded as well; `_base64` is right about those texts.
    """
    return _base64_by(_BASE64_SPLIT, text)


def _base64_by(pattern: re.Pattern[str], text: str) -> str | None:
    if not _NOT_PLAIN.search(text):
        return None
    runs = (run for run in pattern.finditer(text) if len(run[0]) >= _LEAST_BASE64 and _NOT_PLAIN.search(run[0]))
    return _with(text, [part for run in runs for part in _base64_in(run)])


def _base64_in(run: re.Match[str]) -> Iterator[tuple[int, int, str]]:
    """Decoded parts of pieces that blanks part: where each begins and ends in the text, and what it says."""
    pieces = [(piece, piece[0].translate(_STANDARD)) for piece in re.finditer(r"\S+", run[0])]
    joined = "".join(letters for _, letters in pieces)
    offset = taken = 0
    for number, (piece, letters) in enumerate(pieces):
        if offset >= taken and len(joined) - offset >= _LEAST_BASE64 and _NOT_PLAIN.search(letters):
            plain = _from_base64(joined[offset : offset + _PROBE]) and _from_base64(joined[offset:])
            if plain:
                taken = offset + -(-8 * len(plain.encode()) // 6)
                yield run.start() + piece.start(), run.start() + _end_of(pieces[number:], taken - offset), plain
        offset += len(letters)


def _from_base64(text: str) -> str:
    whole = text[: len(text) - (len(text) % 4 == 1)]
    return _readable(base64.b64decode(whole + "=" * (-len(whole) % 4)))


def _end_of(pieces: list[tuple[re.Match[str], str]], length: int) -> int:
    """Where the piece ends that holds the last of some encoded characters."""
    lengths = accumulate(len(letters) for _, letters in pieces)
    return next(
        (piece.end() for (piece, _), sum_ in zip(pieces, lengths, strict=True) if sum_ >= length), pieces[-1][0].end()
    )


_HEX = re.compile(r"(?<![0-9A-Za-z])(?:(?:0x|\\x|%)?[0-9A-Fa-f]{2}[\s,;:-]{0,2}){6,}")
_HEX_NOISE = re.compile(r"0x|\\x|[^0-9A-Fa-f]")


def _hex(text: str) -> str | None:
    decoded = ((*match.span(), _readable(bytes.fromhex(_HEX_NOISE.sub("", match[0])))) for match in _HEX.finditer(text))
    return _with(text, [(start, end, plain) for start, end, plain in decoded if plain])


def _with(text: str, decoded: list[tuple[int, int, str]]) -> str | None:
    """Put decoded parts in the places they were found in, each on a line of its own; None without any."""
    if not decoded:
        return None
    pieces: list[str] = []
    position = 0
    for start, end, plain in decoded:
        pieces += [text[position:start], f"\n{plain}\n"]
        position = end
    return "".join([*pieces, text[position:]]).strip()


# --- Characters ---

_ESCAPE = re.compile(
    r"\\u\{([0-9A-Fa-f]{1,6})\}|\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})|\\x([0-9A-Fa-f]{2})"
    r"|[Uu]\+([0-9A-Fa-f]{4,6})\b ?"
)


def _percent(text: str) -> str | None:
    return unquote(text) if "%" in text else None


def _entities(text: str) -> str | None:
    return html.unescape(text) if "&" in text else None


def _escapes(text: str) -> str | None:
    return _ESCAPE.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    """The character of an escape; a number that is none stays as it is written."""
    code = int(next(group for group in match.groups() if group), 16)
    is_character = code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF
    return chr(code) if is_character else match[0]


# --- Ciphers ---

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_TURNED = _LETTERS[13:] + _LETTERS[:13]
_ROT13 = str.maketrans(_LETTERS + _LETTERS.upper(), _TURNED + _TURNED.upper())
_LEET = str.maketrans("0123456789@$!|+(€£", "oizeasgtbgasiltcel")
_LEET_WITH_L = str.maketrans("0123456789@$!|+(€£", "olzeasbtbgaslitcel")
_SPACED = re.compile(r"(?<!\w)\w(?P<by>[\s._*~,|/+-])\w(?!\w)(?:(?P=by)\w(?!\w)){1,999}")
_LONGEST_WORD = max(map(len, COMMON_WORDS))


def _rot13(text: str) -> str | None:
    return text.translate(_ROT13)


def _backwards(text: str) -> str | None:
    return text[::-1]


def _backward_words(text: str) -> str | None:
    return re.sub(r"[^\W\d_]{2,}", lambda word: word[0][::-1], text)


def _leet(text: str) -> str | None:
    return text.translate(_LEET)


def _leet_with_l(text: str) -> str | None:
    return text.translate(_LEET_WITH_L)


def _spaced(text: str) -> str | None:
    return _SPACED.sub(_joined, text)


def _spaced_words(text: str) -> str | None:
    """As `_spaced`, and with blanks between common words, since those are lost where all letters are spaced out."""
    return _SPACED.sub(lambda run: " ".join(_split(_joined(run).lower())), text)


def _joined(run: re.Match[str]) -> str:
    return run[0].replace(run["by"], "")


def _split(letters: str) -> list[str]:
    """Cut letters into common words, so that the fewest letters are in none, and then into the fewest parts."""
    costs, starts = [0], [0]  # by length: 1000 for a letter in no word and 1 for a part; where the last part begins
    for end in range(1, len(letters) + 1):
        cost, last = costs[end - 1] + 1001, end - 1
        for start in range(max(0, end - _LONGEST_WORD), end):
            if costs[start] < cost and letters[start:end] in COMMON_WORDS:
                cost, last = costs[start] + 1, start
        costs.append(cost)
        starts.append(last)
    parts: list[str] = []
    end = len(letters)
    while end:
        parts.append(letters[starts[end] : end])
        end = starts[end]
    return parts[::-1]


_DECODERS: tuple[_Decoder, ...] = (
    _Decoder("base64", _base64),
    _Decoder("base64", _split_base64),
    _Decoder("hex", _hex),
    _Decoder("percent encoding", _percent),
    _Decoder("HTML entities", _entities),
    _Decoder("unicode escapes", _escapes),
    _Decoder("rot13", _rot13, is_cipher=True),
    _Decoder("reversed text", _backwards, is_cipher=True),
    _Decoder("reversed words", _backward_words, is_cipher=True),
    _Decoder("leetspeak", _leet, is_cipher=True),
    _Decoder("leetspeak", _leet_with_l, is_cipher=True),
    _Decoder("spaced-out letters", _spaced, is_cipher=True),
    _Decoder("spaced-out letters", _spaced_words, is_cipher=True),
)
# A cipher inside a cipher is undone in this order alone: most of them give the same in the other.
_ORDER = {decoder.name: place for place, decoder in enumerate(_DECODERS)}
