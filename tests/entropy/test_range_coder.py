import hashlib
import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textsketch.entropy.range_coder import PROBABILITY_ONE, CheckedDecoder, Decoder, Encoder

bits = st.tuples(st.just("bit"), st.integers(0, 1), st.integers(1, PROBABILITY_ONE - 1))
extreme_bits = st.tuples(st.just("bit"), st.integers(0, 1), st.sampled_from([1, 2, 65534, 65535]))
values = st.integers(1, 1 << 24).flatmap(
    lambda count: st.tuples(st.just("uniform"), st.integers(0, count - 1), st.just(count))
)
symbols = st.lists(bits | extreme_bits | values, max_size=80)


def encoded(sequence) -> bytes:
    encoder = Encoder()
    for method, value, parameter in sequence:
        getattr(encoder, method)(value, parameter)
    return encoder.finish()


@given(symbols)
@settings(max_examples=60, deadline=None)
def test_any_symbols_come_back_and_their_bytes_are_the_canonical_ones(sequence):
    decoder = CheckedDecoder(encoded(sequence))
    for method, value, parameter in sequence:
        assert getattr(decoder, method)(0, parameter) == value
    assert decoder.is_canonical()


@given(symbols, st.lists(st.integers(1, PROBABILITY_ONE - 1) | st.sampled_from([1, 65535]), max_size=200))
@settings(max_examples=60, deadline=None)
def test_zeros_at_once_are_zeros_one_by_one(before, probabilities):
    at_once, one_by_one = Encoder(), Encoder()
    for encoder in (at_once, one_by_one):
        for method, value, parameter in before:
            getattr(encoder, method)(value, parameter)
    at_once.zeros(probabilities)
    for probability in probabilities:
        one_by_one.bit(0, probability)
    for encoder in (at_once, one_by_one):
        encoder.bit(1, 30000)
    assert at_once.finish() == one_by_one.finish()


@given(symbols)
@settings(max_examples=50, deadline=None)
def test_a_string_is_at_most_two_bytes_longer_than_its_information(sequence):
    information = sum(
        math.log2(parameter)
        if method == "uniform"
        else -math.log2((parameter if value else PROBABILITY_ONE - parameter) / PROBABILITY_ONE)
        for method, value, parameter in sequence
    )
    data = encoded(sequence)
    assert len(data) <= information * 1.001 / 8 + 2
    assert not data.endswith(b"\0")  # a decoder reads zeros behind the end


def test_nothing_and_what_was_certain_take_no_bytes():
    assert encoded([]) == b""
    assert len(encoded([("bit", 1, PROBABILITY_ONE - 1)] * 500)) <= 1


@pytest.mark.parametrize("value", [0, 1])
def test_a_carry_runs_through_many_bytes(value):
    sequence = [("bit", 0, PROBABILITY_ONE - 1)] * 12 + [("bit", value, 1)] * 3 + [("uniform", 254, 255)] * 40
    decoder = Decoder(encoded(sequence))
    assert [getattr(decoder, method)(0, parameter) for method, _, parameter in sequence] == [
        value for _, value, _ in sequence
    ]


def test_other_bytes_are_not_canonical():
    sequence = [("uniform", 77, 100), ("bit", 1, 30_000), ("uniform", 12_345, 1 << 20)]
    data = encoded(sequence)
    for other in (data + b"\0", data + b"\1"):
        decoder = CheckedDecoder(other)
        for method, _, parameter in sequence:
            getattr(decoder, method)(0, parameter)
        assert not decoder.is_canonical()


@given(st.binary(max_size=30), st.lists(st.integers(1, PROBABILITY_ONE - 1), max_size=60))
@settings(max_examples=40, deadline=None)
def test_any_bytes_decode_to_something_within_range(data, probabilities):
    decoder = Decoder(data)
    for probability in probabilities:
        assert decoder.bit(0, probability) in (0, 1)
        assert 0 <= decoder.uniform(0, probability) < probability


def test_the_bytes_are_pinned():
    chance = random.Random(4)
    sequence = []
    for _ in range(40):
        sequence.append(("bit", chance.randint(0, 1), chance.randint(1, PROBABILITY_ONE - 1)))
        count = chance.randint(1, 1000)
        sequence.append(("uniform", chance.randrange(count), count))
    digest = hashlib.sha256(encoded(sequence)).hexdigest()
    assert digest == "19fd53b2e342f5afd33404e5bcad88944ac6e26d4f9236661a4ebdd590172b47"
