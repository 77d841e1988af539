import itertools
import math
import random

import pytest
from conftest import ROOT

from textsketch.codestream import common_sizes
from textsketch.codestream.grids import (
    SKETCH_LONG_SIDES,
    base_level,
    base_shape,
    grain_shape,
    grid_shape,
    latent_grid,
    level_shapes,
    long_side_index,
)

SIZES = [size for index in range(256) if (size := common_sizes.size_at(index)) is not None]
EXTREMES = [(1, 1), (1, 16384), (16384, 1), (16384, 16384), (16384, 5461), (2, 7), (37, 53)]


def first_latent_grid(size: tuple[int, int]) -> tuple[int, int]:
    """What the encoder of format versions 0 and 1 computed, in floating point."""
    width, height = size
    scale = min(512 / min(size), 1536 / max(size), math.sqrt(1024 * 1024 / (width * height)))
    columns, rows = (max(64, round(side * scale / 64) * 64) // 16 for side in (width, height))
    return rows, columns


def halfway_sizes() -> list[tuple[int, int]]:
    """Every size up to 16384 of which a side lies halfway between two blocks."""
    found = []
    for side in range(1, 16385):
        for odd in range(1, 52, 2):
            if odd * side % 16 == 0 and side < odd * side // 16 <= min(3 * side, 16384):
                found.append((side, odd * side // 16))
            if odd * side % 48 == 0 and odd * side // 48 * 3 < side:
                found.append((odd * side // 48, side))
    return found


def test_latents_lie_on_the_grid_of_the_first_encoder_at_any_size():
    generator = random.Random(0)
    sizes = [*SIZES, *EXTREMES]
    for _ in range(20_000):
        short = generator.randint(1, 16384)
        sizes.append((short, generator.randint(1, 16384)))
        sizes.append((short, min(16384, int(short * generator.uniform(1, 4)))))
    for width, height in sizes:
        assert latent_grid((width, height)) == first_latent_grid((width, height))
        assert latent_grid((height, width)) == first_latent_grid((height, width))


def test_latents_lie_on_the_grid_of_the_first_encoder_where_its_rounding_decided():
    sizes = halfway_sizes()
    assert len(sizes) > 10_000
    for size in sizes:
        assert latent_grid(size) == first_latent_grid(size)


@pytest.mark.parametrize(
    ("size", "shape"),
    [((512, 512), (32, 32)), ((768, 512), (32, 48)), ((784, 1127), (44, 32)), ((1200, 2175), (60, 32))],
)
def test_some_latent_grids_are_pinned(size, shape):
    assert latent_grid(size) == shape and latent_grid(size[::-1]) == shape[::-1]


def test_grids_keep_the_pictures_shape_and_stay_small():
    for size in (*SIZES, *EXTREMES):
        for long_side in SKETCH_LONG_SIDES:
            rows, columns = grid_shape(size, long_side)
            assert min(rows, columns) >= 1 and max(rows, columns) == min(long_side, max(size))
            assert abs(rows - size[1] * max(rows, columns) / max(size)) <= 1
        assert max(base_shape(size)) <= 512 and max(latent_grid(size)) <= 96
        assert max(grain_shape(size, True)) <= 12 and max(grain_shape(size, False)) <= 4


def test_levels_halve_and_the_base_is_the_first_that_fits():
    for size in (*SIZES, *EXTREMES):
        shapes = level_shapes(size[1], size[0])
        assert shapes[0] == (size[1], size[0]) and max(shapes[-1]) <= 8
        for (rows, columns), (low_rows, low_columns) in itertools.pairwise(shapes):
            assert (low_rows, low_columns) == ((rows + 1) // 2, (columns + 1) // 2)
        level = base_level(size)
        assert base_shape(size) == shapes[level] and (level == 0 or max(shapes[level - 1]) > 512)


def test_a_grid_is_found_again_by_its_shape():
    for long_side in SKETCH_LONG_SIDES:
        assert SKETCH_LONG_SIDES[long_side_index((768, 512), grid_shape((768, 512), long_side))] == long_side
    with pytest.raises(ValueError, match="no sketch grid"):
        long_side_index((768, 512), (127, 192))


def test_the_document_of_the_format_lists_the_common_sizes():
    text = (ROOT / "docs" / "format.md").read_text(encoding="utf-8")
    listed = text.split("## Common sizes")[1].split("## ")[0].split()
    said = []
    for width, height in (map(int, size.split("x")) for size in listed):
        said += [(width, height)] if width == height else [(width, height), (height, width)]
    assert said == SIZES
