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
        # Each layer's scaling back stands in its weights: dividing them by a power of two is exact, too.
        self._w1, self._w2, self._w3, self._b1, self._b2, self._b3 = (
            weights[name].astype(np.float64) / (1 << _WEIGHT_BITS)
            for name in ("w1", "w2", "w3", "b1", "b2", "b3")
        )

    def offset(self, inputs: dict[int, int]) -> np.ndarray:
        """The first layer's share of inputs, {index: value in units of 2**-8}, equal for a whole batch."""
        out = self._b1.copy()
        for index, value in inputs.items():
            out += self._w1[index] * value
        return out

    def logits(
        self, inputs: np.ndarray, offset: np.ndarray, columns: np.ndarray | slice | None = None
    ) -> np.ndarray:
        """Logits (n, outputs) int64 in units of 1 / LOGIT_ONE for (n, columns) integer `inputs`.

        offset: of `offset`, or one a row. columns: which inputs they are, by default the first ones; all others
        are 0 or in `offset`.
        """
        weights = self._w1[slice(inputs.shape[1]) if columns is None else columns]
        # In pieces that stay in the processor's cache, which is much faster.
        pieces = []
        for first in range(0, max(len(inputs), 1), _PIECE):
            piece = slice(first, first + _PIECE)
            pieces.append(self._logits(inputs[piece], offset if offset.ndim == 1 else offset[piece], weights))
        return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)

    def _logits(self, inputs: np.ndarray, offset: np.ndarray, weights: np.ndarray) -> np.ndarray:
        hidden = inputs.astype(np.float64, copy=False) @ weights
        hidden += offset
        for following, shift in ((self._w2, self._b2), (self._w3, self._b3)):
            np.floor(np.maximum(hidden, 0, out=hidden), out=hidden)
            hidden = hidden @ following
            hidden += shift
        np.floor(hidden, out=hidden)
        np.minimum(np.maximum(hidden, -LOGIT_LIMIT, out=hidden), LOGIT_LIMIT, out=hidden)
        return hidden.astype(np.int64)
