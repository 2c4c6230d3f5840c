"""Numbers in a text, in digits or in words, and the units and currencies they are said with."""

import re
from dataclasses import dataclass
from decimal import Decimal

from assistant.catalog.units import unit_of
from assistant.embedded.tokens import Token, word_set

_ONE_TO_NINETEEN = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_TENS_WORDS = "twenty thirty forty fifty sixty seventy eighty ninety"
_ONES = {word: number for number, word in enumerate(_ONE_TO_NINETEEN.split(), start=1)}
_TENS = {word: 10 * number for number, word in enumerate(_TENS_WORDS.split(), start=2)}
_SMALL = _ONES | _TENS | {"fourty": 40, "dozen": 12}
_SCALES = {"hundred": 100, "thousand": 1000, "grand": 1000}
_MAX_DIGITS = 12
_THOUSANDS = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?")
_CONTINENTAL = re.compile(r"[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]+|[0-9]{1,3}(?:\.[0-9]{3}){2,}")
_COMMA_DECIMAL = re.compile(r"[0-9]+,[0-9]+")

NUMBER_WORDS = frozenset(_SMALL)
# What customers write beside the spellings which shops use; several units where the word has several meanings.
_CASUAL_UNITS: dict[str, tuple[str, ...]] = {
    "g": ("g", "GB"), "gs": ("g", "GB"), "gig": ("GB",), "gigs": ("GB",), "giga": ("GB",), "gb's": ("GB",),
    "gbs": ("GB",), "t": ("TB",), "tera": ("TB",), "teras": ("TB",), "terra": ("TB",), "tbs": ("TB",),
    "terabyte": ("TB",), "terabytes": ("TB",), "mb": ("MB",), "meg": ("MB",), "megs": ("MB",),
    "k": ("K",), "pounds": ("lb",), "pound": ("lb",), "lbs": ("lb",), "kilo": ("kg",), "kilos": ("kg",),
    "w": ("W",), "v": ("V",), "a": (), "m": ("m",), "l": ("l",), "h": ("h",), "s": ("s",), "hour": ("h",),
    "mp": ("MP",), "mpx": ("MP",), "megapixel": ("MP",), "megapixels": ("MP",), "hz": ("Hz",), "hrz": ("Hz",),
    "degree": ("°C",), "degrees": ("°C",), "°": ("°C",), "inch": ("in",), "inches": ("in",), "inchs": ("in",),
    '"': ("in",), "foot": ("ft",), "litre": ("l",), "metre": ("m",), "cms": ("cm",), "mah": ("mAh",), "ah": ("Ah",),
    "ohm": ("Ohm",), "ohms": ("Ohm",), "mbit": ("Mbps",), "gbit": ("Gbps",), "bars": ("bar",), "pa": ("Pa",),
    "pascal": ("Pa",), "wk": (), "second": ("s",), "seconds": ("s",), "minute": ("min",), "mos": ("months",),
}  # fmt: skip
_BEFORE_ARTICLE = frozenset(("under", "over", "than", "below", "least", "about", "around", "most", "above", "up", "to"))
_SQUARE = {"square": "m²", "sq": "m²", "cubic": "m³/h"}
_METRES = ("m", "metre", "metres")

# Several codes where the word is shared; the catalog's own currency is meant where it is one of them.
_CURRENCIES: dict[str, tuple[str, ...]] = {
    "€": ("EUR",), "eur": ("EUR",), "euro": ("EUR",), "euros": ("EUR",), "eur's": ("EUR",), "eus": ("EUR",),
    "$": ("USD", "CAD", "AUD", "NZD", "SGD", "HKD", "MXN"), "usd": ("USD",),
    "dollar": ("USD", "CAD", "AUD", "NZD", "SGD", "HKD"), "dollars": ("USD", "CAD", "AUD", "NZD", "SGD", "HKD"),
    "buck": ("USD", "CAD", "AUD", "NZD"), "bucks": ("USD", "CAD", "AUD", "NZD"), "£": ("GBP",), "gbp": ("GBP",),
    "quid": ("GBP",), "pound": ("GBP",), "pounds": ("GBP",), "sterling": ("GBP",), "chf": ("CHF",),
    "franc": ("CHF",), "francs": ("CHF",), "¥": ("JPY", "CNY"), "yen": ("JPY",), "jpy": ("JPY",), "cny": ("CNY",),
    "yuan": ("CNY",), "sek": ("SEK",), "nok": ("NOK",), "dkk": ("DKK",), "kr": ("SEK", "NOK", "DKK"),
    "kronor": ("SEK",), "kroner": ("NOK", "DKK"), "pln": ("PLN",), "zloty": ("PLN",), "czk": ("CZK",),
    "huf": ("HUF",), "inr": ("INR",), "rupees": ("INR",), "rs": ("INR",), "cad": ("CAD",), "aud": ("AUD",),
    "nzd": ("NZD",), "brl": ("BRL",), "try": (), "lira": ("TRY",),
}  # fmt: skip
_WEIGHT_WORDS = word_set("weigh weighs weight weighing lighter heavier light heavy lb lbs")
# "27 in" is inches, "27 in stock" and "two in black" are not.
_AFTER_INCHES = word_set(
    "screen screens display monitor monitors laptop laptops notebook panel diagonal or and to one ones tv tall "
    "wide long deep high thick minimum max maximum"
)


