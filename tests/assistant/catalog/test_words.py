"""The vocabulary, the field file, policies and the words by which documents are found."""

from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.catalog.importing import native
from assistant.catalog.lexicon import Lexicon, Section, build_lexicon, plain_letters, words_of
from assistant.catalog.policies import parse_policy, read_policies
from assistant.catalog.products import Product
from assistant.catalog.shop_words import read_shop_words
from assistant.catalog.vectors import embed, product_text
from assistant.catalog.vocabulary import CategoryWords, ProductWords
from chains.errors import CatalogError, ToolFailed
from tests.assistant.catalog.shop import WordEncoder, built, raw

FIELDS = """
[fields.weight]
label = "weight"
synonyms = ["how heavy"]
more = "heavier"
phrase = "It weighs {value}."
[categories.phones]
name = "mobile phones"
singular = "mobile phone"
synonyms = ["smartphone"]
"""


def test_the_vocabulary_tells_each_field_s_kind_unit_range_words_and_categories(tmp_path: Path) -> None:
    products = [
        raw("A-1", stock=2, attributes={"weight": "500 g", "ports": ["HDMI", "USB-C"], "screen_size": "14 in"}),
        raw("A-2", category="phones", attributes={"weight": "1.5 kg", "ports": "usb-c", "bluetooth": True}),
        raw("A-3", category="phones", attributes={"weight": "2 kg", "bluetooth": "on request"}, price_minor=5),
        raw("A-4", category="phones", attributes={"weight": "light", "bluetooth": False}, brand=""),
        raw("A-5", attributes={"weight": "10 cm"}, variants=[{"sku": "A-5-1", "name": "one"}]),
    ]
    words = built(tmp_path, products, FIELDS, {"returns": "# Returns\n\nText."}).vocabulary
    weight = words.fields["weight"]
    assert (weight.kind, weight.unit, weight.low, weight.high) == ("quantity", "kg", Decimal("0.5"), Decimal(2))
    assert (weight.label, weight.synonyms, weight.wording.more) == ("weight", ("how heavy",), "heavier")
    assert weight.categories == {"laptops", "phones"}
    assert words.fields["screen_size"].label == "screen size"
    assert (words.fields["ports"].kind, words.fields["ports"].values) == ("terms", ("HDMI", "USB-C"))
    assert (words.fields["bluetooth"].kind, words.fields["bluetooth"].low) == ("flag", None)
    assert words.fields["bluetooth"].categories == {"phones"}
    price = words.fields["price"]
    assert (price.kind, price.low, price.high) == ("money", Decimal(5), Decimal(1000))
    assert words.fields["stock"].high == 2
    assert "category" not in words.fields
    assert words.categories["phones"] == CategoryWords("phones", "mobile phones", "mobile phone", ("smartphone",))
    assert words.categories["laptops"] == CategoryWords("laptops", "laptops", "laptop")
    assert (words.currency, words.brands, words.topics) == ("EUR", ("Aurel",), ("returns",))
    assert words.products[3] == ProductWords("A-4", "Thing A-4", "", "phones")
    assert words.products[5] == ProductWords("A-5-1", "Thing A-5 (one)", "Aurel", "laptops", "A-5")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[fields.weight]\nlable = "w"', "fields.weight.lable: this key is unknown; did you mean 'label'"),
        ('[field.weight]\nlabel = "w"', "field: this key is unknown; did you mean 'fields'"),
        ('[fields.weight]\nphrase = "It weighs."', "write {value} once"),
        ("[fields.weight]\nlabel = 3", "fields.weight.label: found 3"),
        ('[fields.weight]\nlabel = "a\\u200bb"', "invisible character U+200B"),
        ("[fields.weight", "not TOML"),
    ],
)
def test_a_field_file_that_cannot_be_meant_is_refused_with_its_key(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "fields.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CatalogError) as refused:
        read_shop_words(path)
    assert message in str(refused.value)


def test_a_file_that_is_missing_or_not_utf8_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="no such file"):
        read_shop_words(tmp_path / "none.toml")
    (tmp_path / "latin.toml").write_bytes(b"\xe9")
    with pytest.raises(CatalogError, match="must be UTF-8"):
        read_shop_words(tmp_path / "latin.toml")


RETURNS = """# Returns
We take items back.
## Time limit ##
You have **30 days**
to return an item.

Sale items too:
- lamps
- chairs

## Café & more
Text.
## Time limit
Again.
"""


def test_a_policy_is_cut_into_paragraphs_with_titles_and_ids() -> None:
    policy = parse_policy("returns", RETURNS, "returns.md")
    assert policy.topic == "returns"
    assert [(passage.id, passage.title, passage.text) for passage in policy.passages] == [
        ("returns#returns.1", "Returns", "We take items back."),
        ("returns#time-limit.1", "Returns: Time limit", "You have 30 days to return an item."),
        ("returns#time-limit.2", "Returns: Time limit", "Sale items too:\n- lamps\n- chairs"),
        ("returns#cafe-more.1", "Returns: Café & more", "Text."),
        ("returns#time-limit.3", "Returns: Time limit", "Again."),
    ]
    assert parse_policy("p", "", "p.md").passages == ()
    assert parse_policy("p", "# 日本\n\nText.", "p.md").passages[0].id == "p#section.1"


