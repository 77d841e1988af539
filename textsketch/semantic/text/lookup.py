"""The text coder's tables as the inner loop reads them, and the integer logarithms of its mixing."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from textsketch.semantic.text.alphabet import END, character_class
from textsketch.semantic.text.tables import CHARACTER_MODELS, TextTables, load_tables

_LOG_BITS = 12


class Lookup:
    """The tables as plain Python lists, which the inner loop reads fastest.

    information: about how much a decision of probability p / 4096 tells, in 1 / 256 nat, for each p.
    """

    def __init__(self, tables: TextTables) -> None:
        columns = tables.columns
        self.vocabulary = tables.vocabulary
        self.cut = {low * 128 + high: cut for (low, high), cut in tables.splits.items()}
        self.log_count: list[int] = columns["log_count"].tolist()
        self.log_power: list[int] = columns["log_power"].tolist()
        self.probability: list[int] = columns["probability"].tolist()
        self._weight_position = columns["weight_position"].astype(np.int32)
        self._weight_style = columns["weight_style"].astype(np.int32)
        self._position_and_style: dict[tuple[int, int], list[int]] = {}
        self.weight_order: list[list[int]] = columns["weight_order"].tolist()
        self.symbol_count = len(tables.symbols)
        self.classes = [character_class(c) for c in tables.symbols]
        self.end, self.space = tables.symbols.index(END), tables.symbols.index(" ")
        self.full_stop = tables.symbols.index(".")
        self.order_models = [tables.models[name] for name in CHARACTER_MODELS[:-1]]
        self.style_model = tables.models["ST"]
        whole = self.log_count[4096]
        self.information = [whole - self.log_count[max(part, 1)] for part in range(4097)]
        self.level = [
            min(11, (count - 1).bit_length()) * 2 if count else 0 for count in range((1 << _LOG_BITS) + 1)
        ]

    def position_and_style(self, position_set: int, style_set: int) -> list[int]:
        """Return the sum of two rows of weights."""
        key = position_set, style_set
        row = self._position_and_style.get(key)
        if row is None:
            row = (self._weight_position[position_set] + self._weight_style[style_set]).tolist()
            self._position_and_style[key] = row
        return row

    def log_ratio(self, right: int, left: int) -> int:
        """Return the logarithm of the ratio of two counts, in 1 / 256 nat."""
        log_count, log_power = self.log_count, self.log_power
        if right < 4096:
            result = log_count[right]
        else:
            power = right.bit_length() - _LOG_BITS
            result = log_count[right >> power] + log_power[power]
        if left < 4096:
            return result - log_count[left]
        power = left.bit_length() - _LOG_BITS
        return result - log_count[left >> power] - log_power[power]

    def squash(self, total: int) -> int:
        """Return the 16-bit probability of a weighted sum of log ratios, in 2**-21 nat."""
        index = (total + 8192 >> 14) + 1408
        return self.probability[min(max(index, 0), 2816)]


@lru_cache
def lookup(version: int) -> Lookup:
    """The shipped tables of a format version, unfolded once."""
    return Lookup(load_tables(version))
