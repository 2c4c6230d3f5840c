"""National ids: known by format, check digit and the words beside them.

An id that is digits alone looks like an article number, so it counts only beside a word for it, such as "PESEL" or
"Steuer-ID". One with letters, or written in its customary groups, counts where its country is the site's; where a check
digit makes chance unlikely too, it counts everywhere. Check digits are python-stdnum's.

No check digit exists for US SSN, GB national insurance numbers, DK CPR numbers since 2007 and passports. What is known
of their format is checked; passports count beside the word alone.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from stdnum.at import vnr
from stdnum.be import nn
from stdnum.ch import ssn as ahv
from stdnum.de import idnr
from stdnum.dk import cpr
from stdnum.es import dni, nie
from stdnum.fi import hetu
from stdnum.fr import nir
from stdnum.gb import nhs
from stdnum.ie import pps
from stdnum.it import codicefiscale
from stdnum.nl import bsn
from stdnum.no import fodselsnummer
from stdnum.pl import pesel
from stdnum.pt import nif
from stdnum.se import personnummer
from stdnum.us import itin, ssn

from moderation.policy import Country

_LEAST_DIGITS = 5  # in any id below; a text with fewer holds none
_BEFORE, _AFTER = 45, 30  # characters between an id and the word for it


@dataclass(frozen=True)
class _Format:
    """One way to write one country's id (None: any country's), and the words for it; `alone`: where it needs none."""

    country: Country | None
    pattern: re.Pattern[str]
    is_valid: Callable[[str], bool]
    words: re.Pattern[str]
    alone: Literal["everywhere", "at home", "never"]


def national_ids(text: str, region: str, countries: tuple[Country, ...] | None) -> Iterator[tuple[int, int]]:
    """National ids of `countries`, or where that is None the region's and the unmistakable ones of all others."""
    if sum(char.isdigit() for char in text) < _LEAST_DIGITS:
        return
    taken: list[tuple[int, int]] = []
    for one in _FORMATS:
        if countries is not None and one.country not in {None, *countries}:
            continue
        at_home = one.country is not None and (countries is not None or one.country == region)
        for match in one.pattern.finditer(text):
            span = match.span()
            if any(start < span[1] and span[0] < end for start, end in taken) or not one.is_valid(match[0]):
                continue
            alone = one.alone == "everywhere" or (at_home and one.alone == "at home")
            is_named = at_home or one.alone != "never"  # then a word for ids of all countries will do
            if alone or _is_beside(text, span, one.words) or (is_named and _is_beside(text, span, _ANY_WORD)):
                taken.append(span)
    yield from taken


def _is_beside(text: str, span: tuple[int, int], words: re.Pattern[str]) -> bool:
    """Whether one of the words stands shortly before, or after it in the same sentence."""
    start, end = span
    after = re.split(r"[.!?;\n]", text[end : end + _AFTER])[0]
    return bool(words.search(text[max(0, start - _BEFORE) : start]) or words.search(after))


def _words(*alternatives: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{'|'.join(alternatives)})(?!\w)", re.IGNORECASE)


def _format(
    country: Country | None,
    pattern: str,
    is_valid: Callable[[str], bool],
    words: re.Pattern[str],
    alone: Literal["everywhere", "at home", "never"] = "never",
) -> _Format:
    whole = re.compile(rf"(?<![\w.+/-])(?:{pattern})(?![\w/]|[.-]\w)", re.ASCII | re.IGNORECASE)
    return _Format(country, whole, is_valid, words, alone)


def _is_social_security(number: str) -> bool:
    return bool(ssn.is_valid(number) or itin.is_valid(number))


def _is_insurance_number(number: str) -> bool:
    """Neither of the prefixes that are not given out (HMRC manual NIM39110)."""
    return number[:2].upper() not in {"BG", "GB", "KN", "NK", "NT", "TN", "ZZ"}


def _is_identity_card(number: str) -> bool:
    """A serial number with digits in it, and the check digit of ICAO 9303 (weights 7, 3, 1) where it is written."""
    values = [int(char, 36) for char in number]
    check = sum(value * (7, 3, 1)[place % 3] for place, value in enumerate(values[:9])) % 10
    return sum(char.isdigit() for char in number) >= 3 and (len(values) == 9 or check == values[9])


def _is_any(_number: str) -> bool:
    return True


