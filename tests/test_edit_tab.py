"""The Edit tab as people use it: every tool in a real browser, with a mouse and with a finger."""

from pathlib import Path

import numpy as np
import pytest
from browser_page import DESKTOP, PHONE, download, needs_browser, open_tab, shown_pictures
from conftest import EXAMPLES
from PIL import Image

import textsketch as ts
from textsketch.layers import Layers, Semantic, Skeletons
from textsketch.share.code_reader import tsk_in_picture
from textsketch.share.link import tsk_in

pytestmark = needs_browser
DONE = """before => {
    const told = document.querySelector('#edit-standing [data-standing]')?.dataset.standing;
    return told !== before && told && document.querySelector('#edit-pair .ts-trio')
        && !document.querySelector('#edit-pair').innerText.includes('first look')
        && !document.querySelector('#edit-status .ts-working');
}"""


@pytest.fixture(scope="module")
def fig(tmp_path_factory) -> Path:
    """A small file of a fig in a red bowl."""
    picture = Image.open(EXAMPLES / "fig.jpg")
    picture.thumbnail((240, 240))
    path = tmp_path_factory.mktemp("fig") / "fig.tsk"
    path.write_bytes(ts.encode(picture, budget=500, caption="a fig", effort=1).data)
    return path


@pytest.fixture
def people(tmp_path) -> Path:
    """A file of one person with two arms."""
    person = [None] * 18
    for joint, place in {1: (256, 100), 2: (200, 110), 3: (180, 200), 5: (310, 110), 6: (330, 200)}.items():
        person[joint] = place
    path = tmp_path / "person.tsk"
    path.write_bytes(ts.pack(Layers((200, 200), Semantic("a person"), Skeletons((tuple(person),)))))
    return path


def standing(page) -> str | None:
    """What the page was told last of its messages and versions."""
    return page.evaluate("document.querySelector('#edit-standing [data-standing]')?.dataset.standing")


def edited(page, act) -> None:
    """Do something that edits and wait until the result is painted."""
    before = standing(page)
    act()
    page.wait_for_function(DONE, arg=before)


def bring(page, path) -> None:
    """Open the tab and bring a file."""
    open_tab(page, "Edit")
    page.wait_for_selector(".ts-editor[data-ready]")  # the Encode tab's result
    page.set_input_files("#edit-tsk input[type=file]", path)
    width = min(ts.unpack(path.read_bytes()).size[0], 1024)
    page.wait_for_function(f"document.querySelector('.ts-canvas canvas').width === {width}")
    page.wait_for_function(DONE, arg="")


def file_of(page, folder) -> bytes:
    return download(page, "#edit-take-tsk", folder / "edited.tsk")


def layers_of(page, folder) -> Layers:
    """What the file holds that can be downloaded now."""
    return ts.unpack(file_of(page, folder))


def canvas_box(page) -> dict:
    canvas = page.locator(".ts-canvas canvas")
    canvas.scroll_into_view_if_needed()
    return canvas.bounding_box()


def stroke(page, *places) -> None:
    """Draw with the mouse from place to place, in shares of the canvas."""
    box = canvas_box(page)
    points = [(box["x"] + across * box["width"], box["y"] + down * box["height"]) for across, down in places]
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point, steps=6)
    page.mouse.up()


def take(page, name: str) -> None:
    """Choose a brush."""
    page.click(f"[data-tool={name}]")


def press(page, name: str) -> None:
    """Do something with what is marked, and wait for the result."""
    edited(page, lambda: page.click(f"[data-do={name}]"))


def mark_fig(page) -> None:
    """Go over the fig in rows."""
    take(page, "mask")
    rows = [(0.40, 0.42), (0.70, 0.38), (0.44, 0.48), (0.71, 0.48), (0.49, 0.58), (0.70, 0.60), (0.52, 0.70),
            (0.66, 0.70), (0.56, 0.77), (0.64, 0.76)]  # fmt: skip
    stroke(page, *rows)


def colour_at(layers: Layers, across: float, down: float) -> np.ndarray:
    """The mean colour painted around a place."""
    pixels = np.asarray(ts.paint(layers, brush=False, grain=False), float)
    row, column = round(down * pixels.shape[0]), round(across * pixels.shape[1])
    return pixels[row - 3 : row + 4, column - 3 : column + 4].mean((0, 1))


