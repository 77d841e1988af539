"""The player's page in a real browser, from a plain file server."""

import base64
import gzip
import io

import numpy as np
import pytest
from browser_page import BROWSER, DESKTOP, PHONE, download, needs_browser
from conftest import EXAMPLES, ROOT
from PIL import Image, ImageDraw
from player_tools import run, serving
from small_files import with_valid_checks

import textsketch as ts
from textsketch import bitstream
from textsketch.errors import BitstreamError
from textsketch.render.painter import painting
from textsketch.share.code import link_code, raw_code
from textsketch.share.digits import digits_of
from textsketch.share.link import link_of, tsk_in

MOST_PACKED_BYTES = 3_500_000
PAINTED = "#shown:not([hidden]):not([aria-busy])"
LAYERS = "#layers figure"
WAIT_MS = 90_000
VIEWPORTS = pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])

pytestmark = needs_browser


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder that a file server needs, as the README makes it."""
    folder = tmp_path_factory.mktemp("site")
    run("make", "player-site", f"DIR={folder}", folder=ROOT)
    return folder


@pytest.fixture(scope="module")
def home(site):
    """The player's address."""
    with serving(site) as address:
        yield address


@pytest.fixture(scope="module")
def files():
    """A file of each mode."""
    fig = Image.open(EXAMPLES / "fig.jpg").resize((360, 240))
    modes = ("text-only", "text+sketch", "three-layer")
    return {
        mode: ts.encode(fig, mode=mode, budget=500, caption="a fig, cut in two", effort=1).data
        for mode in modes
    }


@pytest.fixture
def open_player(browser, home):
    """Open the player at a size; fail if it asked for anything from elsewhere or threw an error."""
    contexts, problems = [], []

    def open_at(viewport=DESKTOP, behind="", **options):
        context = browser.new_context(viewport=viewport, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(WAIT_MS)
        page.on("pageerror", lambda error: problems.append(f"script error: {error}"))
        page.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
        page.on(
            "request",
            lambda request: (
                None if request.url.startswith((home, "data:", "blob:")) else problems.append(request.url)
            ),
        )
        page.goto(home + behind)
        return page

    yield open_at
    for context in contexts:
        context.close()
    assert problems == []


def behind_hash(tsk: bytes) -> str:
    return link_of(tsk, "https://example.org/#").removeprefix("https://example.org/")


def wait_for_bytes(page, size_bytes: int, *, words: bool = True) -> None:
    """Wait for the painting of a file of so many bytes, its layers and, but for `words`, its caption."""
    page.wait_for_selector(f"{PAINTED} #bytes b:text-is('{size_bytes:,} bytes')")
    page.wait_for_selector(LAYERS)
    if words:
        page.wait_for_selector("#caption bdi:not(:text-is('…'))", state="attached")


def pixels(page) -> np.ndarray:
    """What the painting's canvas shows: (height, width, 3)."""
    data = page.evaluate("document.querySelector('#painting').toDataURL('image/png')")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data.partition(",")[2]))).convert("RGB"))


def assert_same(found: np.ndarray, wanted: Image.Image) -> None:
    away = np.abs(found.astype(int) - np.asarray(wanted).astype(int))
    assert away.max() <= 3 and (away > 1).mean() <= 0.001


def choose(page, group: str, value: str) -> None:
    """Choose one of a group of radio buttons and wait for the painting."""
    page.click(f"{group} label:has(input[value='{value}'])")
    page.wait_for_selector(PAINTED)


@VIEWPORTS
def test_a_link_shows_its_picture_layer_by_layer(open_player, files, viewport):
    tsk = files["three-layer"]
    page = open_player(viewport, behind_hash(tsk))
    wait_for_bytes(page, len(tsk))
    assert_same(pixels(page), painting.render(ts.unpack(tsk), brush=False))
    assert page.locator(LAYERS).count() == 3
    assert "a fig, cut in two" in page.inner_text(f"{LAYERS} >> nth=0") and page.title().startswith(
        "a fig, cut in two"
    )
    assert f"{8 * len(tsk) / (360 * 240):.4f} bits per pixel" in page.inner_text("#figures")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    choose(page, "#steps", "1")
    words = ts.unpack(tsk).reduced_to(ts.layers.Mode.TEXT_ONLY)
    assert page.inner_text("#plate") == "a fig, cut in two" and page.is_visible("#plate")
    assert_same(pixels(page), painting.render(words, brush=False))
    assert f"in a file of {len(tsk):,} bytes" in page.inner_text("#bytes")
    choose(page, "#steps", "2")
    assert not page.is_visible("#plate")


