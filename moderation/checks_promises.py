"""The outbound check of promises: prose promises nothing that only a policy or a product's facts could promise.

The patterns are English. They are held against each sentence by itself, in `hygiene.matching_form`. Naming a subject is
no promise, nor is denying it or asking whether: "I cannot say whether the warranty covers it" passes.
"""

import re
from dataclasses import dataclass

from moderation.contract import Failure
from moderation.hygiene import matching_form
from moderation.outbound import OutboundContext, Outgoing, optional, prose_of, sentences_of


@dataclass(frozen=True)
class Promise:
    """A kind of promise: its failure code, what it looks like, and what to do about it."""

    code: str
    pattern: re.Pattern[str]
    msg: str


def _any(*alternatives: str) -> re.Pattern[str]:
    return re.compile("|".join(rf"(?:{one})" for one in alternatives))


def _gap(words: int) -> str:
    """Up to so many words, none of which turns the sentence into its opposite."""
    return rf"(?:(?!(?:not|never|no|cannot|without|whether|if)\b)[\w'%.,-]+ ){{0,{words}}}?"


_WE = r"\b(?:we|i|our team|the shop|a colleague)"
_DO = r"(?:'ll|'d|'ve| will| shall| can| could| do| would| have| are going to| am going to|'re going to|'m going to)?"
_WILL = r"(?:'ll| will| shall| is going to| are going to|'s going to|'re going to)"
_YOU_GET = (
    r"\byou(?:'ll|'re| will| shall| can| are| have| may)? "
    r"(?:be )?(?:get|have|receive|claim|given|granted|entitled to|due|owed|eligible for|guaranteed)"
)
_MONEY = r"(?:refund|reimbursement|compensation|store credit|goodwill payment|money back)"
_PRICE_CUT = (
    r"(?:discounts?|rebate|price reduction|reduced price|voucher|coupon|better price|lower price|special price)"
)
_WHEN = (
    r"(?:today|tonight|tomorrow|overnight|(?:on|by|this|next|before|until) (?:mon|tues|wednes|thurs|fri|satur|sun)day"
    r"|(?:this|next) (?:week|month)|(?:by|before|on|until|within|in|at|no later than) (?:the )?(?:\w+ ){0,2}?"
    r"(?:\d+\w*|one|two|three|four|five|a|week|weekend|noon|morning|evening|end)\b)"
)
_DEVICE = r"(?:pacemaker|asthma|allerg\w+|epilep\w+|diabet\w+|pregnan\w+|heart (?:condition|disease)|blood pressure)"
_ILLS = (
    r"(?:pain|illness|disease|allerg\w+|asthma|infections?|insomnia|migraines?|headaches?|depression|anxiety|cancer"
    r"|arthritis|symptoms?|covid|flu)"
)
_DRUGS = r"(?:medication|medicines?|painkillers?|antibiotics?|ibuprofen|paracetamol|aspirin|insulin)"