def count(layers: Layers) -> int:
    assert layers.strokes is not None
    return int(layers.strokes.sum())


def test_a_result_is_edited_drawn_into_undone_and_redone(open_page, tmp_path):
    page = open_page(DESKTOP)
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    page.click("#edit-this")
    page.wait_for_selector(".ts-editor[data-ready]")
    page.wait_for_function(DONE, arg="")
    assert any(address.endswith("edit.js") for address in requests)
    assert page.evaluate(
        "[...document.querySelectorAll('.ts-canvas canvas')].map(c => [c.width, c.height])"
    ) == [[640, 427]]
    assert page.input_value("#edit-budget input") == "1200" and "dahlia" in page.input_value(
        "#edit-caption textarea"
    )
    original = file_of(page, tmp_path)
    before = count(ts.unpack(original))
    edited(page, lambda: stroke(page, (0.1, 0.1), (0.4, 0.15), (0.1, 0.3)))
    drawn = file_of(page, tmp_path)
    assert count(ts.unpack(drawn)) > before + 40 and len(drawn) <= 1200
    tags = page.locator("#edit-pair .ts-tag").all_inner_texts()
    assert tags == [f"Before {len(original):,} B", f"After {len(drawn):,} B"]
    assert shown_pictures(page, "#edit-pair") == [[640, 427]] * 2
    take(page, "rub")
    edited(page, lambda: stroke(page, (0.08, 0.1), (0.4, 0.15), (0.1, 0.3)))
    assert count(layers_of(page, tmp_path)) < before + 20
    edited(page, lambda: page.keyboard.press("Control+z"))
    assert file_of(page, tmp_path) == drawn
    press(page, "undo")
    assert file_of(page, tmp_path) == original and page.is_disabled("[data-do=undo]")
    edited(page, lambda: page.keyboard.press("Control+Shift+z"))
    assert file_of(page, tmp_path) == drawn
    page.click("#edit-pair [data-name=decoded]")
    page.wait_for_selector("#zoom[open]")
    assert page.inner_text("#zoom .ts-tag-left").startswith("Before")


def test_strokes_drawn_faster_than_they_are_painted_are_all_there(open_page, fig, tmp_path):
    page = open_page(DESKTOP)
    bring(page, fig)
    before = count(layers_of(page, tmp_path))
    for number in range(5):
        stroke(page, (0.05, 0.1 + 0.05 * number), (0.25, 0.1 + 0.05 * number))
    page.wait_for_function(
        "JSON.parse(document.querySelector('[data-standing]').dataset.standing).answered === 5"
    )
    page.wait_for_function(DONE, arg="")
    assert count(layers_of(page, tmp_path)) > before + 5 * 25
    for _ in range(5):
        press(page, "undo")
    assert page.is_disabled("[data-do=undo]") and count(layers_of(page, tmp_path)) == before


def test_what_is_marked_is_erased_recoloured_shifted_and_painted_over(open_page, fig, tmp_path):
    page = open_page(DESKTOP)
    bring(page, fig)
    original = layers_of(page, tmp_path)
    place = (0.6, 0.5)
    page.click("[data-do=erase]")
    page.wait_for_selector("#edit-status .ts-error:has-text('mark all')")
    mark_fig(page)
    press(page, "erase")
    red, green, _ = colour_at(layers_of(page, tmp_path), *place)
    assert green < 0.5 * red and green < colour_at(original, *place)[1] - 10
    press(page, "undo")
    press(page, "paint")  # what was marked is marked again
    assert "marked" not in page.inner_text("#edit-status")
    press(page, "undo")

    page.fill("[name=colour]", "#2050d0")
    page.click("[data-mark=all]")
    press(page, "recolour")
    red, _, blue = colour_at(layers_of(page, tmp_path), 0.85, 0.4)
    assert blue > 1.5 * red
    page.fill("[name=hue]", "120")
    page.fill("[name=chroma]", "20")
    press(page, "shift")
    red, _, blue = colour_at(layers_of(page, tmp_path), 0.85, 0.4)
    assert red > 1.2 * blue
    press(page, "rub")
    assert count(layers_of(page, tmp_path)) == 0

    page.click("[data-mark=none]")
    take(page, "mask")
    page.fill("[name=size]", "80")
    stroke(page, (0.1, 0.75), (0.25, 0.75), (0.25, 0.85), (0.1, 0.85))
    take(page, "unmask")
    page.fill("[name=colour]", "#20c020")
    press(page, "paint")
    red, green, blue = colour_at(layers_of(page, tmp_path), 0.17, 0.8)
    assert green > 1.5 * red and green > 1.5 * blue


