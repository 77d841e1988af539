"""Adaptive integer bit models, and one interface for writing, reading and measuring bits.

A coder of layers is written once as a function over a `BitCoder`; whether it encodes, decodes or only
adds up code lengths is decided by the object it is given, so encoder and decoder cannot drift apart.
"""

from __future__ import annotations

import math
from typing import Protocol

from textsketch.entropy.range_coder import PROBABILITY_ONE

_RATES = tuple(max(65536 // (count + 2), 1700) for count in range(64))
_LOWEST, _HIGHEST = 48, PROBABILITY_ONE - 48


class BitCoder(Protocol):
    """Codes one bit and returns it: `range_coder`'s two, a `BitMeter`, or what keeps bits for later."""

    def bit(self, value: int, probability_one: int) -> int:
        """Code a bit that is 1 with `probability_one` (see `range_coder`); a decoder ignores `value`."""


class ValueCoder(BitCoder, Protocol):
    """A `BitCoder` that also codes values which are equally likely."""

    def uniform(self, value: int, count: int) -> int:
        """Code a value in [0, count); a decoder ignores `value`."""


class BitMeter:
    """Adds up ideal code lengths in `bits`; for encoder-side decisions only."""

    __slots__ = ("bits",)

    def __init__(self) -> None:
        self.bits = 0.0

    def bit(self, value: int, probability_one: int) -> int:
        """See `ValueCoder`."""
        self.bits -= math.log2(
            (probability_one if value else PROBABILITY_ONE - probability_one) / PROBABILITY_ONE
        )
        return value

    def uniform(self, value: int, count: int) -> int:
        """See `ValueCoder`."""
        self.bits += math.log2(count)
        return value


class AdaptiveBits:
    """A table of adaptive bit probabilities; each entry learns fast at first, slowly later."""

    __slots__ = ("_counts", "_probabilities")

    def __init__(self, initial: list[int], confidence: int = 4) -> None:
        self._probabilities = list(initial)
        self._counts = [confidence] * len(self._probabilities)

    def code(self, coder: BitCoder, context: int, value: int = 0) -> int:
        """Code one bit in `context` and learn from it."""
        probability = self._probabilities[context]
        if _LOWEST <= probability <= _HIGHEST:
            value = coder.bit(value, probability)
        else:
            value = coder.bit(value, _LOWEST if probability < _LOWEST else _HIGHEST)
        count = self._counts[context]
        target = PROBABILITY_ONE if value else 0
        self._probabilities[context] = probability + ((target - probability) * _RATES[count] >> 16)
        if count < 40:
            self._counts[context] = count + 1
        return value


class MagnitudeModel:
    """Codes non-negative integers: unary up to `unary`, then Elias-gamma; all bits adaptive."""

    def __init__(self, unary: int, largest: int, probability_more: int = PROBABILITY_ONE // 2) -> None:
        self._unary = unary
        self._largest = largest
        self._more = AdaptiveBits([probability_more] * unary)
        self._length = AdaptiveBits([PROBABILITY_ONE // 2] * 24)

    def code(self, coder: ValueCoder, value: int = 0) -> int:
        """Code `value`; a damaged stream yields at most the model's `largest` value."""
        for step in range(self._unary):
            if not self._more.code(coder, step, int(value > step)):
                return step
        rest = value - self._unary + 1
        length = 0
        while length < 20 and self._length.code(coder, length, int(rest >> (length + 1) > 0)):
            length += 1
        low = coder.uniform(rest & ((1 << length) - 1), 1 << length)
        return min((1 << length | low) - 1 + self._unary, self._largest)
