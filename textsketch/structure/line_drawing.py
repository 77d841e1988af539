"""Strokes as a kind of structure: found by a detector, drawn as lines, and as the pictures that steer diffusion.

ControlNet for soft edges wants white lines on black that fade like HED and PiDiNet maps do; the sketch adapter
wants the same lines cut to black and white.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from textsketch.codestream.grids import grid_shape
from textsketch.layers import Strokes
from textsketch.structure import detectors, sketch_coder
from textsketch.structure.barriers import polylines
from textsketch.structure.kind import Guide, Kind, OperatingPoints
from textsketch.structure.lines import draw, smooth

if TYPE_CHECKING:
    from PIL import Image

_LONG_SIDE = 192
_TRAINED_SIDE = 512
"""Widths below are in pixels of a picture whose short side is this long."""
# Between a close fit to PiDiNet maps of photographs in squared error (wider, greyer) and their look.
_LINE_WIDTH = 2.0
_SKETCH_WIDTH = 3.0
_ANTI_ALIASING = 0.9  # how much wider a line is drawn than asked for, in pixels
_LINE_BLUR = 2.4
_LINE_PEAK = 0.8
# Lengths, in short sides of the picture, from which and up to which lines grow wider and stronger.
_SHORT, _LONG = 1 / 16, 1 / 2
_FAINTEST = 0.75


def extract(picture: Image.Image, detector: str) -> OperatingPoints:
    """The best strokes of a detector's map of an RGB picture, one more a step."""
    shape = grid_shape(picture.size, _LONG_SIDE)
    lines = [smooth(line) for line in detectors.find(detectors.edge_map(picture, detector), shape)]
    return OperatingPoints(len(lines), lambda step: Strokes(draw(lines[:step], shape)))


def line_mask(
    strokes: np.ndarray, height: int, width: int, thickness: float, *, by_length: bool = False
) -> np.ndarray:
    """How far a line of `thickness` pixels covers each pixel: (height, width) float32, 0 to 1.

    strokes: (rows, columns) bool grid. by_length: draw short lines thinner and fainter, see `emphasis`.
    """
    import cv2

    zoom = 2 if height * width <= 2_000_000 else 1
    canvas = np.zeros((height * zoom, width * zoom), np.uint8)
    groups: dict[float, list[np.ndarray]] = {}
    for points in polylines(strokes, height, width):
        share = emphasis(points, min(height, width)) if by_length else 1.0
        groups.setdefault(share, []).append(np.rint(points[:, ::-1] * zoom * 16 - 8).astype(np.int32))
    for share, lines in sorted(groups.items()):  # the longest last, over the others
        wide = max(1, round(thickness * share * zoom))
        cv2.polylines(canvas, lines, False, (round(255 * share),), wide, cv2.LINE_AA, 4)
    covered = cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA)
    return covered.reshape(height, width).astype(np.float32) / 255


def emphasis(points: np.ndarray, short_side: int) -> float:
    """How wide and strong a line of (n, 2) points is drawn, a share of the widest, in steps of an eighth.

    Detectors see long contours more surely than short ones, and a network follows what it sees strongly.
    """
    length = float(np.linalg.norm(np.diff(points, axis=0), axis=1).sum()) / short_side
    share = _FAINTEST + (1 - _FAINTEST) * math.log2(max(length, 1e-6) / _SHORT) / math.log2(_LONG / _SHORT)
    return round(8 * min(max(share, _FAINTEST), 1.0)) / 8


def soften_strokes(planes: np.ndarray, strokes: np.ndarray) -> np.ndarray:
    """Anti-alias the contours of (3, height, width) planes in place: blur slightly, on strokes only."""
    import cv2

    rows, columns = planes.shape[1:]
    mask = line_mask(strokes, rows, columns, 2.0)
    for index, plane in enumerate(planes):
        planes[index] = plane + mask * (cv2.GaussianBlur(plane, (0, 0), 0.8) - plane)
    return planes


def soft_edges(strokes: np.ndarray, size: tuple[int, int]) -> Image.Image:
    """Strokes, a (rows, columns) bool grid, as a soft edge map: mode "L" of `size`, white on black."""
    import cv2

    lines = _lines(strokes, size, _LINE_WIDTH)
    soft = cv2.GaussianBlur(lines, (0, 0), _LINE_BLUR * min(size) / _TRAINED_SIDE)
    single = math.erf(
        (_LINE_WIDTH + _ANTI_ALIASING) / (2 * math.sqrt(2) * _LINE_BLUR)
    )  # the peak of one blurred line
    return _grey(np.minimum(soft * (_LINE_PEAK / single), 1))


def sketch(strokes: np.ndarray, size: tuple[int, int]) -> Image.Image:
    """Strokes as the crisp drawing the sketch adapter wants: mode "L" of `size`, white on black."""
    return _grey(np.minimum(_lines(strokes, size, _SKETCH_WIDTH) / _FAINTEST, 1))


def _lines(strokes: np.ndarray, size: tuple[int, int], thickness_at_512: float) -> np.ndarray:
    width, height = size
    if not strokes.any():
        return np.zeros((height, width), np.float32)
    thickness = thickness_at_512 * min(size) / _TRAINED_SIDE
    return line_mask(strokes, height, width, thickness, by_length=True)


def _grey(share: np.ndarray) -> Image.Image:
    from PIL import Image

    return Image.fromarray(np.rint(np.clip(share, 0, 1) * 255).astype(np.uint8))


def _condition(structure: Strokes, size: tuple[int, int], guide: Guide) -> tuple[str, Image.Image]:
    if guide is Guide.CONTROLNET:
        return "edges", soft_edges(structure.strokes, size)
    return "sketch", sketch(structure.strokes, size)


KIND = Kind(
    name="strokes",
    title="Sketch",
    structure=Strokes,
    extract=extract,
    pack=sketch_coder.pack,
    unpack=sketch_coder.unpack,
    draw=lambda structure, size, thickness: line_mask(structure.strokes, size[1], size[0], thickness),
    condition=_condition,
)
