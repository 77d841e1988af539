"""The demo as people use it: a real browser against the real app, and the API through gradio_client."""

import io
import json
import os
import re
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from browser_page import (
    DESKTOP,
    PHONE,
    RESULT,
    WAIT_MS,
    choose,
    download,
    needs_browser,
    noise_of,
    open_settings,
    open_tab,
    result_of,
    settle,
    shown_bytes,
    shown_pictures,
    upload,
    wait_for_count,
)
from conftest import EXAMPLES, ROOT
from PIL import Image, ImageDraw, ImageFont
from running_app import running_app
from small_files import GOLDENS

from textsketch import bitstream
from textsketch.layers import Mode
from textsketch.share.code_reader import tsk_in_picture
from textsketch.share.link import tsk_in
from textsketch.web.workers import WORKERS


def press_at_once(page, selectors) -> None:
    """Press one after the other, so fast that none can have been answered before the next."""
    page.evaluate("selectors => selectors.forEach(each => document.querySelector(each).click())", selectors)


@needs_browser
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_visitor_sees_a_result_at_once_and_nothing_overflows(open_page, viewport):
    page = open_page(viewport)
    assert shown_bytes(page) > 1000 and "bpp" in page.inner_text("#figures")
    assert shown_pictures(page) == [[640, 427]] * 3
    tags = page.locator("#trio .ts-tag").all_inner_texts()
    assert re.fullmatch(r"Original 640 x 427", tags[0])
    assert re.fullmatch(r"textsketch 1,1\d\d B", tags[1]) and re.fullmatch(r"JPEG 1,1\d\d B", tags[2])
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]


@needs_browser
def test_pictures_figures_mode_and_budget_are_above_the_fold(open_page):
    page = open_page(DESKTOP)
    shown_pictures(page)
    for selector in ("#trio", "#figures", "#mode", "#budget", "#downloads"):
        box = page.locator(selector).bounding_box()
        assert box["y"] >= 0 and box["y"] + box["height"] <= DESKTOP["height"], selector


@needs_browser
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_upload_encode_in_each_mode_download_and_decode(open_page, viewport, photo, tmp_path):
    page = open_page(viewport)
    picture = tmp_path / "cup.png"
    photo.save(picture)
    upload(page, picture)
    open_settings(page)
    assert shown_pictures(page) == [[240, 160]] * 3 and page.input_value("#caption textarea") == ""
    page.wait_for_selector("#budget-line:has-text('240 x 160')")
    result_of(page, lambda: page.fill("#caption textarea", "a cup of coffee"))
    page.wait_for_selector("#caption-line:has-text('15 characters')")
    choose(page, "#budget", "Other")
    settle(page)
    result_of(page, lambda: page.fill("#bytes input", "0.0625bpp"))
    page.wait_for_selector("#budget-line:has-text('300 bytes = 0.06250 bits per pixel')")

    layers = {}
    for label, count in (("text-only", 1), ("text+sketch", 2), ("three-layer", 3)):
        size_bytes = result_of(page, lambda label=label: choose(page, "#mode", label))
        assert 0 < size_bytes <= 300
        assert shown_pictures(page) == [[240, 160]] * 3
        wait_for_count(page, "#layers .ts-card-title:visible", count)
        wait_for_count(page, "#trio .ts-plate", int(label == "text-only"))
        layers[label] = tmp_path / f"{count}.tsk"
        open_settings(page, False)
        data = download(page, "#take-tsk", layers[label])
        assert len(data) == size_bytes
        assert bitstream.unpack(data).semantic.caption == "a cup of coffee"
        open_settings(page)

    open_settings(page, False)
    open_tab(page, "Decode")
    page.set_input_files("#tsk input[type=file]", layers["three-layer"])
    page.wait_for_selector("#decode-card:has-text('painted as three-layer')")
    assert "a cup of coffee" in page.inner_text("#decode-card")
    assert shown_pictures(page, "#decoded-image") == [[240, 160]]
    choose(page, "#layers-to-paint", "text+sketch")
    page.wait_for_selector("#decode-card:has-text('painted as text+sketch')")
    part = len(bitstream.cut(layers["three-layer"].read_bytes(), Mode.TEXT_SKETCH))
    assert f"{part} bytes" in page.inner_text("#decode-card b")


