"""What every view of the page owes to everybody: words for those who cannot see it, few bytes, no wait."""

import json
import re
import time
import urllib.error
import urllib.request

import pytest
from browser_page import (
    DESKTOP,
    PHONE,
    RESULT,
    choose,
    needs_browser,
    open_settings,
    open_tab,
    shown_pictures,
)

FIRST_VIEW_BYTES = 1_200_000
VIEWS = ("Encode", "Decode", "Edit", "Rate and quality", "How it works")


def violations(page) -> list[str]:
    """What axe-core finds against WCAG 2.1, levels A and AA."""
    from axe_playwright_python.sync_playwright import Axe

    levels = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": levels}}).response["violations"]
    return [f"{one['id']}: {node['html'][:120]}" for one in found for node in one["nodes"]]


@needs_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_no_view_breaks_wcag_aa(open_page, viewport, scheme):
    page = open_page(viewport, color_scheme=scheme)
    shown_pictures(page)
    for view in VIEWS:
        open_tab(page, view)
        if view == "Encode":
            page.click("#qr")
            page.wait_for_selector("#carried img")
            open_settings(page)
        elif view == "Decode":
            page.click("#samples [data-index='0']")
            shown_pictures(page, "#decoded-image")
        elif view == "Edit":
            page.wait_for_selector(".ts-editor[data-ready]")
            shown_pictures(page, "#edit-pair")
            page.click("[data-mark=all]")
        elif view == "How it works":
            shown_pictures(page, "#how")
        page.wait_for_timeout(600)  # fading colours are no colours
        assert violations(page) == [], view
        if view == "Encode":
            open_settings(page, False)
            page.click("#trio [data-name=decoded]")
            page.wait_for_selector("#zoom[open]")
            assert violations(page) == [], "the pair"
            page.keyboard.press("Escape")


@needs_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_caption_on_a_picture_is_dark_on_light_in_both_themes(open_page, scheme):
    page = open_page(DESKTOP, color_scheme=scheme)
    choose(page, "#mode", "text-only")
    page.wait_for_selector(f"{RESULT} .ts-plate bdi")
    colours = page.evaluate(
        """() => [getComputedStyle(document.querySelector("#trio .ts-plate bdi")).color,
            getComputedStyle(document.querySelector("#trio .ts-plate")).backgroundColor]"""
    )
    letters, plate = (sum(float(part) for part in re.findall(r"[\d.]+", one)[:3]) / 3 for one in colours)
    assert letters < 60 and plate > 240


@needs_browser
def test_axe_would_find_a_fault(open_page):
    page = open_page(DESKTOP)
    page.evaluate("document.querySelector('#trio img').removeAttribute('alt')")
    assert any("image-alt" in one or "button-name" in one for one in violations(page))


@needs_browser
def test_the_first_view_is_few_bytes(open_page, browser):
    page = open_page(DESKTOP)  # by now the app has its first result
    again = browser.new_page(viewport=DESKTOP)
    session = again.context.new_cdp_session(again)
    session.send("Network.enable")
    sizes = []
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    again.goto(page.url)
    again.wait_for_selector(RESULT)
    shown_pictures(again)
    again.wait_for_timeout(3000)
    assert 100_000 < sum(sizes) <= FIRST_VIEW_BYTES
    again.close()


@needs_browser
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_first_pictures_stand_where_they_stay_before_any_script_is_there(open_page, browser, viewport):
    page = open_page(viewport)  # by now the app has its first result
    shown_pictures(page)
    assert page.locator("#first-paint").count() == 0
    bare = browser.new_page(viewport=viewport)
    bare.route("**/*.js", lambda route: route.abort())
    bare.goto(page.url)
    shown_pictures(bare, "#first-paint")
    there = "[...document.querySelectorAll('%s img')].map(({x, y, width}) => [x, y, width])"
    for early, late in zip(
        bare.evaluate(there % "#first-paint"), page.evaluate(there % "#trio"), strict=True
    ):
        assert early == pytest.approx(late, abs=12 if viewport == DESKTOP else 90)
    bare.goto(f"{page.url}?mode=text-only")
    assert bare.locator("#first-paint").count() == 0
    bare.close()


def test_the_page_as_it_is_served_holds_the_first_result_and_what_a_shared_link_shows(url):
    for _ in range(60):
        page = urllib.request.urlopen(url).read().decode()
        if "-shown.jpg" in page:
            break
        time.sleep(1)
    assert "original-shown.jpg" in page and "decoded-shown.jpg" in page
    tags = dict(re.findall(r'<meta (?:property|name)="([^"]+)" content="([^"]*)"', page))
    assert tags["og:title"] == "textsketch" and tags["og:url"] == url and "{url}" not in page
    assert "a sentence" in tags["og:description"]
    for _ in range(60):
        try:
            answer = urllib.request.urlopen(tags["og:image"])
            break
        except urllib.error.HTTPError:
            time.sleep(1)
    assert answer.headers["content-type"] == "image/png" and answer.read(8) == b"\x89PNG\r\n\x1a\n"


def test_an_address_without_end_a_function_and_a_host_that_are_none_do_no_harm(url):
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{url}?tsk={'A' * 30_000}")
    assert refused.value.code == 414
    asked = json.dumps({"fn_index": 99_999, "data": [], "session_hash": "a"}).encode()
    join = urllib.request.Request(f"{url}gradio_api/queue/join", asked, {"Content-Type": "application/json"})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(join)
    assert refused.value.code == 400 and "detail" in json.loads(refused.value.read())
    for host in ("a:x=1", '"><script>', "a b", "[1]2"):
        request = urllib.request.Request(url, headers={"X-Forwarded-Host": host})
        page = urllib.request.urlopen(request).read().decode()
        assert f'<meta property="og:url" content="{url}"' in page
