import math

import pytest

from textsketch.codestream.tables import NEWEST
from textsketch.semantic.text.lookup import lookup


@pytest.fixture(scope="module", params=range(NEWEST + 1))
def look(request):
    return lookup(request.param)


def test_log_ratios_are_near_the_logarithm_at_any_counts(look):
    for right, left in (
        (1, 0),
        (0, 1),
        (5, 5),
        (4095, 4096),
        (4096, 1),
        (10**6, 3),
        (7, 10**6),
        (10**6, 10**6),
    ):
        exact = 256 * (math.log(right + 0.3) - math.log(left + 0.3))
        assert abs(look.log_ratio(right, left) - exact) < 2
        assert look.log_ratio(right, left) == -look.log_ratio(left, right)


def test_squashing_is_the_logistic_function_within_the_coders_range(look):
    for nats in (-30, -8, -1, -0.01, 0, 0.3, 2, 9, 30):
        probability = look.squash(round(nats * 2**21))
        assert 1 <= probability <= 65535
        assert abs(probability - 65536 / (1 + math.exp(-nats))) < 0.006 * 65536
    probabilities = [look.squash(total) for total in range(-(2**24), 2**24, 2**16)]
    assert probabilities == sorted(probabilities)


def test_information_is_that_of_a_probability(look):
    for part in (1, 40, 2048, 4000, 4096):
        assert abs(look.information[part] / 256 + math.log(part / 4096)) < 0.3


def test_each_version_has_tables_of_its_own():
    first, newest = lookup(0), lookup(NEWEST)
    assert first.weight_order != newest.weight_order and first.vocabulary == newest.vocabulary
    assert first.position_and_style(3, 4) != newest.position_and_style(3, 4)