@needs_browser
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_two_pictures_lie_under_a_divider_that_the_keyboard_moves(open_page, viewport):
    page = open_page(viewport)
    shown_pictures(page)
    page.focus("#trio [data-name=jpeg]")
    page.keyboard.press("Enter")
    page.wait_for_selector("#zoom[open]")
    assert [
        image["alt"]
        for image in page.evaluate("[...document.querySelectorAll('#zoom img')].map(i => ({alt: i.alt}))")
    ] == [page.get_attribute(f"#trio [data-name={name}] img", "alt") for name in ("jpeg", "decoded")]
    for side, title in (("left", "JPEG"), ("right", "textsketch")):
        assert page.inner_text(f"#zoom .ts-tag-{side}").startswith(title)
    for key in ("End", "ArrowLeft"):
        page.keyboard.press(key)
    assert 95 <= float(page.input_value("#zoom input")) < 100
    page.click("#zoom button:has-text('Original | textsketch')")
    assert page.inner_text("#zoom .ts-tag-left").startswith("Original")
    box = page.locator("#zoom").bounding_box()
    assert box["width"] <= viewport["width"] and box["height"] <= viewport["height"]
    page.keyboard.press("Escape")
    page.wait_for_selector("#zoom", state="hidden")
    page.click("#notes button:has-text('what was sent')")
    assert page.inner_text("#zoom .ts-tag-left").startswith("What was sent")


@needs_browser
def test_what_is_no_picture_and_no_tsk_file_gives_a_sentence_and_no_old_result(open_page, tmp_path):
    page = open_page(DESKTOP)
    wrong = tmp_path / "wrong.png"
    wrong.write_text("this is no picture")
    page.set_input_files("#picture input[type=file]", wrong)
    page.wait_for_selector("#status:has-text('This is not a picture textsketch can read')")
    wait_for_count(page, "#trio img", 0)
    wait_for_count(page, "#layers .ts-card-title", 0)
    assert page.inner_text("#layers") == ""
    open_tab(page, "Decode")
    page.set_input_files("#tsk input[type=file]", EXAMPLES / "cat.jpg")
    page.wait_for_selector("#decode-status .ts-error")


@needs_browser
def test_a_damaged_file_shows_what_is_left_and_says_what_is_lost(open_page, tmp_path):
    data = bytearray((GOLDENS / "version-1" / "three-layer.tsk").read_bytes())
    data[-9] ^= 4
    (tmp_path / "damaged.tsk").write_bytes(data)
    page = open_page(DESKTOP)
    open_tab(page, "Decode")
    page.set_input_files("#tsk input[type=file]", tmp_path / "damaged.tsk")
    page.wait_for_selector("#decode-card:has-text('painted as text+sketch')")
    assert "the colour map is damaged" in page.inner_text("#decode-status")
    assert shown_pictures(page, "#decoded-image")[0][0] == 512


@needs_browser
def test_only_budgets_that_can_be_met_are_offered_and_one_typed_says_what_is_possible(open_page, tmp_path):
    page = open_page(DESKTOP)
    assert page.locator("#budget label:has-text('words')").count() == 0
    result_of(page, lambda: choose(page, "#mode", "text-only"))
    assert page.locator("#budget label:has-text('words')").count() == 0
    assert "for larger pictures" in page.inner_text("#budget")
    result_of(page, lambda: choose(page, "#mode", "three-layer"))
    Image.new("RGB", (1000, 800), "teal").save(tmp_path / "large.png")
    upload(page, tmp_path / "large.png")
    assert page.locator("#budget label:has-text('words')").count() == 0  # not for three layers
    result_of(page, lambda: choose(page, "#mode", "text-only"))
    assert page.locator("#budget label:has-text('10 B words')").count() == 1
    page.fill("#caption textarea", "a wall of one colour and nothing else in sight")
    choose(page, "#budget", "words")
    page.wait_for_selector("#budget-line .ts-error:has-text('needs at least')")
    assert "a larger picture" in page.inner_text("#budget-line")
    page.wait_for_selector("#status .ts-error:has-text('choose a larger budget')")
    needed = re.search(r"at least (\d+)", page.inner_text("#budget-line"))[1]
    result_of(page, lambda: choose(page, "#budget", "Other"))
    page.fill("#bytes input", "90000")
    page.wait_for_selector("#budget-line .ts-error:has-text('beyond the limit')")
    page.fill("#bytes input", "0")
    page.wait_for_selector("#budget-line .ts-error:has-text('less than one byte')")
    page.fill("#bytes input", "lots")
    page.wait_for_selector(
        "#budget-line .ts-error:has-text('cannot understand')",
    )
    assert result_of(page, lambda: page.fill("#bytes input", needed)) == int(needed)
    assert "micro-bpp" in page.inner_text("#figures")
    result_of(page, lambda: choose(page, "#budget", "packet"))
    assert "Nothing more to say" in page.inner_text("#notes")


def opacity(page) -> float:
    """Of the figures, once they have stopped changing."""
    page.wait_for_timeout(800)
    return float(page.evaluate("getComputedStyle(document.querySelector('#figures')).opacity"))


