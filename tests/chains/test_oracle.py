"""The oracle catches lies: every altered sentence of a true answer is objected to."""

import re
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings

from chains.claims import (
    Claim,
    Compare,
    Count,
    Draft,
    Extreme,
    Meets,
    NoneFound,
    NotFound,
    NotListed,
    Quote,
    Stock,
    Value,
)
from chains.facts import Evidence
from chains.grounding import Statement, ground
from chains.rendering import say
from tests.chains.oracle import Oracle
from tests.chains.reading import NUMBER
from tests.chains.shop import LAPTOPS, eur, flag, gb, text
from tests.chains.strategies import turns
from tests.chains.test_truth import said, sayable


def sentence(claim: Claim) -> str:
    done = ground(claim, LAPTOPS)
    assert isinstance(done, Statement), done
    return say([done], "seed")[0].text


def objections(claim: Claim, altered: str) -> list[str]:
    return Oracle(LAPTOPS).objections([(claim, altered)])


LIES: tuple[tuple[Claim, str, str], ...] = (
    (Value(fact="A:memory"), "16 GB", "17 GB"),
    (Value(fact="A:memory"), "16 GB", "16 TB"),
    (Value(fact="A:memory"), "Aurel Nova 14", "Bergen 15"),
    (Value(fact="A:memory"), "memory", "storage"),
    (Value(fact="A:price"), "849 EUR", "849 USD"),
    (Value(fact="A:price"), "849 EUR", "84,900 EUR"),
    (Value(fact="A:bluetooth"), "has", "does not have"),
    (Value(fact="B:bluetooth"), "does not have", "has"),
    (Value(fact="A:released"), "3 May", "4 May"),
    (Value(fact="A:released"), "May", "June"),
    (Value(fact="A:ports"), "USB-C and HDMI", "USB-C, HDMI and USB-A"),
    (Value(fact="A:ports"), "USB-C and HDMI", "HDMI"),
    (Meets(fact="A:price", op="lt", wanted=eur(90000)), "Yes", "No"),
    (Meets(fact="A:price", op="lt", wanted=eur(90000)), "under 900 EUR", "over 900 EUR"),
    (Meets(fact="A:price", op="lt", wanted=eur(90000)), "under 900 EUR", "under 1,000 EUR"),
    (Meets(fact="A:price", op="lt", wanted=eur(84900)), "No", "Yes"),
    (Meets(fact="A:price", op="lt", wanted=eur(84900)), "not under", "under"),
    (Meets(fact="A:memory", op="ge", wanted=gb(32)), "under", "at least"),
    (Meets(fact="A:memory", op="eq", wanted=gb(32)), "not 32 GB", "not 16 GB"),
    (Meets(fact="A:memory", op="eq", wanted=gb(32)), "No, ", ""),
    (Meets(fact="A:bluetooth", op="eq", wanted=flag(value=True)), "Yes", "No"),
    (Meets(fact="B:bluetooth", op="eq", wanted=flag(value=True)), "No", "Yes"),
    (Meets(fact="B:bluetooth", op="eq", wanted=flag(value=False)), "The", "Yes, the"),
    (Meets(fact="A:colour", op="eq", wanted=text("black")), "No", "Yes"),
    (Meets(fact="A:colour", op="eq", wanted=text("blue")), "The", "No, the"),
    (Meets(fact="A:ports", op="has", wanted=text("HDMI")), "Yes", "No"),
    (Meets(fact="B:ports", op="has", wanted=text("HDMI")), "does not list HDMI", "does not list USB-C"),
    (
        Meets(fact="B:ports", op="has", wanted=text("HDMI")),
        "The page of the Bergen 15 does not list HDMI. It",
        "No, it",
    ),
    (Compare(left="A:weight", right="B:weight"), "lighter", "heavier"),
    (Compare(left="A:weight", right="B:weight"), "320 g", "32 g"),
    (Compare(left="A:weight", right="B:weight"), "320 g", "about 330 g"),
    (Compare(left="A:weight", right="B:weight"), "1 kg against", "1.1 kg against"),
    (Compare(left="A:price", right="B:price"), "100 EUR", "10 EUR"),
    (Compare(left="A:recycled", right="B:recycled"), "10 percentage points", "10%"),
    (Compare(left="A:recycled", right="B:recycled"), "lower", "higher"),
    (Compare(left="A:released", right="B:released"), "earlier", "later"),
    (Compare(left="A:colour", right="B:colour"), "black for", "midnight blue for"),
    (Compare(left="A:memory", right="B:memory"), "16 GB", "8 GB"),
    (Extreme(query="all", field="price", end="least"), "Aurel Nova 14", "Bergen 15"),
    (Extreme(query="all", field="price", end="least"), "cheapest", "most expensive"),
    (Extreme(query="all", field="price", end="least"), "849 EUR", "848 EUR"),
    (Extreme(query="all", field="price", end="least"), "laptops", "laptops in stock"),
    (Extreme(query="all", field="weight", end="least"), " that list their weight", ""),
    (Extreme(query="all", field="memory", end="most"), " and the Bergen 15 are the", " is the"),
    (Extreme(query="first", field="price", end="least"), "(memory at least 8 GB)", "(memory at least 9 GB)"),
    (Extreme(query="one", field="price", end="least"), "is among the", "is the"),
    (Stock(fact="A:stock"), "12", "13"),
    (Stock(fact="A:stock"), "Aurel Nova 14", "Bergen 15"),
    (Stock(fact="B:stock"), "out of stock", "in stock"),
    (NotListed(record="C", field="weight"), "Citadel", "Bergen 15"),
    (NotListed(record="C", field="weight"), "weight", "memory"),
    (NotFound(record="A"), "Aurel Nova 14", "Bergen 15"),
    (Quote(passage="returns#1"), "30 days", "60 days"),
    (Count(query="all"), "3", "4"),
    (Count(query="first"), "at least", "at most"),
    (Count(query="first"), " (memory at least 8 GB)", ""),
    (NoneFound(query="none"), "not black", "black"),
    (NoneFound(query="none"), "I found no", "I found 2"),
)


