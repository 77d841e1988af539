"""Shading: the brush for sketches, a small network that paints light and colour between the lines.

Lines become what they are of, edges of light and colour. The network was trained on the painter's own fields and
sketches (shading.onnx, by training/brush; weights.yaml has what it stands on); what it is given says
`shading_inputs`. No file depends on it, and what it paints may differ by a level between machines.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np

from textsketch.image.colour_space import to_ycbcr
from textsketch.layers import Layers
from textsketch.render.painter import small_networks
from textsketch.render.painter.brush import COLOURLESS
from textsketch.render.painter.shading_inputs import LINE_WIDTH, inputs, shape_for
from textsketch.semantic.descriptors import field_planes, paper
from textsketch.structure.line_drawing import line_mask
from textsketch.texture.grain import noise

FILE = Path(__file__).with_name("shading.onnx")
_KEPT = 8
"""Shadings, of 2.4 MB each: as many as one encoding tries, or nearly so."""
_AROUND = 24.0
_EVERYWHERE, _AMONG_LINES = 1.6, 20.0
"""Grain in grey levels: everywhere, and where lines cover all, by their density this many pixels around. It is
about a quarter of the roughness that shaded pictures lack, fitted on CID22's."""
_MEDIAN = 5
"""Pixels along a side of the squares whose median is shown: combs of fine streaks, which the network draws where
lines meet, are thinner than half of that, and the edges stay."""


def shades(layers: Layers) -> bool:
    """Whether the layers are a sketch to shade: strokes, no colour map, and not what is drawn on white paper."""
    if layers.texture is not None or layers.strokes is None or not layers.strokes.any():
        return False
    return paper(layers.semantic.descriptors, layers.size) is None


def shade(layers: Layers) -> np.ndarray:
    """A sketch painted: (3, height, width) float32 planes, see `to_ycbcr`, of `shape_for` the picture's size.

    Larger pictures are to be enlarged from it. They are read-only: the last ones are kept, so what an encoder
    has tried is painted at once. Raises MemoryError.
    """
    assert layers.strokes is not None
    drawn = layers.strokes.shape, np.packbits(layers.strokes).tobytes()
    return _shade(_Sketch((layers.size, layers.semantic.descriptors, *drawn), layers))


@dataclass(frozen=True)
class _Sketch:
    """Layers, told apart by what is seen of them."""

    seen: tuple[object, ...]
    layers: Layers = field(compare=False)


@lru_cache(maxsize=_KEPT)
def _shade(sketch: _Sketch) -> np.ndarray:
    import cv2

    height, width = shape_for(sketch.layers.size)
    painted = small_networks.run(FILE, inputs(sketch.layers)[None])[0, :, :height, :width]
    planes = np.stack(
        [cv2.medianBlur(plane, _MEDIAN) for plane in to_ycbcr(painted.transpose(1, 2, 0) * 255)]
    )
    colours = field_planes(sketch.layers.semantic.descriptors, height, width, sketch.layers.size)[1:]
    if np.abs(colours).max() < COLOURLESS:
        planes[1:] = colours  # black and white stays so
    planes.flags.writeable = False
    return planes


def shaded(layers: Layers, height: int, width: int) -> np.ndarray:
    """`shade` enlarged or shrunk to (3, height, width), to be written to."""
    import cv2

    planes = shade(layers)
    if planes.shape[1:] == (height, width):
        return planes.copy()
    how = cv2.INTER_AREA if height * width < planes[0].size else cv2.INTER_CUBIC
    return np.stack([cv2.resize(plane, (width, height), interpolation=how) for plane in planes])


def grain(layers: Layers, height: int, width: int) -> np.ndarray:
    """Grain for a shaded sketch: (height, width) float32 grey levels, stronger where lines are dense."""
    import cv2

    rows, columns = shape_for(layers.size)
    strength = np.full((rows, columns), _EVERYWHERE, np.float32)
    if layers.strokes is not None:
        lines = line_mask(layers.strokes, rows, columns, LINE_WIDTH).astype(np.float32, copy=False)
        strength += _AMONG_LINES * cv2.GaussianBlur(lines, (0, 0), _AROUND)
    return noise(strength, height, width, layers.seed)
