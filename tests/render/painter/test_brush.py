import resource
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

import textsketch as ts
from textsketch.codestream.grids import base_shape, grain_shape
from textsketch.image.colour_space import to_ycbcr
from textsketch.layers import Descriptors, Layers, Semantic, Texture
from textsketch.measure.metrics.pixels import psnr_db
from textsketch.render.painter import brush, painting


def with_texture(size: tuple[int, int], step_index: int = 44, sent: int = 6, grain: bool = False) -> Layers:
    """Layers whose colour map has coefficients in its coarsest bands alone: soft all over."""
    coefficients = np.zeros((3, *base_shape(size)), np.int32)
    random = np.random.default_rng(1)
    rows, columns = (min(sent, side) for side in coefficients.shape[1:])
    coefficients[:, :rows, :columns] = random.integers(-2, 3, (3, rows, columns))
    shades = random.integers(1, 5, grain_shape(size, True)).astype(np.uint8) if grain else None
    return Layers(
        size, Semantic("", Descriptors((4, 0, 0, 0))), None, Texture(coefficients, step_index, shades)
    )


def painted(layers: Layers, **options: bool) -> np.ndarray:
    return np.asarray(painting.render(layers, **options)).astype(int)


def in_another_process(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_soft_contour_comes_out_crisp_and_nearer_to_the_picture():
    drawing = Image.new("RGB", (480, 320), (250, 240, 220))
    ImageDraw.Draw(drawing).ellipse((100, 60, 360, 260), fill=(60, 90, 160))
    layers = ts.encode(drawing, budget=150).layers
    plain, crisp = (painting.render(layers, grain=False, brush=on) for on in (False, True))
    steepest = [
        np.abs(np.diff(np.asarray(one).astype(int), axis=1)).max(axis=(1, 2)) for one in (plain, crisp)
    ]
    # A stroke makes the contour crisp in some of the rows anyhow.
    softest = [np.quantile(rows[100:220], 0.25) for rows in steepest]
    assert softest[1] > 1.3 * softest[0]
    assert psnr_db(drawing, crisp) > psnr_db(drawing, plain) + 0.3


@pytest.mark.parametrize(("side", "gain_db"), [(8, 0.3), (16, 3.0), (32, 3.0)])
def test_a_checkerboard_comes_out_as_one_and_not_as_stripes(side, gain_db):
    squares = np.indices((256 // side, 256 // side)).sum(0) % 2 * 255
    board = Image.fromarray(np.kron(squares, np.ones((side, side))).astype(np.uint8)).convert("RGB")
    layers = ts.encode(board, budget=300).layers
    plain, brushed = (psnr_db(board, painting.render(layers, brush=on)) for on in (False, True))
    assert brushed > plain + gain_db


@pytest.mark.parametrize(("slope", "step_levels"), [(0, 50), (4, 50), (30, 50), (4, 2)])
@pytest.mark.parametrize("luma", [60, -88])
def test_no_more_speckle_is_painted_than_the_slopes_around_and_a_step_bear(slope, step_levels, luma):
    noise = np.random.default_rng(2).normal(0, 20, (3, 160, 240)).astype(np.float32)
    noise -= ndimage.uniform_filter(noise, (1, 9, 9))
    broad = ndimage.gaussian_filter(np.random.default_rng(3).normal(0, 1, noise.shape), (0, 20, 20)) * 400
    slopes = np.full(noise.shape[1:], slope, np.float32), np.zeros(noise.shape[1:], np.float32)
    bare = np.full(noise.shape[1:], luma, np.float32)
    left = noise + broad - brush._speckle((noise + broad).astype(np.float32), bare, *slopes, step_levels)
    fine = (left - broad)[:, 20:-20, 20:-20].std((1, 2))
    borne = (5.5 if luma > 0 else 2.75) + slope
    assert fine == pytest.approx(min(20, borne, 6 + 0.35 * step_levels), rel=0.12)


@pytest.mark.parametrize(("budget", "at_most_db"), [(300, 0.2), (1000, 0.2), (3000, 2.0), (8000, 1.0)])
def test_soft_rings_do_not_become_hard_ones(budget, at_most_db):
    rows, columns = np.mgrid[-192:192, -256:256]
    rings = Image.fromarray((127 + 127 * np.sin((rows**2 + columns**2) / 900)).astype(np.uint8)).convert(
        "RGB"
    )
    layers = ts.encode(rings, budget=budget).layers
    plain, brushed = (psnr_db(rings, painting.render(layers, brush=on)) for on in (False, True))
    assert brushed > plain - at_most_db


def test_grain_on_nothing_is_not_woven_into_cloth():
    squares = np.indices((32, 32)).sum(0) % 2 * 255
    board = Image.fromarray(np.kron(squares, np.ones((8, 8))).astype(np.uint8)).convert("RGB")
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (256, 256, 3)).astype(np.uint8))
    for picture, at_most in ((board, 0.2), (noise, 2.0)):
        layers = ts.encode(picture, budget=100).layers  # hardly more than that it is grey and rough
        plain, brushed = (
            np.asarray(painting.render(layers, brush=on), np.float32)[64:192, 64:192] for on in (False, True)
        )
        assert plain.std() > 3
        assert np.abs(brushed - plain).mean() < at_most


@pytest.mark.parametrize(
    ("kind", "least", "most"),
    [("rows", -0.1, 0.1), ("columns", -0.1, 0.1), ("noise", 0.85, 1), ("edge", 0.85, 1.001)],
)
def test_no_thread_is_drawn_where_nothing_runs_along_it(kind, least, most, monkeypatch):
    size, random = (320, 256), np.random.default_rng(0)
    layers = with_texture(size, step_index=60)
    planes = np.zeros((3, size[1], size[0]), np.float32)
    drawn = np.zeros(planes.shape[1:], np.float32)
    if kind == "edge":
        drawn[128:] = 60
        planes[0] = ndimage.gaussian_filter1d(drawn, 2, axis=0)
        drawn -= planes[0]
    elif kind == "noise":
        drawn[:] = random.normal(0, 10, drawn.shape)
    elif kind == "rows":
        drawn[:] = random.normal(0, 10, (size[1], 1))
    else:
        drawn[:] = random.normal(0, 10, (1, size[0]))

    def network(file, given):
        sides = [brush.CELL * side for side in given.shape[2:]]
        plain = given[0, :48].reshape(3, 4, 4, *given.shape[2:]).transpose(0, 3, 1, 4, 2).reshape(3, *sides)
        margin = brush.CELL * brush._MARGIN
        beyond = [(margin, side - margin - whole) for side, whole in zip(sides, drawn.shape, strict=True)]
        return (plain + np.pad(drawn, beyond) / 255)[None]

    monkeypatch.setattr(brush, "_sent", lambda layers, skipped, cell, shape: np.zeros(shape, np.float32))
    monkeypatch.setattr(brush.small_networks, "run", network)
    monkeypatch.setattr(brush, "STEP_BORNE", (1e9, 0))
    monkeypatch.setattr(brush, "BORNE", (1e9, 0))
    changes = []
    for woven in (brush.WOVEN, (1e9, 2e9)):
        monkeypatch.setattr(brush, "WOVEN", woven)
        after = planes.copy()
        brush.sharpen(after, layers)
        changes.append((after - planes)[0, 40:-40, 40:-40])
    left = (changes[0] * changes[1]).sum() / np.square(changes[1]).sum()
    assert least < left < most, left


@pytest.mark.parametrize("budget", [300, 600])
def test_the_smear_of_a_line_of_letters_does_not_become_a_rope(budget):
    page = Image.new("RGB", (640, 400), "white")
    for line in range(18):
        words = "The quick brown fox jumps over the lazy dog and runs away from it"
        ImageDraw.Draw(page).text((20, 14 + 21 * line), words, (25, 25, 30), ImageFont.load_default(15))
    layers = ts.encode(page, budget=budget).layers
    plain, brushed = (painting.render(layers, brush=on) for on in (False, True))
    change = (np.asarray(brushed).astype(int) - np.asarray(plain))[40:360, 60:400, 1]
    along, down = (np.abs(np.diff(change, axis=axis)).mean() for axis in (1, 0))
    assert down > 5 and along < 0.65 * down
    assert psnr_db(page, brushed) > psnr_db(page, plain) + 0.1


def test_without_the_brush_no_network_is_loaded():
    assert (
        in_another_process(
            "import sys, numpy as np, textsketch as ts\n"
            "data = ts.encode(np.arange(7500, dtype=np.uint8).reshape(50, 50, 3), budget=200).data\n"
            "ts.decode(data, brush=False)\n"
            "print('a network' if 'onnxruntime' in sys.modules else 'no network')"
        )
        == "no network\n"
    )


def test_the_finer_the_colours_were_sent_the_less_is_changed():
    changes = []
    for step_index in (10, 20, 30, 40):
        layers = with_texture((480, 320), step_index)
        # The same picture at every step, so that only the strength differs.
        planes = to_ycbcr(painted(with_texture((480, 320)), brush=False).astype(np.uint8))
        before = planes.copy()
        brush.sharpen(planes, layers)
        changes.append(float(np.abs(planes - before).mean()))
    assert changes[0] == 0 and changes == sorted(changes) and changes[1] > 0


def test_letters_that_were_sent_stay_legible():
    page = Image.new("RGB", (400, 300), "white")
    for line, size in enumerate((24, 18, 14, 12, 12)):
        text = "Sphinx of black quartz, judge my vow 0123456789"
        ImageDraw.Draw(page).text((8, 8 + 50 * line), text, (20, 20, 60), ImageFont.load_default(size))
    layers = ts.encode(page, budget=4000).layers
    assert layers.texture.step_index > 30  # or the step alone would keep the brush off
    plain, brushed = (psnr_db(page, painting.render(layers, brush=on)) for on in (False, True))
    assert plain > 22 and brushed > plain - 0.1


@pytest.mark.parametrize("size", [(480, 320), (300, 200), (401, 263)])
def test_a_picture_painted_in_pieces_has_no_seam(size, monkeypatch):
    layers = with_texture(size)
    whole = painted(layers)
    assert not np.array_equal(whole, painted(layers, brush=False))
    monkeypatch.setattr(brush, "LONGEST_PIECE", 60)
    assert np.abs(painted(layers) - whole).max() <= 1


@pytest.mark.parametrize(
    "size", [(1, 1), (2, 900), (16, 16), (17, 9), (33, 31), (385, 21), (23, 700), (383, 385), (2000, 30)]
)
def test_any_size_is_painted_and_shows_the_same_colours(size):
    layers = with_texture(size)
    plain, brushed = painted(layers, brush=False), painted(layers)
    assert brushed.shape == plain.shape == (size[1], size[0], 3)
    assert np.abs(brushed.mean((0, 1)) - plain.mean((0, 1))).max() < 2


def test_painted_smaller_it_is_brushed_too():
    layers = with_texture((960, 640))
    small = [painting.render(layers, (480, 320), brush=on) for on in (False, True)]
    assert small[0].size == small[1].size == (480, 320)
    assert np.abs(np.subtract(*(np.asarray(one).astype(int) for one in small))).max() > 5


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (90, 140, 200), (255, 0, 0)])
def test_a_flat_picture_stays_flat(colour):
    flat = to_ycbcr(np.full((100, 140, 3), colour, np.uint8))
    planes = flat.copy()
    brush.sharpen(planes, with_texture((140, 100)))
    assert np.abs(planes - flat).max() < 0.5


