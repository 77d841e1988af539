"""Descriptors: the picture's colours and layout as a few low-order cosine coefficients.

Coefficient (u, v) of a plane is its mean product with cos(pi u x) cos(pi v y), x and y in 0 to 1, scaled
to unit energy: the lowest entries of the picture's two-dimensional DCT. They are ordered by spatial
frequency, chroma counting more, so the order suits any aspect ratio and follows from the size alone.
Their probabilities are trained tables by rank in that order and by how lively the picture is so far.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from textsketch.codestream import tables
from textsketch.codestream.tables import NEWEST
from textsketch.entropy.models import BitMeter, ValueCoder
from textsketch.entropy.range_coder import PROBABILITY_ONE, Decoder, Encoder
from textsketch.image.colour_space import planes_to_rgb, to_ycbcr
from textsketch.layers import Descriptors

MOST_COEFFICIENTS = 160
STEPS = (3.0, 4.2, 6.0, 8.5, 12.0, 17.0, 24.0, 34.0)
"""Quantiser steps in grey levels."""
QUESTIONS = 4
"""A magnitude is coded as up to this many answers, "more than 0, 1, 2, 3?", then as Elias-gamma."""
_COUNT_UNIT = 4
_MOST_GAMMA_BITS = 6
_FREQUENCIES = 16
_CHROMA_FREQUENCY = 6
"""Squared frequency of chroma, relative to luma, in the coding order."""
_LOOK, _WHITE, _PAPER = 24, 95, 0.65
"""Samples a side of a field, how much brighter than grey white ones are, and the share of these on paper."""
_COLOURFUL, _COLOURED = 20, 0.05
"""How far from the paper's a sample in colours is, and the most of them there may be."""
_PAPER_QUANTILE = 0.8
"""Samples as bright as that are the paper."""
_ROUNDING = (0.5, 0.42, 0.34, 0.26)
_ENERGY_IN_RGB = (3.0, 3.26, 2.48)


@lru_cache(maxsize=64)
def order(size: tuple[int, int]) -> tuple[tuple[int, int, int], ...]:
    """(plane, u, v) of every coefficient a picture of `size` (width, height) can have, in coding order."""
    width, height = size
    entries = [
        ((_CHROMA_FREQUENCY if plane else 1) * ((u * height) ** 2 + (v * width) ** 2), plane, u, v)
        for plane in range(3)
        for u in range(min(_FREQUENCIES, width))
        for v in range(min(_FREQUENCIES, height))
    ]
    return tuple(entry[1:] for entry in sorted(entries)[:MOST_COEFFICIENTS])


def extract(picture, size_bytes: int = 20) -> Descriptors:
    """Describe an RGB picture (PIL image or (h, w, 3) uint8 sRGB) in at most `size_bytes` bytes.

    The bytes are those of a range coder that codes nothing else, to the nearest bit.
    """
    return from_planes(to_ycbcr(np.asarray(picture)), size_bytes)


def from_planes(planes: np.ndarray, size_bytes: int) -> Descriptors:
    """`extract` for planes of `colour_space.to_ycbcr`: the step and number of coefficients that fit best."""
    return Describer(planes).within(size_bytes)


class Describer:
    """Describes one picture, given as planes of `colour_space.to_ycbcr`, in any number of bytes."""

    def __init__(self, planes: np.ndarray) -> None:
        size = planes.shape[2], planes.shape[1]
        values = analyse(planes, size)
        energy = np.array([_ENERGY_IN_RGB[plane] for plane, _, _ in order(size)])
        self._choices: list[tuple[int, np.ndarray, np.ndarray, np.ndarray]] = []
        """(step index, coefficients, bits of the first 1, 2, ... of them, what those gain) of each rounding."""
        for step_index, step in enumerate(STEPS):
            for rounding in _ROUNDING:
                scaled = values / step
                wanted = (np.sign(scaled) * np.floor(np.abs(scaled) + rounding)).astype(int)
                gain = np.cumsum(energy * (values**2 - (values - wanted * step) ** 2))
                bits = np.array(_bits_by_count(wanted.tolist(), step_index))
                self._choices.append((step_index, wanted, bits, gain))

    def within(self, size_bytes: int) -> Descriptors:
        """The descriptors of at most `size_bytes` bytes, as `extract` counts them, that gain most."""
        best, best_gain = Descriptors((0, 0), len(STEPS) - 1), -math.inf
        for step_index, wanted, bits, gain in self._choices:
            fitting = np.where(bits <= 8 * size_bytes, gain, -math.inf)
            count = int(fitting.argmax()) + 1
            if fitting[count - 1] > best_gain:
                best_gain = fitting[count - 1]
                best = Descriptors(_padded(wanted[:count].tolist()), step_index)
        return best


def _padded(coefficients: list[int]) -> tuple[int, ...]:
    return tuple(coefficients + [0] * (-len(coefficients) % _COUNT_UNIT))


