"""The reduced grids that sketches live on: their shape follows from the picture's size and one number."""

from __future__ import annotations

LONG_SIDES = (32, 48, 64, 96, 128, 192, 256, 384, 512)
"""Cells along a grid's longer side; never more than the picture has pixels."""


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
    """Index into `LONG_SIDES` of the grid that has `shape`; ValueError if there is none."""
    for index, long_side in enumerate(LONG_SIDES):
        if grid_shape(size, long_side) == tuple(shape):
            return index
    raise ValueError(f"no sketch grid of a {size[0]}x{size[1]} picture has shape {tuple(shape)}")
