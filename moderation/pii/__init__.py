"""Personal data: found, replaced by placeholders, and put back.

A placeholder is `[KIND_n]`, for example `[EMAIL_1]`. Found are the kinds that the policy names, in the formats that
these files name, and nothing else:

    contacts.py     e-mail addresses, also written out, and phone numbers
    payment.py      card numbers and IBANs, by their check digits
    identity.py     national ids by country, by format, check digit and the words beside them
    addresses.py    postal addresses by country
    orders.py       order numbers, by the site's own pattern

Not found are names of people, user names, dates of birth, addresses without a street or house number, ids and tax
numbers of other countries, numbers whose check digit is wrong (a slip of the pen), and whatever is written in words
("four one one one") or encoded. A site that must keep these out of records has to ask for them in fields of their own.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from moderation.pii.addresses import addresses
from moderation.pii.contacts import emails, phones
from moderation.pii.identity import national_ids
from moderation.pii.orders import orders
from moderation.pii.payment import cards, ibans
from moderation.policy import PII_KINDS, PiiKind, PiiPolicy

Span = tuple[int, int]

_KINDS = "|".join(PII_KINDS)
PLACEHOLDER = re.compile(rf"\[(?:{_KINDS.upper()})_[1-9]\d*\]", re.ASCII)
# Wider than what is ever restored: also what a model might straighten out into a placeholder.
_LOOKALIKE = re.compile(rf"[\[\uff3b\u3010]\s*((?:{_KINDS})\s*_\s*\d+)\s*[\]\uff3d\u3011]", re.IGNORECASE)
_MASK = "|"  # stands for what an earlier finder took; no finder matches it

# In this order: what one finder took is hidden from the next, so that the more certain ones come first.
_FINDERS: dict[PiiKind, Callable[[str, PiiPolicy], Iterator[Span]]] = {
    "email": lambda text, _policy: emails(text),
    "iban": lambda text, _policy: ibans(text),
    "order": lambda text, policy: orders(text, policy.order_pattern),
    "address": lambda text, policy: addresses(text, policy.countries),
    "nationalid": lambda text, policy: national_ids(text, policy.region, policy.countries),
    "card": lambda text, _policy: cards(text),
    "phone": lambda text, policy: phones(text, policy.region),
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


def for_tools(originals: Mapping[str, str], policy: PiiPolicy) -> dict[str, str]:
    """The originals that tools may be given: those of the kinds that the policy lets them have."""
    return {
        placeholder: original for placeholder, original in originals.items() if _kind(placeholder) in policy.for_tools
    }


def find(text: str, policy: PiiPolicy) -> list[tuple[Span, PiiKind]]:
    """List the personal data in `text` in the order of the text; the spans do not overlap."""
    found: list[tuple[Span, PiiKind]] = []
    for kind, finder in _FINDERS.items():
        if kind in policy.kinds:
            spans = list(finder(text, policy))
            found += [(span, kind) for span in spans]
            text = _masked(text, spans)
    return sorted(found)


def _masked(text: str, spans: list[Span]) -> str:
    pieces: list[str] = []
    position = 0
    for start, end in sorted(spans):
        pieces += [text[position:start], _MASK * (end - start)]
        position = end
    return "".join([*pieces, text[position:]])


def _kind(placeholder: str) -> str:
    return placeholder.strip("[]").partition("_")[0].lower()


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
