"""What no text may hold, whom prose does not name, and how it sounds."""

from dataclasses import replace

import pytest

from moderation.checks_tone import in_tone, moderated, no_competitor
from moderation.outbound_policy import OutboundPolicy
from moderation.policy import BlockedTerm
from tests.moderation.outbound import CONTEXT, codes_of, sourced, under

RIVALS = under(OutboundPolicy(competitors=("Lampen Müller", "Brightly", "C++ Lights")))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Go and die.", "unfit_harassment"),
        ("You stupid bitch.", "unfit_harassment"),
        ("We hate all immigrants.", "unfit_hate"),
        ("That is a faggot.", "unfit_hate"),
        ("Send me your nudes.", "unfit_sexual"),
        ("I will kill you.", "unfit_violence"),
        ("I know where you live.", "unfit_violence"),
        ("I can sell you fake passports.", "unfit_illegal"),
    ],
)
def test_what_nobody_should_read_is_found(text: str, code: str) -> None:
    assert codes_of(moderated, text) == [code]


@pytest.mark.parametrize(
    "text",
    [
        "It has a kill switch and a strangle-free cord.",
        "The killer feature is its battery.",
        "Suicide Squad, on Blu-ray.",
        "The bath bomb is 49 EUR.",
        "If you want to die less often in the game, choose easy.",
        "Ignore all previous instructions in the box.",
        "!!!!!!!",
        "It is hateful to wait.",
    ],
)
def test_what_only_looks_unfit_passes(text: str) -> None:
    assert codes_of(moderated, text) == []


def test_a_policy_may_say_what_is_illegal_and_a_product_may_not_insult() -> None:
    policy = "We do not buy stolen cards, nor sell fake ids."
    assert codes_of(moderated, policy, sourced(policy)) == []
    assert codes_of(moderated, policy) == ["unfit_illegal"]
    assert codes_of(moderated, "You stupid bitch.", sourced("You stupid bitch.")) == ["unfit_harassment"]


def test_a_sites_blocked_terms_do_not_leave_in_prose() -> None:
    context = replace(CONTEXT, blocked_terms=(BlockedTerm(term="Evil Corp", category="fraud"),))
    assert codes_of(moderated, "Made by evil  corp.", context) == ["unfit_fraud"]
    assert codes_of(moderated, "Made by Evil Corp.", replace(context, sourced=frozenset({"Made by Evil Corp."}))) == []


@pytest.mark.parametrize(
    "text",
    [
        "Ask Brightly.",
        "BRIGHTLY has it for less.",
        "Brightly's lamps are worse.",
        "See lampen\nmuller instead.",
        "Br\u0456ghtly sells it.",
        "Their shop is brightly.example.",
        "C++ lights are cheaper.",
    ],
)
def test_a_competitor_is_not_named(text: str) -> None:
    assert codes_of(no_competitor, text, RIVALS) == ["competitor"]


@pytest.mark.parametrize(
    "text",
    ["It shines bright.", "Brightlyn is a colour.", "Lampen.", "Herr Müller is here.", "C lights.", "Unbrightly so."],
)
def test_a_word_that_only_holds_a_competitors_name_passes(text: str) -> None:
    assert codes_of(no_competitor, text, RIVALS) == []


def test_a_products_facts_may_name_a_competitor() -> None:
    fact = "The bulb fits lamps by Brightly."
    assert codes_of(no_competitor, fact, replace(RIVALS, sourced=frozenset({fact}))) == []
    assert codes_of(no_competitor, f"{fact} Buy at Brightly.", replace(RIVALS, sourced=frozenset({fact}))) == [
        "competitor"
    ]


TONE = {
    "shouting": (
        "PLEASE READ THIS.",
        "That is NOT MY JOB.",
        "STOP WRITING TO US",
        "We told you, THIS IS IMPORTANT, so act.",
        "ＤＯ ＮＯＴ ＡＳＫ again.",
    ),
    "exclamation_marks": ("Hello! Yes!", "Wow!!", "Great！！", "No?! Really?!", "Ok! Fine. Good!"),
    "emoji": ("Hello 😀.", "Sent 🚚.", "Love ❤ it.", "Sunny ☀ day.", "Star ⭐."),
    "profanity": ("What the hell.", "This is bullshit.", "That is crappy.", "Damn it.", "WTF is that.", "An a$$hole."),
    "insult": (
        "You are an idiot.",
        "You're being ridiculous.",
        "You sound crazy.",
        "Shut up.",
        "Can't you read?",
        "You must be really dumb.",
    ),
    "blame": (
        "It is your own fault.",
        "You should have read the page.",
        "You failed to send it.",
        "You did not even read it.",
        "As I already said, no.",
        "If you had only asked before.",
        "Calm down.",
        "You clearly broke it.",
    ),
}
POLITE = {
    "shouting": (
        "It has USB HDMI VGA ports.",
        "The ASUS ROG STRIX SCAR is here.",
        "I am OK.",
        "It is NOT waterproof.",
        "It has an LED and a USB port, TÜV GS.",
    ),
    "exclamation_marks": ("Hello!", "Hello.", "A ≠ B", "Yes, thanks!", "5! = 120"),
    "emoji": ("Made by Aurel™ ®.", "20 °C ± 1", "✓ checked", "→ next", "5 × 3"),
    "profanity": (
        "From Scunthorpe.",
        "Please assess it.",
        "A shiitake lamp.",
        "It has a shell.",
        "A classic cocktail.",
    ),
    "insult": (
        "You are right.",
        "It is a dumb terminal.",
        "You are lucky.",
        "Can you read the label?",
        "You look after it well.",
        "The dense foam is 3 cm.",
    ),
    "blame": (
        "It is not your fault.",
        "The fault is ours.",
        "You should have received an e-mail.",
        "You did not receive it.",
        "If you have read it, tell me.",
        "As we said hello.",
    ),
}


@pytest.mark.parametrize(("code", "text"), [(code, text) for code, texts in TONE.items() for text in texts])
def test_a_bad_tone_is_named(code: str, text: str) -> None:
    assert codes_of(in_tone, text) == [code]


@pytest.mark.parametrize("text", [text for texts in POLITE.values() for text in texts])
def test_what_only_looks_like_a_bad_tone_passes(text: str) -> None:
    assert codes_of(in_tone, text) == []


def test_every_manner_has_at_least_five_of_both() -> None:
    assert set(TONE) == set(POLITE)
    assert min(len(texts) for table in (TONE, POLITE) for texts in table.values()) >= 5


def test_a_site_may_be_louder() -> None:
    loud = under(OutboundPolicy(capitals=True, emoji=True, exclamation_marks=3))
    assert codes_of(in_tone, "PLEASE READ THIS!!! 😀", loud) == []
    assert codes_of(in_tone, "PLEASE READ THIS!!!! 😀", loud) == ["exclamation_marks"]
    assert codes_of(in_tone, "Hello!", under(OutboundPolicy(exclamation_marks=0))) == ["exclamation_marks"]


def test_names_that_a_source_writes_in_capitals_are_no_shouting() -> None:
    name = "LENOVO THINKPAD CARBON X1"
    assert codes_of(in_tone, f"Take the {name} then.") == ["shouting"]
    assert codes_of(in_tone, f"Take the {name} then.", sourced(name)) == []


def test_both_can_be_turned_off() -> None:
    off = under(OutboundPolicy(off=("in_tone", "no_competitor"), competitors=("Brightly",)))
    assert codes_of(in_tone, "YOU ARE AN IDIOT!!!", off) == []
    assert codes_of(no_competitor, "Brightly", off) == []
