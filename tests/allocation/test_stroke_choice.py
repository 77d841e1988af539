"""Which strokes are worth their bytes."""

import numpy as np

from textsketch.allocation import stroke_choice
from textsketch.structure.lines import draw

SHAPE = (48, 64)


def _halves() -> np.ndarray:
    """Planes of a dark and a bright half: (3, 96, 128) float32."""
    planes = np.zeros((3, 96, 128), np.float32)
    planes[0] = np.where(np.arange(128) < 65, -70, 70)
    return planes


def _vertical(column: int) -> np.ndarray:
    return np.array([(row, column) for row in range(SHAPE[0])])


def test_a_line_on_a_contour_saves_more_than_one_beside_it():
    on, beside = stroke_choice.measure([_vertical(32), _vertical(12)], _halves(), SHAPE, step=10)
    assert on.worth.sum() > 100 > abs(beside.worth.sum())
    assert sum(map(len, on.pieces)) == SHAPE[0]


def test_only_the_stroke_that_pays_is_drawn():
    chosen = stroke_choice.Choice([_vertical(12), _vertical(32)], _halves(), SHAPE, 10).strokes(4.0)
    drawn = draw(chosen, SHAPE)
    assert drawn[:, 32].sum() > 30 and drawn.sum() == drawn[:, 32].sum()


def test_a_coarse_step_leaves_nothing_to_save():
    assert stroke_choice.Choice([_vertical(32)], _halves(), SHAPE, 1e5).strokes(4.0) == []


def test_a_line_is_cut_where_it_stops_paying():
    pieces = [np.array([(row, 5) for row in range(first, first + 8)]) for first in (0, 8, 16, 24)]
    line = stroke_choice.ValuedLine(pieces, np.array([60.0, 60.0, -90.0, 5.0]))
    (stretch,) = stroke_choice.choose([line], favour=1.0)
    assert len(stretch) == 16 and stretch[0, 0] == 0
