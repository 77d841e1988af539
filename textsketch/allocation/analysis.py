"""The picture under some descriptors and strokes, as the coefficients a colour map of it is chosen from."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from textsketch.codestream.grids import base_level, level_shapes
from textsketch.image.colour_space import to_srgb
from textsketch.layers import Layers
from textsketch.progress import Pulse
from textsketch.semantic.descriptors import field_planes
from textsketch.structure.line_drawing import soften_strokes
from textsketch.texture import colour_map
from textsketch.texture.rdo_quantiser import LEAST_SHARE, quantise
from textsketch.texture.wavelet import StrokeWavelet

_STEPS_AN_OCTAVE = 8
_ROUGH_REACH, _ROUGH_SCALE, _ROUGH_HEAD_BITS = 2, 1.34, 50.0
"""How many quantiser steps below a step a coefficient still counts, and what brings the sum of the prices to
what photographs take."""


_MOST_KNOWN = 24


@dataclass(frozen=True, eq=False)
class Analysis:
    """The picture under some descriptors and strokes: what a colour map of it is chosen from.

    size, strokes: of the layers. level: how often the picture was halved. residual: (3, height, width) float32
    planes of it without the descriptors' field. wavelet: of the strokes. shapes: of the levels that are coded.
    coefficients: (3, rows, columns) float32. finest: index of the finest step at which the largest of them is
    not cut off.
    """

    size: tuple[int, int]
    strokes: np.ndarray | None
    level: int
    residual: np.ndarray
    wavelet: StrokeWavelet
    shapes: list[tuple[int, int]]
    coefficients: np.ndarray
    finest: int
    _painted: dict[str, tuple[np.ndarray, int, np.ndarray]] = field(default_factory=dict)
    _known: dict[tuple[int, float, float], tuple[np.ndarray, float]] = field(default_factory=dict)

    @cached_property
    def rough_bits(self) -> np.ndarray:
        """About what a colour map of each quantiser step costs: float64, to 8 % or so; steps compare better.

        Every coefficient about as large as a step or larger has a price, and each doubling costs a bit more.
        """
        magnitudes = np.abs(self.coefficients)
        magnitudes = magnitudes[magnitudes > colour_map.coefficient_step(0, self.size) / 2]
        first = colour_map.coefficient_step(0, self.size)
        steps_above = np.floor(_STEPS_AN_OCTAVE * np.log2(magnitudes / first)).astype(int)
        counts = np.bincount(np.maximum(steps_above + _ROUGH_REACH, 0))
        index = np.arange(len(counts)) - _ROUGH_REACH
        bits = [
            (counts * (3 + (index - step) / _STEPS_AN_OCTAVE))[index >= step - _ROUGH_REACH].sum()
            for step in range(colour_map.STEP_COUNT)
        ]
        return _ROUGH_SCALE * np.array(bits) + _ROUGH_HEAD_BITS

    def quantised(
        self, step_index: int, lam: float, report: Pulse, least_share: float = LEAST_SHARE
    ) -> tuple[np.ndarray, float]:
        """See `quantise`; nothing is done twice."""
        key = step_index, lam, least_share
        found = self._known.get(key)
        if found is None:
            found = quantise(
                self.scaled(step_index),
                self.shapes,
                step_index,
                self.strokes,
                lam=lam,
                least_share=least_share,
                beat=report.beat,
            )
            self._known[key] = found
            for old in list(self._known)[:-_MOST_KNOWN]:
                self._known.pop(old, None)
        return found

    def painted(self, layers: Layers) -> np.ndarray:
        """The colour map of `layers` as `colour_map.synthesise` paints it here; nobody may change it."""
        texture = layers.texture
        if texture is None:
            return colour_map.synthesise(layers, self.wavelet, self.level)
        latest = self._painted.get("latest")
        if latest is None or latest[0] is not texture.coefficients or latest[1] != texture.step_index:
            planes = colour_map.synthesise(layers, self.wavelet, self.level)
            latest = self._painted["latest"] = (texture.coefficients, texture.step_index, planes)
        return latest[2]

    def scaled(self, step_index: int) -> np.ndarray:
        """The coefficients in units of a step."""
        return self.coefficients / colour_map.coefficient_step(step_index, self.size)


def analyse(layers: Layers, planes: np.ndarray, most_pixels: int | None) -> Analysis:
    """Transform the picture, halved until it has at most `most_pixels` or, by None, as far as is coded."""
    all_shapes = level_shapes(layers.size[1], layers.size[0])
    base = base_level(layers.size)
    level = base
    if most_pixels is not None:
        level = next(index for index, (h, w) in enumerate(all_shapes) if h * w <= most_pixels)
    residual = without_field(layers, planes, level)
    wavelet = colour_map.transform(layers, *all_shapes[level])
    rows, columns = all_shapes[base]
    coefficients = wavelet.forward(residual)[:, :rows, :columns] * 2.0**level
    largest = float(np.abs(coefficients).max()) / colour_map.LARGEST
    steps = [colour_map.coefficient_step(index, layers.size) for index in range(colour_map.STEP_COUNT)]
    finest = min(sum(step < largest for step in steps), colour_map.STEP_COUNT - 1)
    return Analysis(
        layers.size, layers.strokes, level, residual, wavelet, all_shapes[base:], coefficients, finest
    )


def without_field(layers: Layers, planes: np.ndarray, level: int) -> np.ndarray:
    """What the descriptors leave over, at the picture's size halved `level` times."""
    import cv2

    rows, columns = level_shapes(layers.size[1], layers.size[0])[level]
    if level:
        reduced = [cv2.resize(plane, (columns, rows), interpolation=cv2.INTER_AREA) for plane in planes]
        planes = np.stack(reduced).reshape(3, rows, columns)
    return planes - field_planes(layers.semantic.descriptors, rows, columns, layers.size)


def errors(layers: Layers, analysis: Analysis) -> tuple[float, float]:
    """The squared error of the layers painted without grain, as sRGB samples: with softened strokes, without.

    The layers differ from the analysed ones in texture only.
    """
    rows, columns = analysis.residual.shape[1:]
    below = field_planes(layers.semantic.descriptors, rows, columns, layers.size)
    planes = below + analysis.painted(layers)
    picture = to_srgb(analysis.residual + below)

    def error() -> float:
        return float(np.square(np.subtract(to_srgb(planes), picture, dtype=np.float32)).sum(dtype=np.float64))

    plain = error()
    if layers.strokes is None or not layers.strokes.any():
        return plain, plain
    soften_strokes(planes, layers.strokes)
    return error(), plain