def analyse(planes: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The unquantised coefficients of planes, in `order`, in grey levels: float64."""
    height, width = planes.shape[1:]
    across, down = _basis(width), _basis(height)
    table = [(down / height) @ plane @ (across.T / width) for plane in planes]
    return np.array([float(table[plane][v, u]) for plane, u, v in order(size)])


def field(
    descriptors: Descriptors | None, height: int, width: int, size: tuple[int, int] | None = None
) -> np.ndarray:
    """The colour field: (height, width, 3) float32 sRGB, not clipped.

    size: (width, height) of the original picture, by default that of the field.
    """
    return planes_to_rgb(field_planes(descriptors, height, width, size or (width, height)))


def field_planes(
    descriptors: Descriptors | None, height: int, width: int, size: tuple[int, int]
) -> np.ndarray:
    """The colour field as (3, height, width) float32 planes; grey without descriptors.

    size: (width, height) of the original picture, which fixes the coefficients' order.
    """
    table = np.zeros((3, _FREQUENCIES, _FREQUENCIES), np.float32)
    if descriptors is not None:
        step = STEPS[descriptors.step_index]
        for (plane, u, v), value in zip(order(tuple(size)), descriptors.coefficients, strict=False):
            table[plane, v, u] = value * step
    across, down = _basis(width), _basis(height)
    return np.stack([down.T @ plane @ across for plane in table])


def paper(descriptors: Descriptors | None, size: tuple[int, int]) -> np.ndarray | None:
    """The colour, (3,) float32, of the paper of a text or a line drawing: there, lines are the picture.

    Its field is white for the most part and has next to no colours; None of any other.
    """
    samples = field_planes(descriptors, _LOOK, _LOOK, size).reshape(3, -1)
    luma, colours = samples[0], samples[1:]
    brightness = np.sort(luma)[int(_PAPER_QUANTILE * luma.size)]
    of_paper = np.sort(colours[:, luma >= brightness])
    tint = of_paper[:, of_paper.shape[1] // 2]
    coloured = (np.abs(colours - tint[:, None]) > _COLOURFUL).any(0)
    if (luma > _WHITE).mean() < _PAPER or coloured.mean() > _COLOURED:
        return None
    return np.array([brightness, *tint])


@lru_cache(maxsize=8)
def _basis(length: int) -> np.ndarray:
    position = (np.arange(length) + 0.5) / length
    basis = np.cos(np.pi * np.arange(_FREQUENCIES)[:, None] * position) * np.sqrt(2)
    basis[0] = 1
    return basis.astype(np.float32)


def size_bits(descriptors: Descriptors) -> float:
    """The descriptors' code length in bits, in the newest format version."""
    meter = BitMeter()
    _code(meter, descriptors, NEWEST)
    return meter.bits


def encode_to(encoder: Encoder, descriptors: Descriptors, version: int) -> None:
    """Write descriptors to a range encoder as format `version` does; they delimit themselves."""
    _code(encoder, descriptors, version)


def decode_from(decoder: Decoder, version: int) -> Descriptors:
    """Read what `encode_to` wrote; whatever the bytes, it ends after at most 160 coefficients."""
    return _code(decoder, None, version)


def _bits_by_count(coefficients: list[int], step_index: int) -> list[float]:
    """Code length in bits of the first 1, 2, ... coefficients."""
    meter = BitMeter()
    meter.bits = math.log2(len(STEPS) * MOST_COEFFICIENTS / _COUNT_UNIT)
    out = []
    model = _Model(step_index, NEWEST)
    for value in coefficients:
        model.code(meter, value)
        out.append(meter.bits)
    return out


def _code(coder: ValueCoder, descriptors: Descriptors | None, version: int) -> Descriptors:
    coefficients = None if descriptors is None else _padded(list(descriptors.coefficients))
    units = MOST_COEFFICIENTS // _COUNT_UNIT
    step_index = coder.uniform(0 if descriptors is None else descriptors.step_index, len(STEPS))
    count = coder.uniform(0 if coefficients is None else len(coefficients) // _COUNT_UNIT - 1, units)
    model = _Model(step_index, version)
    values = [
        model.code(coder, 0 if coefficients is None else coefficients[index])
        for index in range((count + 1) * _COUNT_UNIT)
    ]
    return Descriptors(tuple(values), step_index)


class _Model:
    """Codes one coefficient after another."""

    def __init__(self, step_index: int, version: int) -> None:
        trained = _tables(version)
        self._more = trained["more"][step_index]
        self._minus = trained["minus"]
        self._expected = trained["expected"][step_index]
        self._rank = 0
        self._activity = 0

    def code(self, coder: ValueCoder, value: int) -> int:
        rank = self._rank
        more = self._more[liveliness(self._activity, self._expected[rank])][rank]
        size = abs(value)
        magnitude = 0
        while magnitude < QUESTIONS and coder.bit(int(size > magnitude), more[magnitude]):
            magnitude += 1
        if magnitude == QUESTIONS:
            rest = max(size - QUESTIONS + 1, 1)
            length = 0
            while length < _MOST_GAMMA_BITS and coder.bit(
                int(rest >> (length + 1) > 0), PROBABILITY_ONE // 2
            ):
                length += 1
            rest = 1 << length | coder.uniform(rest & ((1 << length) - 1), 1 << length)
            magnitude = rest + QUESTIONS - 1
        minus = magnitude > 0 and coder.bit(int(value < 0), self._minus[rank])
        self._rank += 1
        if rank >= 3:
            self._activity += magnitude
        return -magnitude if minus else magnitude


def liveliness(activity: int, expected: int) -> int:
    """0, 1 or 2: whether the magnitudes so far sum to less than, about or more than `expected` / 16."""
    return int(activity * 160 > 7 * expected) + int(activity * 160 > 14 * expected)


@lru_cache
def _tables(version: int) -> dict[str, list]:
    return {key: table.tolist() for key, table in tables.load("descriptor_model", version).items()}
