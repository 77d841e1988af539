"""Codes text the model knows nothing about: UTF-8 bytes with probabilities that adapt as they go.

Each bit of a byte is predicted from two adaptive counters: one for the place in a UTF-8 sequence, one for the
byte before. The first is trusted at once, the second in proportion to what it has seen.
"""

from __future__ import annotations

from textsketch.entropy.models import BitCoder
from textsketch.errors import BitstreamError

_STOP = 0xFF  # never a byte of UTF-8
_RATE = tuple(65536 * 2 // (2 * n + 3) for n in range(30))


class _Counters:
    """Adaptive bit probabilities by context."""

    def __init__(self) -> None:
        self._states: dict[tuple[int, int, int], list[int]] = {}

    def code(self, coder: BitCoder, bit: int, place: int, previous: int, node: int) -> int:
        by_place = self._states.setdefault((0, place, node), [32768, 0])
        by_byte = self._states.setdefault((1, previous, node), [32768, 0])
        trust_place, trust_byte = by_place[1] + 1, 3 * by_byte[1]
        mixed = (by_place[0] * trust_place + by_byte[0] * trust_byte) // (trust_place + trust_byte)
        bit = coder.bit(bit, min(max(mixed, 64), 65536 - 64))
        for state in (by_place, by_byte):
            state[0] += ((65536 * bit - state[0]) * _RATE[state[1]]) >> 16
            state[1] = min(state[1] + 1, len(_RATE) - 1)
        return bit


def code_bytes(coder: BitCoder, data: bytes | None, limit: int) -> bytes:
    """Encode UTF-8 `data`, or decode it when it is None; at most `limit` bytes."""
    counters = _Counters()
    result = bytearray()
    place = previous = 0
    while True:
        target = 0 if data is None else data[len(result)] if len(result) < len(data) else _STOP
        node = 1
        for shift in range(7, -1, -1):
            node = node * 2 + counters.code(coder, target >> shift & 1, place, previous, node)
        byte = node & 0xFF
        if byte == _STOP:
            return bytes(result)
        if len(result) == limit:
            raise BitstreamError("The caption is longer than the format allows.")
        result.append(byte)
        previous = byte
        # The place is how many continuation bytes are still due.
        place = (
            place - 1 if byte & 0xC0 == 0x80 and place else (byte >= 0xC0) + (byte >= 0xE0) + (byte >= 0xF0)
        )
