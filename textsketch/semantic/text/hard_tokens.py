"""Codes captions made of CLIP tokens ("hard prompts", as prompt inversion finds them) as token numbers.

The pieces are the texts of CLIP's 49,406 byte-pair tokens; a token that closes a word has a space behind it.
Tokens that are no valid UTF-8 by themselves read as U+FFFD, as in CLIP's own detokeniser. A caption is cut
into the fewest pieces, so it costs at most 15.6 bits for each token it was made of, and it stays text: no
tokeniser is needed to read it. Pieces are numbered in the order of the shipped list, not by CLIP's ids.
"""

from __future__ import annotations

import lzma
from functools import lru_cache

from textsketch.codestream import tables
from textsketch.entropy.models import BitCoder

USUAL_COUNT = 16
"""Prompt inversion optimises this many tokens (Text + Sketch); the count is then one bit."""
COUNT_BITS = 12


@lru_cache
def pieces(version: int) -> list[str]:
    """Return the texts of CLIP's tokens, ascending, as format `version` numbers them."""
    data = lzma.decompress(tables.find("clip_tokens", version).read_bytes())
    shared, spaced, tails = data.split(b"\xff\xff", 2)
    result, body = [], b""
    for length, flags, tail in zip(shared, spaced, tails.split(b"\xff"), strict=True):
        body = body[: length - 32] + tail
        text = body.decode()
        result += [text] * (flags & 1) + [text + " "] * (flags >> 1 & 1)
    return sorted(set(result))


@lru_cache
def _numbers(version: int) -> tuple[dict[str, int], int]:
    numbers = {piece: number for number, piece in enumerate(pieces(version))}
    return numbers, max(map(len, numbers))


def fewest_pieces(text: str, version: int) -> list[int] | None:
    """Return the numbers of the fewest pieces that spell `text`, or None when none do or there are too many."""
    numbers, longest = _numbers(version)
    target = text + " "
    unreachable = len(target) + 1
    fewest = [0] + [unreachable] * len(target)  # pieces that spell the first characters
    last = [0] * (len(target) + 1)  # and the length of the last of them
    for end in range(1, len(target) + 1):
        for length in range(min(longest, end), 0, -1):
            count = fewest[end - length] + 1
            if count < fewest[end] and target[end - length : end] in numbers:
                fewest[end], last[end] = count, length
    # One space behind the last piece is dropped on arrival, so the pieces may spell it or not.
    ends = [len(target)] if text.endswith(" ") else [len(target), len(text)]
    end = min(ends, key=lambda end: fewest[end])
    if fewest[end] >= min(unreachable, 1 << COUNT_BITS):
        return None
    found = []
    while end:
        found.append(numbers[target[end - last[end] : end]])
        end -= last[end]
    return found[::-1]


def code_pieces(coder: BitCoder, numbers: list[int] | None, version: int) -> list[int]:
    """Encode piece numbers, or decode them when None."""
    known = len(pieces(version))
    if numbers is None:
        count = USUAL_COUNT if coder.bit(0, 1 << 15) else code_uniform(coder, 0, 1 << COUNT_BITS)
        return [code_uniform(coder, 0, known) for _ in range(count)]
    if not coder.bit(int(len(numbers) == USUAL_COUNT), 1 << 15):
        code_uniform(coder, len(numbers), 1 << COUNT_BITS)
    return [code_uniform(coder, number, known) for number in numbers]


def join_pieces(numbers: list[int], version: int) -> str:
    """Return the text of piece numbers, without a space behind the last word."""
    known = pieces(version)
    return "".join(known[number] for number in numbers).removesuffix(" ")


def code_uniform(coder: BitCoder, value: int, count: int) -> int:
    """Code a value in [0, count) by halves, in bits; all values cost the same. A decoder ignores `value`."""
    low, high = 0, count
    while high - low > 1:
        middle = (low + high) // 2
        probability = min(max((high - middle) * 65536 // (high - low), 1), 65535)
        if coder.bit(int(value >= middle), probability):
            low = middle
        else:
            high = middle
    return low
