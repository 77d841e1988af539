import numpy as np

from textsketch.codestream.tables import NEWEST
from textsketch.entropy.network import LOGIT_LIMIT, IntegerNetwork
from textsketch.texture.colour_model import network, probabilities
from textsketch.texture.contexts import INPUT_SCALE, MAGNITUDES


def test_logits_do_not_depend_on_how_inputs_are_batched():
    inputs = INPUT_SCALE[np.random.default_rng(0).integers(0, 16, (500, MAGNITUDES))]
    model = network(NEWEST)
    offset = model.offset({MAGNITUDES: 256})
    whole = model.logits(inputs, offset)
    single = np.concatenate([model.logits(row[None], offset) for row in inputs])
    assert np.array_equal(whole, single)


def test_logits_are_what_plain_integers_give():
    random = np.random.default_rng(1)
    weights = {
        "w1": random.integers(-2000, 2000, (6, 5)),
        "b1": random.integers(-(1 << 18), 1 << 18, 5),
        "w2": random.integers(-2000, 2000, (5, 4)),
        "b2": random.integers(-(1 << 18), 1 << 18, 4),
        "w3": random.integers(-2000, 2000, (4, 3)),
        "b3": random.integers(-(1 << 18), 1 << 18, 3),
    }
    inputs = random.integers(-1000, 1000, (50, 6))
    model = IntegerNetwork(weights)
    got = model.logits(inputs, model.offset({}))
    for row, logits in zip(inputs.tolist(), got.tolist(), strict=True):
        for layer in (1, 2, 3):
            w, b = weights[f"w{layer}"].tolist(), weights[f"b{layer}"].tolist()
            sums = [sum(x * w[i][j] for i, x in enumerate(row)) + b[j] for j in range(len(b))]
            row = [max(value, 0) >> 10 for value in sums] if layer < 3 else [value >> 10 for value in sums]
        assert logits == [min(max(value, -LOGIT_LIMIT), LOGIT_LIMIT) for value in row]


def test_probabilities_rise_with_the_logit_and_are_symmetric():
    table = np.array(probabilities(NEWEST))
    assert (np.diff(table) >= 0).all()
    assert np.abs(table + table[::-1] - 65536).max() <= 2
    assert table.min() >= 1
    assert table.max() < 65536
