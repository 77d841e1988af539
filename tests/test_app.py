"""The demo as people use it: a real browser against the real app, and the API through gradio_client."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from conftest import EXAMPLES, ROOT
from PIL import Image
from running_app import running_app
from small_files import GOLDENS

from textsketch import bitstream
from textsketch.layers import Mode

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
needs_browser = pytest.mark.skipif(
    BROWSER is None and not os.environ.get("CI"),
    reason="no chromium on the PATH (Debian: apt install chromium)",
)
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
WAIT_MS = 90_000


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    with running_app(tmp_path_factory.mktemp("app")) as address:
        yield address


@pytest.fixture(scope="module")
def browser():
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

    def open_at(viewport, **options):
        page = browser.new_page(viewport=viewport, **options)
        page.set_default_timeout(WAIT_MS)
        page.on("pageerror", lambda error: problems.append(f"script error: {error}"))
        page.on(
            "request",
            lambda request: (
                None if request.url.startswith((url, "data:", "blob:")) else problems.append(request.url)
            ),
        )
        page.goto(url)
        page.wait_for_selector("#headline .ts-ours")  # the first example is encoded on arrival
        pages.append(page)
        return page

    yield open_at
    for page in pages:
        page.close()
    assert problems == []


def encode(page) -> int:
    """Press Encode, wait for the new result and return its bytes."""
    page.evaluate("document.querySelector('#headline .ts-headline').id = 'stale'")
    page.click("#run")
    page.wait_for_selector("#stale", state="detached")
    page.wait_for_selector("#run:not([disabled])")
    return int(re.sub(r"\D", "", page.inner_text("#headline .ts-ours b")))


def upload(page, picture: os.PathLike) -> None:
    """Hand a picture over and wait for its result: it is encoded at once."""
    page.evaluate("document.querySelector('#headline .ts-headline').id = 'stale'")
    page.set_input_files("#picture input[type=file]", picture)
    page.wait_for_selector("#stale", state="detached")
    page.wait_for_selector("#run:not([disabled])")
    page.wait_for_timeout(500)  # nobody presses the next button in the same instant


def noise_of(side: int, folder: Path) -> Path:
    """A picture that takes long to encode."""
    path = folder / "noise.png"
    Image.effect_noise((side, side), 90).convert("RGB").save(path)
    return path


def choose(page, group: str, label: str) -> None:
    page.click(f"{group} label:has-text('{label}')")


def shown_pictures(page) -> list[tuple[int, int]]:
    """Natural sizes of the two pictures of the slider, once both are loaded."""
    page.wait_for_function(
        "[...document.querySelectorAll('#slider img')].filter(i => i.complete && i.naturalWidth).length >= 2"
    )
    return page.evaluate(
        "[...document.querySelectorAll('#slider img')].slice(0, 2).map(i => [i.naturalWidth, i.naturalHeight])"
    )


@needs_browser
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_visitor_sees_a_result_at_once_and_nothing_overflows(open_page, viewport):
    page = open_page(viewport)
    assert "bytes" in page.inner_text("#headline .ts-ours")
    assert "JPEG" in page.inner_text("#headline")
    assert shown_pictures(page) == [[640, 427], [640, 427]]
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]


@needs_browser
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_upload_encode_in_each_mode_download_and_decode(open_page, viewport, photo, tmp_path):
    page = open_page(viewport)
    picture = tmp_path / "cup.png"
    photo.save(picture)
    upload(page, picture)
    assert shown_pictures(page) == [[240, 160], [240, 160]] and page.input_value("#caption textarea") == ""
    page.wait_for_selector("#budget-line:has-text('240 x 160')")
    page.fill("#caption textarea", "a cup of coffee")
    page.wait_for_selector("#caption-line:has-text('15 characters')")
    choose(page, "#budget", "Other")
    page.fill("#bytes input", "300")
    page.wait_for_selector("#budget-line:has-text('300 bytes = 0.06250 bits per pixel')")

    layers = {}
    for label, count in (("text-only", 1), ("text+sketch", 2), ("three-layer", 3)):
        choose(page, "#mode", label)
        size_bytes = encode(page)
        assert 0 < size_bytes <= 300
        assert shown_pictures(page) == [[240, 160], [240, 160]]
        assert page.locator("#layers .ts-card-title:visible").count() == count
        with page.expect_download() as download:
            page.click("#take-tsk")
        layers[label] = tmp_path / f"{count}.tsk"
        download.value.save_as(layers[label])
        data = layers[label].read_bytes()
        assert len(data) == size_bytes
        assert bitstream.unpack(data).semantic.caption == "a cup of coffee"

    for pair in ("JPEG of the same size | decoded", "original | JPEG of the same size"):
        choose(page, "#pair", pair)
        page.wait_for_timeout(500)
        assert shown_pictures(page) == [[240, 160], [240, 160]]

    page.click("button[role=tab]:has-text('Decode')")
    page.set_input_files("#tsk input[type=file]", layers["three-layer"])
    page.wait_for_selector("#decode-card:has-text('painted as three-layer')")
    assert "a cup of coffee" in page.inner_text("#decode-card")
    page.wait_for_function("document.querySelector('#decoded-image img')?.naturalWidth === 240")
    choose(page, "#layers-to-paint", "text+sketch")
    page.wait_for_selector("#decode-card:has-text('painted as text+sketch')")
    part = len(bitstream.cut(layers["three-layer"].read_bytes(), Mode.TEXT_SKETCH))
    assert f"{part} bytes" in page.inner_text("#decode-card b")


@needs_browser
def test_what_is_no_picture_and_no_tsk_file_gives_a_sentence(open_page, tmp_path):
    page = open_page(DESKTOP)
    wrong = tmp_path / "wrong.png"
    wrong.write_text("this is no picture")
    page.set_input_files("#picture input[type=file]", wrong)
    page.wait_for_selector("#budget-line:has-text('This is not a picture textsketch can read')")
    page.wait_for_selector("#status:has-text('This is not a picture textsketch can read')")
    page.click("button[role=tab]:has-text('Decode')")
    page.set_input_files("#tsk input[type=file]", EXAMPLES / "cat.jpg")
    page.wait_for_selector("#decode-status:has-text('.tsk file')")


@needs_browser
def test_a_damaged_file_shows_what_is_left_and_says_what_is_lost(open_page, tmp_path):
    data = bytearray((GOLDENS / "version-1" / "three-layer.tsk").read_bytes())
    data[-9] ^= 4
    (tmp_path / "damaged.tsk").write_bytes(data)
    page = open_page(DESKTOP)
    page.click("button[role=tab]:has-text('Decode')")
    page.set_input_files("#tsk input[type=file]", tmp_path / "damaged.tsk")
    page.wait_for_selector("#decode-card:has-text('painted as text+sketch')")
    assert "the colour map is damaged" in page.inner_text("#decode-status")
    page.wait_for_function("document.querySelector('#decoded-image img')?.naturalWidth === 512")


@needs_browser
def test_a_budget_too_small_says_at_once_what_is_possible(open_page, tmp_path):
    page = open_page(DESKTOP)
    assert page.locator("#budget label:has-text('Micro')").count() == 0
    assert "for larger pictures" in page.inner_text("#budget")
    Image.new("RGB", (1000, 800), "teal").save(tmp_path / "large.png")
    upload(page, tmp_path / "large.png")
    choose(page, "#budget", "Micro")
    page.fill("#caption textarea", "a wall of one colour and nothing else in sight")
    page.wait_for_selector("#budget-line .ts-error:has-text('needs at least')")
    assert "a larger picture" in page.inner_text("#budget-line")
    page.click("#run")
    page.wait_for_selector("#status .ts-error:has-text('choose a larger budget')")
    choose(page, "#mode", "text-only")
    page.wait_for_function("!document.querySelector('#budget-line').innerText.includes('three-layer')")
    needed = re.search(r"at least (\d+)", page.inner_text("#budget-line"))[1]
    choose(page, "#budget", "Other")
    page.fill("#bytes input", "90000")
    page.wait_for_selector("#budget-line .ts-error:has-text('beyond the limit')")
    page.fill("#bytes input", "0")
    page.wait_for_selector("#budget-line .ts-error:has-text('less than one byte')")
    page.fill("#bytes input", needed)
    page.wait_for_selector(f"#budget-line:has-text('{needed} bytes =')")
    assert encode(page) == int(needed)


def opacity(page) -> float:
    """Of the figures, once they have stopped changing."""
    page.wait_for_timeout(800)
    return float(page.evaluate("getComputedStyle(document.querySelector('#headline')).opacity"))


@needs_browser
def test_a_result_that_is_not_of_the_settings_says_so_and_cannot_be_taken_home(open_page, photo, tmp_path):
    page = open_page(DESKTOP)
    assert opacity(page) == 1 and page.locator("#downloads button:enabled").count() == 3
    choose(page, "#budget", "SMS")
    page.wait_for_selector("#status .ts-stale:has-text('Press Encode')")
    assert opacity(page) < 0.5 and page.locator("#downloads button:enabled").count() == 0
    choose(page, "#budget", "Packet")  # back to what is on show
    page.wait_for_selector("#status .ts-stale", state="detached")
    assert opacity(page) == 1 and page.locator("#downloads button:enabled").count() == 3

    photo.save(tmp_path / "cup.png")
    upload(page, tmp_path / "cup.png")
    page.fill("#caption textarea", "a cup of coffee")
    page.wait_for_selector("#status .ts-stale")
    encode(page)
    assert opacity(page) == 1 and page.locator("#downloads button:enabled").count() == 3

    page.fill("#caption textarea", "x" * 5000)
    page.click("#run")
    page.wait_for_selector("#status .ts-error")
    assert opacity(page) < 0.5 and page.locator("#downloads button:enabled").count() == 0
    page.fill("#caption textarea", "a cup")
    page.wait_for_selector("#status .ts-stale")
    page.click("#picture button[aria-label='Clear'], #picture button[aria-label='Remove Image']")
    page.wait_for_selector("#budget-line:has-text('Choose a picture')")
    page.click("#run")
    page.wait_for_selector("#status .ts-error:has-text('Choose a picture first')")


@needs_browser
def test_settings_changed_while_a_picture_is_encoded_are_noticed(open_page, tmp_path):
    page = open_page(DESKTOP)
    page.set_input_files("#picture input[type=file]", noise_of(640, tmp_path))
    page.wait_for_selector("#budget-line:has-text('640 x 640')")
    page.wait_for_selector("#status progress")
    choose(page, "#budget", "QR code")
    choose(page, "#pair", "original | JPEG of the same size")
    page.wait_for_selector("#run:not([disabled])")
    page.wait_for_selector("#status .ts-stale")
    # The pair that is chosen when the result arrives is shown.
    page.wait_for_function(
        "document.querySelectorAll('#slider img')[1]?.naturalWidth === 640"
        " && document.querySelectorAll('#slider img')[1].src.endsWith('/jpeg.png')"
    )


@needs_browser
def test_what_is_asked_last_is_what_is_shown(open_page, tmp_path):
    page = open_page(DESKTOP)
    captions = []
    for index in (2, 4, 3):
        page.click(f"#examples .thumbnail-item >> nth={index}")
        page.wait_for_timeout(150)
        captions.append(page.input_value("#caption textarea"))
    page.wait_for_function(
        "text => document.querySelector('#caption textarea').value !== text", arg=captions[1]
    )
    asked = page.input_value("#caption textarea")
    page.wait_for_selector(f"#layer-text:has-text('{asked}')")
    page.wait_for_selector("#run:not([disabled])")
    assert page.locator("#status .ts-stale, #status .ts-error").count() == 0
    assert page.locator("#downloads button:enabled").count() == 3

    page.fill("#caption textarea", "typed while it is on its way")
    upload(page, noise_of(64, tmp_path))
    assert page.input_value("#caption textarea") == "typed while it is on its way"
    page.wait_for_selector("#layer-text:has-text('typed while it is on its way')")

    with page.expect_download() as download:
        page.click("#take-tsk")
    download.value.save_as(tmp_path / "noise.tsk")
    page.click("button[role=tab]:has-text('Decode')")
    page.set_input_files("#tsk input[type=file]", tmp_path / "noise.tsk")
    page.wait_for_selector("#decode-card:has-text('painted as three-layer')")
    choose(page, "#layers-to-paint", "text+sketch")
    page.click("label:has-text('Paint fine grain') >> visible=true")
    choose(page, "#layers-to-paint", "text-only")
    page.wait_for_selector("#decode-card:has-text('painted as text-only')")
    page.wait_for_timeout(1000)
    assert page.locator(".toast-body").count() == 0


@needs_browser
def test_on_a_phone_encode_leads_to_the_result_and_cancel_is_there_only_while_it_works(open_page, tmp_path):
    page = open_page(PHONE)
    assert page.locator("#cancel:visible").count() == 0
    upload(page, noise_of(1024, tmp_path))
    choose(page, "#budget", "QR code")
    page.click("#run")
    page.wait_for_selector("#cancel:visible")
    in_view = """selector => {
        const shown = document.querySelector(selector)?.getBoundingClientRect();
        return shown && shown.top >= 0 && shown.bottom <= innerHeight;
    }"""
    for selector in ("#status progress", "#cancel"):
        page.wait_for_function(in_view, arg=selector)
    page.wait_for_selector("#run:not([disabled])")
    page.wait_for_function(in_view, arg="#headline .ts-ours")
    assert page.locator("#cancel:visible").count() == 0


@needs_browser
def test_what_shows_no_label_has_one_for_screen_readers(open_page):
    page = open_page(DESKTOP)
    assert "pictures to compare" in page.text_content("#pair .sr-only")
    page.click("button[role=tab]:has-text('Rate and quality')")
    assert "Metric" in page.text_content("#rate-metric .sr-only")


@needs_browser
def test_an_example_is_one_click(open_page):
    page = open_page(DESKTOP, color_scheme="dark")
    page.click("#examples .thumbnail-item >> nth=1")
    page.wait_for_selector("#layer-text:has-text('fig')")
    assert "fig" in page.input_value("#caption textarea")


@needs_browser
def test_cancel_stops_the_work(open_page, tmp_path):
    page = open_page(DESKTOP)
    page.set_input_files("#picture input[type=file]", noise_of(1024, tmp_path))
    before = page.inner_text("#headline .ts-headline")
    page.wait_for_selector("#status progress")
    page.click("#cancel")
    page.wait_for_selector("#status:has-text('Cancelled')")
    page.wait_for_timeout(3000)
    assert page.inner_text("#headline .ts-headline") == before and "Cancelled" in page.inner_text("#status")
    assert page.locator("#status .ts-stale").count() == 1


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
    with pytest.raises(Exception, match="tsk"):
        client.predict(file=handle_file(str(EXAMPLES / "cat.jpg")), api_name="/decode")


def draw_curves(page):
    """Open the rate-quality tab and start; wait for the first point."""
    page.click("button[role=tab]:has-text('Rate and quality')")
    page.click("#rate-run")
    page.wait_for_selector("#rate-chart [data-point]")


@needs_browser
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_curves_of_a_picture_are_drawn_and_every_point_shows_its_decode(
    open_page, viewport, photo, tmp_path
):
    page = open_page(viewport)
    photo.resize((120, 80)).save(tmp_path / "cup.png")
    page.set_input_files("#picture input[type=file]", tmp_path / "cup.png")
    page.wait_for_selector("#budget-line:has-text('120 x 80')")
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
    page.wait_for_function(
        "[...document.querySelectorAll('#rate-slider img')].filter(i => i.naturalWidth === 120).length >= 2"
    )
    with page.expect_download() as download:
        page.click("#take-point")
    download.value.save_as(tmp_path / "point.tsk")
    data = (tmp_path / "point.tsk").read_bytes()
    assert len(data) == sizes[best] and bitstream.unpack(data).mode == "three-layer"

    points.nth(0).focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#rate-card:has-text('text-only')")
    choose(page, "#rate-metric", "SSIM")
    page.wait_for_selector("#rate-chart svg[aria-label^='SSIM']")
    with page.expect_download() as download:
        page.click("#take-sheet")
    download.value.save_as(tmp_path / "sheet.png")
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
        page.wait_for_selector("#headline .ts-ours")
        page.wait_for_selector("#scores:has-text('CLIP image-image')")  # once the picture is there
        assert "ViT-B-32" in page.inner_text("#scores") and "JPEG" in page.inner_text("#scores")
        before = page.inner_text("#layer-text")
        page.fill("#prompt-inversion-steps input", "40")
        page.click("#write")
        page.wait_for_selector("#write:not([disabled])")
        page.wait_for_function(
            "old => !old.includes(document.querySelector('#caption textarea').value)", arg=before
        )
        page.fill("#caption textarea", "a dahlia")
        page.click("button:has-text('Advanced')")
        assert encode(page) <= 1200  # with every number of Stable Diffusion's left as it is
        page.click("#encode-decoder input")
        page.click("[role=option]:has-text('Text + Sketch in a few steps')")
        page.fill("#encode-steps input", "2")
        assert encode(page) <= 1200
        assert shown_pictures(page) == [[640, 427], [640, 427]]
        assert "Prompt: a dahlia, high quality" in page.inner_text("#layer-text")
        # The encoder's choices: a soft edge map, and the better of two candidates.
        page.click("#encode-structure label:has-text('soft-edges')")
        page.click("#encode-candidates label:has-text('2')")
        page.click("#mode label:has-text('text+sketch')")
        assert encode(page) <= 1200
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
