"""The way in: what every customer text passes before anything else reads it.

hygiene -> rules -> PII -> (later layers, through `Moderator`)
"""

from dataclasses import dataclass
from typing import Protocol

from moderation.hygiene import HygieneCode, HygieneError, clean
from moderation.pii import Redacted, redact
from moderation.policy import ModerationPolicy
from moderation.rules import judge_by_rules
from moderation.verdict import Verdict, combine


@dataclass(frozen=True)
class Inbound:
    """A customer's text after the gate.

    `text` is cleaned and still holds personal data: it is for the classifiers of this process and for storage that is
    made for it. Models and records get `redacted`. Both are empty where hygiene refused the text (`refused` says why).
    """

    text: str
    redacted: Redacted
    verdict: Verdict
    refused: HygieneCode | None = None

    @property
    def originals(self) -> dict[str, str]:
        """Placeholder -> what the customer wrote."""
        return self.redacted.originals


class Moderator(Protocol):
    """A slower layer: a classifier or a language model. It is given redacted text."""

    async def judge(self, text: str) -> Verdict:
        """Give a verdict, or raise; a moderator that cannot decide never answers `allow`."""
        ...


def inbound(text: str, policy: ModerationPolicy) -> Inbound:
    """Clean, judge by rules and redact one text.

    The rules see the cleaned original. Redaction happens whatever they say, since blocked text is recorded too. A turn
    goes by what its moderation hop makes of the redacted text, because that is on record; of this verdict it needs
    only whether hygiene refused the text.
    """
    try:
        cleaned = clean(text, limit=policy.text_limit_chars)
    except HygieneError as error:
        verdict = Verdict(action="block", layer="hygiene", reasons=(str(error),))
        return Inbound("", Redacted(""), verdict, refused=error.code)
    redacted = redact(cleaned.text, policy.pii)
    verdicts = [judge_by_rules(cleaned.text, policy)]
    if redacted.kinds:
        found = ", ".join(redacted.kinds)
        verdicts.append(Verdict(action="redact", layer="rules", reasons=(f"Personal data was replaced: {found}.",)))
    return Inbound(cleaned.text, redacted, combine(verdicts))
