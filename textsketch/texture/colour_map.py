"""The colour map: wavelet coefficients of what the descriptors' field leaves over, stopped at strokes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from textsketch.codestream.grids import base_level, level_shapes
from textsketch.image.colour_space import to_srgb
from textsketch.layers import Layers, Texture
from textsketch.semantic.descriptors import field_planes
from textsketch.structure.barriers import barriers
from textsketch.texture.wavelet import StrokeWavelet

STEP_COUNT = 64
LARGEST = 255
"""Largest magnitude a coefficient can have."""
MOST_CELLS = 32
"""Of `cells` along the longer side: finer colours are as often the painter's mistake as a network's."""


def quantiser_step(index: int) -> float:
    """Width of a quantiser cell in units of an orthonormal coefficient of a 512-pixel picture."""
    return 6.0 * 2 ** (index / 8)


def coefficient_step(texture_step_index: int, size: tuple[int, int]) -> float:
    """The quantiser step for a picture of `size`: coefficients grow with the picture's linear size."""
    return quantiser_step(texture_step_index) * max(size) / 512


def transform(layers: Layers, height: int, width: int) -> StrokeWavelet:
    """The stroke-stopped wavelet of the layers' sketch for a (height, width) picture."""
    if layers.strokes is None:
        nothing = np.zeros((height, width), bool)
        return StrokeWavelet(nothing, nothing)
    return StrokeWavelet(*barriers(layers.strokes, height, width))


def synthesise(layers: Layers, wavelet: StrokeWavelet, skipped: int = 0) -> np.ndarray:
    """Paint the colour map: (3, height, width) float32 planes without the descriptors' field.

    wavelet: the transform of the level of the picture that lies `skipped` levels below full size.
    """
    texture = layers.texture
    if texture is None:
        return np.zeros((3, *wavelet.shapes[0]), np.float32)
    planes = dequantise(texture.coefficients) * coefficient_step(texture.step_index, layers.size)
    rows, columns = wavelet.shapes[0]
    if max(planes.shape[1:]) > max(rows, columns):
        planes = planes[:, :rows, :columns]
    return wavelet.inverse(planes) * (0.5**skipped)


def dequantise(coefficients: np.ndarray) -> np.ndarray:
    """Where in its quantiser cell each value is taken to lie, in units of the step."""
    return coefficients - 0.06 * np.sign(coefficients).astype(np.float32)


def cells(layers: Layers) -> tuple[int, int]:
    """Rows and columns of the colours that `layers` really have, at most `MOST_CELLS` along the longer side.

    They must have a texture.
    """
    assert layers.texture is not None
    coefficients = layers.texture.coefficients
    shapes = level_shapes(layers.size[1], layers.size[0])[base_level(layers.size) :]
    coarse = shapes[-1]
    for shape in reversed(shapes):
        if max(shape) > MOST_CELLS:
            break
        coarse = shape
        outside = coefficients.copy()
        outside[:, : shape[0], : shape[1]] = 0
        if not outside.any():
            break
    return coarse


def preview(texture: Texture, layers: Layers) -> np.ndarray:
    """The colour map as a picture: (height, width, 3) uint8, at most 512 pixels along the longer side."""
    width, height = layers.size
    level = base_level(layers.size)
    rows, columns = level_shapes(height, width)[level]
    layers = replace(layers, texture=texture)
    planes = synthesise(layers, transform(layers, rows, columns), level)
    return to_srgb(planes + field_planes(layers.semantic.descriptors, rows, columns, layers.size))
