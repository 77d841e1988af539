"""The CDF 9/7 wavelet that stops at strokes.

The lifting form (I. Daubechies and W. Sweldens, "Factoring wavelet transforms into lifting steps", 1998)
of the filter pair of JPEG 2000. Each lifting step adds the two neighbours' sum; a neighbour behind a
stroke counts for little and the other one for it, which is the mirror at the border of a picture made at
every stroke. Any weights invert exactly. Colours thus flow smoothly and stop at strokes at every scale.

Coefficients stand in the usual nested layout: low-pass first, in both directions, at every level.
"""

from __future__ import annotations

import numpy as np

from textsketch.codestream.grids import level_shapes

_LIFTING = (-1.586134342059924, -0.052980118572961, 0.882911075530934, 0.443506852043971)
_SCALE = 1.149604398860241
_CLOSED = 0.02


class StrokeWavelet:
    """The transform of pictures of one size with one set of strokes.

    right, down: the cut links, see `structure.barriers.barriers`.
    """

    def __init__(self, right: np.ndarray, down: np.ndarray) -> None:
        self.shapes = level_shapes(*right.shape)
        self._weights = []
        any_cut = bool(right.any() or down.any())
        for level, shape in enumerate(self.shapes[:-1]):
            if any_cut:
                across = _openness(right, level, shape)
                along = _openness(down.T, level, shape[::-1])
                along = np.concatenate([along[0::2], along[1::2]])
            else:
                across = np.ones((1, shape[1]), np.float32)
                along = np.ones((1, shape[0]), np.float32)
            self._weights.append((_shares(across), _shares(along)))

    def forward(self, planes: np.ndarray) -> np.ndarray:
        """Transform (channels, height, width) float32 planes."""
        out = planes.astype(np.float32, copy=True)
        for (rows, columns), (across, along) in zip(self.shapes[:-1], self._weights, strict=True):
            block = out[:, :rows, :columns]
            block = _analyse(block, across)
            block = _analyse(block.transpose(0, 2, 1), along).transpose(0, 2, 1)
            out[:, :rows, :columns] = block
        return out

    def inverse(self, coefficients: np.ndarray) -> np.ndarray:
        """Invert `forward`; missing fine bands (a smaller array) count as zeros."""
        out = np.empty((len(coefficients), *self.shapes[0]), np.float32)
        for index in range(len(coefficients)):  # one plane at a time takes a third of the memory
            out[index] = self._inverse(coefficients[index : index + 1])[0]
        return out

    def _inverse(self, coefficients: np.ndarray) -> np.ndarray:
        start = self.shapes.index((coefficients.shape[1], coefficients.shape[2]))
        out = coefficients.astype(np.float32)
        for level in range(len(self.shapes) - 2, -1, -1):
            rows, columns = self.shapes[level]
            across, along = self._weights[level]
            if level < start:
                finer = np.zeros((out.shape[0], rows, columns), np.float32)
                finer[:, : out.shape[1], : out.shape[2]] = out
                out = finer
            block = out[:, :rows, :columns]
            block = _synthesise(block.transpose(0, 2, 1), along).transpose(0, 2, 1)
            out[:, :rows, :columns] = _synthesise(block, across)
        return out


def _openness(cut: np.ndarray, level: int, shape: tuple[int, int]) -> np.ndarray:
    """How open each link between horizontal neighbours of a level is, 0 to 1: (rows, columns) float32."""
    rows, columns = shape
    step = 1 << level
    padded = np.zeros((rows * step, columns * step), bool)
    padded[: cut.shape[0], : cut.shape[1]] = cut
    blocked = padded.reshape(rows * step, columns, step).any(axis=2)
    # A sample stands at its cell's upper left corner; its rows reach half a cell up and down.
    shifted = np.roll(blocked, step // 2, axis=0)
    if step > 1:
        shifted[: step // 2] = blocked[: step // 2]
    strength = shifted.reshape(rows, step, columns).mean(axis=1, dtype=np.float32)
    return np.maximum(1 - strength, _CLOSED).astype(np.float32)


def _shares(openness: np.ndarray):
    """Turn link openness along the last axis into the neighbours' shares in the two kinds of step."""
    length = openness.shape[1]
    links = openness[:, : length - 1]
    odd_left = links[:, 0::2]
    odd_right = np.zeros_like(odd_left)
    odd_right[:, : links[:, 1::2].shape[1]] = links[:, 1::2]
    even_count = (length + 1) // 2
    even_left = np.zeros((links.shape[0], even_count), np.float32)
    even_right = np.zeros_like(even_left)
    even_left[:, 1:] = links[:, 1::2][:, : even_count - 1]
    even_right[:, : odd_left.shape[1]] = odd_left
    if length == 1:
        return None
    return _normalised(odd_left, odd_right), _normalised(even_left, even_right)


def _normalised(left: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    scale = 2 / (left + right)
    return left * scale, right * scale


def _lift_odd(odd, even, shares, factor):
    left, right = shares
    count = odd.shape[2]
    odd += factor * left * even[:, :, :count]
    reach = even.shape[2] - 1
    odd[:, :, :reach] += (factor * right)[:, :reach] * even[:, :, 1:]


def _lift_even(even, odd, shares, factor):
    left, right = shares
    count = odd.shape[2]
    even[:, :, :count] += (factor * right)[:, :count] * odd
    reach = even.shape[2] - 1
    even[:, :, 1:] += (factor * left)[:, 1:] * odd[:, :, :reach]


def _analyse(block, shares):
    if shares is None:
        return block
    even = np.ascontiguousarray(block[:, :, 0::2])
    odd = np.ascontiguousarray(block[:, :, 1::2])
    _lift_odd(odd, even, shares[0], _LIFTING[0])
    _lift_even(even, odd, shares[1], _LIFTING[1])
    _lift_odd(odd, even, shares[0], _LIFTING[2])
    _lift_even(even, odd, shares[1], _LIFTING[3])
    return np.concatenate([even * _SCALE, odd / _SCALE], axis=2)


def _synthesise(block, shares):
    if shares is None:
        return block
    count = (block.shape[2] + 1) // 2
    even = block[:, :, :count] / _SCALE
    odd = block[:, :, count:] * _SCALE
    _lift_even(even, odd, shares[1], -_LIFTING[3])
    _lift_odd(odd, even, shares[0], -_LIFTING[2])
    _lift_even(even, odd, shares[1], -_LIFTING[1])
    _lift_odd(odd, even, shares[0], -_LIFTING[0])
    out = np.empty(block.shape, np.float32)
    out[:, :, 0::2] = even
    out[:, :, 1::2] = odd
    return out