def test_digits_and_links_of_the_app_are_read_and_other_text_is_a_sentence(open_player, files):
    tsk = files["text+sketch"]
    page = open_player(DESKTOP, f"#{digits_of(tsk)}")
    wait_for_bytes(page, len(tsk))
    other = files["text-only"]
    page.fill("#link", link_of(other, "https://example.org/?mode=x"))
    page.click("#by-link button")
    wait_for_bytes(page, len(other))
    assert tsk_in(page.url) == other  # so that the address can be passed on
    for text in ("https://example.org/", "#AAAAAAAA", "123456789"):
        page.fill("#link", text)
        page.click("#by-link button")
        page.wait_for_selector("#status.failed")
        assert page.inner_text("#status").endswith(".") and page.is_visible("#painting")
        page.fill("#link", link_of(other, "https://example.org/"))
        page.click("#by-link button")
        page.wait_for_selector("#status:empty", state="attached")
    page.evaluate("hash => { location.hash = hash }", behind_hash(tsk))
    wait_for_bytes(page, len(tsk))


def test_a_damaged_file_shows_what_is_left_and_says_so(open_player, files):
    tsk = files["three-layer"]
    page = open_player(DESKTOP, behind_hash(tsk[:-3]))
    page.wait_for_selector("#status.told:has-text('Damaged')")
    left = ts.decode(tsk[:-3], damaged="skip")
    assert_same(pixels(page), painting.render(left.layers, brush=False))
    for wrong in (b"\xff\xff\xff", bytes(200_000)):
        drop(page, "x.tsk", "", files["text-only"])
        page.wait_for_selector("#status:empty", state="attached")
        page.set_input_files("#file", {"name": "x.tsk", "mimeType": "", "buffer": wrong})
        page.wait_for_selector("#status.failed")


def drop(page, name: str, kind: str, data: bytes) -> None:
    """Drop a file on the page."""
    page.evaluate(
        """([name, type, data]) => {
            const files = new DataTransfer();
            files.items.add(new File([Uint8Array.from(atob(data), c => c.charCodeAt(0))], name, { type }));
            for (const event of ["dragover", "drop"])
                document.body.dispatchEvent(
                    new DragEvent(event, { dataTransfer: files, bubbles: true, cancelable: true }));
        }""",
        [name, kind, base64.b64encode(data).decode()],
    )


def png(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "png")
    return file.getvalue()


@VIEWPORTS
def test_files_and_pictures_of_codes_are_dropped_or_chosen(open_player, files, viewport):
    page = open_player(viewport)
    drop(page, "fig.tsk", "", files["three-layer"])
    wait_for_bytes(page, len(files["three-layer"]))
    code = link_code(files["text+sketch"], "https://example.org/player/#").poster()
    drop(page, "code.png", "image/png", png(code.rotate(8, expand=True, fillcolor="white")))
    wait_for_bytes(page, len(files["text+sketch"]))
    raw = png(raw_code(files["text-only"]).poster())
    page.set_input_files("#file", {"name": "code.png", "mimeType": "image/png", "buffer": raw})
    wait_for_bytes(page, len(files["text-only"]))
    drop(page, "no.png", "image/png", png(Image.new("RGB", (64, 64))))
    page.wait_for_selector("#status.failed:has-text('No QR code')")


def test_the_camera_reads_a_code(browser, files, home, tmp_path):
    tsk = files["three-layer"]
    frame = Image.new("RGB", (1280, 720), "grey")
    frame.paste(link_code(tsk, "https://example.org/player/#").picture(6).resize((700, 700)), (290, 10))
    planes = [frame.convert("YCbCr").getchannel(channel) for channel in range(3)]
    planes[1:] = [plane.resize((640, 360)) for plane in planes[1:]]
    film = b"YUV4MPEG2 W1280 H720 F5:1 C420jpeg\n"
    film += 5 * (b"FRAME\n" + b"".join(plane.tobytes() for plane in planes))
    (tmp_path / "code.y4m").write_bytes(film)
    pretend = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    pretend.append(f"--use-file-for-fake-video-capture={tmp_path / 'code.y4m'}")
    chromium = browser.browser_type.launch(
        executable_path=BROWSER, args=["--no-sandbox", "--disable-gpu", *pretend]
    )
    page = chromium.new_page(viewport=PHONE)
    page.set_default_timeout(WAIT_MS)
    page.goto(home)
    page.click("#scan")
    wait_for_bytes(page, len(tsk))
    assert not page.is_visible("#camera") and page.is_visible("#scan")
    chromium.close()


