"""The lines a person would draw, on pictures whose lines are known."""

import cv2
import numpy as np
import pytest

from textsketch.structure import contours

SHAPE = (96, 128)


def planes_of(luma):
    """Planes of a grey picture twice the grid: (3, height, width) float32 around 0."""
    planes = np.zeros((3, *luma.shape), np.float32)
    planes[0] = luma - 128
    return planes


def scene():
    """A bright disc and a fainter square on grey, four times the grid."""
    luma = np.full((384, 512), 120, np.float32)
    cv2.circle(luma, (140, 190), 90, 220, -1)
    cv2.rectangle(luma, (330, 110), (450, 270), 170, -1)
    return luma


def test_the_outline_of_what_stands_out_comes_first_and_lies_on_it():
    found = contours.find(planes_of(scene()), SHAPE)
    disc = found[0]
    radii = np.hypot(disc[:, 0] - 190 / 4, disc[:, 1] - 140 / 4)
    assert np.abs(radii - 90 / 4).max() < 2 and len(disc) > 100
    assert any(np.abs(line[:, 1] - 330 / 4).min() < 2 for line in found[1:])


def test_a_line_is_a_chain_of_neighbouring_cells_of_the_grid():
    for line in contours.find(planes_of(scene()), SHAPE):
        assert line.dtype.kind == "i" and len(line) >= 4
        assert (line >= 0).all() and (line < SHAPE).all()
        assert np.abs(np.diff(line, axis=0)).max() == 1


def test_colour_alone_makes_a_contour_and_nothing_makes_none():
    planes = np.zeros((3, 384, 512), np.float32)
    assert contours.find(planes, SHAPE) == []
    planes[2, :, 256:] = 60
    (border, *_) = contours.find(planes, SHAPE)
    assert np.abs(border[:, 1] - 64).max() <= 2 and len(border) > 80


@pytest.mark.parametrize("shape", [(96, 3), (3, 128), (1, 1)])
def test_a_grid_of_any_shape_is_searched(shape):
    assert all((line < shape).all() for line in contours.find(planes_of(scene()), shape))


@pytest.mark.parametrize("width", [1, 2, 4, 8])
@pytest.mark.parametrize("shape", [(144, 192), (192, 256)])
def test_on_paper_a_thin_line_is_one_and_elsewhere_an_edge_on_each_side(width, shape):
    luma = np.full((384, 512), 250, np.float32)
    cv2.circle(luma, (256, 192), 120, 20, width)
    cells = 512 / shape[1]

    def radii(on_paper: bool) -> list[np.ndarray]:
        found = contours.find(planes_of(luma), shape, on_paper=on_paper)
        assert all(len(line) < 15 for line in found[2 - on_paper :])  # the odd corner of a line's cells
        return [np.hypot(*((line + 0.5) - np.array([192, 256]) / cells).T) for line in found[: 2 - on_paper]]

    (middle,), sides = radii(on_paper=True), radii(on_paper=False)
    assert np.abs(middle - 120 / cells).max() < 2 and len(middle) > 550 / cells
    assert abs(sides[0].mean() - sides[1].mean()) > 1


def test_on_paper_what_is_thick_has_edges():
    luma = np.full((384, 512), 250, np.float32)
    cv2.circle(luma, (256, 192), 90, 20, -1)
    cv2.rectangle(luma, (20, 20), (120, 160), 20, -1)
    edges, drawn = (contours.find(planes_of(luma), SHAPE, on_paper=on) for on in (False, True))
    assert all(np.array_equal(*pair) for pair in zip(edges[:2], drawn[:2], strict=True))


@pytest.mark.parametrize("degrees", [-24, -16, -10, -3, 3, 10, 16, 24, 45, -45, 80, -80])
@pytest.mark.parametrize("width", [2, 4, 8])
def test_on_paper_a_straight_line_at_any_angle_is_found_whole(degrees, width):
    luma = np.full((384, 512), 250, np.float32)
    along = 120 * np.array([np.cos(np.radians(degrees)), -np.sin(np.radians(degrees))])
    ends = [tuple(np.rint(np.array([256, 192]) + way * along).astype(int).tolist()) for way in (-1, 1)]
    cv2.line(luma, *ends, 20, width, cv2.LINE_AA)
    found = contours.find(planes_of(luma), (144, 192), on_paper=True)
    rows_and_columns = np.concatenate(found)
    assert max(np.ptp(found[0], axis=0)) > 0.8 * max(np.ptp(rows_and_columns, axis=0)) > 45
