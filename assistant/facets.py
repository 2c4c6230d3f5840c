"""Tells planners that cannot see the catalog what it can be searched by, and which products a text may mean."""

from decimal import Decimal

from babel.numbers import get_currency_precision

from assistant.catalog.catalog import Catalog
from assistant.catalog.units import plain
from assistant.catalog.vocabulary import FieldWords, Vocabulary
from assistant.embedded.reader import Reader
from chains.facets import Facets, FieldFacet, Hints, ProductHint

_VALUES = 24  # of one field: the rest of a long list says little more of what the field is
_HINTS = 8


def facets_of(vocabulary: Vocabulary) -> Facets:
    """A catalog's facets, sorted, so that the same catalog always reads the same; prices in the currency itself."""
    return Facets(
        currency=vocabulary.currency,
        categories=tuple(sorted((key, words.name) for key, words in vocabulary.categories.items())),
        fields=tuple(_field(vocabulary.fields[key], vocabulary.currency) for key in sorted(vocabulary.fields)),
        brands=tuple(sorted(vocabulary.brands, key=str.casefold)),
        topics=tuple(sorted(vocabulary.topics)),
    )


def hints_of(reader: Reader, catalog: Catalog) -> Hints:
    """Finds up to 8 products that a text may mean: those it names, and those that the customer sees.

    Where it names none for certain, those whose words it has come after them, best first.
    """
    known = {product.sku: product for product in catalog.vocabulary.products}

    def hints(text: str, products: tuple[str, ...]) -> tuple[ProductHint, ...]:
        mentions = reader.read(text, products).products
        certain = any(not mention.ambiguous for mention in mentions)
        hits = () if certain else catalog.likeliest(text, _HINTS)
        skus = dict.fromkeys(sku for sku in (*(m.sku for m in mentions), *products, *hits) if sku in known)
        return tuple(ProductHint(sku, known[sku].name, known[sku].category) for sku in [*skus][:_HINTS])

    return hints


def _field(field: FieldWords, currency: str) -> FieldFacet:
    is_money = field.kind == "money"
    places = get_currency_precision(currency) if is_money else 0
    return FieldFacet(
        key=field.key,
        label=field.label,
        kind=field.kind,
        unit=currency if is_money else field.unit,
        low=_as_text(field.low, places),
        high=_as_text(field.high, places),
        values=tuple(sorted(field.values, key=str.casefold))[:_VALUES],
        categories=tuple(sorted(field.categories)),
    )


def _as_text(number: Decimal | None, places: int) -> str | None:
    return None if number is None else f"{plain(number.scaleb(-places)):f}"