@needs_browser
def test_a_result_that_is_not_of_the_settings_says_so_and_cannot_be_taken_home(open_page, tmp_path):
    page = open_page(DESKTOP)
    assert opacity(page) == 1 and page.locator("#downloads button:enabled").count() >= 3
    page.fill("#caption textarea", "x" * 5000)
    page.wait_for_selector("#status .ts-error")
    assert opacity(page) < 0.5 and page.locator("#take-tsk:enabled, #take-png:enabled").count() == 0
    result_of(page, lambda: page.fill("#caption textarea", "a flower"))
    assert opacity(page) == 1 and page.locator("#take-tsk:enabled, #take-png:enabled").count() == 2

    page.set_input_files("#picture input[type=file]", noise_of(1024, tmp_path))
    page.wait_for_selector("#status progress")
    page.click("#cancel")
    page.wait_for_selector("#status .ts-stale:has-text('Cancelled')")
    page.wait_for_timeout(3000)
    assert "Cancelled" in page.inner_text("#status")
    assert page.locator("#take-tsk:enabled, #qr:enabled, #slide:enabled, #decode-this:enabled").count() == 0
    result_of(page, lambda: page.click("#ask"))
    assert shown_pictures(page) == [[1024, 1024]] * 3

    page.click("#picture button[aria-label='Clear'], #picture button[aria-label='Remove Image']")
    page.wait_for_selector("#status:has-text('Choose a picture first')")
    assert page.input_value("#caption textarea") == "" and page.locator("#trio img").count() == 0
    page.wait_for_selector("#budget-line:has-text('Choose a picture')")


@needs_browser
def test_a_first_look_that_is_given_up_leaves_the_result_before_whole(open_page, tmp_path):
    page = open_page(DESKTOP)
    shown = "[...document.querySelectorAll('#trio .ts-tag')].map(tag => tag.innerText).join()"
    before = page.evaluate(shown)
    page.set_input_files("#picture input[type=file]", noise_of(1024, tmp_path))
    page.wait_for_selector("#trio:has-text('a first look')")
    page.click("#cancel")
    page.wait_for_selector("#status .ts-stale:has-text('Cancelled')")
    page.wait_for_timeout(500)
    assert page.evaluate(shown) == before and opacity(page) < 0.5

    result_of(page, lambda: page.click("#examples [data-index='1']"))
    page.set_input_files("#picture input[type=file]", noise_of(1000, tmp_path))
    page.wait_for_selector("#trio:has-text('a first look')")
    page.fill("#caption textarea", "x" * 5000)
    page.wait_for_selector("#status .ts-error")
    page.wait_for_timeout(500)  # there is no result of this picture
    assert page.evaluate(shown) == "" and page.inner_text("#layers") == ""


@needs_browser
def test_what_is_asked_last_is_what_is_shown(open_page, tmp_path):
    page = open_page(DESKTOP)
    for index in (2, 4, 3):
        page.click(f"#examples [data-index='{index}']")
        page.wait_for_timeout(150)
    page.wait_for_selector("#layer-text:has-text('espresso')")
    settle(page)
    for label in ("SMS", "QR", "packet", "SMS"):
        choose(page, "#budget", label)
        page.wait_for_timeout(60)
    page.wait_for_function("document.querySelector('#figures b').innerText.match(/^1[0-4]\\d bytes/)")
    settle(page)
    assert page.locator("#status .ts-stale, #status .ts-error").count() == 0
    assert page.input_value("#caption textarea").startswith("an espresso")

    page.fill("#caption textarea", "typed while it is on its way")
    upload(page, noise_of(64, tmp_path))
    assert page.input_value("#caption textarea") == "typed while it is on its way"
    page.wait_for_selector("#layer-text:has-text('typed while it is on its way')")

    download(page, "#take-tsk", tmp_path / "noise.tsk")
    open_tab(page, "Decode")
    page.set_input_files("#tsk input[type=file]", tmp_path / "noise.tsk")
    page.wait_for_selector("#decode-card:has-text('painted as three-layer')")
    choose(page, "#layers-to-paint", "text+sketch")
    page.click("label:has-text('Paint fine grain') >> visible=true")
    choose(page, "#layers-to-paint", "text-only")
    page.wait_for_selector("#decode-card:has-text('painted as text-only')")
    page.wait_for_timeout(1000)
    assert page.locator(".toast-body").count() == 0


