"""Reads the super-resolution network the brush stands on, as it is packaged for ncnn.

The network is SRVGGNetCompact of Real-ESRGAN (X. Wang et al., arXiv 2107.10833), realesr-animevideov3 for x4.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

_HALF_PRECISION = 0x01306B47
_NAME = "realesr-animevideov3-x4"
_CHANNELS = (3, *[64] * 17, 48)


@dataclass(frozen=True, eq=False)
class Convolution:
    """A 3x3 convolution and the PReLU behind it.

    weight: (out, in, 3, 3) float32. bias: (out,) float32. slope: (out,) float32, None behind the last.
    """

    weight: np.ndarray
    bias: np.ndarray
    slope: np.ndarray | None


def read(folder: Path) -> list[Convolution]:
    """The convolutions of the network in `folder`, first to last; ValueError if the file is another one's."""
    data = (folder / f"{_NAME}.bin").read_bytes()
    at = 0

    def take(count: int, dtype: str) -> np.ndarray:
        nonlocal at
        values = np.frombuffer(data, dtype, count, at)
        at += values.nbytes
        return values

    layers = []
    last = len(_CHANNELS) - 2
    for index, (inputs, outputs) in enumerate(pairwise(_CHANNELS)):
        half = int(take(1, "<u4")[0]) == _HALF_PRECISION
        weight = take(outputs * inputs * 9, "<f2" if half else "<f4").astype(np.float32)
        at += -at % 4
        bias = take(outputs, "<f4").copy()
        slope = take(outputs, "<f4").copy() if index < last else None
        layers.append(Convolution(weight.reshape(outputs, inputs, 3, 3), bias, slope))
    if at != len(data):
        raise ValueError(f"{_NAME}.bin has {len(data)} bytes where {at} were expected")
    return layers
