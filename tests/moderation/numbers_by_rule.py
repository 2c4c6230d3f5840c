"""Numbers by the public rules of their formats, their check digits computed here."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence


def digits(rng: random.Random, count: int) -> str:
    return "".join(rng.choice("0123456789") for _ in range(count))


def filled(rng: random.Random, pattern: str) -> str:
    """`#` becomes a digit, `@` a capital letter, `&` either."""
    letters = "ABCDEFGHJKLMNPRSTUVWXYZ"
    made = {"#": "0123456789", "@": letters, "&": letters + "0123456789"}
    return "".join(rng.choice(made[char]) if char in made else char for char in pattern)


def grouped(text: str, *sizes: int, by: str = " ") -> str:
    pieces, position = [], 0
    for size in sizes:
        pieces.append(text[position : position + size])
        position += size
    return by.join(piece for piece in pieces if piece)


def luhn(number: str) -> str:
    total = 0
    for place, char in enumerate(reversed(number)):
        value = int(char) * (1 if place % 2 else 2)
        total += value - 9 if value > 9 else value
    return number + str(-total % 10)


def weighted(number: str, weights: Sequence[int]) -> int:
    return sum(int(char) * weight for char, weight in zip(number, weights, strict=True))


# --- National ids: the rules are those of the issuing authorities ---


def _date(rng: random.Random) -> tuple[int, int, int]:
    return rng.randint(50, 99), rng.randint(1, 12), rng.randint(1, 28)


def _us(rng: random.Random) -> str:
    area = rng.choice([number for number in range(1, 900) if number != 666])
    return f"{area:03}-{rng.randint(1, 99):02}-{rng.randint(1, 9999):04}"


def _nino(rng: random.Random) -> str:
    prefix = rng.choice(("AB", "CE", "JG", "SA", "YZ", "WK", "PX", "HL"))
    return f"{prefix} {grouped(digits(rng, 6), 2, 2, 2)} {rng.choice('ABCD')}"


def _steuer_id(rng: random.Random) -> str:
    """One digit twice in the first ten, the others once; ISO 7064 MOD 11,10."""
    digits = rng.sample("0123456789", 9)
    digits.insert(rng.randint(0, 9), rng.choice(digits))
    if digits[0] == "0":
        digits.append(digits.pop(0))
    if digits[0] == "0":
        return _steuer_id(rng)
    product = 10
    for char in digits:
        total = (int(char) + product) % 10 or 10
        product = 2 * total % 11
    number = "".join(digits) + str((11 - product) % 10)
    return rng.choice((number, grouped(number, 2, 3, 3, 3)))


def _dni(rng: random.Random) -> str:
    if rng.random() < 0.3:
        first, rest = rng.randint(0, 2), rng.randint(0, 9_999_999)
        return f"{'XYZ'[first]}{rest:07}{'TRWAGMYFPDXBNJZSQVHLCKE'[(first * 10_000_000 + rest) % 23]}"
    number = rng.randint(1_000_000, 99_999_999)
    return f"{number:08}{rng.choice(('', '-'))}{'TRWAGMYFPDXBNJZSQVHLCKE'[number % 23]}"


def _nir(rng: random.Random) -> str:
    year, month, _ = _date(rng)
    number = f"{rng.randint(1, 2)}{year:02}{month:02}{rng.randint(21, 95):02}"
    number += f"{rng.randint(1, 900):03}{rng.randint(1, 900):03}"
    number += f"{97 - int(number) % 97:02}"
    return rng.choice((number, grouped(number, 1, 2, 2, 2, 3, 3, 2)))


def _codice_fiscale(rng: random.Random) -> str:
    year, month, day = _date(rng)
    code = filled(rng, "@@@@@@") + f"{year:02}{'ABCDEHLMPRST'[month - 1]}{day + rng.choice((0, 40)):02}"
    code += filled(rng, rng.choice(("H501", "F205", "A###", "L###")))
    odd = dict(zip("0123456789", (1, 0, 5, 7, 9, 13, 15, 17, 19, 21), strict=True))
    values = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)
    odd |= dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", values, strict=True))
    even = {char: int(char) if char.isdigit() else ord(char) - ord("A") for char in odd}
    total = sum(odd[char] if place % 2 == 0 else even[char] for place, char in enumerate(code))
    return code + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[total % 26]


def _bsn(rng: random.Random) -> str:
    number = str(rng.randint(1, 9)) + digits(rng, 7)
    check = weighted(number, range(9, 1, -1)) % 11
    return number + str(check) if check < 10 else _bsn(rng)


def _pesel(rng: random.Random) -> str:
    year, month, day = _date(rng)
    number = f"{year:02}{month:02}{day:02}{digits(rng, 4)}"
    return number + str(-weighted(number, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)) % 10)


def _personnummer(rng: random.Random) -> str:
    year, month, day = _date(rng)
    number = luhn(f"{year:02}{month:02}{day:02}{rng.randint(1, 999):03}")
    return f"{number[:6]}-{number[6:]}"


def _hetu(rng: random.Random) -> str:
    year, month, day = _date(rng)
    number = f"{day:02}{month:02}{year:02}{rng.randint(2, 899):03}"
    return f"{number[:6]}-{number[6:]}{'0123456789ABCDEFHJKLMNPRSTUVWXY'[int(number) % 31]}"


def _belgian(rng: random.Random) -> str:
    year, month, day = _date(rng)
    number = f"{year:02}{month:02}{day:02}{rng.randint(1, 997):03}"
    number += f"{97 - int(number) % 97:02}"
    return rng.choice((number, f"{number[:2]}.{number[2:4]}.{number[4:6]}-{number[6:9]}.{number[9:]}"))


def _ahv(rng: random.Random) -> str:
    number = "756" + digits(rng, 9)
    number += str(-weighted(number, (1, 3) * 6) % 10)
    return rng.choice((number, grouped(number, 3, 4, 4, 2, by=".")))


def _cpr(rng: random.Random) -> str:
    year, month, day = _date(rng)
    return f"{day:02}{month:02}{year:02}-{rng.randint(0, 3)}{digits(rng, 3)}"


def _norwegian(rng: random.Random) -> str:
    year, month, day = _date(rng)
    number = f"{day:02}{month:02}{year:02}{rng.randint(0, 499):03}"
    first = -weighted(number, (3, 7, 6, 1, 8, 9, 4, 5, 2)) % 11
    second = -(weighted(number, (5, 4, 3, 2, 7, 6, 5, 4, 3)) + 2 * first) % 11
    return f"{number}{first}{second}" if max(first, second) < 10 else _norwegian(rng)


def _nif(rng: random.Random) -> str:
    number = rng.choice("123") + digits(rng, 7)
    check = 11 - weighted(number, range(9, 1, -1)) % 11
    return number + str(check if check < 10 else 0)


def _austrian(rng: random.Random) -> str:
    year, month, day = _date(rng)
    serial, born = f"{rng.randint(100, 999)}", f"{day:02}{month:02}{year:02}"
    check = (weighted(serial, (3, 7, 9)) + weighted(born, (5, 8, 4, 2, 1, 6))) % 11
    return f"{serial}{check} {born}" if check < 10 else _austrian(rng)


def _pps(rng: random.Random) -> str:
    number = digits(rng, 7)
    return number + "WABCDEFGHIJKLMNOPQRSTUV"[weighted(number, range(8, 1, -1)) % 23]


NATIONAL_IDS: tuple[tuple[Callable[[random.Random], str], tuple[str, ...]], ...] = (
    (_us, ("My SSN is {}.", "My social security number: {}", "{} is my social security number.")),
    (_nino, ("My National Insurance number is {}.", "NI number {}", "for tax reasons: {}, thanks")),
    (_steuer_id, ("Meine Steuer-ID ist {}.", "Steueridentifikationsnummer: {}", "My German tax ID is {}")),
    (_dni, ("Mi DNI es {}.", "DNI {} for the invoice", "My Spanish ID number is {}")),
    (_nir, ("Mon numéro de sécurité sociale : {}.", "sécu {}", "my French social security number is {}")),
    (_codice_fiscale, ("codice fiscale {}", "Please put {} on the invoice.", "The fiscal code is {}.")),
    (_bsn, ("Mijn BSN is {}.", "BSN: {}", "my burgerservicenummer {} was asked for")),
    (_pesel, ("PESEL: {}", "Mój numer PESEL to {}.", "My PESEL is {}, do you need it?")),
    (_personnummer, ("Mitt personnummer är {}.", "personnummer {}", "my Swedish personal number is {}")),
    (_hetu, ("Henkilötunnus {}", "My Finnish ID is {}.", "hetu: {}")),
    (_belgian, ("Rijksregisternummer {}", "My Belgian national register number is {}.", "numéro national {}")),
    (_ahv, ("AHV-Nummer {}", "My AHV number is {}.", "N° AVS : {}")),
    (_cpr, ("Mit CPR-nummer er {}.", "CPR {}", "my CPR number: {}")),
    (_norwegian, ("Fødselsnummer {}", "My Norwegian personnummer is {}.", "fødselsnummeret mitt er {}")),
    (_nif, ("O meu NIF é {}.", "NIF: {}", "número de contribuinte {}")),
    (_austrian, ("Sozialversicherungsnummer {}", "SV-Nummer: {}", "Meine SVNR ist {}.")),
    (_pps, ("My PPS number is {}.", "PPSN {}", "PPS no {} as you asked")),
)


def national_id(rng: random.Random) -> tuple[str, Sequence[str]]:
    make, sentences = rng.choice(NATIONAL_IDS)
    return make(rng), sentences
