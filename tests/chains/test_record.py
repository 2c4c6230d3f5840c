from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from chains.record import CalledTool, HopRecord, PromptRef, Redaction, Upstream, Usage, digest
from moderation import Failure
from tests.chains.shop import LAPTOPS


def record(ended_ns: int = 3_500_000, attempt: int = 1) -> HopRecord:
    return HopRecord(
        event_id="01J",
        trace_id="0" * 32,
        span_id="0" * 16,
        case_id="C1",
        turn_id="T1",
        site="demo",
        app_version="0.1.0",
        contract="Plan/1",
        hop="lookup",
        hop_index=2,
        attempt=attempt,
        op="plan",
        input={"text": "How much memory does it have?"},
        identity="anonymous",
        locale="en",
        now=datetime(2026, 11, 21, tzinfo=UTC),
        upstream=(Upstream(hop="intent", event_id="01I", output_sha256=digest("{}"), frozen=True),),
        provider="openai",
        model="gpt",
        prompt=PromptRef(name="lookup", version="1", template_sha256=digest("t"), vars={"text": "x"}),
        output_schema_sha256=digest("schema"),
        request_key=digest("request"),
        valid=False,
        validation_errors=(Failure(path="calls", code="too_many_calls", msg="make at most 6 calls"),),
        tool_calls=(CalledTool(name="get_product", call_id="1", intent="a.b", arguments={"sku": "A"}, result=LAPTOPS),),
        started_ns=1_000_000,
        ended_ns=ended_ns,
        usage=Usage(input_total=10, output=2),
        served_from="provider",
        status="invalid",
        redaction=Redaction(policy="1", applied=("email",)),
        scope_sha256=digest("scope"),
        catalog_sha256=digest("catalog"),
    )


def test_a_record_survives_its_json_under_the_name_of_its_schema() -> None:
    kept = record()
    line = kept.model_dump_json(by_alias=True)
    assert line.startswith('{"schema":"hop/1"')
    assert HopRecord.model_validate_json(line) == kept


def test_latency_is_in_milliseconds() -> None:
    assert record().latency_ms == 2.5
    assert record(ended_ns=1_000_000).latency_ms == 0


@pytest.mark.parametrize("attempt", [0, 7])
def test_an_attempt_has_a_number_from_one_to_six(attempt: int) -> None:
    with pytest.raises(ValidationError):
        record(attempt=attempt)


def test_a_record_of_another_version_is_refused() -> None:
    line = record().model_dump_json(by_alias=True).replace('"hop/1"', '"hop/2"', 1)
    with pytest.raises(ValidationError):
        HopRecord.model_validate_json(line)


def test_a_digest_is_the_sha256_of_the_text_in_utf8() -> None:
    assert digest("ü") == "607474ca475a9724d7360aba71a56d5df77e61350e3f724cfa1f46e857e2d85f"
    assert digest("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