@needs_browser
def test_a_choice_made_before_the_one_before_it_is_answered_counts(open_page):
    page = open_page(DESKTOP)
    press_at_once(page, [f"#examples [data-index='{index}']" for index in (2, 4, 5, 3)])
    page.wait_for_selector("#layer-text:has-text('espresso')")
    settle(page)
    assert page.input_value("#caption textarea").startswith("an espresso")

    modes = ("text-only", "three-layer", "text+sketch")
    press_at_once(page, [f"#mode input[value='{mode}']" for mode in modes])
    page.wait_for_selector("#layer-colour-map", state="detached")
    page.wait_for_selector("#layer-sketch")
    settle(page)
    assert page.locator("#layer-sketch").count() == 1 and page.locator("#layer-colour-map").count() == 0


@needs_browser
def test_what_is_chosen_while_a_picture_is_taken_is_done_to_that_picture(open_page, photo, tmp_path):
    page = open_page(DESKTOP)
    assert page.input_value("#caption textarea")
    choices = [(50, "mode", "text-only"), (150, "budget", "qr")]
    choices += [(100, "mode", "three-layer"), (50, "budget", "sms")]
    for index, (delay_ms, control, choice) in enumerate(choices):
        picture = tmp_path / f"{index}.png"
        photo.rotate(90 * index, expand=True).save(picture)
        page.set_input_files("#picture input[type=file]", picture)
        page.wait_for_timeout(delay_ms)
        page.evaluate("at => document.querySelector(at).click()", f"#{control} input[value='{choice}']")
        page.wait_for_timeout(1500)
        settle(page)
        layers = bitstream.unpack(download(page, "#take-tsk", tmp_path / f"{index}.tsk"))
        width, height = Image.open(picture).size
        assert page.input_value("#caption textarea") == layers.semantic.caption == ""
        assert layers.size == (width, height), (control, choice)
        assert layers.mode == page.get_attribute("#mode input:checked", "value")
        most = {"qr": 2953, "packet": 1200, "sms": 140}[page.get_attribute("#budget input:checked", "value")]
        assert layers.mode == Mode.TEXT_ONLY or 0.9 * most < shown_bytes(page) <= most


@needs_browser
def test_a_question_that_is_late_does_not_undo_what_was_chosen_meanwhile(open_page, photo, tmp_path):
    page = open_page(DESKTOP)
    result_of(page, lambda: choose(page, "#mode", "text-only"))
    held = []

    def hold(route):
        held.append(route) if '"text-only"' in (route.request.post_data or "") else route.continue_()

    page.route("**/queue/join*", hold)
    photo.save(tmp_path / "late.png")
    page.set_input_files("#picture input[type=file]", tmp_path / "late.png")
    while not held:
        page.wait_for_timeout(50)
    choose(page, "#mode", "text+sketch")
    page.wait_for_selector("#layer-sketch")
    settle(page)
    # The answer to what was asked first may be shown for less time than passes between two looks at the page.
    page.evaluate(
        """() => new MutationObserver(() => {
            window.late ||= !document.querySelector("#layer-sketch");
        }).observe(document.body, {childList: true, subtree: true})"""
    )
    late, held = held, []
    for route in late:
        route.continue_()
    page.unroute("**/queue/join*")
    page.wait_for_function("window.late")
    page.wait_for_selector("#layer-sketch")
    settle(page)
    layers = bitstream.unpack(download(page, "#take-tsk", tmp_path / "late.tsk"))
    assert layers.mode == Mode.TEXT_SKETCH and layers.size == photo.size


@needs_browser
def test_what_one_visitor_takes_along_changes_nothing_for_another(open_page, url):
    pages = [open_page(DESKTOP), open_page(DESKTOP)]
    shown = []
    for page in pages:  # both show the same result, one of them as if from elsewhere
        if shown:
            page.evaluate("window.textsketch.here = () => 'https://elsewhere.example/'")
        for button, image in (("#qr", "#carried .ts-codes img"), ("#slide", "#carried .ts-slide img")):
            page.click(button)
            page.wait_for_selector(image)
            shown.append(page.get_attribute(image, "src"))
    assert len(set(shown)) == 4


@needs_browser
def test_nothing_is_asked_any_more_once_a_visitor_rests(open_page):
    page = open_page(DESKTOP)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.click("#caption textarea")
    page.keyboard.type(" over the hills and far away", delay=30)
    press_at_once(
        page, [f"#mode input[value='{mode}']" for mode in ("text-only", "text+sketch", "three-layer")]
    )
    page.wait_for_timeout(3000)
    settle(page)
    page.wait_for_timeout(2000)
    assert asked
    asked.clear()
    page.wait_for_timeout(2000)
    assert asked == []


