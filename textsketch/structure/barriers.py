"""Strokes as barriers: smooth lines drawn between the pixels of any picture size.

A stroke has no width here; it runs along the cracks between pixels and cuts the links it crosses, so a
colour on one side never mixes with the other side and no pixel lies "on" a line.
"""

from __future__ import annotations

import numpy as np


def trace(strokes: np.ndarray) -> list[np.ndarray]:
    """Follow a (rows, columns) bool sketch; returns lines of (n, 2) integer (row, column) points, n >= 1."""
    left = {(int(r), int(c)) for r, c in zip(*np.nonzero(strokes), strict=True)}
    neighbours = ((0, 1), (1, 0), (0, -1), (-1, 0), (1, 1), (1, -1), (-1, -1), (-1, 1))

    def around(point):
        return [(point[0] + r, point[1] + c) for r, c in neighbours]

    degree = {point: sum(other in left for other in around(point)) for point in left}
    points = frozenset(left)
    lines = []
    # Line ends first, so that a stroke is one line and not two halves.
    for start in sorted(left, key=lambda point: (degree[point] != 1, point)):
        if start not in left:
            continue
        left.discard(start)
        line = [start]
        direction = (0, 0)
        while True:
            here = line[-1]
            options = [point for point in around(here) if point in left]
            if not options:
                break
            if len(line) > 1:
                options.sort(
                    key=lambda p: -((p[0] - here[0]) * direction[0] + (p[1] - here[1]) * direction[1])
                )
            following = options[0]
            left.discard(following)
            line.append(following)
            back = line[max(len(line) - 4, 0)]
            direction = (following[0] - back[0], following[1] - back[1])
        # Close gaps to lines traced before, so that no colour leaks through a junction.
        for end in (0, -1):
            tip = line[end]
            known = set(line)
            joint = next((p for p in around(tip) if p in points and p not in left and p not in known), None)
            if joint is not None:
                line.insert(0 if end == 0 else len(line), joint)
        if len(line) > 2 and max(abs(line[0][0] - line[-1][0]), abs(line[0][1] - line[-1][1])) == 1:
            line.append(line[0])
        lines.append(np.array(line))
    return lines


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