def test_a_marked_thing_is_moved_by_mouse_and_by_keys_and_a_colour_is_picked(open_page, fig, tmp_path):
    page = open_page(DESKTOP)
    bring(page, fig)
    original = layers_of(page, tmp_path)
    take(page, "pick")
    stroke(page, (0.85, 0.4))
    picked = page.input_value("[name=colour]")
    red, green, blue = (int(picked[start : start + 2], 16) for start in (1, 3, 5))
    assert red > 150 and green < 100 and blue < 100
    mark_fig(page)
    take(page, "move")
    edited(page, lambda: stroke(page, (0.6, 0.5), (0.25, 0.5)))
    moved = layers_of(page, tmp_path)
    assert np.abs(colour_at(moved, 0.25, 0.5) - colour_at(original, 0.6, 0.5)).mean() < 25
    assert colour_at(moved, 0.6, 0.5)[1] < colour_at(original, 0.6, 0.5)[1] - 10
    press(page, "undo")
    page.click("[data-mark=all]")
    page.focus(".ts-canvas canvas")
    for _ in range(4):
        page.keyboard.press("ArrowDown")
    edited(page, lambda: page.keyboard.press("Enter"))
    lower = layers_of(page, tmp_path).strokes
    assert original.strokes is not None and lower is not None
    assert np.flatnonzero(lower.any(1))[0] > np.flatnonzero(original.strokes.any(1))[0] + 10


def test_marks_stay_when_another_tab_was_looked_at(open_page, fig, tmp_path):
    page = open_page(DESKTOP)
    bring(page, fig)
    mark_fig(page)
    open_tab(page, "Encode")
    open_tab(page, "Edit")
    press(page, "recolour")
    assert page.locator("#edit-status .ts-error").count() == 0
    assert layers_of(page, tmp_path).texture is not None and page.is_enabled("[data-do=undo]")


def test_marks_stay_on_a_picture_larger_than_the_first_look_at_it(open_page, tmp_path):
    path = tmp_path / "wide.tsk"
    wide = Image.open(EXAMPLES / "fig.jpg").resize((1600, 100))
    path.write_bytes(ts.encode(wide, budget=300, caption="a fig", effort=1).data)
    page = open_page(DESKTOP)
    bring(page, path)
    page.click("[data-mark=all]")
    press(page, "paint")
    press(page, "recolour")
    assert "marked" not in page.inner_text("#edit-status")


def test_joints_are_moved_and_taken_away(open_page, people, tmp_path):
    page = open_page(DESKTOP)
    bring(page, people)
    take(page, "joint")
    edited(page, lambda: stroke(page, (180 / 512, 200 / 512), (0.2, 0.7)))
    (person,) = layers_of(page, tmp_path).structure.people
    assert abs(person[3][0] - 0.2 * 512) < 4 and abs(person[3][1] - 0.7 * 512) < 4
    edited(page, lambda: stroke(page, (0.2, 0.7), (-0.05, 0.7)))
    (person,) = layers_of(page, tmp_path).structure.people
    assert person[3] is None and person[6] == (330, 200)


def test_a_joint_that_goes_while_it_is_dragged_is_let_go(open_page, people):
    page = open_page(DESKTOP)
    bring(page, people)
    take(page, "joint")
    before, box = standing(page), canvas_box(page)
    page.mouse.move(box["x"] + 200.5 / 512 * box["width"], box["y"] + 110.5 / 512 * box["height"])
    page.mouse.down()
    page.evaluate("""() => {
        const told = document.querySelector('#edit-scene [data-scene]');
        told.dataset.scene = JSON.stringify({ ...JSON.parse(told.dataset.scene), people: [] });
    }""")
    page.wait_for_selector("[data-tool=joint]", state="hidden")
    page.mouse.move(box["x"] + 9, box["y"] + 9)
    page.mouse.up()
    edited(page, lambda: stroke(page, (0.7, 0.7), (0.9, 0.9)))
    assert standing(page) != before