def test_no_choice_is_lost_while_one_is_answered_and_no_answer_asks_for_ever(url):
    events = json.load(urllib.request.urlopen(f"{url}config"))["dependencies"]
    of_the_page = [event for event in events if event["backend_fn"] and event["targets"]]
    heard = [event for event in of_the_page if event["targets"][0][1] not in ("load", "then")]
    assert len(heard) > 40
    pressed = {event["trigger_mode"] for event in heard if event["targets"][0][1] == "click"}
    assert pressed == {"once", "multiple"}
    chosen = [event for event in heard if event["targets"][0][1] != "click"]
    assert {event["trigger_mode"] for event in chosen} == {"multiple"}
    # To tell the last of several, Gradio's page tells the whole event again: to all who listen to it.
    last = [event for event in events if event["trigger_mode"] == "always_last"]
    assert last and all(event["targets"] == [[None, "then"]] for event in last)


@needs_browser
def test_who_waits_for_others_is_told_how_many_and_can_go(open_page, tmp_path):
    pages = [open_page(DESKTOP) for _ in range(WORKERS + 1)]
    for number, page in enumerate(pages):
        picture = tmp_path / f"{number}.png"
        Image.effect_noise((1024, 1000 + number), 90).convert("RGB").save(picture)
        page.set_input_files("#picture input[type=file]", picture)
    waiting = pages[-1]
    waiting.wait_for_selector(f"#status .ts-working:has-text('waiting, {WORKERS} ahead')")
    assert waiting.is_visible("#cancel")
    waiting.click("#cancel")
    waiting.wait_for_selector("#status .ts-stale:has-text('Cancelled')")


@needs_browser
def test_ctrl_enter_does_not_wait_until_typing_rests(open_page):
    page = open_page(DESKTOP)
    page.fill("#caption textarea", "an orange flower")
    asked = page.evaluate("""() => {
        let asked = 0;
        document.querySelector("#ask").addEventListener("click", () => asked++);
        const enter = {key: "Enter", ctrlKey: true, bubbles: true};
        document.querySelector("#caption textarea").dispatchEvent(new KeyboardEvent("keydown", enter));
        return asked;
    }""")
    assert asked == 1
    page.wait_for_selector("#layer-text:has-text('an orange flower')")


@needs_browser
def test_a_picture_of_one_pixel_is_not_called_a_part_of_itself(open_page, tmp_path):
    page = open_page(DESKTOP)
    Image.new("RGB", (1, 1), "red").save(tmp_path / "dot.png")
    upload(page, tmp_path / "dot.png")
    assert "no less than the pixels' 3 bytes" in page.inner_text("#figures")


@needs_browser
def test_the_address_keeps_mode_and_budget(open_page):
    page = open_page(DESKTOP)
    result_of(page, lambda: choose(page, "#mode", "text+sketch"))
    result_of(page, lambda: choose(page, "#budget", "SMS"))
    assert page.url.endswith("?mode=text%2Bsketch&budget=sms")
    page.reload()
    page.wait_for_selector(RESULT)
    page.wait_for_function("document.querySelector('#figures b').innerText.match(/^1[0-4]\\d bytes/)")
    assert page.is_checked("#mode input[value='text+sketch']") and page.is_checked("#budget input[value=sms]")
    page.goto(page.url.split("?")[0] + "?mode=none&budget=0.02bpp")
    page.wait_for_selector("#budget-line:has-text('683 bytes')")
    assert page.is_checked("#mode input[value='three-layer']")
    assert page.input_value("#bytes input") == "0.02bpp"


@needs_browser
def test_on_a_phone_the_result_comes_first_and_the_settings_lie_in_a_bar(open_page):
    page = open_page(PHONE)
    toggle = page.locator("#settings-toggle")
    box = toggle.bounding_box()
    assert box["y"] + box["height"] >= PHONE["height"] - 4 and not page.is_visible("#mode")
    assert page.locator("#trio [data-name=decoded]").bounding_box()["y"] < PHONE["height"] / 2
    toggle.click()
    page.wait_for_selector("#mode >> visible=true")
    assert toggle.get_attribute("aria-expanded") == "true"
    result_of(page, lambda: choose(page, "#budget", "SMS"))
    assert page.is_visible("#budget")  # stays open: the picture is seen above it
    page.click("#examples [data-index='1']")
    page.wait_for_selector("#mode", state="hidden")


@needs_browser
def test_what_shows_no_label_has_one_for_screen_readers(open_page):
    page = open_page(DESKTOP)
    alts = page.evaluate("[...document.querySelectorAll('#examples img, #trio img')].map(i => i.alt)")
    assert len(alts) == 11 and all(len(alt) > 8 for alt in alts)
    open_tab(page, "Rate and quality")
    assert "Metric" in page.text_content("#rate-metric .sr-only")


