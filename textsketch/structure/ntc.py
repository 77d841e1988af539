"""A learned nonlinear transform codec (NTC) for soft edge maps: Text + Sketch's way to send the sketch.

A network turns the map into a few integers a 16x16 block, an integer coder writes them, a second network
draws the map from them (Balle et al., "Nonlinear transform coding", 2020). One pair of networks serves all
rates: each rate scales the latents by gains of its own (Cui et al., 2021). Symbols are coded with integer
contexts and shipped integer tables only, by this package's range coder.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from textsketch.codestream import tables
from textsketch.codestream.grids import LATENT_CELL, latent_grid
from textsketch.codestream.tables import NEWEST
from textsketch.entropy.models import AdaptiveBits, BitCoder
from textsketch.entropy.range_coder import Decoder, Encoder
from textsketch.layers import SoftEdges
from textsketch.structure import detectors, ntc_networks
from textsketch.structure.kind import Guide, Kind, OperatingPoints

if TYPE_CHECKING:
    from PIL import Image

RATES = 4
"""Rates to choose from: 0 is the smallest."""
LARGEST = 15
"""Latents are -15 to 15."""
_NEIGHBOUR_LEVEL = (0, 1, 2, 2, 3, 3, 4, 4, 4, 5, 5, 5, 5, 5, 5, 5, 5)
_NEIGHBOUR_CONTEXTS = 6
_CHANNEL_CONTEXTS = 3
CONTEXTS = _NEIGHBOUR_CONTEXTS * _CHANNEL_CONTEXTS
_SIGN_CONTEXTS = 3
_UNARY_CONTEXTS = LARGEST - 1
_CONFIDENCE = 24


def draw(edges: SoftEdges, size: tuple[int, int]) -> Image.Image:
    """The map as mode "L" of `size` (width, height), white on black.

    Networks draw it in floating point, so nothing that is entropy-coded may depend on it.
    """
    from PIL import Image

    soft = ntc_networks.synthesise(edges.latents, edges.rate, edges.version)
    drawn = Image.fromarray(np.rint(255 * soft).astype(np.uint8))
    return drawn if drawn.size == size else drawn.resize(size, Image.Resampling.BILINEAR)


def encode(edges: np.ndarray, size: tuple[int, int], rate: int) -> SoftEdges:
    """The map, (height, width) float of 0 to 1, of a picture of `size` (width, height) as latents of `rate`."""
    import cv2

    rows, columns = latent_grid(size)
    resized = cv2.resize(
        np.asarray(edges, np.float32),
        (columns * LATENT_CELL, rows * LATENT_CELL),
        interpolation=cv2.INTER_AREA,
    )
    latents = ntc_networks.analyse(np.clip(resized, 0, 1), rate, NEWEST)
    return SoftEdges(np.clip(np.rint(latents), -LARGEST, LARGEST).astype(np.int64), rate)


def pack(edges: SoftEdges, size: tuple[int, int], version: int) -> bytes:
    """Code a soft edge map of a picture of `size` as format `version` does, which must have its networks."""
    if tables.find("ntc", edges.version) != tables.find("ntc", version):
        raise ValueError(f"format version {version} has other networks than these latents are of")
    shape = _shape(size, version)
    if edges.latents.shape != shape:
        raise ValueError(f"latents of a picture of {size} have shape {shape}, not {edges.latents.shape}")
    encoder = Encoder()
    encoder.uniform(edges.rate, RATES)
    code_latents(encoder, edges.latents, shape, _models(edges.rate, version))
    return encoder.finish()


def unpack(data: bytes, size: tuple[int, int], version: int) -> SoftEdges:
    """What `pack` coded for a picture of `size` (width, height). Any bytes give a map or BitstreamError."""
    decoder = Decoder(data)
    rate = decoder.uniform(0, RATES)
    latents = code_latents(decoder, None, _shape(size, version), _models(rate, version))
    return SoftEdges(latents, rate, version)


def _shape(size: tuple[int, int], version: int) -> tuple[int, int, int]:
    return (ntc_networks.parameters(version)["gain"].shape[1], *latent_grid(size))


Models = list[tuple[AdaptiveBits, AdaptiveBits, AdaptiveBits]]
"""For each channel: the bits that say "not zero" and "larger", and the sign's."""


