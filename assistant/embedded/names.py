"""Products named in a text: whole names, names without the brand, model numbers and SKUs."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from assistant.catalog.vocabulary import ProductWords
from assistant.embedded.reading import Mention
from assistant.embedded.tokens import Token, stem, stems, word_set
from assistant.embedded.wordlists import COMMON

_MAX_SAME = 8  # how many products one ambiguous name may stand for
_MAX_FAMILY = 40  # a word of more products than this is not a name
_SUFFIXES = word_set("pro air lite ultra se xl plus max mini sport ti go neo fe xs")
_COMMON_STEMS = frozenset(stem(word) for word in COMMON)
_NOT_ALNUM = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class Found:
    """A run of tokens `first:after` that names products; none where it names one that the catalog lacks."""

    first: int
    after: int
    mentions: tuple[Mention, ...]


@dataclass(frozen=True)
class _Name:
    sku: str
    words: tuple[str, ...]
    brand_words: int


class Names:
    """An index of product names by their words; a text is looked up run by run, never product by product."""

    def __init__(
        self, products: tuple[ProductWords, ...], is_phrase: Callable[[str], bool], counts: Callable[[str], bool]
    ) -> None:
        parents = {product.sku: product for product in products if product.parent is None}
        self._is_phrase = is_phrase
        self._counts = counts
        self._names: list[_Name] = []
        self._longest = 1
        self._by_word: dict[str, set[int]] = {}
        self._variants: dict[str, list[tuple[str, frozenset[str]]]] = {}
        self._skus: dict[str, str] = {}
        for product in products:
            code = _NOT_ALNUM.sub("", product.sku).lower()
            if (len(code) > 3 and not code.isalpha()) or (len(code) > 3 and _NOT_ALNUM.search(product.sku)):
                self._skus[code] = product.sku
            if product.parent in parents:
                own = [word for word in stems(product.name) if word not in stems(parents[product.parent].name)]
                self._variants.setdefault(product.parent, []).append((product.sku, frozenset(own)))
            else:
                self._index(product)

    def _index(self, product: ProductWords) -> None:
        words, brand = stems(product.name), stems(product.brand)
        name = _Name(product.sku, words, len(brand) if words[: len(brand)] == brand else 0)
        self._longest = max(self._longest, len(words))
        for word in name.words:
            self._by_word.setdefault(word, set()).add(len(self._names))
        self._names.append(name)

    def find(self, tokens: list[Token], unit_ends: dict[int, int]) -> list[Found]:
        """Return the runs that name products, left to right.

        `unit_ends` maps the index of a number to the index after its unit or currency: "Nova 16 GB" is not the
        Nova 16, unless the name itself goes on with the unit.
        """
        found: list[Found] = []
        index = 0
        while index < len(tokens):
            here = self._sku_at(tokens, index) or self._name_at(tokens, index, unit_ends)
            if here:
                found.append(here)
            index = here.after if here else index + 1
        return found

    def _sku_at(self, tokens: list[Token], first: int) -> Found | None:
        if first and tokens[first].gap in ("-", "_", "") and tokens[first - 1].word[0].isalnum():
            return None
        code, best = "", None
        for after in range(first + 1, min(first + 12, len(tokens)) + 1):
            if after > first + 1 and tokens[after - 1].gap not in ("", "-", "_", ".", "/"):
                break
            code += tokens[after - 1].word
            sku = self._skus.get(code)
            if sku and (after > first + 1 or len(code) > 4) and not _continues(tokens, after):
                best = Found(first, after, (Mention(sku, _span(tokens, first, after), 1.0),))
        return best

    def _name_at(self, tokens: list[Token], first: int, unit_ends: dict[int, int]) -> Found | None:
        runs: list[tuple[int, set[int]]] = []
        same: set[int] | None = None
        for after in range(first + 1, min(len(tokens), first + self._longest) + 1):
            token = tokens[after - 1]
            owners = self._by_word.get(token.stem)
            if not owners or (after > first + 1 and token.gap.strip() not in ("", "-", "/", "_")):
                break
            same = owners if same is None else same & owners
            if not same:
                break
            runs.append((after, same))
        for after, owners in reversed(runs):
            if unit_ends.get(after - 1, after) > after:
                continue  # the unit belongs to the number
            words = tuple(token.stem for token in tokens[first:after])
            names = [name for name in (self._names[owner] for owner in owners) if _in_order(words, name.words)]
            if (unknown := self._other_model(tokens, first, after, names, unit_ends)) is not None:
                return unknown
            if names and self._is_name(tokens, first, after, names):
                return Found(first, after, self._mentions(tokens, first, after, words, names))
        return None

    def _is_name(self, tokens: list[Token], first: int, after: int, names: list[_Name]) -> bool:
        """Whether a run is enough to mean these products, and not just a word that their names contain."""
        words = [token.stem for token in tokens[first:after]]
        brand = names[0].words[: names[0].brand_words]
        has_brand = bool(brand) and tuple(words[: len(brand)]) == brand
        rest = words[len(brand) :] if has_brand else words
        if not rest or len(names) > _MAX_FAMILY:
            return False
        start = first + len(words) - len(rest)
        if has_brand:
            following = any(
                name.words[name.brand_words : name.brand_words + len(rest)] == tuple(rest) for name in names
            )
            return following or not all(self._is_plain(word) for word in rest)
        if len(rest) > 1:
            code = any(len(word) > 1 and word.isalpha() for word in rest)
            glued = tokens[start + 1].glued and tokens[start + 1].is_number
            apart = any(_contains(name.words, tuple(rest)) for name in names)
            return (
                apart
                and not all(word.isdigit() for word in rest)
                and (code or glued)
                and not (
                    all(self._is_plain(word) and word.isalpha() for word in rest)
                    and not any(name.words[name.brand_words :] == tuple(rest) for name in names)
                )
            )
        if rest[0].isdigit():
            called = first > 0 and tokens[first - 1].word in ("the", "than", "vs", "or", "and")
            return called and len(rest[0]) > 2 and len(names) <= _MAX_SAME and _ends_clause(tokens, after)
        leads = any(name.words[name.brand_words : name.brand_words + 1] == (rest[0],) for name in names)
        return len(rest[0]) > 3 and not self._is_plain(rest[0]) and leads

    def _is_plain(self, word: str) -> bool:
        """Whether a word says something else too: a common word or a word of the catalog."""
        return word in _COMMON_STEMS or self._is_phrase(word)

    def _other_model(
        self, tokens: list[Token], first: int, after: int, names: list[_Name], unit_ends: dict[int, int]
    ) -> Found | None:
        """A run that goes on with a number or suffix which none of these names has: another model."""
        if after >= len(tokens) or not names:
            return None
        token, last = tokens[after], tokens[after - 1]
        words = tuple(part.stem for part in tokens[first:after])
        if len(words) == 1 and len(words[0]) == 1:
            return None  # "E27" may be any thing's name
        only_brand = all(words == name.words[: name.brand_words] for name in names)
        if only_brand and len(token.word) < 3:
            return None
        if token.is_number and not last.is_number and token.gap in ("", " ", "-") and after not in unit_ends:
            numbered = any(_next_is_number(name.words, words) for name in names)
            follows = tokens[after + 1].stem if after + 1 < len(tokens) else ""
            known = self._is_plain(words[-1]) and len(words) < 2
            if numbered and not known and (token.gap != " " or not self._counts(follows)):
                return Found(first, after + 1, ())
        if last.is_number and token.gap == "" and token.word.isalpha() and token.word != "s":
            return Found(first, after + 1, ()) if self._is_name(tokens, first, after, names) else None
        if (
            token.word in _SUFFIXES
            and not only_brand
            and token.gap == " "
            and self._is_name(tokens, first, after, names)
        ):
            follower = tokens[after + 1] if after + 1 < len(tokens) else None
            if follower is None or not (follower.is_number or follower.word in ("a", "an", "the", "€", "$", "£")):
                return Found(first, after + 1, ())
        return None

    def _mentions(
        self, tokens: list[Token], first: int, after: int, words: tuple[str, ...], names: list[_Name]
    ) -> tuple[Mention, ...]:
        span = _span(tokens, first, after)
        whole = [name for name in names if name.words == words]
        exact = whole or [name for name in names if name.words[name.brand_words :] == words]
        if exact:
            best, score = exact, 1.0 if whole else 0.95
        else:
            base = min(names, key=lambda name: (len(name.words), name.sku))
            is_base = all(name.words[: len(base.words)] == base.words for name in names)
            best, score = ([base], 0.8) if is_base else (names, 0.6)
        skus = sorted(name.sku for name in best)[:_MAX_SAME]
        if len(skus) == 1:
            skus = [self._variant(skus[0], tokens, first, after) or skus[0]]
        return tuple(Mention(sku, span, score, ambiguous=len(best) > 1) for sku in skus)

    def _variant(self, sku: str, tokens: list[Token], first: int, after: int) -> str | None:
        """The variant of a named product whose own words all stand elsewhere in the text."""
        variants = self._variants.get(sku)
        if not variants:
            return None
        around = {token.stem for token in (*tokens[:first], *tokens[after:])}
        named = [(len(words), variant) for variant, words in variants if words and words <= around]
        most = max((count for count, _ in named), default=0)
        best = [variant for count, variant in named if count == most]
        return best[0] if len(best) == 1 else None


def _span(tokens: list[Token], first: int, after: int) -> tuple[int, int]:
    return tokens[first].start, tokens[after - 1].end


def _continues(tokens: list[Token], after: int) -> bool:
    """Whether letters or digits go on without a space, so that a code found up to here is only a part."""
    return after < len(tokens) and tokens[after].gap == "" and tokens[after].word[0].isalnum()


def _in_order(words: tuple[str, ...], name: tuple[str, ...]) -> bool:
    rest = iter(name)
    return all(word in rest for word in words)


def _contains(name: tuple[str, ...], words: tuple[str, ...]) -> bool:
    return any(name[start : start + len(words)] == words for start in range(len(name) - len(words) + 1))


def _next_is_number(name: tuple[str, ...], words: tuple[str, ...]) -> bool:
    """Whether the name goes on with a number after these words."""
    place = next((place for place in range(len(name)) if name[place] == words[-1]), len(name))
    return place + 1 < len(name) and name[place + 1][0].isdigit()


def _ends_clause(tokens: list[Token], after: int) -> bool:
    """Whether no noun follows, so that a number stands for itself: "the 700 heavier than"."""
    return after == len(tokens) or tokens[after].word in COMMON or any(sign in tokens[after].gap for sign in ",.?!;")
