"""What each context of the text model still says as a symbol is walked down the tree: ranges of entries."""

from __future__ import annotations

from bisect import bisect_left

from textsketch.semantic.text.lookup import Lookup

CONFIDENCES = 24
"""Weights a context has, by how much it saw and whether one side is empty."""
ORDERS_HEARD = 3
"""Of the character contexts that know something, this many of the longest are asked."""


class Range:
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

    def __init__(
        self, look: Lookup, ids, cumulative, low: int, high: int, number: int, rank: int, shift: int = 0
    ) -> None:
        self.ids, self.cumulative = ids, cumulative
        self.low = self.middle = low
        self.high = high
        self.mass = cumulative[high] - cumulative[low]
        self.offset = number * CONFIDENCES
        self.rank = rank
        self.shift = shift
        self.id = -1  # the id, once there is only one left
        if high - low == 1:
            self.settle(look)

    def settle(self, look: Lookup) -> None:
        """Note what never changes any more for a range of one entry."""
        seen = self.mass >> self.shift
        self.id = self.ids[self.low]
        self.index = self.offset + 1 + (look.level[seen] if seen < 4096 else 22)
        self.stretch = look.log_ratio(self.mass, 0)


def narrowed(look: Lookup, ranges: list[Range], bit: int) -> list[Range]:
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
                r.settle(look)
        kept.append(r)
    return kept


class CharacterRanges:
    """The character contexts of one symbol: style, and the longest orders that still know something.

    Lower orders are opened when a longer one runs dry; most never are.
    """

    __slots__ = ("_contexts", "_look", "_next", "_ranges")

    def __init__(self, look: Lookup, contexts: list[int], style: int) -> None:
        self._look = look
        self._contexts = contexts
        self._next = len(contexts)  # orders above this one are open, or have run dry
        model = look.style_model
        low, high = model.start[style], model.start[style + 1]
        self._ranges = [Range(look, model.ids, model.cumulative, low, high, 11, 0)] if low < high else []

    def speaking(self, low: int, high: int) -> list[Range]:
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
                        first_order,
                        Range(self._look, model.ids, model.cumulative, begin, end, 5 + order, order),
                    )
        return ranges

    def narrow(self, bit: int) -> None:
        """Keep what agrees with the bit just coded."""
        self._ranges = narrowed(self._look, self._ranges, bit)

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
