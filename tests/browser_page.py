"""The demo in a real browser: fixtures, and what a visitor does on its page."""

import os
import re
import shutil
from pathlib import Path

import pytest
from PIL import Image
from running_app import running_app

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
needs_browser = pytest.mark.skipif(
    BROWSER is None and not os.environ.get("CI"),
    reason="no chromium on the PATH (Debian: apt install chromium)",
)
DESKTOP, PHONE = {"width": 1280, "height": 720}, {"width": 390, "height": 844}
WAIT_MS = 90_000
RESULT = "#trio [data-pictures]"
"""What is there once a result is finished; a first look is none."""


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    """The address of an app of the module's own."""
    with running_app(tmp_path_factory.mktemp("app")) as address:
        yield address


@pytest.fixture(scope="module")
def browser():
    """A browser without a screen."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=BROWSER, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser, url):
    """Open the app at a size; fail if the page asked for anything outside the app or threw an error."""
    pages, problems = [], []

    def open_at(viewport, path="", **options):
        page = browser.new_page(viewport=viewport, **options)
        page.set_default_timeout(WAIT_MS)
        page.on("pageerror", lambda error: problems.append(f"script error: {error}"))
        page.on(
            "request",
            lambda request: (
                None if request.url.startswith((url, "data:", "blob:")) else problems.append(request.url)
            ),
        )
        page.goto(url + path)
        page.wait_for_selector(RESULT, state="attached")  # the first example is encoded on arrival
        settle(page)
        pages.append(page)
        return page

    yield open_at
    for page in pages:
        page.close()
    assert problems == []


def settle(page) -> None:
    """Wait until nothing is on its way any more."""
    page.wait_for_function(
        "document.querySelector('#take-tsk:not([disabled])')"
        " && !document.querySelector('#status .ts-working, #caption-line .ts-working')"
    )


def wait_for_count(page, selector: str, count: int) -> None:
    """Wait until there are so many; parts of one answer need not be drawn at once."""
    from playwright.sync_api import expect

    expect(page.locator(selector)).to_have_count(count, timeout=WAIT_MS)


def result_of(page, act) -> int:
    """Do something that asks for another result, wait for it and return its bytes."""
    page.evaluate("document.querySelector('#trio .ts-trio').id = 'stale'")
    act()
    page.wait_for_selector("#stale", state="detached")
    page.wait_for_selector(RESULT)
    settle(page)
    return shown_bytes(page)


def shown_bytes(page) -> int:
    """The bytes of the result on show."""
    return int(re.sub(r"\D", "", page.inner_text("#figures b >> nth=0")))


def upload(page, picture: os.PathLike) -> int:
    """Hand a picture over, wait for its result and return its bytes."""
    return result_of(page, lambda: page.set_input_files("#picture input[type=file]", picture))


def noise_of(side: int, folder: Path) -> Path:
    """A picture that takes long to encode."""
    path = folder / "noise.png"
    Image.effect_noise((side, side), 90).convert("RGB").save(path)
    return path


def choose(page, group: str, label: str) -> None:
    """Choose one of a group of radio buttons."""
    page.click(f"{group} label:has-text('{label}')")


def open_settings(page, opened: bool = True) -> None:
    """Open or close the settings, where they lie in a bar at the bottom."""
    toggle = page.locator("#settings-toggle")
    if toggle.is_visible() and (toggle.get_attribute("aria-expanded") == "true") != opened:
        toggle.click()


def open_tab(page, title: str) -> None:
    """Open a tab of the page."""
    page.click(f"button[role=tab]:has-text('{title}')")


def shown_pictures(page, within: str = "#trio") -> list[list[int]]:
    """Natural sizes of the pictures in a row, once they are loaded."""
    images = f"[...document.querySelectorAll('{within} img')]"
    page.wait_for_function(f"{images}.length && {images}.every(i => i.complete && i.naturalWidth)")
    return page.evaluate(f"{images}.map(i => [i.naturalWidth, i.naturalHeight])")


def download(page, button: str, path: Path) -> bytes:
    """Press a button that gives a file, save it and return its bytes."""
    with page.expect_download() as given:
        page.click(button)
    given.value.save_as(path)
    return path.read_bytes()
