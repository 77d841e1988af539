"""Chooses the strokes that are worth their bytes.

A stroke's worth is measured on the colour map: the bits the stroke-stopped wavelet saves near it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from textsketch.codestream.grids import level_shapes
from textsketch.structure.barriers import barriers
from textsketch.structure.edges import SHORTEST_LINE
from textsketch.structure.lines import draw
from textsketch.texture.contexts import band_slices
from textsketch.texture.wavelet import StrokeWavelet

_PIECE_CELLS = 8
"""Length of the pieces a line is cut into; a stretch of them is drawn or not."""
_REACH_CELLS = 3.0
"""How far from a piece what is saved counts as its own."""
_COARSEST_CELL = 16
"""Pixels of the coarsest wavelet cell that is looked at: a larger one lies beside many strokes."""
_START_BITS, _CELL_BITS = 40.0, 1.1
"""What the sketch coder needs to start a stroke, and for each of its cells, on photographs."""


@dataclass(frozen=True)
class ValuedLine:
    """A line cut into short pieces, with the bits of colour map each piece saves."""

    pieces: list[np.ndarray]
    worth: np.ndarray


def measure(
    lines: list[np.ndarray],
    planes: np.ndarray,
    shape: tuple[int, ...],
    step: float,
    bare: np.ndarray | None = None,
) -> list[ValuedLine]:
    """Cut lines into pieces and measure what each saves when all are drawn.

    planes: (3, height, width) float32, the picture without the descriptors' field. shape: of the grid.
    step: the colour map's quantiser step for orthonormal coefficients of `planes`. bare: what the colour
    map costs without strokes, where it is known already.
    """
    if bare is None:
        bare = _bare_cost(planes, step)
    cut = [np.array_split(line, max(1, round(len(line) / _PIECE_CELLS))) for line in lines]
    saved = iter(_worth([piece for pieces in cut for piece in pieces], planes, shape, step, bare))
    return [ValuedLine(pieces, np.array([next(saved) for _ in pieces])) for pieces in cut]


def choose(valued: list[ValuedLine], favour: float) -> list[np.ndarray]:
    """The stretches whose worth, times `favour`, exceeds what they cost to code."""
    chosen = []
    for line in valued:
        profit = favour * line.worth - _CELL_BITS * np.array([len(piece) for piece in line.pieces])
        for first, last in _profitable_runs(profit, _START_BITS):
            stretch = np.concatenate(line.pieces[first:last])
            if len(stretch) >= SHORTEST_LINE:
                chosen.append(stretch)
    return chosen


class Choice:
    """The choice among lines for one quantiser step, by any favour: `measure` and `choose`, twice.

    Drawing fewer strokes changes what the others save. coefficients: what the wavelet without strokes makes of
    the planes, where that is known already; the rest is as in `measure`.
    """

    def __init__(
        self,
        lines: list[np.ndarray],
        planes: np.ndarray,
        shape: tuple[int, ...],
        step: float,
        coefficients: np.ndarray | None = None,
    ) -> None:
        bare = _bare_cost(planes, step) if coefficients is None else _cost_map(coefficients, step)
        self._among = planes, shape, step, bare
        self._valued = measure(lines, *self._among)

    def strokes(self, favour: float) -> list[np.ndarray]:
        """The strokes that pay."""
        return choose(measure(choose(self._valued, 2 * favour), *self._among), favour)


def _profitable_runs(profit: np.ndarray, start_cost: float) -> list[tuple[int, int]]:
    """Disjoint runs [first, last) with the largest sum of `profit`, each run costing `start_cost`."""
    best_off, best_on = 0.0, -start_cost
    came_on = []
    for value in profit:
        # Where each state at this piece comes from: True = the piece before was drawn.
        off_from_on = best_on > best_off
        on_from_on = best_on > best_off - start_cost
        came_on.append((off_from_on, on_from_on))
        best_off, best_on = max(best_off, best_on), max(best_on, best_off - start_cost) + value
    drawn = []
    on = best_on > best_off
    for off_from_on, on_from_on in reversed(came_on):
        drawn.append(on)
        on = on_from_on if on else off_from_on
    edges = np.nonzero(np.diff(np.array([0, *drawn[::-1], 0], int)))[0]
    return list(zip(edges[0::2].tolist(), edges[1::2].tolist(), strict=True))


def _worth(
    pieces: list[np.ndarray], planes: np.ndarray, shape: tuple[int, ...], step: float, bare: np.ndarray
) -> np.ndarray:
    """Bits of colour map each piece saves when all of them are drawn: float64, one a piece."""
    import cv2

    height, width = planes.shape[1:]
    wavelet = StrokeWavelet(*barriers(draw(pieces, shape), height, width))
    saved = bare - _cost_map(wavelet.forward(planes), step)
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


def _bare_cost(planes: np.ndarray, step: float) -> np.ndarray:
    nothing = np.zeros(planes.shape[1:], bool)
    return _cost_map(StrokeWavelet(nothing, nothing).forward(planes), step)


def _cost_map(coefficients: np.ndarray, step: float) -> np.ndarray:
    """Where a colour map's bits and errors (as bits) fall: float32 (height, width)."""
    scaled = np.abs(coefficients) / step
    cost = np.minimum(scaled**2 / 0.17, 5.5 + 2 * np.log2(np.maximum(scaled, 1))).sum(axis=0)
    height, width = cost.shape
    shapes = level_shapes(height, width)
    out = np.zeros((height, width), np.float32)
    for level in range(len(shapes) - 1):
        cell = 2 << level
        if cell > _COARSEST_CELL:
            break
        for rows, columns in band_slices(shapes, level):
            band = cost[rows, columns].repeat(cell, axis=0).repeat(cell, axis=1)[:height, :width]
            out[: band.shape[0], : band.shape[1]] += band / (cell * cell)
    return out
