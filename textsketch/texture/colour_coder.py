"""Codes a texture: the colour map's integers and the grain map."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from textsketch.codestream.grids import base_level, base_shape, level_shapes
from textsketch.entropy.models import ValueCoder
from textsketch.entropy.range_coder import Decoder, Encoder
from textsketch.errors import BitstreamError
from textsketch.layers import Layers, Texture
from textsketch.texture.colour_map import LARGEST, STEP_COUNT
from textsketch.texture.colour_model import ColourModel
from textsketch.texture.contexts import passes
from textsketch.texture.grain import code_grain
from textsketch.texture.rdo_quantiser import finest_levels

_COEFFICIENTS_PER_BYTE = 4
_COEFFICIENTS_FOR_FREE = 64


def pack(
    texture: Texture, layers_below: Layers, version: int, beat: Callable[[], None] | None = None
) -> bytes:
    """Code a texture as format `version` does, over the layers below it (the picture's size and sketch).

    beat: called many times a second; an exception it raises stops the work.
    """
    encoder = Encoder()
    coded = _code(encoder, texture, layers_below, texture.coefficients.size, version, beat)
    needed = int(np.count_nonzero(coded.coefficients)) - _COEFFICIENTS_FOR_FREE
    # Zero bytes change nothing a decoder reads; hardly any picture has coefficients cheap enough to need them.
    return encoder.finish().ljust(-(-needed // _COEFFICIENTS_PER_BYTE), b"\0")


def unpack(data: bytes, layers_below: Layers, version: int) -> Texture:
    """Decode what `pack` of format `version` wrote. Any bytes give a texture or `BitstreamError`.

    There are at most `_COEFFICIENTS_PER_BYTE` coefficients other than 0 for each byte, so that a few hostile
    bytes cannot ask for hours of work.
    """
    most = _COEFFICIENTS_FOR_FREE + _COEFFICIENTS_PER_BYTE * len(data)
    return _code(Decoder(data), None, layers_below, most, version)


def _code(
    coder: ValueCoder,
    texture: Texture | None,
    layers: Layers,
    most_coefficients: int,
    version: int,
    beat: Callable[[], None] | None = None,
) -> Texture:
    shapes = level_shapes(layers.size[1], layers.size[0])[base_level(layers.size) :]
    out = np.zeros((3, *base_shape(layers.size)), np.int32)
    source = None if texture is None else np.clip(texture.coefficients, -LARGEST, LARGEST)
    step_index = coder.uniform(texture.step_index if texture else 0, STEP_COUNT)
    coarse_to = (0, 0, 0) if source is None else finest_levels(source, shapes)
    finest = tuple(coder.uniform(level, len(shapes) + 1) for level in coarse_to)
    model = ColourModel(LARGEST, version)
    for part in passes(out, source, shapes, finest, step_index, layers.strokes):
        model.code_pass(coder, part, len(shapes))
        if beat is not None:
            beat()
        most_coefficients -= int(np.count_nonzero(part.values))
        if most_coefficients < 0:
            raise BitstreamError("the colour map is damaged: it holds more than its bytes can")
    grain = code_grain(coder, texture.grain if texture else None, layers.size)
    return Texture(out, step_index, grain)
