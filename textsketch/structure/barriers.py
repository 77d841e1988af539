"""Strokes as barriers: smooth lines drawn between the pixels of any picture size.

A stroke has no width here; it runs along the cracks between pixels and cuts the links it crosses, so a
colour on one side never mixes with the other side and no pixel lies "on" a line.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

_NEIGHBOURS = ((0, 1), (1, 0), (0, -1), (-1, 0), (1, 1), (1, -1), (-1, -1), (-1, 1))


def trace(strokes: np.ndarray) -> list[np.ndarray]:
    """Follow a (rows, columns) bool sketch; returns lines of (n, 2) integer (row, column) points, n >= 1."""
    strokes = np.asarray(strokes, bool)
    return list(_trace(strokes.tobytes(), strokes.shape))


# One sketch is looked at as barriers of several sizes and as lines, in encoding and again in decoding.
@lru_cache(maxsize=4)
def _trace(drawn_cells: bytes, shape: tuple[int, int]) -> tuple[np.ndarray, ...]:
    # Cells are indices into a grid with an empty frame, so that every cell has eight neighbours.
    grid = np.pad(np.frombuffer(drawn_cells, np.uint8).reshape(shape), 1)
    stride = grid.shape[1]
    steps = [(down * stride + right, down, right) for down, right in _NEIGHBOURS]
    drawn, left = grid.tobytes(), bytearray(grid.tobytes())
    cells = np.flatnonzero(grid)
    degree = sum(grid.ravel()[cells + step] for step, _, _ in steps)
    lines = []
    # Line ends first, so that a stroke is one line and not two halves.
    for start in [*cells[degree == 1].tolist(), *cells[degree != 1].tolist()]:
        if not left[start]:
            continue
        left[start] = 0
        line = [start]
        here = start
        down = right = 0
        while True:
            following, ahead = 0, -9
            for step, step_down, step_right in steps:
                if left[here + step]:
                    straightness = step_down * down + step_right * right
                    if straightness > ahead:
                        following, ahead = here + step, straightness
            if not following:
                break
            left[following] = 0
            line.append(following)
            here = following
            back_row, back_column = divmod(line[max(len(line) - 4, 0)], stride)
            row, column = divmod(here, stride)
            down, right = row - back_row, column - back_column
        # Close gaps to lines traced before, so that no colour leaks through a junction.
        for end in (0, -1):
            tip, known = line[end], set(line)
            near = (tip + step for step, _, _ in steps)
            joint = next(
                (cell for cell in near if drawn[cell] and not left[cell] and cell not in known), None
            )
            if joint is not None:
                line.insert(0 if end == 0 else len(line), joint)
        if len(line) > 2 and any(line[0] - line[-1] == step for step, _, _ in steps):
            line.append(line[0])
        points = np.stack(np.divmod(np.array(line), stride), axis=1) - 1
        points.flags.writeable = False
        lines.append(points)
    return tuple(lines)


def polylines(strokes: np.ndarray, height: int, width: int) -> list[np.ndarray]:
    """Smooth lines of (n, 2) float (y, x) points in pixels of a (height, width) picture."""
    rows, columns = strokes.shape
    scale = np.array([height / rows, width / columns])
    lines = []
    for line in trace(strokes):
        points = (line + 0.5) * scale
        for _ in range(2):
            if len(points) > 2:
                middle = (points[:-2] + 2 * points[1:-1] + points[2:]) / 4
                points = np.concatenate([points[:1], middle, points[-1:]])
        lines.append(points)
    return lines


def barriers(strokes: np.ndarray, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Which links of a (height, width) picture the strokes cut.

    Returns (right, down): bool (height, width); right[y, x] is the link from (y, x) to (y, x + 1) and
    down[y, x] the link to (y + 1, x); the last column (row) has no link.
    """
    right = np.zeros((height, width), bool)
    down = np.zeros((height, width), bool)
    if not strokes.any():
        return right, down
    for points in polylines(strokes, height, width):
        if len(points) == 1:
            half = np.array([0.0, max(width / strokes.shape[1], 1.0) / 2])
            points = np.concatenate([points - half, points + half])
        length = np.abs(np.diff(points, axis=0)).max(axis=1)
        counts = np.maximum(np.ceil(length * 2).astype(int), 1)
        index = np.repeat(np.arange(len(counts)), counts)
        offset = np.arange(len(index)) - np.repeat(np.cumsum(counts) - counts, counts)
        t = (offset / counts[index])[:, None]
        dense = points[index] * (1 - t) + points[index + 1] * t
        dense = np.concatenate([dense, points[-1:]])
        corners = np.rint(dense).astype(int)  # corner (y, x) is the upper left corner of pixel (y, x)
        keep = np.concatenate([[True], (np.diff(corners, axis=0) != 0).any(axis=1)])
        corners = corners[keep]
        a, b = corners[:-1], corners[1:]
        diagonal = (a != b).all(axis=1)
        middle = np.stack([a[diagonal, 0], b[diagonal, 1]], axis=1)
        starts = np.concatenate([a[~diagonal], a[diagonal], middle])
        ends = np.concatenate([b[~diagonal], middle, b[diagonal]])
        low = np.minimum(starts, ends)
        horizontal = starts[:, 0] == ends[:, 0]
        y, x = low[horizontal, 0], low[horizontal, 1]
        good = (y > 0) & (y < height) & (x >= 0) & (x < width)
        down[y[good] - 1, x[good]] = True
        y, x = low[~horizontal, 0], low[~horizontal, 1]
        good = (x > 0) & (x < width) & (y >= 0) & (y < height)
        right[y[good], x[good] - 1] = True
    return right, down