def test_a_picture_that_cannot_be_had_leaves_the_one_that_was_there(open_page, fig, tmp_path):
    page = open_page(DESKTOP)
    bring(page, fig)
    before, width = count(layers_of(page, tmp_path)), "document.querySelector('.ts-canvas canvas').width"
    page.route("**/gradio_api/file=**.png", lambda route: route.abort())
    page.route("**/gradio_api/file=**.webp", lambda route: route.abort())
    edited(page, lambda: stroke(page, (0.05, 0.1), (0.25, 0.1)))
    page.unroute_all()
    assert page.evaluate(width) == ts.unpack(fig.read_bytes()).size[0]
    edited(page, lambda: stroke(page, (0.05, 0.3), (0.25, 0.3)))
    assert count(layers_of(page, tmp_path)) > before + 50


def test_colours_and_lines_of_another_picture_and_caption_and_budget(open_page, fig, tmp_path):
    page = open_page(DESKTOP)
    bring(page, fig)
    original = layers_of(page, tmp_path)
    drop = """([name, kind, base64]) => {
        const data = new DataTransfer();
        data.items.add(new File([Uint8Array.from(atob(base64), c => c.charCodeAt(0))], name, {type: kind}));
        const about = {bubbles: true, cancelable: true, dataTransfer: data};
        document.querySelector('.ts-canvas canvas').dispatchEvent(new DragEvent('drop', about));
    }"""
    import base64

    sent = base64.b64encode((EXAMPLES / "sunset.jpg").read_bytes()).decode()
    edited(page, lambda: page.evaluate(drop, ["sunset.jpg", "image/jpeg", sent]))
    palette = colour_at(layers_of(page, tmp_path), 0.85, 0.4)
    assert np.abs(palette - colour_at(original, 0.85, 0.4)).mean() > 15
    edited(page, lambda: page.click("#edit-map"))
    edited(page, lambda: page.click("#edit-lines"))
    assert not np.array_equal(layers_of(page, tmp_path).strokes, original.strokes)
    page.click("#edit-other button[aria-label='Clear'], #edit-other button[aria-label='Remove this file']")
    edited(page, lambda: page.set_input_files("#edit-other input[type=file]", EXAMPLES / "pagoda.tsk"))

    page.fill("#edit-caption textarea", "a sunset in a bowl")
    edited(page, lambda: page.click("#edit-rename"))
    assert layers_of(page, tmp_path).semantic.caption == "a sunset in a bowl"
    edited(page, lambda: page.click("[data-do=undo]"))
    page.wait_for_function("document.querySelector('#edit-caption textarea').value === 'a fig'")

    size = len(file_of(page, tmp_path))
    page.fill("#edit-budget input", "300")
    page.press("#edit-budget input", "Enter")
    page.wait_for_function(
        "size => !document.querySelector('#edit-take-tsk').innerText.includes(size)", arg=f"({size:,} B)"
    )
    assert len(file_of(page, tmp_path)) <= 300
    page.fill("#edit-budget input", "lots")
    page.press("#edit-budget input", "Enter")
    page.wait_for_selector("#edit-status .ts-error:has-text('cannot understand')")


def test_what_was_edited_is_taken_along_as_file_picture_link_and_code(open_page, url, fig, tmp_path):
    page = open_page(DESKTOP)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    open_tab(page, "Decode")
    page.set_input_files("#tsk input[type=file]", fig)
    page.wait_for_selector("#edit-decoded:not([disabled])")
    page.click("#edit-decoded")
    page.wait_for_selector(".ts-editor[data-ready]")
    page.wait_for_function(DONE, arg="")
    edited(page, lambda: stroke(page, (0.1, 0.1), (0.3, 0.2)))
    data = file_of(page, tmp_path)
    picture = download(page, "#edit-take-png", tmp_path / "edited.png")
    assert picture == ts_png(data, tmp_path)
    page.click("#edit .ts-aside label:has-text('Sharpen and shade')")
    page.wait_for_function("!document.querySelector('#edit-notes').innerText.includes('Sharpened')")
    page.wait_for_function(DONE, arg="")
    plain = download(page, "#edit-take-png", tmp_path / "plain.png")
    assert plain == ts_png(data, tmp_path, brush=False) != picture
    page.click("#edit-link button")
    page.wait_for_selector("#edit-link button:has-text('Copied')")
    assert tsk_in(page.evaluate("navigator.clipboard.readText()")) == data
    page.click("#edit-qr")
    page.wait_for_selector("#edit-carried figure >> nth=1")
    for number in range(2):
        assert tsk_in_picture(download(page, f"#edit-carried a >> nth={number}", tmp_path / "qr.png")) == data


