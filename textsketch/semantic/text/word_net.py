"""A small recurrent network that predicts the next word from all words before it, in integers.

One gated layer: z = sigmoid(W_z [x, h] + b_z), n = tanh(W_n [x, h] + b_n), h += z (n - h), with x the last
word's embedding; a linear projection of h is matched against the embeddings of all words (tied softmax, Press
and Wolf 2017). Weights are 8-bit, sums 32-bit, sigmoid, tanh and exp are shipped tables, so the masses are the
same on every machine. Units: embeddings and weights 1/64, state 1/32768, its 8-bit copy 1/128, projection 1/16,
sums 1/8192, logits 1/1024 nat.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from textsketch.semantic.text.tables import load_tables

_MASS_BITS = 12  # masses are shifted to about this many bits before their level counts as confidence


class WordNetTables:
    """The network's arrays as 32-bit integers; words are rows in the order of their vocabulary ids.

    ids: (words,) vocabulary ids, ascending. embedding: (words + 2, width), the last two rows stand for an
    unknown token and the start of the text. gates: (width + state, 2 x state). projection: (state, width).
    output: (width, words), the words' embeddings as columns, along which the product runs fastest.
    """

    def __init__(self, columns: dict[str, np.ndarray]) -> None:
        def read(name: str) -> np.ndarray:
            return np.ascontiguousarray(columns[f"net.{name}"].astype(np.int32))

        self.ids = read("ids")
        self.embedding, self.word_bias = read("embedding"), read("word_bias")
        self.output = np.ascontiguousarray(self.embedding[:-2].T)
        self.gates, self.gate_bias = read("gates"), read("gate_bias")
        self.projection, self.projection_bias = read("projection"), read("projection_bias")
        self.sigmoid, self.tanh, self.exp = read("sigmoid"), read("tanh"), read("exp")
        self.state_size = self.projection.shape[0]
        self.first_prediction: tuple[np.ndarray, tuple[list[int], memoryview, int]] | None = None
        self.row_of_id = {int(word): row for row, word in enumerate(self.ids)}
        self.id_list = self.ids.tolist()

    def update(self, state: np.ndarray, sums: np.ndarray) -> np.ndarray:
        """Return the next state from the gates' sums; any leading shape, int64."""
        index = np.clip((sums >> 5) + 2048, 0, 4095)
        update = self.sigmoid[index[..., : self.state_size]].astype(np.int64)
        target = self.tanh[index[..., self.state_size :]].astype(np.int64)
        return state + (update * (target - state) >> 15)

    def narrow(self, state: np.ndarray) -> np.ndarray:
        """Return the 8-bit copy of a state."""
        return np.clip(state + 128 >> 8, -127, 127).astype(np.int32)

    def project(self, sums: np.ndarray) -> np.ndarray:
        """Return the projection from its sums (without bias)."""
        return np.clip(sums + self.projection_bias + 256 >> 9, -127, 127).astype(np.int32)

    def masses(self, logits: np.ndarray) -> np.ndarray:
        """Return (words + 1,) running sums of the words' masses, from logits without bias."""
        logits = logits + self.word_bias
        below = np.minimum((logits.max() - logits) >> 3, len(self.exp) - 1)
        return np.concatenate([[0], np.cumsum(self.exp[below])]).astype(np.int32)


def _product(matrix: np.ndarray, vector: np.ndarray) -> np.ndarray:
    """Return vector @ matrix for integers; for these, einsum is several times faster than matmul."""
    return np.einsum("kj,k->j", matrix, vector)


@lru_cache
def _tables(version: int) -> WordNetTables:
    return WordNetTables(load_tables(version).columns)


class WordNet:
    """The network's state along one text, for a format version."""

    def __init__(self, version: int) -> None:
        self._tables = tables = _tables(version)
        self._state = np.zeros(tables.state_size, np.int64)
        self._input_row = len(tables.ids) + 1

    def advance(self, token_id: int) -> None:
        """Note the token that came next, -1 for one the vocabulary lacks."""
        self._input_row = self._tables.row_of_id.get(token_id, len(self._tables.ids))

    def predict(self) -> tuple[list[int], memoryview, int]:
        """Return (ids, running sums of masses, shift) for the next token; call once per token."""
        t = self._tables
        at_start = self._input_row == len(t.ids) + 1
        if at_start and t.first_prediction:
            self._state, prediction = t.first_prediction
            return prediction
        # The state counts in 1/128, the embedding in 1/64.
        inputs = np.concatenate([2 * t.embedding[self._input_row], t.narrow(self._state)])
        self._state = t.update(self._state, _product(t.gates, inputs) + t.gate_bias)
        projected = t.project(_product(t.projection, t.narrow(self._state)))
        running = t.masses(_product(t.output, projected))
        shift = max(int(running[-1]).bit_length() - _MASS_BITS, 0)
        prediction = t.id_list, running.data, shift
        if at_start:
            t.first_prediction = self._state, prediction
        return prediction
