"""What the network that shades is given: a sketch's field and strokes, cell by cell, and how much was sent."""

from __future__ import annotations

import numpy as np

from textsketch.image.colour_space import planes_to_rgb
from textsketch.layers import Layers
from textsketch.semantic.descriptors import MOST_COEFFICIENTS, field_planes
from textsketch.structure.line_drawing import line_mask

CELL = 4
"""Pixels along a cell's side: all pixels of a cell's lines are channels of one place."""
ALIGNED = 16
"""Rows and columns of cells are multiples of this."""
CHANNELS = 3 + CELL**2 + 2
"""A cell's red, green and blue, 0 to 1; how far a stroke covers each of its pixels, row by row; then how much of
the grid strokes cover, and how many descriptors there are, each 0 to 1."""
LONG_SIDE = 512
"""Pixels along the longer side of what the network paints, whatever the picture's size: it has learned lines of
this width, and no sketch has more cells."""
LINE_WIDTH = 2.0
"""Pixels."""
_DENSEST = 0.25


def shape_for(size: tuple[int, int]) -> tuple[int, int]:
    """Height and width in pixels in which a picture of `size`, (width, height), is shaded."""
    scale = LONG_SIDE / max(size)
    return max(1, round(size[1] * scale)), max(1, round(size[0] * scale))


def inputs(layers: Layers) -> np.ndarray:
    """The inputs for a sketch: (CHANNELS, rows, columns) float32 of a picture of `shape_for` its size.

    It is continued to the right and below to whole cells, ALIGNED of them.
    """
    height, width = shape_for(layers.size)
    rows, columns = (-(-side // (CELL * ALIGNED)) * ALIGNED for side in (height, width))
    missing = (0, rows * CELL - height), (0, columns * CELL - width)

    def cells(plane: np.ndarray) -> np.ndarray:
        return np.pad(plane, missing, "edge").reshape(rows, CELL, columns, CELL).transpose(1, 3, 0, 2)

    colour = planes_to_rgb(field_planes(layers.semantic.descriptors, height, width, layers.size)) / 255
    out = np.zeros((CHANNELS, rows, columns), np.float32)
    for index in range(3):
        out[index] = cells(np.clip(colour[..., index], 0, 1)).mean((0, 1))
    if layers.strokes is not None and layers.strokes.any():
        out[3:-2] = cells(line_mask(layers.strokes, height, width, LINE_WIDTH)).reshape(-1, rows, columns)
        out[-2] = min(1.0, layers.strokes.mean() / _DENSEST)
    descriptors = layers.semantic.descriptors
    out[-1] = 0.0 if descriptors is None else len(descriptors.coefficients) / MOST_COEFFICIENTS
    return out
