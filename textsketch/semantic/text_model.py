"""Predicts a caption symbol by symbol: integer logistic mixing of word and character contexts.

Every symbol is a walk down a fixed binary tree whose leaves are in alphabetical order of the tables, and the
vocabulary is sorted in the same order. So a walk narrows, at every step, a range of symbols and a range of
vocabulary ids, and each model answers with two numbers: how often it saw the left half and the right half.
Their log ratio is weighted by how much the model saw and where in the word we are, the sum is squashed to a
16-bit probability ("logistic mixing", M. Mahoney, PAQ; counts instead of adaptive bits). Weights are trained,
not adapted, so a caption of forty characters profits from the first one on.
"""

from __future__ import annotations

from bisect import bisect_left
from functools import lru_cache
from typing import Protocol

import numpy as np

from textsketch.semantic.text_alphabet import (
    END,
    START_CLASS,
    character_class,
    length_level,
    style_context,
)
from textsketch.semantic.text_tables import CHARACTER_MODELS, TextTables, load_tables
from textsketch.semantic.word_net import WordNet

CONFIDENCES = 24
ORDERS_HEARD = 3
"""Of the character contexts that know something, this many of the longest are asked."""
_LOG_BITS = 12


class BitCoder(Protocol):
    """One direction of entropy coding."""

    def code(self, bit: int | None, probability_one: int) -> int:
        """Encode `bit`, or decode one when it is None; return it. The probability is in 1 / 65536."""


class _Lookup:
    """The tables as plain Python lists, which the inner loop reads fastest."""

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


@lru_cache(maxsize=1)
def _lookup() -> _Lookup:
    return _Lookup(load_tables())


def log_ratio(right: int, left: int) -> int:
    """Return the logarithm of the ratio of two counts, in 1 / 256 nat."""
    look = _lookup()
    log_count, log_power = look.log_count, look.log_power
    if right < 4096:
        result = log_count[right]
    else:
        power = right.bit_length() - _LOG_BITS
        result = log_count[right >> power] + log_power[power]
    if left < 4096:
        return result - log_count[left]
    power = left.bit_length() - _LOG_BITS
    return result - log_count[left >> power] - log_power[power]


def information_table() -> list[int]:
    """Return about how much a decision of probability p / 4096 tells, in 1 / 256 nat."""
    return _lookup().information


def squash(total: int) -> int:
    """Return the 16-bit probability of a weighted sum of log ratios, in 2**-21 nat."""
    index = (total + 8192 >> 14) + 1408
    return _lookup().probability[min(max(index, 0), 2816)]


class _Range:
    """The part of a model's context that agrees with what is coded so far: entries low to high."""

    __slots__ = (
        "cumulative",
        "high",
        "id",
        "ids",
        "index",
        "low",
        "mass",
        "middle",
        "offset",
        "rank",
        "shift",
        "stretch",
    )

    def __init__(self, ids, cumulative, low: int, high: int, number: int, rank: int, shift: int = 0) -> None:
        self.ids, self.cumulative = ids, cumulative
        self.low = self.middle = low
        self.high = high
        self.mass = cumulative[high] - cumulative[low]
        self.offset = number * CONFIDENCES
        self.rank = rank
        self.shift = shift
        self.id = -1  # the id, once there is only one left
        if high - low == 1:
            self.settle()

    def settle(self) -> None:
        """Note what never changes any more for a range of one entry."""
        look = _lookup()
        seen = self.mass >> self.shift
        self.id = self.ids[self.low]
        self.index = self.offset + 1 + (look.level[seen] if seen < 4096 else 22)
        self.stretch = log_ratio(self.mass, 0)


def _narrowed(ranges: list[_Range], bit: int) -> list[_Range]:
    """Keep the right (1) or left (0) part of every range, and the ranges of which something is left."""
    kept = []
    for r in ranges:
        if bit:
            if r.middle == r.high:
                continue
            begin, end = r.middle, r.high
        else:
            if r.middle == r.low:
                continue
            begin, end = r.low, r.middle
        if r.id < 0:
            r.low, r.high = begin, end
            r.mass = r.cumulative[end] - r.cumulative[begin]
            if end - begin == 1:
                r.settle()
        kept.append(r)
    return kept