@dataclass(frozen=True)
class Measure:
    """A number in the text: its value, the units or the currency said with it, and its tokens `first:after`.

    `units` has several where the word is ambiguous ("16g"); it is empty for a bare number and for money.
    """

    first: int
    after: int
    value: Decimal
    units: tuple[str, ...] = ()
    currency: str | None = None
    thousands: bool = False
    about: bool = False


def measures(tokens: list[Token], own_currency: str) -> list[Measure]:
    """Return the numbers of a text in order; ordinals and counts such as "one" without a unit are left out."""
    found: list[Measure] = []
    index = 0
    while index < len(tokens):
        measure = _measure(tokens, index, own_currency)
        if measure is None:
            index += 1
        else:
            found.append(measure)
            index = measure.after
    return found


def _measure(tokens: list[Token], index: int, own: str) -> Measure | None:
    first = index
    before = _currency(tokens[index].word, own)
    if before and index + 1 < len(tokens) and tokens[index + 1].is_number:
        index += 1
    else:
        before = None
    number = _number(tokens, index)
    if number is None:
        return None
    value, after, thousands = number
    if before:
        again = after < len(tokens) and _currency(tokens[after].word, own) == before
        if again and not (after + 1 < len(tokens) and tokens[after + 1].is_number):
            after += 1  # "€50 EUR"
        return Measure(first, after, _money_value(tokens, index, value), (), before, thousands)
    return _with_unit(tokens, first, after, value, own, thousands=thousands)


def _with_unit(
    tokens: list[Token], first: int, after: int, value: Decimal, own: str, *, thousands: bool
) -> Measure | None:
    unit = None if thousands else _unit(tokens, after)
    word = tokens[after].word if after < len(tokens) else ""
    if word == "ish" or (word == "or" and _word(tokens, after + 1) == "so"):  # "40ish euros"
        skip = 1 if word == "ish" else 2
        if after + skip < len(tokens) and _currency(tokens[after + skip].word, own):
            code = _currency(tokens[after + skip].word, own)
            return Measure(first, after + skip + 1, value, (), code, thousands, about=True)
    currency = _currency(word, own)
    if currency and unit and unit[0] == ("lb",) and any(token.word in _WEIGHT_WORDS for token in tokens):
        currency = None
    if currency:
        return Measure(first, after + 1, _money_value(tokens, first, value), (), currency, thousands)
    if unit:
        return Measure(first, unit[1], value, unit[0], None, thousands)
    if tokens[first].word in ("one", "a", "an", "half") and after - first == 1:
        return None
    return Measure(first, after, value, (), None, thousands)


def _number(tokens: list[Token], index: int) -> tuple[Decimal, int, bool] | None:
    """The number that starts at a token, the index after it, and whether it was said in thousands ("1.5k")."""
    token = tokens[index]
    if token.is_number:
        value = parse(token.word)
        if value is None or (index and tokens[index - 1].word.isalpha() and token.gap == ""):
            return None  # "usb4" and "x9" are names
        following = tokens[index + 1] if index + 1 < len(tokens) else None
        if following and following.word == "k" and following.gap == "" and value < 1000:
            return value * 1000, index + 2, True
        if following and following.word in _SCALES:
            return value * _SCALES[following.word], index + 2, True
        return value, index + 1, False
    return _spelled(tokens, index)