PROMISES: tuple[Promise, ...] = (
    Promise(
        "promise_refund",
        _any(
            rf"{_WE}{_DO} {_gap(3)}(?:refund(?:ed)?|reimburse|compensate)\b(?! (?:policy|rules|department|team|form))",
            rf"{_WE}{_DO} {_gap(2)}(?:pay|give|send|transfer) (?:you )?{_gap(4)}(?:back\b|{_MONEY})",
            rf"{_YOU_GET} {_gap(5)}(?:{_MONEY}|money returned)\b",
            r"\byou(?:'ll| will| can) be (?:\w+ )?(?:refunded|reimbursed|compensated)\b",
            r"\bmoney[- ]back\b",
            r"\byour (?:money|refund|credit) (?:is on its way|will (?!not)|has been|was|is being)",
            rf"\b{_MONEY}(?: \w+)? (?:will be|has been|is being|was) (?:\w+ )?"
            r"(?:issued|processed|made|approved|sent|paid|granted)\b",
        ),
        "The text promises a refund that no quoted policy states; quote the policy, or leave it out.",
    ),
    Promise(
        "promise_price",
        _any(
            r"\b[\w.,]{1,12} ?(?:%|percent|per cent|eur|euros?|€|\$|£|dollars?|pounds?)? ?(?<=[\d%€$£rst] )off\b"
            r"(?! (?:the|at|when|by|and|button))(?!-)",
            r"\b[\d.,]{1,12} ?(?:%|percent|per cent) (?:off|discount|cheaper|less|rebate)\b(?!-)",
            rf"{_WE}{_DO} {_gap(2)}(?:give|offer|grant|apply|arrange|knock|take|send) (?:you )?{_gap(4)}{_PRICE_CUT}\b",
            rf"{_YOU_GET} {_gap(5)}{_PRICE_CUT}\b",
            rf"{_WE}{_DO} {_gap(2)}(?:match|beat|lower|reduce|cut|drop) {_gap(3)}price",
            r"\b(?:use|enter|with|apply) (?:the |this |my )?(?:code|coupon|voucher|discount code)\b",
            r"\b(?:half price|for half the price|price[- ]match)\b",
        ),
        "The text promises a price that is not the listed one; leave it out.",
    ),
    Promise(
        "promise_delivery",
        _any(
            rf"{_WILL} (?:\w+ )?{_gap(2)}(?:arrive|be (?:\w+ )?(?:delivered|shipped|sent|dispatched|there|with you)"
            rf"|ship|reach you|leave (?:our|the) warehouse)\b {_gap(5)}{_WHEN}",
            rf"\byou(?:'ll| will| can| should) (?:have|receive|get|hold) {_gap(4)}{_WHEN}",
            rf"{_WE}{_DO} {_gap(1)}(?:deliver|ship|dispatch)(?:s|ed)? {_gap(5)}{_WHEN}",
            rf"\b(?:it|order|parcel|package|delivery|shipment) (?:arrives|ships|comes|gets to you) {_gap(3)}{_WHEN}",
            r"\b(?:next|same)[- ]day delivery\b",
        ),
        "The text promises a time of delivery that no fact states; leave it out.",
    ),
    Promise(
        "promise_warranty",
        _any(
            r"\b(?:\d+|one|two|three|five|ten|lifetime|full|extended)(?:[- ](?:year|month|day)s?)?'?(?: \w+)? "
            r"(?:warranty|guarantee)\b",
            r"\b(?:has|have|comes with|come with|carries|includes?|with|get|offer|extend|add) "
            rf"{_gap(4)}warranty\b(?! (?:card|terms|conditions|page|form|period|claim))",
            r"\b(?:is|are|be|remains?|still)(?: \w+)? (?:covered by|covered under|under|in) (?:\w+ )?warranty\b",
            rf"\bwarranty (?:{_gap(1)}covers|includes|lasts|runs for|applies|is valid|extends)\b",
            rf"\b(?:covered|covers) {_gap(4)}(?:by|under) (?:the |your |our )?(?:warranty|guarantee)\b",
        ),
        "The text promises a warranty that no fact states; quote the policy, or leave it out.",
    ),
    Promise(
        "promise_guarantee",
        _any(
            r"\bguarantee[ds]?\b(?! (?:card|certificate|terms|conditions|page|form|period|claim|of origin))",
            r"\b(?:we|i)(?:'ll| will| can| do| hereby)? (?:\w+ )?(?:promise|swear|vouch|assure you)\b",
            r"\b(?:you have (?:my|our) word|rest assured|without fail|no matter what)\b",
            r"\b(?:100 ?%|absolutely|completely|totally) (?:sure|safe|certain|secure|risk-free|satisfaction)\b",
            r"\brisk[- ]free\b",
            r"\b(?:will|'ll) (?:definitely|certainly|surely|absolutely|always|never)\b"
            r"|\b(?:definitely|certainly) (?:will|going to)\b",
        ),
        "The text guarantees something; say only what is known.",
    ),
    Promise(
        "promise_free",
        _any(
            r"\bfree(?:ly)?[- ](?:of charge|of cost|shipping|delivery|returns?|replacements?|gifts?|repairs?|upgrade"
            r"|sample|exchange|pick-?up|collection|installation)\b",
            r"\bfor free\b",
            r"\bat (?:no|zero) (?:\w+ )?(?:cost|charge)\b",
            r"\b(?:on the house|complimentary|on us)\b(?! (?:your|to))",
            r"\b(?:cost|costs|pay|charge|charged) (?:you )?(?:nothing|no (?:fee|charge|postage|shipping))\b",
            r"\b(?:there is|there's|there are|with) no (?:\w+ )?(?:fees?|charges?|shipping costs?)\b",
        ),
        "The text says that something costs nothing; quote the policy, or leave it out.",
    ),
    Promise(
        "legal_advice",
        _any(
            rf"\byou (?:can|could|should|may|must) {_gap(2)}"
            r"(?:sue|claim damages|withhold (?:the )?payment|go to court|take (?:them|us|him|her|it) to court)\b",
            r"\b(?:by|under|in) (?:\w+ )?law,? (?:you|we|they|he|she|it|the|this|that)\b",
            r"\b(?:is|are|be) (?:legally |not )?(?:liable|illegal|unlawful|legally binding|in breach)\b",
            r"\byou(?:'re| are| have)? (?:\w+ )?(?:legally|statutory|legal) (?:entitled|rights?|claim|obliged)\b",
            r"\byour (?:legal|statutory|consumer) rights? (?:is|are|includes?|gives?|means?)\b(?! not affected)",
        ),
        "The text gives legal advice; quote the policy, or leave it out.",
    ),
    Promise(
        "medical_advice",
        _any(
            rf"\b(?:cures?|heals?|treats?|prevents?|relieves?|eases?|helps? (?:against|with)) {_gap(4)}{_ILLS}\b",
            rf"\b(?:safe|suitable|harmless|good|fine) {_gap(2)}(?:during|in|for|when|if|with|to) {_gap(5)}{_DEVICE}",
            rf"\b(?:take|stop taking|reduce|increase|double|skip) {_gap(3)}{_DRUGS}\b",
            r"\b(?:clinically|medically) (?:proven|tested)\b|\bdoctor[- ]recommended\b|\bno side effects\b",
            r"\byou (?:\w+ )?(?:have|suffer from) (?:an? )?(?:allergic reaction|infection|concussion|migraine)\b",
        ),
        "The text gives medical advice; leave it out.",
    ),
)

