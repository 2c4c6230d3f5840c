"""The way in: what every customer text passes before anything else reads it.

hygiene -> rules -> PII -> (later layers, through `Moderator`)
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from moderation.hygiene import Change, HygieneCode, HygieneError, clean
from moderation.pii import Redacted, redact
from moderation.policy import ModerationPolicy
from moderation.rules import judge_by_rules
from moderation.verdict import Verdict, combine


@dataclass(frozen=True)
class Inbound:
    """A customer's text after the gate.

    `text` is cleaned and still holds personal data: it is for the classifiers of this process and for storage that is
    made for it. `changes` names what cleaning altered. Models and records get `redacted`. Text and redacted text are
    empty where hygiene refused the text (`error` says why).
    """

    text: str
    changes: tuple[Change, ...]
    redacted: Redacted
    policy: ModerationPolicy
    error: HygieneError | None = None

    @property
    def originals(self) -> dict[str, str]:
        """Placeholder -> what the customer wrote."""
        return self.redacted.originals

    @property
    def refused(self) -> HygieneCode | None:
        """Why hygiene refused the text, if it did."""
        return self.error.code if self.error else None

    @cached_property
    def verdict(self) -> Verdict:
        """What hygiene, or else the rules on the cleaned original, and redaction come to.

        Worked out when it is asked for: a turn goes by what its moderation hop makes of the redacted text, because
        that is on record.
        """
        if self.error:
            return Verdict(action="block", layer="hygiene", reasons=(str(self.error),))
        verdicts = [judge_by_rules(self.text, self.policy)]
        if self.redacted.kinds:
            found = ", ".join(self.redacted.kinds)
            verdicts.append(Verdict(action="redact", layer="rules", reasons=(f"Personal data was replaced: {found}.",)))
        return combine(verdicts)


class Moderator(Protocol):
    """A slower layer: a classifier or a language model. It is given redacted text."""

    async def judge(self, text: str) -> Verdict:
        """Give a verdict, or raise; a moderator that cannot decide never answers `allow`."""
        ...


def inbound(text: str, policy: ModerationPolicy) -> Inbound:
    """Clean and redact one text; also one that the rules block is redacted, since blocked text is recorded too."""
    try:
        cleaned = clean(text, limit=policy.text_limit_chars)
    except HygieneError as error:
        return Inbound("", (), Redacted(""), policy, error)
    return Inbound(cleaned.text, cleaned.changes, redact(cleaned.text, policy.pii), policy)
