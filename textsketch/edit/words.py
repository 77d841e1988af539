"""What a picture shows, said anew."""

from __future__ import annotations

from dataclasses import replace

from textsketch.errors import CaptionError
from textsketch.layers import Layers
from textsketch.semantic.text.coder import measure_text


def rewrite(layers: Layers, caption: str) -> Layers:
    """Give the picture another caption, at most 4,096 bytes of UTF-8. Raises CaptionError."""
    if not isinstance(caption, str):
        raise CaptionError(f"the caption must be a string, not {type(caption).__name__}")
    measure_text(caption)
    return replace(layers, semantic=replace(layers.semantic, caption=caption))
