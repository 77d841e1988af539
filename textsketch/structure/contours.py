"""Finds the lines a person would draw: strong, long, and still there when one squints.

Edges are those of the strongest of three channels after edge-preserving smoothing (J. Canny, "A computational
approach to edge detection", 1986). A line is worth its mean gradient over three scales, which favours the
outlines of things over their texture, times the square root of its length.
"""

from __future__ import annotations

import numpy as np

from textsketch.structure import canny
from textsketch.structure.barriers import trace
from textsketch.structure.lines import rank, smooth

_SHORTEST_LINE = 8
_SCALES_CELLS = (1.0, 2.0, 4.0)
_CANNY_LOW, _CANNY_HIGH = 2.5, 6.0  # grey levels a cell
_FIXED_POINT = 64


def find(planes: np.ndarray, shape: tuple[int, int]) -> list[np.ndarray]:
    """The contours of a picture, the best first.

    planes: (3, height, width) float32, luma and colour differences centred on 0. shape: (rows, columns) of
    the sketch's grid. Returns arrays (n, 2) of integer (row, column) cells; neighbours in a line touch.
    """
    import cv2

    rows, columns = shape
    stacked = np.ascontiguousarray(np.moveaxis(planes, 0, -1)) + 128
    double = cv2.resize(stacked, (2 * columns, 2 * rows), interpolation=cv2.INTER_AREA)
    flat = cv2.bilateralFilter(np.clip(double, 0, 255).astype(np.uint8), 9, 30, 4)
    cells = cv2.resize(flat, (columns, rows), interpolation=cv2.INTER_AREA).astype(np.float32)
    lines = [smooth(line) for line in trace(_edges(cells)) if len(line) >= _SHORTEST_LINE]
    return rank(lines, _strength(cells))


def _edges(cells: np.ndarray) -> np.ndarray:
    """(rows, columns) bool, thin edges of the channel that changes most at each cell."""
    across, down = _gradients(cells, 0.8)
    strongest = np.hypot(across, down).argmax(-1)[..., None]
    across, down = (
        np.rint(np.take_along_axis(gradient, strongest, -1)[..., 0] * _FIXED_POINT).astype(np.int16)
        for gradient in (across, down)
    )
    low, high = _CANNY_LOW * _FIXED_POINT, _CANNY_HIGH * _FIXED_POINT
    return canny.edges(across, down, low=low, high=high)


def _strength(cells: np.ndarray) -> np.ndarray:
    """Geometric mean over scales of the gradient, each scale normalised: (rows, columns) float32."""
    import cv2

    product = np.ones(cells.shape[:2], np.float32)
    for sigma in _SCALES_CELLS:
        across, down = _gradients(cells, sigma)
        gradient = np.sqrt((across**2 + down**2).sum(-1)) * sigma
        product *= cv2.dilate(gradient, np.ones((3, 3), np.uint8))
    return np.cbrt(product)


def _gradients(cells: np.ndarray, sigma: float) -> tuple[np.ndarray, np.ndarray]:
    """Sobel gradients across and down after a Gaussian blur, in grey levels a cell."""
    import cv2

    blurred = cv2.GaussianBlur(cells, (0, 0), sigma)
    across = cv2.Sobel(blurred, cv2.CV_32F, 1, 0, scale=1 / 8)
    down = cv2.Sobel(blurred, cv2.CV_32F, 0, 1, scale=1 / 8)
    return across.reshape(cells.shape), down.reshape(cells.shape)
