"""Codes the colour map's integers, band after band from coarse to fine, each in four passes.

A pass takes every second row and column, so all its contexts come from passes and bands before it and
are computed at once.
"""

from __future__ import annotations

import numpy as np

from textsketch.entropy.models import AdaptiveBits, BitCoder, BitReader, BitWriter
from textsketch.entropy.range_coder import Decoder, Encoder
from textsketch.layers import Layers, Texture
from textsketch.texture.colour_map import LARGEST, STEP_COUNT, base_level, base_shape
from textsketch.texture.grain import code_grain
from textsketch.texture.wavelet import level_shapes

_PASSES = ((0, 0), (1, 1), (0, 1), (1, 0))


def pack(texture: Texture, layers_below: Layers) -> bytes:
    """Code a texture over the layers below it."""
    encoder = Encoder()
    _code(BitWriter(encoder), texture, layers_below)
    return encoder.finish()


def unpack(data: bytes, layers_below: Layers) -> Texture:
    """Decode what `pack` wrote. Any bytes give a texture or `BitstreamError`."""
    return _code(BitReader(Decoder(data)), None, layers_below)


def _code(coder: BitCoder, texture: Texture | None, layers: Layers) -> Texture:
    shape = base_shape(layers.size)
    shapes = level_shapes(layers.size[1], layers.size[0])[base_level(layers.size) :]
    source = None if texture is None else np.clip(texture.coefficients, -LARGEST, LARGEST)
    out = np.zeros((3, *shape), np.int32)
    step_index = coder.uniform(texture.step_index if texture else 0, STEP_COUNT)
    depth = []
    for plane in range(3):
        coded = 0
        if source is not None:
            coded = next(
                (
                    len(shapes) - level
                    for level in range(len(shapes))
                    if _has_detail(source[plane], shapes, level)
                ),
                0,
            )
        depth.append(coder.uniform(coded, len(shapes) + 1))
    models = _Models()
    for level in range(len(shapes) - 1, -1, -1):
        for plane in range(3):
            if depth[plane] < len(shapes) - level:
                continue
            for band, (rows, columns) in enumerate(_bands(shapes, level)):
                _code_band(coder, models, source, out, plane, level, band, rows, columns, len(shapes))
    grain = code_grain(coder, texture.grain if texture else None, layers.size)
    return Texture(out, step_index, grain)


def _bands(shapes, level):
    """Row and column slices of the bands of a level; the coarsest level has only its low-pass band."""
    if level == len(shapes) - 1:
        return [(slice(0, shapes[level][0]), slice(0, shapes[level][1]))]
    (rows, columns), (low_rows, low_columns) = shapes[level], shapes[level + 1]
    low_y, high_y = slice(0, low_rows), slice(low_rows, rows)
    low_x, high_x = slice(0, low_columns), slice(low_columns, columns)
    return [(low_y, high_x), (high_y, low_x), (high_y, high_x)]


def _has_detail(plane, shapes, level):
    return any(plane[rows, columns].any() for rows, columns in _bands(shapes, level))


def _code_band(coder, models, source, out, plane, level, band, rows, columns, level_count):
    target = out[plane, rows, columns]
    height, width = target.shape
    if not height or not width:
        return
    outer = np.zeros((height, width), np.int32)
    if level < level_count - 2:
        parent_rows = slice(_half(rows), _half(rows) + (height + 1) // 2)
        parent_columns = slice(_half(columns), _half(columns) + (width + 1) // 2)
        parent = np.abs(out[plane, parent_rows, parent_columns])
        outer += 2 * parent.repeat(2, axis=0).repeat(2, axis=1)[:height, :width]
    if plane:
        outer += np.abs(out[0, rows, columns])
    wanted = None if source is None else source[plane, rows, columns]
    for first_row, first_column in _PASSES:
        magnitude = np.pad(np.abs(target), 1)
        near = sum(
            magnitude[1 + dy : 1 + dy + height, 1 + dx : 1 + dx + width] * (1 if dy and dx else 2)
            for dy in (-1, 0, 1)
            for dx in (-1, 0, 1)
            if dy or dx
        )
        contexts = np.minimum(near + outer, 11)[first_row::2, first_column::2]
        values = None if wanted is None else wanted[first_row::2, first_column::2].ravel().tolist()
        decoded = models.code_pass(
            coder, contexts.ravel().tolist(), values, min(plane, 1), min(level_count - level, 8)
        )
        target[first_row::2, first_column::2] = np.array(decoded, np.int32).reshape(contexts.shape)


def _half(part: slice) -> int:
    return part.start and (part.start + 1) // 2


class _Models:
    def __init__(self) -> None:
        self._zero = AdaptiveBits([min(3000 + 3500 * (i % 12), 52000) for i in range(12 * 2 * 9)])
        self._more = AdaptiveBits([16000] * (12 * 2 * 2))

    def code_pass(self, coder, contexts, values, plane, depth):
        out = []
        for index, context in enumerate(contexts):
            value = values[index] if values is not None else 0
            if not self._zero.code(coder, (plane * 9 + depth) * 12 + context, int(value != 0)):
                out.append(0)
                continue
            negative = coder.bit(int(value < 0), 32768)
            magnitude = 1
            while magnitude < LARGEST and self._more.code(
                coder, (plane * 12 + context) * 2 + (magnitude > 1), int(abs(value) > magnitude)
            ):
                magnitude += 1
            out.append(-magnitude if negative else magnitude)
        return out
