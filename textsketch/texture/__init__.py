"""What colours a picture has: the colour map and its coder."""

from __future__ import annotations

from textsketch.texture.colour_coder import pack, unpack
from textsketch.texture.colour_map import preview

__all__ = ["pack", "preview", "unpack"]