def _spelled(tokens: list[Token], index: int) -> tuple[Decimal, int, bool] | None:
    word, following = tokens[index].word, _word(tokens, index + 1)
    if word == "half" and following in ("a", "an") and _unit(tokens, index + 2):
        return Decimal("0.5"), index + 2, False
    if word in ("a", "an", "half") and following not in _SCALES:
        bounded = index > 0 and tokens[index - 1].word in _BEFORE_ARTICLE
        return (Decimal(1), index + 1, False) if bounded and _is_long_unit(following) else None
    total, part, place = 0, 0, index
    while place < len(tokens):
        word = tokens[place].word
        if word in ("a", "an") and place == index:
            part = 1
        elif word in _SMALL:
            if part % 100 and not (part % 100 >= 20 and part % 10 == 0 and word in _ONES):
                break
            part += _SMALL[word]
        elif word in _SCALES and part:
            total, part = (total + part * 1000, 0) if _SCALES[word] == 1000 else (total, part * 100)
        elif word != "and" or not (part or total) or _word(tokens, place + 1) not in _SMALL or part % 100:
            break
        place += 1
    if _word(tokens, place) == "and" and _word(tokens, place + 1) == "a" and _word(tokens, place + 2) == "half":
        return Decimal(total + part) + Decimal("0.5"), place + 3, False
    return (Decimal(total + part), place, False) if place > index and total + part else None


def parse(written: str) -> Decimal | None:
    """Read digits as customers write them: "1,299.00", "1.299,00", "1,5" and "1.5"; None for what is too long."""
    if sum(sign.isdigit() for sign in written) > _MAX_DIGITS:
        return None
    if _THOUSANDS.fullmatch(written):
        written = written.replace(",", "")
    elif _CONTINENTAL.fullmatch(written):
        written = written.replace(".", "").replace(",", ".")
    elif _COMMA_DECIMAL.fullmatch(written):
        written = written.replace(",", ".")
    if written.count(".") > 1 or "," in written:
        return None
    value = Decimal(written)
    return value if value == round(value, 6) else round(value, 6)


def _money_value(tokens: list[Token], index: int, value: Decimal) -> Decimal:
    """Three digits after a point are thousands where money is meant: nobody writes tenths of cents."""
    written = tokens[index].word
    return value * 1000 if re.fullmatch(r"[1-9][0-9]{0,2}\.[0-9]{3}", written) else value


def _unit(tokens: list[Token], index: int) -> tuple[tuple[str, ...], int] | None:
    """The units that a word after a number stands for, and the index after it."""
    if index >= len(tokens):
        return None
    token = tokens[index]
    if token.gap.strip() not in ("", "-"):
        return None
    if token.word in _SQUARE and _word(tokens, index + 1) in _METRES:
        return (_SQUARE[token.word],), index + 2
    if token.word == "m" and _word(tokens, index + 1) in ("²", "2") and tokens[index + 1].gap == "":
        return ("m²",), index + 2
    if token.word == "in" and not _is_inches(tokens, index):
        return None
    if token.word in ("°", "degrees") and _word(tokens, index + 1) in ("c", "celsius"):
        return ("°C",), index + 2
    if token.word in _CASUAL_UNITS:
        units = _CASUAL_UNITS[token.word]
        short = len(token.word) == 1 and token.word.isalpha() and token.gap not in ("", " ")
        return (units, index + 1) if units and not short else None
    known = unit_of(token.word)
    return ((known,), index + 1) if known else None


def _is_inches(tokens: list[Token], index: int) -> bool:
    glued = tokens[index].gap in ("", "-")
    return glued or index + 1 == len(tokens) or tokens[index + 1].word in _AFTER_INCHES or "," in tokens[index + 1].gap


def _is_long_unit(word: str) -> bool:
    """Whether "a" before the word says one of it: a kilo, a litre, a terabyte."""
    return word in ("kilo", "kilogram", "litre", "metre", "terabyte", "tb", "kg")


def _currency(word: str, own: str) -> str | None:
    codes = _CURRENCIES.get(word)
    if not codes:
        return own if word == own.lower() else None
    return own if own in codes else codes[0]


def _word(tokens: list[Token], index: int) -> str:
    return tokens[index].word if 0 <= index < len(tokens) else ""