@pytest.mark.parametrize("mode", ["three-layer", "text+sketch"])
def test_the_brush_is_the_packages_and_what_it_does_is_said(open_player, files, mode, tmp_path):
    tsk = files[mode]
    page = open_player(DESKTOP, behind_hash(tsk))
    wait_for_bytes(page, len(tsk))
    assert not page.is_visible("#invented")
    plain = pixels(page)
    choose(page, "#hand", "brush")
    page.wait_for_selector("#invented:has-text('by a network')")
    wanted = ts.decode(tsk)
    assert page.inner_text("#invented") == wanted.invented
    assert_same(pixels(page), wanted.image)
    saved = Image.open(io.BytesIO(download(page, "#save", tmp_path / "fig.png")))
    assert saved.format == "PNG" and saved.size == (360, 240)
    assert (np.asarray(saved.convert("RGB")) == pixels(page)).all()
    choose(page, "#hand", "plain")
    assert (pixels(page) == plain).all() and not page.is_visible("#invented")
    choose(page, "#steps", "1")
    assert not page.is_visible("#hand")  # a field of colours is what was sent


def test_the_brush_keeps_off_bare_grain_as_the_packages_does(open_player):
    rough = Image.fromarray(np.random.default_rng(0).integers(0, 256, (239, 301, 3)).astype(np.uint8))
    rough.paste(Image.open(EXAMPLES / "fig.jpg").resize((150, 100)), (20, 30))
    tsk = ts.encode(rough, budget=250, effort=1).data
    page = open_player(DESKTOP, behind_hash(tsk))
    wait_for_bytes(page, len(tsk))
    choose(page, "#hand", "brush")
    page.wait_for_selector("#invented:has-text('by a network')")
    assert_same(pixels(page), ts.decode(tsk).image)


def test_what_no_network_adds_to_is_painted_as_the_package_does(open_player):
    drawing = Image.new("RGB", (300, 200), (250, 245, 230))
    for ring in range(8):
        ImageDraw.Draw(drawing).ellipse((60 + 6 * ring, 30, 160 + 12 * ring, 170 - 6 * ring), outline="black")
    tsk = ts.encode(drawing, mode="text+sketch", budget=200).data
    page = open_player(DESKTOP, behind_hash(tsk))
    wait_for_bytes(page, len(tsk))
    assert not page.is_visible("#hand")
    assert_same(pixels(page), ts.decode(tsk).image)


def test_the_brush_is_fetched_only_where_it_is_used(open_player, files):
    page = open_player(DESKTOP, behind_hash(files["three-layer"]))
    page.wait_for_selector(LAYERS)
    asked = []
    page.on("request", lambda request: asked.append(request.url.rpartition("/")[2]))
    choose(page, "#hand", "brush")
    page.wait_for_selector("#invented:has-text('network')")
    assert {"brush.onnx", "onnxruntime.bin"} <= set(asked) and "shading.onnx" not in asked


def test_nothing_but_words_waits_for_words(open_player, files, home, tmp_path):
    tsk = files["three-layer"]
    page = open_player(DESKTOP, service_workers="block")
    held = []
    page.context.route("**/words.bin", lambda route: held.append(route))
    page.goto(f"{home}?again{behind_hash(tsk)}")
    wait_for_bytes(page, len(tsk), words=False)
    assert_same(pixels(page), painting.render(ts.unpack(tsk), brush=False))
    assert page.inner_text("#caption") == "…" and page.locator(LAYERS).count() == 3
    assert page.get_attribute("#painting", "aria-label") == "The picture"  # of words nothing is known
    choose(page, "#steps", "2")
    lines = ts.unpack(tsk).reduced_to(ts.layers.Mode.TEXT_SKETCH)
    assert_same(pixels(page), painting.render(lines, brush=False))
    saved = Image.open(io.BytesIO(download(page, "#save", tmp_path / "fig.png"))).convert("RGB")
    assert (np.asarray(saved) == pixels(page)).all()
    choose(page, "#hand", "brush")
    page.wait_for_selector("#invented:has-text('by a network')")
    drop(page, "x.tsk", "", tsk[:10] + b"x" + tsk[11:])
    page.wait_for_selector("#status.failed")
    assert len(held) == 1
    held[0].continue_()
    page.wait_for_selector("#caption:has-text('a fig, cut in two')")
    assert page.get_attribute("#painting", "aria-label") == "The picture: a fig, cut in two"
    assert page.is_visible("#status.failed") and "a fig" in page.inner_text(f"{LAYERS} >> nth=0")
    assert tsk_in(page.url) == tsk


