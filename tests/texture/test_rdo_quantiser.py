import numpy as np
import pytest

from textsketch.codestream.grids import level_shapes
from textsketch.texture.colour_map import LARGEST
from textsketch.texture.rdo_quantiser import finest_levels, quantise

SHAPE = (36, 52)
SHAPES = level_shapes(*SHAPE)


@pytest.fixture(scope="module")
def scaled() -> np.ndarray:
    """Coefficients in steps, large where waves are long as in pictures."""
    random = np.random.default_rng(3)
    reach = np.hypot(*np.mgrid[: SHAPE[0], : SHAPE[1]])
    return (random.laplace(size=(3, *SHAPE)) * 30 / (1 + reach)).astype(np.float32)


def test_bits_that_cost_nothing_leave_the_nearest_integers(scaled):
    integers, bits = quantise(scaled, SHAPES, 20, None, lam=0, least_share=0)
    coded = integers != 0
    assert np.array_equal(integers[coded], np.rint(scaled[coded])) and bits > 0
    assert np.abs(scaled[~coded]).max() <= 1


def test_the_dearer_a_bit_the_fewer_there_are_and_the_more_error(scaled):
    costs = [quantise(scaled, SHAPES, 20, None, lam=lam) for lam in (0, 0.06, 0.16, 0.5, 3)]
    bits = [bits for _, bits in costs]
    errors = [float(((integers - scaled) ** 2).sum()) for integers, _ in costs]
    assert bits == sorted(bits, reverse=True) and errors == sorted(errors)
    assert bits[-1] < bits[0] / 2


def test_magnitudes_stay_within_the_largest_and_signs_are_kept(scaled):
    integers, _ = quantise(scaled * 100, SHAPES, 20, None, lam=0.1)
    assert np.abs(integers).max() == LARGEST and integers.dtype == np.int32
    assert (integers * scaled >= 0).all()


def test_the_same_coefficients_give_the_same_integers(scaled):
    strokes = np.random.default_rng(0).random((12, 16)) < 0.1
    first, second = (quantise(scaled, SHAPES, 20, strokes, lam=0.1) for _ in range(2))
    assert np.array_equal(first[0], second[0]) and first[1] == second[1]


def test_the_finest_level_is_the_first_that_holds_anything():
    planes = np.zeros((3, *SHAPE), np.int32)
    planes[1, -1, -1] = 1
    planes[2, 0, 0] = 5
    assert finest_levels(planes, SHAPES) == (len(SHAPES), 0, len(SHAPES) - 1)


def test_a_level_with_next_to_nothing_in_it_is_left_out():
    scaled = np.zeros((3, *SHAPE), np.float32)
    scaled[0, 0, 0] = 9
    scaled[0, -1, -1] = 3  # one of about 1400 fine coefficients
    kept, left_out = (
        quantise(scaled, SHAPES, 36, None, lam=0.0, least_share=least_share)[0] for least_share in (0.0, 0.01)
    )
    assert kept[0, -1, -1] == 3 and left_out[0, -1, -1] == 0
    assert kept[0, 0, 0] == left_out[0, 0, 0] == 9


def test_the_quantiser_beats_while_it_works(scaled):
    beats = []
    quantise(scaled, SHAPES, 36, None, lam=0.1, beat=lambda: beats.append(1))
    assert len(beats) > 20
