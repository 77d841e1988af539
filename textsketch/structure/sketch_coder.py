"""Codes a sketch as chains: where a stroke starts, then which way each step turns.

Every pixel of the bitmap is covered by chains of 8-connected steps (H. Freeman, "On the encoding of
arbitrary geometric configurations", 1961), so any bitmap survives unchanged; thin strokes are cheap.
Starts are coded in raster order, so the decoder knows which pixels behind the scan must stay empty.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from textsketch.codestream import tables
from textsketch.codestream.grids import SKETCH_LONG_SIDES, grid_shape, long_side_index
from textsketch.entropy.models import AdaptiveBits, BitCoder, MagnitudeModel, ValueCoder
from textsketch.entropy.range_coder import PROBABILITY_ONE, Decoder, Encoder
from textsketch.errors import BitstreamError
from textsketch.layers import Strokes

_STEPS = ((0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1))
"""(row, column) offset of the eight directions, clockwise from right."""
_TURNS = (0, 1, -1, 2, -2, 3, -3)
_HISTORY_BITS = 12
_PATHS = 4 << _HISTORY_BITS


def pack(structure: Strokes, size: tuple[int, int], version: int) -> bytes:
    """Code a sketch made for a picture of `size` (width, height) as format `version` does.

    Its grid must be one of `grid_shape`.
    """
    strokes = np.asarray(structure.strokes, bool)
    return _pack(strokes.tobytes(), strokes.shape, tuple(size), version)


# Rate control asks for the size of the same sketch under many colour maps.
@lru_cache(maxsize=4)
def _pack(cells: bytes, shape: tuple[int, int], size: tuple[int, int], version: int) -> bytes:
    encoder = Encoder()
    encoder.uniform(long_side_index(size, shape), len(SKETCH_LONG_SIDES))
    strokes = np.frombuffer(cells, bool).reshape(shape)
    code_chains(encoder, shape, strokes, ChainModel(_tables(version)))
    return encoder.finish()


def unpack(data: bytes, size: tuple[int, int], version: int) -> Strokes:
    """Decode what `pack` of format `version` wrote. Any bytes give a sketch or `BitstreamError`."""
    decoder = Decoder(data)
    shape = grid_shape(size, SKETCH_LONG_SIDES[decoder.uniform(0, len(SKETCH_LONG_SIDES))])
    return Strokes(code_chains(decoder, shape, None, ChainModel(_tables(version))))


def code_chains(
    coder: ValueCoder, shape: tuple[int, int], strokes: np.ndarray | None, model: ChainModel
) -> np.ndarray:
    """Code a bitmap of `shape`; with `strokes` None it comes from the coder. Returns the bitmap."""
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
    near = bytearray(len(state))  # covered neighbours of each cell
    offsets = [row * stride + column for row, column in _STEPS]

    starts = [] if strokes is None else _cover(todo, state, stride, rows, columns, offsets)
    count = _code_count(coder, len(starts), rows * columns)
    scan = stride + 1
    last = stride * (rows + 1) - 1
    next_start = 0
    remaining_pixels = rows * columns
    code_bit, most_share = coder.bit, PROBABILITY_ONE - 16
    while count:
        # The remaining starts are spread evenly over the pixels to come, less near covered ones.
        if scan >= last:
            raise BitstreamError("the sketch is damaged: a stroke starts outside the grid")
        if state[scan]:
            scan += 1
            continue
        starts_here = int(next_start < len(starts) and starts[next_start][0] == scan)
        if near[scan]:
            is_start = model.code_start(coder, near[scan], starts_here)
        else:  # most cells
            share = count * PROBABILITY_ONE // (remaining_pixels + 1)
            is_start = code_bit(
                starts_here, 16 if share < 16 else most_share if share > most_share else share
            )
        if remaining_pixels > count:
            remaining_pixels -= 1
        if is_start:
            chain = starts[next_start][1] if strokes is not None else None
            next_start += 1
            count -= 1
            _code_arms(coder, model, state, near, scan, offsets, chain)
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


def _code_arms(coder, model, state, near, position, offsets, arms):
    """Code the arms of one start; `arms` None when decoding."""
    _occupy(state, near, position, offsets)
    index = 0
    while True:
        arm = arms[index] if arms is not None and index < len(arms) else ()
        if not _code_arm(coder, model, state, near, position, offsets, arm, index):
            return
        index += 1


def _code_arm(coder, model, state, near, position, offsets, arm, index):
    """Code one arm, whose first step may be 'none'; returns its number of steps."""
    path = None
    steps = 0
    while True:
        wanted = arm[steps] if steps < len(arm) else -1
        if path is None:
            chosen = model.code_first(coder, state, position, offsets, wanted, index)
            path = _Path(chosen)
        else:
            chosen = model.code_step(coder, state, position, offsets, path, wanted)
        if chosen < 0:
            return steps
        position += offsets[chosen]
        _occupy(state, near, position, offsets)
        steps += 1


def _occupy(state, near, position, offsets):
    state[position] = 2
    for offset in offsets:
        near[position + offset] += 1


def _code_count(coder: ValueCoder, count: int, largest: int) -> int:
    """Code the number of starts."""
    return MagnitudeModel(1, largest, 60000).code(coder, count)


class ChainModel:
    """The probabilities of starts, first directions and turns: trained tables that adapt.

    A turn is coded as up to seven questions: straight on? towards the side of the last bend? away from
    it? and so on; a stroke ends when all answers are no. Cells that are taken are not asked about.
    """

    def __init__(self, tables: dict[str, np.ndarray]) -> None:
        self.near = AdaptiveBits(tables["near"].tolist(), 20)
        self.first = AdaptiveBits(tables["first"].tolist(), 20)
        self.turn = AdaptiveBits(tables["turn"].tolist(), 24)

    def code_start(self, coder: BitCoder, near: int, value: int) -> int:
        """Code whether a stroke starts in a cell with `near` covered neighbours, one at least."""
        return self.near.code(coder, near - 1, value)

    def code_first(
        self, coder: BitCoder, state: bytearray, position: int, offsets, wanted: int, arm: int
    ) -> int:
        """Code the first direction of an arm, -1 for none."""
        for option in range(8):
            if state[position + offsets[option]] == 0 and self.first.code(
                coder, min(arm, 2) * 8 + option, int(option == wanted)
            ):
                return option
        return -1

    def code_step(
        self, coder: BitCoder, state: bytearray, position: int, offsets, path: _Path, wanted: int
    ) -> int:
        """Code the direction of the next step, -1 for the stroke's end; updates `path`."""
        direction, side = path.direction, path.side
        context = path.context()
        for rank, turn in enumerate(_TURNS):
            option = (direction + side * turn) & 7
            target = position + offsets[option]
            if state[target] == 0 and self.turn.code(coder, rank * _PATHS + context, int(option == wanted)):
                path.step(option, rank)
                return option
        return -1


class _Path:
    """What the turns of a stroke so far say about its next one."""

    __slots__ = ("direction", "history", "side", "steps")

    def __init__(self, direction: int) -> None:
        self.direction = direction
        self.side = 1
        self.history = 0
        self.steps = 0

    def context(self) -> int:
        """An index below _PATHS: the last six turns, seen from the last bend's side, and the slope."""
        return (self.history * 2 + (self.direction & 1)) * 2 + (self.steps >= 5)

    def step(self, option: int, rank: int) -> None:
        """Take a step that turned by _TURNS[rank], counted towards `side`."""
        self.direction = option
        self.steps += 1
        turned = (0, 1, 2, 3, 3, 3, 3)[rank]
        history = self.history
        if rank in (2, 4, 6):
            # The bend changes sides: look at the whole path from the other one.
            self.side = -self.side
            history = sum((0, 2, 1, 3)[history >> shift & 3] << shift for shift in range(0, _HISTORY_BITS, 2))
            turned = 1 if rank == 2 else 3
        self.history = (history << 2 | turned) & ((1 << _HISTORY_BITS) - 1)


@lru_cache
def _tables(version: int) -> dict[str, np.ndarray]:
    return tables.load("sketch_model", version)
