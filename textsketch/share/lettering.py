"""Lines of text on a picture: in a font that has their letters, within a width."""

from __future__ import annotations

import os
from functools import lru_cache

from PIL import ImageFont

_PILLOWS_MORE = frozenset("·…“”‘’")
_ELLIPSIS = "…"


def font(text: str, height: int) -> ImageFont.FreeTypeFont:
    """The font for a text, `height` pixels high: Pillow's own, or for other than English DejaVu Sans.

    Both come with packages textsketch needs; see `is_writable` for what neither has.
    """
    if all(letter.isascii() or letter in _PILLOWS_MORE for letter in text):
        found = ImageFont.load_default(height)
        assert isinstance(found, ImageFont.FreeTypeFont)
        return found
    return ImageFont.truetype(_dejavu_path(), round(0.9 * height))


def is_writable(text: str) -> bool:
    """Whether a font here has all letters of the text: Latin, Greek, Cyrillic, Hebrew, Arabic and more."""
    return all(letter.isspace() or ord(letter) in _dejavu_letters() for letter in text)


@lru_cache(maxsize=1)
def _dejavu_path() -> str:
    import matplotlib

    return os.path.join(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")


@lru_cache(maxsize=1)
def _dejavu_letters() -> frozenset[int]:
    from matplotlib.ft2font import FT2Font

    return frozenset(FT2Font(_dejavu_path()).get_charmap())


def fitted(text: str, height: int, width: int) -> str:
    """The text on one line, cut with an ellipsis where it is longer than `width` pixels."""
    return wrapped(text, height, width, 1)[0]


def wrapped(text: str, height: int, width: int, most_lines: int) -> list[str]:
    """The text as at most `most_lines` lines, broken between words or, where need be, in a word.

    What does not fit is cut with an ellipsis. No text is one empty line.
    """
    face = font(text + _ELLIPSIS, height)
    words = text.split()
    lines = []
    while True:
        line = ""
        while words and face.getlength(f"{line} {words[0]}".strip()) <= width:
            line = f"{line} {words.pop(0)}".strip()
        if words and not line:  # a word longer than the line
            count = _fitting(words[0], face, width)
            line, words[0] = words[0][:count], words[0][count:]
        lines.append(line)
        if not words:
            return lines
        if len(lines) == most_lines:
            rest = f"{line} {words[0]}"
            lines[-1] = (
                rest[: _fitting(rest + " ", face, width - face.getlength(_ELLIPSIS))].rstrip() + _ELLIPSIS
            )
            return lines


def _fitting(text: str, face: ImageFont.FreeTypeFont, width: float) -> int:
    """How many letters of the text fit, at least one."""
    fits, too_many = 1, len(text) + 1
    while too_many - fits > 1:
        middle = (fits + too_many) // 2
        fits, too_many = (middle, too_many) if face.getlength(text[:middle]) <= width else (fits, middle)
    return fits