@needs_browser
def test_an_example_is_one_click(open_page):
    page = open_page(DESKTOP, color_scheme="dark")
    result_of(page, lambda: page.click("#examples [data-index='1']"))
    page.wait_for_selector("#layer-text:has-text('fig')")
    assert "fig" in page.input_value("#caption textarea")


@needs_browser
def test_links_samples_and_the_result_itself_are_decoded(open_page, url):
    import base64

    data = (EXAMPLES / "pagoda.tsk").read_bytes()
    payload = base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    page = open_page(DESKTOP, f"?tsk={payload}")
    page.wait_for_selector("#decode-card:has-text('140 bytes')")
    assert page.is_visible("#decode-card") and "pagoda" in page.inner_text("#decode-card")
    assert shown_pictures(page, "#decoded-image") == [[512, 341]] or shown_pictures(page, "#decoded-image")
    page.click("#samples [data-index='0']")
    page.wait_for_selector("#decode-card:has-text('astronaut')")
    page.fill("#link input", f"https://example.org/any?mode=x&tsk={payload}")
    page.press("#link input", "Enter")
    page.wait_for_selector("#decode-card:has-text('pagoda')")
    page.fill("#link input", "https://example.org/nothing")
    page.press("#link input", "Enter")
    page.wait_for_selector("#decode-status .ts-error:has-text('no picture in this link')")
    page.wait_for_timeout(1500)
    assert page.locator("#decode-status .ts-error").count() == 1 and page.inner_text("#decode-card") == ""
    open_tab(page, "Encode")
    page.click("#decode-this")
    page.wait_for_selector("#decode-card:has-text('dahlia')")
    assert page.is_visible("#decode-card")
    page.go_back()
    page.wait_for_selector("#trio", state="visible")
    page.go_forward()
    page.wait_for_selector("#decode-card:has-text('dahlia')", state="visible")


@needs_browser
def test_a_result_is_taken_along_as_a_link_as_codes_and_on_a_slide(open_page, url, tmp_path):
    page = open_page(DESKTOP)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.click("#copy-link button")
    page.wait_for_selector("#copy-link button:has-text('Copied')")
    link = page.evaluate("navigator.clipboard.readText()")
    data = download(page, "#take-tsk", tmp_path / "a.tsk")
    assert link.startswith(f"{url}player/#") and tsk_in(link) == data
    page.click("#qr")
    page.wait_for_selector("#carried figure >> nth=1")
    assert "opens on this machine only" in page.inner_text("#carried")
    for number, name in enumerate(("qr-link.png", "qr-file.png")):
        png = download(page, f"#carried a >> nth={number}", tmp_path / name)
        assert tsk_in_picture(png) == data
    page.click("#slide")
    page.wait_for_selector("#carried .ts-slide img")
    slide = download(page, "#carried a", tmp_path / "slide.png")
    assert Image.open(io.BytesIO(slide)).size == (1920, 1080)
    open_tab(page, "Decode")
    page.set_input_files("#tsk input[type=file]", tmp_path / "qr-file.png")
    page.wait_for_selector(f"#decode-card:has-text('{len(data):,} bytes')")
    page.goto(link)  # the player, which lies beside the app
    page.wait_for_selector(f"#shown:not([aria-busy]) #bytes b:text-is('{len(data):,} bytes')")


@needs_browser
def test_what_the_bytes_could_not_say_is_said(open_page, tmp_path):
    page = open_page(DESKTOP)
    assert "finer than" not in page.inner_text("#notes")
    text = Image.new("RGB", (800, 600), "white")
    draw, font = ImageDraw.Draw(text), ImageFont.load_default(16)
    for line in range(28):
        draw.text(
            (20, 12 + 20 * line), "The quick brown fox jumps over the lazy dog again. " * 2, "black", font
        )
    text.save(tmp_path / "text.png")
    upload(page, tmp_path / "text.png")
    assert re.search(r"\d\d% of this picture is detail finer than [\d,]+ bytes", page.inner_text("#notes"))


@needs_browser
def test_a_picture_and_a_file_can_be_pasted_and_dropped_anywhere(open_page):
    page = open_page(DESKTOP)
    bring = """([event, name, kind, base64]) => {
        const bytes = Uint8Array.from(atob(base64), c => c.charCodeAt(0));
        const data = new DataTransfer();
        data.items.add(new File([bytes], name, {type: kind}));
        const about = {bubbles: true, cancelable: true};
        document.body.dispatchEvent(event === "paste"
            ? new ClipboardEvent("paste", {...about, clipboardData: data})
            : new DragEvent("drop", {...about, dataTransfer: data}));
    }"""
    import base64

    def encoded(path):
        return base64.b64encode(path.read_bytes()).decode()

    result_of(
        page, lambda: page.evaluate(bring, ["paste", "cat.jpg", "image/jpeg", encoded(EXAMPLES / "cat.jpg")])
    )
    assert shown_pictures(page)[0] == [450, 300]
    on_picture = bring.replace("document.body", "document.querySelector('#picture img')")
    page.evaluate(on_picture, ["drop", "pagoda.tsk", "", encoded(EXAMPLES / "pagoda.tsk")])
    page.wait_for_selector("#decode-card:has-text('pagoda')")
    assert page.is_visible("#decode-card")