class _CharacterRanges:
    """The character contexts of one symbol: style, and the longest orders that still know something.

    Lower orders are opened when a longer one runs dry; most never are.
    """

    __slots__ = ("_contexts", "_look", "_next", "_ranges")

    def __init__(self, look: _Lookup, contexts: list[int], style: int) -> None:
        self._look = look
        self._contexts = contexts
        self._next = len(contexts)  # orders above this one are open, or have run dry
        model = look.style_model
        low, high = model.start[style], model.start[style + 1]
        self._ranges = [_Range(model.ids, model.cumulative, low, high, 11, 0)] if low < high else []

    def speaking(self, low: int, high: int) -> list[_Range]:
        """Return the ranges for symbols low to high: style if it says anything, then orders, shortest first."""
        ranges = self._ranges
        if not self._next:
            return ranges
        first_order = 1 if ranges and not ranges[0].rank else 0
        while len(ranges) - first_order < ORDERS_HEARD and self._next:
            order = self._next
            self._next -= 1
            context = self._contexts[order - 1]
            if context >= 0:
                model = self._look.order_models[order - 1]
                begin, end = model.start[context], model.start[context + 1]
                if high - low < self._look.symbol_count:
                    begin = bisect_left(model.ids, low, begin, end)
                    end = bisect_left(model.ids, high, begin, end)
                if begin < end:
                    ranges.insert(
                        first_order, _Range(model.ids, model.cumulative, begin, end, 5 + order, order)
                    )
        return ranges

    def narrow(self, bit: int) -> None:
        """Keep what agrees with the bit just coded."""
        self._ranges = _narrowed(self._ranges, bit)

    def next_contexts(self, symbol: int) -> list[int]:
        """Return the contexts of orders 1 to 5 behind `symbol`.

        An entry of one order is the context of the next: the same symbols with one more behind them.
        """
        result = [symbol] + [-1] * (len(self._contexts) - 1)
        for order in range(1, min(self._next + 1, len(self._contexts))):
            context = self._contexts[order - 1]
            if context >= 0:
                model = self._look.order_models[order - 1]
                end = model.start[context + 1]
                entry = bisect_left(model.ids, symbol, model.start[context], end)
                if entry < end and model.ids[entry] == symbol:
                    result[order] = entry
        for r in self._ranges:
            if 0 < r.rank < len(result):
                result[r.rank] = r.low
        return result


