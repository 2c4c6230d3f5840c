"""Texts with personal data in known places, and texts with what looks like it, from a seed.

Numbers are made by the public rules of their formats: check digits are computed here, and the code that finds them is
not used. Names, streets and numbers are invented; a number may belong to somebody by chance.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from moderation.pii import find
from moderation.policy import PII_KINDS, PiiKind, PiiPolicy
from tests.moderation.look_alikes import LOOK_ALIKES
from tests.moderation.numbers_by_rule import digits, filled, grouped, luhn, national_id

ORDER_PATTERN = r"(?i)\bLO[- ]?\d{5}\b"
REGION = "DE"


@dataclass(frozen=True)
class Labelled:
    """A text and where in it personal data stands."""

    text: str
    spans: tuple[tuple[int, int, PiiKind], ...] = ()


@dataclass
class Counts:
    """Of one kind: items that were covered or left in the text, and finds that are right or wrong."""

    covered: int = 0
    left: int = 0
    right: int = 0
    wrong: int = 0


def count(texts: Iterable[Labelled], policy: PiiPolicy, misses: list[str] | None = None) -> dict[PiiKind, Counts]:
    """Hold what is found against what is there; `misses` takes what went wrong.

    An item is covered if all of it was found, as its own kind. A find is right if it touches an item of its kind.
    """
    counts = {kind: Counts() for kind in PII_KINDS}
    for labelled in texts:
        found = find(labelled.text, policy)
        for start, end, kind in labelled.spans:
            is_covered = any(one == kind and first <= start and end <= last for (first, last), one in found)
            counts[kind].covered += is_covered
            counts[kind].left += not is_covered
            if misses is not None and not is_covered:
                misses.append(f"{kind} left: {labelled.text[start:end]!r} in {labelled.text!r}")
        for (first, last), kind in found:
            is_right = any(one == kind and start < last and first < end for start, end, one in labelled.spans)
            counts[kind].right += is_right
            counts[kind].wrong += not is_right
            if misses is not None and not is_right:
                misses.append(f"{kind} wrong: {labelled.text[first:last]!r} in {labelled.text!r}")
    return counts


def with_personal_data(rng: random.Random) -> Labelled:
    """A customer's text of one to three sentences, each with one item."""
    text = rng.choice(("", "", "Hi! ", "Hello, I have a question. ", "Guten Tag, "))
    spans: list[tuple[int, int, PiiKind]] = []
    for _ in range(rng.randint(1, 3)):
        kind: PiiKind = rng.choice(tuple(_KINDS))
        item, sentences = _KINDS[kind](rng)
        before, after = rng.choice(sentences).split("{}")
        start = len(text) + len(before)
        spans.append((start, start + len(item), kind))
        text += f"{before}{item}{after} "
    return Labelled(text.strip(), tuple(spans))


def with_look_alikes(rng: random.Random) -> Labelled:
    """A customer's text of one to three sentences, each with a number or name that is nobody's data."""
    sentences = [rng.choice(LOOK_ALIKES)(rng) for _ in range(rng.randint(1, 3))]
    return Labelled(" ".join(sentences))


# --- Contacts, payment, orders ---

_FIRST = ("anna", "jürgen", "maria", "tom", "li", "o.neill", "fatima", "sven", "chloe", "piotr", "k", "j-p")
_LAST = ("meyer", "smith", "garcia", "rossi", "dubois", "nowak", "jansen", "lund", "kaya", "o'hara", "lee")
_HOSTS = (
    "gmail.com",
    "gmx.de",
    "web.de",
    "example.co.uk",
    "mail.example.org",
    "uni-ulm.de",
    "icloud.com",
    "laposte.net",
)


def _email(rng: random.Random) -> tuple[str, Sequence[str]]:
    local = (
        rng.choice(_FIRST) + rng.choice((".", "_", "", "-")) + rng.choice(_LAST) + rng.choice(("", "", "82", "+shop"))
    )
    host = rng.choice(_HOSTS)
    said = ("My e-mail is {}.", "Please write to {} instead.", "You can reach me at {}, thanks!", "mail: {}")
    match rng.randint(0, 9):
        case 0:
            return f"{local} (at) {host.replace('.', ' (dot) ')}", said
        case 1:
            return f"{local}[at]{host.replace('.', '[dot]')}", said
        case 2:
            return f"{local} at {host.replace('.', ' dot ')}", said
        case 3:
            return f"{local.title()}@{host.upper()}", (*said, "{}")
        case _:
            return f"{local}@{host}", (*said, "{}", "The account of {} is locked", "I am <{}>, who are you?")


def _phone(rng: random.Random) -> tuple[str, Sequence[str]]:
    number = filled(
        rng,
        rng.choice(
            (
                *("0151 ########", "0170 #######", "0160/#######", "030 2#######", "(089) 2######", "0221-2######"),
                *("+49 151 ########", "0049 30 2#######", "+49 (0)89 2######", "+4917########"),
                *("+44 77## ######", "+44 20 7946 ####", "+1 212-736-####", "+1 (415) 626-####"),
                *("+33 6 12 ## ## ##", "+33 1 42 ## ## ##", "+31 6 21######", "+34 612 ### ###", "+39 333 #######"),
                *("+43 664 #######", "+41 79 ### ## ##", "+48 601 ### ###", "+46 70 ### ## ##", "+45 20 ## ## ##"),
            )
        ),
    )
    return number, ("Call me on {} please.", "My number is {}.", "phone {}", "Ruft mich an: {}!", "{} after 6 pm")


