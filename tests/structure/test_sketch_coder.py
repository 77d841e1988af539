import time

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textsketch.codestream.grids import SKETCH_LONG_SIDES, grid_shape
from textsketch.codestream.tables import NEWEST
from textsketch.errors import BitstreamError
from textsketch.layers import Strokes
from textsketch.structure.barriers import barriers, trace
from textsketch.structure.kinds import preview
from textsketch.structure.sketch_coder import pack, unpack

SIZES = [(768, 512), (512, 768), (16, 4096), (4096, 16), (1, 1), (37, 53)]


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(SIZES), st.sampled_from(SKETCH_LONG_SIDES[:5]), st.floats(0, 1), st.integers(0, 2**32 - 1)
)
def test_any_bitmap_survives_unchanged(size, long_side, density, seed):
    strokes = np.random.default_rng(seed).random(grid_shape(size, long_side)) < density**3
    assert np.array_equal(unpack(pack(Strokes(strokes), size, NEWEST), size, NEWEST).strokes, strokes)


@settings(max_examples=80, deadline=None)
@given(st.sampled_from([*SIZES, (16384, 16384)]), st.binary(max_size=400))
def test_any_bytes_give_a_sketch_or_a_bitstream_error(size, data):
    try:
        sketch = unpack(data, size, NEWEST)
    except BitstreamError:
        return
    assert sketch.strokes.dtype == bool
    assert max(sketch.strokes.shape) <= SKETCH_LONG_SIDES[-1]


def test_the_worst_bytes_cost_less_than_two_seconds():
    data = np.random.default_rng(1).bytes(30_000)
    for first in range(0, 256, 28):
        start = time.process_time()
        try:
            unpack(bytes([first]) + data, (16384, 16384), NEWEST)
        except BitstreamError:
            pass
        assert time.process_time() - start < 2


def test_an_empty_sketch_takes_one_byte_at_most():
    assert len(pack(Strokes(np.zeros((128, 192), bool)), (768, 512), NEWEST)) <= 1


def test_a_bitmap_that_is_on_no_grid_is_refused():
    with pytest.raises(ValueError, match="no sketch grid"):
        pack(Strokes(np.zeros((127, 192), bool)), (768, 512), NEWEST)


def _circle() -> np.ndarray:
    canvas = np.zeros((128, 192), np.uint8)
    cv2.circle(canvas, (96, 64), 40, 1)
    return canvas > 0


def test_a_smooth_curve_costs_little_more_than_a_bit_a_cell():
    strokes = _circle()
    assert 8 * len(pack(Strokes(strokes), (768, 512), NEWEST)) < 1.2 * strokes.sum()


def test_a_closed_stroke_leaves_no_gap_for_colours():
    right, down = barriers(_circle(), 512, 768)
    seen = np.zeros((512, 768), bool)
    seen[256, 384] = True
    while True:
        grown = seen.copy()
        grown[:, 1:] |= seen[:, :-1] & ~right[:, :-1]
        grown[:, :-1] |= seen[:, 1:] & ~right[:, :-1]
        grown[1:] |= seen[:-1] & ~down[:-1]
        grown[:-1] |= seen[1:] & ~down[:-1]
        if np.array_equal(grown, seen):
            break
        seen = grown
    assert not seen[0, 0]
    assert 0.9 < seen.sum() / (np.pi * 160**2) < 1.1


def test_tracing_visits_every_cell():
    strokes = np.random.default_rng(3).random((40, 60)) < 0.2
    visited = {tuple(point) for line in trace(strokes) for point in line.tolist()}
    assert visited == {tuple(point) for point in np.argwhere(strokes).tolist()}


def test_the_preview_is_dark_lines_on_white():
    grey = preview(Strokes(_circle()), (768, 512))
    assert grey.dtype == np.uint8
    assert grey.shape == (512, 768)
    assert grey[0, 0] == 255
    assert grey.min() < 60
