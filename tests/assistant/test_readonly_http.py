import asyncio
import logging
import threading
from http.server import BaseHTTPRequestHandler

import pytest

from assistant.readonly_http import MAX_BODY_BYTES, ReadOnlyHttp
from chains.errors import ScopeError, ToolFailed
from tests.assistant.http_shop import json_answer, serving

LABEL = "The order source"


def read(template: str, timeout_s: float = 5, **values: str | float | None) -> bytes | None:
    return asyncio.run(ReadOnlyHttp(LABEL, template, timeout_s).read(values))


def test_the_body_of_the_answer_is_returned() -> None:
    with serving(json_answer(b'{"a": 1}')) as shop:
        assert read(shop.base + "/orders/{number}", number="LO-1") == b'{"a": 1}'
        assert shop.asked == ["/orders/LO-1"]


def test_not_found_is_none() -> None:
    with serving(json_answer(b"nothing", status=404)) as shop:
        assert read(shop.base + "/orders/{number}", number="LO-1") is None


@pytest.mark.parametrize(
    ("value", "segment"),
    [
        ("a/b", "a%2Fb"),
        ("LO-1?x=1", "LO-1%3Fx%3D1"),
        ("LO-1#top", "LO-1%23top"),
        ("' OR 1=1", "%27%20OR%201%3D1"),
        ("%2e%2e", "%252e%252e"),
        ("a b\r\nHost: evil", "a%20b%0D%0AHost%3A%20evil"),
        ("ü", "%C3%BC"),
    ],
)
def test_a_value_stays_inside_its_path_segment(value: str, segment: str) -> None:
    with serving(json_answer(b"{}")) as shop:
        read(shop.base + "/orders/{number}/state", number=value)
        assert shop.asked == [f"/orders/{segment}/state"]


def test_a_value_stays_inside_its_query_value_and_an_absent_one_is_empty() -> None:
    with serving(json_answer(b"{}")) as shop:
        read(shop.base + "/orders?n={number}&e={email}&k=1", number="1&admin=1", email=None)
        assert shop.asked == ["/orders?n=1%26admin%3D1&e=&k=1"]


@pytest.mark.parametrize("value", ["..", ".", "../admin", "x/../../admin", "..\\admin"])
def test_a_value_that_climbs_out_of_its_folder_is_never_sent(value: str) -> None:
    with serving(json_answer(b"{}")) as shop:
        with pytest.raises(ToolFailed, match="look like a path"):
            read(shop.base + "/orders/{number}", number=value)
        assert shop.asked == []


def test_a_redirect_to_another_host_is_not_followed() -> None:
    with serving(json_answer(b'{"stolen": true}')) as other:
        away = json_answer(b"", status=302, Location=other.base + "/orders/LO-1")
        with serving(away) as shop, pytest.raises(ToolFailed, match="status 302"):
            read(shop.base + "/orders/{number}", number="LO-1")
        assert other.asked == []


@pytest.mark.parametrize("status", [201, 400, 401, 500, 503])
def test_any_other_status_is_a_failure_that_names_it(status: int) -> None:
    with serving(json_answer(b"{}", status=status)) as shop, pytest.raises(ToolFailed, match=f"status {status}"):
        read(shop.base + "/x")


def test_a_body_of_the_largest_size_is_read_and_one_byte_more_is_refused() -> None:
    with serving(json_answer(b"x" * MAX_BODY_BYTES)) as shop:
        assert read(shop.base + "/x") == b"x" * MAX_BODY_BYTES
    with serving(json_answer(b"x" * (MAX_BODY_BYTES + 1))) as shop, pytest.raises(ToolFailed, match="more than 256 KB"):
        read(shop.base + "/x")


def test_an_endless_body_is_left_at_the_limit() -> None:
    def endless(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        while True:
            request.wfile.write(b"x" * 65536)

    with serving(endless) as shop, pytest.raises(ToolFailed, match="more than 256 KB"):
        read(shop.base + "/x")


def test_a_compressed_body_is_not_unpacked() -> None:
    with serving(json_answer(b"\x1f\x8b packed", Content_Encoding="gzip")) as shop:
        assert read(shop.base + "/x") == b"\x1f\x8b packed"
        assert shop.headers[0]["Accept-Encoding"] == "identity"


def test_a_body_that_drips_is_left_when_the_time_is_up() -> None:
    hung_up = threading.Event()

    def drip(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        try:
            while not hung_up.wait(0.01):  # every byte comes well within any read timeout
                request.wfile.write(b" ")
        except OSError:
            hung_up.set()

    with serving(drip) as shop:
        with pytest.raises(ToolFailed, match=r"did not answer within 0\.1 s"):
            read(shop.base + "/x", timeout_s=0.1)
        assert hung_up.wait(10)


def test_a_service_that_is_down_is_a_sentence_without_the_customers_words() -> None:
    with serving(json_answer(b"{}")) as shop:
        gone = shop.base
    with pytest.raises(ToolFailed, match=r"^The order source could not be reached \(ConnectError\)") as failure:
        read(gone + "/orders/{number}", number="LO-20417")
    assert "LO-20417" not in str(failure.value)


def test_the_url_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO), serving(json_answer(b"{}")) as shop:
        read(shop.base + "/orders/{number}", number="LO-20417")
    assert "LO-20417" not in caplog.text


def test_a_password_in_the_url_becomes_basic_authentication() -> None:
    with serving(json_answer(b"{}")) as shop:
        read(shop.base.replace("http://", "http://desk:secret@") + "/x")
        assert shop.headers[0]["Authorization"].startswith("Basic ")
        assert shop.asked == ["/x"]


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with serving(json_answer(b"{}")) as shop:
        assert read(shop.base + "/x") == b"{}"


@pytest.mark.parametrize(
    "template",
    [
        "http://shop.example/orders/{number}",
        "ftp://shop.example/{number}",
        "https://{number}.shop.example/",
        "https://user:{number}@shop.example/",
        "https:///orders/{number}",
        "https://[::1/orders",
        "https://shop.example:port/x",
        "orders.json",
    ],
)
def test_only_https_with_a_fixed_host_is_accepted(template: str) -> None:
    with pytest.raises(ScopeError, match="needs an HTTPS URL"):
        ReadOnlyHttp(LABEL, template, 1)


@pytest.mark.parametrize(
    "base", ["http://localhost:8000", "http://127.0.0.1", "http://[::1]:80", "https://shop.example"]
)
def test_https_and_this_machine_are_accepted(base: str) -> None:
    assert ReadOnlyHttp(LABEL, base + "/orders/{number}?mail={email}", 1).names == {"number", "email"}


@pytest.mark.parametrize(
    "path", ["/o-{number}", "/{number}{email}", "/x?{number}=1", "/x?n=a{number}", "/x#{number}", "/{Number}", "/x}"]
)
def test_a_parameter_must_be_a_whole_segment_or_query_value(path: str) -> None:
    with pytest.raises(ScopeError, match="one whole path segment or query value"):
        ReadOnlyHttp(LABEL, "https://shop.example" + path, 1)
