"""Predicts a caption symbol by symbol from shipped counts: integer logistic mixing of word and character contexts.

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
        self.weight_position: list[list[int]] = columns["weight_position"].tolist()
        self.weight_order: list[list[int]] = columns["weight_order"].tolist()
        self.weight_style: list[list[int]] = columns["weight_style"].tolist()
        self.symbol_count = len(tables.symbols)
        self.classes = [character_class(c) for c in tables.symbols]
        self.end, self.space = tables.symbols.index(END), tables.symbols.index(" ")
        self.full_stop = tables.symbols.index(".")
        self.character_models = [tables.models[name] for name in CHARACTER_MODELS]
        self.level = [
            min(11, (count - 1).bit_length()) * 2 if count else 0 for count in range((1 << _LOG_BITS) + 1)
        ]


@lru_cache(maxsize=1)
def _lookup() -> _Lookup:
    return _Lookup(load_tables())


def log_ratio(right: int, left: int) -> int:
    """Return the logarithm of the ratio of two counts, in 1 / 256 nat."""
    look = _lookup()
    result = 0
    for count, sign in ((right, 1), (left, -1)):
        power = max(count.bit_length() - _LOG_BITS, 0)
        result += sign * (look.log_count[count >> power] + look.log_power[power])
    return result


def squash(total: int) -> int:
    """Return the 16-bit probability of a weighted sum of log ratios, in 2**-21 nat."""
    index = (total + 8192 >> 14) + 1408
    return _lookup().probability[min(max(index, 0), 2816)]


class _Range:
    """The part of a model's context that agrees with what is coded so far: entries low to high."""

    __slots__ = ("cumulative", "high", "ids", "low", "middle", "offset", "rank", "shift")

    def __init__(self, ids, cumulative, low: int, high: int, number: int, rank: int, shift: int = 0) -> None:
        self.ids, self.cumulative = ids, cumulative
        self.low = self.middle = low
        self.high = high
        self.offset = number * CONFIDENCES
        self.rank = rank
        self.shift = shift


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
        self._character_contexts = [look.end, -1, -1, -1, -1, -1, 0]
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
            ("W0", 0, 1, 0),
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
        self._open_ranges = ranges

    def _end_token(self) -> None:
        known = self._vocabulary_low < self._vocabulary_high
        self._token_id = self._vocabulary_low if known else -1
        found = {r.rank: r.low for r in self._open_ranges}
        self._nested_contexts = [found.get(2, -1), found.get(3, -1)]
        self._last_but_one_id = self._last_id
        self._last_id = self._token_id if known else self._unknown_id
        self._net.advance(self._token_id)

    def _walk(self, symbol: int | None, style: int) -> int:
        look, coder = self._look, self._coder
        log_count, log_power, level = look.log_count, look.log_power, look.level
        vocabulary, cut_of = look.vocabulary, look.cut
        prefix = self._prefix
        v_low, v_high = self._vocabulary_low, self._vocabulary_high
        words = self._open_ranges
        characters = []
        contexts = self._character_contexts
        contexts[6] = style
        for number in (6, 0, 1, 2, 3, 4, 5):
            context = contexts[number]
            if context >= 0:
                model = look.character_models[number]
                low, high = model.start[context], model.start[context + 1]
                if low < high:
                    characters.append(
                        _Range(model.ids, model.cumulative, low, high, 6 + number, (number + 1) % 7)
                    )
        position_set = min(len(prefix), 5) * 5
        style_weights = look.weight_style[style >> 3]
        low, high, depth = 0, look.symbol_count, 0
        while high - low > 1:
            cut = cut_of[low * 128 + high]
            v_cut = bisect_left(vocabulary, prefix + bytes((cut,)), v_low, v_high) if v_low < v_high else v_low
            position_weights = look.weight_position[position_set + (words[-1].rank if words else 0)]
            order_weights = look.weight_order[
                (characters[-1].rank if characters else 0) * 8 + (depth if depth < 7 else 7)
            ]
            total = 0
            for ranges, border in ((words, v_cut), (characters, cut)):
                for r in ranges:
                    begin, end = r.low, r.high
                    ids = r.ids
                    if end - begin == 1:
                        middle = begin if ids[begin] >= border else end
                    else:
                        middle = bisect_left(ids, border, begin, end)
                    r.middle = middle
                    cumulative = r.cumulative
                    inner = cumulative[middle]
                    left, right = inner - cumulative[begin], cumulative[end] - inner
                    seen = (left + right) >> r.shift
                    index = r.offset + (level[seen] if seen < 4096 else 22)
                    if not left or not right:
                        index += 1
                    if left < 4096:
                        stretch = -log_count[left]
                    else:
                        power = left.bit_length() - 12
                        stretch = -log_count[left >> power] - log_power[power]
                    if right < 4096:
                        stretch += log_count[right]
                    else:
                        power = right.bit_length() - 12
                        stretch += log_count[right >> power] + log_power[power]
                    total += stretch * (position_weights[index] + order_weights[index] + style_weights[index])
            total = (total + 8192 >> 14) + 1408
            probability = look.probability[0 if total < 0 else 2816 if total > 2816 else total]
            if symbol is None:
                bit = coder.code(None, probability)
            else:
                bit = coder.code(int(symbol >= cut), probability)
            if bit:
                low, v_low = cut, v_cut
                for r in words:
                    r.low = r.middle
                for r in characters:
                    r.low = r.middle
            else:
                high, v_high = cut, v_cut
                for r in words:
                    r.high = r.middle
                for r in characters:
                    r.high = r.middle
            words = [r for r in words if r.low < r.high]
            characters = [r for r in characters if r.low < r.high]
            depth += 1
        self._open_ranges = words
        self._prefix = prefix + bytes((low,))
        self._vocabulary_low, self._vocabulary_high = v_low, v_high
        found = {r.rank: r.low for r in characters}
        # An entry of one order is the context of the next: the same symbols with one more behind them.
        self._character_contexts = [low, *(found.get(order, -1) for order in range(1, 6)), 0]
        return low
