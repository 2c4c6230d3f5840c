"""What a scripted model server answers: good replies, and the faults that a language model may have."""

import json
from dataclasses import dataclass

from pydantic import JsonValue

Json = dict[str, JsonValue]


@dataclass(frozen=True)
class Reply:
    """What a model answers, good or odd: a text or calls of functions (name and JSON text), and its usage."""

    text: str | None = None
    calls: tuple[tuple[str, str], ...] = ()
    finish_reason: str = ""
    refusal: str | None = None
    input_tokens: int = 100
    output_tokens: int = 20
    cached_tokens: int = 0
    reasoning_tokens: int = 0

    @property
    def ending(self) -> str:
        return self.finish_reason or ("tool_calls" if self.calls else "stop")


@dataclass(frozen=True)
class Late:
    """A good reply, after a while."""

    latency_ms: float
    reply: Reply = Reply("{}")


@dataclass(frozen=True)
class Drip:
    """Headers, then a body that comes byte by byte and never ends."""

    every_ms: float = 5


@dataclass(frozen=True)
class Hang:
    """A connection that is accepted, and nothing more."""


@dataclass(frozen=True)
class Cut:
    """A connection closed in the middle of a reply; `quietly` where the framing does not give that away."""

    quietly: bool = False
    reply: Reply = Reply('{"colour": "a deep and even red"}')


@dataclass(frozen=True)
class Raw:
    """A response as it stands."""

    status: int = 200
    body: bytes = b"{}"
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Scores:
    """What a moderation endpoint says of a text: scores by category, and which of them it flags."""

    scores: Json
    flagged: tuple[str, ...] = ()

    def raw(self) -> Raw:
        """As OpenAI's endpoint writes it; a NaN stands in it as such."""
        result: Json = {
            "flagged": bool(self.flagged),
            "categories": {name: name in self.flagged for name in self.scores.keys() | set(self.flagged)},
            "category_scores": self.scores,
        }
        return Raw(body=json.dumps({"id": "modr-1", "model": "scripted-1", "results": [result]}).encode())


Fault = Late | Drip | Hang | Cut | Raw | Reply | Scores


def failing(status: int, kind: str, code: str | None = None, retry_after: str | None = None) -> Raw:
    """A failure as OpenAI words it; the message holds the customer's words, which must not get any further."""
    error: Json = {"message": f"SECRET-WORDS {kind}", "type": kind, "param": None, "code": code}
    return Raw(
        status, json.dumps({"error": error}).encode(), headers=(("Retry-After", retry_after),) if retry_after else ()
    )


def redirect(status: int, location: str) -> Raw:
    """A server that sends the request on to another address."""
    return Raw(status, b"", headers=(("Location", location),))


def odd(choice: Json | None = None, message: Json | None = None, **reply: JsonValue) -> Raw:
    """A reply in which some values are of another shape than OpenAI's."""
    said: Json = {"role": "assistant", "content": '{"colour": "red"}', **(message or {})}
    chosen: Json = {"index": 0, "finish_reason": "stop", "message": said, **(choice or {})}
    usual: Json = {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [chosen]}
    return Raw(200, json.dumps(usual | reply).encode())


def odd_call(**function: JsonValue) -> Raw:
    return odd(message={"content": None, "tool_calls": [{"id": "1", "type": "function", "function": function}]})


