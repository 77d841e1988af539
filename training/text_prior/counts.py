"""Counts what follows every context, and prunes what pays least."""

from dataclasses import dataclass

import numpy as np

from textsketch.semantic.text.alphabet import END, STYLE_CONTEXTS
from textsketch.semantic.text.tables import COUNT_OF_LEVEL
from training.text_prior.corpus import Alphabet, Text, previous_in_line
from training.text_prior.pack import levels_of

MINIMUM = {"W1": 1, "W2": 2, "W3": 2, "S2": 2, "O2": 1, "O3": 2, "O4": 2, "O5": 3, "ST": 2}
"""Entries counted less often are dropped."""


@dataclass
class Model:
    """One set of contexts: context c owns entries start[c] to start[c + 1], ascending by id.

    keys: context x ids_limit + id of each entry. raw: how often each was seen.
    contexts: for each text, the context of every symbol or token, -1 for none.
    """

    name: str
    is_word: bool
    minimum: int
    ids_limit: int
    keys: np.ndarray
    raw: np.ndarray
    start: np.ndarray
    contexts: list[np.ndarray]

    @property
    def ids(self) -> np.ndarray:
        return (self.keys % self.ids_limit).astype(np.int32)

    @property
    def cumulative(self) -> np.ndarray:
        counts = np.array(COUNT_OF_LEVEL)[levels_of(self.raw)]
        return np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)

    def entries(self, contexts: np.ndarray, ids: np.ndarray) -> np.ndarray:
        """Return the entry of each (context, id), -1 where there is none."""
        key = contexts.astype(np.int64) * self.ids_limit + ids
        found = np.minimum(np.searchsorted(self.keys, key), len(self.keys) - 1)
        return np.where((contexts >= 0) & (ids >= 0) & (self.keys[found] == key), found, -1)


def count_models(training: Text, others: list[Text], alphabet: Alphabet, vocabulary_size: int) -> list[Model]:
    """Count every model on the training text; contexts are found for it and for the other texts."""
    texts = [training, *others]
    unknown, begin = vocabulary_size + 1, vocabulary_size
    end = alphabet.symbols.index(END)

    def count(name: str, contexts: list[np.ndarray], context_count: int) -> Model:
        is_word = name[0] in "WS" and name != "ST"
        limit = vocabulary_size + 2 if is_word else len(alphabet.symbols)
        ids = training.tokens if is_word else training.symbols
        known = (contexts[0] >= 0) & (ids >= 0)
        keys, raw = np.unique(contexts[0][known].astype(np.int64) * limit + ids[known], return_counts=True)
        minimum = MINIMUM.get(name, 1)
        keys, raw = keys[raw >= minimum], raw[raw >= minimum]
        start = np.searchsorted(keys, np.arange(context_count + 1, dtype=np.int64) * limit)
        contexts = [np.ascontiguousarray(c, np.int32) for c in contexts]
        return Model(
            name, is_word, minimum, limit, keys, raw.astype(np.int32), start.astype(np.int64), contexts
        )

    def nested(parent: Model) -> list[np.ndarray]:
        """The context one longer than the parent's is the parent's entry for the item before."""
        result = []
        for text, contexts in zip(texts, parent.contexts, strict=True):
            items, first = (
                (text.tokens, text.first_token) if parent.is_word else (text.symbols, text.first_symbol)
            )
            result.append(previous_in_line(parent.entries(contexts, items), first, -1))
        return result

    last = [previous_in_line(np.where(t.tokens < 0, unknown, t.tokens), t.first_token, begin) for t in texts]
    last_but_one = [previous_in_line(w, t.first_token, -1) for w, t in zip(last, texts, strict=True)]
    models = [count("W0", [np.zeros(len(t.tokens), np.int32) for t in texts], 1)]
    w1 = count("W1", last, vocabulary_size + 2)
    w2 = count("W2", nested(w1), len(w1.keys))
    w3 = count("W3", nested(w2), len(w2.keys))
    models += [w1, w2, w3, count("S2", last_but_one, vocabulary_size + 2)]
    order = count(
        "O1",
        [previous_in_line(t.symbols.astype(np.int32), t.first_symbol, end) for t in texts],
        len(alphabet.symbols),
    )
    models.append(order)
    for length in range(2, 6):
        order = count(f"O{length}", nested(order), len(order.keys))
        models.append(order)
    models.append(count("ST", [t.style for t in texts], STYLE_CONTEXTS))
    return models
