"""Condition pictures: where the lines are, and how like real soft edge maps they look."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from textsketch.codestream.grids import grid_shape
from textsketch.models import weights
from textsketch.render.diffusion import condition
from textsketch.structure import detectors, line_drawing
from textsketch.structure.lines import draw

SHARED = Path(__file__).parents[4] / "shared"


def cross():
    strokes = np.zeros((32, 48), bool)
    strokes[16, 4:44] = True
    return strokes


def test_lines_are_white_on_black_where_the_strokes_are():
    for drawn in (line_drawing.soft_edges(cross(), (768, 512)), line_drawing.sketch(cross(), (768, 512))):
        pixels = np.asarray(drawn)
        assert pixels.shape == (512, 768) and drawn.mode == "L"
        assert pixels[260:268, 100:650].max(0).min() > 150
        assert pixels[:230].max() == 0 and pixels[300:].max() == 0


def test_soft_edges_fade_and_the_sketch_is_crisp():
    soft, crisp = (np.asarray(f(cross(), (768, 512))) for f in (line_drawing.soft_edges, line_drawing.sketch))
    between = [((pixels > 15) & (pixels < 240)).mean() / (pixels > 15).mean() for pixels in (soft, crisp)]
    assert between[0] > 0.75 and between[1] < 0.5


def test_long_lines_are_drawn_wider_and_in_soft_edges_stronger_than_short_ones():
    strokes = np.zeros((64, 64), bool)
    strokes[16, 2:62] = strokes[48, 30:34] = True
    soft, crisp = (np.asarray(f(strokes, (512, 512))) for f in (line_drawing.soft_edges, line_drawing.sketch))
    for drawn, stronger in ((soft, True), (crisp, False)):
        long, short = drawn[64:192, 256].astype(int), drawn[320:448, 256].astype(int)
        assert long.sum() > 1.1 * short.sum() > 0
        assert (long.max() > 1.1 * short.max()) == stronger


def test_no_strokes_give_black():
    assert np.asarray(line_drawing.soft_edges(np.zeros((8, 8), bool), (64, 64))).max() == 0


def test_the_colour_map_is_made_of_64_pixel_blocks_of_mean_colours():
    pixels = np.random.default_rng(0).integers(0, 256, (128, 192, 3), np.uint8)
    mapped = np.asarray(condition.colour_map(Image.fromarray(pixels), (192, 128)))
    for row in range(2):
        for column in range(3):
            part = (slice(64 * row, 64 * row + 64), slice(64 * column, 64 * column + 64))
            assert np.ptp(mapped[part].reshape(-1, 3), axis=0).max() == 0
            assert np.abs(mapped[part][0, 0] - pixels[part].mean((0, 1))).max() <= 1


def test_drawn_strokes_look_like_the_real_map_they_came_from(monkeypatch, tmp_path_factory):
    pytest.importorskip("controlnet_aux")
    if not SHARED.exists():
        pytest.skip("needs ../shared")
    monkeypatch.setenv(weights.LOCAL_FOLDER_VARIABLE, str(SHARED / "weights"))
    picture = Image.open(SHARED / "data/cid22/1938351.webp").convert("RGB")
    real = detectors.edge_map(picture, "pidinet")
    teed = detectors.edge_map(picture, "teed")
    shape = grid_shape(picture.size, 192)
    strokes = draw(detectors.find(real, shape)[:120], shape)
    drawn = np.asarray(line_drawing.soft_edges(strokes, picture.size), np.float32) / 255
    side_by_side = np.hstack([real, drawn, teed])
    path = tmp_path_factory.mktemp("pictures") / "real-drawn-teed.png"
    Image.fromarray((side_by_side * 255).astype(np.uint8)).save(path)
    # A map of the same strokes mirrored is as bright, but says something else.
    alike = np.corrcoef(real.ravel(), drawn.ravel())[0, 1]
    unlike = np.corrcoef(real.ravel(), drawn[:, ::-1].ravel())[0, 1]
    assert alike > 0.6 and alike > unlike + 0.4
    assert 0.5 < drawn.mean() / real.mean() < 2