FAULTS: dict[str, Fault] = {
    "late": Late(60_000),
    "drip": Drip(),
    "hang": Hang(),
    "cut": Cut(),
    "cut_quietly": Cut(quietly=True),
    "busy": failing(429, "rate_limit_exceeded"),
    "busy_seconds": failing(429, "rate_limit_exceeded", retry_after="2"),
    "busy_date": failing(429, "rate_limit_exceeded", retry_after="Fri, 31 Dec 2100 23:59:59 GMT"),
    "busy_nonsense": failing(429, "rate_limit_exceeded", retry_after="soon"),
    "out_of_quota": failing(429, "insufficient_quota", "insufficient_quota"),
    "server_error": failing(500, "server_error"),
    "bad_gateway": Raw(502, b"<html>bad gateway</html>", "text/html"),
    "unavailable": failing(503, "overloaded"),
    "gateway_timeout": failing(504, "timeout"),
    "unauthorised": failing(401, "invalid_request_error", "invalid_api_key"),
    "forbidden": failing(403, "permission_denied"),
    "bad_request": failing(400, "invalid_request_error"),
    "not_found": failing(404, "invalid_request_error", "model_not_found"),
    "unprocessable": failing(422, "invalid_request_error"),
    "context_too_long": Raw(
        400,
        b'{"error": {"message": "This model\'s maximum context length is 4096 tokens. SECRET-WORDS",'
        b' "type": "invalid_request_error", "param": "messages", "code": "context_length_exceeded"}}',
    ),
    "content_policy": failing(400, "invalid_request_error", "content_policy_violation"),
    "html": Raw(200, b"<html><body>SECRET-WORDS</body></html>", "text/html"),
    "not_a_completion": Raw(200, b'{"status": "ok", "words": "SECRET-WORDS"}'),
    "not_json": Raw(200, b'{"choices": [SECRET-WORDS'),
    "a_list": Raw(200, b"[1, 2, 3]"),
    "no_body": Raw(200, b""),
    "no_choices": Raw(200, b'{"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": []}'),
    "null_content": Reply(None),
    "blank_content": Reply(" \n"),
    "no_usage": Raw(
        200,
        b'{"id": "1", "object": "chat.completion", "created": 1, "model": "m",'
        b' "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "{}"}}]}',
    ),
    "odd_usage": Raw(
        200,
        b'{"id": "1", "choices": [{"index": 0, "finish_reason": "stop", "message": {"content": "{}"}}],'
        b' "usage": {"prompt_tokens": "many", "completion_tokens": -3, "prompt_tokens_details": [1]}}',
    ),
    "no_such_text": Reply('{"colour": "\ud800"}'),
    "broken_call": Reply(calls=(("look", '{"colour": "re'),)),
    "wrong_shape": Reply('{"weather": ["fine", 3]}'),
    "refusal": Reply(None, refusal="I cannot help with SECRET-WORDS."),
    "content_filter": Reply('{"colour": "SECR', finish_reason="content_filter"),
    "cut_off": Reply('{"colour": "SECR', finish_reason="length"),
    "too_long": Reply('{"colour": "' + "red " * (5 << 18) + '"}'),
    "redirect": redirect(307, "/v1/chat/completions"),
    "redirect_for_good": redirect(308, "/v1/chat/completions"),
    "redirect_as_get": redirect(301, "/v1/chat/completions"),
    "redirect_elsewhere": redirect(307, "http://127.0.0.2:9/v1/chat/completions"),
    "number_for_id": odd(id=5, model=7),
    "list_for_id": odd(id=[1], model={"SECRET-WORDS": 1}),
    "endless_id": odd(id="x" * 200_000, model="y" * 2_000),
    "no_such_id": odd(id="\ud800"),
    "parts_for_text": odd(message={"content": [{"type": "text", "text": "SECRET-WORDS"}]}),
    "object_for_text": odd(message={"content": {"words": "SECRET-WORDS"}}),
    "number_for_text": odd(message={"content": 5}),
    "number_for_role": odd(message={"role": 5}),
    "text_for_message": odd({"message": "SECRET-WORDS"}),
    "odd_ending": odd({"finish_reason": "weird"}),
    "object_for_ending": odd({"finish_reason": {"words": "SECRET-WORDS"}}),
    "text_for_choices": odd(choices="SECRET-WORDS"),
    "null_for_choice": odd(choices=[None]),
    "object_for_refusal": odd(message={"content": None, "refusal": {"words": "SECRET-WORDS"}}),
    "text_for_logprobs": odd({"logprobs": {"content": "SECRET-WORDS"}}),
    "text_for_calls": odd(message={"content": None, "tool_calls": "SECRET-WORDS"}),
    "null_for_call": odd(message={"content": None, "tool_calls": [None]}),
    "object_for_arguments": odd_call(name="look", arguments={"colour": "red"}),
    "list_for_arguments": odd_call(name="look", arguments=["SECRET-WORDS"]),
    "number_for_name": odd_call(name=5, arguments="{}"),
    "endless_name": odd_call(name="n" * 70_000, arguments="{}"),
    "endless_calls": Reply(calls=(("look", "{}"),) * 33),
    "text_for_usage": odd(usage="SECRET-WORDS"),
    "huge_usage": odd(usage={"prompt_tokens": 10**30, "completion_tokens": True, "total_tokens": 1}),
    "endless_usage": odd(usage={"prompt_tokens": 1, "completion_tokens": 1, "words": "SECRET-WORDS" * 1000}),
    "no_such_usage": odd(usage={"prompt_tokens": 1, "completion_tokens": 1, "words": "\ud800"}),
}
