import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textsketch.codestream.grids import base_shape, grain_shape, grid_shape
from textsketch.codestream.tables import NEWEST
from textsketch.errors import BitstreamError
from textsketch.layers import Descriptors, Layers, Semantic, Strokes, Texture
from textsketch.texture.colour_coder import pack, unpack
from textsketch.texture.colour_map import LARGEST, STEP_COUNT, preview
from textsketch.texture.grain import LEVELS

SIZES = [(96, 64), (64, 96), (16, 400), (1, 1), (37, 53)]


def _layers(size, random) -> Layers:
    strokes = random.random(grid_shape(size, 64)) < 0.05
    return Layers(size, Semantic("", Descriptors((3, -1, 2, 0))), Strokes(strokes))


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(SIZES),
    st.sampled_from([0.0, 0.3, 1.0, 5.0, 300.0]),
    st.integers(0, STEP_COUNT - 1),
    st.sampled_from([None, False, True]),
    st.integers(0, 2**32 - 1),
)
def test_any_texture_survives_unchanged(size, spread, step_index, fine_grain, seed):
    random = np.random.default_rng(seed)
    layers = _layers(size, random)
    values = np.clip(np.rint(random.standard_normal((3, *base_shape(size))) * spread), -LARGEST, LARGEST)
    grain = None
    if fine_grain is not None:
        grain = random.integers(0, LEVELS, grain_shape(size, fine_grain)).astype(np.uint8)
    texture = Texture(values.astype(np.int32), step_index, grain)
    result = unpack(pack(texture, layers, NEWEST), layers, NEWEST)
    assert np.array_equal(result.coefficients, texture.coefficients)
    assert result.step_index == step_index
    assert (result.grain is None) == (grain is None)
    if grain is not None:
        assert np.array_equal(result.grain, grain)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(SIZES), st.binary(max_size=300))
def test_any_bytes_give_a_texture_or_a_bitstream_error(size, data):
    layers = _layers(size, np.random.default_rng(0))
    try:
        texture = unpack(data, layers, NEWEST)
    except BitstreamError:
        return
    assert texture.coefficients.shape == (3, *base_shape(size))
    assert np.abs(texture.coefficients).max() <= LARGEST


@pytest.mark.parametrize("size", [(16384, 16384), (512, 512)])
def test_the_worst_bytes_cost_less_than_two_seconds(size):
    layers = Layers(size, Semantic())
    random = np.random.default_rng(0)
    for length in (0, 40, 32_000):
        start = time.process_time()
        try:
            unpack(b"\x80" + random.bytes(length), layers, NEWEST)
        except BitstreamError:
            pass
        assert time.process_time() - start < 2


def test_the_grid_does_not_grow_with_the_picture():
    assert max(base_shape((16384, 16384))) <= 512


def test_the_preview_shows_the_colour_map_at_a_bounded_size():
    size = (1200, 800)
    layers = _layers(size, np.random.default_rng(0))
    texture = Texture(np.zeros((3, *base_shape(size)), np.int32), 30)
    shown = preview(texture, layers)
    assert shown.dtype == np.uint8
    assert shown.shape == (267, 400, 3) or max(shown.shape) <= 512
