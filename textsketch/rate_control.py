"""Spends a byte budget on the layers where it helps this picture most, by trying and measuring."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image

from textsketch.colour_space import to_ycbcr
from textsketch.errors import BudgetError
from textsketch.layers import Layers, Mode, Semantic, Structure, Texture
from textsketch.semantic import descriptors as field
from textsketch.structure import strokes as stroke_finder
from textsketch.structure.grid import grid_shape
from textsketch.texture import colour_map, grain
from textsketch.texture.colour_map import base_shape

_SKETCH_LONG_SIDE = 192


def choose_layers(
    picture: Image.Image,
    mode: Mode,
    budget_bytes: int,
    caption: str,
    *,
    seed: int = 0,
    size_of: Callable[[Layers], int],
    progress: Callable[[float, str], None] | None = None,
) -> Layers:
    """Choose the layers of an RGB picture whose file, of `size_of` bytes, fits `budget_bytes`.

    Raises BudgetError, naming the smallest possible size, if nothing fits. Deterministic.
    """
    report = progress or (lambda fraction, message: None)
    planes = to_ycbcr(np.asarray(picture.convert("RGB")))
    size = picture.size
    plain = _smallest(size, mode, caption, seed)
    smallest = size_of(plain)
    if smallest > budget_bytes:
        raise BudgetError(f"the smallest {mode} file of this picture takes {smallest} bytes")
    room = budget_bytes - smallest

    def fits(layers: Layers) -> bool:
        return size_of(layers) <= budget_bytes

    most = room if mode is Mode.TEXT_ONLY else min(24, max(8, room // 12))
    layers = plain
    for size_bytes in range(most, 0, -1):
        trial = Layers(
            size,
            Semantic(caption, field.from_planes(planes, size_bytes)),
            plain.structure,
            plain.texture,
            seed,
        )
        if fits(trial):
            layers = trial
            break
    report(0.1, "drawing the sketch")
    if mode is Mode.TEXT_ONLY:
        return layers
    share = (
        budget_bytes
        if mode is Mode.TEXT_SKETCH
        else size_of(layers) + (budget_bytes - size_of(layers)) * 35 // 100
    )
    layers = _add_strokes(layers, planes, share, size_of)
    report(0.4, "mixing the colours")
    if mode is Mode.TEXT_SKETCH:
        return layers
    layers = _add_texture(layers, planes, budget_bytes, size_of)
    report(1.0, "encoded")
    return layers


def _smallest(size: tuple[int, int], mode: Mode, caption: str, seed: int) -> Layers:
    structure = texture = None
    if mode is not Mode.TEXT_ONLY:
        structure = Structure(np.zeros(grid_shape(size, _SKETCH_LONG_SIDE), bool))
    if mode is Mode.THREE_LAYER:
        texture = Texture(np.zeros((3, *base_shape(size)), np.int32), 0)
    return Layers(size, Semantic(caption), structure, texture, seed)


def _with(layers: Layers, structure: Structure | None, texture: Texture | None) -> Layers:
    return Layers(layers.size, layers.semantic, structure, texture, layers.seed)


def _add_strokes(layers: Layers, planes: np.ndarray, limit_bytes: int, size_of) -> Layers:
    """Draw as many of the best strokes as fit."""
    shape = layers.structure.strokes.shape
    lines = [line for _, line in stroke_finder.detect(planes, layers.size, _SKETCH_LONG_SIDE)]
    low, high = 0, len(lines)
    while low < high:
        middle = (low + high + 1) // 2
        if (
            size_of(_with(layers, Structure(stroke_finder.draw(lines[:middle], shape)), layers.texture))
            <= limit_bytes
        ):
            low = middle
        else:
            high = middle - 1
    return _with(layers, Structure(stroke_finder.draw(lines[:low], shape)), layers.texture)


def _add_texture(layers: Layers, planes: np.ndarray, budget_bytes: int, size_of) -> Layers:
    """The finest quantiser step that fits."""
    width, height = layers.size
    wavelet = colour_map.transform(layers, height, width)
    residual = planes - field.field_planes(layers.semantic.descriptors, height, width, layers.size)
    rows, columns = base_shape(layers.size)
    coefficients = wavelet.forward(residual)[:, :rows, :columns]
    grain_map = None
    if budget_bytes >= 200:
        grain_map = grain.measure(residual[0] - wavelet.inverse(coefficients / 8)[0], layers.size)

    def at(index: int, grain_map) -> Layers:
        scaled = coefficients / colour_map.coefficient_step(index, layers.size)
        magnitude = np.minimum(np.floor(np.abs(scaled) + 0.36), colour_map.LARGEST)
        quantised = (np.sign(scaled) * magnitude).astype(np.int32)
        return _with(layers, layers.structure, Texture(quantised, index, grain_map))

    low, high = 0, colour_map.STEP_COUNT
    while low < high:
        middle = (low + high) // 2
        if size_of(at(middle, grain_map)) <= budget_bytes:
            high = middle
        else:
            low = middle + 1
    if low == colour_map.STEP_COUNT:
        return layers
    return at(low, grain_map)
