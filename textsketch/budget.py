"""Bit budgets: bytes, bits per pixel, or the name of a preset, turned into a number of bytes."""

from __future__ import annotations

import contextlib
import math
import operator
import re
from dataclasses import dataclass

from textsketch.errors import BudgetError, quoted

MAX_BUDGET_BYTES = 8_192
"""More than this is no job for a codec of sentences; any image format does it better."""

_ENOUGH = 10**12


@dataclass(frozen=True)
class Preset:
    """A budget people know by name: a fixed number of bytes, or a rate in bits per pixel.

    word: what holds as many bytes, where there is little room to say it.
    """

    name: str
    title: str
    word: str
    size_bytes: int | None = None
    rate_bpp: float | None = None

    def to_bytes(self, pixels: int) -> int:
        """The preset's bytes for a picture of `pixels` pixels."""
        if self.size_bytes is not None:
            return self.size_bytes
        assert self.rate_bpp is not None
        return _floor(self.rate_bpp * pixels / 8)


PRESETS = {
    preset.name: preset
    for preset in (
        Preset("micro", "Micro (100 micro-bpp)", "words", rate_bpp=100e-6),
        Preset("sms", "SMS (140 B)", "SMS", size_bytes=140),
        Preset("packet", "Packet (1,200 B)", "packet", size_bytes=1200),
        Preset("qr", "QR code (2,953 B)", "QR", size_bytes=2953),
    )
}

_GIVE = f"give bytes (1500B), a rate (0.02bpp) or one of {', '.join(PRESETS)}"
_BYTES = re.compile(r"([0-9][0-9_,]*)\s*(b|bytes?)?", re.IGNORECASE)
_KILOBYTES = re.compile(r"([0-9]*\.?[0-9]+)\s*(kb|kib)", re.IGNORECASE)
_RATE = re.compile(r"([0-9]*\.?[0-9]+(?:e-?[0-9]+)?)\s*(bpp|micro-?bpp|µbpp|ubpp)", re.IGNORECASE)


def parse_budget(budget: int | str, size: tuple[int, int]) -> int:
    """Turn a budget into whole bytes for a picture of `size` = (width, height) pixels.

    budget: a number of bytes (1500 or "1500B", "1.5kB"), a rate ("0.02bpp", "100 micro-bpp"; rounded
        down to whole bytes), or the name of a preset in `PRESETS`.
    Raises BudgetError if it is none of these, not positive, or above `MAX_BUDGET_BYTES`.
    """
    if isinstance(budget, str) and not budget.strip():
        raise BudgetError(f"no budget is given; {_GIVE}")
    size_bytes = _to_bytes(budget, size[0] * size[1])
    if size_bytes < 1:
        raise BudgetError(f"a budget of {quoted(budget)} is less than one byte for this picture; give more")
    if size_bytes > MAX_BUDGET_BYTES:
        raise BudgetError(
            f"a budget of {size_bytes:,} bytes is beyond the limit of {MAX_BUDGET_BYTES:,}; "
            "give fewer bytes or use a common image format"
        )
    return size_bytes


def _floor(size_bytes: float) -> int:
    return math.floor(min(size_bytes, _ENOUGH) + 1e-9)  # 0.29 kB is 290 bytes, whatever binary fractions say


def _to_bytes(budget: int | str, pixels: int) -> int:
    if hasattr(budget, "__index__") and not isinstance(budget, bool):
        with contextlib.suppress(TypeError):  # an array of several numbers has __index__, too
            return max(-_ENOUGH, min(operator.index(budget), _ENOUGH))
    if isinstance(budget, str) and len(budget) <= 40:
        text = budget.strip()
        if text.lower() in PRESETS:
            return PRESETS[text.lower()].to_bytes(pixels)
        if match := _BYTES.fullmatch(text):
            return int(re.sub("[_,]", "", match[1]))
        if match := _KILOBYTES.fullmatch(text):
            return _floor(float(match[1]) * (1024 if match[2].lower() == "kib" else 1000))
        if match := _RATE.fullmatch(text):
            scale = 1 if match[2].lower() == "bpp" else 1e-6
            return _floor(float(match[1]) * scale * pixels / 8)
    raise BudgetError(f"cannot understand the budget {quoted(budget)}; {_GIVE}")