# A denial before the promise, in the same clause, takes it back; these words only sound like one.
_NO_DENIAL = re.compile(r"\b(?:no|without a?) (?:doubt|problem|worries|question|matter what|trouble)\b|\bnot only\b")
_DENIAL = re.compile(r"\b(?:not|never|no|nor|cannot|unable|without|whether|nothing|nobody|hardly)\b|n't\b")
_CLAUSE_END = re.compile(r"[,;:–—]|\bbut\b|\band\b|\bhowever\b|\bbecause\b|\bso\b")
_ASKED = re.compile(
    r"(?:(?:so|and|but|or)[, ]+)?(?:would|do(?! you know)|does|did(?! you know)|have|has|are|is|was|were|could|can|may"
    r"|shall|should|what|when|which|where|who|how|why)\b.*\?[\"”')]*$"
)


@optional
def no_promise(value: Outgoing, context: OutboundContext) -> tuple[Failure, ...]:
    """Prose promises no refund, price, delivery time, warranty or free thing, and gives no legal or medical advice."""
    found = {code for sentence in sentences_of(prose_of(value, context)) for code in promises_in(sentence)}
    return tuple(Failure(path="text", code=one.code, msg=one.msg) for one in PROMISES if one.code in found)


def promises_in(sentence: str) -> frozenset[str]:
    """The codes of the promises that one sentence makes."""
    form = _NO_DENIAL.sub("surely", " ".join(matching_form(sentence).split()))
    if _ASKED.match(form):
        return frozenset()
    return frozenset(
        one.code for one in PROMISES if any(not _is_denied(form, hit) for hit in one.pattern.finditer(form))
    )


def _is_denied(sentence: str, hit: re.Match[str]) -> bool:
    clause = _CLAUSE_END.split(sentence[: hit.start()])[-1]
    return _DENIAL.search(clause) is not None
