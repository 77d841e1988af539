"""How many bytes of a file its caption may take."""

from __future__ import annotations

from textsketch.bitstream import SizeMeter
from textsketch.layers import Layers, Mode, Semantic

_SHARE = 5
"""Beside a sketch a caption takes at most this part of the budget."""
_SHORT = 127
"""Bytes of the longest segment whose length takes one byte; a longer one's takes two."""


def caption_room(size: tuple[int, int], mode: Mode, budget_bytes: int, *, seed: int = 0) -> int:
    """Bytes for the words of a picture of `size` (width, height), at least 0.

    In text-only mode they are all that the header leaves, so that a caption of so many bytes always fits.
    """
    room = budget_bytes - SizeMeter()(Layers(size, Semantic(""), seed=seed))
    if mode is not Mode.TEXT_ONLY:
        return max(0, min(room, budget_bytes // _SHARE))
    return max(0, room - 1 if room > _SHORT else room)
