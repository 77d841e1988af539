"""The colours that layers paint, as planes, and the layers that paint other ones.

Planes are those of the finest colour map the format has: (3, rows, columns) float32 of `grids.base_shape`,
at most 512 cells along the longer side, see `image.colour_space.to_ycbcr`.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from textsketch.allocation.analysis import analyse
from textsketch.codestream.grids import base_level, base_shape, level_shapes
from textsketch.errors import TextsketchError
from textsketch.layers import Descriptors, Layers, Texture
from textsketch.semantic import descriptors
from textsketch.texture import colour_map, grain
from textsketch.texture.contexts import band_slices
from textsketch.texture.rdo_quantiser import finest_levels

_ROUNDING = 0.4
"""A coefficient of fewer than 0.6 steps becomes 0; what the file said already stays as it was."""
_LARGEST_DESCRIPTOR = 130


def planes_of(layers: Layers) -> np.ndarray:
    """The colours of layers. Raises TextsketchError if they have none."""
    if not has_colours(layers):
        raise TextsketchError("the file has no colours to change; encode the picture in three-layer mode")
    rows, columns = base_shape(layers.size)
    field = descriptors.field_planes(layers.semantic.descriptors, rows, columns, layers.size)
    wavelet = colour_map.transform(layers, rows, columns)
    return field + colour_map.synthesise(layers, wavelet, base_level(layers.size))


def has_colours(layers: Layers) -> bool:
    """Whether layers say anything of colours."""
    return layers.texture is not None or layers.semantic.descriptors is not None


def with_planes(layers: Layers, planes: np.ndarray, before: np.ndarray) -> Layers:
    """The layers with the colours of `planes` instead of `before`, as finely as theirs were.

    Descriptors and coefficients that still hold stay as they are. The colour map is made anew over the
    layers' strokes, which may be others than those `before` was painted with.
    """
    layers = _described(layers, planes - before)
    if layers.texture is None:
        return layers
    analysis = analyse(layers, planes, None)
    step_index = max(layers.texture.step_index, analysis.finest)
    scaled = analysis.scaled(step_index)
    coefficients = np.copysign(np.floor(np.abs(scaled) + _ROUNDING), scaled).astype(np.int32)
    coefficients = np.clip(coefficients, -colour_map.LARGEST, colour_map.LARGEST)
    _leave_out_finer(coefficients, layers.texture, analysis.shapes)
    return replace(layers, texture=Texture(coefficients, step_index, layers.texture.grain))


def _leave_out_finer(coefficients: np.ndarray, old: Texture, shapes: list[tuple[int, int]]) -> None:
    """Set to 0 what is finer than the map was, or than its usual cells: a level for a few costs too much."""
    usual = next(level for level, shape in enumerate(shapes) if max(shape) <= colour_map.MOST_CELLS)
    for plane, finest in zip(coefficients, finest_levels(old.coefficients, shapes), strict=True):
        for level in range(min(finest, usual)):
            for rows, columns in band_slices(shapes, level):
                plane[rows, columns] = 0


def _described(layers: Layers, change: np.ndarray) -> Layers:
    """Let the descriptors follow a change of colours."""
    known = layers.semantic.descriptors
    if known is None:
        return layers
    steps = descriptors.analyse(change, layers.size) / descriptors.STEPS[known.step_index]
    values = np.array(known.coefficients)
    count = min(len(values), len(steps))  # a tiny picture has fewer than are sent
    values[:count] += np.rint(steps[:count]).astype(int)
    values = np.clip(values, -_LARGEST_DESCRIPTOR, _LARGEST_DESCRIPTOR)
    followed = Descriptors(tuple(values.tolist()), known.step_index)
    return replace(layers, semantic=replace(layers.semantic, descriptors=followed))


def grain_plane(layers: Layers) -> np.ndarray | None:
    """The grain at the size of the planes, (rows, columns) float32, or None where there is none."""
    import cv2

    if layers.texture is None or layers.texture.grain is None:
        return None
    rows, columns = base_shape(layers.size)
    levels = layers.texture.grain.astype(np.float32)
    return cv2.resize(levels, (columns, rows), interpolation=cv2.INTER_NEAREST).reshape(rows, columns)


def with_grain(layers: Layers, plane: np.ndarray) -> Layers:
    """The layers with another grain, which they had before."""
    import cv2

    assert layers.texture is not None and layers.texture.grain is not None
    rows, columns = layers.texture.grain.shape
    means = cv2.resize(plane, (columns, rows), interpolation=cv2.INTER_AREA).reshape(rows, columns)
    strength = np.clip(np.rint(means), 0, grain.LEVELS - 1).astype(np.uint8)
    return replace(layers, texture=replace(layers.texture, grain=strength if strength.any() else None))


def coarse(layers: Layers, planes: np.ndarray, cells: int) -> np.ndarray:
    """The planes with no more than `cells` colours along the longer side, which flow and stop at the strokes."""
    rows, columns = planes.shape[1:]
    wavelet = colour_map.transform(layers, rows, columns)
    kept = next((shape for shape in level_shapes(rows, columns) if max(shape) <= cells), (1, 1))
    return wavelet.inverse(wavelet.forward(planes)[:, : kept[0], : kept[1]])
