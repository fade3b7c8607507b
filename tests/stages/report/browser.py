"""Opens pages in a real browser, Chromium through Playwright; its tests are skipped without one, or fail where it is required."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.services import unavailable

QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def opened(page: Path, width: int, *, asks_itself: bool = False) -> Iterator:
    """The page in Chromium, ``width`` pixels wide; a request that leaves the page fails the test.

    ``asks_itself``: the page may ask for files of its own folder.
    """
    executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if executable is None:
        unavailable("Chromium", "not installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=QUIET)
        try:
            tab = browser.new_page(viewport={"width": width, "height": 900})
            asked: list[str] = []
            said: list[str] = []
            tab.on("request", lambda request: asked.append(request.url))
            tab.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
            tab.goto(page.as_uri())
            yield tab
            own = ("data:", page.parent.as_uri()) if asks_itself else ("data:", page.as_uri())
            outside = [url for url in asked if not url.startswith(own)]
            assert outside == [], f"the page asked for {outside}"
            assert said == [], "a script ran"
        finally:
            browser.close()


def violations(tab) -> list[str]:
    """What axe-core finds wrong: rule and the first place of each."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(tab).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html'][:160]}" for one in found]


# each table that is shown: its caption, how many pixels of it are hidden on the right, whether words say so
TABLES = """[...document.querySelectorAll('.defile')].filter(one => one.offsetParent).map(one => [
    one.getAttribute('aria-label'), one.scrollWidth - one.clientWidth,
    one.querySelector('.suite-a-droite').getBoundingClientRect().height > 8])"""

DRAWN = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"  # what is animated follows


def look(page: Path, width: int) -> None:
    """Read a page as anybody may: nothing is asked of the network, nothing overflows, hidden columns are told of in words,
    axe finds nothing, it prints.
    """
    with opened(page, width) as tab:
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        assert tab.evaluate("document.fonts.check('16px \"Source Sans Pro\"')")
        for details in tab.query_selector_all("details"):
            details.evaluate("one => { one.open = true }")
        tab.evaluate(DRAWN)
        tables = tab.evaluate(TABLES)
        assert [one for one in tables if (one[1] > 0) != one[2]] == []
        assert violations(tab) == []
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        assert tab.pdf().startswith(b"%PDF")
