"""Luma and two colour differences, the planes every layer of colour is coded in (ITU-R BT.601, full range)."""

from __future__ import annotations

import numpy as np

_ROWS_AT_ONCE = 256  # keeps the memory of what is computed on the way small


def to_ycbcr(colour_srgb: np.ndarray) -> np.ndarray:
    """(height, width, 3) sRGB to (3, height, width) float32 planes, each centred on 0 (-128 to 128).

    colour_srgb: uint8, or float32 in the same range.
    """
    height, width = colour_srgb.shape[:2]
    out = np.empty((3, height, width), np.float32)
    for top in range(0, height, _ROWS_AT_ONCE):
        rows = slice(top, top + _ROWS_AT_ONCE)
        red, green, blue = np.moveaxis(colour_srgb[rows].astype(np.float32), -1, 0)
        luma = 0.299 * red + 0.587 * green + 0.114 * blue
        out[0, rows] = luma - 128
        out[1, rows] = (blue - luma) * (1 / 1.772)
        out[2, rows] = (red - luma) * (1 / 1.402)
    return out


def to_srgb(planes: np.ndarray) -> np.ndarray:
    """Invert `to_ycbcr`; returns (height, width, 3) uint8, clipped."""
    height, width = planes.shape[1:]
    out = np.empty((height, width, 3), np.uint8)
    for top in range(0, height, _ROWS_AT_ONCE):
        rows = slice(top, top + _ROWS_AT_ONCE)
        luma, blue_difference, red_difference = planes[:, rows]
        red = luma + 128 + 1.402 * red_difference
        blue = luma + 128 + 1.772 * blue_difference
        green = (luma + 128 - 0.299 * red - 0.114 * blue) * (1 / 0.587)
        for index, plane in enumerate((red, green, blue)):
            out[rows, :, index] = np.clip(np.rint(plane), 0, 255)
    return out


def planes_to_rgb(planes: np.ndarray) -> np.ndarray:
    """(3, height, width) planes to (height, width, 3) float32 sRGB, not clipped."""
    luma, blue_difference, red_difference = planes
    red = luma + 128 + 1.402 * red_difference
    blue = luma + 128 + 1.772 * blue_difference
    green = (luma + 128 - 0.299 * red - 0.114 * blue) * (1 / 0.587)
    return np.stack([red, green, blue], axis=-1).astype(np.float32)
