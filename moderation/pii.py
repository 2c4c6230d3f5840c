"""Personal data: found, replaced by placeholders, and put back.

A placeholder is `[KIND_n]`, for example `[EMAIL_1]`. Only the kinds and formats named here are found; names and postal
addresses are not.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

from phonenumbers import Leniency, NumberParseException, PhoneNumberMatcher, is_valid_number, parse

from moderation.policy import PII_KINDS, PiiKind, PiiPolicy

Span = tuple[int, int]

PLACEHOLDER = re.compile(r"\[(?:EMAIL|PHONE|CARD|IBAN|ORDER)_[1-9]\d*\]", re.ASCII)
# Wider than what is ever restored: also what a model might straighten out into a placeholder.
_LOOKALIKE = re.compile(
    r"[\[\uff3b\u3010]\s*((?:email|phone|card|iban|order)\s*_\s*\d+)\s*[\]\uff3d\u3011]", re.IGNORECASE
)
_MASK = "|"  # stands for what an earlier finder took; no finder matches it

_EMAIL = re.compile(r"(?<![\w.+%'-])[\w.+%'-]+@(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}(?![\w-])")
# An international or trunk prefix, then up to five more groups of digits.
_PHONE_HEAD = re.compile(r"(?<![\w+/.-])(?:\+\d+|\(?0\d+\)?)(?:[ /-]\d+)?(?: \d+){0,4}", re.ASCII)
_DIGIT_GROUPS = re.compile(r"\d+(?:[ .-]\d+)*", re.ASCII)
# Beginnings and lengths of the card schemes (ISO/IEC 7812 issuer ranges): Visa, Mastercard, Amex, Diners, JCB, others.
_CARD = re.compile(
    r"4\d{12}(?:\d{3}){0,2}|(?:5[1-5]|2[2-7])\d{14}|3[47]\d{13}|3[0689](?:\d{12}|\d{14,17})|35\d{14,17}"
    r"|(?:50|5[6-8]|6\d)\d{11,17}"
)
_IBAN_START = re.compile(r"(?<!\w)[A-Za-z]{2}\d{2}(?=[ A-Za-z0-9])", re.ASCII)
# Length by country, from the SWIFT IBAN registry (SEPA members and the most common others).
_IBAN_LENGTHS = {
    country: length
    for length, countries in {
        15: "NO",
        16: "BE",
        18: "DK FI FO GL NL",
        19: "MK SI",
        20: "AT BA EE LT LU XK",
        21: "CH HR LI LV",
        22: "BG DE GB GE IE ME RS VA",
        23: "AE GI IL",
        24: "AD CZ ES MD RO SA SE SK",
        25: "PT",
        26: "IS TR",
        27: "FR GR IT MC SM",
        28: "AL BY CY HU PL",
        29: "UA",
        31: "MT",
    }.items()
    for country in countries.split()
}


@dataclass(frozen=True)
class Redacted:
    """A text whose personal data is replaced, and the way back.

    `originals` maps each placeholder to exactly what the customer wrote; `kinds` names what was found, sorted.
    """

    text: str
    originals: dict[str, str] = field(default_factory=dict)
    kinds: tuple[PiiKind, ...] = ()


def redact(text: str, policy: PiiPolicy) -> Redacted:
    """Replace the personal data in `text` by placeholders; the same original always gets the same one.

    What the customer wrote in the form of a placeholder is taken out of its brackets first, so that it can never be
    restored to anybody's data. For a text without such look-alikes `restore(redacted.text, redacted.originals)` is the
    text itself.
    """
    text = _LOOKALIKE.sub(r"(\1)", text)
    found = find(text, policy)
    placeholders: dict[str, str] = {}
    counts: dict[PiiKind, int] = dict.fromkeys(PII_KINDS, 0)
    for (start, end), kind in found:
        original = text[start:end]
        if original not in placeholders:
            counts[kind] += 1
            placeholders[original] = f"[{kind.upper()}_{counts[kind]}]"
    return Redacted(
        text=_replace(text, [span for span, _ in found], placeholders),
        originals={placeholder: original for original, placeholder in placeholders.items()},
        kinds=tuple(sorted({kind for _, kind in found})),
    )


def restore(text: str, originals: Mapping[str, str]) -> str:
    """Put originals back in one pass; a placeholder that stands for nothing stays, for a check to find."""
    return PLACEHOLDER.sub(lambda match: originals.get(match[0], match[0]), text)


def find(text: str, policy: PiiPolicy) -> list[tuple[Span, PiiKind]]:
    """List the personal data in `text` in the order of the text; the spans do not overlap."""
    finders: dict[PiiKind, Callable[[str], Iterator[Span]]] = {
        "email": lambda masked: (match.span() for match in _EMAIL.finditer(masked)),
        "iban": _ibans,
        "order": lambda masked: _orders(masked, policy.order_pattern),
        "card": _cards,
        "phone": lambda masked: _phones(masked, policy.region),
    }
    found: list[tuple[Span, PiiKind]] = []
    for kind, finder in finders.items():
        if kind in policy.kinds:
            spans = list(finder(text))
            found += [(span, kind) for span in spans]
            for start, end in spans:
                text = text[:start] + _MASK * (end - start) + text[end:]
    return sorted(found)


def _replace(text: str, spans: list[Span], placeholders: Mapping[str, str]) -> str:
    """Replace the spans, and between them every other occurrence of an original, so that none survives in a word."""
    if not placeholders:
        return text
    pattern = re.compile("|".join(re.escape(original) for original in sorted(placeholders, key=len, reverse=True)))
    pieces: list[str] = []
    position = 0
    for start, end in [*spans, (len(text), len(text))]:
        pieces += [pattern.sub(lambda match: placeholders[match[0]], text[position:start])]
        pieces += [placeholders[text[start:end]]] if start < end else []
        position = end
    return "".join(pieces)


def _orders(text: str, pattern: str | None) -> Iterator[Span]:
    for match in _compiled(pattern).finditer(text) if pattern else ():
        start, end = match.span()
        if not (text[start - 1 : start].isalnum() or text[end : end + 1].isalnum()):
            yield start, end


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _phones(text: str, region: str) -> Iterator[Span]:
    for match in PhoneNumberMatcher(text, region, leniency=Leniency.VALID):
        yield match.start, match.end
        text = text[: match.start] + _MASK * (match.end - match.start) + text[match.end :]
    yield from _crowded_phones(text, region)


def _crowded_phones(text: str, region: str) -> Iterator[Span]:
    """Find the numbers that the library misses because another number stands beside them: "0151 23456789 10 Uhr"."""
    position = 0
    while head := _PHONE_HEAD.search(text, position):
        ends = [head.start() + group.end() for group in re.finditer(r"\d+", head[0])]
        end = next((end for end in reversed(ends) if _is_phone(text[head.start() : end], region)), None)
        if end:
            yield head.start(), end
        position = end or head.start() + 1


def _is_phone(text: str, region: str) -> bool:
    """Nine digits or more that the numbering plan knows; shorter ones are too often article or postal codes."""
    if sum(char.isdigit() for char in text) < 9:
        return False
    try:
        return is_valid_number(parse(text, region))
    except NumberParseException:
        return False


def _ibans(text: str) -> Iterator[Span]:
    """Find the registered number of characters, blanks between them allowed, with a right check digit."""
    for match in _IBAN_START.finditer(text):
        length = _IBAN_LENGTHS.get(match[0][:2].upper())
        if length is None:
            continue
        body = re.compile(rf"(?:[A-Za-z0-9] ?){{{length - 1}}}[A-Za-z0-9](?!\w)", re.ASCII).match(text, match.start())
        if body and _mod97(body[0]) == 1:
            yield body.span()


def _mod97(iban: str) -> int:
    """ISO 7064 MOD 97-10: 1 for a right IBAN."""
    compact = iban.replace(" ", "").upper()
    return int("".join(str(int(char, 36)) for char in compact[4:] + compact[:4])) % 97


def _cards(text: str) -> Iterator[Span]:
    """Find card numbers between the borders of digit groups, so that a number beside one is no cover for it."""
    for run in _DIGIT_GROUPS.finditer(text):
        groups = [(run.start() + group.start(), run.start() + group.end()) for group in re.finditer(r"\d+", run[0])]
        first = 0
        while first < len(groups):
            ends = range(min(len(groups), first + 19), first, -1)  # a group has at least one of the 19 digits
            last = next((end for end in ends if _is_card(text[groups[first][0] : groups[end - 1][1]])), None)
            if last:
                yield groups[first][0], groups[last - 1][1]
            first = last or first + 1


def _is_card(text: str) -> bool:
    """A number of a card scheme that passes Luhn (ISO/IEC 7812-1), 13 to 19 digits.

    Article numbers (GTIN-13, GTIN-14) pass Luhn one time in ten, so one with a right GTIN check digit is no card.
    """
    compact = re.sub(r"\D", "", text)
    digits = [int(char) for char in compact]
    return bool(_CARD.fullmatch(compact)) and _luhn(digits) and not (len(digits) in {13, 14} and _gtin(digits))


def _luhn(digits: list[int]) -> bool:
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _gtin(digits: list[int]) -> bool:
    return (sum(digits[-1::-2]) + 3 * sum(digits[-2::-2])) % 10 == 0
