"""A binary range coder whose output is the shortest byte string that still decodes.

Bits are coded with a 16-bit probability in a 40-bit range, bytes leave with carry propagation
(G. N. N. Martin, "Range encoding", 1979; the carry scheme is that of LZMA). The container knows the
length of the string, so the encoder drops everything the decoder can assume: after the last byte the
decoder reads zeros, and trailing zero bytes are never written.

Only integers are used; the same bits and probabilities give the same bytes on every machine.
"""

from __future__ import annotations

PROBABILITY_BITS = 16
PROBABILITY_ONE = 1 << PROBABILITY_BITS
"""Probabilities are integers in [1, PROBABILITY_ONE - 1], in units of 1 / PROBABILITY_ONE."""

_RANGE_BITS = 40
_TOP = 1 << _RANGE_BITS
_BOTTOM = 1 << (_RANGE_BITS - 8)


class Encoder:
    """Encodes bits into bytes; call `finish` once at the end."""

    __slots__ = ("_cache", "_low", "_out", "_pending", "_range")

    def __init__(self) -> None:
        self._low = 0
        self._range = _TOP - 1
        self._cache = -1  # the last byte, held back because a carry may still reach it
        self._pending = 0  # 0xFF bytes behind it that a carry would turn into 0x00
        self._out = bytearray()

    def bit(self, value: int, probability_one: int) -> int:
        """Encode the bit `value` given the probability that it is 1, in [1, PROBABILITY_ONE - 1]."""
        bound = (self._range >> PROBABILITY_BITS) * probability_one
        if value:
            self._range = bound
        else:
            self._low += bound
            self._range -= bound
        while self._range < _BOTTOM:
            self._range <<= 8
            self._shift_low()
        return value

    def zeros(self, probabilities_one: list[int]) -> None:
        """Encode a 0 for each probability that it is 1: what `bit` does, many times faster."""
        low, span = self._low, self._range
        for probability in probabilities_one:
            bound = (span >> PROBABILITY_BITS) * probability
            low += bound
            span -= bound
            if span < _BOTTOM:
                self._low = low
                while span < _BOTTOM:
                    span <<= 8
                    self._shift_low()
                low = self._low
        self._low, self._range = low, span

    def uniform(self, value: int, count: int) -> int:
        """Encode `value` in [0, count), all values being equally likely; count <= 2**24."""
        step = self._range // count
        self._low += step * value
        self._range = step
        while self._range < _BOTTOM:
            self._range <<= 8
            self._shift_low()
        return value

    def copy(self) -> Encoder:
        """An encoder that has encoded the same."""
        other = Encoder()
        other._low, other._range = self._low, self._range
        other._cache, other._pending, other._out = self._cache, self._pending, self._out.copy()
        return other

    def finish(self) -> bytes:
        """Return the shortest byte string that decodes to what was encoded."""
        # Choose the number in [low, low + range) with the most trailing zero bits.
        low, last = self._low, self._low + self._range - 1
        for bits in range(_RANGE_BITS, -1, -1):
            candidate = (last >> bits) << bits
            if candidate >= low:
                self._low = candidate
                break
        for _ in range(_RANGE_BITS // 8 + 1):
            self._shift_low()
        return bytes(self._out).rstrip(b"\0")

    def _shift_low(self) -> None:
        low = self._low
        if low < _TOP - _BOTTOM or low >= _TOP:
            carry = low >> _RANGE_BITS
            if self._cache >= 0:
                self._out.append((self._cache + carry) & 0xFF)
            if self._pending:
                self._out.extend(((0xFF + carry) & 0xFF,) * self._pending)
                self._pending = 0
            self._cache = (low >> (_RANGE_BITS - 8)) & 0xFF
        else:
            self._pending += 1
        self._low = (low << 8) & (_TOP - 1)


class Decoder:
    """Decodes what `Encoder` wrote; reads zeros behind the end of `data`, so it never fails.

    A caller must bound the number of symbols it decodes: damaged data decodes to *something*.
    """

    __slots__ = ("_code", "_data", "_position", "_range")

    def __init__(self, data: bytes) -> None:
        first = _RANGE_BITS // 8
        self._data = data
        self._position = first
        self._range = _TOP - 1
        self._code = int.from_bytes(data[:first].ljust(first, b"\0"), "big")

    def bit(self, value: int, probability_one: int) -> int:
        """Decode one bit; `probability_one` must be what the encoder was given, `value` is ignored."""
        bound = (self._range >> PROBABILITY_BITS) * probability_one
        if self._code < bound:
            self._range = bound
            value = 1
        else:
            self._code -= bound
            self._range -= bound
            value = 0
        while self._range < _BOTTOM:
            self._range <<= 8
            self._code = (self._code << 8) | self._next_byte()
        return value

    def until_one(
        self, logits: list[int], first: int, bias: int, table: list[int], limit: int, rate: int
    ) -> tuple[int, int]:
        """Decode bits from that of `logits[first]` on, up to and including the first 1.

        A bit is 1 with the probability `table` has for its logit + (bias >> 16), at most `limit` either way;
        each moves the bias by `rate` times its surprise. This is `bit` many times over, faster.
        Returns the index of the 1, len(logits) if there is none, and the bias.
        """
        code, span = self._code, self._range
        found = len(logits)
        for index in range(first, found):
            logit = logits[index] + (bias >> 16)
            if not -limit <= logit <= limit:
                logit = limit if logit > 0 else -limit
            probability = table[logit]
            bound = (span >> PROBABILITY_BITS) * probability
            if code < bound:
                span = bound
                bias += (PROBABILITY_ONE - probability) * rate
                found = index
            else:
                code -= bound
                span -= bound
                bias -= probability * rate
            while span < _BOTTOM:
                span <<= 8
                code = (code << 8) | self._next_byte()
            if found == index:
                break
        self._code, self._range = code, span
        return found, bias

    def uniform(self, value: int, count: int) -> int:
        """Decode a value in [0, count); see `Encoder.uniform`."""
        step = self._range // count
        value = min(self._code // step, count - 1)
        self._code -= step * value
        self._range = step
        while self._range < _BOTTOM:
            self._range <<= 8
            self._code = (self._code << 8) | self._next_byte()
        return value

    def _next_byte(self) -> int:
        position = self._position
        self._position = position + 1
        return self._data[position] if position < len(self._data) else 0


class CheckedDecoder(Decoder):
    """A decoder that can tell whether an encoder, told what was decoded, would have written the same bytes."""

    __slots__ = ("_encoder",)

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self._encoder = Encoder()

    def bit(self, value: int, probability_one: int) -> int:
        """See `Decoder.bit`."""
        return self._encoder.bit(super().bit(value, probability_one), probability_one)

    def uniform(self, value: int, count: int) -> int:
        """See `Decoder.uniform`."""
        return self._encoder.uniform(super().uniform(value, count), count)

    def is_canonical(self) -> bool:
        """Whether `data` is what an encoder writes; call it once, after the last symbol."""
        return self._encoder.finish() == self._data
