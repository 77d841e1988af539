"""What the text coder spells captions with: symbols, tokens, and the case that is laid aside.

A caption is folded to a sequence of symbols: an end-of-text sign, the 69 printable ASCII characters that are
left when A-Z become a-z, and one escape sign that stands for any other code point. A *token* is a run of
symbols up to and including a space or the end of the text. How the letters of a token are capitalised is its
*case pattern*; code points behind escape signs travel beside the symbols.
"""

from __future__ import annotations

END, ESCAPE = "\0", "\x1b"
ALPHABET = END + "".join(chr(c) for c in range(32, 127) if not 65 <= c <= 90) + ESCAPE
"""Folded characters; the tables number them in their own order, the leaves of the decision tree."""

LOWER, CAPITALISED, UPPER, MIXED = range(4)
"""Case patterns of a token: no capital, only the first letter, every letter (two or more), anything else."""


def fold(text: str) -> str:
    """Return `text` with A-Z folded, other than printable ASCII escaped, and the end sign behind it."""
    return "".join(c.lower() if "A" <= c <= "Z" else c if " " <= c <= "~" else ESCAPE for c in text) + END


def split_tokens(folded: str) -> list[str]:
    """Cut a folded text (with its end sign) into tokens, each with its closing space or end sign."""
    *tokens, last = folded.split(" ")
    return [token + " " for token in tokens] + [last]


def case_bits(token: str) -> list[int]:
    """Return, for every ASCII letter of an unfolded token, whether it is a capital."""
    return [int(c <= "Z") for c in token if "A" <= c <= "Z" or "a" <= c <= "z"]


def case_pattern(bits: list[int]) -> int:
    """Return the case pattern of a token from its `case_bits`; the simplest that describes it."""
    if not any(bits):
        return LOWER
    if bits[0] and not any(bits[1:]):
        return CAPITALISED
    return UPPER if all(bits) else MIXED


def character_class(character: str) -> int:
    """Return the class of a folded character, 0 to 5: letter, space, full stop, comma, digit, other."""
    if "a" <= character <= "z":
        return 0
    if "0" <= character <= "9":
        return 4
    return {" ": 1, ".": 2, ",": 3}.get(character, 5)


START_CLASS = 6
"""Stands for the class of the character before the first one."""


def length_level(characters: int) -> int:
    """Return how far into a text a position is, 0 to 7 in half octaves of 8 characters."""
    ratio, level = (characters + 8) ** 2, 0
    while level < 7 and ratio >= 64 << (level + 1):
        level += 1
    return level


STYLE_CONTEXTS = 256
"""Number of values of `style_context`."""


def style_context(begins_lower: bool, period_seen: bool, level: int, previous_class: int) -> int:
    """Return the number of a style context: does the text begin in lower case, was there a full stop, ..."""
    return ((begins_lower * 2 + period_seen) * 8 + level) * 8 + previous_class
