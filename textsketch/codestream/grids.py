"""The integer grids that payloads live on: their shapes follow from the picture's size alone.

They are part of what a file means, for all format versions there are. A version that wants other grids gets
functions that take the version.
"""

from __future__ import annotations

SKETCH_LONG_SIDES = (32, 48, 64, 96, 128, 192, 256, 384, 512)
"""Cells along a sketch grid's longer side; never more than the picture has pixels."""
LATENT_CELL = 16
"""A latent of a soft edge map stands for 16x16 pixels of the map."""
_COARSEST_LEVEL = 8
_LONGEST_BASE = 512
_GRAIN_LONG_SIDES = (4, 12)
_LATENT_BLOCK = 64
_LATENT_SHORT_SIDE, _LATENT_LONG_SIDE = 512, 1536
_MANTISSA_BITS = 53


def grid_shape(size: tuple[int, int], long_side: int) -> tuple[int, int]:
    """Shape (height, width) of the grid with `long_side` cells for a picture of `size` (width, height).

    Both sides are at least 1 and at most `long_side`, so a grid's cost does not grow with the picture.
    """
    width, height = size
    longest = max(width, height)
    long_side = min(long_side, longest)
    rows = max(1, (2 * height * long_side + longest) // (2 * longest))
    columns = max(1, (2 * width * long_side + longest) // (2 * longest))
    return rows, columns


def long_side_index(size: tuple[int, int], shape: tuple[int, int]) -> int:
    """Index into `SKETCH_LONG_SIDES` of the grid that has `shape`; ValueError if there is none."""
    for index, long_side in enumerate(SKETCH_LONG_SIDES):
        if grid_shape(size, long_side) == tuple(shape):
            return index
    raise ValueError(f"no sketch grid of a {size[0]}x{size[1]} picture has shape {tuple(shape)}")


def grain_shape(size: tuple[int, int], fine: bool) -> tuple[int, int]:
    """Shape (rows, columns) of the coarse or fine grain map of a picture of `size` (width, height)."""
    return grid_shape(size, _GRAIN_LONG_SIDES[fine])


def level_shapes(height: int, width: int) -> list[tuple[int, int]]:
    """Shapes of the picture and its low-pass bands, down to at most 8 cells along the longer side."""
    shapes = [(height, width)]
    while max(shapes[-1]) > _COARSEST_LEVEL:
        rows, columns = shapes[-1]
        shapes.append(((rows + 1) // 2, (columns + 1) // 2))
    return shapes


def base_level(size: tuple[int, int]) -> int:
    """How many of the finest levels of a picture of `size` (width, height) are never coded."""
    shapes = level_shapes(size[1], size[0])
    return next(level for level, shape in enumerate(shapes) if max(shape) <= _LONGEST_BASE)


def base_shape(size: tuple[int, int]) -> tuple[int, int]:
    """Shape (height, width) of a colour map's coefficient planes for a picture of `size`."""
    return level_shapes(size[1], size[0])[base_level(size)]


def latent_grid(size: tuple[int, int]) -> tuple[int, int]:
    """Shape (rows, columns) of the latents of a soft edge map for a picture of `size` (width, height).

    The map's short side is 512 pixels, or its long side 1536 where the picture is longer than 3:1, and both
    sides are whole blocks of 64. Where a side lies halfway between two blocks, what decides is how a division
    and a multiplication of 53-bit floating point round, which is what the first encoder did.
    """
    short, long = min(size), max(size)
    part = (_LATENT_SHORT_SIDE, short) if long <= 3 * short else (_LATENT_LONG_SIDE, long)
    columns, rows = (_blocks(side, *part) * _LATENT_BLOCK // LATENT_CELL for side in size)
    return rows, columns


def _blocks(side: int, numerator: int, denominator: int) -> int:
    """How many blocks a side takes that is scaled by numerator / denominator, each step rounded to 53 bits."""
    shift = _MANTISSA_BITS - numerator.bit_length() + denominator.bit_length()
    if (numerator << shift) >= denominator << _MANTISSA_BITS:
        shift -= 1
    scaled = side * _nearest(numerator << shift, denominator)
    surplus = 1 << max(0, scaled.bit_length() - _MANTISSA_BITS)
    scaled = _nearest(scaled, surplus) * surplus
    return max(1, _nearest(scaled, _LATENT_BLOCK << shift))


def _nearest(dividend: int, divisor: int) -> int:
    """The integer nearest to a quotient, the even one of two."""
    quotient, rest = divmod(dividend, divisor)
    return quotient + int(2 * rest > divisor or (2 * rest == divisor and quotient & 1 == 1))
