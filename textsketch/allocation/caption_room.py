"""How many bytes of a file its caption may take."""

from __future__ import annotations

from textsketch.bitstream import SizeMeter
from textsketch.errors import BudgetError
from textsketch.layers import Layers, Mode, Semantic

_SHARE = 5
"""Beside a sketch a caption takes at most this part of the budget."""
_SHORT = 127
"""Bytes of the longest segment whose length takes one byte; a longer one's takes two."""


def caption_room(size: tuple[int, int], mode: Mode, budget_bytes: int, *, seed: int = 0) -> int:
    """Bytes for the words of a picture of `size` (width, height), at least 1. Raises BudgetError for none.

    In text-only mode they are all that the header leaves, so that a caption of so many bytes always fits.
    """
    room = budget_bytes - SizeMeter()(Layers(size, Semantic(""), seed=seed))
    if mode is not Mode.TEXT_ONLY:
        room = min(room, budget_bytes // _SHARE)
    elif room > _SHORT:
        room -= 1
    if room < 1:
        raise BudgetError(
            f"a budget of {budget_bytes} bytes leaves no room for words; choose a larger one or, for a rate, a "
            "larger picture"
        )
    return room
