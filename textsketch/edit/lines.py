"""Lines on a sketch's grid that are cut, carried elsewhere, or fewer."""

from __future__ import annotations

import numpy as np

from textsketch.layers import Strokes
from textsketch.structure.barriers import trace
from textsketch.structure.kind import OperatingPoints
from textsketch.structure.lines import draw

_SHORTEST_END = 6
"""Cells: what a cut leaves of a line and is shorter is a stub, and goes too."""


def cut(strokes: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """Strokes without what lies in `hole`, both (rows, columns) bool, and without the stubs that would be left.

    A short line that the hole does not cut stays.
    """
    import cv2

    left = strokes & ~hole
    beside = cv2.dilate((strokes & hole).astype(np.uint8), np.ones((3, 3), np.uint8)).reshape(strokes.shape)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(left.astype(np.uint8), connectivity=8)
    was_cut = np.unique(labels[left & (beside > 0)])
    short = np.flatnonzero(stats[:, cv2.CC_STAT_AREA] < _SHORTEST_END)
    return left & ~np.isin(labels, np.intersect1d(was_cut, short))


def shifted(grid: np.ndarray, offset: tuple[int, int]) -> np.ndarray:
    """A (rows, columns) array moved by (down, right) cells; zeros come in, what leaves the grid is gone."""
    rows, columns = grid.shape
    down, right = offset
    out = np.zeros_like(grid)
    if abs(down) < rows and abs(right) < columns:
        out[max(down, 0) : rows + min(down, 0), max(right, 0) : columns + min(right, 0)] = grid[
            max(-down, 0) : rows + min(-down, 0), max(-right, 0) : columns + min(-right, 0)
        ]
    return out


def cells_of(by: tuple[float, float], size: tuple[int, int], shape: tuple[int, ...]) -> tuple[int, int]:
    """An offset (right, down) in pixels of a picture of `size` as (down, right) cells of a grid of `shape`."""
    return round(by[1] * shape[0] / size[1]), round(by[0] * shape[1] / size[0])


def fewer(strokes: np.ndarray) -> OperatingPoints:
    """The longest lines of a sketch, one more a step; at the top the sketch itself."""
    longest = sorted(trace(strokes), key=len, reverse=True)

    def at(count: int) -> Strokes:
        return Strokes(strokes if count == len(longest) else draw(longest[:count], strokes.shape) & strokes)

    return OperatingPoints(len(longest), at)
