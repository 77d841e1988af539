"""The sizes Stable Diffusion runs at, and the colours as the colour adapter was trained on."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

SHORT_SIDE = 512
"""Side Stable Diffusion 1.x was trained at, in pixels."""
_MULTIPLE = 64
_MOST_PIXELS = 1024 * 1024
_LONGEST_SIDE = 1536
_COLOUR_CELL = 64


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


def colour_map(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The colours of an RGB picture in blocks of 64 pixels: mode "RGB" of `size`."""
    from PIL import Image

    cells = (max(1, size[0] // _COLOUR_CELL), max(1, size[1] // _COLOUR_CELL))
    reduced = picture.convert("RGB").resize(cells, Image.Resampling.BOX)
    return reduced.resize(size, Image.Resampling.NEAREST)
