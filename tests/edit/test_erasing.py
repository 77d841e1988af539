"""Erased things leave no ghost: the file is as one of the picture without them."""

import cv2
import edit_masks
import numpy as np
import pytest
from conftest import EXAMPLES, SHARED_DATA
from PIL import Image

import textsketch as ts
from textsketch import edit
from textsketch.edit.flow import fill
from textsketch.edit.lines import cut
from textsketch.edit.masks import grown, thinned

LONG_SIDE = 240
REACH = 3
"""Pixels beside a mask that are inpainted with it, as `erase` takes them: a rim is dragged along otherwise."""


def read(name: str) -> Image.Image:
    path = EXAMPLES / f"{name}.jpg"
    if name.startswith("kodim"):
        path = SHARED_DATA / "kodak" / f"{name}.png"
        if not path.exists():
            pytest.skip(f"{path} is not there")
    picture = Image.open(path).convert("RGB")
    picture.thumbnail((LONG_SIDE, LONG_SIDE), Image.Resampling.LANCZOS)
    return picture


def painted(layers) -> np.ndarray:
    return np.asarray(ts.paint(layers, brush=False, grain=False), np.float32)


def rms(difference: np.ndarray) -> float:
    return float(np.sqrt(np.square(difference).mean()))


@pytest.mark.parametrize("budget", [400, 800])
@pytest.mark.parametrize("name", edit_masks.THINGS)
def test_no_ghost_is_left(name, budget):
    picture = read(name)
    mask = edit_masks.mask([edit_masks.THINGS[name]], *picture.size)
    inside = mask > 0
    pixels = np.asarray(picture)
    rim = grown(inside, REACH).astype(np.uint8)
    without = cv2.inpaint(np.ascontiguousarray(pixels), rim, 5, cv2.INPAINT_TELEA)
    encoded = ts.encode(picture, budget=budget, effort=1).layers
    erased = painted(edit.erase(encoded, mask))
    wanted = painted(ts.encode(Image.fromarray(without), budget=budget, effort=1).layers)
    coder_error = rms(painted(encoded) - pixels)
    assert rms((erased - wanted)[inside]) < coder_error
    assert rms((painted(encoded) - wanted)[inside]) > rms((erased - wanted)[inside])
    assert rms((erased - painted(encoded))[~grown(inside, 24)]) < 0.3 * coder_error


def test_a_hole_is_filled_smoothly_from_around():
    down, across = np.mgrid[:40, :60].astype(np.float32)
    slope = np.stack([across + 2 * down, 3 * across - down])
    hole = np.hypot(across - 25, down - 18) < 11
    spoilt = np.where(hole, 500, slope)
    filled = fill(spoilt, hole)
    assert np.abs(filled - slope)[:, hole].mean() < 5 and np.abs(filled - slope)[:, ~hole].max() == 0
    grounds = np.where(down < 20, 0, 100)[None].astype(np.float32)
    filled = fill(np.where(hole, 500, grounds), hole)
    assert filled[0, 12, 25] < 15 and filled[0, 26, 25] > 85
    everything = np.ones((40, 60), bool)
    assert np.allclose(fill(slope, everything), slope.mean((1, 2), keepdims=True))
    assert fill(slope, ~everything) is slope


def test_cut_strokes_end_without_stubs_and_short_lines_elsewhere_stay():
    strokes = np.zeros((20, 40), bool)
    strokes[10, 2:38] = True  # through the hole, with a stub of three cells on its left
    strokes[2, 30:33] = True  # a short line of its own
    hole = np.zeros_like(strokes)
    hole[:, 5:20] = True
    left = cut(strokes, hole)
    assert not left[:, :20].any() and left[10, 20:38].all() and left[2, 30:33].all()


def test_thick_lines_become_lines_of_one_cell():
    thick = np.zeros((30, 50), bool)
    thick[10:17, 5:45] = True
    thin = thinned(thick)
    assert 30 <= thin.sum() <= 40 and thin.any(0).sum() == thin.sum() and not (thin & ~thick).any()
    assert np.array_equal(thinned(thin), thin)
