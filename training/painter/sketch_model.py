"""Counts the sketch coder's tables.

Sketches are chosen from the training pictures as the encoder does it. The table of turns is smoothed by
tables of shorter histories, so that rare histories start from what their recent past suggests.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from textsketch.allocation import stroke_choice
from textsketch.allocation.painter import FAVOUR, LESS_FAVOUR
from textsketch.codestream.grids import grid_shape
from textsketch.image.colour_space import to_ycbcr
from textsketch.semantic import descriptors
from textsketch.structure import contours, edges, sketch_coder
from textsketch.structure.lines import draw
from textsketch.texture import colour_map
from training.painter.pictures import training_pictures
from training.tables import newest_file

HISTORY = 6
RANKS = 7


class Count:
    """Stands in for a table of adaptive bits; counts instead of coding."""

    def __init__(self, length: int) -> None:
        self.counts = np.zeros((length, 2))

    def code(self, coder, context: int, value: int = 0) -> int:
        self.counts[context, value] += 1
        return value


class Ignore:
    """A coder that writes nothing."""

    def bit(self, value: int, probability_one: int) -> int:
        return value

    def uniform(self, value: int, count: int) -> int:
        return value


def sketches(data: Path, seed: int):
    """Yield bitmaps such as rate control chooses, for painting or to be looked at."""
    for picture, random in training_pictures(data, seed, photo_repeats=2):
        planes = to_ycbcr(np.asarray(picture))
        size = picture.size
        long_side = int(random.choice([128, 192, 192, 192, 192, 256]))
        shape = grid_shape(size, long_side)
        if random.random() < 0.3:
            lines = contours.find(planes, shape)
            yield draw(lines[: int(random.integers(4, 50))], shape)
            continue
        lines = edges.find(planes, shape)
        colours = descriptors.from_planes(planes, 16)
        residual = planes - descriptors.field_planes(colours, *planes.shape[1:], size)
        step = colour_map.coefficient_step(int(random.integers(22, 58)), size)
        favour = FAVOUR * LESS_FAVOUR ** int(random.choice([0, 0, 0, 1, 2, 3]))
        chosen = stroke_choice.select(lines, residual, shape, step, favour)
        yield draw(chosen, shape)


def build(data: Path) -> None:
    """Count the tables and write them over those of the newest format version."""
    model = sketch_coder.ChainModel({"near": np.zeros(8), "first": np.zeros(24), "turn": np.zeros(1)})
    model.near, model.first = Count(8), Count(24)
    model.turn = Count(RANKS * 4 << (2 * HISTORY))
    cells = 0
    for sketch in sketches(data, 11):
        sketch_coder.code_chains(Ignore(), sketch.shape, sketch, model)
        cells += int(sketch.sum())
    print(f"{cells} stroke cells")
    np.savez_compressed(
        newest_file("sketch_model"),
        near=_probability(model.near.counts, 0.02),
        first=_probability(model.first.counts, 0.3),
        turn=_turns(model.turn.counts),
    )


def _probability(counts: np.ndarray, prior: float, strength: float = 4.0) -> np.ndarray:
    share = (counts[:, 1] + strength * prior) / (counts.sum(axis=1) + strength)
    return np.clip(np.rint(share * 65536), 64, 65472).astype(np.uint16)


def _turns(counts: np.ndarray) -> np.ndarray:
    """Back off from histories of length 0, 1, ... 6 turns; the newest turn is the lowest digit."""
    table = counts.reshape(RANKS, 4**HISTORY, 4, 2)
    belief = np.full((RANKS, 4), 0.2)
    belief = np.broadcast_to(belief[:, None], (RANKS, 1, 4)).copy()
    for length in range(HISTORY + 1):
        # History index = older * 4**length + recent.
        pooled = table.reshape(RANKS, 4 ** (HISTORY - length), 4**length, 4, 2).sum(axis=1)
        parent = np.tile(belief, (1, 4, 1))[:, : 4**length] if length else belief
        belief = (pooled[..., 1] + 6 * parent) / (pooled.sum(axis=-1) + 6)
    return np.clip(np.rint(belief.reshape(-1) * 65536), 64, 65472).astype(np.uint16)
