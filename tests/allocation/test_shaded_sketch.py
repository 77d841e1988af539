"""A sketch is chosen by how it looks once it is shaded."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

import textsketch as ts
from textsketch.allocation import shaded_sketch
from textsketch.allocation.painter import choose_layers
from textsketch.allocation.search import Budget
from textsketch.allocation.study import Study
from textsketch.bitstream import SizeMeter
from textsketch.image.colour_space import to_ycbcr
from textsketch.layers import Layers, Mode, Semantic, Strokes
from textsketch.progress import Pulse
from textsketch.semantic.descriptors import field_planes


def chosen(photo, most_bytes: int, shade: shaded_sketch.Shade) -> Layers:
    return choose_layers(photo, Mode.TEXT_SKETCH, most_bytes, "a cup", size_of=SizeMeter(), shade=shade)


def field(layers: Layers, spoilt: float = 0.0) -> np.ndarray:
    """The field alone, which every stroke cell changes by so many levels."""
    planes = field_planes(layers.semantic.descriptors, 64, 96, layers.size)
    return planes + spoilt * (-1) ** np.arange(96) * layers.strokes.sum()


def test_no_more_lines_are_sent_than_help(photo):
    few = chosen(photo, 500, lambda layers: field(layers, 0.05))
    many = chosen(photo, 500, lambda layers: field(layers) * min(1, layers.strokes.mean() * 8))
    assert SizeMeter()(few) < 0.6 * SizeMeter()(many) <= 0.6 * 500
    assert 0 < few.strokes.sum() < 0.5 * many.strokes.sum()


@pytest.mark.parametrize("name", ["coffee", "fig"])
def test_more_bytes_are_never_shaded_worse(name):
    from conftest import EXAMPLES
    from PIL import Image

    from textsketch.measure.metrics.pixels import psnr_db

    photo = Image.open(EXAMPLES / f"{name}.jpg").convert("RGB").resize((384, 256))
    quality, sizes = [], []
    for budget in (120, 200, 400, 900):
        encoded = ts.encode(photo, mode="text+sketch", budget=budget)
        sizes.append(len(encoded.data))
        quality.append(psnr_db(photo, ts.decode(encoded.data).image))
    assert all(size <= budget for size, budget in zip(sizes, (120, 200, 400, 900), strict=True))
    assert all(after > before - 0.1 for before, after in pairwise(quality))
    assert quality[-1] > quality[0] + 0.1


def test_what_is_not_shaded_is_drawn(photo):
    drawn = choose_layers(photo, Mode.TEXT_SKETCH, 300, "a cup", size_of=SizeMeter())
    asked = chosen(photo, 300, lambda layers: None)
    assert np.array_equal(drawn.strokes, asked.strokes) and drawn.semantic == asked.semantic


def test_the_smallest_budget_that_holds_a_sketch_holds_a_shaded_one(photo):
    smallest = Layers(photo.size, Semantic("a cup"), Strokes(np.zeros((96, 192), bool)))
    smallest = replace(smallest, structure=chosen(photo, 60, field).structure)
    assert SizeMeter()(smallest) <= 60


def test_a_sketch_is_known_by_its_colours_not_by_the_bytes_they_were_meant_to_take(photo):
    planes = to_ycbcr(np.asarray(photo))
    bare = Layers(photo.size, Semantic("a cup"), Strokes(np.zeros((128, 192), bool)))
    least, known = SizeMeter()(bare), Study(planes)
    seen = []

    def shade(layers: Layers) -> np.ndarray:
        seen.append(layers.semantic.descriptors)
        return field(layers)

    for most_bytes in range(least + 1, least + 24):
        shaded_sketch.choose(bare, Budget(planes, most_bytes, SizeMeter(), Pulse(), 1, known), shade)
    assert len(set(seen)) == len({descriptors for _, descriptors, _ in known.nearness}) > 2


def test_a_picture_is_nearest_to_itself(photo):
    planes = to_ycbcr(np.asarray(photo))
    look = shaded_sketch._Look(Budget(planes, 100, SizeMeter(), Pulse()).planes)
    noise = np.random.default_rng(0).normal(0, 5, planes.shape)
    values = [look.nearness(planes + share * noise) for share in (0, 1, 2, 4)]
    assert values == sorted(values, reverse=True) and values[1] - values[3] > 5
