"""A colour as a person names it, and how much of a chroma a lightness can carry."""

from __future__ import annotations

import numpy as np

from textsketch.errors import OptionError, quoted
from textsketch.image.colour_space import to_ycbcr

Colour = str | tuple[int, int, int]
"""#rrggbb, a name of CSS, or (red, green, blue), each 0 to 255."""

# What a unit of the two colour differences adds to red, green and blue (ITU-R BT.601).
_CHROMA_IN_RGB = ((0.0, 1.402), (-0.114 * 1.772 / 0.587, -0.299 * 1.402 / 0.587), (1.772, 0.0))


def planes_of_colour(colour: Colour) -> np.ndarray:
    """A colour as planes, see `colour_space.to_ycbcr`: (3, 1, 1) float32. Raises OptionError if it is none."""
    from PIL import ImageColor

    try:
        parts = ImageColor.getrgb(colour) if isinstance(colour, str) else tuple(colour)
        red, green, blue = (int(part) for part in parts[:3])
    except (TypeError, ValueError, OverflowError):
        red = green = blue = -1
    if not all(0 <= part <= 255 for part in (red, green, blue)):
        raise OptionError(f"{quoted(colour)} is no colour; write #rrggbb, such as #2050c0")
    return to_ycbcr(np.array([[[red, green, blue]]], np.uint8))


def within_gamut(planes: np.ndarray) -> np.ndarray:
    """The planes with chroma lowered where sRGB has no colour of that lightness: shade and light stay."""
    luma = np.clip(planes[0], -128, 127) + 128
    share = np.ones_like(luma)
    for blue_part, red_part in _CHROMA_IN_RGB:
        above = blue_part * planes[1] + red_part * planes[2]
        room = np.where(above > 0, 255 - luma, luma)
        share = np.minimum(share, room / np.maximum(np.abs(above), 1e-3))
    return np.stack([luma - 128, share * planes[1], share * planes[2]])
