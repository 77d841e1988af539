from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

import textsketch as ts
from textsketch import bitstream
from textsketch.allocation.painter import choose_layers
from textsketch.codestream.grids import base_shape, grid_shape
from textsketch.layers import Descriptors, Layers, Mode, Semantic, Strokes, Texture
from textsketch.render.painter.painting import MOST_PIXELS, render


@pytest.fixture(scope="module")
def painted(photo) -> Layers:
    return choose_layers(photo, Mode.THREE_LAYER, 500, "", size_of=lambda layers: len(bitstream.pack(layers)))


def test_nothing_at_all_paints_a_plain_grey():
    picture = np.asarray(render(Layers((30, 20), Semantic("a red barn"))))
    assert picture.shape == (20, 30, 3)
    assert (picture == 128).all()


def test_a_sketch_is_drawn_dark_on_its_field():
    strokes = np.zeros(grid_shape((120, 80), 32), bool)
    strokes[10, 5:25] = True
    layers = Layers((120, 80), Semantic("", Descriptors((4, 0, 0, 0))), Strokes(strokes))
    luma = np.asarray(render(layers, brush=False).convert("L")).astype(int)
    assert luma[10:60].min() < luma[70].min() - 50
    assert np.ptp(luma[70]) < 3


def test_painting_twice_gives_the_same_picture(painted):
    assert np.array_equal(np.asarray(render(painted)), np.asarray(render(painted)))


def test_grain_can_be_left_out_and_follows_the_seed(painted):
    with_grain, without = (np.asarray(render(painted, grain=on)) for on in (True, False))
    assert not np.array_equal(with_grain, without)
    assert not np.array_equal(with_grain, np.asarray(render(replace(painted, seed=7))))
    assert np.array_equal(without, np.asarray(render(replace(painted, seed=7), grain=False)))


@pytest.mark.parametrize("size", [(60, 40), (120, 80), (480, 320), (1, 1)])
def test_other_sizes_show_the_same_picture(painted, size):
    picture = render(painted, size, grain=False)
    assert picture.size == size
    full = render(painted, grain=False).resize(size, Image.Resampling.BOX)
    difference = np.asarray(picture, float) - np.asarray(full, float)
    assert np.abs(difference.mean()) < 6
    assert difference.std() < 25


def test_a_huge_picture_is_painted_within_the_cap():
    picture = render(Layers((16384, 16384), Semantic("", Descriptors((4, 0, 0, 0)))))
    assert picture.width * picture.height <= MOST_PIXELS


def test_erasing_strokes_still_paints(painted):
    strokes = painted.structure.strokes.copy()
    strokes[:, : strokes.shape[1] // 2] = False
    edited = Layers(painted.size, painted.semantic, Strokes(strokes), painted.texture)
    assert render(edited).size == painted.size


def test_a_texture_without_a_sketch_paints():
    size = (50, 30)
    texture = Texture(np.ones((3, *base_shape(size)), np.int32), 30)
    assert render(Layers(size, Semantic(), None, texture)).size == size


@pytest.mark.parametrize("brush", [True, False])
def test_a_sketch_without_lines_is_its_field(brush):
    picture = Image.new("RGB", (160, 120), (60, 140, 200))
    layers = ts.encode(picture, mode="text+sketch", budget=200).layers
    assert layers.strokes is not None and not layers.strokes.any()
    field = Layers(layers.size, layers.semantic)
    painted = render(layers, brush=brush)
    assert painted == render(field, brush=brush)
    assert np.abs(np.asarray(painted).astype(int) - picture.getpixel((0, 0))).max() < 8
