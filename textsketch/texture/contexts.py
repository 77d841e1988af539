"""The order a colour map's coefficients are coded in, and what is known about each one by then.

Levels go from coarse to fine, in a level luma comes before chroma. A band is coded in four passes, each
over every second row and column, so all inputs of a pass come from passes, bands, planes and levels before
it and are gathered at once. The vertical-detail band is transposed, so that it shares its statistics
with the horizontal one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

_PASSES = ((0, 0), (1, 1), (0, 1), (1, 0))
_NEAR = tuple((dy, dx) for dy in range(-2, 3) for dx in range(-2, 3) if dy or dx)
_AROUND = tuple((dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1))
_CLIP = 15

MAGNITUDES = len(_NEAR) + 5 * len(_AROUND) + 1
"""Inputs that are 0 to 15: magnitudes around the coefficient, and the stroke density."""
INPUTS = MAGNITUDES + 3 + 8 + 4 + 4 + 1
"""All inputs: also plane, depth, band and pass (one of each is on), and the quantiser step."""

INPUT_SCALE = np.array([0, 256, 406, 512, 594, 662, 719, 768, 812, 850, 886, 918, 947, 975, 1000, 1024])
"""256 log2(1 + value) of a magnitude: what the network is given."""


SIGNED = 25 + 5 * 9
"""Inputs of the sign's probability that are -2 to 2: signed values around the coefficient."""
SIGN_INPUTS = SIGNED + 2 + 3 + 4 + 3
"""All of the sign's inputs: also chroma or not, band, pass and depth (one of each is on)."""


@dataclass
class Pass:
    """A quarter of a band: `plane`, `level` and views into the planes; `inputs` as of now."""

    plane: int
    level: int
    values: np.ndarray
    wanted: np.ndarray | None
    inputs: np.ndarray
    constants: dict[int, int]
    sign_constants: dict[int, int]
    _band: np.ndarray
    _around: list[np.ndarray | None]
    _first: tuple[int, int]

    def sign_inputs(self, chosen: np.ndarray) -> np.ndarray:
        """Signed values around the `chosen` coefficients (flat indices): (n, SIGNED) int64, -2 to 2.

        Counts only what stood in the band before this pass.
        """
        rows, columns = np.divmod(chosen, self.values.shape[1])
        rows, columns = 2 * rows + self._first[0], 2 * columns + self._first[1]
        parts = [_signs_around(self._band, rows, columns, 2)]
        parts += [_signs_around(part, rows, columns, 1) for part in self._around]
        return np.concatenate(parts, axis=1)


def _signs_around(plane: np.ndarray | None, rows: np.ndarray, columns: np.ndarray, reach: int) -> np.ndarray:
    """Values of a plane, -2 to 2, up to `reach` rows and columns from some places; 0 outside: (n, reach's)."""
    span = np.arange(-reach, reach + 1)
    if plane is None or not plane.size:
        return np.zeros((len(rows), len(span) ** 2), np.int64)
    y = rows[:, None] + span.repeat(len(span))
    x = columns[:, None] + np.tile(span, len(span))
    inside = (y >= 0) & (y < plane.shape[0]) & (x >= 0) & (x < plane.shape[1])
    return np.clip(plane[y * inside, x * inside], -2, 2) * inside


def band_slices(shapes: list[tuple[int, int]], level: int) -> list[tuple[slice, slice]]:
    """Row and column slices of the bands of a level; the coarsest level has only its low-pass band."""
    if level == len(shapes) - 1:
        return [(slice(0, shapes[level][0]), slice(0, shapes[level][1]))]
    (rows, columns), (low_rows, low_columns) = shapes[level], shapes[level + 1]
    low_y, high_y = slice(0, low_rows), slice(low_rows, rows)
    low_x, high_x = slice(0, low_columns), slice(low_columns, columns)
    return [(low_y, high_x), (high_y, low_x), (high_y, high_x)]


