"""Finds a picture's contours and chooses the strokes that are worth their bytes."""

from __future__ import annotations

import numpy as np

from textsketch.structure.barriers import trace
from textsketch.structure.grid import grid_shape


def detect(planes: np.ndarray, size: tuple[int, int], long_side: int) -> list[tuple[float, np.ndarray]]:
    """Candidate strokes of (3, height, width) planes, best first.

    Returns (merit, points): points (n, 2) integer (row, column) cells of the grid with `long_side` cells.
    """
    import cv2

    rows, columns = grid_shape(size, long_side)
    luma = np.clip(planes[0] + 128, 0, 255).astype(np.uint8)
    reduced = cv2.resize(luma, (columns, rows), interpolation=cv2.INTER_AREA).reshape(rows, columns)
    smooth = cv2.bilateralFilter(reduced, 5, 30, 2)
    edges = cv2.Canny(smooth, 40, 90, L2gradient=True) > 0
    gx = cv2.Sobel(smooth, cv2.CV_32F, 1, 0)
    gy = cv2.Sobel(smooth, cv2.CV_32F, 0, 1)
    contrast = np.hypot(gx, gy)
    strokes = []
    for line in trace(edges):
        if len(line) < 8:
            continue
        strength = float(contrast[line[:, 0], line[:, 1]].mean())
        strokes.append((strength * len(line) ** 0.5, line))
    strokes.sort(key=lambda stroke: -stroke[0])
    return strokes


def draw(lines: list[np.ndarray], shape: tuple[int, int]) -> np.ndarray:
    """The bitmap of some strokes: `shape` bool."""
    bitmap = np.zeros(shape, bool)
    for line in lines:
        bitmap[line[:, 0], line[:, 1]] = True
    return bitmap
