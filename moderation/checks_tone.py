"""The outbound checks of manners: what no text may hold, whom prose does not name, and how it sounds. English."""

import re
import unicodedata
from functools import cache

from moderation.checks_language import FUNCTION_WORDS
from moderation.contract import Failure
from moderation.hygiene import matching_form
from moderation.outbound import OutboundContext, Outgoing, failed, optional, prose_of, sentences_of
from moderation.rules import RULES, term_pattern
from moderation.verdict import Category

# Injection, fraud, spam and self-harm are what customers' texts are read for; an answer that names them is none.
_UNFIT_ANYWHERE: frozenset[Category] = frozenset({"harassment", "hate", "sexual", "violence"})
# A policy may say what the shop does not sell; prose has no reason to speak of it.
_UNFIT_IN_PROSE: frozenset[Category] = frozenset({"illegal"})

_LOUD_LETTERS = 6  # a longest word of this many letters is no abbreviation: USB HDMI VGA
_EMOJI = re.compile("[\U0001f000-\U0001faff\u2600-\u26ff\u2702-\u2712\u2728-\u274b\u2753-\u27bf\u2b50\u2b55]")
_PROFANITY = re.compile(
    r"\b(?:(?:mother)?fuck\w*|(?:bull|horse)?shit(?:s|ty|show|ting)?|crap(?:py)?|damn(?:ed|it)?|goddamn\w*|ass(?:hole)?s?|arse(?:hole)?s?"
    r"|bastards?|bollocks|bugger|wtf|piss(?:ed)? off|wank\w*|dickheads?|bloody (?:hell|\w+ing|idiot|stupid)"
    r"|(?:what|who|why|go to) (?:the )?hell|screw you|sod off)\b"
)
_FOOL = (
    r"(?:idiots?|morons?|fools?|liars?|stupid|dumb|dense|clueless|ridiculous|pathetic|incompetent|lazy|rude|crazy|insane"
    r"|lying|hysterical|ignorant|nuisance|joke|loser|unreasonable|annoying)"
)
_INSULT = re.compile(
    rf"\byou(?:'re| are| must be| sound| seem| look)(?: (?:a|an|so|such|just|really|being|all|very|quite|too|like))*"
    rf" {_FOOL}\b|\byou {_FOOL}\b|\b(?:shut up|get lost|get a life|go away|use your brain)\b"
    r"|\b(?:are you (?:blind|deaf|stupid|dumb)|can(?:not|'t) you read)\b"
)
_BLAME = re.compile(
    r"(?<!not )\b(?:all |entirely )?your (?:own )?(?:fault|mistake|carelessness|problem, not)\b"
    r"|\byou (?:should|could) have (?:\w+ )?(?:read|known|checked|thought|listened|asked|noticed|paid|been more)\b"
    r"|\byou (?:failed|forgot|neglected|refused) to\b"
    r"|\byou (?:didn't|did not|don't|do not|never) (?:even )?(?:read|listen|follow|bother|pay attention|check|think)\b"
    r"|\byou (?:obviously|clearly|simply) (?:did|have|do|don't|didn't|broke|cannot|can't|misread|misuse)"
    r"|\bas (?:i|we) (?:already|have already|clearly) (?:said|told|explained|stated|wrote)\b"
    r"|\bif you had (?:only |just |actually )?(?:read|listened|checked|asked|followed)\b"
    r"|\b(?:calm down|user error|you broke (?:it|the)|you must have (?:broken|dropped|damaged|misused))\b"
    r"|\byou are to blame\b|\bblame yourself\b|\bhow many times do (?:i|we)\b"
)


def moderated(value: Outgoing, context: OutboundContext) -> tuple[Failure, ...]:
    """No text insults, hates, threatens or is sexual, sourced or not; prose holds nothing illegal or blocked either."""
    form, prose = _form(value.text), _form(prose_of(value, context))
    found = {
        rule.category
        for rule in RULES
        if (rule.category in _UNFIT_ANYWHERE and rule.pattern.search(form))
        or (rule.category in _UNFIT_IN_PROSE and rule.pattern.search(prose))
    }
    found |= {term.category for term in context.blocked_terms if _named(term.term).search(prose)}
    msg = "The text holds what no customer should read ({}); leave it out."
    return tuple(Failure(path="text", code=f"unfit_{one}", msg=msg.format(one)) for one in sorted(found))


@optional
def no_competitor(value: Outgoing, context: OutboundContext) -> tuple[Failure, ...]:
    """Prose names no competitor of the site's list; a product's facts and quoted policies may."""
    prose = _form(prose_of(value, context))
    if any(_named(name).search(prose) for name in context.policy.competitors):
        return failed("competitor", "The text names a competitor; leave the name out.")
    return ()


@optional
def in_tone(value: Outgoing, context: OutboundContext) -> tuple[Failure, ...]:
    """Prose does not shout, swear, insult or blame, and has no more emoji and exclamation marks than it may."""
    prose, policy = unicodedata.normalize("NFKC", prose_of(value, context)), context.policy
    form = _form(prose)
    told = (
        ("shouting", "The text shouts; write it without capitals.", not policy.capitals and _shouts(prose, context)),
        (
            "exclamation_marks",
            f"The text has more than {policy.exclamation_marks} exclamation marks; leave some out.",
            prose.count("!") > policy.exclamation_marks,
        ),
        ("emoji", "The text holds emoji; leave them out.", not policy.emoji and _EMOJI.search(prose)),
        ("profanity", "The text swears; say it politely.", _PROFANITY.search(form)),
        ("insult", "The text insults the customer; say it politely.", _INSULT.search(form)),
        ("blame", "The text blames the customer; say what can be done.", _BLAME.search(form)),
    )
    return tuple(Failure(path="text", code=code, msg=msg) for code, msg, found in told if found)


def _shouts(prose: str, context: OutboundContext) -> bool:
    """Whether three words in a row are in capitals; names that a source writes so, and abbreviations, are none."""
    names = {word for passage in context.sourced for word in re.findall(r"\w+", passage) if word.isupper()}
    for sentence in sentences_of(prose):
        plain = re.sub(r"\w+", lambda word: word[0].lower() if word[0] in names else word[0], sentence)
        for run in _capital_runs(plain):
            if len(run) >= 3 and any(
                word.casefold() in FUNCTION_WORDS["en"] or len(word) >= _LOUD_LETTERS for word in run
            ):
                return True
    return False


def _capital_runs(sentence: str) -> list[list[str]]:
    runs: list[list[str]] = [[]]
    for word in sentence.split():
        letters = word.strip("!,.?:;\"“”'()")
        if letters.isupper() and letters.isalpha():
            runs[-1].append(letters)
        else:
            runs.append([])
    return runs


def _form(text: str) -> str:
    return " ".join(matching_form(text).split())


@cache
def _named(term: str) -> re.Pattern[str]:
    return term_pattern(term)
