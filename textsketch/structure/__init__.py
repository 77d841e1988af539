"""Where a picture's lines run: edge detection, stroke selection and the sketch coder."""

from __future__ import annotations

import numpy as np

from textsketch.layers import Structure
from textsketch.structure.sketch_coder import pack, unpack

__all__ = ["pack", "preview", "unpack"]


def preview(structure: Structure, long_side: int = 768) -> np.ndarray:
    """The sketch as dark lines on white: (height, width) uint8, `long_side` pixels along the longer side."""
    from textsketch.render.painter import line_mask

    rows, columns = structure.strokes.shape
    scale = long_side / max(rows, columns)
    height, width = max(1, round(rows * scale)), max(1, round(columns * scale))
    mask = line_mask(structure.strokes, height, width, long_side / 400)
    return (255 - 225 * mask + 0.5).astype(np.uint8)
