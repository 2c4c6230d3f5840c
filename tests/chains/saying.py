"""Sentences of claims about the three laptops, for tests of how they read."""

from collections.abc import Sequence

from chains.claims import Claim
from chains.facts import Evidence
from chains.grounding import Statement, ground
from chains.rendering import say
from tests.chains.shop import LAPTOPS


def statements(claims: Sequence[Claim], evidence: Evidence = LAPTOPS) -> list[Statement]:
    done = [ground(claim, evidence) for claim in claims]
    return [one for one in done if isinstance(one, Statement)]


def texts(*claims: Claim, evidence: Evidence = LAPTOPS, seed: str = "seed") -> list[str]:
    found = [sentence.text for sentence in say(statements(claims, evidence), seed)]
    assert len(found) == len(claims), "a claim was refused"
    return found


def wordings(claim: Claim, evidence: Evidence = LAPTOPS) -> set[str]:
    """Every wording that some seed picks."""
    return {texts(claim, evidence=evidence, seed=str(seed))[0] for seed in range(30)}
