"""Grain: how rough each region of the picture is, and noise that looks like it.

Fine texture (grass, skin, stone) is far too expensive to send; its strength is nearly free. The painter
adds band-pass noise of that strength, which is what the eye misses most in a smooth picture.
"""

from __future__ import annotations

import numpy as np

from textsketch.codestream.grids import grain_shape
from textsketch.entropy.models import AdaptiveBits, ValueCoder

LEVELS = 8
_PARTS_OF_CELL = 4
_UNIT = 1.2
_SHARE, _TYPICAL_SHARE = 0.27, 0.33
"""How much of the missing roughness, mean or typical, is put back; noise costs as much as it gives."""


def measure(
    luma_difference: np.ndarray, size: tuple[int, int], fine: bool, *, typical: bool = False
) -> np.ndarray:
    """The grain map that makes up for `luma_difference`, original minus painted, (height, width) float32.

    typical: take a cell's median roughness, not its mean, which one misplaced contour can drive up.
    """
    import cv2

    rows, columns = grain_shape(size, fine)
    energy = np.square(_band_pass(luma_difference))
    parts, share = (_PARTS_OF_CELL, _TYPICAL_SHARE) if typical else (1, _SHARE)
    in_parts = cv2.resize(energy, (columns * parts, rows * parts), interpolation=cv2.INTER_AREA)
    median = np.median(in_parts.reshape(rows, parts, columns, parts), axis=(1, 3))
    return np.clip(np.rint(np.sqrt(median) / _UNIT * share), 0, LEVELS - 1).astype(np.uint8)


def synthesise(grain: np.ndarray, height: int, width: int, seed: int) -> np.ndarray:
    """Noise of the map's strength: (height, width) float32 grey levels."""
    return noise(grain.astype(np.float32) * _UNIT, height, width, seed)


def noise(strength: np.ndarray, height: int, width: int, seed: int) -> np.ndarray:
    """Noise whose standard deviation is `strength`, grey levels on a coarser grid, float32: (height, width)."""
    import cv2

    strength = cv2.resize(strength, (width, height), interpolation=cv2.INTER_LINEAR).reshape(height, width)
    grains = _band_pass(_white_noise(height, width, seed))
    deviation = float(grains.std())
    return strength * (grains / deviation if deviation else grains)


def _band_pass(plane: np.ndarray) -> np.ndarray:
    import cv2

    return cv2.GaussianBlur(plane, (0, 0), 0.8) - cv2.GaussianBlur(plane, (0, 0), 3.0)


def _white_noise(height: int, width: int, seed: int) -> np.ndarray:
    """Near-normal noise from a counter-based generator (splitmix64), the same on every machine."""
    with np.errstate(over="ignore"):
        state = np.arange(1, height * width + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        state += np.uint64(seed) * np.uint64(0xD1B54A32D192ED03)
        state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        state ^= state >> np.uint64(31)
    parts = state.view(np.uint16).reshape(-1, 4)
    return (parts.sum(axis=1, dtype=np.float32) / 37837.0 - 3.464).reshape(height, width)


def code_grain(coder: ValueCoder, grain: np.ndarray | None, size: tuple[int, int]) -> np.ndarray | None:
    """Code a grain map, or that there is none."""
    kind = 0
    if grain is not None:
        kind = 1 + int(grain.shape != grain_shape(size, False))
    kind = coder.uniform(kind, 3)
    if not kind:
        return None
    rows, columns = grain_shape(size, kind == 2)
    out = np.zeros((rows, columns), np.uint8)
    more = AdaptiveBits([32768] * (16 * LEVELS))
    for row in range(rows):
        for column in range(columns):
            left = int(out[row, column - 1]) if column else int(out[row - 1, 0]) if row else 1
            above = int(out[row - 1, column]) if row else left
            context = left + above
            value = int(grain[row, column]) if grain is not None else 0
            level = 0
            while level < LEVELS - 1 and more.code(coder, context * LEVELS + level, int(value > level)):
                level += 1
            out[row, column] = level
    return out
