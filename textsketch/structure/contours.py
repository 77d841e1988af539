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
_USUAL_LONG_SIDE, _THICKEST_CELLS, _DRAWN_LEVELS = 192, 4, 12
"""On a grid of so many cells the thickest line that is one, not two edges, and how far it stands out."""
_RIDGE_LOW, _RIDGE_HIGH, _CURVATURE_UNIT, _NOTHING = 12.0, 30.0, 4, 1e-6  # a quarter of a level a square cell


def find(planes: np.ndarray, shape: tuple[int, int], *, on_paper: bool = False) -> list[np.ndarray]:
    """The contours of a picture, the best first.

    planes: (3, height, width) float32, luma and colour differences centred on 0. shape: (rows, columns) of
    the sketch's grid. on_paper: they will be drawn as dark lines on white, so that a thin dark line is one, in
    its middle; elsewhere both its sides are edges. Returns arrays (n, 2) of integer (row, column) cells;
    neighbours in a line touch.
    """
    import cv2

    rows, columns = shape
    stacked = np.ascontiguousarray(np.moveaxis(planes, 0, -1)) + 128
    double = cv2.resize(stacked, (2 * columns, 2 * rows), interpolation=cv2.INTER_AREA)
    flat = cv2.bilateralFilter(np.clip(double, 0, 255).astype(np.uint8), 9, 30, 4)
    cells = cv2.resize(flat, (columns, rows), interpolation=cv2.INTER_AREA).astype(np.float32)
    found = _traced_either_way(_drawn(cells)) if on_paper else trace(_edges(cells))
    lines = [smooth(line) for line in found if len(line) >= _SHORTEST_LINE]
    return rank(lines, _strength(cells))


def _drawn(cells: np.ndarray) -> np.ndarray:
    """(rows, columns) bool: the middles of thin dark lines, and the edges of all else."""
    import cv2

    edges = _edges(cells)
    scale = max(1.0, max(edges.shape) / _USUAL_LONG_SIDE)
    reach = 2 * round(_THICKEST_CELLS / 2 * scale) + 1
    around = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    darker = cv2.morphologyEx(cells, cv2.MORPH_CLOSE, around) - cells
    _, parts, boxes, _ = cv2.connectedComponentsWithStats((darker.max(-1) > _DRAWN_LEVELS).astype(np.uint8))
    # The corners of what is thick are thin too, but short.
    long = boxes[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(1) >= 2 * reach
    long[0] = False
    thin = long[parts]
    beside = cv2.dilate(thin.astype(np.uint8), around) > 0
    return _without_corners(thin & _ridges(cells, darker.argmax(-1), scale)) | (edges & ~beside)


def _without_corners(marks: np.ndarray) -> np.ndarray:
    """Lines without cells below one cell and beside another: of two alike across a diagonal Canny takes both."""
    marks = marks.copy()
    for beside in (slice(None), slice(None, None, -1)):
        view = marks[:, beside]
        view[1:, 1:] &= ~(view[:-1, 1:] & view[1:, :-1])
    return marks


def _traced_either_way(marks: np.ndarray) -> list[np.ndarray]:
    """`trace`, of each connected part as it is or mirrored, whichever has the longer lines.

    The end of a thick line is forked, and between two forks a line is followed from its topmost cell: one that
    falls to the left would be many short ones.
    """
    import cv2

    _, parts, boxes, _ = cv2.connectedComponentsWithStats(marks.astype(np.uint8))
    lines = []
    for part, (column, row, width, height, cells) in enumerate(boxes[1:].tolist(), 1):
        if cells >= _SHORTEST_LINE:
            own = parts[row : row + height, column : column + width] == part
            mirrored = [line * (1, -1) + (0, width - 1) for line in trace(own[:, ::-1])]
            found = max(trace(own), mirrored, key=lambda lines: sum(len(line) ** 2 for line in lines))
            lines += [line + np.array([row, column]) for line in found]
    return lines


def _ridges(cells: np.ndarray, channels: np.ndarray, sigma: float) -> np.ndarray:
    """(rows, columns) bool, the middles of dark lines of one of the channels at each cell.

    They are where the second derivative across the line is largest (C. Steger, "An unbiased detector of
    curvilinear structures", 1998).
    """
    import cv2

    blurred = sigma**2 * cv2.GaussianBlur(cells, (0, 0), sigma)
    down, both, across = (
        np.take_along_axis(cv2.Sobel(blurred, cv2.CV_32F, *order), channels[..., None], -1)[..., 0]
        for order in ((0, 2), (1, 1), (2, 0))
    )
    # The larger principal curvature and the direction it has.
    apart = (across - down) / 2
    root = np.sqrt(apart**2 + both**2)
    level = apart >= 0
    normal = np.stack([np.where(level, root + apart, both), np.where(level, both, root - apart)])
    normal *= np.maximum(root + (across + down) / 2, 0) / np.sqrt((normal**2).sum(0) + _NOTHING)
    low, high = _RIDGE_LOW * _CURVATURE_UNIT, _RIDGE_HIGH * _CURVATURE_UNIT
    normals = np.rint(normal * _CURVATURE_UNIT).astype(np.int16)
    return canny.edges(*normals, low=low, high=high)


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
