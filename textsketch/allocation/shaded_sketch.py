"""Chooses a sketch by how it looks once it is shaded: how many lines, and how many bytes of colours.

Lines are tried in fixed numbers, the best ones first, so a larger budget has all choices of a smaller one: more
bytes do not paint a worse picture.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import numpy as np

from textsketch.allocation.search import Budget, described, last_that_fits
from textsketch.codestream.grids import grid_shape
from textsketch.image.colour_space import planes_to_rgb
from textsketch.layers import Layers, Strokes
from textsketch.structure.lines import draw

Shade = Callable[[Layers], "np.ndarray | None"]
"""How a sketch will be painted: (3, height, width) planes of any size; None if its lines are drawn instead."""
_LONG_SIDE = 192
"""Cells along the longer side of the grid: lines on a finer one cost more than they help."""
_COUNTS = tuple(round(6 * 1.5**step) for step in range(15))
_USUAL_COUNT = _COUNTS[4]
"""Lines that most pictures are shaded best from, or nearly so."""
_PATIENCE = 2
"""So many numbers of lines in a row that shade worse end the search."""
_DESCRIPTOR_SHARES = (0.3, 0.5)
"""Of the bytes go to colours."""
_MOST_DESCRIPTOR_BYTES = 60
"""All 160 descriptors in the finest step that says anything of a photograph."""
_SIMILARITY_DB = 10.0
"""How many decibels of error a structural similarity of 1 is worth."""
_WINDOW = 1.5
_STABLE = 6.5, 58.5
"""The constants of structural similarity, for 255 levels."""


def choose(layers: Layers, budget: Budget, shade: Shade) -> Layers | None:
    """The sketch whose shading is nearest to the picture; None if `shade` has none for it.

    layers: those of the smallest file. Nearness is the squared error and, at half the size, the structural
    similarity of luma.
    """
    shape = grid_shape(layers.size, _LONG_SIDE)
    lines = budget.study.contours(shape, on_paper=False)
    room = budget.most_bytes - budget.size_of(replace(layers, structure=Strokes(draw(lines[:0], shape))))
    colours = sorted({min(_MOST_DESCRIPTOR_BYTES, max(8, int(share * room))) for share in _DESCRIPTOR_SHARES})
    look, known = _Look(budget.planes), budget.study.nearness
    best: Layers | None = None
    most = -np.inf
    for size_bytes in colours[:1] if budget.effort == 1 else colours:
        below = described(layers, size_bytes, budget)

        def drawn(count: int, below: Layers = below) -> Layers:
            return replace(below, structure=Strokes(draw(lines[:count], shape)))

        def nearness(count: int, below: Layers = below) -> float:
            key = shade, below.semantic.descriptors, count
            if key not in known:
                painted = shade(drawn(count, below))
                known[key] = np.nan if painted is None else look.nearness(painted)
            budget.report.beat()
            return known[key]

        def fits(count: int, drawn: Callable[[int], Layers] = drawn) -> bool:
            return budget.fits(drawn(count))

        usual = min(_USUAL_COUNT, len(lines))
        start = usual if fits(usual) else last_that_fits(fits, usual)
        if np.isnan(nearness(start)):
            return None
        count = start
        if budget.effort > 1:
            more = _more(start, len(lines), fits) if start == usual else ()
            count = _climbed(start, more, nearness)
            if count == start:
                count = _climbed(start, (fewer for fewer in reversed(_COUNTS) if fewer < start), nearness)
        if nearness(count) > most:
            best, most = drawn(count), nearness(count)
    return best


def _more(start: int, most: int, fits: Callable[[int], bool]) -> Iterator[int]:
    """Larger numbers up to `most` to try, as long as they fit; the last is the largest that does."""
    before = start
    for count in (*(count for count in _COUNTS if start < count < most), most):
        if not fits(count):
            count = last_that_fits(fits, count - 1, before)
            most = count
        if count > before:
            yield count
        if count == most:
            return
        before = count


def _climbed(start: int, way: Iterable[int], value: Callable[[int], float]) -> int:
    """The number of the highest value, of those on the way until it has fallen for too long."""
    best, worse = start, 0
    for count in way:
        if value(count) > value(best):
            best, worse = count, 0
        else:
            worse += 1
        if worse == _PATIENCE:
            break
    return best


class _Look:
    """The picture as shadings are compared with it."""

    def __init__(self, planes: np.ndarray) -> None:
        self._planes = planes
        self._shape: tuple[int, ...] = ()

    def nearness(self, painted: np.ndarray) -> float:
        """How near (3, height, width) planes come, in dB."""
        import cv2

        if painted.shape[1:] != self._shape:
            self._shape = painted.shape[1:]
            size = painted.shape[2], painted.shape[1]
            self._picture = [cv2.resize(plane, size, interpolation=cv2.INTER_AREA) for plane in self._planes]
            self._rgb = planes_to_rgb(np.stack(self._picture))
        error = np.mean(np.square(np.clip(planes_to_rgb(painted), 0, 255) - self._rgb))
        half = painted.shape[2] // 2 or 1, painted.shape[1] // 2 or 1
        one, other = (
            cv2.resize(plane, half, interpolation=cv2.INTER_AREA) + 128
            for plane in (painted[0], self._picture[0])
        )
        return _SIMILARITY_DB * _similarity(one, other) - 10 * float(np.log10(error + 1e-6))


def _similarity(one: np.ndarray, other: np.ndarray) -> float:
    """Structural similarity of two planes (Wang et al. 2004)."""
    import cv2

    def blur(values: np.ndarray) -> np.ndarray:
        return cv2.GaussianBlur(values, (0, 0), _WINDOW)

    mean, other_mean = blur(one), blur(other)
    spread = blur(one * one) - mean**2 + blur(other * other) - other_mean**2
    common = blur(one * other) - mean * other_mean
    first, second = _STABLE
    alike = (2 * mean * other_mean + first) * (2 * common + second)
    return float((alike / ((mean**2 + other_mean**2 + first) * (spread + second))).mean())
