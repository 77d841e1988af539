"""Codes captions made of CLIP tokens ("hard prompts", as prompt inversion finds them) as token numbers.

The pieces are the texts of CLIP's 49,406 byte-pair tokens; a token that closes a word has a space behind it.
Tokens that are no valid UTF-8 by themselves read as U+FFFD, as in CLIP's own detokeniser. A caption is cut
into the fewest pieces, so it costs at most 15.6 bits for each token it was made of, and it stays text: no
tokeniser is needed to read it. Pieces are numbered in the order of the shipped list, not by CLIP's ids.
"""

from __future__ import annotations

import lzma
from functools import lru_cache
from importlib.resources import files

from textsketch.semantic.text_model import BitCoder

USUAL_COUNT = 16
"""Prompt inversion optimises this many tokens (Text + Sketch); the count is then one bit."""
COUNT_BITS = 12


@lru_cache(maxsize=1)
def pieces() -> list[str]:
    """Return the texts of CLIP's tokens, ascending."""
    data = lzma.decompress(files("textsketch.semantic").joinpath("clip_tokens.xz").read_bytes())
    shared, spaced, tails = data.split(b"\xff\xff", 2)
    result, body = [], b""
    for length, flags, tail in zip(shared, spaced, tails.split(b"\xff"), strict=True):
        body = body[: length - 32] + tail
        text = body.decode()
        result += [text] * (flags & 1) + [text + " "] * (flags >> 1 & 1)
    return sorted(set(result))


@lru_cache(maxsize=1)
def _numbers() -> tuple[dict[str, int], int]:
    numbers = {piece: number for number, piece in enumerate(pieces())}
    return numbers, max(map(len, numbers))


def fewest_pieces(text: str) -> list[int] | None:
    """Return the numbers of the fewest pieces that spell `text`, or None when none do or there are too many."""
    numbers, longest = _numbers()
    target = text + " "
    best: list[tuple[int, int] | None] = [(0, 0)] + [None] * len(target)  # pieces so far, length of the last
    for end in range(1, len(target) + 1):
        for length in range(min(longest, end), 0, -1):
            before = best[end - length]
            if before is None or target[end - length : end] not in numbers:
                continue
            if best[end] is None or before[0] + 1 < best[end][0]:
                best[end] = (before[0] + 1, length)
    # The space behind the last word is implied when that saves a piece, or when only so the text can be spelt.
    ends = [end for end in (len(target), len(text)) if best[end] is not None and end]
    if not ends:
        return None
    end = min(ends, key=lambda e: best[e][0])
    found = []
    while end:
        length = best[end][1]
        found.append(numbers[target[end - length : end]])
        end -= length
    return found[::-1] if len(found) < 1 << COUNT_BITS else None


def code_pieces(coder: BitCoder, numbers: list[int] | None) -> list[int]:
    """Encode piece numbers, or decode them when None."""
    encoding = numbers is not None
    count = USUAL_COUNT
    if not coder.code(int(len(numbers) == USUAL_COUNT) if encoding else None, 1 << 15):
        count = code_uniform(coder, len(numbers) if encoding else None, 1 << COUNT_BITS)
    return [code_uniform(coder, numbers[i] if encoding else None, len(pieces())) for i in range(count)]


def join_pieces(numbers: list[int]) -> str:
    """Return the text of piece numbers, without a space behind the last word."""
    return "".join(pieces()[number] for number in numbers).removesuffix(" ")


def code_uniform(coder: BitCoder, value: int | None, count: int) -> int:
    """Encode `value` in [0, count), or decode one when None; all values cost the same."""
    low, high = 0, count
    while high - low > 1:
        middle = (low + high) // 2
        probability = min(max((high - middle) * 65536 // (high - low), 1), 65535)
        if coder.code(None if value is None else int(value >= middle), probability):
            low = middle
        else:
            high = middle
    return low