@needs_browser
def test_how_it_works_is_shown_with_the_layers_of_an_example(open_page):
    page = open_page(DESKTOP)
    open_tab(page, "How it works")
    page.wait_for_selector("#how .ts-layer")
    assert len(shown_pictures(page, "#how")) == 3 and "35 bytes" in page.inner_text("#how")
    box = page.locator("#how").bounding_box()
    assert box["y"] + box["height"] <= DESKTOP["height"]


def test_a_port_that_is_taken_is_named():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "textsketch", "app", "--port", str(port)]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 2
    assert ended.stderr.strip() == f"textsketch: error: port {port} is taken; choose another one or none"


def test_the_api_encodes_and_decodes(url, tmp_path):
    from gradio_client import Client, handle_file

    client = Client(url, verbose=False, download_files=str(tmp_path), analytics_enabled=False)
    tsk, png, report = client.predict(
        image=handle_file(str(EXAMPLES / "cat.jpg")),
        mode="three-layer",
        budget="400B",
        caption="a cat",
        seed=3,
        api_name="/encode",
    )
    assert report["size_bytes"] == os.path.getsize(tsk) <= 400
    assert Image.open(png).size == (450, 300)
    painted, held = client.predict(file=handle_file(tsk), layers="text+sketch", api_name="/decode")
    assert held["caption"] == "a cat" and held["mode"] == "text+sketch"
    assert Image.open(painted).size == (450, 300) and held["lost"] is None
    cut = tmp_path / "cut.tsk"
    cut.write_bytes(Path(tsk).read_bytes()[:-1])
    painted, held = client.predict(file=handle_file(str(cut)), api_name="/decode")
    assert held["mode"] == "text+sketch" and "colour map" in held["lost"]


def test_the_api_reads_only_what_was_uploaded(url):
    for endpoint, data in (
        ("encode", [{"path": str(EXAMPLES / "cat.jpg")}, "text-only", "200B", "hi", 0]),
        ("decode", [{"path": "/etc/hostname"}, "all", True]),
        ("decode", [{}, "all", True]),
    ):
        request = urllib.request.Request(
            f"{url}gradio_api/call/{endpoint}",
            json.dumps({"data": data}).encode(),
            {"Content-Type": "application/json"},
        )
        event = json.load(urllib.request.urlopen(request))["event_id"]
        answer = urllib.request.urlopen(f"{url}gradio_api/call/{endpoint}/{event}").read().decode()
        assert "event: error" in answer and "pload" in answer


def test_the_api_names_its_errors(url):
    from gradio_client import Client, handle_file

    client = Client(url, verbose=False, analytics_enabled=False)
    with pytest.raises(Exception, match="smallest"):
        client.predict(image=handle_file(str(EXAMPLES / "cat.jpg")), budget="3B", api_name="/encode")
    with pytest.raises(Exception, match="QR code"):
        client.predict(file=handle_file(str(EXAMPLES / "cat.jpg")), api_name="/decode")


def draw_curves(page):
    """Open the rate-quality tab and start; wait for the first point."""
    open_tab(page, "Rate and quality")
    page.click("#rate-run")
    page.wait_for_selector("#rate-chart [data-point]")


@needs_browser
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_curves_of_a_picture_are_drawn_and_every_point_shows_its_decode(
    open_page, viewport, photo, tmp_path
):
    page = open_page(viewport)
    photo.resize((120, 80)).save(tmp_path / "cup.png")
    upload(page, tmp_path / "cup.png")
    draw_curves(page)
    page.wait_for_selector("#take-sheet:not([disabled])")
    points = page.locator("#rate-chart [data-point]")
    labels = [point.get_attribute("aria-label") for point in points.all()]
    for curve in ("textsketch text-only", "textsketch text+sketch", "textsketch three-layer", "JPEG", "WebP"):
        assert any(label.startswith(curve) for label in labels), curve
    sizes = [int(re.search(r"([\d,]+) bytes", label)[1].replace(",", "")) for label in labels]
    assert 0 < min(sizes) <= 25 and max(sizes) <= 3000

    best = max(range(len(sizes)), key=lambda i: (labels[i].startswith("textsketch three-layer"), sizes[i]))
    points.nth(best).click()
    page.wait_for_selector(f"#rate-card:has-text('{sizes[best]:,} bytes')")
    assert shown_pictures(page, "#rate-pair") == [[120, 80]] * 2
    data = download(page, "#take-point", tmp_path / "point.tsk")
    assert len(data) == sizes[best] and bitstream.unpack(data).mode == "three-layer"

    points.nth(0).focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#rate-card:has-text('text-only')")
    choose(page, "#rate-metric", "SSIM")
    page.wait_for_selector("#rate-chart svg[aria-label^='SSIM']")
    download(page, "#take-sheet", tmp_path / "sheet.png")
    assert Image.open(tmp_path / "sheet.png").width > 6 * 280
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]


