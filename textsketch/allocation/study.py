"""What was found out about a picture, so that the next question about it, with another budget, mode or caption,
begins where the last one ended.
"""

from __future__ import annotations

import hashlib
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from textsketch.allocation.analysis import Analysis, analyse
from textsketch.codestream.grids import grid_shape
from textsketch.image.colour_space import to_ycbcr
from textsketch.layers import Layers
from textsketch.semantic.descriptors import Describer
from textsketch.structure import contours, edges

if TYPE_CHECKING:
    from PIL import Image

_MOST_STUDIES = 2
_MOST_BYTES = 48 << 20
"""Planes that take more, those of four megapixels, are not kept."""
_MOST_ANALYSED_BYTES = 16 << 20
"""Of the residuals of a study's analyses; all that an analysis holds takes about five times as much."""
_recent: dict[bytes, Study] = {}
"""By the digest of their picture, the latest last."""


class Study:
    """One picture, given as planes of `colour_space.to_ycbcr`, and what it takes time to see in it."""

    def __init__(self, planes: np.ndarray) -> None:
        self.planes = planes
        self.nearness: dict[tuple[object, ...], float] = {}
        """How near a sketch of the picture comes once it is shaded, see `shaded_sketch`."""
        self._analyses: dict[tuple[object, ...], Analysis] = {}
        self._contours: dict[tuple[tuple[int, int], bool], list[np.ndarray]] = {}
        self._edges: dict[int, list[np.ndarray]] = {}

    @cached_property
    def describer(self) -> Describer:
        """Describes the picture's colours in as many bytes as there are."""
        return Describer(self.planes)

    def contours(self, shape: tuple[int, int], on_paper: bool) -> list[np.ndarray]:
        """See `structure.contours.find`."""
        if (shape, on_paper) not in self._contours:
            self._contours[shape, on_paper] = contours.find(self.planes, shape, on_paper=on_paper)
        return self._contours[shape, on_paper]

    def edges(self, long_side: int) -> list[np.ndarray]:
        """See `structure.edges.find`; long_side: of the grid."""
        if long_side not in self._edges:
            rows, columns = self.planes.shape[1:]
            self._edges[long_side] = edges.find(self.planes, grid_shape((columns, rows), long_side))
        return self._edges[long_side]

    def analysis(self, layers: Layers, most_pixels: int | None) -> Analysis:
        """See `analysis.analyse`."""
        strokes = layers.strokes
        drawn = None if strokes is None else (strokes.shape, np.packbits(strokes).tobytes())
        key = (layers.size, layers.semantic.descriptors, drawn, most_pixels)
        found = self._analyses.pop(key, None) or analyse(layers, self.planes, most_pixels)
        self._analyses[key] = found
        kept_bytes = 0
        for known, one in reversed(list(self._analyses.items())):
            kept_bytes += one.residual.nbytes
            if kept_bytes > _MOST_ANALYSED_BYTES and one is not found:
                self._analyses.pop(known, None)
        return found


def study(picture: Image.Image) -> Study:
    """The study of an RGB picture: that of the last time if there was one lately."""
    pixels = np.asarray(picture.convert("RGB"))
    name = hashlib.sha256(repr(pixels.shape).encode() + pixels.tobytes()).digest()
    found = _recent.pop(name, None)
    if found is None:
        planes = to_ycbcr(pixels)
        planes.flags.writeable = False
        found = Study(planes)
    if found.planes.nbytes <= _MOST_BYTES:
        _recent[name] = found
        for old in list(_recent)[:-_MOST_STUDIES]:
            _recent.pop(old, None)
    return found
