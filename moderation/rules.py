"""Rules: what a text may be refused or reviewed for without any model.

Each rule is meant to be right when it speaks, and silent otherwise: profanity alone, anger and violent words about
things are no hits. The patterns are English and match `hygiene.matching_form`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from moderation.decoding import View, views
from moderation.hygiene import matching_form
from moderation.policy import BlockedTerm, ModerationPolicy
from moderation.repetition import SameWords, Searching
from moderation.verdict import Category, Verdict, combine


@dataclass(frozen=True)
class Rule:
    """One pattern and what it means. `reason` is a sentence for a support agent."""

    id: str
    category: Category
    pattern: Searching
    reason: str
    action: Literal["review", "block"] = "block"

    @property
    def verdict(self) -> Verdict:
        """The verdict on a text that this rule matches; a rule is certain of itself, hence the score 1."""
        return Verdict(action=self.action, layer="rules", categories={self.category: 1.0}, reasons=(self.reason,))


def judge_by_rules(text: str, policy: ModerationPolicy) -> Verdict:
    """Hold a cleaned text, and its decoded views, against all rules and the site's own blocked terms.

    A rule means the same wherever it matches. It is reported once: of the text itself, else of the first view that it
    matches in, whose encoding the reason then names.
    """
    rules = (*RULES, *(_term_rule(term) for term in policy.blocked_terms))
    hits = {rule: rule.verdict for rule in _matching(text, rules)}
    for view in views(text):
        for rule in _matching(view.text, rules):
            hits.setdefault(rule, _in_view(rule, view))
    return combine(tuple(hits.values())) if hits else Verdict(action="allow", layer="rules")


def _matching(text: str, rules: Sequence[Rule]) -> list[Rule]:
    form = matching_form(text)
    return [rule for rule in rules if rule.pattern.search(form)]


def _in_view(rule: Rule, view: View) -> Verdict:
    reason = f"{rule.reason.removesuffix('.')} (in {view.encoding})."
    return rule.verdict.model_copy(update={"reasons": (reason,)})


@cache
def _term_rule(term: BlockedTerm) -> Rule:
    reason = "Holds a term that this site blocks."
    return Rule("blocked_term", term.category, term_pattern(term.term), reason, term.action)


def term_pattern(term: str) -> re.Pattern[str]:
    """A word or phrase as a pattern for `hygiene.matching_form`: whole words, whatever blanks are between them."""
    return _any(rf"(?<!\w){re.escape(matching_form(term))}(?!\w)")


def _any(*alternatives: str) -> re.Pattern[str]:
    """Compile alternatives; a blank in a pattern stands for any blank, a line end among them."""
    return re.compile("|".join(alternatives).replace("\\ ", " ").replace(" ", r"\s"), re.MULTILINE)


_WILL = r"\b(?:i|we)(?: (?:will|gonna|wanna|want to)|'ll|(?:'m| am|'re| are) (?:going to|gonna))"
_HURT = r"(?:kill|murder|stab|strangle|rape|hurt|beat up|shoot(?! you (?:an?|the|over)\b))"
_PERSON = r"(?:you|him|her|everyone|your (?:family|wife|husband|kids|children|staff|team|people|boss))"
_BUILDING = r"(?:store|shop|house|home|office|warehouse|building)"
_ABUSE = r"(?:retards?|cunts?|whores?|sluts?|bitch(?:es)?|chinks?|spics?|gooks?|trann(?:y|ies))"
_ABUSED = r"(?:a|an|all|such|just|fucking|bloody|stupid|dirty|filthy|lazy|fat|little|dumb)"
_GROUP = r"(?:jews|muslims|christians|blacks|black people|gays|gay people|immigrants|foreigners|refugees|women)"

_OLD = r"(?:all|your|previous|prior|above|earlier|preceding|initial|original|existing|system|hidden|developer)"
_ORDERS = r"(?:instructions?|prompts?|rules|guidelines|directives|programming|restrictions|guardrails|safeguards)"
_AI = r"(?:ai|assistant|model|bot|chatbot)"
_MODE = r"(?:developer|dev|god|debug|jailbreak|admin|sudo|dan|unrestricted|root) mode(?! (?:on|in|of|for|with|from)\b)"
_NAME_IT = r"(?:reveal|show|print|repeat|output|display|tell|give|leak|write|dump|expose|what's|what (?:is|are|was))"
_SKIP = r"(?: [\w']+){0,4}?"
_TURN_VERB = (
    r"(?:you|your|ignore|override|disregard|new|forget|from now|the (?:assistant|user|customer)|grant|reveal|set|do not"
    r"|always|never|respond|answer|reply)"
)

_EVERY = r"(?:other|another|all|every) (?:the )?"
_OTHERS = rf"(?:{_EVERY}(?:customers?|users?|clients?|person|people)|someone else|somebody else)"
_RECORDS = r"(?:data|details|orders|order (?:history|numbers?)|address(?:es)?|e-?mails?|phone|passwords?|credit cards?)"
_GIVE = r"(?:give|show|tell|send|get|list|read|export|dump|what's|what (?:is|are))"
_ENTER = r"(?:log ?in(?:to)?|access|get into|hack(?: into)?|break into|take over|reset the password (?:of|for))"
_SYSTEM = r"(?:account|database|server|website|site|shop)"

_HOW = r"(?:how (?:to|(?:do|can|would) (?:i|you))|teach me (?:how )?to|instructions (?:to|for)|recipe for|help me)"
_MAKE = r"(?:mak(?:e|ing)|build(?:ing)?|cook(?:ing)?|synthesi[sz](?:e|ing)|produc(?:e|ing)|construct(?:ing)?)"
_BOMB = r"(?<!bath )(?<!seed )(?<!cocoa )(?<!chocolate )(?<!cherry )(?<!glitter )(?<!stink )bombs?"
_WEAPON = rf"(?:{_BOMB}|explosives?|molotovs?|nerve gas|napalm|ghost guns?|gun silencers?|landmines?|hand grenades?)"
_DRUG = r"(?:(?:crystal )?meth|methamphetamine|cocaine|heroin|lsd|mdma|fentanyl|sarin|ricin)"
_FORGERY = r"(?:stolen (?:credit )?cards?|counterfeit (?:money|bills|notes)|fake (?:passports?|ids?))"

RULES: tuple[Rule, ...] = (
    Rule(
        "threat",
        "violence",
        _any(
            rf"{_WILL} (?:\w+ ){{0,2}}?{_HURT} {_PERSON}\b",
            rf"\b(?:burn|blow up|bomb|torch|shoot up) (?:down )?your (?:\w+ )?{_BUILDING}\b",
            r"\bi know where (?:you|your \w+) lives?\b",
        ),
        "Threatens a person with violence.",
    ),
    Rule(
        "death_wish",
        "harassment",
        _any(
            r"\bkill yoursel(?:f|ves)\b",
            r"\bkys\b",
            r"\bgo (?:and )?die\b",
            r"\b(?:you should|i hope you(?: all)?|you deserve to) die\b",
        ),
        "Wishes a person dead.",
    ),
    Rule(
        "directed_insult",
        "harassment",
        _any(rf"\byou(?:'re| are)?(?: {_ABUSED})* {_ABUSE}\b"),
        "Insults a person with a slur.",
    ),
    Rule("slur", "hate", _any(r"\b(?:nigg(?:er|a)s?|faggots?|kikes?|wetbacks?|ragheads?)\b"), "Uses a hateful slur."),
    Rule(
        "hate",
        "hate",
        _any(
            rf"\b(?:kill|gas|exterminate|deport|hate|hang) (?:(?:all|every|the|those|these) ){{1,2}}{_GROUP}\b",
            rf"\b{_GROUP} (?:should|must|(?:deserve|need|have) to)(?: all)? (?:die|be (?:killed|shot|gassed|hanged))\b",
        ),
        "Calls for hatred or violence against a group of people.",
    ),
    Rule(
        "sexual",
        "sexual",
        _any(
            r"\bsend (?:me )?(?:your )?(?:nudes|naked (?:pics|pictures|photos))\b",
            r"\bsuck my (?:dick|cock)\b",
            r"\b(?:have sex|sext(?:ing)?) with (?:me|you)\b",
            r"\b(?:want to|wanna|gonna|will|going to) fuck you\b",
        ),
        "Makes a sexual advance.",
    ),
    Rule(
        "minors",
        "illegal",
        _any(
            r"\b(?:child|kiddie|underage|teen|minor) porn(?:ography)?\b",
            r"\bcsam\b",
            r"\b(?:naked|nude|sexy) (?:pics|pictures|photos|videos|images) of (?:kids|children|minors|underage \w+)\b",
        ),
        "Asks for sexual content with minors.",
    ),
    Rule(
        "self_harm",
        "self_harm",
        _any(
            r"\b(?:kill|hurt|harm|hang)(?:ing)? myself\b",
            r"\bend(?:ing)? my (?:own )?life\b",
            r"\btak(?:e|ing) my (?:own )?life\b",
            r"\b(?:commit(?:ting)? suicide|suicidal|self-harm(?:ing)?|better off dead)\b",
            r"\b(?:no reason to live|nothing to live for)\b",
            r"\bi (?:just )?(?:want to|wanna) (?:die(?! of (?:embarrassment|laughter|boredom)\b)|end it all)\b",
            r"\b(?:don't|do not|dont) want to (?:live|be alive|wake up)(?: any ?more)?\b",
        ),
        "May be about harming themselves: answer as a person, and name the emergency and crisis lines.",
        "review",
    ),
    Rule(
        "override",
        "injection",
        _any(
            r"(?<!you )\b(?:ignore|disregard|forget|override|bypass|drop) (?:(?:of|the|any|these|those|and|other) )*"
            rf"{_OLD} (?:(?:of|the|and|these|those|safety|other|{_OLD}) )*{_ORDERS}\b",
            r"\b(?:ignore|disregard|forget) (?:everything|all|anything) (?:above|before this|you were told|you know)\b",
        ),
        "Tells the assistant to drop its instructions.",
    ),
    Rule(
        "persona",
        "injection",
        _any(
            r"\b(?:act as|pretend to be|role-?play as|behave as|become|you are now|you're now) dan\b",
            r"\b(?:you are|you're|act as|pretend to be|role-?play as|behave as|become) (?:now )?(?:an? )?"
            rf"(?:jailbroken|(?:unrestricted|unfiltered|uncensored|evil|amoral)(?: \w+)? {_AI})\b",
            rf"\byou are now (?:free|root|admin|an? (?:\w+ )?(?:hacker|terminal|{_AI}))\b",
            rf"\b(?:you are|you're) no longer (?:bound|(?:an? )?(?:\w+ ){{0,2}}?{_AI})\b",
            r"\byour (?:rules|guidelines|restrictions|instructions) (?:are|were|have been) "
            r"(?:void|gone|lifted|removed|cancelled|disabled|suspended)\b",
            r"\bdo anything now\b",
            r"\bfrom now on,? you (?:must|will|shall) (?:act|obey|answer|respond|reply|only)\b",
            r"\bjailbreak (?:yourself|your)\b",
        ),
        "Gives the assistant another role.",
    ),
    Rule(
        "mode",
        "injection",
        _any(
            r"(?:^|[.!?:;,] |\bplease |\band |\bnow )(?:enable|enter|activate|switch to|turn on|go into) "
            rf"(?:the |your )?{_MODE}",
            rf"\b(?:you are|you're)(?: now)? in (?:\w+ )?{_MODE}",
            rf"(?:^|[.!?:;,] ?){_MODE}:? (?:enabled|activated|unlocked)\b",
        ),
        "Tells the assistant to enter a mode without limits.",
    ),
    Rule(
        "prompt_theft",
        "injection",
        _any(
            rf"\b{_NAME_IT}{_SKIP} (?:system|hidden|secret|developer|internal|initial) prompts?\b",
            rf"\b{_NAME_IT}{_SKIP} (?:hidden|secret|developer) (?:instructions|rules)\b",
            rf"\b{_NAME_IT}{_SKIP} your (?:system|initial|hidden|secret|internal) (?:instructions|message)\b",
            rf"\b{_NAME_IT}{_SKIP} your (?:full |entire |exact )?prompt(?=[.?!,;:]|$| verbatim| word)",
            r"\b(?:repeat|print|output|copy|translate) "
            r"(?:everything|(?:all )?(?:of )?the (?:text|words|content)) (?:above|before)\b",
        ),
        "Asks for the assistant's hidden instructions.",
    ),
    Rule(
        "forged_turn",
        "injection",
        _any(
            r"<\|(?:im_start|im_end|system|user|assistant|endoftext)\|>",
            r"\[/?inst\]|<</?sys>>|</?(?:system|assistant)>",
            rf"^[^\w\n]*(?:system|developer|assistant)(?: (?:message|prompt|override|note))?\]? ?: ?{_TURN_VERB}\b",
            r"^[^\w\n]*system override\b",
        ),
        "Pretends to be a message of the system.",
    ),
    Rule(
        "sql",
        "injection",
        _any(
            r"['\"] ?or ?['\"]?1['\"]? ?= ?['\"]?1",
            r"; ?drop table\b",
            r"\bunion (?:all )?select\b.{0,80}\bfrom\b",
        ),
        "Holds database code.",
    ),
    Rule(
        "others_data",
        "fraud",
        _any(
            rf"\b{_GIVE} (?:me )?(?:[\w']+ ){{0,3}}?{_OTHERS}(?:'s|s'|'|s)? (?:[\w-]+ ){{0,2}}?{_RECORDS}\b",
            rf"\b{_RECORDS} (?:of|from|belonging to) {_OTHERS}\b",
        ),
        "Asks for another person's data.",
    ),
    Rule(
        "takeover",
        "fraud",
        _any(
            rf"\b{_ENTER} (?:[\w']+ ){{0,2}}?(?:{_OTHERS}|my ex(?:-\w+)?)(?:'s|s'|'|s)? "
            r"(?:[\w-]+ )?(?:account|password|orders|profile)",
            rf"\bhack (?:into )?(?:an?|your|the|his|her|this|their) (?:\w+ )?{_SYSTEM}\b",
        ),
        "Wants to get into another person's account or a system.",
    ),
    Rule(
        "making",
        "illegal",
        _any(rf"\b{_HOW} (?:\w+ ){{0,3}}?{_MAKE} (?:\w+ ){{0,3}}?(?:{_WEAPON}|{_DRUG})\b"),
        "Asks how to make weapons or drugs.",
    ),
    Rule(
        "contraband",
        "illegal",
        _any(rf"\b(?:buy|sell|order|get|need|want|make) (?:\w+ ){{0,3}}?(?:{_FORGERY}|{_DRUG})\b"),
        "Wants to trade in illegal goods.",
    ),
    Rule("no_words", "spam", _any(r"\A[\W_]*\Z"), "Holds neither letters nor digits."),
    Rule("repeated_character", "spam", _any(r"([^\W_])\1{19}"), "Repeats one character 20 times or more."),
    Rule("repeated_syllable", "spam", _any(r"([^\W_]{2,8})\1{19}"), "Repeats one syllable 20 times or more."),
    Rule("repeated_word", "spam", _any(r"\b(\w+)(?:\W+\1\b){9}"), "Repeats one word 10 times or more."),
    # The lines of a pasted list or log share words, but each has numbers and names of its own.
    Rule("repeated_text", "spam", SameWords(100, times=20), "Repeats the same words, each 20 times on average."),
    # A line of dashes across the widest page has some 200; three rows of them are joined by line ends.
    Rule("repeated_mark", "spam", _any(r"([\W_])\1{299}"), "Repeats one sign 300 times or more."),
    # The longest words of Latin script have some 80 letters; tokens and encoded data of this length have digits.
    Rule("endless_word", "spam", _any(r"[a-z]{300}"), "Holds a word of 300 letters or more."),
)
