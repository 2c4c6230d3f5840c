"""Postal addresses: a street with a house number, and the postal code and town beside it.

A street whose name says that it is one ("Lindenstraße 5", "12 Baker Street", "3 rue de la Paix") counts alone. Where
the word for it means other things too ("2 External Drive", "Ring 3"), a postal code of the country has to follow. Not
found are post office boxes, houses with a name alone, a postal code or town alone, streets in small letters without a
postal code, and addresses of other countries.
"""

import re
from collections.abc import Iterator
from functools import cache

from moderation.policy import Country

_NUMBER = r"\d{1,4}(?: ?[a-zA-Z](?!\w))?(?:[-/]\d{1,4}[a-zA-Z]?)?"
_GAP = r"(?: ?[,\n]\s?| - | )"  # between the lines of an address
_NAME = r"[A-Z\u00c0-\u00de][\w.'\u2019-]{0,29}\w"
_TOWN = rf"{_NAME}(?: (?:am|an der|im|bei|sur|la|le|les|de|del|den|der|upon|{_NAME})){{0,2}}"

_GERMAN = rf"(?:{_NAME} (?:Stra(?:\u00df|ss)e|Str\.)|[\w-]{{2,30}}(?:stra(?:\u00df|ss)e|str\.)) ?{_NUMBER}"
_GERMAN_WAY = (
    rf"(?:(?:Am|An der|An den|Auf der|Im|In der|Unter den|Zum|Zur) {_NAME}(?: {_NAME})?"
    rf"|(?:{_NAME} |[\w-]{{2,30}})(?i:weg|allee|platz|gasse|ring|damm|ufer|chaussee|steig|markt)) {_NUMBER}"
)
_GERMAN_SMALL = rf"(?i:[\w-]{{2,30}}(?:stra(?:\u00df|ss)e|str\.?|weg|allee|platz|gasse) ?{_NUMBER})"
_ENGLISH_NUMBER = r"(?:(?:Flat|Apt\.?|Apartment|Unit) ?\w{1,4}, ?)?\d{1,5}[a-zA-Z]?"
_ENGLISH_NAME = rf"(?:(?:[NSEW]\.?|St\.|{_NAME}|\d{{1,3}}(?:st|nd|rd|th)) ){{1,3}}"
_ENGLISH = rf"{_ENGLISH_NUMBER} {_ENGLISH_NAME}(?:Street|St\b\.?|Road|Rd\b\.?|Avenue|Ave\b\.?|Lane|Boulevard|Blvd\b\.?)"
_ENGLISH_WAY = (
    rf"{_ENGLISH_NUMBER} {_ENGLISH_NAME}(?:Drive|Dr\.?|Court|Ct\.?|Way|Place|Pl\.?|Close|Square|Sq\.?|Terrace|Crescent"
    r"|Parkway|Pkwy|Circle|Cir\.?|Gardens|Grove|Hill|Mews|Row|Ln\.?|Highway|Hwy)"
)
_UNIT = r"(?:,? (?:Apt|Suite|Ste|Unit|Flat|#)\.? ?\w{1,5})?"
_FRENCH = (
    r"\d{1,4}(?:[a-zA-Z]| ?(?:bis|ter))?,? (?i:rue|avenue|boulevard|bd|chemin|impasse|quai|all\u00e9e) "
    rf"(?:(?:de la |de l'|des |du |de |d'|la |le |les )?{_NAME})(?: (?:de |des |du )?{_NAME}){{0,2}}"
)
_FRENCH_WAY = _FRENCH.replace("rue|", "rue|place|cours|route|")
_DUTCH = rf"[A-Z][\w-]{{1,30}}(?:straat|laan|gracht|kade|singel) {_NUMBER}"
_DUTCH_WAY = rf"[\w-]{{2,30}}(?:straat|laan|gracht|kade|singel|weg|dijk|hof|pad|markt|plein) {_NUMBER}"
_SPANISH = (
    r"(?i:calle|avenida|avda\.|paseo|plaza|c/) ?(?:(?:de las?|de los|del?) )?"
    rf"{_NAME}(?: {_NAME}){{0,2}},? (?:n\.?\u00ba ?)?\d{{1,4}}[a-zA-Z]?"
)
_ITALIAN = (
    r"(?:[Vv]ia|[Vv]iale|[Pp]iazza|[Cc]orso|[Ll]argo|[Vv]icolo) (?:(?:della?|dei|delle|del) )?"
    rf"{_NAME}(?: {_NAME}){{0,2}},? \d{{1,4}}[a-zA-Z]?"
)

_FIVE = rf"\d{{5}} {_TOWN}"
_POSTCODE = rf"(?:{_TOWN}{_GAP}){{0,2}}[A-Z]{{1,2}}\d[A-Z\d]? ?\d[A-Z]{{2}}\b"  # GB
_ZIP = rf"{_TOWN}{_GAP}[A-Z]{{2}},? \d{{5}}(?:-\d{{4}})?\b"  # US

# By country: streets that count alone, streets that need what follows, and what follows: a postal code and a town.
_FORMS: dict[Country, tuple[str, str, str]] = {
    "DE": (_GERMAN, f"{_GERMAN_WAY}|{_GERMAN_SMALL}", rf"(?:D-)?\d{{5}} (?:{_TOWN}|\w{{2,30}})"),
    "AT": (_GERMAN, f"{_GERMAN_WAY}|{_GERMAN_SMALL}", rf"(?:A-)?\d{{4}} (?:{_TOWN}|\w{{2,30}})"),
    "CH": (_GERMAN, f"{_GERMAN_WAY}|{_GERMAN_SMALL}", rf"(?:CH-)?\d{{4}} (?:{_TOWN}|\w{{2,30}})"),
    "GB": (f"{_ENGLISH}{_UNIT}", f"{_ENGLISH_WAY}{_UNIT}|(?i:{_ENGLISH}{_UNIT})", _POSTCODE),
    "US": (f"{_ENGLISH}{_UNIT}", f"{_ENGLISH_WAY}{_UNIT}|(?i:{_ENGLISH}{_UNIT})", _ZIP),
    "FR": (_FRENCH, f"(?i:{_FRENCH_WAY})", _FIVE),
    "NL": (_DUTCH, _DUTCH_WAY, rf"\d{{4}} ?[A-Z]{{2}}\b(?: {_TOWN})?"),
    "ES": (_SPANISH, f"(?i:{_SPANISH})", _FIVE),
    "IT": (_ITALIAN, f"(?i:{_ITALIAN})", rf"{_FIVE}(?: \(?[A-Z]{{2}}\b\)?)?"),
}


def addresses(text: str, countries: tuple[Country, ...] | None) -> Iterator[tuple[int, int]]:
    """Addresses of `countries`, or where that is None of all countries whose addresses are known."""
    if any(char.isdigit() for char in text):  # each has a house number, and most requests have none
        yield from (match.span() for match in _pattern(countries or tuple(_FORMS)).finditer(text))


@cache
def _pattern(countries: tuple[Country, ...]) -> re.Pattern[str]:
    """All forms as one pattern, the longer ones first, so that the code and the town belong to the address."""
    forms = [_FORMS[country] for country in countries if country in _FORMS]
    whole = [rf"(?:{alone}|{other}){_GAP}(?i:{rest})" for alone, other, rest in forms]
    short = list(dict.fromkeys(alone for alone, _, _ in forms))
    return re.compile(rf"(?<![\w-])(?:{'|'.join([*whole, *short])})(?!\w)") if forms else re.compile(r"(?!)")
