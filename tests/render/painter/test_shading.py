import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

import textsketch as ts
from textsketch.codestream.grids import grid_shape
from textsketch.layers import Descriptors, Layers, Person, Semantic, Skeletons, Strokes
from textsketch.measure.metrics.pixels import psnr_db
from textsketch.render.painter import painting, shading
from textsketch.structure.line_drawing import line_mask


def boxed(size: tuple[int, int]) -> Layers:
    """A grey field with a box drawn on it."""
    strokes = np.zeros(grid_shape(size, 192), bool)
    rows, columns = strokes.shape
    strokes[[rows // 4, 3 * rows // 4], columns // 4 : 3 * columns // 4] = True
    strokes[rows // 4 : 3 * rows // 4, [columns // 4, 3 * columns // 4]] = True
    return Layers(size, Semantic("", Descriptors((4, 0, 0, 0))), Strokes(strokes))


def painted(layers: Layers, **options: bool) -> np.ndarray:
    return np.asarray(painting.render(layers, **options)).astype(int)


@pytest.mark.parametrize("name", ["coffee", "pagoda", "fig"])
def test_a_shaded_sketch_is_nearer_to_the_picture_than_its_field_and_its_drawing(name):
    from conftest import EXAMPLES

    photo = Image.open(EXAMPLES / f"{name}.jpg").convert("RGB").resize((384, 256))
    layers = ts.encode(photo, mode="text+sketch", budget=200).layers
    drawn, shaded = (psnr_db(photo, painting.render(layers, brush=on)) for on in (False, True))
    bare = psnr_db(photo, painting.render(layers.reduced_to(ts.Mode.TEXT_ONLY)))
    assert shaded > drawn + 1 and shaded > bare


def test_lines_become_edges(photo):
    layers = boxed((384, 256))
    drawn, shaded = painted(layers, brush=False).mean(2), painted(layers).mean(2)
    lines = drawn < drawn[:32].min() - 30
    assert lines.mean() > 0.005
    # What was a dark line differs no more from what lies around it than that does from itself.
    assert shaded[lines].mean() > drawn[lines].mean() + 30


def test_combs_of_fine_streaks_are_not_shown_and_edges_are(monkeypatch):
    drawn = np.full((3, 384, 512), 0.3, np.float32)
    drawn[:, :, 256:] = 0.7
    edge = drawn.copy()
    drawn[:, 100:140:4, 60:120] = 0.6
    monkeypatch.setattr(shading.small_networks, "run", lambda file, given: drawn[None])
    shading._shade.cache_clear()
    shaded = shading.shade(boxed((512, 384)))[0]
    shading._shade.cache_clear()
    assert np.abs(shaded - (255 * edge[0] - 128)).max() < 1


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (16, 16), (33, 47), (700, 20), (1023, 65), (1600, 900)])
def test_sketches_of_any_size_are_shaded(size):
    layers = boxed(size)
    shaded = painted(layers)
    assert shaded.shape == (size[1], size[0], 3)
    field = painting.field(layers)
    assert abs(shaded[..., 1].mean() - 128 - field[0].mean()) < 60


def test_the_cells_of_the_network_are_not_seen():
    shaded = shading.shade(boxed((512, 384)))[0]
    cells = shaded.reshape(96, 4, 128, 4)
    flat = cells - cells.mean((1, 3), keepdims=True)
    dots = np.abs(flat[24:-24, :, 32:-32].mean((0, 2)))
    assert dots.max() < 0.5


def test_a_sketch_is_shaded_the_same_twice():
    first = painted(boxed((300, 200)))
    shading._shade.cache_clear()
    assert np.array_equal(painted(boxed((300, 200))), first)


def test_what_the_encoder_has_shaded_is_not_shaded_anew(photo, monkeypatch):
    layers = ts.encode(photo, mode="text+sketch", budget=200).layers
    first = painted(layers)
    kept = shading.shade(layers).copy()
    monkeypatch.setattr(shading.small_networks, "run", lambda *_: pytest.fail("the network ran again"))
    assert np.array_equal(painted(layers), first) and np.array_equal(shading.shade(layers), kept)


def test_only_sketches_without_colours_are_shaded(photo):
    person: Person = tuple((100 + 10 * index, 200) for index in range(18))
    empty = Layers((64, 48), Semantic(), Strokes(np.zeros(grid_shape((64, 48), 32), bool)))
    skeletons = Layers((64, 48), Semantic(), Skeletons((person,)))
    three = ts.encode(photo, budget=200).layers
    assert shading.shades(boxed((64, 48)))
    assert not any(map(shading.shades, (empty, skeletons, three, Layers((64, 48), Semantic()))))
    assert np.array_equal(painted(skeletons), painted(skeletons, brush=False))


def test_the_lines_of_a_page_stay_lines():
    page = Image.new("RGB", (300, 200), "white")
    for row in range(20, 180, 32):
        ImageDraw.Draw(page).text((16, row), "Sphinx of quartz", "black", ImageFont.load_default(24))
    layers = ts.encode(page, mode="text+sketch", budget=300).layers
    assert layers.strokes.sum() > 100 and not shading.shades(layers)
    drawn = line_mask(layers.strokes, 200, 300, 1.5) > 0.7
    assert painted(layers)[drawn].mean() < 80 < 240 < np.median(painted(layers)[~drawn])
    assert ts.decode(ts.pack(layers)).invented is None


def test_the_paper_of_a_drawing_has_no_clouds():
    drawing = Image.new("RGB", (512, 384), "white")
    for ring in range(12):
        box = (150 + 8 * ring, 50 + 6 * ring, 360 - 4 * ring, 300 - 5 * ring)
        ImageDraw.Draw(drawing).ellipse(box, outline="black", width=2)
    layers = ts.encode(drawing, mode="text+sketch", budget=300).layers
    plain, even = (painting.render(layers, brush=on) for on in (False, True))
    beside = ndimage.distance_transform_edt(np.asarray(drawing)[..., 0] > 200) > 50
    assert np.asarray(even)[beside].std() < 0.5 * np.asarray(plain)[beside].std()
    assert psnr_db(drawing, even) > psnr_db(drawing, plain) + 0.1


def test_paper_of_any_colour_keeps_it():
    paper = Image.new("RGB", (300, 200), (250, 243, 225))
    ImageDraw.Draw(paper).line((20, 20, 280, 180), "black", 2)
    layers = ts.encode(paper, mode="text+sketch", budget=100).layers
    assert not shading.shades(layers)
    corner = painted(layers)[150:, :100].mean((0, 1))
    assert np.abs(corner - (250, 243, 225)).max() < 8


def test_a_chart_in_colours_is_shaded():
    chart = Image.new("RGB", (640, 400), "white")
    pen = ImageDraw.Draw(chart)
    for left, top, colour in ((90, 230, "blue"), (210, 140, "red"), (330, 260, "orange"), (450, 70, "green")):
        pen.rectangle((left, top, left + 60, 350), fill=colour)
    layers = ts.encode(chart, mode="text+sketch", budget=300).layers
    assert shading.shades(layers)
    assert psnr_db(chart, painting.render(layers)) > psnr_db(chart, painting.render(layers, brush=False)) + 2


def test_black_and_white_stays_so(photo):
    layers = ts.encode(photo.convert("L").convert("RGB"), mode="text+sketch", budget=300).layers
    assert shading.shades(layers)
    assert np.ptp(np.asarray(painting.render(layers)).astype(int), axis=2).max() <= 1
