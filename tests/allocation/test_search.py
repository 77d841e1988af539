"""What every search for layers shares."""

from dataclasses import replace

import numpy as np
import pytest

from textsketch.allocation.search import Budget, check_smallest, described, last_that_fits
from textsketch.errors import BudgetError
from textsketch.layers import Layers, Mode, Semantic
from textsketch.progress import Pulse


@pytest.mark.parametrize("most", [0, 1, 2, 7, 100])
def test_bisection_finds_the_last_that_fits(most):
    for limit in range(most + 1):
        asked: list[int] = []

        def fits(index: int, limit: int = limit, asked: list[int] = asked) -> bool:
            asked.append(index)
            return index <= limit

        assert last_that_fits(fits, most) == limit
        assert len(asked) <= most.bit_length() and 0 not in asked


def test_where_fitting_comes_and_goes_what_is_found_fits():
    fitting = {0, 1, 2, 5, 6}
    found = last_that_fits(fitting.__contains__, 9)
    assert found in fitting and found + 1 not in fitting


@pytest.mark.parametrize("mode", list(Mode))
def test_too_small_a_budget_names_what_is_needed_and_what_helps(mode):
    layers = Layers((64, 48), Semantic("a cup"))
    check_smallest(layers, mode, 30, lambda layers: 30)
    with pytest.raises(BudgetError, match=r"takes 31 bytes.*shorter caption"):
        check_smallest(layers, mode, 30, lambda layers: 31)


def test_descriptors_are_the_most_that_fit():
    planes = np.random.default_rng(0).normal(0, 40, (3, 48, 64)).astype(np.float32)

    def count(layers: Layers) -> int:
        colours = layers.semantic.descriptors
        return 0 if colours is None else len(colours.coefficients)

    layers = Layers((64, 48), Semantic(""))
    rich = described(layers, 40, Budget(planes, 1000, count, Pulse()))
    few = described(layers, 40, Budget(planes, 12, count, Pulse()))
    assert count(rich) > 12 >= count(few) > 0
    assert described(layers, 40, Budget(planes, 1, count, Pulse())) == layers
    assert replace(rich, semantic=layers.semantic) == layers
