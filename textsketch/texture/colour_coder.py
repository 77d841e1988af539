"""Codes a texture: the colour map's integers and the grain map."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np

from textsketch.codestream.grids import base_level, base_shape, level_shapes
from textsketch.entropy.models import ValueCoder
from textsketch.entropy.range_coder import Decoder, Encoder
from textsketch.errors import BitstreamError
from textsketch.layers import Layers, Texture
from textsketch.texture.colour_map import LARGEST, STEP_COUNT
from textsketch.texture.colour_model import ColourModel
from textsketch.texture.contexts import bands, passes
from textsketch.texture.grain import code_grain
from textsketch.texture.rdo_quantiser import finest_levels

_COEFFICIENTS_PER_BYTE = 4
_COEFFICIENTS_FOR_FREE = 64
_MOST_RECENT = 16
_recent: dict[tuple[object, ...], Encoder] = {}
"""What encoded the latest colour maps: a search asks for one with other grain again, and then for its bytes."""


def pack(
    texture: Texture, layers_below: Layers, version: int, beat: Callable[[], None] | None = None
) -> bytes:
    """Code a texture as format `version` does, over the layers below it (the picture's size and sketch).

    beat: called many times a second; an exception it raises stops the work.
    """
    planes = np.clip(texture.coefficients, -LARGEST, LARGEST).astype(np.int32)
    strokes = layers_below.strokes
    key = (
        version,
        texture.step_index,
        layers_below.size,
        hashlib.sha256(planes.data).digest(),
        None if strokes is None else (strokes.shape, np.packbits(strokes).tobytes()),
    )
    encoder = _recent.get(key)
    if encoder is None:
        encoder = _encoded(planes, texture.step_index, layers_below, version, beat)
        _recent[key] = encoder
        for old in list(_recent)[:-_MOST_RECENT]:
            _recent.pop(old, None)
    encoder = encoder.copy()
    code_grain(encoder, texture.grain, layers_below.size)
    needed = int(np.count_nonzero(planes)) - _COEFFICIENTS_FOR_FREE
    # Zero bytes change nothing a decoder reads; hardly any picture has coefficients cheap enough to need them.
    return encoder.finish().ljust(-(-needed // _COEFFICIENTS_PER_BYTE), b"\0")


def _encoded(
    planes: np.ndarray, step_index: int, layers: Layers, version: int, beat: Callable[[], None] | None
) -> Encoder:
    """What has encoded all but the grain; not to be changed."""
    encoder = Encoder()
    shapes = _coded_shapes(layers)
    step_index, *finest = _code_head(encoder, (step_index, *finest_levels(planes, shapes)), len(shapes))
    model = ColourModel(LARGEST, version)
    for band in bands(planes, shapes, tuple(finest), step_index, layers.strokes):
        model.encode_band(encoder, band, len(shapes))
        if beat is not None:
            beat()
    return encoder


def unpack(data: bytes, layers_below: Layers, version: int) -> Texture:
    """Decode what `pack` of format `version` wrote. Any bytes give a texture or `BitstreamError`.

    There are at most `_COEFFICIENTS_PER_BYTE` coefficients other than 0 for each byte, so that a few hostile
    bytes cannot ask for hours of work.
    """
    decoder = Decoder(data)
    shapes = _coded_shapes(layers_below)
    planes = np.zeros((3, *base_shape(layers_below.size)), np.int32)
    step_index, *finest = _code_head(decoder, (0, 0, 0, 0), len(shapes))
    model = ColourModel(LARGEST, version)
    most_coefficients = _COEFFICIENTS_FOR_FREE + _COEFFICIENTS_PER_BYTE * len(data)
    for part in passes(planes, None, shapes, tuple(finest), step_index, layers_below.strokes):
        model.decode_pass(decoder, part, len(shapes))
        most_coefficients -= int(np.count_nonzero(part.values))
        if most_coefficients < 0:
            raise BitstreamError("the colour map is damaged: it holds more than its bytes can")
    return Texture(planes, step_index, code_grain(decoder, None, layers_below.size))


def _coded_shapes(layers: Layers) -> list[tuple[int, int]]:
    return level_shapes(layers.size[1], layers.size[0])[base_level(layers.size) :]


def _code_head(coder: ValueCoder, head: tuple[int, ...], level_count: int) -> tuple[int, ...]:
    """Code the quantiser step and each plane's finest level."""
    return tuple(
        coder.uniform(value, count)
        for value, count in zip(head, (STEP_COUNT, *(level_count + 1,) * 3), strict=True)
    )