@needs_browser
def test_a_sweep_can_be_cancelled_and_its_points_stay(open_page, tmp_path):
    page = open_page(DESKTOP)
    page.set_input_files("#picture input[type=file]", noise_of(1024, tmp_path))
    page.wait_for_selector("#budget-line:has-text('1024 x 1024')")
    draw_curves(page)
    page.wait_for_selector("#rate-status progress")
    choose(page, "#rate-metric", "SSIM")
    page.wait_for_selector("#rate-chart svg[aria-label^='SSIM']")
    count = page.locator("#rate-chart [data-point]").count()
    page.wait_for_function(f"document.querySelectorAll('#rate-chart [data-point]').length > {count}")
    assert page.locator("#rate-chart svg[aria-label^='SSIM']").count() == 1  # what is chosen stays chosen
    page.click("#rate-cancel")
    page.wait_for_selector("#rate-status:has-text('Cancelled')")
    page.wait_for_selector("#rate-run:not([disabled])")
    count = page.locator("#rate-chart [data-point]").count()
    page.wait_for_timeout(3000)
    assert page.locator("#rate-chart [data-point]").count() == count > 0
    page.locator("#rate-chart [data-point]").first.click()
    page.wait_for_selector("#rate-card .ts-big")


@needs_browser
def test_stable_diffusion_and_a_captioner_on_tiny_models(browser, tmp_path):
    pytest.importorskip("diffusers")
    import tiny_models

    folder = tiny_models.build(tmp_path / "weights")
    with running_app(tmp_path, TEXTSKETCH_WEIGHTS=str(folder)) as address:
        page = browser.new_page(viewport=DESKTOP)
        page.set_default_timeout(2 * WAIT_MS)
        page.goto(address)
        page.wait_for_selector(RESULT)
        page.wait_for_selector("#scores:has-text('CLIP image-image')")  # once the picture is there
        assert "ViT-B-32" in page.inner_text("#scores") and "JPEG" in page.inner_text("#scores")
        before = page.inner_text("#layer-text")
        page.fill("#prompt-inversion-steps input", "40")
        page.click("#write")
        page.wait_for_selector("#write:not([disabled])")
        page.wait_for_function(
            "old => !old.includes(document.querySelector('#caption textarea').value)", arg=before
        )
        settle(page)
        assert result_of(page, lambda: page.fill("#caption textarea", "a dahlia")) <= 1200
        page.click("button:has-text('Advanced')")
        page.click("#encode-decoder input")
        sizes = result_of(page, lambda: page.click("[role=option]:has-text('Text + Sketch in a few steps')"))
        assert sizes <= 1200  # with every number of Stable Diffusion's left as it is
        assert result_of(page, lambda: page.fill("#encode-steps :is(input, textarea)", "2")) <= 1200
        assert shown_pictures(page) == [[640, 427]] * 3
        assert "Prompt: a dahlia, high quality" in page.inner_text("#layer-text")
        # The encoder's choices: a soft edge map, and the better of two candidates.
        result_of(page, lambda: page.click("#encode-candidates label:has-text('2')"))
        result_of(page, lambda: page.click("#encode-structure label:has-text('soft-edges')"))
        assert result_of(page, lambda: choose(page, "#mode", "text+sketch")) <= 1200
        assert "Soft edges" in page.inner_text("#layer-sketch")
        assert "Colour descriptors, in words" in page.inner_text("#layer-text")
        # A search for words that is cancelled leaves the best ones found.
        page.fill("#caption textarea", "")
        page.fill("#prompt-inversion-steps input", "10000")
        page.click("#write")
        page.wait_for_selector("#write-cancel")
        page.wait_for_function(
            r"/% (?!reading the picture).{9}/.test(document.querySelector('#caption-line').innerText)"
        )
        page.evaluate("document.querySelector('#write-cancel').click()")  # at once: the tiny model is quick
        page.wait_for_function("() => document.querySelector('#caption textarea').value.trim().length > 8")
        page.close()
