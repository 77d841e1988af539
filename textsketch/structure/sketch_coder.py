"""Codes a sketch as chains: where a stroke starts, then which way each step turns.

Every pixel of the bitmap is covered by chains of 8-connected steps (H. Freeman, "On the encoding of
arbitrary geometric configurations", 1961), so any bitmap survives unchanged; thin strokes are cheap.
Starts are coded in raster order, so the decoder knows which pixels behind the scan must stay empty.
"""

from __future__ import annotations

import numpy as np

from textsketch.entropy.models import AdaptiveBits, BitCoder, BitReader, BitWriter, MagnitudeModel
from textsketch.entropy.range_coder import PROBABILITY_ONE, Decoder, Encoder
from textsketch.errors import BitstreamError
from textsketch.layers import Structure
from textsketch.structure.grid import LONG_SIDES, grid_shape, long_side_index

_STEPS = ((0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1))
"""(row, column) offset of the eight directions, clockwise from right."""
_TURNS = (0, 1, 7, 2, 6, 3, 5)
_HALF = PROBABILITY_ONE // 2


def pack(structure: Structure, size: tuple[int, int]) -> bytes:
    """Code a sketch made for a picture of `size` (width, height); its grid must be one of `grid_shape`."""
    strokes = structure.strokes
    encoder = Encoder()
    coder = BitWriter(encoder)
    coder.uniform(long_side_index(size, strokes.shape), len(LONG_SIDES))
    _code_chains(coder, strokes.shape, strokes)
    return encoder.finish()


def unpack(data: bytes, size: tuple[int, int]) -> Structure:
    """Decode what `pack` wrote. Any bytes give a sketch or `BitstreamError`."""
    decoder = Decoder(data)
    coder = BitReader(decoder)
    shape = grid_shape(size, LONG_SIDES[coder.uniform(0, len(LONG_SIDES))])
    return Structure(_code_chains(coder, shape, None))


def _code_chains(coder: BitCoder, shape: tuple[int, int], strokes: np.ndarray | None) -> np.ndarray:
    """Code all chains; with `strokes` None they come from the coder. Returns the bitmap."""
    rows, columns = shape
    stride = columns + 2
    # 1: still to be covered (encoder only); 2: covered; 3: known empty or outside.
    todo = bytearray(stride * (rows + 2))
    if strokes is not None:
        padded = np.zeros((rows + 2, stride), np.uint8)
        padded[1:-1, 1:-1] = strokes
        todo[:] = padded.tobytes()
    state = bytearray(stride * (rows + 2))
    for row in range(rows + 2):
        state[row * stride] = state[row * stride + stride - 1] = 3
    state[:stride] = state[-stride:] = b"\3" * stride
    offsets = [row * stride + column for row, column in _STEPS]

    starts = [] if strokes is None else _cover(todo, state, stride, rows, columns, offsets)
    count = _code_count(coder, len(starts), rows * columns)
    models = _ChainModels()
    scan = stride + 1
    last = stride * (rows + 1) - 1
    next_start = 0
    remaining_pixels = rows * columns
    while count:
        # The remaining starts are spread evenly over the pixels to come, less near covered ones.
        if scan >= last:
            raise BitstreamError("the sketch is damaged: a stroke starts outside the grid")
        if state[scan]:
            scan += 1
            continue
        is_start = models.start(
            coder,
            state,
            scan,
            offsets,
            count,
            remaining_pixels,
            int(next_start < len(starts) and starts[next_start][0] == scan),
        )
        remaining_pixels = max(remaining_pixels - 1, count)
        if is_start:
            chain = starts[next_start][1] if strokes is not None else None
            next_start += 1
            count -= 1
            _code_arms(coder, models, state, scan, offsets, chain)
        else:
            state[scan] = 3
        scan += 1
    flat = np.frombuffer(bytes(state), np.uint8).reshape(rows + 2, stride)
    return flat[1:-1, 1:-1] == 2


def _cover(todo, state, stride, rows, columns, offsets):
    """Split a bitmap into starts in raster order, each with one or more arms of directions."""
    starts = []
    walked = bytearray(state)
    for position in range(stride + 1, stride * (rows + 1) - 1):
        if todo[position] and walked[position] == 0:
            walked[position] = 2
            arms = []
            while True:
                arm = _walk(todo, walked, position, offsets)
                if not arm and arms:
                    break
                arms.append(arm)
                if not arm:
                    break
            starts.append((position, arms))
    return starts


def _walk(todo, walked, position, offsets):
    """Follow uncovered pixels, straight on where possible; returns the directions."""
    arm = []
    direction = None
    while True:
        options = range(8) if direction is None else ((direction + turn) & 7 for turn in _TURNS)
        for option in options:
            target = position + offsets[option]
            if todo[target] and walked[target] == 0:
                position, direction = target, option
                walked[position] = 2
                arm.append(option)
                break
        else:
            return arm


def _code_arms(coder, models, state, position, offsets, arms):
    """Code the arms of one start; `arms` None when decoding."""
    state[position] = 2
    index = 0
    while True:
        arm = arms[index] if arms is not None and index < len(arms) else ()
        if not _code_arm(coder, models, state, position, offsets, arm, index):
            return
        index += 1


def _code_arm(coder, models, state, position, offsets, arm, index):
    """Code one arm, whose first step may be 'none'; returns its number of steps."""
    direction, steps, history = -1, 0, 0
    while True:
        wanted = arm[steps] if steps < len(arm) else -1
        if direction < 0:
            chosen = models.first(coder, state, position, offsets, wanted, min(index, 2))
        else:
            chosen, turn = models.turn(coder, state, position, offsets, direction, history, wanted, steps)
            history = (history * 4 + min(turn, 3)) & 0xFF
        if chosen < 0:
            return steps
        position += offsets[chosen]
        state[position] = 2
        direction = chosen
        steps += 1


def _code_count(coder: BitCoder, count: int, largest: int) -> int:
    """Code the number of starts."""
    return MagnitudeModel(1, largest, 60000).code(coder, count)


class _ChainModels:
    """The adaptive probabilities of starts, first directions and turns."""

    def __init__(self) -> None:
        self._first = AdaptiveBits([_HALF // 2] * (3 * 8))
        self._turn = AdaptiveBits([_HALF] * (7 * 2 * 256))
        self._near = AdaptiveBits([1500] * 9)

    def start(self, coder, state, position, offsets, count, remaining, value):
        near = sum(state[position + offset] == 2 for offset in offsets)
        if near:
            return self._near.code(coder, near, value)
        return coder.bit(
            value, min(max(count * PROBABILITY_ONE // (remaining + 1), 16), PROBABILITY_ONE - 16)
        )

    def first(self, coder, state, position, offsets, wanted, index):
        for option in range(8):
            if state[position + offsets[option]] == 0 and self._first.code(
                coder, index * 8 + option, int(option == wanted)
            ):
                return option
        return -1

    def turn(self, coder, state, position, offsets, direction, history, wanted, steps):
        for rank, turn in enumerate(_TURNS):
            option = (direction + turn) & 7
            if state[position + offsets[option]] == 0 and self._turn.code(
                coder, (rank * 2 + (direction & 1)) * 256 + history, int(option == wanted)
            ):
                return option, rank
        return -1, 0
