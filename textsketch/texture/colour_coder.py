"""Codes a texture: the colour map's integers and the grain map."""

from __future__ import annotations

import numpy as np

from textsketch.entropy.models import BitCoder, BitReader, BitWriter
from textsketch.entropy.range_coder import Decoder, Encoder
from textsketch.layers import Layers, Texture
from textsketch.texture.colour_map import LARGEST, STEP_COUNT, base_level, base_shape
from textsketch.texture.colour_model import ColourModel
from textsketch.texture.contexts import passes
from textsketch.texture.grain import code_grain
from textsketch.texture.quantiser import finest_levels
from textsketch.texture.wavelet import level_shapes


def pack(texture: Texture, layers_below: Layers) -> bytes:
    """Code a texture over the layers below it (the picture's size, descriptors and sketch)."""
    encoder = Encoder()
    _code(BitWriter(encoder), texture, layers_below)
    return encoder.finish()


def unpack(data: bytes, layers_below: Layers) -> Texture:
    """Decode what `pack` wrote. Any bytes give a texture or `BitstreamError`."""
    return _code(BitReader(Decoder(data)), None, layers_below)


def _code(coder: BitCoder, texture: Texture | None, layers: Layers) -> Texture:
    shapes = level_shapes(layers.size[1], layers.size[0])[base_level(layers.size) :]
    out = np.zeros((3, *base_shape(layers.size)), np.int32)
    source = None if texture is None else np.clip(texture.coefficients, -LARGEST, LARGEST)
    step_index = coder.uniform(texture.step_index if texture else 0, STEP_COUNT)
    coarse_to = (0, 0, 0) if source is None else finest_levels(source, shapes)
    finest = tuple(coder.uniform(level, len(shapes) + 1) for level in coarse_to)
    model = ColourModel(LARGEST)
    strokes = None if layers.structure is None else layers.structure.strokes
    for part in passes(out, source, shapes, finest, step_index, strokes):
        model.code_pass(coder, part, len(shapes))
    grain = code_grain(coder, texture.grain if texture else None, layers.size)
    return Texture(out, step_index, grain)
