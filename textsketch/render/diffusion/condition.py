"""Draws layers as the condition pictures that ControlNet and the T2I-Adapters were trained on.

Soft edges are white lines on black that fade like HED and PiDiNet maps do; the sketch adapter wants the
same lines cut to black and white; the colour adapter a picture reduced 64-fold and enlarged in blocks.
"""

from __future__ import annotations

import math

import numpy as np
from PIL import Image

SHORT_SIDE = 512
"""Side Stable Diffusion 1.x was trained at, in pixels."""
_MULTIPLE = 64
_MOST_PIXELS = 1024 * 1024
_LONGEST_SIDE = 1536
_COLOUR_CELL = 64
# Between a close fit to PiDiNet maps of photographs in squared error (wider, greyer) and their look.
_LINE_WIDTH = 2.0
_SKETCH_WIDTH = 3.0
_ANTI_ALIASING = 0.9  # how much wider a line is drawn than asked for, in pixels
_LINE_BLUR = 2.4
_LINE_PEAK = 0.8


def working_size(size: tuple[int, int]) -> tuple[int, int]:
    """The (width, height) in pixels to run the diffusion at for a picture of `size`.

    The short side becomes 512 and both sides multiples of 64, as in Text + Sketch; pictures longer than
    3:1 are run at a smaller short side, so that memory and time stay bounded.
    """
    width, height = size
    scale = min(
        SHORT_SIDE / min(width, height),
        _LONGEST_SIDE / max(width, height),
        math.sqrt(_MOST_PIXELS / (width * height)),
    )
    return _round_side(width * scale), _round_side(height * scale)


def _round_side(side: float) -> int:
    return max(_MULTIPLE, round(side / _MULTIPLE) * _MULTIPLE)


def soft_edges(strokes: np.ndarray, size: tuple[int, int]) -> Image.Image:
    """Strokes, a (rows, columns) bool grid, as a soft edge map: mode "L" of `size`, white on black."""
    import cv2

    lines = _lines(strokes, size, _LINE_WIDTH)
    soft = cv2.GaussianBlur(lines, (0, 0), _LINE_BLUR * min(size) / SHORT_SIDE)
    single = math.erf(
        (_LINE_WIDTH + _ANTI_ALIASING) / (2 * math.sqrt(2) * _LINE_BLUR)
    )  # the peak of one blurred line
    return _grey(np.minimum(soft * (_LINE_PEAK / single), 1))


def sketch(strokes: np.ndarray, size: tuple[int, int]) -> Image.Image:
    """Strokes as the crisp drawing the sketch adapter wants: mode "L" of `size`, white on black."""
    return _grey(_lines(strokes, size, _SKETCH_WIDTH))


def colour_map(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The colours of an RGB picture in blocks of 64 pixels: mode "RGB" of `size`."""
    cells = (max(1, size[0] // _COLOUR_CELL), max(1, size[1] // _COLOUR_CELL))
    reduced = picture.convert("RGB").resize(cells, Image.Resampling.BOX)
    return reduced.resize(size, Image.Resampling.NEAREST)


def _lines(strokes: np.ndarray, size: tuple[int, int], thickness_at_512: float) -> np.ndarray:
    from textsketch.render.painter.painting import line_mask

    width, height = size
    if not strokes.any():
        return np.zeros((height, width), np.float32)
    return line_mask(strokes, height, width, thickness_at_512 * min(size) / SHORT_SIDE)


def _grey(share: np.ndarray) -> Image.Image:
    return Image.fromarray(np.rint(np.clip(share, 0, 1) * 255).astype(np.uint8))
