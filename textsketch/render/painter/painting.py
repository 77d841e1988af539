"""The embedded painter: paints whatever layers it is given, on any CPU."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image

from textsketch.codestream.grids import level_shapes
from textsketch.image.colour_space import to_srgb
from textsketch.layers import Layers
from textsketch.progress import Progress
from textsketch.render.painter import shading
from textsketch.semantic.descriptors import field_planes, paper
from textsketch.structure.kinds import kind_of
from textsketch.structure.line_drawing import soften_strokes

MOST_PIXELS = 1 << 26
"""No picture is painted with more pixels than this; a larger one is scaled down."""
_MOST_PAINTED = 1 << 22
_CLOUD_LEVELS = 12, 4, 4
"""How far, in levels of each plane, a field is beside its paper and yet nothing but clouds."""


def render(
    layers: Layers,
    size: tuple[int, int] | None = None,
    *,
    grain: bool = True,
    brush: bool = True,
    progress: Progress | None = None,
) -> Image.Image:
    """Paint `layers` as an RGB picture of `size` (width, height), by default the original's.

    grain=False leaves the grain out. brush=False leaves out what a network adds, see `render.painter.brush`: the
    plain painting, which shows what was sent and nothing else.
    progress: called with the finished share, 0 to 1, and a message.
    """
    width, height = size or layers.size
    excess = (width * height / MOST_PIXELS) ** 0.5
    if excess > 1:
        width, height = max(1, int(width / excess)), max(1, int(height / excess))

    def report(share: float) -> None:
        if progress:
            progress(share, "painting")

    report(0.0)
    shapes = level_shapes(layers.size[1], layers.size[0])
    skipped = 0
    while skipped + 1 < len(shapes) and (
        shapes[skipped][0] * shapes[skipped][1] > _MOST_PAINTED
        or (shapes[skipped + 1][0] >= height and shapes[skipped + 1][1] >= width)
    ):
        skipped += 1
    colour_srgb = paint(layers, skipped, grain=grain, brush=brush, report=report)
    picture = Image.fromarray(colour_srgb)
    if picture.size != (width, height):
        picture = picture.resize((width, height), Image.Resampling.LANCZOS)
    report(1.0)
    return picture


def paint(
    layers: Layers,
    skipped: int = 0,
    *,
    grain: bool = True,
    brush: bool = True,
    report: Callable[[float], None] = lambda share: None,
) -> np.ndarray:
    """Paint at the original's size halved `skipped` times: (height, width, 3) uint8 sRGB."""
    planes = field(layers, skipped, report)
    rows, columns = planes.shape[1:]
    if layers.texture is not None:
        noise = None
        if grain and layers.texture.grain is not None:
            from textsketch.texture.grain import synthesise

            noise = synthesise(layers.texture.grain, rows, columns, layers.seed)
        if brush:
            from textsketch.render.painter.brush import sharpen

            sharpen(planes, layers, skipped, grain=noise, report=lambda share: report(0.7 + 0.25 * share))
        if noise is not None:
            planes[0] += noise
    elif brush and shading.shades(layers):
        planes = shading.shaded(layers, rows, columns)
        if grain:
            planes[0] += shading.grain(layers, rows, columns)
    elif (mask := _lines(layers, rows, columns)) is not None:
        if brush:
            _even_out_paper(planes, layers)
        planes = _draw(planes, mask)
    elif brush:
        _dither(planes, layers.seed)
    return to_srgb(planes)


def field(
    layers: Layers, skipped: int = 0, report: Callable[[float], None] = lambda share: None
) -> np.ndarray:
    """The colours alone, without lines, brush and grain: (3, height, width) float32, see `to_ycbcr`."""
    rows, columns = level_shapes(layers.size[1], layers.size[0])[skipped]
    planes = field_planes(layers.semantic.descriptors, rows, columns, layers.size)
    report(0.2)
    if layers.texture is not None:
        from textsketch.texture import colour_map

        planes += colour_map.synthesise(layers, colour_map.transform(layers, rows, columns), skipped)
        report(0.7)
        if layers.strokes is not None:
            planes = soften_strokes(planes, layers.strokes)
    return planes


def _even_out_paper(planes: np.ndarray, layers: Layers) -> None:
    """Take out of a drawing's field, in place, the clouds of few descriptors beside its paper."""
    colour = paper(layers.semantic.descriptors, layers.size)
    if colour is None:
        return
    for plane, even, levels in zip(planes, colour, _CLOUD_LEVELS, strict=True):
        plane -= even
        plane -= np.clip(plane, -levels, levels)
        plane += even


def _dither(planes: np.ndarray, seed: int) -> None:
    """Add noise of less than half a level, in place: a smooth field is rounded to levels without bands."""
    noise = np.random.Generator(np.random.Philox(seed)).random(planes[0].shape, np.float32)
    planes[0] += noise - 0.5


def _lines(layers: Layers, rows: int, columns: int) -> np.ndarray | None:
    """How far lines cover each pixel, (rows, columns) float32, 0 to 1; None where there are none."""
    if layers.structure is None:
        return None
    thickness = max(max(rows, columns) / 450, 1.5)
    mask = kind_of(layers.structure).draw(layers.structure, (columns, rows), thickness)
    return mask if mask.any() else None


def _draw(planes: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Draw lines, which cover `mask` of each pixel, darkly over the tinted field."""
    planes[0] = (planes[0] * 0.8 + 22) * (1 - 0.8 * mask) - 95 * 0.8 * mask
    planes[1:] *= 1 - 0.6 * mask
    return planes
