"""Spends a budget for a diffusion decoder: the sketch a person would draw, and few, coarse colours.

What helps the painter's PSNR is not what steers a diffusion model. It follows strong long strokes, paints
textures by itself, and takes colours from a map of 8x8 to 32x32 cells, as the layered codec's (arXiv
2412.12982) is. The structure may also be the skeletons of people or a soft edge map. The file is like any
other: every renderer decodes it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from textsketch.allocation.analysis import without_field
from textsketch.allocation.search import Budget, SizeOf, check_smallest, described, last_that_fits
from textsketch.allocation.study import study
from textsketch.codestream.grids import base_level, base_shape, level_shapes
from textsketch.layers import Layers, Mode, Semantic, Texture
from textsketch.progress import Progress, Pulse, ignore
from textsketch.structure import detectors, kinds
from textsketch.structure.kind import OperatingPoints
from textsketch.texture import colour_map
from textsketch.texture.rdo_quantiser import quantise

if TYPE_CHECKING:
    from PIL import Image

_MOST_COLOUR_CELLS = 32
"""Cells along the longer side of the finest colours kept: a finer map fights with what the model paints."""
_COLOUR_SHARE = 0.35
"""Of the bytes goes to the colours, the rest to the sketch, which steers more."""
_DESCRIPTOR_BYTES, _TEXT_ONLY_DESCRIPTOR_BYTES = 14, 24
"""Most bytes of descriptors beside a sketch, and alone: more would not change the words made of them."""
_DESCRIPTOR_SHARE = 3
"""Beside a sketch descriptors get one byte of so many."""
_LAMBDA = 0.05
"""Squared error in squared steps that one bit is worth: low, since coarse colours have few coefficients."""
_MOST_PIXELS = 1 << 18
"""A quarter of a megapixel is more than the finest colours kept need."""


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
    size_of: SizeOf,
    progress: Progress = ignore,
) -> Layers:
    """Choose the layers of an RGB picture whose file, of `size_of` bytes, fits `budget_bytes`.

    structure: the name of a kind of `structure.kinds`. detector: the name in `structure.detectors` of what
    finds the lines of strokes and soft edges. The caption is always kept. Raises BudgetError if nothing fits,
    WeightsError if the weights of the detector are missing, TextsketchError if there is nobody whose skeleton
    could be drawn.
    """
    report = Pulse.of(progress)
    report(0.0, "looking for lines")
    smallest = Layers(picture.size, Semantic(caption), seed=seed, candidate=candidate)
    points = None
    if mode is not Mode.TEXT_ONLY:
        points = kinds.get(structure).extract(picture, detector)
        smallest = replace(smallest, structure=points.at(0))
    if mode is Mode.THREE_LAYER:
        nothing = np.zeros((3, *base_shape(picture.size)), np.int32)
        smallest = replace(smallest, texture=Texture(nothing, colour_map.STEP_COUNT - 1))
    check_smallest(smallest, mode, budget_bytes, size_of)
    known = study(picture)
    budget = Budget(known.planes, budget_bytes, size_of, report, shared=known)
    layers = smallest if mode is Mode.THREE_LAYER else _described(smallest, budget)
    if points is not None:
        layers = _drawn(layers, points, budget)
    report(1.0, "encoded")
    return layers


def _described(layers: Layers, budget: Budget) -> Layers:
    """Add descriptors: without a colour map they are the colours, as words in the prompt."""
    room = budget.most_bytes - budget.size_of(layers)
    if layers.structure is None:
        return described(layers, min(room, _TEXT_ONLY_DESCRIPTOR_BYTES), budget)
    return described(layers, min(room // _DESCRIPTOR_SHARE, _DESCRIPTOR_BYTES), budget)


def _drawn(layers: Layers, points: OperatingPoints, budget: Budget) -> Layers:
    """The most structure that fits, beside colours where the layers have a texture."""
    step_index = None
    if layers.texture is not None:
        budget.report(0.4, "mixing the colours")
        least_bytes = budget.size_of(layers)
        limit_bytes = least_bytes + int(_COLOUR_SHARE * (budget.most_bytes - least_bytes))
        layers, step_index = _coloured(layers, 0, limit_bytes, budget)
    budget.report(0.6, "drawing the sketch")
    most = last_that_fits(lambda step: budget.fits(replace(layers, structure=points.at(step))), points.top)
    for step in range(most, 0, -1):
        drawn = replace(layers, structure=points.at(step))
        if step_index is not None:
            # The colours flow round the strokes, so new strokes mean new coefficients.
            drawn, _ = _coloured(drawn, step_index, budget.most_bytes, budget)
        if budget.fits(drawn):
            return drawn
    return layers


def _coloured(layers: Layers, finest_index: int, limit_bytes: int, budget: Budget) -> tuple[Layers, int]:
    """`layers` with the finest colour map, of `finest_index` or coarser, that fits `limit_bytes`, and its step.

    Unchanged if none does.
    """
    shapes = level_shapes(layers.size[1], layers.size[0])
    level = next(i for i, (h, w) in enumerate(shapes) if h * w <= _MOST_PIXELS or i == len(shapes) - 1)
    base = base_level(layers.size)
    height, width = shapes[base]
    residual = without_field(layers, budget.planes, level)
    found = colour_map.transform(layers, *shapes[level]).forward(residual) * 2.0**level
    coefficients = np.zeros((3, height, width), found.dtype)
    coarse = next((shape for shape in shapes if max(shape) <= _MOST_COLOUR_CELLS), shapes[-1])
    kept = (slice(None), slice(min(coarse[0], height)), slice(min(coarse[1], width)))
    coefficients[kept] = found[kept]

    def at(index: int) -> Layers:
        scaled = coefficients / colour_map.coefficient_step(index, layers.size)
        integers, _ = quantise(
            scaled, shapes[base:], index, layers.strokes, lam=_LAMBDA, beat=budget.report.beat
        )
        return replace(layers, texture=Texture(integers, index))

    coarsest = colour_map.STEP_COUNT - 1
    finer = last_that_fits(
        lambda finer: budget.size_of(at(coarsest - finer)) <= limit_bytes, coarsest - finest_index
    )
    coloured = at(coarsest - finer)
    return (coloured if budget.size_of(coloured) <= limit_bytes else layers), coarsest - finer