def test_a_file_that_is_none_spoils_no_picture(open_player, files):
    tsk = files["three-layer"]
    for delay_ms in (0, 40, 120):
        page = open_player(DESKTOP)
        drop(page, "fig.tsk", "", tsk)
        page.wait_for_selector("#shown")
        page.wait_for_timeout(delay_ms)
        drop(page, "x.tsk", "", b"nothing")
        page.wait_for_selector("#status.failed")
        wait_for_bytes(page, len(tsk))
        page.wait_for_selector("#caption:has-text('a fig, cut in two')")
        assert_same(pixels(page), painting.render(ts.unpack(tsk), brush=False))


def test_a_layer_chosen_while_another_file_is_opened_mixes_nothing(open_player, files):
    first, second = files["three-layer"], files["text+sketch"]
    for delay_ms in (0, 5, 20, 40):
        page = open_player(DESKTOP, behind_hash(first))
        wait_for_bytes(page, len(first))
        drop(page, "fig.tsk", "", second)
        page.wait_for_timeout(delay_ms)
        page.evaluate("document.querySelector('#steps input').click()")
        page.wait_for_selector(f"#bytes:has-text('{len(second):,} bytes')")
        page.wait_for_selector(PAINTED)
        of_it = ts.unpack(second)
        if page.is_checked("#steps input >> nth=0"):  # the click came to the new file's layers
            of_it = of_it.reduced_to(ts.layers.Mode.TEXT_ONLY)
        assert_same(pixels(page), painting.render(of_it, brush=False))


def test_what_is_brought_last_counts(open_player, files):
    last = files["three-layer"]
    page = open_player(DESKTOP)
    code = link_code(files["text+sketch"], "https://example.org/player/#").poster()
    for picture in (code, Image.new("RGB", (2000, 2000))):
        drop(page, "code.png", "image/png", png(picture))
        drop(page, "fig.tsk", "", last)
        wait_for_bytes(page, len(last))
        page.wait_for_timeout(3000)
        assert tsk_in(page.url) == last and not page.is_visible("#status.failed")


def test_a_brush_that_cannot_be_had_leaves_what_was_sent(open_player, files):
    page = open_player(DESKTOP, behind_hash(files["three-layer"]), service_workers="block")
    wait_for_bytes(page, len(files["three-layer"]))
    plain = pixels(page)
    page.context.route("**/brush.onnx", lambda route: route.abort())
    page.click("#hand label:has(input[value='brush'])")
    page.wait_for_selector("#status.failed:has-text('go online')")
    page.wait_for_selector(PAINTED)
    assert page.is_checked("#hand input[value='plain']") and (pixels(page) == plain).all()
    drop(page, "fig.tsk", "", files["text+sketch"])
    wait_for_bytes(page, len(files["text+sketch"]))


def test_a_picture_whose_words_nobody_wrote_is_taken_back(open_player, files):
    header, (words, *others) = bitstream.split(files["three-layer"])
    wrong = words.payload[:-1] + bytes([words.payload[-1] ^ 1])
    forged = with_valid_checks(
        files["three-layer"][: header.size_bytes], [wrong, *(other.payload for other in others)]
    )
    with pytest.raises(BitstreamError):
        ts.unpack(forged)
    page = open_player()
    for data in (forged, files["three-layer"], forged):
        drop(page, "fig.tsk", "", data)
        if data == forged:
            page.wait_for_selector("#status.failed:has-text('damaged')")
            assert not page.is_visible("#shown")
        else:
            wait_for_bytes(page, len(data))


def test_the_link_that_is_copied_holds_the_picture(open_player, files, home):
    tsk = files["three-layer"]
    page = open_player(DESKTOP, permissions=["clipboard-read", "clipboard-write"])
    page.click("#samples a >> nth=0")
    page.wait_for_selector(LAYERS)
    drop(page, "fig.tsk", "", tsk)
    wait_for_bytes(page, len(tsk))
    page.click("#copy")
    page.wait_for_selector("#copy:has-text('Copied')")
    link = page.evaluate("navigator.clipboard.readText()")
    assert link.startswith(f"{home}#") and tsk_in(link) == tsk