@pytest.mark.parametrize(
    ("stem", "text", "message"),
    [
        ("Returns", "# R\n\nText.", "the file name is the topic"),
        ("returns", "Text.", "without a title"),
        ("returns", f"# R\n\n{'x' * 4001}", "returns#r.1 cannot be kept"),
        ("returns", "# R\n\na\x07b", "U+0007"),
    ],
)
def test_a_policy_that_cannot_be_quoted_is_refused(stem: str, text: str, message: str) -> None:
    with pytest.raises(CatalogError, match=message.replace("+", r"\+")):
        parse_policy(stem, text, f"{stem}.md")


def test_a_missing_policy_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="no such policy folder"):
        read_policies(tmp_path / "none")


def test_passages_are_found_within_a_topic(tmp_path: Path) -> None:
    policies = {
        "returns": "# Returns\n\nSend items back within 30 days.\n\nParcels are free.",
        "delivery-costs": "# Delivery costs\n\nParcels cost 5 EUR.",
    }
    catalog = built(tmp_path, [raw("A-1")], policies=policies)
    assert [policy.topic for policy in catalog.policies] == ["delivery-costs", "returns"]
    assert [p.id for p in catalog.find_passages("what do parcels cost", limit=1)] == ["delivery-costs#delivery-costs.1"]
    assert [p.id for p in catalog.find_passages("parcel", ("returns",))] == ["returns#returns.2"]
    assert catalog.find_passages("zebra") == ()
    with pytest.raises(ToolFailed, match="no policy 'return'; did you mean 'returns'"):
        catalog.find_passages("parcel", ("return",))


def test_a_catalog_without_policies_has_no_passages(tmp_path: Path) -> None:
    assert built(tmp_path, [raw("A-1")]).find_passages("returns") == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Laptops", ["laptop"]),
        ("batteries & watches", ["battery", "watch"]),
        ("USB-C 16gb", ["usb", "c", "16", "gb"]),
        ("wh1000xm5", ["wh1000xm5"]),
        ("Café crème", ["cafe", "creme"]),
        ("glass bus gas", ["glass", "bus", "gas"]),
    ],
)
def test_words_are_compared_small_plain_and_singular(text: str, words: list[str]) -> None:
    assert words_of(text) == words


@given(st.text())
def test_plain_letters_are_a_fixed_point(text: str) -> None:
    assert plain_letters(plain_letters(text)) == plain_letters(text)


def test_a_word_in_a_heavier_section_counts_more_and_only_named_sections_name() -> None:
    documents = [
        [Section("nova laptop", weight=8), Section("quiet", named=False)],
        [Section("fjord laptop", weight=8), Section("nova", named=False)],
    ]
    lexicon = build_lexicon(documents)
    found = lexicon.find("the nova")
    assert found.scores[0] > found.scores[1] > 0
    assert found.all_words.tolist() == [True, False]
    assert lexicon.find("nova quiet").all_words.tolist() == [False, False]
    assert not lexicon.find("the").all_words.any()
    assert not lexicon.find("zebra").scores.any()


def test_a_lexicon_is_the_same_after_keeping_it() -> None:
    lexicon = build_lexicon([[Section("nova laptop")], [Section("fjord")]])
    kept = Lexicon.from_arrays("x", lexicon.arrays("x"))
    assert kept.terms == lexicon.terms
    assert kept.find("fjord").scores.tolist() == lexicon.find("fjord").scores.tolist()
    assert build_lexicon([]).find("nova").scores.tolist() == []


def test_a_product_is_embedded_by_name_kind_and_the_first_new_words() -> None:
    product = Product.model_validate(
        native(
            raw(
                "A-1", name="Nova 14", description="The Nova 14 is a laptop for students.", attributes={"colour": "red"}
            )
        )
    )
    assert product_text(product, "laptop") == "Aurel Nova 14, laptop: students red"


def test_each_distinct_text_is_embedded_once_and_in_place() -> None:
    encoder, seen = WordEncoder(), list[tuple[int, int]]()
    known = {"old": np.ones(384, dtype=np.float32)}
    vectors = embed(["b", "old", "a", "b"], encoder, known, 2, lambda done, total: seen.append((done, total)))
    assert sorted(encoder.encoded) == ["a", "b"]
    assert seen == [(2, 2)]
    assert np.array_equal(vectors[0], vectors[3])
    assert np.array_equal(vectors[0], encoder.encode("b"))
    assert vectors[1].tolist() == [1.0] * 384
    assert embed([], encoder, {}, 1, lambda done, total: None).shape == (0, 384)
