"""What tests in a real browser share: Chromium, its marks, and the sizes of its window."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ViewportSize

MOBILE: "ViewportSize" = {"width": 390, "height": 844}
DESKTOP: "ViewportSize" = {"width": 1280, "height": 860}
_CHROMIUM = Path("/usr/bin/chromium")

BROWSER = [
    pytest.mark.browser,
    pytest.mark.skipif(not _CHROMIUM.exists(), reason="there is no /usr/bin/chromium; install Debian's chromium"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # playwright's own pipes
]
sync_api = pytest.importorskip("playwright.sync_api")


@contextmanager
def chromium() -> "Iterator[Browser]":
    """A browser, while this lasts."""
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(_CHROMIUM), args=["--no-sandbox"])
        yield browser
        browser.close()