class TextModel:
    """Codes the folded symbols of one text, first to last; the end sign closes it.

    coder: encodes or decodes bits. begins_lower: whether the text begins with anything but A-Z.
    """

    def __init__(self, coder: BitCoder, begins_lower: bool) -> None:
        tables = load_tables()
        self._coder = coder
        self._look = look = _lookup()
        self._begins_lower = begins_lower
        self._models = tables.models
        self._length = 0
        self._period_seen = False
        self._previous_class = START_CLASS
        self._character_contexts = [look.end, -1, -1, -1, -1]
        # Contexts that are no vocabulary id: the start of the text, and a token the vocabulary lacks.
        self._start_id = len(look.vocabulary)
        self._unknown_id = self._start_id + 1
        self._last_id, self._last_but_one_id = self._start_id, -1
        self._nested_contexts = [-1, -1]
        self._net = WordNet()
        self._begin_token()

    @property
    def token_id(self) -> int:
        """Vocabulary id of the token coded last, or -1 when the vocabulary lacks it."""
        return self._token_id

    def code(self, symbol: int | None) -> int:
        """Encode the number of a symbol, or decode one when it is None; return it."""
        look = self._look
        style = style_context(
            self._begins_lower, self._period_seen, length_level(self._length), self._previous_class
        )
        symbol = self._walk(symbol, style)
        self._length += 1
        self._previous_class = look.classes[symbol]
        if symbol == look.full_stop:
            self._period_seen = True
        if symbol == look.space or symbol == look.end:
            self._end_token()
            self._begin_token()
        return symbol

    def _begin_token(self) -> None:
        self._prefix = b""
        self._vocabulary_low, self._vocabulary_high = 0, len(self._look.vocabulary)
        models = self._models
        ids, masses, shift = self._net.predict()
        ranges = [_Range(ids, masses, 0, len(ids), 5, 0, shift)]
        contexts = (
            ("S2", 4, 0, self._last_but_one_id),
            ("W1", 1, 2, self._last_id),
            ("W2", 2, 3, self._nested_contexts[0]),
            ("W3", 3, 4, self._nested_contexts[1]),
        )
        for name, number, rank, context in contexts:
            if context >= 0:
                model = models[name]
                low, high = model.start[context], model.start[context + 1]
                if low < high:
                    ranges.append(_Range(model.ids, model.cumulative, low, high, number, rank))
        self._word_ranges = ranges

    def _end_token(self) -> None:
        known = self._vocabulary_low < self._vocabulary_high
        self._token_id = self._vocabulary_low if known else -1
        found = {r.rank: r.low for r in self._word_ranges}
        self._nested_contexts = [found.get(2, -1), found.get(3, -1)]
        self._last_but_one_id = self._last_id
        self._last_id = self._token_id if known else self._unknown_id
        self._net.advance(self._token_id)

    def _walk(self, symbol: int | None, style: int) -> int:
        look, coder = self._look, self._coder
        log_count, level = look.log_count, look.level
        vocabulary, cut_of = look.vocabulary, look.cut
        prefix = self._prefix
        v_low, v_high = self._vocabulary_low, self._vocabulary_high
        words = self._word_ranges
        characters = _CharacterRanges(look, self._character_contexts, style)
        position_set = min(len(prefix), 5) * 5
        w0 = self._models["W0"]
        low, high, depth = 0, look.symbol_count, 0
        while high - low > 1:
            cut = cut_of[low * 128 + high]
            rank = words[-1].rank if words else 0
            if v_low < v_high:
                v_cut = bisect_left(vocabulary, prefix + bytes((cut,)), v_low, v_high)
                # Word frequencies alone speak only where no word before says anything.
                frequencies = () if rank > 1 else (_Range(w0.ids, w0.cumulative, v_low, v_high, 0, 1),)
                rank = max(rank, 1)
            else:
                v_cut, frequencies = v_low, ()
            orders = characters.speaking(low, high)
            weights = look.position_and_style(position_set + rank, style >> 3)
            order_weights = look.weight_order[
                (orders[-1].rank if orders else 0) * 8 + (depth if depth < 7 else 7)
            ]
            total = 0
            for ranges, border in ((frequencies, v_cut), (words, v_cut), (orders, cut)):
                for r in ranges:
                    if r.id >= 0:
                        index = r.index
                        if r.id >= border:
                            r.middle = r.low
                            total += r.stretch * (weights[index] + order_weights[index])
                        else:
                            r.middle = r.high
                            total -= r.stretch * (weights[index] + order_weights[index])
                        continue
                    begin = r.low
                    r.middle = middle = bisect_left(r.ids, border, begin, r.high)
                    cumulative, mass = r.cumulative, r.mass
                    left = cumulative[middle] - cumulative[begin]
                    right = mass - left
                    seen = mass >> r.shift
                    index = r.offset + (level[seen] if seen < 4096 else 22)
                    if not left or not right:
                        index += 1
                    if left < 4096 and right < 4096:
                        stretch = log_count[right] - log_count[left]
                    else:
                        stretch = log_ratio(right, left)
                    total += stretch * (weights[index] + order_weights[index])
            total = (total + 8192 >> 14) + 1408
            probability = look.probability[0 if total < 0 else 2816 if total > 2816 else total]
            bit = coder.code(None if symbol is None else int(symbol >= cut), probability)
            if bit:
                low, v_low = cut, v_cut
            else:
                high, v_high = cut, v_cut
            words = _narrowed(words, bit)
            characters.narrow(bit)
            depth += 1
        self._word_ranges = words
        self._prefix = prefix + bytes((low,))
        self._vocabulary_low, self._vocabulary_high = v_low, v_high
        self._character_contexts = characters.next_contexts(low)
        return low
