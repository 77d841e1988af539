"""Luma and two colour differences, the planes every layer of colour is coded in (ITU-R BT.601, full range)."""

from __future__ import annotations

import numpy as np


def to_ycbcr(colour_srgb: np.ndarray) -> np.ndarray:
    """(height, width, 3) uint8 sRGB to (3, height, width) float32 planes, each centred on 0 (-128 to 128)."""
    rgb = colour_srgb.astype(np.float32)
    red, green, blue = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    return np.stack([luma - 128, (blue - luma) * (1 / 1.772), (red - luma) * (1 / 1.402)])


def to_srgb(planes: np.ndarray) -> np.ndarray:
    """Invert `to_ycbcr`; returns (height, width, 3) uint8, clipped."""
    luma, blue_difference, red_difference = planes
    out = np.empty((*luma.shape, 3), np.uint8)
    red = luma + 128 + 1.402 * red_difference
    blue = luma + 128 + 1.772 * blue_difference
    green = (luma + 128 - 0.299 * red - 0.114 * blue) * (1 / 0.587)
    for index, plane in enumerate((red, green, blue)):
        out[..., index] = np.clip(np.rint(plane), 0, 255)
    return out


def planes_to_rgb(planes: np.ndarray) -> np.ndarray:
    """(3, height, width) planes to (height, width, 3) float32 sRGB, not clipped."""
    luma, blue_difference, red_difference = planes
    red = luma + 128 + 1.402 * red_difference
    blue = luma + 128 + 1.772 * blue_difference
    green = (luma + 128 - 0.299 * red - 0.114 * blue) * (1 / 0.587)
    return np.stack([red, green, blue], axis=-1).astype(np.float32)
