"""What the brush's network is given: a painting, cell by cell, and what the file says about it."""

from __future__ import annotations

from typing import Literal

import numpy as np

from textsketch.image.colour_space import planes_to_rgb
from textsketch.layers import Layers
from textsketch.structure.line_drawing import line_mask
from textsketch.texture.grain import LEVELS

CELL = 4
"""Pixels along a cell's side: all pixels of a cell are channels of one place."""
ALIGNED = 8
"""Rows and columns of cells are multiples of this."""
CHANNELS = 5 * CELL**2 + 3
"""Red, green and blue of a cell's pixels, 0 to 1, row by row; how far a stroke covers each; the grain that will
lie on each, 0.5 being none; then how coarsely colours were sent, the strength of the grain and whether there is
a colour map, each 0 to 1."""
_LINE_WIDTH = 2.0
_STEPS = 64
GRAIN_SPAN = 64.0
"""Grey levels of grain that are told apart, half of them darker."""


def inputs(
    planes: np.ndarray, layers: Layers, grain: np.ndarray | None = None, margin: int = 0
) -> np.ndarray:
    """The inputs for a painting of `layers`: (CHANNELS, rows, columns) float32.

    planes: (3, height, width) float32 of `colour_space.to_ycbcr`, without grain and without drawn lines. It is
    continued to the right and below to whole cells, ALIGNED of them. grain: what will be added to the luma,
    (height, width) float32 grey levels; None for nothing. margin: cells it is continued by, mirrored, on all
    sides.
    """
    import cv2

    height, width = planes.shape[1:]
    rows, columns = (-(-(side + 2 * margin * CELL) // (CELL * ALIGNED)) * ALIGNED for side in (height, width))
    colour = np.clip(planes_to_rgb(planes).transpose(2, 0, 1) / 255, 0, 1)
    lines = np.zeros((1, height, width), np.float32)
    if layers.strokes is not None and layers.strokes.any():
        lines[0] = line_mask(layers.strokes, height, width, _LINE_WIDTH)
    noise = np.zeros_like(lines) if grain is None else grain[None]
    pixels = np.concatenate([colour, lines, np.clip(0.5 + noise / GRAIN_SPAN, 0, 1)], dtype=np.float32)
    before = margin * CELL
    missing = ((0, 0), (before, rows * CELL - height - before), (before, columns * CELL - width - before))
    mode: Literal["symmetric", "edge"] = "symmetric" if margin else "edge"
    pixels = np.pad(pixels, missing, mode).reshape(5, rows, CELL, columns, CELL)
    out = np.ones((CHANNELS, rows, columns), np.float32)
    out[:-3] = pixels.transpose(0, 2, 4, 1, 3).reshape(-1, rows, columns)
    texture = layers.texture
    out[-3] = 1.0 if texture is None else texture.step_index / _STEPS
    out[-2] = 0.0
    if grain is not None and texture is not None and texture.grain is not None:
        strength = texture.grain.astype(np.float32) / (LEVELS - 1)
        inner = columns - 2 * margin, rows - 2 * margin
        out[-2] = np.pad(cv2.resize(strength, inner, interpolation=cv2.INTER_LINEAR), margin, "edge")
    out[-1] = float(texture is not None)
    return out