def ts_png(data: bytes, folder: Path, **options) -> bytes:
    """The PNG that the page makes of a file."""
    path = folder / "again.png"
    ts.decode(data, **options).image.save(path, compress_level=1)
    return path.read_bytes()


def test_a_finger_draws_and_marks_on_a_phone(open_page, fig, tmp_path):
    page = open_page(PHONE, has_touch=True, is_mobile=True)
    bring(page, fig)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    before = count(layers_of(page, tmp_path))
    touch = page.context.new_cdp_session(page)

    def finger(*places):
        box = canvas_box(page)
        points = [(box["x"] + a * box["width"], box["y"] + d * box["height"]) for a, d in places]
        for kind, point in zip(("touchStart", *["touchMove"] * (len(points) - 1)), points, strict=True):
            touch.send(
                "Input.dispatchTouchEvent",
                {"type": kind, "touchPoints": [{"x": point[0], "y": point[1]}]},
            )
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        page.wait_for_timeout(500)  # or what follows is a second tap

    edited(page, lambda: finger((0.05, 0.1), (0.1, 0.3), (0.2, 0.5), (0.25, 0.7)))
    assert count(layers_of(page, tmp_path)) > before + 20
    page.click("[data-tool=mask]")
    assert page.get_attribute("[data-tool=mask]", "aria-pressed") == "true"
    finger((0.4, 0.5), (0.5, 0.5), (0.7, 0.5))
    edited(page, lambda: page.click("[data-do=erase]"))
    assert page.locator("#edit-status .ts-error").count() == 0
    picture = page.locator(".ts-canvas").bounding_box()
    assert picture["width"] <= PHONE["width"] and picture["x"] >= 0


def test_what_is_no_tsk_file_is_one_sentence_and_what_is_on_the_canvas_stays(open_page, fig, tmp_path):
    page = open_page(DESKTOP)
    bring(page, fig)
    page.click("#edit-tsk button[aria-label='Clear'], #edit-tsk button[aria-label='Remove this file']")
    page.set_input_files("#edit-tsk input[type=file]", EXAMPLES / "captions.yaml")
    page.wait_for_selector("#edit-status .ts-error")
    edited(page, lambda: stroke(page, (0.1, 0.1), (0.3, 0.2)))
    assert layers_of(page, tmp_path).semantic.caption == "a fig"


def test_who_waits_in_the_tab_for_a_first_result_gets_it(open_page):
    page = open_page(DESKTOP)
    page.click("#picture button[aria-label='Clear'], #picture button[aria-label='Remove Image']")
    page.wait_for_selector("#status:has-text('Choose a picture')")
    open_tab(page, "Edit")
    page.wait_for_selector("#edit-status:has-text('Encode a picture')")
    assert not page.is_visible(".ts-editor")
    page.set_input_files("#picture input[type=file]", EXAMPLES / "fig.jpg")
    page.wait_for_selector(".ts-editor[data-ready]")
    page.wait_for_function(DONE, arg="")


def test_a_first_result_takes_no_file_away_that_is_being_opened(open_page, tmp_path):
    picture = Image.open(EXAMPLES / "fig.jpg")
    path = tmp_path / "mine.tsk"
    path.write_bytes(ts.encode(picture.resize((301, 201)), budget=500, effort=1).data)
    page = open_page(DESKTOP)
    page.evaluate("document.querySelector('#tab-edit-button').click()")  # the result begins to be opened
    page.set_input_files("#edit-tsk input[type=file]", path)
    for _ in range(5):
        page.evaluate("document.querySelector('#edit-arrive').click()")
        page.wait_for_timeout(50)
    page.wait_for_function("document.querySelector('.ts-canvas canvas').width === 301")
    page.wait_for_function(DONE, arg="")
    assert page.evaluate("document.querySelector('.ts-canvas canvas').width") == 301


def test_nothing_of_the_tab_is_loaded_before_it_is_opened(open_page):
    page = open_page(DESKTOP)
    loaded = page.evaluate("performance.getEntriesByType('resource').map(entry => entry.name)")
    assert loaded and not any(name.endswith("edit.js") for name in loaded)
    assert page.locator(".ts-editor, #edit-tsk").count() == 0
