"""Improve the words, on the page and against a server of the protocol: round by round, its faults included."""

import json
import re
import urllib.request

import pytest
from api_eye import eye, from_caption
from api_fixtures import KEY
from api_server import ApiServer, Fault, fault, painting, serve
from browser_page import (
    DESKTOP,
    PHONE,
    choose,
    needs_browser,
    open_settings,
    result_of,
    settle,
    shown_bytes,
    upload,
)
from running_app import running_app
from test_page_quality import violations

import textsketch as ts

CAPTIONS = ["a blue field", "red, green, blue fields", "a red wall"]
START = "#improve-run:not([disabled])"


@pytest.fixture(scope="module")
def server():
    with serve(ApiServer(key=KEY)) as one:
        yield one


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    return tmp_path_factory.mktemp("app") / "log"


@pytest.fixture(scope="module")
def url(server, log):
    """The address of an app whose owner has set up an API."""
    settings = {
        "TEXTSKETCH_API_BASE": server.url,
        "TEXTSKETCH_API_KEY": KEY,
        "TEXTSKETCH_CAPTION_MODEL": "eye",
        "TEXTSKETCH_IMAGE_MODEL": "brush",
        "TEXTSKETCH_CAPTION_PRICE": "0.01",
        "TEXTSKETCH_IMAGE_PRICE": "0.04",
    }
    with running_app(log.parent, **settings) as address:
        yield address


@pytest.fixture
def micro_page(server, open_page, tmp_path):
    """Opens the page with a picture of three stripes in the budget of words, and the panel."""
    server.answers, server.paints = eye(CAPTIONS), from_caption(CAPTIONS)
    server.faults.clear()
    server.requests.clear()
    server.dropped.clear()

    def open_at(viewport, **options):
        page = open_page(viewport, "?mode=text-only", **options)
        painting("red green blue", (1024, 1024)).save(tmp_path / "stripes.png")
        upload(page, tmp_path / "stripes.png")
        open_settings(page)
        result_of(page, lambda: choose(page, "#budget", "13 B words"))
        page.wait_for_selector("#budget-line:has-text('13 bytes = 99 micro-bpp at 1024 x 1024')")
        open_settings(page, False)
        page.click("#improve button:has-text('Improve the words') >> nth=0")
        page.wait_for_selector("#improve-plan:has-text('At most 14 calls of the API')")
        assert not server.requests
        return page

    return open_at


def rounds_of(page) -> list[str]:
    return page.locator("#improve-rounds .ts-caption").all_inner_texts()


def shows(page, caption: str) -> None:
    """Wait until the caption's box and the finished result have these words."""
    page.wait_for_function(f"document.querySelector('#caption textarea').value == {json.dumps(caption)}")
    page.wait_for_selector(f"#trio [data-pictures] .ts-plate:has-text('{caption}')")
    settle(page)
    page.wait_for_timeout(800)  # what was dimmed comes back


@needs_browser
def test_words_are_improved_round_by_round_and_the_best_are_taken_over(
    server, url, log, micro_page, tmp_path
):
    page = micro_page(DESKTOP, color_scheme="light")
    plan = page.inner_text("#improve-plan")
    assert "(10 for words, 4 for pictures), which cost at most 0.26" in plan
    page.click(START)
    page.wait_for_selector("#improve-status:has-text('Done: round 2 is the best')")
    assert rounds_of(page) == [f"“{one}”" for one in CAPTIONS]
    assert page.locator("#improve-rounds .ts-best").count() == 1
    assert "Round 2 the best" in page.inner_text("#improve-rounds .ts-best")
    page.wait_for_function(
        "[...document.querySelectorAll('#improve-rounds img')].every(i => i.complete && i.naturalWidth == 1024)"
    )
    told = page.inner_text("#improve-rounds")
    assert len(re.findall(r"\d\d micro-bpp\. Differs: the stripes", told)) == 3
    assert "chosen by the comparison of a model over an API" in told
    assert "7 of at most 14 calls of the API were made (4 for words, 3 for pictures), which cost 0.16" in told
    shows(page, CAPTIONS[1])
    assert shown_bytes(page) <= 13 and "micro-bpp" in page.inner_text("#figures")
    assert violations(page) == []
    with page.expect_download() as given:
        page.click("#improve-rounds li:nth-child(1) a")
    assert ts.unpack(given.value.path().read_bytes()).semantic.caption == CAPTIONS[0]
    result_of(page, lambda: page.click("#improve-rounds li:nth-child(3) [data-words]"))
    assert page.input_value("#caption textarea") == CAPTIONS[2]
    page.click("#improve-rounds li:nth-child(2) .ts-picture")
    page.wait_for_selector("#zoom[open] .ts-tag-right:has-text('Round 2')")
    page.keyboard.press("Escape")
    # The key is nowhere that a visitor sees, nor in the log.
    config = urllib.request.urlopen(f"{url}config").read().decode()
    assert len(server.requests) == 7 and all(key == f"Bearer {KEY}" for _, key, _ in server.requests)
    assert KEY not in config + page.content() + log.read_text() and server.url not in config + page.content()
    upload_another = tmp_path / "another.png"
    painting("green", (64, 64)).save(upload_another)
    upload(page, upload_another)
    assert rounds_of(page) == [] and page.inner_text("#improve-status") == ""


