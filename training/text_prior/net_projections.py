"""Runs the word network over whole texts, in its integer arithmetic."""

import numpy as np

from textsketch.semantic.text.word_net import WordNetTables
from training.text_prior.corpus import Text


def embedding_rows(text: Text, ids: np.ndarray) -> np.ndarray:
    """Return each token's row in the embedding."""
    found = np.minimum(np.searchsorted(ids, text.tokens), len(ids) - 1)
    return np.where(ids[found] == text.tokens, found, len(ids))


def projections(text: Text, net: dict[str, np.ndarray]) -> np.ndarray:
    """Return the integer network's projection before every token, (tokens, width).

    The matrix products run in float64, where sums of such small integers are exact.
    """
    tables = WordNetTables({f"net.{name}": values for name, values in net.items()})
    rows = embedding_rows(text, tables.ids)
    starts, lengths = text.token_line_start[:-1], np.diff(text.token_line_start)
    result = np.zeros((len(rows), tables.embedding.shape[1]), np.int16)
    gates, projection = tables.gates.astype(float), tables.projection.astype(float)
    order = np.argsort(-lengths, kind="stable")
    for block in np.array_split(order, max(1, len(order) // 4096)):
        state = np.zeros((len(block), tables.state_size), np.int64)
        inputs = np.full(len(block), len(tables.ids) + 1)
        for t in range(int(lengths[block].max())):
            alive = lengths[block] > t
            block, state, inputs = block[alive], state[alive], inputs[alive]
            seen = np.hstack([2 * tables.embedding[inputs], tables.narrow(state)])
            state = tables.update(state, (seen @ gates).astype(np.int64) + tables.gate_bias)
            result[starts[block] + t] = tables.project((tables.narrow(state) @ projection).astype(np.int64))
            inputs = rows[starts[block] + t]
    return result