def _card(rng: random.Random) -> tuple[str, Sequence[str]]:
    start, length = rng.choice(
        (
            ("4", 16),
            ("4", 16),
            ("51", 16),
            ("55", 16),
            ("2221", 16),
            ("34", 15),
            ("37", 15),
            ("36", 14),
            ("6011", 16),
            ("3528", 16),
        )
    )
    number = luhn(start + digits(rng, length - len(start) - 1))
    sizes = (4, 6, 5) if length == 15 else (4, 6, 4) if length == 14 else (4, 4, 4, 4)
    written = rng.choice((number, grouped(number, *sizes), grouped(number, *sizes, by="-")))
    return written, ("I paid with {}.", "card {} exp 09/27 cvc 123", "My card number is {}, why was it declined?", "{}")


def _iban(rng: random.Random) -> tuple[str, Sequence[str]]:
    country, structure = rng.choice(
        (
            *(
                ("DE", "#" * 18),
                ("AT", "#" * 16),
                ("CH", "#" * 17),
                ("GB", "@@@@" + "#" * 14),
                ("NL", "@@@@" + "#" * 10),
            ),
            *(
                ("FR", "#" * 10 + "&" * 11 + "##"),
                ("ES", "#" * 20),
                ("IT", "@" + "#" * 10 + "&" * 12),
                ("BE", "#" * 12),
            ),
            *(("PL", "#" * 24), ("SE", "#" * 20), ("MT", "@@@@#####" + "&" * 18)),
        )
    )
    account = filled(rng, structure)
    value = int("".join(str(int(char, 36)) for char in f"{account}{country}00"))
    number = f"{country}{98 - value % 97:02}{account}"
    groups = grouped(number, *[4] * 9)
    return rng.choice((number, groups, groups, number.lower())), (
        "Refund to {} please.",
        "IBAN: {}",
        "my account {} at ING",
    )


def _order(rng: random.Random) -> tuple[str, Sequence[str]]:
    number = rng.choice(("LO-", "LO", "lo-", "LO ")) + digits(rng, 5)
    return number, (
        "Where is my order {}?",
        "{} has not arrived",
        "About {}: cancel it.",
        "order no. {}, two weeks late",
    )


# --- Addresses ---

_PLACES: tuple[tuple[tuple[str, ...], tuple[str, ...], str], ...] = (
    (
        (
            "Lindenstraße",
            "Hauptstr.",
            "Kurfürstendamm",
            "Am Alten Markt",
            "Goethestrasse",
            "Karl-Marx-Allee",
            "Ringweg",
        ),
        ("10115 Berlin", "50667 Köln", "79098 Freiburg im Breisgau", "20095 Hamburg"),
        "{street} {number}, {town}",
    ),
    (
        ("Mariahilfer Straße", "Getreidegasse", "Kärntner Ring"),
        ("1060 Wien", "5020 Salzburg"),
        "{street} {number}, {town}",
    ),
    (
        ("Bahnhofstrasse", "Seeweg", "Bundesplatz"),
        ("8001 Zürich", "3005 Bern", "CH-4051 Basel"),
        "{street} {number}, {town}",
    ),
    (
        ("Baker Street", "High Street", "Kings Road", "Church Lane", "Mill Close", "The Mews", "St. John's Hill"),
        ("London NW1 6XE", "Leeds LS1 4DY", "Manchester M1 1AE", "Bath, BA1 2QR"),
        "{number} {street}, {town}",
    ),
    (
        ("Main St", "Evergreen Terrace", "N Oak Avenue", "5th Ave", "Sunset Blvd", "Country Club Dr", "Elm Court"),
        ("Springfield, IL 62704", "New York, NY 10001", "Los Angeles, CA 90028", "Austin TX 78701"),
        "{number} {street}, {town}",
    ),
    (
        ("rue de la Paix", "avenue Jean Jaurès", "boulevard Voltaire", "impasse des Lilas", "place Bellecour"),
        ("75002 Paris", "69002 Lyon", "13001 Marseille"),
        "{number} {street}, {town}",
    ),
    (
        ("Keizersgracht", "Dorpsstraat", "Stationsweg", "Laan van Meerdervoort"),
        ("1015 CJ Amsterdam", "3511AB Utrecht"),
        "{street} {number}, {town}",
    ),
    (
        ("Calle Mayor", "Avenida de América", "Paseo del Prado"),
        ("28013 Madrid", "08001 Barcelona"),
        "{street} {number}, {town}",
    ),
    (
        ("Via Roma", "Piazza Navona", "Corso Buenos Aires"),
        ("00184 Roma", "20124 Milano MI"),
        "{street} {number}, {town}",
    ),
)


def _address(rng: random.Random) -> tuple[str, Sequence[str]]:
    streets, towns, form = rng.choice(_PLACES)
    number = str(rng.randint(1, 180)) + rng.choice(("", "", "", "a"))
    written = form.format(street=rng.choice(streets), number=number, town=rng.choice(towns))
    match rng.randint(0, 9):
        case 0:
            written = written.replace(", ", "\n", 1)
        case 1:
            written = written.lower()
        case 2:
            written = written.split(", ")[0]
        case _:
            pass
    return written, ("Please deliver to {}.", "I moved to {}", "My new address: {}!", "Ship it to {} instead, thanks")


_KINDS: dict[PiiKind, Callable[[random.Random], tuple[str, Sequence[str]]]] = {
    "email": _email,
    "phone": _phone,
    "card": _card,
    "iban": _iban,
    "order": _order,
    "nationalid": national_id,
    "address": _address,
}
