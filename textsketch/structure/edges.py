"""Finds every edge of a picture's luma, as lines that strokes of a painting are chosen from."""

from __future__ import annotations

import numpy as np

from textsketch.structure import canny
from textsketch.structure.barriers import trace
from textsketch.structure.lines import smooth

SHORTEST_LINE = 12
"""Cells of the shortest line worth a start of its own."""
_CANNY_LOW, _CANNY_HIGH = 20, 50  # grey levels, summed over a Sobel kernel


def find(planes: np.ndarray, shape: tuple[int, int]) -> list[np.ndarray]:
    """The edges of a picture, smoothed, in no order of merit.

    planes: (3, height, width) float32, luma and colour differences centred on 0. shape: (rows, columns) of
    the sketch's grid. Returns lines, see `structure.lines`.
    """
    import cv2

    rows, columns = shape
    grey = np.clip(planes[0] + 128, 0, 255).astype(np.uint8)
    reduced = cv2.resize(grey, (columns, rows), interpolation=cv2.INTER_AREA).reshape(rows, columns)
    found = canny.edges(cv2.bilateralFilter(reduced, 5, 25, 2), low=_CANNY_LOW, high=_CANNY_HIGH)
    return [smooth(line) for line in trace(found) if len(line) >= SHORTEST_LINE]
