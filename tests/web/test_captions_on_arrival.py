"""Where a captioner is at hand, a picture that is brought gets a caption before it is encoded."""

import pytest
import tiny_models
from browser_page import DESKTOP, RESULT, choose, needs_browser, settle, upload
from conftest import EXAMPLES
from running_app import running_app


@pytest.fixture
def page(browser, tmp_path):
    tiny_models.blip(tmp_path / "weights" / "blip")
    (tmp_path / "app").mkdir()
    with running_app(tmp_path / "app", TEXTSKETCH_WEIGHTS=str(tmp_path / "weights")) as address:
        page = browser.new_page(viewport=DESKTOP)
        page.goto(address)
        page.wait_for_selector(RESULT, state="attached", timeout=90_000)
        settle(page)
        yield page
        page.close()


@needs_browser
def test_a_picture_is_encoded_with_the_caption_it_gets_on_arrival_or_with_none_at_once(page):
    page.set_default_timeout(90_000)
    first = page.input_value("#caption textarea")
    choose(page, "#budget", "QR")  # a random captioner writes long
    settle(page)
    upload(page, EXAMPLES / "coffee.jpg")
    written = page.input_value("#caption textarea")
    assert written and written != first and written in page.inner_text("#layer-text")

    page.click("#caption-automatic input")
    upload(page, EXAMPLES / "fig.jpg")
    assert page.input_value("#caption textarea") == "" and "no caption" in page.inner_text("#layer-text")
