"""Spends a budget for a diffusion decoder: the sketch a person would draw, and few, coarse colours.

What helps the painter's PSNR is not what steers a diffusion model. It follows strong long strokes, paints
textures by itself, and takes colours from a map of 8x8 to 32x32 cells, as the layered codec's (arXiv
2412.12982) is. The file is like any other: every renderer decodes it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from textsketch.colour_space import to_ycbcr
from textsketch.layers import Layers, Mode, Semantic, Structure, Texture
from textsketch.rate_control import too_small
from textsketch.semantic import descriptors
from textsketch.structure import detectors
from textsketch.structure.grid import grid_shape
from textsketch.texture import colour_map
from textsketch.texture.quantiser import quantise
from textsketch.texture.wavelet import level_shapes

if TYPE_CHECKING:
    from PIL import Image

_LONG_SIDE = 192
_MOST_COLOUR_CELLS = 32
_COLOUR_SHARE = 0.35
_DESCRIPTOR_BYTES = 14
_TEXT_ONLY_DESCRIPTOR_BYTES = 24
_BITS_WEIGHT = 0.05
_MOST_PIXELS = 1 << 18


def choose_layers(
    picture: Image.Image,
    mode: Mode,
    budget_bytes: int,
    caption: str,
    *,
    detector: str = detectors.OWN,
    seed: int = 0,
    size_of: Callable[[Layers], int],
    progress: Callable[[float, str], None] | None = None,
) -> Layers:
    """Choose the layers of an RGB picture whose file, of `size_of` bytes, fits `budget_bytes`.

    detector: a name of `structure.detectors`. The caption is always kept. Raises BudgetError if nothing
    fits, WeightsError if the detector's weights are missing.
    """
    report = progress or (lambda fraction, message: None)
    planes = to_ycbcr(np.asarray(picture.convert("RGB")))
    layers = Layers(picture.size, Semantic(caption), None, None, seed)
    if mode is not Mode.TEXT_ONLY:
        strokes = np.zeros(grid_shape(picture.size, _LONG_SIDE), bool)
        layers = replace(layers, structure=Structure(strokes))
    if mode is Mode.THREE_LAYER:
        nothing = np.zeros((3, *colour_map.base_shape(picture.size)), np.int32)
        layers = replace(layers, texture=Texture(nothing, colour_map.STEP_COUNT - 1))
    smallest = size_of(layers)
    if smallest > budget_bytes:
        raise too_small(mode, smallest)
    if mode is not Mode.THREE_LAYER:
        # Without a colour map the descriptors are the colours; they become words in the prompt.
        room = budget_bytes - smallest
        share = room // 3 if mode is Mode.TEXT_SKETCH else room
        most = _DESCRIPTOR_BYTES if mode is Mode.TEXT_SKETCH else _TEXT_ONLY_DESCRIPTOR_BYTES
        layers = _described(layers, planes, min(share, most), budget_bytes, size_of)
    if mode is Mode.TEXT_ONLY:
        return layers
    report(0.1, "looking for lines")
    edges = detectors.edge_map(picture, detector)
    step_index = None
    if mode is Mode.THREE_LAYER:
        report(0.4, "mixing the colours")
        colour_limit = size_of(layers) + int(_COLOUR_SHARE * (budget_bytes - size_of(layers)))
        layers, step_index = _coloured(layers, planes, 0, colour_limit, size_of)
    report(0.6, "drawing the sketch")
    room = budget_bytes - size_of(layers)
    while room > 0:
        drawn = replace(layers, structure=detectors.sketch_within(edges, picture.size, room, _LONG_SIDE))
        if step_index is not None:
            # The colours flow round the strokes, so new strokes mean new coefficients.
            drawn, _ = _coloured(drawn, planes, step_index, budget_bytes, size_of)
        excess = size_of(drawn) - budget_bytes
        if excess <= 0:
            layers = drawn
            break
        room -= excess
    report(1.0, "encoded")
    return layers


def _described(
    layers: Layers, planes: np.ndarray, most_bytes: int, budget_bytes: int, size_of: Callable[[Layers], int]
) -> Layers:
    for size_bytes in range(most_bytes, 0, -1):
        found = descriptors.from_planes(planes, size_bytes)
        trial = replace(layers, semantic=replace(layers.semantic, descriptors=found))
        if size_of(trial) <= budget_bytes:
            return trial
    return layers


def _coloured(
    layers: Layers,
    planes: np.ndarray,
    finest_index: int,
    limit_bytes: int,
    size_of: Callable[[Layers], int],
) -> tuple[Layers, int]:
    """`layers` with the finest colour map, of `finest_index` or coarser, that fits; unchanged if none does."""
    import cv2

    shapes = level_shapes(layers.size[1], layers.size[0])
    level = next(i for i, (h, w) in enumerate(shapes) if h * w <= _MOST_PIXELS or i == len(shapes) - 1)
    rows, columns = shapes[level]
    reduced = planes
    if level:
        resized = [cv2.resize(plane, (columns, rows), interpolation=cv2.INTER_AREA) for plane in planes]
        reduced = np.stack(resized).reshape(3, rows, columns)
    base = colour_map.base_level(layers.size)
    height, width = shapes[base]
    field = descriptors.field_planes(layers.semantic.descriptors, rows, columns, layers.size)
    found = colour_map.transform(layers, rows, columns).forward(reduced - field) * 2.0**level
    coefficients = np.zeros((3, height, width), found.dtype)
    coarse = next((shape for shape in shapes if max(shape) <= _MOST_COLOUR_CELLS), shapes[-1])
    kept = (slice(None), slice(min(coarse[0], height)), slice(min(coarse[1], width)))
    coefficients[kept] = found[kept]
    strokes = layers.structure.strokes if layers.structure is not None else None

    def at(index: int) -> Layers:
        scaled = coefficients / colour_map.coefficient_step(index, layers.size)
        integers, _ = quantise(scaled, shapes[base:], index, strokes, bits_weight=_BITS_WEIGHT)
        return replace(layers, texture=Texture(integers, index))

    finest, coarsest = finest_index, colour_map.STEP_COUNT - 1
    while finest < coarsest:
        middle = (finest + coarsest) // 2
        if size_of(at(middle)) <= limit_bytes:
            coarsest = middle
        else:
            finest = middle + 1
    found_layers = at(coarsest)
    return (found_layers if size_of(found_layers) <= limit_bytes else layers), coarsest
