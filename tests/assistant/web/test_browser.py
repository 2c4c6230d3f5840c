"""The page to try Hopdesk in a real browser. HOPDESK_SHOTS names a folder to keep its screenshots in."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import uvicorn

from assistant.cli.opening import Unlogged
from assistant.cli.sockets import address_of, listen
from assistant.desk import Desk
from assistant.embedded.encoder import Encoder
from assistant.ledger import Ledger
from assistant.settings import Settings
from assistant.web.app import build_app
from assistant.wiring import Site, open_site
from tests.assistant.conftest import logged_to
from tests.assistant.shops import write_shop
from tests.browser import BROWSER, DESKTOP, MOBILE, chromium, sync_api

if TYPE_CHECKING:
    from playwright.sync_api import Page

HOSTILE = '<svg onload="document.title=1"> <b>Nova</b>'

pytestmark = BROWSER


@pytest.fixture
def address(demo_site: Site, ledger: Ledger, settings: Settings, encoder: Encoder, tmp_path: Path) -> Iterator[str]:
    """A server of the demo shop, and of one whose catalog was written by somebody hostile."""
    hostile = open_site(write_shop(tmp_path, name=HOSTILE), settings, encoder, Unlogged())
    sites = {"lumen-oak": logged_to(ledger, demo_site), "hostile": logged_to(ledger, hostile)}
    ready = threading.Event()
    socket = listen("127.0.0.1", 0)
    app = build_app(Desk(sites, ledger, settings), settings, ready=ready.set)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [socket]})
    thread.start()
    assert ready.wait(60)
    yield address_of(socket)
    server.should_exit = True
    thread.join(30)
    hostile.catalog.close()


@pytest.fixture
def page(address: str) -> "Iterator[Page]":
    """The page, opened; any error of a script or of the content policy fails the test."""
    with chromium() as browser:
        page = browser.new_page(viewport=DESKTOP)
        page.set_default_timeout(20_000)
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda said: problems.append(said.text) if "Content Security Policy" in said.text else None)
        page.goto(address)
        yield page
    assert problems == []


def test_a_question_is_answered_with_cards_and_a_choice_continues_the_case(page: "Page", shots: Path) -> None:
    page.screenshot(path=shots / "start-light.png")
    ask(page, "Does the Aurel Nova 14 have bluetooth?")
    page.wait_for_selector(".reply[data-kind=answer] .card")
    assert "Bluetooth" in page.inner_text(".said")
    page.click(".choices button")
    sync_api.expect(page.locator(".reply")).to_have_count(2)
    assert page.locator(".choices").first.locator("button").first.is_disabled()
    page.emulate_media(color_scheme="light")
    page.screenshot(path=shots / "answer-light.png")
    page.emulate_media(color_scheme="dark")
    page.screenshot(path=shots / "answer-dark.png")
    page.set_viewport_size(MOBILE)
    page.screenshot(path=shots / "answer-mobile.png")
    assert page.evaluate("document.documentElement.scrollWidth") <= MOBILE["width"]


def test_a_search_shows_its_products_on_every_width(page: "Page", shots: Path) -> None:
    ask(page, "I'm looking for a laptop under 1200 euros with at least 16 GB of memory.")
    page.wait_for_selector(".card")
    assert page.locator(".card").count() > 1
    page.screenshot(path=shots / "search-light.png")
    page.set_viewport_size(MOBILE)
    page.emulate_media(color_scheme="dark")
    page.screenshot(path=shots / "search-mobile-dark.png")


def test_an_order_is_asked_for_by_a_form_that_is_filled_with_the_keyboard(page: "Page", shots: Path) -> None:
    ask(page, "Where is my order?")
    page.wait_for_selector("fieldset.order")
    page.keyboard.type("LO-99999")
    page.keyboard.press("Tab")
    page.keyboard.type("nobody@example.com")
    page.screenshot(path=shots / "form-light.png")
    page.keyboard.press("Enter")
    sync_api.expect(page.locator(".reply")).to_have_count(2)
    assert "no order" in page.locator(".said").nth(1).inner_text()


def test_markup_in_a_product_name_is_shown_as_text(page: "Page", shots: Path) -> None:
    page.select_option("#site", "hostile")
    sync_api.expect(page.locator("#page option", has_text="Nova</b>")).to_have_count(1)
    page.select_option("#page", "LAP-9")
    ask(page, "How much memory does it have?")
    page.wait_for_selector(".card")
    assert HOSTILE in page.inner_text(".card .name")
    assert page.locator(".reply svg, .card b").count() == 0
    assert page.title() == "Hopdesk"
    page.screenshot(path=shots / "hostile-light.png")


def test_a_server_that_is_gone_is_said_and_the_question_can_be_sent_again(page: "Page", shots: Path) -> None:
    page.route("**/v1/requests", lambda route: route.fulfill(status=503, json=BUSY, headers={"Retry-After": "1"}))
    ask(page, "What do you sell?")
    page.wait_for_selector(".reply[data-kind=error]")
    page.screenshot(path=shots / "error-light.png")
    page.unroute("**/v1/requests")
    page.get_by_role("button", name="Try again").click()
    page.wait_for_selector(".reply[data-kind=answer]")


def test_a_case_that_has_had_its_turns_offers_a_new_one(page: "Page", shots: Path) -> None:
    for number in range(1, 5):
        ask(page, "Is the Brewmaid 3000 in stock?")
        sync_api.expect(page.locator(".reply")).to_have_count(number)
    page.screenshot(path=shots / "closed-light.png")
    page.get_by_role("button", name="Start a new case").click()
    sync_api.expect(page.locator(".reply")).to_have_count(0)


BUSY = {"error": {"code": "busy", "message": "Too many requests are being answered; try again.", "field": None}}


def ask(page: "Page", text: str) -> None:
    """Write into the composer and send with the Enter key."""
    page.fill("#text", text)
    page.press("#text", "Enter")