def passes(
    planes: np.ndarray,
    source: np.ndarray | None,
    shapes: list[tuple[int, int]],
    finest: tuple[int, ...],
    step_index: int,
    strokes: np.ndarray | None,
) -> Iterator[Pass]:
    """Walk the coefficients of `planes` (3, height, width) int32 in coding order.

    The caller fills `values` of each pass before it asks for the next. source: planes to take `wanted`
    from. finest: each plane's finest level that is coded. strokes: the sketch, or None.
    """
    last = len(shapes) - 1
    densities = None if strokes is None else _Densities(strokes)
    for level in range(last, -1, -1):
        slices = band_slices(shapes, level)
        for plane in range(3):
            if level < finest[plane]:
                continue
            for band, (rows, columns) in enumerate(slices):
                values = planes[plane, rows, columns]
                if not values.size:
                    continue
                known: list[np.ndarray | None] = [None] * 5
                if level < last - 1:
                    parent_rows, parent_columns = band_slices(shapes, level + 1)[band]
                    known[0] = planes[plane, parent_rows, parent_columns].repeat(2, axis=0).repeat(2, axis=1)
                if band >= 1:
                    known[1] = planes[plane, slices[0][0], slices[0][1]]
                if band == 2:
                    known[2] = planes[plane, slices[1][0], slices[1][1]]
                if plane >= 1:
                    known[3] = planes[0, rows, columns]
                if plane == 2:
                    known[4] = planes[1, rows, columns]
                density = None if densities is None else densities.of(values.shape)
                wanted = None if source is None else source[plane, rows, columns]
                if band == 1:
                    values = values.T
                    known = [None if part is None else part.T for part in known]
                    density = None if density is None else density.T
                    wanted = None if wanted is None else wanted.T
                kind = 3 if level == last else band
                around = [_padded(part, values.shape) for part in known]
                for index, (y, x) in enumerate(_PASSES):
                    if y >= values.shape[0] or x >= values.shape[1]:
                        continue
                    yield Pass(
                        plane,
                        level,
                        values[y::2, x::2],
                        None if wanted is None else wanted[y::2, x::2],
                        _gather(values, around, density, y, x),
                        _constants(plane, last - level, kind, index, step_index),
                        _sign_constants(plane, last - level, kind, index),
                        values,
                        known,
                        (y, x),
                    )


def stroke_density(strokes: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """How much of each band coefficient's cell is covered by strokes: `shape` uint8, 0 to 15."""
    return _Densities(strokes).of(shape)


class _Densities:
    """The stroke densities of all bands of one sketch."""

    def __init__(self, strokes: np.ndarray) -> None:
        rows, columns = strokes.shape
        self._total = np.zeros((rows + 1, columns + 1), np.int64)
        self._total[1:, 1:] = strokes.cumsum(axis=0, dtype=np.int64).cumsum(axis=1)
        self._known: dict[tuple[int, ...], np.ndarray] = {}

    def of(self, shape: tuple[int, ...]) -> np.ndarray:
        """See `stroke_density`."""
        if shape not in self._known:
            rows, columns = self._total.shape
            top, bottom = _cells(rows - 1, shape[0])
            left, right = _cells(columns - 1, shape[1])
            in_rows = self._total[bottom] - self._total[top]
            count = in_rows[:, right] - in_rows[:, left]
            area = (bottom - top)[:, None] * (right - left)
            self._known[shape] = np.minimum((count * 32 + area - 1) // area, _CLIP).astype(np.uint8)
        return self._known[shape]


def _cells(length: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Bounds of `count` cells of a grid of `length`, each widened to at least three of the grid's."""
    index = np.arange(count)
    low, high = index * length // count, (index + 1) * length // count
    widen = high - low < 3
    return np.where(widen, np.maximum(low - 1, 0), low), np.where(widen, np.minimum(low + 2, length), high)


def _constants(plane: int, depth: int, kind: int, index: int, step_index: int) -> dict[int, int]:
    first = MAGNITUDES
    return {
        first + plane: 256,
        first + 3 + min(depth, 7): 256,
        first + 11 + kind: 256,
        first + 15 + index: 256,
        first + 19: (step_index - 35) * 26,
    }


def _sign_constants(plane: int, depth: int, kind: int, index: int) -> dict[int, int]:
    return {
        SIGNED + min(plane, 1): 256,
        SIGNED + 2 + kind % 3: 256,
        SIGNED + 5 + index: 256,
        SIGNED + 9 + min(depth, 2): 256,
    }


def _padded(plane: np.ndarray | None, shape: tuple[int, ...]) -> np.ndarray | None:
    if plane is None:
        return None
    out = np.zeros((shape[0] + 2, shape[1] + 2), np.uint8)
    rows, columns = min(shape[0], plane.shape[0]), min(shape[1], plane.shape[1])
    out[1 : rows + 1, 1 : columns + 1] = np.minimum(np.abs(plane[:rows, :columns]), _CLIP)
    return out


def _gather(values, around, density, first_row, first_column) -> np.ndarray:
    height, width = values.shape
    rows = (height - first_row + 1) // 2
    columns = (width - first_column + 1) // 2
    out = np.zeros((MAGNITUDES, rows, columns), np.uint8)
    near = np.zeros((height + 4, width + 4), np.uint8)
    near[2:-2, 2:-2] = np.minimum(np.abs(values), _CLIP)
    index = 0
    for dy, dx in _NEAR:
        y, x = 2 + dy + first_row, 2 + dx + first_column
        out[index] = near[y : y + 2 * rows : 2, x : x + 2 * columns : 2][:rows, :columns]
        index += 1
    for plane in around:
        for dy, dx in _AROUND:
            if plane is not None:
                y, x = 1 + dy + first_row, 1 + dx + first_column
                out[index] = plane[y : y + 2 * rows : 2, x : x + 2 * columns : 2][:rows, :columns]
            index += 1
    if density is not None:
        out[index] = density[first_row::2, first_column::2]
    return out.reshape(MAGNITUDES, -1).T
