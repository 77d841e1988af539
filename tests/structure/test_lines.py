"""Lines on a sketch's grid, and the three that find them."""

import numpy as np
import pytest

from textsketch.structure import contours, detectors, edges
from textsketch.structure.barriers import barriers, polylines, trace
from textsketch.structure.lines import draw, rank, smooth

SHAPE = (48, 64)


def _square() -> np.ndarray:
    """Planes of a bright square on dark ground: (3, 96, 128) float32."""
    planes = np.zeros((3, 96, 128), np.float32)
    planes[0] = -60
    planes[0, 24:72, 40:88] = 60
    return planes


def _on_the_square(line: np.ndarray) -> bool:
    """Whether all cells lie within two cells of the square's outline."""
    rows, columns = line.T
    across = np.minimum(abs(rows - 12), abs(rows - 36)) <= 2
    down = np.minimum(abs(columns - 20), abs(columns - 44)) <= 2
    return bool((across | down).all())


@pytest.mark.parametrize(
    "find",
    [
        edges.find,
        contours.find,
        lambda planes, shape: detectors.find((abs(_slope(planes[0])) > 20) * 1.0, shape),
    ],
    ids=["edges", "contours", "detectors"],
)
def test_every_finder_draws_the_outline_of_a_square(find):
    lines = find(_square(), SHAPE)
    assert lines
    for line in lines:
        assert line.shape[1] == 2 and np.issubdtype(line.dtype, np.integer)
        assert abs(np.diff(line, axis=0)).max() == 1
        assert _on_the_square(line)
    assert draw(lines, SHAPE).sum() > 60  # of 96 cells round the square


def _slope(plane: np.ndarray) -> np.ndarray:
    down, across = np.gradient(plane)
    return np.hypot(down, across)


@pytest.mark.parametrize(
    "find", [edges.find, contours.find, lambda planes, shape: detectors.find(planes[0], shape)]
)
def test_a_flat_picture_has_no_lines(find):
    assert find(np.zeros((3, 96, 128), np.float32), SHAPE) == []


def test_lines_come_by_strength_times_the_root_of_their_length():
    strength = np.zeros((20, 40), np.float32)
    strength[3], strength[9], strength[15, :4] = 1, 3, 5
    weak_long = np.array([(3, column) for column in range(40)])  # 1 x 6.3
    strong_long = np.array([(9, column) for column in range(20)])  # 3 x 4.5
    strongest_short = np.array([(15, column) for column in range(4)])  # 5 x 2
    ranked = rank([weak_long, strongest_short, strong_long], strength)
    assert [len(line) for line in ranked] == [20, 4, 40]


def test_smoothing_rounds_a_staircase_and_keeps_its_ends_and_its_one_piece():
    stairs = np.array([(index // 2, (index + 1) // 2) for index in range(30)])
    line = smooth(stairs)
    assert tuple(line[0]) == tuple(stairs[0]) and tuple(line[-1]) == tuple(stairs[-1])
    assert abs(np.diff(line, axis=0)).max() == 1
    assert len(line) < len(stairs)


def test_tracing_follows_a_stroke_from_end_to_end():
    stroke = np.array([(5, column) for column in range(3, 20)])
    (line,) = trace(draw([stroke], (12, 24)))
    assert sorted(map(tuple, line)) == sorted(map(tuple, stroke))
    assert trace(np.zeros((4, 4), bool)) == []


def test_a_closed_stroke_is_closed_again():
    ring = [(2, c) for c in range(2, 9)] + [(r, 8) for r in range(3, 9)]
    ring += [(8, c) for c in range(7, 1, -1)] + [(r, 2) for r in range(7, 2, -1)]
    (line,) = trace(draw([np.array(ring)], (12, 12)))
    assert tuple(line[0]) == tuple(line[-1])


def test_a_stroke_cuts_the_links_it_crosses_and_no_others():
    strokes = np.zeros((8, 8), bool)
    strokes[:, 4] = True
    right, down = barriers(strokes, 32, 32)
    assert not down.any()
    columns = np.flatnonzero(right.any(axis=0))
    assert len(columns) == 1 and 15 <= columns[0] <= 19
    assert right[2:-2, columns[0]].all()
    (points,) = polylines(strokes, 32, 32)
    assert points[:, 1] == pytest.approx(18)


def test_without_strokes_nothing_is_cut():
    assert not any(cut.any() for cut in barriers(np.zeros((8, 8), bool), 32, 32))


def test_a_single_cell_still_cuts_something():
    strokes = np.zeros((8, 8), bool)
    strokes[4, 4] = True
    assert any(cut.any() for cut in barriers(strokes, 64, 64))
