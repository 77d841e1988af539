"""Finds a picture's contours and chooses the strokes that are worth their bytes.

A stroke's worth is measured on the colour map: the bits the stroke-stopped wavelet saves near it.
"""

from __future__ import annotations

import numpy as np

from textsketch.structure.barriers import barriers, trace
from textsketch.structure.grid import grid_shape
from textsketch.texture.contexts import band_slices
from textsketch.texture.wavelet import StrokeWavelet

_LONGEST_PIECE = 24
_SHORTEST_PIECE = 5
_REACH_CELLS = 3.0
_COARSEST_CELL = 16


def detect(luma: np.ndarray, size: tuple[int, int], long_side: int) -> list[np.ndarray]:
    """Pieces of contours of a (height, width) luma plane centred on 0, at most about 24 cells long each.

    Returns arrays (n, 2) of (row, column) cells on the grid with `long_side` cells of a picture of `size`.
    """
    import cv2

    rows, columns = grid_shape(size, long_side)
    grey = np.clip(luma + 128, 0, 255).astype(np.uint8)
    grey = cv2.resize(grey, (columns, rows), interpolation=cv2.INTER_AREA).reshape(rows, columns)
    edges = cv2.Canny(cv2.bilateralFilter(grey, 5, 25, 2), 20, 50, L2gradient=True) > 0
    pieces = []
    for line in trace(edges):
        count = max(1, round(len(line) / _LONGEST_PIECE))
        pieces += [piece for piece in np.array_split(line, count) if len(piece) >= _SHORTEST_PIECE]
    return pieces


def draw(lines: list[np.ndarray], shape: tuple[int, int]) -> np.ndarray:
    """The bitmap of some strokes: `shape` bool."""
    bitmap = np.zeros(shape, bool)
    for line in lines:
        bitmap[line[:, 0], line[:, 1]] = True
    return bitmap


def worth(pieces: list[np.ndarray], planes: np.ndarray, shape: tuple[int, int], step: float) -> np.ndarray:
    """Bits of colour map each piece saves when all of them are drawn: float64, one a piece.

    planes: (3, height, width) float32, the picture without the descriptors' field. shape: of the grid.
    step: the colour map's quantiser step for orthonormal coefficients of `planes`.
    """
    import cv2

    height, width = planes.shape[1:]
    nothing = np.zeros((height, width), bool)
    saved = _cost_map(planes, StrokeWavelet(nothing, nothing), step)
    saved -= _cost_map(planes, StrokeWavelet(*barriers(draw(pieces, shape), height, width)), step)
    saved = cv2.resize(saved, (shape[1], shape[0]), interpolation=cv2.INTER_AREA).reshape(shape)
    saved *= height * width / (shape[0] * shape[1])
    owner = np.zeros(shape, np.int32)
    for index, piece in enumerate(pieces):
        owner[piece[:, 0], piece[:, 1]] = index + 1
    distance, nearest = cv2.distanceTransformWithLabels(
        (owner == 0).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    owner_of_label = np.zeros(nearest.max() + 1, np.int32)
    owner_of_label[nearest[owner > 0]] = owner[owner > 0]
    near = np.where(distance < _REACH_CELLS, owner_of_label[nearest], 0)
    return np.bincount(near.ravel(), saved.ravel(), minlength=len(pieces) + 1)[1:]


def _cost_map(planes: np.ndarray, wavelet: StrokeWavelet, step: float) -> np.ndarray:
    """Where a colour map's bits and errors (as bits) fall: float32 (height, width)."""
    scaled = np.abs(wavelet.forward(planes)) / step
    cost = np.minimum(scaled**2 / 0.17, 5.5 + 2 * np.log2(np.maximum(scaled, 1))).sum(axis=0)
    height, width = cost.shape
    out = np.zeros((height, width), np.float32)
    for level in range(len(wavelet.shapes) - 1):
        cell = 2 << level
        if cell > _COARSEST_CELL:
            break
        for rows, columns in band_slices(wavelet.shapes, level):
            band = cost[rows, columns].repeat(cell, axis=0).repeat(cell, axis=1)[:height, :width]
            out[: band.shape[0], : band.shape[1]] += band / (cell * cell)
    return out
