"""Moderation: what comes in is cleaned, judged and redacted; what goes out is checked; JSON meets its contract."""

from moderation.catalogue import CheckInfo, HopContract
from moderation.checks import OUTBOUND_CHECKS
from moderation.checks_links import is_own_link
from moderation.contract import Check, Failure, Judged, assess
from moderation.errors import ModerationError
from moderation.gate import Inbound, Moderator, inbound
from moderation.guards import Guard, GuardError, checks_alone
from moderation.hygiene import CleanText, HygieneCode, HygieneError, clean, matching_form
from moderation.outbound import OutboundCheck, OutboundContext, Outgoing
from moderation.outbound_policy import OutboundPolicy
from moderation.outbound_warnings import AgentWarning, warnings
from moderation.pii import Redacted, redact, restore
from moderation.policy import BlockedTerm, ModerationPolicy, PiiKind, PiiPolicy
from moderation.rules import RULES, Rule, judge_by_rules
from moderation.scores import judge_by_scores
from moderation.thresholds import DEFAULT_THRESHOLDS, LayerThresholds, ScoringLayer, Threshold
from moderation.verdict import Action, Category, Layer, Verdict, combine

__all__ = [
    "DEFAULT_THRESHOLDS",
    "OUTBOUND_CHECKS",
    "RULES",
    "Action",
    "AgentWarning",
    "BlockedTerm",
    "Category",
    "Check",
    "CheckInfo",
    "CleanText",
    "Failure",
    "Guard",
    "GuardError",
    "HopContract",
    "HygieneCode",
    "HygieneError",
    "Inbound",
    "Judged",
    "Layer",
    "LayerThresholds",
    "ModerationError",
    "ModerationPolicy",
    "Moderator",
    "OutboundCheck",
    "OutboundContext",
    "OutboundPolicy",
    "Outgoing",
    "PiiKind",
    "PiiPolicy",
    "Redacted",
    "Rule",
    "ScoringLayer",
    "Threshold",
    "Verdict",
    "assess",
    "checks_alone",
    "clean",
    "combine",
    "inbound",
    "is_own_link",
    "judge_by_rules",
    "judge_by_scores",
    "matching_form",
    "redact",
    "restore",
    "warnings",
]
