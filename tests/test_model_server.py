import json
import subprocess
import sys
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.model_server import (
    FAULTS,
    Cut,
    Drip,
    Fault,
    Json,
    Late,
    Raw,
    Reply,
    Scores,
    Served,
    dead_base_url,
    failing,
    serving,
)

ASKED: Json = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}
STREAMED: Json = ASKED | {"stream": True, "stream_options": {"include_usage": True}}


def post(served: Served, body: Json = ASKED) -> httpx.Response:
    return httpx.post(f"{served.base_url}/chat/completions", json=body, timeout=5, headers={"X-Tag": "a b"})


def events(response: httpx.Response) -> list[Any]:
    lines = [line.removeprefix("data: ") for line in response.text.split("\n\n") if line]
    assert lines.pop() == "[DONE]"
    return [json.loads(line) for line in lines]


def test_a_text_is_judged_where_moderations_are() -> None:
    with serving(Scores({"violence": float("nan"), "hate": 0.5}, flagged=("hate",))) as served:
        response = httpx.post(f"{served.base_url}/moderations", json={"input": "hi"}, timeout=5)
    (result,) = response.json()["results"]
    assert (result["flagged"], result["categories"]) == (True, {"violence": False, "hate": True})
    assert str(result["category_scores"]) == "{'violence': nan, 'hate': 0.5}"
    assert [(one.path, one.body) for one in served.requests] == [("/v1/moderations", {"input": "hi"})]


def test_a_text_comes_whole_with_its_usage() -> None:
    with serving(Reply("hi", input_tokens=7, output_tokens=3, cached_tokens=2, reasoning_tokens=1)) as served:
        answer = post(served).json()
    assert answer["choices"][0]["message"] == {"role": "assistant", "content": "hi"}
    assert answer["choices"][0]["finish_reason"] == "stop"
    assert answer["usage"] == {
        "prompt_tokens": 7,
        "completion_tokens": 3,
        "total_tokens": 10,
        "prompt_tokens_details": {"cached_tokens": 2},
        "completion_tokens_details": {"reasoning_tokens": 1},
    }


def test_functions_are_called_side_by_side() -> None:
    with serving(Reply(calls=(("look", "{}"), ("find", '{"q": 1}')))) as served:
        choice = post(served).json()["choices"][0]
    assert choice["finish_reason"] == "tool_calls"
    assert [call["function"] for call in choice["message"]["tool_calls"]] == [
        {"name": "look", "arguments": "{}"},
        {"name": "find", "arguments": '{"q": 1}'},
    ]


@pytest.mark.parametrize(
    "reply", [Reply("a longer text to be cut"), Reply(calls=(("look", '{"q": 1}'), ("find", "{}")))]
)
def test_a_stream_adds_up_to_the_same_reply(reply: Reply) -> None:
    with serving(reply) as served:
        whole = post(served).json()["choices"][0]["message"]
        chunks = events(post(served, STREAMED))
        without_usage = events(post(served, ASKED | {"stream": True}))
    deltas = [choice["delta"] for chunk in chunks for choice in chunk["choices"]]
    assert "".join(delta.get("content") or "" for delta in deltas) == (whole["content"] or "")
    pieces = [piece for delta in deltas for piece in delta.get("tool_calls", ())]
    for n, call in enumerate(whole.get("tool_calls", ())):
        text = "".join(piece["function"]["arguments"] for piece in pieces if piece["index"] == n)
        assert text == call["function"]["arguments"]
    assert chunks[-1]["usage"]
    assert all("usage" not in chunk for chunk in without_usage)


def test_one_connection_serves_many_requests_and_all_are_kept() -> None:
    with serving(Reply("hi")) as served, httpx.Client(base_url=served.base_url) as client:
        for _ in range(3):
            assert client.post("chat/completions", json=ASKED).status_code == 200
        assert served.count == 3
        assert client.get("models").json()["data"][0]["id"] == "scripted-1"
        assert client.get("elsewhere").status_code == 404
        assert served.count == 3
    assert served.requests[0].body == ASKED
    assert served.requests[0].path == "/v1/chat/completions"


def test_headers_are_kept_under_their_lower_case_names() -> None:
    with serving(Reply("hi")) as served:
        post(served)
    assert served.requests[0].headers["x-tag"] == "a b"


def test_a_sequence_answers_in_turn_and_stays_with_its_last() -> None:
    with serving([failing(500, "server_error"), Raw(503), Reply("hi")]) as served:
        assert [post(served).status_code for _ in range(4)] == [500, 503, 200, 200]


def test_a_function_sees_the_request() -> None:
    def script(body: Json) -> Fault:
        return Reply("streamed" if body.get("stream") else "whole")

    with serving(script) as served:
        assert post(served).json()["choices"][0]["message"]["content"] == "whole"


def test_a_late_answer_is_a_good_one() -> None:
    with serving(Late(1, Reply("hi"))) as served:
        assert post(served).json()["choices"][0]["message"]["content"] == "hi"


@pytest.mark.parametrize("body", [ASKED, STREAMED])
def test_a_cut_connection_shows_or_does_not(body: Json) -> None:
    with serving(Cut()) as served, pytest.raises(httpx.RemoteProtocolError):
        post(served, body)
    with serving(Cut(quietly=True)) as served:
        assert not post(served, body).text.endswith(("}", "[DONE]\n\n"))


@pytest.mark.parametrize("fault", ["hang", "late"])
def test_what_does_not_come_keeps_the_server_from_nothing(fault: str) -> None:
    with serving(FAULTS[fault]) as served:
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{served.base_url}/chat/completions", json=ASKED, timeout=0.03)
        assert served.count == 1


def test_a_drip_comes_byte_by_byte() -> None:
    url = "chat/completions"
    with serving(Drip(every_ms=1)) as served, httpx.Client(base_url=served.base_url) as client:
        with client.stream("POST", url, json=ASKED) as response:
            assert b"".join(islice(response.iter_raw(), 3)).strip() == b""
        assert served.count == 1


def test_nobody_listens_at_a_dead_address() -> None:
    with pytest.raises(httpx.ConnectError):
        httpx.get(dead_base_url())


def test_it_runs_as_a_process_of_its_own(tmp_path: Path) -> None:
    reply = tmp_path / "reply.json"
    reply.write_text('{"colour": "red"}')
    command = [sys.executable, "-m", "tests.model_server", "--port", "0", "--latency-ms", "1", "--reply", str(reply)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            served = Served(**json.loads(process.stdout.readline()))
            assert post(served).json()["choices"][0]["message"]["content"] == '{"colour": "red"}'
        finally:
            process.terminate()
