"""The sizes Stable Diffusion runs at, and the colours as the colour adapter was trained on."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

_MULTIPLE = 64
_MOST_PIXELS = 4
"""Squares of the short side."""
_LONGEST_SIDE = 3
"""Short sides."""
_COLOUR_CELL = 64


def working_size(size: tuple[int, int], short_side: int = 512) -> tuple[int, int]:
    """The (width, height) in pixels to run the diffusion at for a picture of `size`.

    The short side becomes `short_side`, what the model was trained at, and both sides multiples of 64, as in
    Text + Sketch; pictures longer than 3:1 are run at a smaller one, so that memory and time stay bounded.
    """
    width, height = size
    scale = min(
        short_side / min(width, height),
        _LONGEST_SIDE * short_side / max(width, height),
        math.sqrt(_MOST_PIXELS * short_side**2 / (width * height)),
    )
    return _round_side(width * scale), _round_side(height * scale)


def _round_side(side: float) -> int:
    return max(_MULTIPLE, round(side / _MULTIPLE) * _MULTIPLE)


def colour_map(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The colours of an RGB picture in blocks of 64 pixels: mode "RGB" of `size`."""
    from PIL import Image

    cells = (max(1, size[0] // _COLOUR_CELL), max(1, size[1] // _COLOUR_CELL))
    reduced = picture.convert("RGB").resize(cells, Image.Resampling.BOX)
    return reduced.resize(size, Image.Resampling.NEAREST)
