"""Letters that look like Latin ones: a table for matching, never for showing.

Covered are

* letters of other scripts that Unicode's confusables.txt (UTS 39) lists as one Latin letter: the scripts in `_SCRIPTS`,
  after case folding, and three that it does not have: ω as w, η as n, ɛ as e;
* Latin letters with strokes, hooks, tails and the like, small capitals, and letters in brackets, in black circles and
  squares and on flags, all by their names in the Unicode character database.

What NFKC and NFKD make plain is no concern of this table: full width, mathematical and circled letters, ligatures,
accents. Not covered are look-alikes of several letters ("rn" for "m"), letters turned upside down, and other scripts.
"""

import re
import unicodedata
from collections.abc import Iterator

_SCRIPTS: dict[str, tuple[str, str]] = {
    "Cyrillic": ("авгекмнорстухьѕіјѡѵүһҽӏԁԍԛԝꙇ", "abrekmhopctyxbsijwvyheldgqwi"),
    "Greek": ("αβγεζηικμνορστυχωϝϳϻᴦ", "abyeznikmvopotuxwfjmr"),
    "Armenian": ("ագզհոռստցքօ", "wqqhnnusgfo"),
    "Cherokee": ("ᎠᎡᎢᎥᎩᎪᎫᎬᎱᎳᎷᎻᎽᏀᏂᏃᏏᏒᏔᏕᏙᏚᏞᏟᏢᏦᏧᏳᏴ", "drtiyajerwmhyghzbrwsvslcpkdgb"),
    "Coptic": ("ⲅⲏⲓⲕⲙⲛⲟⲣⲥⲧⲩⲭⳑ", "rhlkmnopctyxl"),
    "Lisu": ("ꓐꓑꓒꓓꓔꓖꓗꓙꓚꓜꓝꓟꓠꓡꓢꓣꓦꓧꓪꓫꓬꓮꓰꓲꓳꓴ", "bpddtgkjczfmnlsrvhwxyaelou"),
    "Canadian syllabics": ("ᐯᑌᑭᑯᑲᒍᒪᕁᕼᕽᖇᖯᖴᗅᗞᗪᗰᗷ᙭᙮", "vupdbjlxhxrbfaddmbxx"),
    "Deseret": ("𐐬𐐽𐑃𐑈", "ocls"),
    "Georgian": ("ყჿ", "yo"),
    "Tifinagh": ("ⴸⴹⵏⵔⵕⵝ", "veloqx"),
    "Latin": ("ıƅƍƽǀɑɛɡɣɩɯᴑẝꞟꞵꬲꬵꬽꭇꭈꭓ", "ibgslaegyiwofubeforrx"),
}
_SIGNS = ("\u2018\u2019\u02bc\u2010\u2011\u2012\u2013\u2014\u2212", "'''------")
_LATIN_NAME = re.compile(
    r"(?:LATIN (?:SMALL|CAPITAL) LETTER|LATIN LETTER SMALL CAPITAL|PARENTHESIZED LATIN (?:SMALL|CAPITAL) LETTER"
    r"|(?:CROSSED )?NEGATIVE (?:CIRCLED|SQUARED) LATIN CAPITAL LETTER|REGIONAL INDICATOR SYMBOL LETTER)"
    r" ([A-Z])(?: WITH .+)?"
)
# The blocks in which such names stand: Latin and its extensions, enclosed letters.
_LATIN_BLOCKS = (
    *((0x0080, 0x02AF), (0x1D00, 0x1DBF), (0x1E00, 0x1EFF), (0x2490, 0x24FF)),
    *((0x2C60, 0x2C7F), (0xA720, 0xA7FF), (0xAB30, 0xAB6F), (0x1F100, 0x1F1FF)),
)
# The two ligatures that NFKC makes 18 characters of, none of them Latin.
_LONG = ("\ufdfa\ufdfb", "  ")


def _by_name() -> Iterator[tuple[int, str]]:
    for first, last in _LATIN_BLOCKS:
        for code in range(first, last + 1):
            if name := _LATIN_NAME.fullmatch(unicodedata.name(chr(code), "")):
                yield code, name[1].lower()


LOOKALIKES: dict[int, str] = {
    **dict(_by_name()),
    **{
        ord(char): latin
        for chars, letters in (*_SCRIPTS.values(), _SIGNS, _LONG)
        for char, latin in zip(chars, letters, strict=True)
    },
}
"""Code point -> the ASCII letter or sign that it looks like, for `str.translate`."""
