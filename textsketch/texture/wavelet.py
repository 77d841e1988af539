"""The CDF 9/7 wavelet that stops at strokes.

The lifting form (I. Daubechies and W. Sweldens, "Factoring wavelet transforms into lifting steps", 1998)
of the filter pair of JPEG 2000. Each lifting step adds the two neighbours' sum; a neighbour behind a
stroke counts for little and the other one for it, which is the mirror at the border of a picture made at
every stroke. Any weights invert exactly. Colours thus flow smoothly and stop at strokes at every scale.

Coefficients stand in the usual nested layout: low-pass first, in both directions, at every level.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np

from textsketch.codestream.grids import level_shapes

_LIFTING = (-1.586134342059924, -0.052980118572961, 0.882911075530934, 0.443506852043971)
_SCALE = 1.149604398860241
_CLOSED = 0.02

Shares = tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
"""What the left and right neighbours count for odd samples, and for even ones: (lines, samples), one line for
all where nothing is cut."""


class StrokeWavelet:
    """The transform of pictures of one size with one set of strokes.

    right, down: the cut links, see `structure.barriers.barriers`.
    """

    def __init__(self, right: np.ndarray, down: np.ndarray) -> None:
        self.shapes = level_shapes(*right.shape)
        turned = [shape[::-1] for shape in self.shapes]
        if right.any() or down.any():
            across, along = _openness(right, self.shapes), _openness(down.T, turned)
            # The columns are transformed when the rows are: low-pass ones stand first.
            along = (np.concatenate([links[0::2], links[1::2]]) for links in along)
        else:
            across, along = (
                (np.ones((1, length), np.float32) for _, length in shapes) for shapes in (self.shapes, turned)
            )
        self._weights = [
            (_shares(row_links, "C"), _shares(column_links, "F"))
            for row_links, column_links, _ in zip(across, along, self.shapes[:-1], strict=False)
        ]

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
        for plane, found in zip(out, coefficients, strict=True):  # one at a time takes a third of the memory
            self._invert(found.astype(np.float32), plane)
        return out

    def _invert(self, coefficients: np.ndarray, out: np.ndarray) -> None:
        """Invert one plane; `coefficients` is overwritten."""
        start = self.shapes.index((coefficients.shape[0], coefficients.shape[1]))
        low = coefficients
        for level in range(len(self.shapes) - 2, -1, -1):
            (rows, columns), (low_rows, low_columns) = self.shapes[level], self.shapes[level + 1]
            across, along = self._weights[level]
            block, fine = low, False
            if level >= start:
                block = coefficients[:rows, :columns]
                fine = bool(block[low_rows:].any() or block[:, low_columns:].any())
            # Without fine detail, which most levels lack, half of the work is not there.
            block = block if fine else block[:low_rows, :low_columns]
            if along is not None:
                block = _synthesise(block.T, along, rows, fine).T
            if across is not None:
                block = _synthesise(block, across, columns, fine)
            if level > start:
                coefficients[:rows, :columns] = block
            low = block
        out[...] = low


def _openness(cut: np.ndarray, shapes: list[tuple[int, int]]) -> Iterator[np.ndarray]:
    """How open each link between horizontal neighbours is, 0 to 1, level by level: (rows, columns) float32."""
    blocked = cut.astype(np.uint16)
    yield np.maximum(1 - cut.astype(np.float32), _CLOSED)
    for level, (rows, columns) in enumerate(shapes[1:], 1):
        if blocked.shape[1] < 2 * columns:
            blocked = np.pad(blocked, ((0, 0), (0, 1)))
        blocked = blocked[:, 0::2] | blocked[:, 1::2]
        # How many of the rows of each half of a cell are blocked.
        halves = np.pad(blocked, ((0, (rows << level) - len(blocked)), (0, 0)))
        for _ in range(level - 1):
            halves = halves[0::2] + halves[1::2]
        # A sample stands at its cell's upper left corner; its rows reach half a cell up and down.
        above = np.concatenate([halves[:1], halves[1:-1:2]])
        strength = (above + halves[0::2]).astype(np.float32) / (1 << level)
        yield np.maximum(1 - strength, _CLOSED)


def _shares(openness: np.ndarray, order: Literal["C", "F"]) -> Shares | None:
    """Turn link openness along the last axis into the neighbours' shares in the two kinds of step.

    order: in memory, that of the samples they are multiplied with.
    """
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
    return _normalised(odd_left, odd_right, order), _normalised(even_left, even_right, order)


def _normalised(
    left: np.ndarray, right: np.ndarray, order: Literal["C", "F"]
) -> tuple[np.ndarray, np.ndarray]:
    scale = 2 / (left + right)
    return np.asarray(left * scale, order=order), np.asarray(right * scale, order=order)


def _analyse(block: np.ndarray, shares: Shares | None) -> np.ndarray:
    """Transform the lines of (planes, lines, samples): low-pass samples, then high-pass ones."""
    if shares is None:
        return block
    even, odd = (block[:, :, first::2].copy(order="K") for first in (0, 1))
    for step, factor in enumerate(_LIFTING):
        _lift(even, odd, shares, step, factor)
    return np.concatenate([even * _SCALE, odd / _SCALE], axis=2)


def _synthesise(block: np.ndarray, shares: Shares, length: int, fine: bool) -> np.ndarray:
    """Invert `_analyse` of a plane's lines, which become `length` samples.

    fine: whether `block` has the high-pass samples too; without, they are zeros and the lines may be fewer than
    those of `shares`.
    """
    count = (length + 1) // 2
    even = block[:, :count] / _SCALE
    odd = block[:, count:] * _SCALE if fine else np.zeros_like(even[:, : length - count])
    for step in range(3 if fine else 2, -1, -1):
        _lift(even, odd, shares, step, -_LIFTING[step])
    out = np.empty_like(even, shape=(len(block), length))
    out[:, 0::2] = even
    out[:, 1::2] = odd
    return out


def _lift(even: np.ndarray, odd: np.ndarray, shares: Shares, step: int, factor: float) -> None:
    """Add to every odd sample, or in every second step to every even one, its neighbours' shares in place."""
    left, right = (share[: even.shape[-2]] for share in shares[step % 2])
    count, reach = odd.shape[-1], even.shape[-1] - 1
    into, others = (even, odd) if step % 2 else (odd, even)
    # The neighbour on the same side as in a pair, which every sample but perhaps the last even one has; then
    # the other one, which neither the first even nor a last odd sample has.
    paired, far = (right, left[:, 1:]) if step % 2 else (left, right[:, :reach])
    here, there = (into[..., 1:], others[..., :reach]) if step % 2 else (into[..., :reach], others[..., 1:])
    into[..., :count] += _product(factor, paired[:, :count], others[..., :count])
    here += _product(factor, far, there)


def _product(factor: float, share: np.ndarray, samples: np.ndarray) -> np.ndarray:
    scaled = factor * share
    if scaled.shape == samples.shape:
        return np.multiply(scaled, samples, out=scaled)
    return scaled * samples
