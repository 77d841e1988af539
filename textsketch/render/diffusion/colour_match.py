"""Gives a generated picture the colours that were sent, whatever the network dreamt.

What is finer than a cell of the colour map stays as the network painted it; the mean of each cell becomes the
map's. It costs no bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from textsketch.layers import Layers
from textsketch.texture import colour_map

if TYPE_CHECKING:
    from PIL import Image

_MOST_PASSES = 24
_NEAR_ENOUGH = 0.5
_STEP = 1.6
"""Between what flat differences and those from cell to cell need: both shrink to 0.6 in a pass."""


def matched(picture: Image.Image, painted: Image.Image, layers: Layers) -> Image.Image:
    """The RGB `picture` with the colours of the painter's picture of the colour map, which has its size."""
    from PIL import Image

    return Image.fromarray(match(np.asarray(picture), np.asarray(painted), colour_map.cells(layers)))


def cell_means(pixels: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """The mean colours of (height, width, 3) pixels in `shape` (rows, columns) cells: float32."""
    import cv2

    height, width = pixels.shape[:2]
    rows, columns = min(shape[0], height), min(shape[1], width)
    return cv2.resize(pixels.astype(np.float32), (columns, rows), interpolation=cv2.INTER_AREA)


def match(generated: np.ndarray, painted: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """`generated` with the mean colours of `painted` in `shape` (rows, columns) cells.

    Both are (height, width, 3), 0 to 255, of one size; so is the result, uint8. The differences of the means,
    spread smoothly over the picture, are added until they are gone: colours at the ends of the range, which
    cannot be moved further, let the others move more.
    """
    import cv2

    height, width = generated.shape[:2]
    wanted = cell_means(painted, shape)
    found = generated.astype(np.float32)
    for _ in range(_MOST_PASSES):
        missing = wanted - cell_means(found, shape)
        if np.abs(missing).max() < _NEAR_ENOUGH:
            break
        spread = cv2.resize(missing, (width, height), interpolation=cv2.INTER_LINEAR)
        found = np.clip(found + _STEP * spread, 0, 255)
    return (found + 0.5).astype(np.uint8)
