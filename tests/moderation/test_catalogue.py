"""A hop's contract, written down once: what is listed is what the guard runs."""

import asyncio

from pydantic import BaseModel, ConfigDict

from moderation.catalogue import CheckInfo, HopContract
from moderation.contract import Failure


class Reply(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    text: str


def not_empty(value: Reply, _context: None) -> tuple[Failure, ...]:
    """A reply says something.

    More is said of it here.
    """
    return () if value.text else (Failure(path="text", code="empty", msg="Say something."),)


def undescribed(_value: Reply, _context: None) -> tuple[Failure, ...]:
    return ()


CONTRACT = HopContract("reply", Reply, "A reply.", "a person answers", (not_empty, undescribed))


def test_the_shape_and_every_check_are_listed() -> None:
    assert CONTRACT.infos() == (
        CheckInfo("reply_valid", "reply", "A reply.", "a person answers"),
        CheckInfo("not_empty", "reply", "A reply says something.", "a person answers"),
        CheckInfo("undescribed", "reply", "", "a person answers"),
    )


def test_the_guard_holds_replies_to_the_contract() -> None:
    guard = CONTRACT.guard()
    assert guard.name == "reply"
    assert asyncio.run(guard.judge('{"text": "yes"}', None)).value == Reply(text="yes")
    failures = asyncio.run(guard.judge('{"text": ""}', None)).failures
    assert [failure.code for failure in failures] == ["empty"]
