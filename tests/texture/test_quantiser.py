import numpy as np
import pytest

from textsketch.codestream.grids import level_shapes
from textsketch.texture.colour_map import LARGEST
from textsketch.texture.quantiser import finest_levels, quantise

SHAPE = (36, 52)
SHAPES = level_shapes(*SHAPE)


@pytest.fixture(scope="module")
def scaled() -> np.ndarray:
    """Coefficients in steps, large where waves are long as in pictures."""
    random = np.random.default_rng(3)
    reach = np.hypot(*np.mgrid[: SHAPE[0], : SHAPE[1]])
    return (random.laplace(size=(3, *SHAPE)) * 30 / (1 + reach)).astype(np.float32)


def test_bits_that_cost_nothing_leave_the_nearest_integers(scaled):
    integers, bits = quantise(scaled, SHAPES, 20, None, bits_weight=0, least_share=0)
    coded = integers != 0
    assert np.array_equal(integers[coded], np.rint(scaled[coded])) and bits > 0
    assert np.abs(scaled[~coded]).max() <= 1


def test_the_dearer_a_bit_the_fewer_there_are_and_the_more_error(scaled):
    costs = [quantise(scaled, SHAPES, 20, None, bits_weight=weight) for weight in (0, 0.06, 0.16, 0.5, 3)]
    bits = [bits for _, bits in costs]
    errors = [float(((integers - scaled) ** 2).sum()) for integers, _ in costs]
    assert bits == sorted(bits, reverse=True) and errors == sorted(errors)
    assert bits[-1] < bits[0] / 2


def test_magnitudes_stay_within_the_largest_and_signs_are_kept(scaled):
    integers, _ = quantise(scaled * 100, SHAPES, 20, None, bits_weight=0.1)
    assert np.abs(integers).max() == LARGEST and integers.dtype == np.int32
    assert (integers * scaled >= 0).all()


def test_the_same_coefficients_give_the_same_integers(scaled):
    strokes = np.random.default_rng(0).random((12, 16)) < 0.1
    first, second = (quantise(scaled, SHAPES, 20, strokes, bits_weight=0.1) for _ in range(2))
    assert np.array_equal(first[0], second[0]) and first[1] == second[1]


def test_the_finest_level_is_the_first_that_holds_anything():
    planes = np.zeros((3, *SHAPE), np.int32)
    planes[1, -1, -1] = 1
    planes[2, 0, 0] = 5
    assert finest_levels(planes, SHAPES) == (len(SHAPES), 0, len(SHAPES) - 1)