def _models(rate: int, version: int) -> Models:
    trained = ntc_networks.parameters(version)
    return [
        (
            AdaptiveBits(nonzero.tolist(), _CONFIDENCE),
            AdaptiveBits(larger.tolist(), _CONFIDENCE),
            AdaptiveBits(sign.tolist(), _CONFIDENCE),
        )
        for nonzero, larger, sign in zip(
            trained["table_nonzero"][rate],
            trained["table_larger"][rate],
            trained["table_sign"][rate],
            strict=True,
        )
    ]


def code_latents(
    coder: BitCoder, latents: np.ndarray | None, shape: tuple[int, ...], models: Models
) -> np.ndarray:
    """Code latents channel by channel in raster order; with `latents` None they come from the coder.

    The context of a latent is how large the four coded neighbours in its channel are and how large the
    channels before it are at its place.
    """
    channels, rows, columns = shape
    stride = columns + 2
    before = [0] * (stride * (rows + 1))  # magnitudes of the channels done, summed
    result = np.zeros(shape, np.int64)
    for channel in range(channels):
        nonzero, larger, sign = models[channel]
        wanted = None if latents is None else latents[channel].tolist()
        size = [0] * (stride * (rows + 1))
        signs = [0] * (stride * (rows + 1))
        for row in range(rows):
            place = stride * (row + 1) + 1
            for column in range(columns):
                above = place - stride
                near = 2 * (size[place - 1] + size[above]) + size[above - 1] + size[above + 1]
                context = _NEIGHBOUR_LEVEL[near if near < 16 else 16] * _CHANNEL_CONTEXTS
                total = before[place]
                context += 2 if total > 2 else 1 if total else 0
                value = 0 if wanted is None else wanted[row][column]
                magnitude = abs(value)
                if nonzero.code(coder, context, 1 if magnitude else 0):
                    found = 1
                    # The first "larger" depends on the neighbours, the others on how large it is already.
                    while found < LARGEST and larger.code(
                        coder,
                        context if found == 1 else CONTEXTS + found - 2,
                        1 if magnitude > found else 0,
                    ):
                        found += 1
                    negative = sign.code(coder, signs[place - 1], 1 if value < 0 else 0)
                    size[place] = found
                    before[place] += found
                    signs[place] = 2 if negative else 1
                    result[channel, row, column] = -found if negative else found
                place += 1
    return result


def table_sizes() -> tuple[int, int, int]:
    """How many probabilities a channel's three tables have."""
    return CONTEXTS, CONTEXTS + _UNARY_CONTEXTS - 1, _SIGN_CONTEXTS


def extract(picture: Image.Image, detector: str) -> OperatingPoints:
    """A detector's map of an RGB picture, at a higher rate each step."""
    edges = detectors.edge_map(picture, detector)
    return OperatingPoints(RATES - 1, lambda step: encode(edges, picture.size, step))


def _cover(edges: SoftEdges, size: tuple[int, int], thickness: float) -> np.ndarray:
    return np.asarray(draw(edges, size), np.float32) / 255


def _condition(edges: SoftEdges, size: tuple[int, int], guide: Guide) -> tuple[str, Image.Image]:
    if guide is Guide.CONTROLNET:
        return "edges", draw(edges, size)
    return "sketch", draw(edges, size).point(lambda grey: 255 * (grey > 127))


KIND = Kind(
    name="soft-edges",
    title="Soft edges",
    structure=SoftEdges,
    extract=extract,
    pack=pack,
    unpack=unpack,
    draw=_cover,
    condition=_condition,
)
