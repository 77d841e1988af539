"""Descriptors: the picture's colours and layout as a few low-order cosine coefficients.

Coefficient (u, v) of a plane is its mean product with cos(pi u x) cos(pi v y), x and y in 0 to 1, scaled
to unit energy: the lowest entries of the picture's two-dimensional DCT. They are ordered by spatial
frequency, chroma counting double, so the order suits any aspect ratio and follows from the size alone.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from textsketch.colour_space import to_ycbcr
from textsketch.entropy.models import AdaptiveBits, BitCoder, BitMeter, BitReader, BitWriter
from textsketch.entropy.range_coder import Decoder, Encoder
from textsketch.layers import Descriptors

MOST_COEFFICIENTS = 63
_STEP = 8.0


@lru_cache(maxsize=64)
def order(size: tuple[int, int]) -> tuple[tuple[int, int, int], ...]:
    """(plane, u, v) of every coefficient a picture of `size` (width, height) can have."""
    width, height = size
    entries = []
    for plane in range(3):
        for u in range(min(12, width)):
            for v in range(min(12, height)):
                frequency = (u * height) ** 2 + (v * width) ** 2
                entries.append(((4 if plane else 1) * frequency, plane, u, v))
    entries.sort()
    return tuple(entry[1:] for entry in entries[:MOST_COEFFICIENTS])


def extract(picture, size_bytes: int = 20) -> Descriptors:
    """Describe an RGB picture (PIL image or (h, w, 3) uint8) in at most about `size_bytes` bytes."""
    planes = to_ycbcr(np.asarray(picture))
    return from_planes(planes, size_bytes)


def from_planes(planes: np.ndarray, size_bytes: int, size: tuple[int, int] | None = None) -> Descriptors:
    """`extract` for planes of `colour_space.to_ycbcr`, possibly of a reduced picture of `size`."""
    size = size or (planes.shape[2], planes.shape[1])
    values = analyse(planes, size)
    wanted = [int(np.sign(v)) * int(abs(v) / _STEP + 0.4) for v in values]
    count = len(wanted)
    while count:
        coefficients = tuple(wanted[:count])
        if wanted[count - 1] and size_bits(Descriptors(coefficients)) <= 8 * size_bytes:
            return Descriptors(coefficients)
        count -= 1
    return Descriptors((0,))


def analyse(planes: np.ndarray, size: tuple[int, int]) -> list[float]:
    """The unquantised coefficients of planes, in `order`, in grey levels."""
    height, width = planes.shape[1:]
    across, down = _basis(width, 12), _basis(height, 12)
    table = np.einsum("vy,cyx,ux->cuv", down / height, planes, across / width, optimize=True)
    return [float(table[entry]) for entry in order(size)]


def field(
    descriptors: Descriptors, height: int, width: int, size: tuple[int, int] | None = None
) -> np.ndarray:
    """The colour field: (height, width, 3) float32 sRGB, not clipped."""
    from textsketch.colour_space import planes_to_rgb

    return planes_to_rgb(field_planes(descriptors, height, width, size or (width, height)))


def field_planes(
    descriptors: Descriptors | None, height: int, width: int, size: tuple[int, int]
) -> np.ndarray:
    """The colour field as (3, height, width) float32 planes; grey without descriptors.

    size: (width, height) of the original picture, which fixes the coefficients' order.
    """
    table = np.zeros((3, 12, 12), np.float32)
    if descriptors is not None:
        for entry, value in zip(order(size), descriptors.coefficients, strict=False):
            table[entry] = value * _STEP
    across, down = _basis(width, 12), _basis(height, 12)
    return np.stack([down.T @ (plane.T @ across) for plane in table]).astype(np.float32)


@lru_cache(maxsize=16)
def _basis(length: int, count: int) -> np.ndarray:
    position = (np.arange(length) + 0.5) / length
    basis = np.cos(np.pi * np.arange(count)[:, None] * position) * np.sqrt(2)
    basis[0] = 1
    return basis.astype(np.float32)


def size_bits(descriptors: Descriptors) -> float:
    """The descriptors' code length in bits."""
    meter = BitMeter()
    _code(meter, descriptors.coefficients)
    return meter.bits


def encode_to(encoder: Encoder, descriptors: Descriptors) -> None:
    """Write descriptors to a range encoder; they delimit themselves."""
    _code(BitWriter(encoder), descriptors.coefficients)


def decode_from(decoder: Decoder) -> Descriptors:
    """Read what `encode_to` wrote."""
    return Descriptors(tuple(_code(BitReader(decoder), None)))


def _code(coder: BitCoder, coefficients: tuple[int, ...] | None) -> list[int]:
    count = coder.uniform(len(coefficients) - 1 if coefficients is not None else 0, MOST_COEFFICIENTS) + 1
    zero = AdaptiveBits([32768] * 4)
    more = AdaptiveBits([40000, 30000, 25000, 22000])
    out = []
    for index in range(count):
        value = coefficients[index] if coefficients is not None else 0
        bucket = min(index // 3, 3)
        if not zero.code(coder, bucket, int(value != 0)):
            out.append(0)
            continue
        negative = coder.bit(int(value < 0), 32768)
        magnitude = 1
        while magnitude < 31 and more.code(coder, bucket, int(abs(value) > magnitude)):
            magnitude += 1
        out.append(-magnitude if negative else magnitude)
    return out
