"""Moderation: what comes in is cleaned, judged and redacted; what goes out is checked; JSON meets its contract."""

from moderation.checks import OUTBOUND_CHECKS, OutboundContext, Outgoing
from moderation.contract import Check, Failure, Judged, assess
from moderation.errors import ModerationError
from moderation.gate import Inbound, Moderator, inbound
from moderation.guards import Guard, GuardError
from moderation.hygiene import CleanText, HygieneCode, HygieneError, clean, matching_form
from moderation.pii import Redacted, redact, restore
from moderation.policy import BlockedTerm, ModerationPolicy, PiiKind, PiiPolicy, Threshold
from moderation.rules import RULES, Rule, judge_by_rules
from moderation.verdict import Action, Category, Layer, Verdict, combine

__all__ = [
    "OUTBOUND_CHECKS",
    "RULES",
    "Action",
    "BlockedTerm",
    "Category",
    "Check",
    "CleanText",
    "Failure",
    "Guard",
    "GuardError",
    "HygieneCode",
    "HygieneError",
    "Inbound",
    "Judged",
    "Layer",
    "ModerationError",
    "ModerationPolicy",
    "Moderator",
    "OutboundContext",
    "Outgoing",
    "PiiKind",
    "PiiPolicy",
    "Redacted",
    "Rule",
    "Threshold",
    "Verdict",
    "assess",
    "clean",
    "combine",
    "inbound",
    "judge_by_rules",
    "matching_form",
    "redact",
    "restore",
]
