"""E-mail addresses, also written out, and phone numbers."""

import re
from collections.abc import Iterator

from phonenumbers import (
    Leniency,
    NumberParseException,
    PhoneMetadata,
    PhoneNumberMatcher,
    is_valid_number,
    parse,
)
from stdnum import ean

_MASK = "|"
_LOCAL = r"(?<![\w.+%'-])[\w.+%'-]{1,64}"
_END = r"[^\W\d_]{2,24}(?![\w-])"
# Also "anna (at) example dot com", "anna [at] example.com", "anna AT example DOT com".
_AT = r"[@\uff20]| ?[(\[{<] ?(?i:at|@|\u00e4t) ?[)\]}>] ?| AT "
_DOT = r"\.| ?[(\[{<] ?(?i:dot|\.|punkt|point) ?[)\]}>] ?| (?i:dot|punkt) "
_EMAIL = re.compile(rf"{_LOCAL}(?:{_AT})(?:[\w-]{{1,63}}(?:{_DOT})){{1,8}}{_END}")
# "anna at example dot com" and "anna @ example.com" are addresses where the text speaks of one just before.
_SPOKEN = re.compile(
    rf"(?i:{_LOCAL}(?: at (?:[\w-]{{1,63}} dot ){{1,4}}| @ (?:[\w-]{{1,63}}(?:\.| dot )){{1,4}}){_END})"
)
_SPEAKS_OF_MAIL = re.compile(r"(?i)mail|address|adresse|reach|contact|write|correo")
_BEFORE = 40  # characters of text that say what follows

# An international or trunk prefix, then up to five more groups of digits.
_PHONE_HEAD = re.compile(r"(?<![\w+/.-])(?:\+\d+|\(?0\d+\)?)(?:[ /-]\d+)?(?: \d+){0,4}", re.ASCII)
_OTHER_NUMBER = re.compile(
    r"(?i)\b(?:ean|gtin|isbn|imei|sku|art(?:icle|ikel)?|item|part|model|ticket|lot|batch|serial|tracking|parcel|sendung"
    r"|invoice|rechnung|delivery note|version|build|firmware|customer|kunden|order|bestell)"
    r"-?(?: ?(?:no|nr|number|nummer|id|code))?\.?[ :#]{0,3}$"
)
_MOST_TRIES = 200
"""Candidates that the library looks at in one text: no customer gives that many numbers, and each costs about 30 µs."""


def emails(text: str) -> Iterator[tuple[int, int]]:
    """Addresses with an @, and those that are written out so that robots do not find them."""
    spans = [match.span() for match in _EMAIL.finditer(text)]
    yield from spans
    for match in _SPOKEN.finditer(_without(text, spans)):
        if _SPEAKS_OF_MAIL.search(text, max(0, match.start() - _BEFORE), match.start()):
            yield match.span()


def phones(text: str, region: str) -> Iterator[tuple[int, int]]:
    """Numbers that are valid in the numbering plan of the region, or of any country where they begin with +.

    A number without + is none if it is too short, if it is a right article number (GTIN-13), or if the word before it
    says that it is another number, such as "ticket" or "EAN".
    """
    matches = PhoneNumberMatcher(text, region, leniency=Leniency.VALID, max_tries=_MOST_TRIES)
    spans = [(match.start, match.end) for match in matches if _may_be_phone(text, match.start, match.end, region)]
    yield from spans
    yield from _crowded_phones(_without(text, spans), region)


def _may_be_phone(text: str, start: int, end: int, region: str) -> bool:
    number = text[start:end]
    if number.startswith("+"):
        return True
    # A country without a trunk prefix has short numbers; elsewhere they are too often article or postal codes.
    plan = PhoneMetadata.metadata_for_region(region, default=None)
    is_short = sum(char.isdigit() for char in number) < (9 if plan and plan.national_prefix else 8)
    is_article = len(number) == 13 and number.isdigit() and ean.is_valid(number)
    return not (is_short or is_article or _OTHER_NUMBER.search(text, max(0, start - _BEFORE), start))


def _without(text: str, spans: list[tuple[int, int]]) -> str:
    for start, end in spans:
        text = text[:start] + _MASK * (end - start) + text[end:]
    return text


def _crowded_phones(text: str, region: str) -> Iterator[tuple[int, int]]:
    """Find the numbers that the library misses because another number stands beside them: "0151 23456789 10 Uhr"."""
    position = 0
    for _ in range(_MOST_TRIES):
        head = _PHONE_HEAD.search(text, position)
        if head is None:
            return
        ends = [head.start() + group.end() for group in re.finditer(r"\d+", head[0])]
        end = next((end for end in reversed(ends) if _is_phone(text, head.start(), end, region)), None)
        if end:
            yield head.start(), end
        position = end or head.start() + 1


def _is_phone(text: str, start: int, end: int, region: str) -> bool:
    if not _may_be_phone(text, start, end, region):
        return False
    try:
        return is_valid_number(parse(text[start:end], region))
    except NumberParseException:
        return False
