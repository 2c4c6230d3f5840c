import re
from dataclasses import replace

import pytest
from pydantic_core import to_json

from chains.messages import Intent, IntentInput, ModerationInput
from chains.ports import ModelCard, Reply
from chains.record import PromptRef, Upstream, Usage, digest
from chains.trail import Attempted, Frame, Trail
from moderation import Failure, Verdict
from tests.chains.fakes import names
from tests.chains.scripts import ALLOWED, MemoryLog
from tests.chains.trails import FRAME

GOOD = names("product.price")
ATTEMPT = Attempted(
    hop="intent",
    number=1,
    given=IntentInput(text="Where is it?", locale="en"),
    card=ModelCard("fake", "small", "classify", sha256="abc"),
    output=Intent,
    started_ns=1,
    reply=Reply(raw=GOOD.model_dump_json()),
    value=GOOD,
)
MODERATED = Attempted(
    hop="moderation",
    number=1,
    given=ModerationInput(text="Where is it?", locale="en"),
    card=ModelCard("hopdesk", "rules/1", "rules"),
    output=Verdict,
    started_ns=1,
    reply=Reply(raw=ALLOWED.model_dump_json()),
    value=ALLOWED,
)
FAILURE = Failure(path="$", code="wrong", msg="Wrong.")


def trail(frame: Frame = FRAME) -> Trail:
    return Trail(frame, MemoryLog())


def test_every_record_carries_the_frame_of_its_turn() -> None:
    frame = replace(FRAME, origin="eval", run_id="r", eval_case_id="e", split="dev", tags=("t",), replay_of="x")
    record = trail(frame).keep(ATTEMPT)
    assert (record.turn_id, record.case_id, record.site, record.trace_id) == ("turn-1", "case-1", "shop", "trace-1")
    assert (record.identity, record.locale, record.now) == ("order_proof", "en", FRAME.now)
    assert (record.scope_sha256, record.catalog_sha256, record.app_version) == (digest("scope"), "catalog-1", "1.2")
    assert (record.origin, record.run_id, record.eval_case_id, record.split) == ("eval", "r", "e", "dev")
    assert (record.tags, record.replay_of, record.redaction) == (("t",), "x", FRAME.redaction)


def test_a_record_says_what_was_asked_of_which_model_and_what_came_back() -> None:
    record = trail().keep(ATTEMPT)
    assert (record.hop, record.contract, record.op) == ("intent", "Intent/1", "classify")
    assert (record.provider, record.model, record.model_sha256) == ("fake", "small", "abc")
    assert record.input == ATTEMPT.given.model_dump(mode="json")
    assert record.parsed == GOOD.model_dump(mode="json")
    assert (record.valid, record.status, record.repaired, record.served_from) == (True, "ok", False, "embedded")
    assert record.ended_ns > record.started_ns == 1


def test_ids_are_unique_and_of_their_standards() -> None:
    kept = trail()
    first, second = kept.keep(MODERATED), kept.keep(ATTEMPT)
    assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{26}", first.event_id)
    assert re.fullmatch(r"[0-9a-f]{16}", first.span_id)
    assert first.event_id < second.event_id or first.event_id[:10] == second.event_id[:10]
    assert first.span_id != second.span_id


def test_records_are_numbered_kept_and_sent_to_the_log_in_order() -> None:
    log = MemoryLog()
    kept = Trail(FRAME, log)
    records = [kept.keep(MODERATED), kept.keep(ATTEMPT), kept.keep(replace(ATTEMPT, number=2))]
    assert [record.hop_index for record in records] == [0, 1, 2]
    assert kept.records == log.records == records


def test_upstream_is_the_latest_attempt_of_each_other_hop() -> None:
    kept = trail()
    kept.keep(replace(MODERATED, value=None, failures=(FAILURE,)))
    moderated = kept.keep(replace(MODERATED, number=2))
    first, second = kept.keep(ATTEMPT), kept.keep(replace(ATTEMPT, number=2))
    output = to_json(moderated.parsed).decode()
    expected = Upstream(hop="moderation", event_id=moderated.event_id, output_sha256=digest(output))
    assert first.upstream == second.upstream == (expected,)


