"""Card numbers and IBANs: known by their check digits."""

import re
from collections.abc import Iterator
from itertools import accumulate

from stdnum import ean, iban, luhn

_DIGIT_GROUPS = re.compile(r"\d+(?:[ .-]\d+)*", re.ASCII)
_SHORTEST, _LONGEST = 13, 19  # digits of a card number
# Beginnings and lengths of the card schemes (ISO/IEC 7812 issuer ranges): Visa, Mastercard, Amex, Diners, JCB, others.
_CARD = re.compile(
    r"4\d{12}(?:\d{3}){0,2}|(?:5[1-5]|2[2-7])\d{14}|3[47]\d{13}|3[0689](?:\d{12}|\d{14,17})|35\d{14,17}"
    r"|(?:50|5[6-8]|6\d)\d{11,17}"
)
# A country and two check digits, then 11 to 30 characters (ISO 13616), in one piece or in groups.
_IBAN = re.compile(r"(?<!\w)[A-Za-z]{2}\d{2}(?:[ -]?[A-Za-z0-9]){11,30}", re.ASCII)
_IBAN_END = re.compile(r"(?<=\w)(?!\w)")


def ibans(text: str) -> Iterator[tuple[int, int]]:
    """IBANs of the countries in the SWIFT registry with their structure and a right check digit."""
    position = 0
    while match := _IBAN.search(text, position):
        start = match.start()
        ends = [end.start() for end in _IBAN_END.finditer(text, start, match.end() + 1) if end.start() <= match.end()]
        end = next((end for end in reversed(ends) if _is_iban(text[start:end])), None)
        if end:
            yield start, end
        position = end or start + 4


def _is_iban(text: str) -> bool:
    return bool(iban.is_valid(text, check_country=False))


def cards(text: str) -> Iterator[tuple[int, int]]:
    """Find card numbers between the borders of digit groups, so that a number beside one is no cover for it."""
    for run in _DIGIT_GROUPS.finditer(text):
        groups = [(run.start() + group.start(), run.start() + group.end()) for group in re.finditer(r"\d+", run[0])]
        first = 0
        while first < len(groups):
            last = _last_group(text, groups[first : first + _LONGEST])
            if last:
                yield groups[first][0], groups[first + last - 1][1]
            first += last or 1


def _last_group(text: str, groups: list[tuple[int, int]]) -> int:
    """How many of the groups make up a card number, the most first; 0 where none do."""
    lengths = list(accumulate(end - start for start, end in groups))
    counts = [count for count, length in enumerate(lengths, start=1) if _SHORTEST <= length <= _LONGEST]
    digits = "".join(text[start:end] for start, end in groups[: max(counts, default=0)])
    return next(
        (
            count
            for count in reversed(counts)
            if _is_card(digits[: lengths[count - 1]], is_grouped=count > 1) and _is_even(text, groups[:count])
        ),
        0,
    )


def _is_even(text: str, groups: list[tuple[int, int]]) -> bool:
    """Whether groups are written as card numbers are: of six digits at most, with the same sign between all of them."""
    signs = {text[end] for _, end in groups[:-1]}
    return len(groups) == 1 or (len(signs) == 1 and all(end - start <= 6 for start, end in groups))


def _is_card(digits: str, *, is_grouped: bool) -> bool:
    """A number of a card scheme that passes Luhn (ISO/IEC 7812-1).

    Article numbers (GTIN-13, GTIN-14) pass Luhn one time in ten and are written in one piece, so one with a right GTIN
    check digit is no card.
    """
    is_article = not is_grouped and len(digits) < 15 and ean.is_valid(digits)
    return bool(_CARD.fullmatch(digits)) and luhn.is_valid(digits) and not is_article
