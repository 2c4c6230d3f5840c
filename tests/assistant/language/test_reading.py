import json
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.language.failures import ModelCutOff
from assistant.language.reading import whole
from chains.language import Completion
from tests.assistant.language.asking import SILENCED, reached, reply_of
from tests.model_server import FAULTS, Fault, Raw, Reply, serving

pytestmark = [pytest.mark.usefixtures("warm"), *SILENCED]
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
ANYTHING = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner))


def said(fault: str) -> Completion:
    with serving(FAULTS[fault]) as served:
        return reply_of(reached(served.base_url))


@pytest.mark.parametrize(
    ("fault", "response_id", "response_model"),
    [
        ("number_for_id", "5", "7"),
        ("list_for_id", None, None),
        ("endless_id", "x" * 200, "y" * 200),
        ("no_such_id", "?", "m"),
    ],
)
def test_the_names_of_a_reply_are_short_texts(fault: str, response_id: str | None, response_model: str | None) -> None:
    completion = said(fault)
    assert (completion.response_id, completion.response_model) == (response_id, response_model)


def test_the_names_of_a_stream_are_short_texts() -> None:
    chunk = {"id": 5, "object": "chat.completion.chunk", "created": 1, "model": "m" * 300}
    says = chunk | {"choices": [{"index": 0, "delta": {"role": "assistant", "content": "{}"}}]}
    ends = chunk | {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    events = f"data: {json.dumps(says)}\n\ndata: {json.dumps(ends)}\n\ndata: [DONE]\n\n"
    with serving(Raw(200, events.encode(), "text/event-stream")) as served:
        completion = reply_of(reached(served.base_url, stream=True))
    assert completion.text == "{}"
    assert completion.response_id == "5"


@pytest.mark.parametrize("fault", ["endless_usage", "no_such_usage"])
def test_a_usage_that_is_long_or_cannot_be_stored_is_not_kept(fault: str) -> None:
    completion = said(fault)
    assert completion.usage_raw is None
    assert (completion.usage.input_total, completion.usage.output) == (1, 1)


def test_a_usage_that_nobody_can_have_had_counts_nothing() -> None:
    completion = said("huge_usage")
    assert (completion.usage.input_total, completion.usage.output) == (0, 1)  # litellm reads true as 1


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("reply", "fits"),
    [
        (Reply(calls=(("look", "{}"),) * 32), True),
        (Reply(calls=(("look", "{}"),) * 33), False),
        (Reply(calls=(("n" * 40_000, "a" * 20_000),)), True),
        (Reply(calls=(("n" * 40_000, "a" * 30_000),)), False),
        (Reply("t" * 65_536), True),
        (Reply("t" * 65_537), False),
    ],
)
def test_texts_names_and_arguments_share_one_limit(reply: Fault, fits: bool, stream: bool) -> None:
    with serving(reply) as served:
        settings = reached(served.base_url, stream=stream)
        if fits:
            reply_of(settings)
        else:
            with pytest.raises(ModelCutOff, match="65536 characters or 32 calls"):
                reply_of(settings)


@given(ANYTHING, ANYTHING, ANYTHING, ANYTHING)
def test_whatever_stands_in_a_reply_is_read_as_text(label: object, text: object, name: object, call_id: object) -> None:
    function = SimpleNamespace(name=name, arguments=text)
    call = SimpleNamespace(id=call_id, function=function)
    message = SimpleNamespace(content=text, tool_calls=[call])
    choice = SimpleNamespace(message=message, finish_reason=label)
    reply = whole(SimpleNamespace(id=label, model=label, choices=[choice]))
    assert all(isinstance(one, str) for one in (reply.text, reply.calls[0].name, reply.calls[0].call_id))
    for one in (reply.response_id, reply.response_model):
        assert one is None or len(one.encode()) <= 800


def test_the_text_of_parts_is_put_together() -> None:
    parts = [{"type": "text", "text": "{"}, {"type": "image"}, "odd", {"type": "text", "text": "}"}]
    choice = SimpleNamespace(message=SimpleNamespace(content=parts, tool_calls=None), finish_reason="stop")
    assert whole(SimpleNamespace(choices=[choice])).text == "{}"