@needs_browser
def test_faults_and_cancel_lose_nothing_and_are_one_sentence(server, micro_page):
    page = micro_page(PHONE, color_scheme="dark")
    before = page.inner_text("#figures")
    server.faults.append(fault(429, {"message": "slow down"}, Retry_After="120"))
    page.click(START)
    page.wait_for_selector("#improve-status .ts-error:has-text('(429): slow down; try again in 120 s')")
    assert "1 of at most 14 calls" in page.inner_text("#improve-rounds") and rounds_of(page) == []
    assert page.inner_text("#figures") == before and page.input_value("#caption textarea") == ""

    # The second picture is held back: what was found before is the result.
    painted = []

    def moderated(prompt, size):
        painted.append(prompt)
        if len(painted) == 1:
            held = {"code": "moderation_blocked", "message": "held"}
            server.faults += [Fault(200, json.dumps(answer_of(CAPTIONS[1]))), fault(400, held)]
        return from_caption(CAPTIONS)(prompt, size)

    server.paints = moderated
    page.click(START)
    page.wait_for_selector(
        "#improve-status .ts-error:has-text('Stopped: the API at 127.0.0.1 holds this back')"
    )
    assert rounds_of(page) == [f"“{one}”" for one in CAPTIONS[:2]]
    assert "Not painted" in page.inner_text("#improve-rounds li:nth-child(2)")
    assert "Round 1 the best" in page.inner_text("#improve-rounds .ts-best")
    shows(page, CAPTIONS[0])
    assert violations(page) == []

    # A server that does not answer is left at once; the round before stays to look at.
    server.paints = from_caption(CAPTIONS)
    asked = eye(["a green hill", *CAPTIONS])

    def then_hang(messages):
        server.faults.append(Fault(silent=True))
        return asked(messages)

    server.answers = then_hang
    server.faults.clear()
    settle(page)
    hangs_at = len(server.requests) + 3  # a picture, a look, and the next picture
    page.click(START)
    page.wait_for_selector("#improve-rounds li:nth-child(1)")
    for _ in range(300):
        if len(server.requests) == hangs_at:
            break
        page.wait_for_timeout(100)
    page.click("#improve-cancel")
    page.wait_for_selector("#improve-status:has-text('Cancelled')")
    assert server.dropped.wait(30)
    assert rounds_of(page) == [f"“{CAPTIONS[0]}”"]
    assert "3 of at most 11 calls" in page.inner_text("#improve-rounds")
    page.wait_for_selector(START)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def answer_of(caption):
    """What the model answers after a look, as the protocol has it."""
    said = f"DIFFERS: the stripes\nCAPTION: {caption}"
    return {"choices": [{"index": 0, "message": {"role": "assistant", "content": said}}]}


@needs_browser
def test_at_micro_the_words_that_the_page_writes_fit_by_themselves(server, micro_page):
    page = micro_page(DESKTOP)
    server.answers = [
        "an enormous wall painted in wide stripes of red, green and blue",
        "red, green, blue fields",
    ]
    assert result_of(page, lambda: page.click("#write")) <= 13
    assert (
        page.inner_text("#trio .ts-plate")
        == page.input_value("#caption textarea")
        == "red, green, blue fields"
    )
