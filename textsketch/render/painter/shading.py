"""Shading: the brush for sketches, a small network that paints light and colour between the lines.

Lines become what they are of, edges of light and colour. The network was trained on the painter's own fields and
sketches (shading.onnx, by training/brush; weights.yaml has what it stands on); what it is given says
`shading_inputs`. No file depends on it, and what it paints may differ by a level between machines.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from textsketch.image.colour_space import to_ycbcr
from textsketch.layers import Layers
from textsketch.render.painter import small_networks
from textsketch.render.painter.shading_inputs import inputs
from textsketch.semantic.descriptors import field_planes

FILE = Path(__file__).with_name("shading.onnx")
_LONGEST_SIDE = 1024
"""A larger picture is shaded at this size and enlarged: a sketch has at most 512 cells along a side, and the
network sees 500 pixels far."""
_LOOK, _WHITE, _PAPER = 24, 95, 0.65
"""On a page of text or a line drawing the lines are the picture. It is told by the share of white, which is so
much brighter than grey, in a field of so many samples a side."""


def shades(layers: Layers) -> bool:
    """Whether the layers are a sketch to shade: strokes, no colour map, and not what is drawn on white paper."""
    if layers.texture is not None or layers.strokes is None or not layers.strokes.any():
        return False
    luma = field_planes(layers.semantic.descriptors, _LOOK, _LOOK, layers.size)[0]
    return float((luma > _WHITE).mean()) < _PAPER


def shade(planes: np.ndarray, layers: Layers) -> np.ndarray:
    """Paint what the strokes of `layers` enclose: (3, height, width) float32 planes, see `to_ycbcr`.

    planes: the field, of the same kind and shape; not changed. Raises MemoryError.
    """
    import cv2

    height, width = planes.shape[1:]
    excess = max(1.0, max(height, width) / _LONGEST_SIDE)
    size = max(1, round(width / excess)), max(1, round(height / excess))
    if excess > 1:
        planes = np.stack([cv2.resize(plane, size, interpolation=cv2.INTER_AREA) for plane in planes])
    painted = small_networks.run(FILE, inputs(planes, layers)[None])[0, :, : size[1], : size[0]]
    shaded = to_ycbcr(painted.transpose(1, 2, 0) * 255)
    if excess > 1:
        shaded = np.stack(
            [cv2.resize(plane, (width, height), interpolation=cv2.INTER_CUBIC) for plane in shaded]
        )
    return shaded
