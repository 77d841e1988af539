"""Fills a hole smoothly from around: the mean of two answers.

One is the painter's flow of colours where no stroke stops it: every cell of the hole becomes the mean of its
four neighbours (Laplace's equation), solved from coarse to fine. It is right before a ground of one kind, and a
haze where a large hole lies before two. The other continues what is nearest (A. Telea, "An image inpainting
technique based on the fast marching method", 2004): right there, but drawn into rays. Half of either is seen
less than the whole of one.
"""

from __future__ import annotations

import numpy as np

_RADIUS = 5
"""Cells around one that Telea's method looks at."""
_SWEEPS = 30
"""Of Jacobi's iteration at each size: each starts where the coarser one ended."""


def fill(planes: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """The planes, (n, rows, columns) float32, with their `hole`, (rows, columns) bool, filled.

    Where nothing is around, with the mean of what was there.
    """
    if not hole.any():
        return planes
    if hole.all():
        return np.broadcast_to(planes.mean((1, 2), keepdims=True), planes.shape).astype(np.float32)
    flowed = _solved(np.where(hole, 0, planes).astype(np.float32), ~hole)
    return (flowed + _continued(planes, hole)) / 2


def _continued(planes: np.ndarray, hole: np.ndarray) -> np.ndarray:
    import cv2

    marked = hole.astype(np.uint8)
    filled = [cv2.inpaint(plane.astype(np.float32), marked, _RADIUS, cv2.INPAINT_TELEA) for plane in planes]
    return np.stack(filled).reshape(planes.shape)


def _solved(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """values: 0 where not known, which at least one is."""
    if known.all():
        return values
    counts = _in_fours(known[None].astype(np.float32))[0]
    coarse = _in_fours(values) / np.maximum(counts, 1)
    out = np.where(known, values, _enlarged(_solved(coarse, counts > 0), known.shape))
    for _ in range(_SWEEPS):
        wide = np.pad(out, ((0, 0), (1, 1), (1, 1)), mode="edge")
        around = wide[:, :-2, 1:-1] + wide[:, 2:, 1:-1] + wide[:, 1:-1, :-2] + wide[:, 1:-1, 2:]
        out = np.where(known, values, around / 4)
    return out


def _in_fours(planes: np.ndarray) -> np.ndarray:
    """The sums over squares of four cells."""
    _, rows, columns = planes.shape
    even = np.pad(planes, ((0, 0), (0, rows % 2), (0, columns % 2)))
    return even[:, 0::2, 0::2] + even[:, 1::2, 0::2] + even[:, 0::2, 1::2] + even[:, 1::2, 1::2]


def _enlarged(planes: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    import cv2

    rows, columns = (2 * side for side in planes.shape[1:])
    large = [cv2.resize(plane, (columns, rows), interpolation=cv2.INTER_LINEAR) for plane in planes]
    return np.stack(large).reshape(-1, rows, columns)[:, : shape[0], : shape[1]]
