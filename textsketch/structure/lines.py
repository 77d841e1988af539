"""Lines on a sketch's grid: arrays (n, 2) of integer (row, column) cells whose neighbours touch."""

from __future__ import annotations

import numpy as np

_SMOOTHING = 6
"""Passes of a 1-2-1 filter: enough to round off staircases, few enough to keep corners."""


def smooth(line: np.ndarray) -> np.ndarray:
    """Round off a line's pixel noise; smooth lines are cheaper to code and nicer to look at."""
    points = line.astype(float)
    for _ in range(_SMOOTHING):
        points[1:-1] = (points[:-2] + 2 * points[1:-1] + points[2:]) / 4
    row, column = line[0].tolist()
    cells = [(row, column)]
    for point in np.rint(points).astype(int).tolist():
        while max(abs(point[0] - row), abs(point[1] - column)) > 1:
            row += (point[0] > row) - (point[0] < row)
            column += (point[1] > column) - (point[1] < column)
            cells.append((row, column))
        if point != [row, column]:
            row, column = point
            cells.append((row, column))
        # A corner whose neighbours touch diagonally is cut, so that lines stay one cell wide.
        while len(cells) > 2 and max(abs(row - cells[-3][0]), abs(column - cells[-3][1])) <= 1:
            del cells[-2]
    return np.array(cells)


def rank(lines: list[np.ndarray], strength: np.ndarray) -> list[np.ndarray]:
    """Order lines by what a person would draw first: mean strength times the square root of the length.

    lines: (n, 2) integer (row, column) cells of `strength`, a (rows, columns) map of at least 0. Lines of the
    same merit keep their order.
    """

    def merit(line: np.ndarray) -> float:
        return float(strength[line[:, 0], line[:, 1]].mean()) * len(line) ** 0.5

    return sorted(lines, key=merit, reverse=True)


def draw(lines: list[np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
    """The bitmap of some strokes: `shape` bool."""
    bitmap = np.zeros(shape, bool)
    for line in lines:
        bitmap[line[:, 0], line[:, 1]] = True
    return bitmap
