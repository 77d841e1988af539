"""Bytes as decimal digits, which a QR code packs ten bits to three: 0.4 % more than the bytes themselves.

Each block of 71 bytes is one number, the first byte the highest, in 171 digits with zeros in front; the last
block, of k bytes, has as many digits as 256^k - 1. Blocks, so that nobody has to handle numbers of thousands of
digits.
"""

from __future__ import annotations

BLOCK_BYTES = 71
"""The best of the short ones: 171 digits hold 71 bytes and 0.02 bits."""

_DIGITS = tuple(len(str(256**count - 1)) if count else 0 for count in range(BLOCK_BYTES + 1))
_BYTES = {digits: count for count, digits in enumerate(_DIGITS)}
BLOCK_DIGITS = _DIGITS[BLOCK_BYTES]


def digits_of(data: bytes) -> str:
    """The bytes as decimal digits."""
    blocks = [data[start : start + BLOCK_BYTES] for start in range(0, len(data), BLOCK_BYTES)]
    return "".join(str(int.from_bytes(block)).zfill(_DIGITS[len(block)]) for block in blocks)


def bytes_of(digits: str) -> bytes:
    """The bytes that `digits_of` wrote as these decimal digits. Raises ValueError if it wrote no such."""
    blocks = [digits[start : start + BLOCK_DIGITS] for start in range(0, len(digits), BLOCK_DIGITS)]
    return b"".join(_block_bytes(block) for block in blocks)


def _block_bytes(block: str) -> bytes:
    count = _BYTES.get(len(block))
    if count is None or not (block.isascii() and block.isdecimal()):
        raise ValueError("no block of digits")
    try:
        return int(block).to_bytes(count)
    except OverflowError:
        raise ValueError("a number too large for its digits") from None
