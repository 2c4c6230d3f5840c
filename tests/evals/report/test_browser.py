"""The report in a real browser, opened from disk. HOPDESK_SHOTS names a folder to keep its screenshots in."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from evals.cli.report import report
from evals.finished import FinishedRun
from tests.browser import BROWSER, DESKTOP, MOBILE, chromium, sync_api
from tests.evals.cli.alone import run_alone
from tests.evals.report.scored import HOSTILE, LONG, RTL, folder, records_for, right, timed, wrong

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


pytestmark = BROWSER
pytest.importorskip("plotly")


def runs() -> tuple[FinishedRun, FinishedRun]:
    """A base that is right, and a run with flips, hostile texts and more than a page of results."""
    texts = {"c000": HOSTILE, "c001": RTL, "c002": LONG}
    names = [f"c{place:03}" for place in range(70)]
    base = [right(name, text=texts.get(name, f"lamp {name}"), tags=(HOSTILE, "even")) for name in names]
    now = [
        (wrong if place < 4 else right)(
            name, text=texts.get(name, f"lamp {name}"), tags=(HOSTILE, "even" if place % 2 == 0 else "odd")
        )
        for place, name in enumerate(names)
    ]
    return timed(base), timed(now, HOSTILE)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of such a run."""
    place = tmp_path_factory.mktemp("report")
    base, run = runs()
    before = [record for name in ("c000", "c001") for record in records_for(name, "a.b")]
    after = [record for name in ("c000", "c001") for record in records_for(name, HOSTILE)]
    html = place / "report.html"
    folders = folder(run, place / "run", after), folder(base, place / "base", before)
    found = run_alone(report, *folders, "--html", html)
    assert found.exit_code == 0, found.output
    return html


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    with chromium() as browser:
        yield browser


@pytest.fixture
def page(browser: "Browser", file: Path) -> "Iterator[Page]":
    """The report, opened; a request, a message on the console or an error of a script fails the test."""
    context = browser.new_context(viewport=DESKTOP, reduced_motion="reduce", color_scheme="light")
    page = context.new_page()
    page.set_default_timeout(20_000)
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda said: problems.append(f"{said.type}: {said.text}"))
    page.on("request", lambda asked: problems.append(asked.url) if asked.url != file.as_uri() else None)
    page.goto(file.as_uri())
    page.wait_for_selector(".row")
    yield page
    context.close()
    assert problems == []


def results(page: "Page", count: int) -> None:
    """Wait until so many results fit the filter."""
    sync_api.expect(page.locator("#found")).to_have_text(re.compile(rf"^{count} result"))


def test_the_figures_and_the_plots_are_drawn(page: "Page", shots: Path) -> None:
    assert "94.3% right" in page.inner_text("h1")
    for plot in ("reliability", "latency", "hops"):
        page.wait_for_selector(f"#plot-{plot} svg.main-svg")
    page.screenshot(path=shots / "report-light.png", full_page=True)


def test_results_are_listed_a_page_at_a_time(page: "Page") -> None:
    assert page.locator(".row").count() == 50
    page.click("#more")
    assert page.locator(".row").count() == 70
    assert page.locator("#more").is_hidden()
    assert page.evaluate("document.activeElement.getAttribute('aria-controls')") == "trace-50"


def test_the_list_is_filtered_by_text_and_by_choice_and_cleared(page: "Page") -> None:
    page.fill("#filter [name=text]", "LAMP c01")
    results(page, 10)
    page.select_option("#filter [name=tag]", "odd")
    results(page, 5)
    assert "tag=odd" in page.url
    page.fill("#filter [name=text]", "nothing like it")
    sync_api.expect(page.locator("#found")).to_have_text("No result fits.")
    page.click("#filter button[type=reset]")
    results(page, 70)


def test_a_cell_of_the_matrix_leads_to_its_cases(page: "Page") -> None:
    page.click("#transitions td a")
    results(page, 4)
    assert page.input_value("#filter [name=from]") == "moderation"
    assert page.input_value("#filter [name=to]") == "intent"
    assert page.locator("#filter [name=to]").is_visible()
    assert page.locator("#filter [name=want]").is_hidden()  # nothing is known of what was expected


def test_a_link_to_the_flips_can_be_kept(page: "Page", file: Path) -> None:
    page.click("#compared a")
    results(page, 4)
    address = page.url
    page.goto("about:blank#")
    page.goto(address)
    results(page, 4)
    assert page.input_value("#filter [name=flip]") == "worse"


def test_a_trace_opens_by_the_keyboard_with_both_sides_and_where_they_part(page: "Page", shots: Path) -> None:
    first = page.locator(".row").first
    first.focus()
    page.keyboard.press("Enter")
    assert first.get_attribute("aria-expanded") == "true"
    assert page.locator(".side").count() == 2
    assert page.locator(".hop.parts").count() == 2
    assert "It is about c.d." in page.locator(".side").nth(1).inner_text()
    page.locator(".hop.parts summary").last.click()
    sync_api.expect(page.locator(".hop pre")).to_contain_text('"ranked"')
    page.screenshot(path=shots / "report-trace.png")
    page.keyboard.press("Shift+Tab")
    first.click()
    assert first.get_attribute("aria-expanded") == "false"


def test_hostile_texts_are_text(page: "Page", shots: Path) -> None:
    for place in range(3):
        page.locator(".row").nth(place).click()
    assert page.locator(".full").first.inner_text() == HOSTILE
    assert HOSTILE in page.locator(".side .lines").nth(3).inner_text()
    assert HOSTILE in page.locator("#tags").inner_text()
    assert page.locator("img, main b:has-text('&')").count() == 0
    assert page.title().startswith("Evaluation of demo")
    page.set_viewport_size(MOBILE)
    assert page.evaluate("document.documentElement.scrollWidth") <= MOBILE["width"]
    page.screenshot(path=shots / "report-hostile-mobile.png", full_page=True)


def test_no_other_script_runs_even_where_markup_got_in(browser: "Browser", file: Path) -> None:
    page = browser.new_page()
    page.goto(file.as_uri())
    refused = page.evaluate(
        """() => new Promise((done) => {
          document.addEventListener("securitypolicyviolation", (event) => done(event.violatedDirective));
          document.body.insertAdjacentHTML("beforeend", '<img src="data:," onerror="document.title = 1">');
        })"""
    )
    assert refused == "script-src-attr"
    assert page.title().startswith("Evaluation")
    page.close()


def test_the_theme_is_the_systems_until_one_is_chosen(page: "Page", shots: Path) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.click("#theme")
    assert page.inner_text("#theme") == "Theme: dark"
    dark = page.evaluate(ground)
    assert dark != light
    page.screenshot(path=shots / "report-dark.png", full_page=True)
    page.reload()
    assert page.evaluate(ground) == dark
    page.click("#theme")
    assert (page.inner_text("#theme"), page.evaluate(ground)) == ("Theme: light", light)
    page.click("#theme")
    page.emulate_media(color_scheme="dark")
    assert (page.inner_text("#theme"), page.evaluate(ground)) == ("Theme: system", dark)


def test_it_is_printed_in_light_without_controls(page: "Page") -> None:
    page.emulate_media(media="print", color_scheme="dark")
    assert page.locator("#filter").is_hidden()
    assert page.evaluate("getComputedStyle(document.querySelector('h1')).color") == "rgb(28, 33, 31)"
