"""Spends a budget for a diffusion decoder: the sketch a person would draw, and few, coarse colours.

What helps the painter's PSNR is not what steers a diffusion model. It follows strong long strokes, paints
textures by itself, and takes colours from a map of 8x8 to 32x32 cells, as the layered codec's (arXiv
2412.12982) is. The structure may also be the skeletons of people or a soft edge map. The file is like any
other: every renderer decodes it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from textsketch.allocation.painter import Subject, described, too_small, without_field
from textsketch.codestream.grids import base_level, base_shape, level_shapes
from textsketch.image.colour_space import to_ycbcr
from textsketch.layers import Layers, Mode, Semantic, Texture
from textsketch.progress import Progress, Pulse, ignore
from textsketch.structure import detectors, kinds
from textsketch.texture import colour_map
from textsketch.texture.quantiser import quantise

if TYPE_CHECKING:
    from PIL import Image

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
    structure: str = kinds.DEFAULT.name,
    detector: str = detectors.OWN,
    seed: int = 0,
    candidate: int = 0,
    size_of: Callable[[Layers], int],
    progress: Progress = ignore,
) -> Layers:
    """Choose the layers of an RGB picture whose file, of `size_of` bytes, fits `budget_bytes`.

    structure: the name of a kind of `structure.kinds`. detector: the name in `structure.detectors` of what
    finds the lines of strokes and soft edges. The caption is always kept. Raises BudgetError if nothing fits,
    WeightsError if the weights of the detector are missing, TextsketchError if there is nobody whose skeleton
    could be drawn.
    """
    report = Pulse.of(progress)

    def measured(trial: Layers) -> int:
        report.beat()
        return size_of(trial)

    planes = to_ycbcr(np.asarray(picture.convert("RGB")))
    layers = Layers(picture.size, Semantic(caption), seed=seed, candidate=candidate)
    points = None
    if mode is not Mode.TEXT_ONLY:
        report(0.0, "looking for lines")
        points = kinds.get(structure).extract(picture, detector)
        layers = replace(layers, structure=points.at(0))
    if mode is Mode.THREE_LAYER:
        nothing = np.zeros((3, *base_shape(picture.size)), np.int32)
        layers = replace(layers, texture=Texture(nothing, colour_map.STEP_COUNT - 1))
    smallest = measured(layers)
    if smallest > budget_bytes:
        raise too_small(mode, smallest)
    if mode is not Mode.THREE_LAYER:
        # Without a colour map the descriptors are the colours; they become words in the prompt.
        room = budget_bytes - smallest
        share = room // 3 if mode is Mode.TEXT_SKETCH else room
        most = _DESCRIPTOR_BYTES if mode is Mode.TEXT_SKETCH else _TEXT_ONLY_DESCRIPTOR_BYTES
        layers = described(layers, Subject(planes), min(share, most), budget_bytes, measured)
    if points is None:
        return layers
    step_index = None
    if mode is Mode.THREE_LAYER:
        report(0.4, "mixing the colours")
        colour_limit = measured(layers) + int(_COLOUR_SHARE * (budget_bytes - measured(layers)))
        layers, step_index = _coloured(layers, planes, 0, colour_limit, measured, report)
    report(0.6, "drawing the sketch")

    best, too_far = 0, points.top + 1
    while too_far - best > 1:
        step = (best + too_far) // 2
        if measured(replace(layers, structure=points.at(step))) <= budget_bytes:
            best = step
        else:
            too_far = step
    while best > 0:
        drawn = replace(layers, structure=points.at(best))
        if step_index is not None:
            # The colours flow round the strokes, so new strokes mean new coefficients.
            drawn, _ = _coloured(drawn, planes, step_index, budget_bytes, measured, report)
        if measured(drawn) <= budget_bytes:
            layers = drawn
            break
        best -= 1
    report(1.0, "encoded")
    return layers


def _coloured(
    layers: Layers,
    planes: np.ndarray,
    finest_index: int,
    limit_bytes: int,
    size_of: Callable[[Layers], int],
    report: Pulse,
) -> tuple[Layers, int]:
    """`layers` with the finest colour map, of `finest_index` or coarser, that fits; unchanged if none does."""
    shapes = level_shapes(layers.size[1], layers.size[0])
    level = next(i for i, (h, w) in enumerate(shapes) if h * w <= _MOST_PIXELS or i == len(shapes) - 1)
    base = base_level(layers.size)
    height, width = shapes[base]
    residual = without_field(layers, planes, level)
    found = colour_map.transform(layers, *shapes[level]).forward(residual) * 2.0**level
    coefficients = np.zeros((3, height, width), found.dtype)
    coarse = next((shape for shape in shapes if max(shape) <= _MOST_COLOUR_CELLS), shapes[-1])
    kept = (slice(None), slice(min(coarse[0], height)), slice(min(coarse[1], width)))
    coefficients[kept] = found[kept]

    def at(index: int) -> Layers:
        scaled = coefficients / colour_map.coefficient_step(index, layers.size)
        integers, _ = quantise(
            scaled, shapes[base:], index, layers.strokes, bits_weight=_BITS_WEIGHT, beat=report.beat
        )
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
