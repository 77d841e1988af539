import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textsketch.entropy.models import AdaptiveBits, BitMeter, MagnitudeModel
from textsketch.entropy.range_coder import PROBABILITY_ONE, Decoder, Encoder

HALF = PROBABILITY_ONE // 2


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 1)), max_size=300))
@settings(max_examples=40, deadline=None)
def test_adaptive_bits_come_back_in_any_mix_of_contexts(sequence):
    encoder, model = Encoder(), AdaptiveBits([100, HALF, 60_000, 65_535])
    for context, value in sequence:
        assert model.code(encoder, context, value) == value
    decoder, model = Decoder(encoder.finish()), AdaptiveBits([100, HALF, 60_000, 65_535])
    assert [model.code(decoder, context) for context, _ in sequence] == [value for _, value in sequence]


@pytest.mark.parametrize(("value", "start"), [(1, HALF), (0, HALF), (1, 300), (0, 65_000)])
def test_what_is_always_the_same_soon_costs_next_to_nothing(value, start):
    meter, model = BitMeter(), AdaptiveBits([start])
    for _ in range(200):
        model.code(meter, 0, value)
    learned = meter.bits
    for _ in range(100):
        model.code(meter, 0, value)
    assert meter.bits - learned < 1.5 < learned


def test_a_model_that_is_sure_of_its_start_learns_more_slowly():
    prices = []
    for confidence in (0, 4, 24):
        meter, model = BitMeter(), AdaptiveBits([HALF], confidence)
        for _ in range(10):
            model.code(meter, 0, 1)
        prices.append(meter.bits)
    assert prices == sorted(prices) and prices[0] < prices[-1]


@given(st.lists(st.integers(0, 500), max_size=60))
@settings(max_examples=40, deadline=None)
def test_magnitudes_come_back(magnitudes):
    encoder, model = Encoder(), MagnitudeModel(6, 500)
    for magnitude in magnitudes:
        model.code(encoder, magnitude)
    decoder, model = Decoder(encoder.finish()), MagnitudeModel(6, 500)
    assert [model.code(decoder) for _ in magnitudes] == magnitudes


@given(st.binary(max_size=40))
@settings(max_examples=40, deadline=None)
def test_any_bytes_give_magnitudes_within_the_largest(data):
    decoder, model = Decoder(data), MagnitudeModel(2, 37)
    assert all(0 <= model.code(decoder) <= 37 for _ in range(30))


def test_the_meter_measures_what_the_encoder_writes():
    chance = random.Random(1)
    meter, encoder = BitMeter(), Encoder()
    for coder in (meter, encoder):
        chance.seed(1)
        bits, magnitudes = AdaptiveBits([HALF] * 4), MagnitudeModel(3, 100)
        for _ in range(400):
            bits.code(coder, chance.randrange(4), int(chance.random() < 0.2))
            magnitudes.code(coder, min(100, int(chance.expovariate(0.3))))
            coder.uniform(chance.randrange(9), 9)
    assert abs(len(encoder.finish()) - meter.bits / 8) < 2