_ANY_WORD = _words(
    r"national ids?",
    r"(?:identity|identification|id)(?: card)? (?:number|no)",
    r"tax(?:payer)? (?:id|number|no)",
    r"social security(?: number| no)?",
    r"social insurance number",
)
_DNI = _words("dni", "nif", "nie", "documento nacional", "documento de identidad")
_NINO = _words("ni number", "nino", "national insurance(?: number| no)?")
_NIR = _words("nir", "s[ée]curit[ée] sociale", "s[ée]cu", "carte vitale", "social security(?: number)?")
_AHV = _words("ahv(?:-?(?:nummer|nr))?", "avs", "sozialversicherungsnummer")
_NN = _words("rijksregister(?:nummer)?", "registre national", "national register(?: number)?", "insz", "niss")
_STEUER = _words("steuer-?id(?:nr|entifikationsnummer)?", "steuerliche identifikationsnummer", "idnr", "tin", "tax id")
_AUSWEIS = _words("personalausweis(?:nummer|nr)?", "ausweis(?:nummer|nr)", "identity card", "id card")
_PASS = _words("passport", "reisepass(?:nummer|nr)?", "passeport", "pasaporte", "passaporto", "paspoort")
_SSN = _words("ssn", "itin", "social security(?: number| no)?")

_FORMATS: tuple[_Format, ...] = (
    _format("AT", r"\d{4} ?\d{6}", vnr.is_valid, _words("sozialversicherungsnummer", "sv-?n(?:ummer|r)", "svnr")),
    _format("BE", r"\d\d\.\d\d\.\d\d-\d{3}\.\d\d", nn.is_valid, _NN, "everywhere"),
    _format("BE", r"\d{11}", nn.is_valid, _NN),
    _format("CH", r"756[. ]\d{4}[. ]\d{4}[. ]\d\d", ahv.is_valid, _AHV, "everywhere"),
    _format("CH", r"756\d{10}", ahv.is_valid, _AHV),
    _format("DE", r"\d{2} ?\d{3} ?\d{3} ?\d{3}", idnr.is_valid, _STEUER),
    _format("DE", r"[CFGHJK-NPRTV-Z][\dCFGHJK-NPRTV-Z]{8}\d?", _is_identity_card, _AUSWEIS),
    _format("DE", r"[CFGHJK][\dCFGHJK-NPRTV-Z]{8}\d?", _is_identity_card, _PASS),
    _format("DK", r"\d{6}-\d{4}", cpr.is_valid, _words("cpr(?:-?n(?:ummer|r))?"), "at home"),
    _format("DK", r"\d{10}", cpr.is_valid, _words("cpr(?:-?n(?:ummer|r))?")),
    _format("ES", r"\d{8}[ -]?[A-Z]", dni.is_valid, _DNI, "at home"),
    _format("ES", r"[XYZ][ -]?\d{7}[ -]?[A-Z]", nie.is_valid, _DNI, "at home"),
    _format("FI", r"\d{6}[-+A-FU-Y]\d{3}[\dA-Y]", hetu.is_valid, _words("henkil[öo]tunnus", "hetu"), "everywhere"),
    _format("FR", r"[12] \d\d \d\d \d[\dAB] \d{3} \d{3} \d\d", nir.is_valid, _NIR, "everywhere"),
    _format("FR", r"[12]\d{5}[\dAB]\d{6} ?\d\d", nir.is_valid, _NIR),
    _format(
        "GB", r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] \d\d \d\d \d\d [A-D]", _is_insurance_number, _NINO, "everywhere"
    ),
    _format("GB", r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]\d{6} ?[A-D]", _is_insurance_number, _NINO, "at home"),
    _format("GB", r"\d{3}[ -]?\d{3}[ -]?\d{4}", nhs.is_valid, _words("nhs(?: number| no)?")),
    _format("IE", r"\d{7}[A-W][A-IW]?", pps.is_valid, _words("ppsn?(?: number| no)?"), "at home"),
    _format(
        "IT",
        r"[A-Z]{6} ?[\dLMNP-V]{2}[A-EHLMPRST][\dLMNP-V]{2} ?[A-Z][\dLMNP-V]{3} ?[A-Z]",
        codicefiscale.is_valid,
        _words("codice fiscale"),
        "everywhere",
    ),
    _format("NL", r"\d{9}|\d{4}[. ]\d\d[. ]\d{3}", bsn.is_valid, _words("bsn", "burgerservicenummer", "sofi-?nummer")),
    _format("NO", r"\d{6} ?\d{5}", fodselsnummer.is_valid, _words("f[øo]dselsnummer(?:et)?", "personnummer(?:et)?")),
    _format("PL", r"\d{11}", pesel.is_valid, _words("pesel")),
    _format("PT", r"\d{9}|\d{3} \d{3} \d{3}", nif.is_valid, _words("nif", "contribuinte")),
    _format("SE", r"(?:\d\d)?\d{6}[-+]\d{4}", personnummer.is_valid, _words("personnummer(?:et)?"), "at home"),
    _format("SE", r"(?:\d\d)?\d{10}", personnummer.is_valid, _words("personnummer(?:et)?")),
    _format("US", r"\d{3}-\d\d-\d{4}", _is_social_security, _SSN, "at home"),
    _format("US", r"\d{3} ?\d\d ?\d{4}", _is_social_security, _SSN),
    _format(None, r"[A-Z]{0,3}\d{6,9}", _is_any, _PASS),
)
