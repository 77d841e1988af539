"""The integers of a colour map that cost least, in error and in bits."""

import numpy as np
import pytest

from textsketch.codestream.grids import base_shape, level_shapes
from textsketch.texture.colour_map import LARGEST
from textsketch.texture.rdo_quantiser import finest_levels, quantise

SIZE = (64, 48)
SHAPES = level_shapes(SIZE[1], SIZE[0])


@pytest.fixture(scope="module")
def scaled() -> np.ndarray:
    """Coefficients that fall off from coarse to fine, in steps."""
    rows, columns = base_shape(SIZE)
    fall = 40 / (1 + np.hypot(*np.mgrid[:rows, :columns]))
    return (np.random.default_rng(0).laplace(0, 1, (3, rows, columns)) * fall).astype(np.float32)


def test_where_bits_cost_nothing_every_integer_is_the_nearest(scaled):
    integers, _ = quantise(scaled, SHAPES, 36, None, lam=0.0, least_share=0.0)
    nearest = np.rint(scaled)
    # Half a step either way costs the same error.
    unclear = abs(abs(scaled) % 1 - 0.5) < 0.06
    assert (integers == nearest)[~unclear].all()


def test_dearer_bits_are_fewer_and_the_error_larger(scaled):
    bits, errors = [], []
    for lam in (0.0, 0.05, 0.2, 0.8):
        integers, length = quantise(scaled, SHAPES, 36, None, lam=lam, least_share=0.0)
        bits.append(length)
        errors.append(float(np.square(scaled - integers).sum()))
    assert bits == sorted(bits, reverse=True) and len(set(bits)) == 4
    assert errors == sorted(errors) and len(set(errors)) == 4


def test_a_level_with_next_to_nothing_in_it_is_left_out():
    scaled = np.zeros((3, *base_shape(SIZE)), np.float32)
    scaled[0, 0, 0] = 9
    scaled[0, -1, -1] = 3  # one of 2304 fine coefficients
    kept, _ = quantise(scaled, SHAPES, 36, None, lam=0.0, least_share=0.0)
    left_out, _ = quantise(scaled, SHAPES, 36, None, lam=0.0, least_share=0.01)
    assert kept[0, -1, -1] == 3 and left_out[0, -1, -1] == 0
    assert left_out[0, 0, 0] == 9
    assert finest_levels(kept, SHAPES)[0] == 0 < finest_levels(left_out, SHAPES)[0]


def test_no_integer_is_larger_than_the_format_holds():
    scaled = np.full((3, *base_shape(SIZE)), -1e4, np.float32)
    integers, _ = quantise(scaled, SHAPES, 36, None, lam=0.1)
    assert integers.min() == -LARGEST


def test_the_quantiser_beats_while_it_works(scaled):
    beats = []
    quantise(scaled, SHAPES, 36, None, lam=0.1, beat=lambda: beats.append(1))
    assert len(beats) > 20
