"""A tiny neural network in exact integer arithmetic, as the probability model of an entropy coder.

Three layers; activations and weights are integers. They are multiplied as float64 matrices, which is
exact because every sum stays below 2**53, whatever order the machine adds in; scaling back is a division
by a power of two and a floor, exact too. So every machine computes the same probabilities.
"""

from __future__ import annotations

import numpy as np

LOGIT_ONE = 256
"""A logit of 1 (natural logarithm of the odds) as an integer."""
LOGIT_LIMIT = 11 * LOGIT_ONE

_WEIGHT_BITS = 10
_ACTIVATION_BITS = 8
_PIECE = 4096


class IntegerNetwork:
    """Evaluates a network of integer weights: inputs -> hidden -> hidden -> logits, ReLU between.

    weights: w1 (inputs, h1), w2 (h1, h2), w3 (h2, outputs) in units of 2**-10; b1 in units of 2**-18,
    b2 and b3 likewise. Inputs and activations are in units of 2**-8.
    """

    def __init__(self, weights: dict[str, np.ndarray]) -> None:
        self._w1, self._w2, self._w3 = (weights[name].astype(np.float64) for name in ("w1", "w2", "w3"))
        self._b1, self._b2, self._b3 = (weights[name].astype(np.float64) for name in ("b1", "b2", "b3"))

    def offset(self, inputs: dict[int, int]) -> np.ndarray:
        """The first layer's share of inputs, {index: value in units of 2**-8}, equal for a whole batch."""
        out = self._b1.copy()
        for index, value in inputs.items():
            out += self._w1[index] * value
        return out

    def logits(self, inputs: np.ndarray, offset: np.ndarray) -> np.ndarray:
        """Logits (n, outputs) int64 in units of 1 / LOGIT_ONE for (n, first inputs) integer `inputs`."""
        # In pieces that stay in the processor's cache, which is much faster.
        pieces = [
            self._logits(inputs[first : first + _PIECE], offset) for first in range(0, len(inputs), _PIECE)
        ]
        return np.concatenate(pieces) if pieces else self._logits(inputs, offset)

    def _logits(self, inputs: np.ndarray, offset: np.ndarray) -> np.ndarray:
        hidden = inputs.astype(np.float64) @ self._w1[: inputs.shape[1]] + offset
        hidden = np.floor(np.maximum(hidden, 0) * (1 / (1 << _WEIGHT_BITS)))
        hidden = hidden @ self._w2 + self._b2
        hidden = np.floor(np.maximum(hidden, 0) * (1 / (1 << _WEIGHT_BITS)))
        out = np.floor((hidden @ self._w3 + self._b3) * (1 / (1 << _WEIGHT_BITS)))
        return np.clip(out, -LOGIT_LIMIT, LOGIT_LIMIT).astype(np.int64)
