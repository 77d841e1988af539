"""Where a generated picture departs from what its layers say.

A renderer with a network makes details up; that is what it is for. Here it is seen where it also says something
else than what was sent: the colours of generated and painted picture are compared at half a cell of the colour
map, and only what exceeds the map's own error counts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from textsketch.layers import Layers

_LONG_SIDE = 512
_CLEARLY = 8.0
"""Levels of 255 beyond the map's error from which a place counts."""
_FULL = 64.0
"""Levels beyond the map's error that are shown in the strongest colour."""
_MARK_SRGB = np.array([213, 94, 0], np.float32)
_ROUNDING = 2.0


@dataclass(frozen=True, eq=False)
class Departure:
    """What a comparison found.

    picture: the generated picture in grey, orange where it departs: RGB, 512 pixels along the longer side at
    most; None where no colours were sent. share: of the picture's area that departs, 0 to 1.
    sentence: for people.
    """

    picture: Image.Image | None
    share: float
    sentence: str


def departure(generated: Image.Image, layers: Layers) -> Departure:
    """Compare an RGB picture that was generated from `layers` with what they say."""
    import cv2

    from textsketch.pipeline import paint_plain
    from textsketch.texture import colour_map

    if layers.texture is None:
        sent = "the words and the lines" if layers.structure is not None else "the words"
        return Departure(None, 1.0, f"Only {sent} were sent: every colour and every detail is invented.")
    scale = min(1.0, _LONG_SIDE / max(layers.size))
    width, height = (max(1, round(side * scale)) for side in layers.size)
    said = np.asarray(paint_plain(layers, size=(width, height), grain=False), np.float32)
    shown = np.asarray(generated.convert("RGB").resize((width, height), Image.Resampling.BOX), np.float32)
    cell = max(width, height) / max(colour_map.cells(layers))
    smooth = (cv2.GaussianBlur(pixels, (0, 0), max(cell / 2, 0.5)) for pixels in (shown, said))
    beyond = np.abs(np.subtract(*smooth)).max(-1) - _own_error(layers) - _ROUNDING
    share = float((beyond > _CLEARLY).mean())
    mark = np.clip(beyond / _FULL, 0, 1)[..., None]
    grey = np.repeat(shown.mean(-1, keepdims=True), 3, -1) * 0.6 + 90
    picture = Image.fromarray(np.rint(grey * (1 - mark) + _MARK_SRGB * mark).astype(np.uint8))
    coarse = max(1, round(max(layers.size) / max(colour_map.cells(layers))))
    return Departure(
        picture,
        share,
        f"{share:.0%} of the picture has clearly other colours than were sent (orange); whatever is finer than "
        f"{coarse} pixels is invented everywhere.",
    )


def _own_error(layers: Layers) -> float:
    """How far the colour map itself may be off at half a cell, in levels: what its quantiser left out there."""
    from textsketch.texture import colour_map

    assert layers.texture is not None
    pixels = max(layers.size) / max(colour_map.cells(layers)) / 2
    return colour_map.coefficient_step(layers.texture.step_index, layers.size) / max(pixels, 1.0)
