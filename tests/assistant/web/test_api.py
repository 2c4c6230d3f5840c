"""The widget's API: what it takes, what it refuses and with which status, and what it never says."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from assistant.desk import Desk, Handled
from assistant.ledger import Ledger
from assistant.requests import AskRequest
from assistant.settings import Settings
from assistant.web.app import build_app
from assistant.wiring import Site
from chains.errors import LedgerError
from chains.outcomes import Withdrawn

ASK = {"site": "lumen-oak", "text": "Is the Aurel Nova 14 in stock?"}
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def client(desk: Desk, settings: Settings) -> Iterator[TestClient]:
    with TestClient(build_app(desk, settings)) as opened:
        yield opened


def test_a_question_is_answered_in_its_public_form(client: TestClient) -> None:
    reply = client.post("/v1/requests", json=ASK)
    assert reply.status_code == 200
    body = reply.json()
    outcome = body["outcome"]
    assert outcome["kind"] == "answer"
    assert outcome["parts"][0]["sentences"][0] == {
        "text": outcome["parts"][0]["sentences"][0]["text"],
        "polarity": "plain",
    }
    assert outcome["products"][0]["price"] == "899 EUR"
    assert outcome["products"][0]["price_minor"] == 89900
    assert set(outcome["choices"][0]) == {"id", "label"}
    assert body["notices"] == []
    assert "facts" not in reply.text
    assert "effect" not in reply.text


def test_a_choice_continues_the_case(client: TestClient) -> None:
    first = client.post("/v1/requests", json=ASK).json()
    chosen = {"site": "lumen-oak", "choice": first["outcome"]["choices"][0]["id"], "case_id": first["case_id"]}
    second = client.post("/v1/requests", json=chosen)
    assert second.status_code == 200
    assert second.json()["case_id"] == first["case_id"]
    chosen["choice"] = "c99"
    assert _error(client.post("/v1/requests", json=chosen), 409)["code"] == "unknown_choice"


def test_a_repeat_with_the_same_key_gets_the_stored_outcome(client: TestClient) -> None:
    first, second = (client.post("/v1/requests", json=ASK, headers={"Idempotency-Key": "k-1"}).json() for _ in "12")
    assert second == first
    other = client.post("/v1/requests", json=ASK | {"text": "Another one?"}, headers={"Idempotency-Key": "k-1"})
    assert _error(other, 409) == {
        "code": "idempotency_conflict",
        "message": "The idempotency key 'k-1' was used before with another body; send the same body, or a new key.",
        "field": "Idempotency-Key",
    }


def test_an_unknown_product_page_is_left_out_with_a_notice(client: TestClient) -> None:
    reply = client.post("/v1/requests", json=ASK | {"page_product": "NOPE-1"}).json()
    assert "NOPE-1" in reply["notices"][0]


@pytest.mark.parametrize("key", ["", "a b", "x" * 201, "schlüssel"])
def test_a_key_that_cannot_be_used_is_refused(client: TestClient, key: str) -> None:
    error = _error(client.post("/v1/requests", json=ASK, headers={b"Idempotency-Key": key.encode()}), 400)
    assert (error["code"], error["field"]) == ("invalid_idempotency_key", "Idempotency-Key")


def test_two_keys_are_refused(client: TestClient) -> None:
    headers = [("Idempotency-Key", "a"), ("Idempotency-Key", "b"), ("Content-Type", "application/json")]
    assert _error(client.post("/v1/requests", content=json.dumps(ASK), headers=headers), 400)["field"]


@pytest.mark.parametrize(
    ("body", "field", "said"),
    [
        (b"", None, "The body is not JSON"),
        (b"not json SECRET", None, "The body is not JSON"),
        (b"\x00\xff\xfe\x80", None, "The body is not JSON"),
        (b"[" * 60_000, None, "The body is not JSON"),
        (b"null", None, "nput should be an object."),
        (b"[1]", None, "nput should be an object."),
        (b'{"text": "hi"}', "site", "site: this key is missing; add it."),
        (b'{"site": 7, "text": "hi"}', "site", "site: input should be a valid string."),
        (b'{"site": "s", "text": ["SECRET"]}', "text", "text: input should be a valid string."),
        (b'{"site": "s", "text": "hi", "tools": "SECRET"}', "tools", "tools: this key is unknown; leave it out."),
        (b'{"site": "s", "text": "hi", "S E C R E T": 1}', "(a key of another form)", "unknown"),
        (b'{"site": "s", "text": "hi", "locale": "SECRET"}', "locale", "locale: string should match pattern"),
        (b'{"site": "s", "text": "\\ud800"}', None, "The body is not JSON"),
        (b'{"site": "s"}', None, "Give exactly one of text, choice and form, not none."),
        (b'{"site": "s", "text": "a", "choice": "c1"}', None, "not text and choice."),
        (b'{"site": "s", "choice": "c1"}', None, "needs the case_id"),
        (b'{"site": "s", "case_id": "x", "form": {"email": "a@b.c"}}', "form.order_number", "this key is missing"),
        (b'{"site": "' + b"9" * 5000 + b'", "text": "a"}', "site", "site: string should have at most 63 characters."),
    ],
)
def test_a_body_that_cannot_be_read_is_refused_with_its_path_and_never_echoed(
    client: TestClient, body: bytes, field: str | None, said: str
) -> None:
    reply = client.post("/v1/requests", content=body, headers=JSON)
    error = _error(reply, 400)
    assert (error["code"], error["field"]) == ("invalid_body", field)
    assert said in error["message"]
    assert "SECRET" not in reply.text
    assert "E C R" not in reply.text


def test_many_problems_are_not_all_listed(client: TestClient) -> None:
    body = json.dumps(ASK | {f"key{number}": 1 for number in range(1000)})
    assert len(_error(client.post("/v1/requests", content=body, headers=JSON), 400)["message"]) < 1000


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("   ", "text_empty"),
        ("\U000e0041\U000e0042\u200b", "text_empty"),
        ("\x01\x02\x03\x04", "text_binary"),
        ("a" * 2001, "text_too_long"),
    ],
)
def test_a_text_that_nobody_can_read_is_refused(client: TestClient, text: str, code: str) -> None:
    error = _error(client.post("/v1/requests", json=ASK | {"text": text}), 400)
    assert (error["code"], error["field"]) == (code, "text")


def test_unknown_sites_and_cases_are_404(client: TestClient) -> None:
    assert _error(client.post("/v1/requests", json=ASK | {"site": "elsewhere"}), 404)["field"] == "site"
    assert _error(client.post("/v1/requests", json=ASK | {"case_id": "nope"}), 404)["field"] == "case_id"


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""])
def test_only_json_is_taken(client: TestClient, kind: str) -> None:
    reply = client.post("/v1/requests", content=json.dumps(ASK), headers={"Content-Type": kind})
    assert _error(reply, 415)["field"] == "Content-Type"


def test_json_with_a_charset_is_taken(client: TestClient) -> None:
    kind = {"Content-Type": "Application/JSON; charset=utf-8"}
    assert client.post("/v1/requests", content=json.dumps(ASK), headers=kind).status_code == 200


def test_a_large_body_is_refused_whether_declared_or_chunked(client: TestClient) -> None:
    large = b" " * 10_000_000
    chunks = (large[start : start + 8192] for start in range(0, len(large), 8192))
    for content in (large, chunks):
        error = _error(client.post("/v1/requests", content=content, headers=JSON), 413)
        assert error["message"] == "The body is larger than 65536 bytes; send a shorter one."


def test_unknown_addresses_and_methods_are_json_too(client: TestClient) -> None:
    assert _error(client.get("/nope"), 404)["code"] == "not_found"
    assert _error(client.get("/static/nope.js"), 404)["code"] == "not_found"
    refused = client.get("/v1/requests")
    assert _error(refused, 405)["code"] == "method_not_allowed"
    assert refused.headers["allow"] == "POST"


def test_a_ledger_that_cannot_be_written_is_a_503_before_acceptance(
    client: TestClient, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise LedgerError("The ledger /secret/place is read-only.")

    monkeypatch.setattr(desk.ledger, "accept", fail)
    monkeypatch.setattr(desk.ledger, "ready", fail)
    reply = client.post("/v1/requests", json=ASK)
    assert _error(reply, 503)["code"] == "unavailable"
    assert reply.headers["retry-after"] == "1"
    assert "secret" not in reply.text
    assert _error(client.get("/readyz"), 503)["code"] == "not_ready"
    assert client.get("/healthz").json() == {"status": "alive"}


def test_more_turns_than_allowed_are_refused_at_once(
    desk: Desk, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = build_app(desk, settings.model_copy(update={"running_limit": 1}))
    with TestClient(app) as client:
        seen: list[Any] = []

        async def handle(request: AskRequest, key: str | None = None) -> Handled:
            # while this turn runs, a second client asks
            seen.append(await _post(app))
            return Handled("t", "c", Withdrawn(reason="superseded"))

        monkeypatch.setattr(desk, "handle", handle)
        assert client.post("/v1/requests", json=ASK).json()["outcome"]["kind"] == "withdrawn"
        assert (seen[0].status_code, seen[0].headers["retry-after"]) == (503, "1")
        assert seen[0].json()["error"]["code"] == "busy"
        assert client.post("/v1/requests", json=ASK).status_code == 200  # its place is free again


async def _post(app: Any) -> Any:
    import httpx

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as inner:
        return await inner.post("/v1/requests", json=ASK)


def test_a_defect_is_a_plain_500_and_its_message_is_not_logged(
    client: TestClient, desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def fail(*_: object) -> None:
        raise RuntimeError("SECRET of a customer")

    monkeypatch.setattr(desk, "handle", fail)
    reply = client.post("/v1/requests", json=ASK)
    assert _error(reply, 500) == {
        "code": "internal", "message": "Something went wrong here; please try again.", "field": None
    }  # fmt: skip
    logged = "".join(capsys.readouterr())
    assert "request_failed" in logged
    assert "RuntimeError" in logged
    assert "SECRET" not in logged + reply.text


def test_ready_while_the_catalog_is_open(client: TestClient) -> None:
    assert client.get("/readyz").json() == {"status": "ready"}


def test_every_response_has_the_security_headers(client: TestClient) -> None:
    for reply in (client.get("/"), client.get("/nope"), client.get("/static/app.js"), client.post("/v1/requests")):
        policy = reply.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert reply.headers["x-content-type-options"] == "nosniff"
    assert client.get("/healthz").headers["cache-control"] == "no-store"


def test_the_page_and_its_files_hold_no_inline_script_or_style(client: TestClient) -> None:
    page = client.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert "<style" not in page.text
    assert "style=" not in page.text
    assert "<script>" not in page.text
    for name in ("app.js", "style.css", "icon.svg"):
        assert client.get(f"/static/{name}").status_code == 200
    assert "innerHTML" not in client.get("/static/app.js").text


def test_the_page_is_told_the_sites_and_their_products(client: TestClient) -> None:
    (site,) = client.get("/v1/sites").json()["sites"]
    assert (site["id"], site["name"], len(site["examples"])) == ("lumen-oak", "Lumen & Oak", 6)
    products = client.get("/v1/products", params={"site": "lumen-oak"}).json()["products"]
    assert {"sku": "LAP-AURELNOVA14", "name": "Aurel Nova 14"} in products
    assert _error(client.get("/v1/products"), 404)["field"] == "site"


def test_only_the_scope_s_origins_may_call_from_elsewhere(demo_site: Site, ledger: Ledger, settings: Settings) -> None:
    scope = demo_site.loaded.scope
    shop = scope.site.model_copy(update={"origins": ("https://shop.example",)})
    loaded = replace(demo_site.loaded, scope=scope.model_copy(update={"site": shop}))
    desk = Desk({"lumen-oak": replace(demo_site, loaded=loaded)}, ledger, settings)
    asks = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type,idempotency-key"}
    with TestClient(build_app(desk, settings)) as client:
        allowed = client.options("/v1/requests", headers={"Origin": "https://shop.example", **asks})
        assert allowed.headers["access-control-allow-origin"] == "https://shop.example"
        refused = client.options("/v1/requests", headers={"Origin": "https://evil.example", **asks})
        assert "access-control-allow-origin" not in refused.headers
        reply = client.post("/v1/requests", json=ASK, headers={"Origin": "https://evil.example"})
        assert "access-control-allow-origin" not in reply.headers


def test_the_ledger_is_closed_when_the_app_ends(desk: Desk, settings: Settings) -> None:
    with TestClient(build_app(desk, settings)):
        pass
    desk.ledger.close()  # a second time does nothing
    with pytest.raises(LedgerError, match="closed"):
        asyncio.run(desk.ledger.ready())


def test_a_catalog_that_was_closed_is_not_ready(
    demo_site: Site, ledger: Ledger, settings: Settings, tmp_path: Path
) -> None:
    class Closed:
        def get(self, sku: str) -> None:
            import sqlite3

            raise sqlite3.ProgrammingError("Cannot operate on a closed database.")

    desk = Desk({"lumen-oak": replace(demo_site, catalog=Closed())}, ledger, settings)  # type: ignore[arg-type]
    with TestClient(build_app(desk, settings)) as client:
        assert client.get("/readyz").status_code == 503


def _error(reply: Any, status: int) -> dict[str, Any]:
    """The error of a reply, which has the same three keys whatever it is."""
    assert reply.status_code == status, reply.text
    error: dict[str, Any] = reply.json()["error"]
    assert set(error) == {"code", "message", "field"}
    assert error["message"][-1] == "."
    return error