@pytest.mark.parametrize(("side", "size_bytes"), [(16, 60), (64, 60), (64, 150), (128, 150)])
def test_a_gradient_of_a_small_picture_stays_one(side, size_bytes):
    ramp = np.linspace(0, 255, side)
    colours = np.stack(
        [np.broadcast_to(ramp, (side, side)), np.broadcast_to(ramp[:, None], (side, side))], -1
    )
    gradient = np.concatenate([colours, colours.mean(-1, keepdims=True)], -1).astype(np.uint8)
    layers = ts.encode(gradient, budget=size_bytes).layers
    change = painted(layers).astype(int) - painted(layers, brush=False)
    assert np.sqrt(np.square(change).mean()) < 2


def test_no_pattern_of_the_networks_cells_is_seen(photo):
    layers = ts.encode(photo, budget=250).layers
    planes = painting.field(layers)
    before = planes[0].copy()
    brush.sharpen(planes, layers)
    height, width = (side // brush.CELL * brush.CELL for side in before.shape)
    cells = (planes[0] - before)[:height, :width].reshape(height // 4, 4, width // 4, 4)
    assert np.abs(cells).max() > 10  # it does paint
    alike = cells.mean((0, 2)) - cells.mean()
    assert np.abs(alike).max() < 0.25


def test_colours_are_changed_less_finely_than_brightness(photo):
    layers = ts.encode(photo.resize((720, 480)), budget=300).layers
    plain = painting.field(layers)
    changes = plain.copy()
    brush.sharpen(changes, layers)
    changes -= plain
    fine = [np.abs(each - ndimage.uniform_filter(each, 3)).mean() / np.abs(each).mean() for each in changes]
    assert max(fine[1:]) < 0.5 * fine[0]


def test_black_and_white_stays_black_and_white(photo):
    layers = ts.encode(photo.convert("L").convert("RGB"), budget=300).layers
    brushed = painted(layers)
    assert not np.array_equal(brushed, painted(layers, brush=False))
    assert np.ptp(brushed, axis=2).max() <= 1


def test_grain_lies_on_top_and_is_shaped():
    layers = with_texture((480, 320), grain=True)
    bare = [painted(layers, brush=on, grain=False) for on in (False, True)]
    grain = [painted(layers, brush=on) - bare[on] for on in (False, True)]
    between = np.all([np.abs(one - 128) < 100 for one in bare], axis=(0, -1))  # no colour is cut off
    assert np.abs(grain[0]).max() > 3 and between.mean() > 0.5
    alike = np.corrcoef(grain[0][between].ravel(), grain[1][between].ravel())[0, 1]
    assert 0.6 < alike < 0.99  # the file's own noise, and what the network makes of it


def test_a_field_without_lines_stays_what_was_sent_but_for_its_bands():
    layers = Layers((640, 64), Semantic("", Descriptors((4, 0, 0, 1))))
    smooth, banded = painted(layers), painted(layers, brush=False)
    assert np.abs(smooth - banded).max() == 1
    # A band is a run of columns of one colour; without bands the colour on the way is met by mixing both.
    assert np.abs(np.diff(banded[0, :, 0])).max() == 1 and len(set(banded[0, :, 0])) > 10
    means = smooth[..., 0].mean(0)
    assert (
        np.abs(means - painting.field(layers)[0, 0] - 128).max()
        < 0.35
        < np.abs(means - banded[0, :, 0]).max()
    )
    assert np.array_equal(smooth, painted(replace(layers))) and ts.decode(ts.pack(layers)).invented is None


def test_the_same_layers_are_painted_the_same_twice():
    layers = with_texture((300, 200))
    assert np.array_equal(painted(layers), painted(replace(layers)))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits a process's data so")
def test_where_memory_ends_that_is_said():
    program = (
        "import resource, numpy as np\n"
        "from textsketch.codestream.grids import base_shape\n"
        "from textsketch.layers import Layers, Semantic, Texture\n"
        "from textsketch.render.painter import painting\n"
        "texture = lambda size: Texture(np.ones((3, *base_shape(size)), np.int32), 44)\n"
        "layers = [Layers(size, Semantic(), None, texture(size)) for size in ((64, 64), (1500, 1200))]\n"
        "painting.render(layers[0])\n"
        "painting.render(layers[1], brush=False)\n"
        "resource.setrlimit(resource.RLIMIT_DATA, ({limit}, {limit}))\n"
        "try:\n"
        "    painting.render(layers[1])\n"
        "except MemoryError:\n"
        "    print('no memory')\n"
    )
    assert resource.RLIMIT_DATA and in_another_process(program.format(limit=200 << 20)) == "no memory\n"
