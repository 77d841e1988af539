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

from textsketch.entropy.models import BitCoder
from textsketch.semantic.text.alphabet import START_CLASS, length_level, style_context
from textsketch.semantic.text.lookup import lookup
from textsketch.semantic.text.ranges import CharacterRanges, Range, narrowed
from textsketch.semantic.text.tables import load_tables
from textsketch.semantic.text.word_net import WordNet


class TextModel:
    """Codes the folded symbols of one text, first to last; the end sign closes it.

    coder: encodes or decodes bits. begins_lower: whether the text begins with anything but A-Z. version: of
    the format.
    """

    def __init__(self, coder: BitCoder, begins_lower: bool, version: int) -> None:
        tables = load_tables(version)
        self._coder = coder
        self._look = look = lookup(version)
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
        self._net = WordNet(version)
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
        ranges = [Range(self._look, ids, masses, 0, len(ids), 5, 0, shift)]
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
                    ranges.append(Range(self._look, model.ids, model.cumulative, low, high, number, rank))
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
        wanted = -1 if symbol is None else symbol
        log_count, level = look.log_count, look.level
        vocabulary, cut_of = look.vocabulary, look.cut
        prefix = self._prefix
        v_low, v_high = self._vocabulary_low, self._vocabulary_high
        words = self._word_ranges
        characters = CharacterRanges(look, self._character_contexts, style)
        position_set = min(len(prefix), 5) * 5
        w0 = self._models["W0"]
        low, high, depth = 0, look.symbol_count, 0
        while high - low > 1:
            cut = cut_of[low * 128 + high]
            rank = words[-1].rank if words else 0
            if v_low < v_high:
                v_cut = bisect_left(vocabulary, prefix + bytes((cut,)), v_low, v_high)
                # Word frequencies alone speak only where no word before says anything.
                frequencies = () if rank > 1 else (Range(look, w0.ids, w0.cumulative, v_low, v_high, 0, 1),)
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
                        stretch = look.log_ratio(right, left)
                    total += stretch * (weights[index] + order_weights[index])
            total = (total + 8192 >> 14) + 1408
            probability = look.probability[0 if total < 0 else 2816 if total > 2816 else total]
            bit = coder.bit(int(wanted >= cut), probability)
            if bit:
                low, v_low = cut, v_cut
            else:
                high, v_high = cut, v_cut
            words = narrowed(look, words, bit)
            characters.narrow(bit)
            depth += 1
        self._word_ranges = words
        self._prefix = prefix + bytes((low,))
        self._vocabulary_low, self._vocabulary_high = v_low, v_high
        self._character_contexts = characters.next_contexts(low)
        return low
