"""The lines under budget and caption that follow what is typed: bytes, rates, and what does not fit."""

from __future__ import annotations

import contextlib
from typing import Any

from textsketch.allocation.caption_room import caption_room
from textsketch.allocation.painter import smallest_bytes
from textsketch.bitstream import SizeMeter
from textsketch.budget import PRESETS, Preset, parse_budget
from textsketch.errors import BudgetError, ImageError, TextsketchError, listed
from textsketch.image.reading import fitting_size, read_size
from textsketch.layers import Mode
from textsketch.pipeline import parse_seed
from textsketch.semantic.text.coder import measure_text
from textsketch.web import html
from textsketch.web.controls import MAX_SIDE

CUSTOM = "custom"
_MOST_MEASURED = 1000
"""Characters of a caption that are coded while it is typed: a tenth of a second's work."""


def offered_budgets(path: str | None, mode: str, chosen: str) -> dict[str, Any]:
    """Choices, value and info of the budget control: the presets of which a file of the picture can exist.

    chosen: the preset that is set. One that is no longer offered becomes the least that is; otherwise no value
    is given, so that an answer which comes late never undoes what was chosen meanwhile.
    """
    size, missing = (0, 0), ""
    # Without a picture the others are no number of bytes.
    offered = [preset for preset in PRESETS.values() if preset.size_bytes or preset.name == chosen]
    if path:
        with contextlib.suppress(TextsketchError):  # an unreadable picture is said elsewhere
            size = fitting_size(read_size(path), MAX_SIDE)
            least_bytes = smallest_bytes(size, Mode(mode), "", size_of=SizeMeter())
            offered = [p for p in PRESETS.values() if _bytes_at(p.name, size) >= least_bytes]
            missing = ", ".join(p.title for p in PRESETS.values() if p not in offered)
    choices = [*((_label(preset, size), preset.name) for preset in offered), ("Other", CUSTOM)]
    info = f"{missing}: for larger pictures." if missing and mode == Mode.TEXT_ONLY else ""
    names = [name for _, name in choices]
    value = {} if chosen in names else {"value": names[0] if chosen == "micro" else "packet"}
    return {"choices": choices, "info": info, **value}


def _label(preset: Preset, size: tuple[int, int]) -> str:
    """A preset by its bytes and what holds as many."""
    size_bytes = preset.size_bytes or _bytes_at(preset.name, size)
    return f"{size_bytes:,} B {preset.word}" if size_bytes else preset.word


def _bytes_at(budget: str, size: tuple[int, int]) -> int:
    """The bytes of a preset; 0 if the picture is so small that it is less than one."""
    try:
        return parse_budget(budget, size)
    except BudgetError:
        return 0


def chosen_budget(preset: str, text: str) -> str:
    """The budget the two controls stand for."""
    return text if preset == CUSTOM else preset


def room_for_words(size: tuple[int, int], mode: str, preset: str, text: str, seed: float | None) -> int:
    """Bytes that a caption may take of the budget that the controls stand for. Raises TextsketchError."""
    budget_bytes = parse_budget(chosen_budget(preset, text), size)
    return caption_room(size, Mode(mode), budget_bytes, seed=parse_seed(int(seed or 0)))


def words_that_fit(path: str, mode: str, preset: str, text: str, seed: float | None, caption: str) -> str:
    """The caption, if a file of the picture within the budget holds it, else "". Raises TextsketchError."""
    size = fitting_size(read_size(path), MAX_SIDE)
    budget_bytes = parse_budget(chosen_budget(preset, text), size)
    seed = parse_seed(int(seed or 0))
    needed_bytes = smallest_bytes(size, Mode(mode), caption, seed=seed, size_of=SizeMeter())
    return caption if needed_bytes <= budget_bytes else ""


def settings_of(query: dict[str, str]) -> tuple[str | None, str | None, str | None]:
    """Mode, preset and typed budget that the page's address asks for; None where it does not, or in vain."""
    mode, budget = query.get("mode"), query.get("budget", "")
    known = mode if mode in list(Mode) else None
    if budget in PRESETS:
        return known, budget, None
    with contextlib.suppress(BudgetError):
        parse_budget(budget, (MAX_SIDE, MAX_SIDE))
        return known, CUSTOM, budget
    return known, None, None


def describe_budget(
    path: str | None, mode: str, preset: str, budget: str, caption: str, seed: float | None
) -> str:
    """The line under the budget: bytes and bits per pixel for the picture chosen, or what does not fit."""
    if not path:
        return html.note("Choose a picture to see the budget in bits per pixel.")
    try:
        width, height = fitting_size(read_size(path), MAX_SIDE)
        budget_bytes = parse_budget(chosen_budget(preset, budget), (width, height))
        measured = caption if len(caption) <= _MOST_MEASURED else ""
        needed_bytes = smallest_bytes(
            (width, height), Mode(mode), measured, seed=parse_seed(int(seed or 0)), size_of=SizeMeter()
        )
    except ImageError:  # said in the picture's place
        return ""
    except TextsketchError as error:
        return html.error(str(error))
    size = f"at {width}\u00a0x\u00a0{height}"  # in one line
    if needed_bytes > budget_bytes:
        remedies, words = ["a larger budget"], ""
        if caption:
            remedies.append("a shorter caption")
            words = " with this caption"
        if preset == "micro" and max(width, height) < MAX_SIDE:
            remedies.insert(1, "a larger picture")
        if mode != Mode.TEXT_ONLY:
            remedies.append("a mode of fewer layers")
        return html.error(
            f"{html.byte_count(budget_bytes)} {size}, but {mode}{words} needs at least "
            f"{html.byte_count(needed_bytes)}: choose {listed(remedies)}"
        )
    rate = html.rate(8 * budget_bytes / (width * height), digits=5, unit="bits per pixel")
    return html.note(f"{html.byte_count(budget_bytes)} = {rate} {size}")


def describe_caption(caption: str) -> str:
    """The line under the caption: its characters and bytes."""
    if not caption:
        return html.note("No caption: the picture is told by its colours alone")
    if len(caption) > _MOST_MEASURED:
        return html.note(f"{len(caption):,} characters; their bytes are told with the result")
    try:
        characters, coded_bytes, zlib_bytes = measure_text(caption)
    except TextsketchError as error:
        return html.error(str(error))
    return html.note(f"{characters} characters → {html.byte_count(coded_bytes)} (zlib: {zlib_bytes})")
