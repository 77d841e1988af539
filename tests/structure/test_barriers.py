import numpy as np
import pytest

from textsketch.structure.barriers import barriers, polylines, trace


def line(rows: slice | int, columns: slice | int, shape=(24, 32)) -> np.ndarray:
    strokes = np.zeros(shape, bool)
    strokes[rows, columns] = True
    return strokes


def test_without_strokes_every_link_is_open():
    right, down = barriers(line(slice(0), 0), 60, 80)
    assert right.shape == down.shape == (60, 80) and not right.any() and not down.any()


@pytest.mark.parametrize("size", [(24, 32), (96, 128), (240, 320)])
def test_a_stroke_from_top_to_bottom_cuts_one_link_of_each_row(size):
    right, down = barriers(line(slice(None), 10), *size)
    zoom = size[0] // 24
    inner = slice(zoom, -zoom)  # it ends in the middle of the outermost cells
    assert (right[inner].sum(axis=1) == 1).all() and not down.any()
    assert abs(np.argmax(right[size[0] // 2]) + 1 - 10.5 * zoom) <= 0.5  # the crack behind that pixel


def test_a_stroke_from_side_to_side_is_the_same_turned():
    right, down = barriers(line(slice(None), 10), 96, 128)
    turned_right, turned_down = barriers(line(slice(None), 10).T, 128, 96)
    assert np.array_equal(turned_down, right.T) and np.array_equal(turned_right, down.T)


def test_a_single_cell_cuts_a_link_as_well():
    right, down = barriers(line(5, 7), 240, 320)
    assert down.any() and not right.any()


def test_a_traced_line_goes_from_cell_to_neighbour():
    (found,) = trace(line(12, slice(4, 20)))
    assert len(found) == 16 and (np.abs(np.diff(found, axis=0)).max(axis=1) == 1).all()


def test_lines_scale_with_the_picture():
    small, large = (polylines(line(12, slice(4, 20)), 24 * zoom, 32 * zoom)[0] for zoom in (1, 10))
    assert np.allclose(10 * small, large)