def test_a_picture_too_large_to_be_painted_whole_is_saved_at_its_size(open_player, tmp_path):
    fig = Image.open(EXAMPLES / "fig.jpg").resize((2304, 1856))
    tsk = ts.encode(fig, budget=300, effort=1).data
    page = open_player(DESKTOP, behind_hash(tsk))
    wait_for_bytes(page, len(tsk))
    assert pixels(page).shape == (928, 1152, 3)
    saved = Image.open(io.BytesIO(download(page, "#save", tmp_path / "fig.png"))).convert("RGB")
    assert_same(np.asarray(saved), painting.render(ts.unpack(tsk), brush=False))


def wait_for_service_worker(page):
    """Until it has the page in hand; `wait_for_function` evaluates text, which the page's policy forbids."""
    page.evaluate(
        """new Promise(resolve => {
          const look = () =>
            navigator.serviceWorker.controller?.state === "activated" ? resolve() : setTimeout(look, 20);
          look();
        })"""
    )


def test_it_works_without_a_network_after_the_first_visit(browser, site, files):
    first, second = files["text-only"], files["three-layer"]
    with serving(site) as address:
        context = browser.new_context(viewport=PHONE)
        page = context.new_page()
        page.set_default_timeout(WAIT_MS)
        page.goto(address + behind_hash(first))
        wait_for_bytes(page, len(first))
        wait_for_service_worker(page)
    for behind in (behind_hash(second), f"?from=a-friend{behind_hash(second)}"):  # by now nothing is served
        page.goto("about:blank")
        page.goto(address + behind)
        wait_for_bytes(page, len(second))
    code = png(link_code(first, "https://example.org/#").poster())
    page.set_input_files("#file", {"name": "code.png", "mimeType": "image/png", "buffer": code})
    wait_for_bytes(page, len(first))
    drop(page, "fig.tsk", "", second)
    wait_for_bytes(page, len(second))
    page.click("#hand label:has(input[value='brush'])")  # which nobody had asked for
    page.wait_for_selector("#status.failed:has-text('go online')")
    context.close()


def test_what_a_full_device_cannot_keep_is_there_all_the_same(browser, home):
    context = browser.new_context(viewport=DESKTOP)
    page = context.new_page()
    page.goto(home)
    wait_for_service_worker(page)
    limits = {"origin": home.rstrip("/"), "quotaSize": 1}
    context.new_cdp_session(page).send("Storage.overrideQuotaForOrigin", limits)
    assert page.evaluate("fetch('onnxruntime.bin').then(answer => answer.status)") == 200
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@VIEWPORTS
def test_no_view_breaks_wcag_aa(open_player, files, viewport, scheme):
    from test_page_quality import violations

    page = open_player(viewport, color_scheme=scheme)
    page.wait_for_selector("#samples a")
    assert violations(page) == []
    page.fill("#link", "nothing")
    page.click("#by-link button")
    page.wait_for_selector("#status.failed")
    assert violations(page) == []
    drop(page, "fig.tsk", "", files["three-layer"][:-3])
    page.wait_for_selector("#status.told")
    drop(page, "fig.tsk", "", files["three-layer"])
    wait_for_bytes(page, len(files["three-layer"]))
    page.wait_for_timeout(400)  # fading colours are no colours
    assert violations(page) == []
    choose(page, "#steps", "1")
    page.wait_for_timeout(400)
    assert violations(page) == []


def test_the_page_says_that_nothing_leaves_the_device_and_its_policy_holds_it_to_that(open_player):
    page = open_player()
    assert "Nothing leaves this device" in page.inner_text("footer")
    policy = page.get_attribute("meta[http-equiv='Content-Security-Policy']", "content")
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert (
        rules["default-src"] == "'none'"
        and rules["connect-src"] == "'self'"
        and rules["form-action"] == "'none'"
    )


def test_all_but_the_brush_is_few_bytes(site):
    brush = {"onnxruntime.bin", "brush.onnx", "shading.onnx"}
    packed = {
        path.name: len(gzip.compress(path.read_bytes())) for path in site.iterdir() if path.name not in brush
    }
    assert 1_000_000 < sum(packed.values()) <= MOST_PACKED_BYTES, packed