def test_a_replay_keeps_the_upstream_that_was_frozen() -> None:
    frozen = (Upstream(hop="moderation", event_id="e", output_sha256="s", frozen=True),)
    kept = trail(replace(FRAME, frozen=frozen))
    kept.keep(MODERATED)
    assert kept.keep(ATTEMPT).upstream == frozen


@pytest.mark.parametrize(
    ("attempt", "status", "valid"),
    [
        (ATTEMPT, "ok", True),
        (replace(ATTEMPT, value=None, failures=(FAILURE,)), "invalid", False),
        (replace(ATTEMPT, value=None, reply=None, error_type="TimeoutError"), "error", False),
    ],
)
def test_the_status_follows_from_what_happened(attempt: Attempted, status: str, valid: bool) -> None:
    record = trail().keep(attempt)
    assert (record.status, record.valid, record.error_type) == (status, valid, attempt.error_type)
    assert record.validation_errors == attempt.failures
    assert (record.parsed is not None) == valid


@pytest.mark.parametrize(("number", "value", "repaired"), [(1, GOOD, False), (2, GOOD, True), (2, None, False)])
def test_only_a_good_second_attempt_is_a_repair(number: int, value: Intent | None, repaired: bool) -> None:
    assert trail().keep(replace(ATTEMPT, number=number, value=value)).repaired == repaired


def test_all_that_a_reply_says_is_kept() -> None:
    prompt = PromptRef(name="intent", version="2", template_sha256="t", vars={"a": 1})
    reply = Reply(
        raw="{}",
        params={"temperature": 0},
        prompt=prompt,
        input_messages=({"role": "user"},),
        tools=({"name": "get_product"},),
        output_messages=({"role": "assistant"},),
        response_id="id",
        response_model="small-1",
        finish_reasons=("stop",),
        ttft_ms=1.5,
        usage=Usage(input_total=10, output=2),
        usage_raw={"prompt_tokens": 10},
        cost_usd="0.002",
        retries=1,
        served_from="provider",
    )
    record = trail().keep(replace(ATTEMPT, reply=reply))
    for field in Reply.__dataclass_fields__:
        if field != "raw":
            assert getattr(record, field) == getattr(reply, field)


def test_the_request_key_tells_apart_whatever_changes_a_reply() -> None:
    def key(attempt: Attempted) -> str:
        return trail().keep(attempt).request_key

    others = [
        replace(ATTEMPT, number=2),
        replace(ATTEMPT, given=IntentInput(text="Where?", locale="en")),
        replace(ATTEMPT, card=ModelCard("fake", "large", "classify", sha256="abc")),
        replace(ATTEMPT, card=ModelCard("fake", "small", "classify", sha256="def")),
        replace(ATTEMPT, output=Verdict),
        replace(ATTEMPT, reply=Reply(raw="{}", params={"temperature": 1})),
        replace(ATTEMPT, reply=Reply(raw="{}", input_messages=({"role": "user"},))),
        replace(ATTEMPT, reply=Reply(raw="{}", tools=({"name": "x"},))),
    ]
    keys = {key(attempt) for attempt in others}
    assert len(keys) == len(others)
    assert key(ATTEMPT) not in keys
    assert key(ATTEMPT) == key(replace(ATTEMPT, reply=Reply(raw="another reply"), started_ns=2))


def test_the_schema_is_named_by_its_hash() -> None:
    assert trail().keep(ATTEMPT).output_schema_sha256 == digest(to_json(Intent.model_json_schema()).decode())


def test_a_schema_that_was_sent_is_recorded_and_part_of_the_request_key() -> None:
    plain = trail().keep(ATTEMPT)
    held = trail().keep(replace(ATTEMPT, reply=Reply(raw=GOOD.model_dump_json(), sent_schema_sha256=digest("schema"))))
    assert (plain.sent_schema_sha256, held.sent_schema_sha256) == (None, digest("schema"))
    assert plain.output_schema_sha256 == held.output_schema_sha256
    assert plain.request_key != held.request_key