@pytest.mark.parametrize(("claim", "true", "false"), LIES)
def test_an_altered_sentence_is_objected_to(claim: Claim, true: str, false: str) -> None:
    text = sentence(claim)
    assert objections(claim, text) == [], text
    altered = text.replace(true, false, 1)
    assert altered != text, text
    assert objections(claim, altered) != [], altered


def test_two_names_that_change_places_are_objected_to() -> None:
    claim = Compare(left="A:weight", right="B:weight")
    swapped = (
        sentence(claim).replace("Aurel Nova 14", "·").replace("Bergen 15", "Aurel Nova 14").replace("·", "Bergen 15")
    )
    assert objections(claim, swapped) != []


def test_an_it_that_follows_another_record_is_objected_to() -> None:
    oracle = Oracle(LAPTOPS)
    first, second = Value(fact="B:memory"), Value(fact="A:weight")
    said_first = sentence(first)
    assert (
        oracle.objections([(Value(fact="A:memory"), sentence(Value(fact="A:memory"))), (second, "It weighs 1 kg.")])
        == []
    )
    assert oracle.objections([(first, said_first), (second, "It weighs 1 kg.")]) != []
    assert oracle.objections([(second, "It weighs 1 kg.")]) != []


def test_an_ever_so_small_lie_is_objected_to_whatever_the_kind_of_claim() -> None:
    for claim in {claim for claim, _, _ in LIES}:
        assert objections(claim, sentence(claim) + " It is the best one.") != []
        assert objections(claim, "It is nice.") != []


def alterations(oracle: Oracle, text: str) -> Iterator[str]:
    """The sentence with one thing changed that cannot be true as well; names and words are left alone."""
    spelled = {token: word for word, token in oracle.token_of.items()}
    masked = oracle.masked(text)
    changed = [
        masked[: found.start(1)] + "7" + masked[found.start(1) :] for found in re.finditer(f"(?<!⟦.)({NUMBER})", masked)
    ]
    if opening := re.match("(Yes|No), ", masked):
        changed.append(("No, " if opening[1] == "Yes" else "Yes, ") + masked[opening.end() :])
    for left, right in (("higher", "lower"), ("later", "earlier"), ("in stock: ", "out of stock: "), ("no ", "5 ")):
        changed += [
            re.sub(rf"\b{a}", b, masked, count=1)
            for a, b in ((left, right), (right, left))
            if re.search(rf"\b{a}", masked)
        ]
    for one in changed:
        yield re.sub(r"⟦.\d+⟧", lambda token: spelled[token[0]], one)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(turns())
def test_any_sentence_with_a_changed_number_or_polarity_is_objected_to(turn: tuple[Evidence, Draft]) -> None:
    evidence, drafted = turn
    draft = sayable(drafted, evidence)
    if draft is None:
        return
    oracle = Oracle(evidence)
    for part, answer in zip(draft.parts, said(draft, evidence).parts, strict=True):
        texts = [one.text for one in answer.sentences]
        for place in range(len(texts)):
            for altered in alterations(oracle, texts[place]):
                lied = [*texts[:place], altered, *texts[place + 1 :]]
                assert oracle.objections(list(zip(part.claims, lied, strict=True))) != [], altered
