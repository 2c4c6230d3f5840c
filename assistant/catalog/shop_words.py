"""The operator's field file: how fields and categories are called, and how a field is said.

    [fields.weight]                      # an attribute's key, or price, stock, brand
    label = "weight"                     # absent: the key with blanks for underscores
    synonyms = ["how heavy"]
    more = "heavier"                     # less, most, least: the other comparison words
    phrase = "It weighs {value}."        # for a flag: yes = "...", no = "..."

    [categories.laptops]
    name = "laptops"
    singular = "laptop"
    synonyms = ["notebook"]

Every key may be absent, and so may the file.
"""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from assistant.catalog.products import CategoryKey, word
from assistant.catalog.toml_file import read_toml
from chains.contract import Contract
from chains.facts import Wording
from chains.tools import FieldKey
from chains.values import Word


def _one_value(phrase: str) -> str:
    if phrase.count("{value}") != 1 or phrase.count("{") != 1 or phrase.count("}") != 1:
        raise ValueError("write {value} once, where the value goes, and no other braces")
    return phrase


VisibleWord = Annotated[Word, AfterValidator(word)]
Sentence = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(word)]
ComparisonWord = Annotated[str, Field(min_length=1, max_length=40), AfterValidator(word)]
Synonyms = Annotated[tuple[VisibleWord, ...], Field(max_length=60)]


class FieldEntry(Contract):
    """What one field is called, and how it is said."""

    label: VisibleWord | None = None
    synonyms: Synonyms = ()
    phrase: Annotated[Sentence, AfterValidator(_one_value)] | None = None
    yes: Sentence | None = None
    no: Sentence | None = None
    more: ComparisonWord | None = None
    less: ComparisonWord | None = None
    most: ComparisonWord | None = None
    least: ComparisonWord | None = None

    @property
    def wording(self) -> Wording:
        """How the field is said."""
        return Wording(**self.model_dump(exclude={"label", "synonyms"}))


class CategoryEntry(Contract):
    """What one category is called."""

    name: VisibleWord | None = None
    singular: VisibleWord | None = None
    synonyms: Synonyms = ()


class ShopWords(Contract):
    """The whole field file; an entry for a field or category that no product has does no harm."""

    fields: dict[FieldKey, FieldEntry] = {}
    categories: dict[CategoryKey, CategoryEntry] = {}


def read_shop_words(path: Path | None) -> ShopWords:
    """Read a field file; without one nothing has a name of its own. Raises CatalogError with one sentence a line."""
    return ShopWords() if path is None else read_toml(path, ShopWords)
